"""What is installed is what the lists by hand ask for, and nothing else: each file by its hash."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.launch.pinned import Pin, pins

LISTS = {
    "requirements.txt": ["requirements.in"],
    "requirements-scale.txt": ["requirements.in", "requirements-scale.in"],
    "requirements-dev.txt": ["requirements.in", "requirements-scale.in", "requirements-dev.in"],
}
FREE = {"urllib3"}  # the tests' selenium wants an older one
AGAIN = "`.ci/lock` makes it anew"


def of_file(root: Path, *names: str) -> list[Pin]:
    return [pin for name in names for pin in pins((root / name).read_text(encoding="utf-8"))]


def exact(pin: Pin) -> str:
    (one,) = pin.requirement.specifier
    assert one.operator == "==" and "*" not in one.version, pin.requirement
    return one.version


@pytest.mark.parametrize("lock", LISTS)
def test_every_line_of_the_lists_is_in_the_lock_with_its_version(lock: str, root: Path) -> None:
    locked = {(pin.name, exact(pin)): pin for pin in of_file(root, lock)}
    wanted = {(pin.name, exact(pin)) for pin in of_file(root, *LISTS[lock])}
    assert wanted <= locked.keys(), AGAIN
    loose = [name for name, pin in locked.items() if not pin.hashes]
    assert not loose, "a package without a hash"
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", each) for pin in locked.values() for each in pin.hashes)


@pytest.mark.parametrize("lock", LISTS)
def test_nothing_is_in_the_lock_that_no_list_asks_for(lock: str, root: Path) -> None:
    text = (root / lock).read_text(encoding="utf-8")
    entries = re.findall(r"^([a-z0-9._-]+)==((?:.*\n)(?:    .*\n)*)", text, flags=re.MULTILINE)
    assert len(entries) == len(of_file(root, lock)) == len(re.findall("==[0-9]", text))
    direct = {name for name, rest in entries if re.search(r"-r requirements(-dev|-scale)?\.in", rest)}
    assert direct == {pin.name for pin in of_file(root, *LISTS[lock])}, AGAIN
    user = re.compile(r"^    #(?: via)? +([a-z0-9._-]+)$", flags=re.MULTILINE)
    via = {name: set(user.findall(rest)) - {"via"} for name, rest in entries}
    for name, users in via.items():
        assert name in direct or users, f"nobody needs {name}"
        assert users <= via.keys(), f"{name} is wanted by what is not here"


@pytest.mark.parametrize("lock", LISTS)
def test_no_index_is_named_and_none_is_asked_for_code(lock: str, root: Path) -> None:
    text = (root / lock).read_text(encoding="utf-8")
    assert "://" not in text and "index" not in text and " @ " not in text


def test_the_tests_run_on_what_the_user_runs(root: Path) -> None:
    run = {(pin.name, exact(pin), str(pin.requirement.marker)) for pin in of_file(root, "requirements.txt")}
    tested = {(pin.name, exact(pin), str(pin.requirement.marker)) for pin in of_file(root, "requirements-dev.txt")}
    assert {name for name, *_ in run - tested} <= FREE


def test_lines_as_they_come() -> None:
    text = """--index-url https://example.invalid
# a word
One_Two==1  # why
three==3 ; sys_platform == 'none' \\\r\n    --hash=sha256:aa \\\r\n    --hash=sha256:bb\r\n    # via one-two
not a requirement
"""
    one, three = pins(text)
    assert (one.name, one.hashes, one.holds_here) == ("one-two", (), True)
    assert (three.name, three.hashes, three.holds_here) == ("three", ("sha256:aa", "sha256:bb"), False)
