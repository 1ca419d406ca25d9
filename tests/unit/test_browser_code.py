"""assets/ by its own tools: linter, types, node's tests; skipped, with the reason, where node is not."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

import start
from tests.browser_code.cases import CASES_FILE, cases_text

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "assets"
AGAIN = "python -m tests.browser_code.cases"

OURS = {"qt", "renderer"}
DASH_WANTS = {
    "dash_clientside",
    "dashAgGridFunctions",
    "dashAgGridComponentFunctions",
}
BOOTSTRAP = {  # files of the npm packages bootstrap 5.3.8 (dist/css) and bootstrap-icons 1.13.1 (font)
    "bootstrap.min.css": "d85327d99c7a3ee1f9b5d0500d1370acea3ad2db39c163c2f51f232baedbdede",
    "bootstrap-icons.min.css": "a5d6387a32ca3baec4d02336b5b3edab50c9dd518355576a011ea3dd9c1d884e",
    "fonts/bootstrap-icons.woff2": "6c75710364a1ca5604267716f6d28997b26319fdb078cf11e0b42ab66ff2ea61",
}
LIT_HTML_3_3_3 = "b878e7f95dec8a9b6e9b217faca6b6a11bad82ebc44c0caa77419ed83edd81f2"
REPLACED = {"fetch"}  # the answers of Dash's callbacks are watched for the server's silence


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """What a tool of node says; skips where it can't run."""
    try:
        node = start.node_tools()
    except start.NoNode as lack:
        pytest.skip(str(lack))
    return subprocess.run([node, *command], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=200)


def test_the_linter_has_nothing_to_say() -> None:
    done = run("node_modules/eslint/bin/eslint.js", ".")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_type_holds() -> None:
    done = run("node_modules/typescript/bin/tsc")
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_style_depends_on_what_an_element_holds() -> None:
    """`:has()` makes the browser look at the styles of the whole page at each tick: three times the work of a frame."""
    sheets = sorted(ASSETS.glob("*.css"))
    assert len(sheets) > 5
    assert [sheet.name for sheet in sheets if ":has(" in sheet.read_text(encoding="utf-8")] == []


def test_nodes_own_tests_pass() -> None:
    files = sorted(str(path) for path in (ROOT / "tests" / "browser_code").glob("*.test.mjs"))
    assert files
    done = run("--test", *files)
    assert done.returncode == 0, done.stdout + done.stderr


def test_both_sides_are_held_to_the_same_cases() -> None:
    assert CASES_FILE.read_text(encoding="utf-8") == cases_text(), f"`{AGAIN}` writes them anew"


def scripts() -> dict[str, str]:
    """Our modules: {path: text}; what others wrote lies in assets/vendor."""
    paths = sorted(path for path in ASSETS.rglob("*.mjs") if "vendor" not in path.parts)
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def test_nothing_is_global_but_what_dash_demands_and_one_name_for_whoever_looks_in() -> None:
    """Before there were modules: 4,655 lines in 29 files with 48 globals (build a9efd71)."""
    texts = scripts()
    assert not list(ASSETS.rglob("*.js")), "a classic script makes globals: write a module"
    found = {
        name
        for text in texts.values()
        for name in re.findall(r"(?:window|globalThis|self)\.(\w+) *(?:\?\?|\|\|)?=(?!=)", text)
    }
    assert found - REPLACED == OURS | DASH_WANTS
    lines = sum(text.count("\n") for text in texts.values())
    print(f"{lines} lines in {len(texts)} modules, {len(found - REPLACED)} globals")


def test_the_templates_are_lit_htmls_as_it_is_published() -> None:
    """Whoever renews it renews its licence, its name and this sum: `npm pack lit-html`, package/lit-html.js."""
    vendored = (ASSETS / "vendor" / "lit-html.mjs").read_bytes().replace(b"\r\n", b"\n")
    ours, note, vendored = vendored.split(b"\n", 2)
    assert ours == b"// @ts-nocheck" and b"lit-html 3.3.3, BSD-3-Clause" in note
    assert b"SPDX-License-Identifier: BSD-3-Clause" in vendored
    published = vendored.rstrip(b"\n") + b"\n//# sourceMappingURL=lit-html.js.map\n"  # a map that is not served
    assert hashlib.sha256(published).hexdigest() == LIT_HTML_3_3_3
    assert "Copyright (c) 2017 Google LLC" in (ASSETS / "vendor" / "lit-html.LICENSE").read_text(encoding="utf-8")


def test_styles_and_icons_are_bootstraps_as_they_are_published() -> None:
    for name, sum_published in BOOTSTRAP.items():
        vendored = (ASSETS / "vendor" / name).read_bytes()
        vendored = vendored.replace(b"\r\n", b"\n") if name.endswith(".css") else vendored
        assert hashlib.sha256(vendored).hexdigest() == sum_published, name
    for name in ("bootstrap", "bootstrap-icons"):
        assert "The MIT License (MIT)" in (ASSETS / "vendor" / f"{name}.LICENSE").read_text(encoding="utf-8")
