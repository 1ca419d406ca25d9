"""Which code runs: the id depends on the sources and on nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.storage.build_id import VERSION, BuildWatch, build_id, changed_since


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for name in ("app/a.py", "engine/b.py", "simulator/c.py", "assets/d.css", "app.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{name}\nsecond\n", encoding="utf-8", newline="\n")
    return tmp_path


def test_the_same_sources_have_the_same_id_anywhere(house: Path) -> None:
    before = build_id(house)
    for path in house.rglob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        os.utime(path, (1, 1))
    assert build_id(house) == before
    assert len(before.id) == 7
    assert str(before) == f"{VERSION} (build {before.id})"


@pytest.mark.parametrize("name", ["app/a.py", "engine/b.py", "simulator/c.py", "assets/d.css", "app.py"])
def test_each_source_counts(house: Path, name: str) -> None:
    before = build_id(house)
    (house / name).write_text("changed")
    assert build_id(house).id != before.id
    assert changed_since(house, before) == (name,)


@pytest.mark.parametrize(
    "name", ["app/__pycache__/a.pyc", "engine/.b.py.swp", "README.md", "tests/t.py", "engine/b.py~"]
)
def test_other_files_do_not_count(house: Path, name: str) -> None:
    before = build_id(house)
    (house / name).parent.mkdir(exist_ok=True)
    (house / name).write_text("x")
    assert build_id(house) == before


def test_added_and_removed_files_are_named(house: Path) -> None:
    before = build_id(house)
    (house / "engine" / "new.py").write_text("x")
    (house / "app" / "a.py").unlink()
    assert changed_since(house, before) == ("app/a.py", "engine/new.py")


def test_the_watch_sees_an_edit_and_its_undoing(house: Path) -> None:
    watch = BuildWatch(house, build_id(house))
    assert watch.changed() == ()
    text = (house / "app.py").read_text()
    (house / "app.py").write_text(text + "more")
    assert watch.changed() == ("app.py",)
    assert watch.changed() == ("app.py",)
    (house / "app.py").write_text(text)
    assert watch.changed() == ()


def test_the_changelog_knows_the_version(root: Path) -> None:
    assert f"## [{VERSION}]" in (root / "CHANGELOG.md").read_text(encoding="utf-8")


def test_hashing_everything_is_quick_enough_for_each_start(root: Path) -> None:
    assert len(build_id(root).files) > 10
