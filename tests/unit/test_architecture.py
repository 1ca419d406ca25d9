"""The house keeps its arrows (ARCHITECTURE.md: the table of rooms), and the checker can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.architecture import violations

ROOT = Path(__file__).resolve().parents[2]


def test_the_house_keeps_its_arrows() -> None:
    assert violations(ROOT) == []


PLANTED = {
    "a page imports a page": ("app/pages/one.py", "import app.pages.two\n", "app.pages may not import app.pages.two"),
    "a callback imports a page": ("app/callbacks/c.py", "import app.pages.two\n", "app may not import app.pages.two"),
    "a page imports the engine": ("app/pages/one.py", "from engine import domain\n", "may not import engine.domain"),
    "the app reaches into the broker": (
        "app/x.py",
        "from engine.broker import session\n",
        "may not import engine.broker",
    ),
    "the client library outside the broker": (
        "engine/lines/x.py",
        "import ib_insync\n",
        "only engine/broker may import",
    ),
    "the lines import who uses the spare ones": (
        "engine/lines/x.py",
        "import engine.coverage.rotation\n",
        "may not import engine.coverage.rotation",
    ),
    "the engine imports dash": ("engine/lines/x.py", "from dash import Dash\n", "engine may not import dash"),
    "the simulator imports the engine": ("simulator/x.py", "import engine.domain\n", "simulator may not import"),
    "the launcher is imported": ("app/x.py", "import app.launch.cli\n", "only app.py may import the launcher"),
    "an import inside a function": ("engine/lines/x.py", "def f():\n    import json\n", "inside a function"),
    "a relative import": ("engine/lines/x.py", "from . import domain\n", "relative import"),
    "a stray file at the root of engine": ("engine/x.py", "X = 1\n", "this belongs in a room"),
    "an order call": ("engine/broker/x.py", "def f(ib):\n    ib.placeOrder(1)\n", "order call placeOrder"),
    "a value that is a program": ("engine/lines/x.py", "from pickle import loads\n", "runs what it reads"),
    "a text that is run": ("app/x.py", "def f(text):\n    return eval(text)\n", "eval runs a text"),
    "a module of 801 lines": ("engine/lines/x.py", "#\n" * 801, "801 lines"),
    "something in app/__init__.py": ("app/__init__.py", "X = 1\n", "must stay empty"),
    "a cycle": ("engine/domain.py", "import engine.errors\n", "import cycle: engine.domain -> engine.errors"),
}


@pytest.mark.parametrize("planted", PLANTED, ids=lambda name: name.replace(" ", "-"))
def test_a_planted_violation_is_found(planted: str, tmp_path: Path) -> None:
    lay_out(tmp_path)
    assert violations(tmp_path) == []
    name, text, expected = PLANTED[planted]
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert any(expected in violation for violation in violations(tmp_path))


def lay_out(root: Path) -> None:
    """A small house without faults."""
    modules = (
        "engine/coverage/rotation",
        "app/ids",
        "app/pages/two",
        "app/launch/cli",
        "engine/errors",
        "engine/broker/session",
        "simulator/wire",
    )
    packages = (
        "app",
        "app/pages",
        "app/callbacks",
        "app/launch",
        "engine",
        "engine/broker",
        "engine/lines",
        "engine/coverage",
        "simulator",
    )
    for package in packages:
        (root / package).mkdir(parents=True, exist_ok=True)
        (root / package / "__init__.py").write_text("", encoding="utf-8")
    for module in modules:
        (root / f"{module}.py").write_text("X = 1\n", encoding="utf-8")
    (root / "engine/errors.py").write_text("import engine.domain\n", encoding="utf-8")
    (root / "engine/domain.py").write_text("X = 1\n", encoding="utf-8")
    (root / "app.py").write_text("def main():\n    from app.launch import cli\n", encoding="utf-8")
