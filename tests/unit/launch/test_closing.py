"""A data folder of before: closed to others, and what was planted there set aside and said."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from app.launch.closing import close_to_others
from engine.logs.routing import route_logs
from engine.settings.saved import load_saved, write_saved
from engine.storage import rescues
from engine.storage.atomic import write_whole
from engine.storage.lockfile import EngineLock

pytestmark = pytest.mark.skipif(os.name != "posix", reason="rights and links as POSIX has them")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that is none of ours, beside the data folder."""
    path = tmp_path / "secret"
    path.write_text("somebody's own", encoding="utf-8")
    path.chmod(0o644)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    (made / "paper-DU1" / "bars").mkdir(parents=True)
    (made / "logs").mkdir()
    for name in (
        "settings.json",
        "alert-channels.json",
        "watchlists.json",
        "paper-DU1/pins.json",
        "paper-DU1/bars/bars.sqlite3",
        "logs/qtrade.log",
        "notes.txt",
    ):
        (made / name).write_text("{}", encoding="utf-8")
        (made / name).chmod(0o666)
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def told(folder: Path) -> str:
    return " ".join(each.text for each in rescues.take(folder))


def test_what_is_ours_is_closed_and_what_is_not_is_left(folder: Path) -> None:
    (folder / "paper-DU1").chmod(0o777)
    close_to_others(folder)
    for each in folder.rglob("*"):
        expected = 0o666 if each.name == "notes.txt" else 0o700 if each.is_dir() else 0o600
        assert mode(each) == expected, each
    assert told(folder) == ""


@pytest.mark.parametrize("name", ["settings.json", "paper-DU1/pins.json", "logs/qtrade.log", "paper-DU1/bars", "logs"])
def test_a_planted_link_is_moved_and_its_target_untouched(name: str, folder: Path, secret: Path) -> None:
    path = folder / name
    path.rename(folder.parent / "was")
    path.symlink_to(secret)
    close_to_others(folder)
    assert not path.is_symlink()
    assert secret.read_text(encoding="utf-8") == "somebody's own" and mode(secret) == 0o644
    text = told(folder)
    assert "was a link: moved to" in text and name.rpartition("/")[2] in text
    close_to_others(folder)
    assert told(folder) == "", "said once"


def test_a_link_of_the_users_own_to_a_folder_of_his_stays(folder: Path) -> None:
    larger = folder.parent / "larger"
    larger.mkdir()
    (folder / "paper-DU1" / "more").symlink_to(larger)
    close_to_others(folder)
    assert (folder / "paper-DU1" / "more").is_symlink() and told(folder) == ""


def test_a_pipe_keeps_nobody_waiting(folder: Path) -> None:
    (folder / "settings.json").unlink()
    os.mkfifo(folder / "settings.json")
    assert "is no regular file" in load_saved(folder / "settings.json").notes[0]
    os.mkfifo(folder / "accounts.json")
    close_to_others(folder)
    assert "accounts.json was no file" in told(folder)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("name", ["settings.json", "paper-DU1/pins.json", "paper-DU1"])
def test_what_another_user_has_put_there_is_moved(name: str, folder: Path) -> None:
    os.chown(folder / name, 65_534, -1)
    close_to_others(folder)
    assert "was another user's" in told(folder)
    assert not (folder / name).exists() or (folder / name).stat().st_uid == 0


def test_no_file_of_ours_is_written_through_a_link(folder: Path, secret: Path) -> None:
    """Without the round at the start, too: it may be planted a moment later."""
    for name in ("x.json", "x.json.new", "x.json.copy"):
        (folder / name).symlink_to(secret)
    write_whole(folder / "x.json", b"ours")
    write_saved(folder / "x.json", {"lines.limit": 40})
    for name in ("engine.lock", "logs/qtrade.log"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(secret)
    lock = EngineLock(folder)
    lock.acquire(1.0)
    lock.release()
    route_logs(folder / "logs").close()
    assert secret.read_text(encoding="utf-8") == "somebody's own" and mode(secret) == 0o644
    told(folder)
