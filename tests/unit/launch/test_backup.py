"""A backup holds what would be missed, a restore takes it back or refuses and touches nothing."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.launch.backup import BackupError, backup, restore
from app.launch.preparation import Machine
from app.launch.side_commands import run_side_command
from engine.journal.database import open_for_writing, url_of
from engine.settings.saved import load_saved, write_saved
from engine.storage import rescues
from engine.storage.build_id import BuildId

BUILD = BuildId("abc1234", "0.1.0")
WALL = 1_796_000_000.0
HOME = "paper-DU1234567"


def fill(folder: Path, limit: int = 40) -> None:
    write_saved(folder / "settings.json", {"lines.limit": limit})
    (folder / HOME / "bars").mkdir(parents=True, exist_ok=True)
    (folder / "logs").mkdir(exist_ok=True)
    for name in (
        f"{HOME}/pins.json",
        f"{HOME}/lists.json",
        f"{HOME}/bars/bars.sqlite3",
        "logs/qtrade.log",
        "simulator.json",
        "login.json",
        "open-qtrade.html",
    ):
        (folder / name).write_text(f"[{limit}]", encoding="utf-8")
    open_for_writing(url_of(folder / HOME / "journal.sqlite3"), WALL).dispose()
    with closing(sqlite3.connect(folder / HOME / "journal.sqlite3")) as journal, journal:
        journal.execute("CREATE TABLE IF NOT EXISTS marks (n)")
        journal.execute("INSERT INTO marks VALUES (?)", (limit,))


def marks(folder: Path) -> list[int]:
    with closing(sqlite3.connect(folder / HOME / "journal.sqlite3")) as journal:
        return [n for (n,) in journal.execute("SELECT n FROM marks")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir()
    fill(made)
    return made


@pytest.fixture
def file(folder: Path, tmp_path: Path) -> Path:
    backup(folder, tmp_path / "b.zip", BUILD, WALL)
    return tmp_path / "b.zip"


def picture(folder: Path) -> dict[str, str]:
    return {
        each.relative_to(folder).as_posix(): hashlib.sha256(each.read_bytes()).hexdigest()
        for each in folder.rglob("*")
        if each.is_file()
    }


def test_it_holds_what_would_be_missed_and_nothing_of_this_run(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        manifest = json.loads(archive.read("manifest.json"))
    assert names == {
        "manifest.json", "settings.json", f"{HOME}/pins.json", f"{HOME}/lists.json", f"{HOME}/journal.sqlite3",
    }  # fmt: skip
    assert (manifest["format"], manifest["build"], manifest["made"]) == (1, "abc1234", int(WALL))
    assert file.stat().st_mode & 0o777 == 0o600


def test_secrets_are_left_out_unless_they_are_asked_for(folder: Path, tmp_path: Path) -> None:
    (folder / "alert-channels.json").write_text('{"phone": "ntfys://secret-topic"}', encoding="utf-8")
    said = backup(folder, tmp_path / "without.zip", BUILD, WALL)
    assert "alert channels were left out (--with-secrets takes them)" in said
    with zipfile.ZipFile(tmp_path / "without.zip") as archive:
        assert "alert-channels.json" not in archive.namelist()
        assert json.loads(archive.read("manifest.json"))["secrets_left_out"] == ["alert-channels.json"]
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    (fresh / "alert-channels.json").write_text("mine", encoding="utf-8")
    restore(fresh, tmp_path / "without.zip", WALL)
    assert (fresh / "alert-channels.json").read_text(encoding="utf-8") == "mine", "what is not in it stays"
    said = backup(folder, tmp_path / "with.zip", BUILD, WALL, with_secrets=True)
    assert "in clear" in said and (tmp_path / "with.zip").stat().st_mode & 0o777 == 0o600
    restore(fresh, tmp_path / "with.zip", WALL)
    assert "secret-topic" in (fresh / "alert-channels.json").read_text(encoding="utf-8")
    rescues.take(folder)


def test_a_backup_on_the_command_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "alert-channels.json").write_text("{}", encoding="utf-8")
    machine = Machine(tmp_path, {}, tmp_path, "linux", lambda: WALL)
    for typed, words in ((["one.zip"], "were left out"), (["--with-secrets", "two.zip"], "in clear")):
        arguments = [
            *(each if each.startswith("-") else str(tmp_path / each) for each in typed),
            "--data-dir",
            str(folder),
        ]
        assert run_side_command(["backup", *arguments], machine, BUILD) == 0
        assert words in capsys.readouterr().out


def test_after_a_wipe_everything_is_back(folder: Path, file: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    said = restore(fresh, file, WALL)
    assert "4 files are back" in said and "kept" not in said
    assert load_saved(fresh / "settings.json").values == {"lines.limit": 40}
    assert marks(fresh) == [40] and (fresh / HOME / "pins.json").read_text(encoding="utf-8") == "[40]"
    assert not list(fresh.glob("before-restore-*"))


def test_what_was_there_is_kept(folder: Path, file: Path) -> None:
    fill(folder, 41)
    said = restore(folder, file, WALL)
    aside = folder / f"before-restore-{WALL:.0f}"
    assert str(aside) in said
    assert load_saved(folder / "settings.json").values == {"lines.limit": 40} and marks(folder) == [40]
    assert load_saved(aside / "settings.json").values == {"lines.limit": 41} and marks(aside) == [40, 41]
    assert (folder / "logs" / "qtrade.log").read_text(encoding="utf-8") == "[41]", "what is not in it stays"
    rescues.take(folder)


def test_a_journal_that_is_written_at_this_moment_is_whole(folder: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(folder / HOME / "journal.sqlite3")) as journal:
        journal.execute("PRAGMA journal_mode=WAL")
        with journal:
            journal.execute("INSERT INTO marks VALUES (7)")  # in the log alone
        backup(folder, tmp_path / "c.zip", BUILD, WALL)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    restore(fresh, tmp_path / "c.zip", WALL)
    assert marks(fresh) == [40, 7]


def rewritten(file: Path, change: Callable[[dict[str, bytes], dict[str, Any]], object]) -> None:
    """The same backup with other content, whose list is made to fit."""
    with zipfile.ZipFile(file) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(content.pop("manifest.json"))
    change(content, manifest)
    if manifest.pop("fits", True):
        manifest["files"] = [
            {"path": name, "size": len(raw), "sha256": hashlib.sha256(raw).hexdigest()} for name, raw in content.items()
        ]
    with zipfile.ZipFile(file, "w") as archive:
        for name, raw in content.items():
            archive.writestr(name, raw)
        archive.writestr("manifest.json", json.dumps(manifest))


def _newer(content: dict[str, bytes], _manifest: dict[str, Any]) -> None:
    scratch = Path(_manifest["scratch"]) / "newer.sqlite3"
    scratch.write_bytes(content[f"{HOME}/journal.sqlite3"])
    with closing(sqlite3.connect(scratch)) as journal, journal:
        journal.execute("UPDATE alembic_version SET version_num = '9999'")
    content[f"{HOME}/journal.sqlite3"] = scratch.read_bytes()


UNFIT: dict[str, tuple[Callable[[dict[str, bytes], dict[str, Any]], object], str]] = {
    "another format": (lambda c, m: m.update(format=2), "another version"),
    "another program": (lambda c, m: m.update(program="X"), "another version"),
    "a changed file": (lambda c, m: (c.update({f"{HOME}/pins.json": b"[99]"}), m.update(fits=False)), "damaged"),
    "a file more": (lambda c, m: (c.update({"x.json": b"1"}), m.update(fits=False)), "other files"),
    "a way out": (lambda c, m: c.update({"../x.json": b"1"}), "no file of QTrade's"),
    "an absolute path": (lambda c, m: c.update({"/tmp/x.json": b"1"}), "no file of QTrade's"),
    "a lock": (lambda c, m: c.update({"engine.lock": b"1"}), "no file of QTrade's"),
    "a state": (lambda c, m: c.update({f"{HOME}/state/cache.db": b"1"}), "no file of QTrade's"),
    "bad settings": (
        lambda c, m: c.update({"settings.json": b'{"format": 1, "values": {"broker.account": "A\\u0000"}}'}),
        "settings.json: A saved setting",
    ),
    "a damaged journal": (
        lambda c, m: c.update({f"{HOME}/journal.sqlite3": c[f"{HOME}/journal.sqlite3"][:3_000]}), "journal.sqlite3",
    ),
    "a newer journal": (_newer, "newer QTrade"),
}  # fmt: skip


@pytest.mark.parametrize("kind", UNFIT)
def test_what_does_not_fit_is_refused_and_nothing_touched(kind: str, folder: Path, file: Path, tmp_path: Path) -> None:
    change, words = UNFIT[kind]

    def changed(content: dict[str, bytes], manifest: dict[str, Any]) -> None:
        manifest["scratch"] = str(tmp_path)
        change(content, manifest)

    rewritten(file, changed)
    fill(folder, 41)
    before = picture(folder)
    with pytest.raises(BackupError, match="Nothing was changed") as caught:
        restore(folder, file, WALL)
    assert words in str(caught.value)
    assert picture(folder) == before
    rescues.take(folder)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04" + b"\0" * 100])
def test_what_is_no_backup_is_refused(content: bytes, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(BackupError, match="does not fit"):
        restore(folder, tmp_path / "x.zip", WALL)
    with pytest.raises(BackupError, match="does not fit"):
        restore(folder, tmp_path / "missing.zip", WALL)


def test_nothing_is_written_over(folder: Path, file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(BackupError, match="there already"):
        backup(folder, file, BUILD, WALL)
    assert file.read_bytes() == before
