"""The place of a file of ours, made fit for it: the right to use it, nobody else's right, and nothing in its way.

What is in the way (a folder, a link, a pipe, a file of another user) is kept under another name and told to `rescues`.
Blocks; what can't be put right is met at the next use, with its own words.
"""

from __future__ import annotations

import logging
import os
import stat
import time
from pathlib import Path

from engine.storage import rescues
from engine.storage.private import is_foreign

log = logging.getLogger("qtrade.storage")

DAMAGED = "A file of QTrade was damaged"
_FILE, _FOLDER = stat.S_IRUSR | stat.S_IWUSR, stat.S_IRWXU


def regain(path: Path) -> None:
    """Let the owner read and write again (and enter a folder). Of a link nothing is changed: it may lead anywhere."""
    try:
        mode = path.lstat().st_mode
        wanted = _FOLDER if stat.S_ISDIR(mode) else _FILE
        if not stat.S_ISLNK(mode) and mode & wanted != wanted:
            path.chmod(stat.S_IMODE(mode) | wanted if os.name == "posix" else stat.S_IREAD | stat.S_IWRITE)
            rescues.tell(
                path,
                "A file of QTrade could not be used",
                f"{path} could not be read or written: its rights were corrected",
                "Nothing needs to be done. See which program changes the rights in the data folder if it comes again.",
            )
    except OSError:
        return


def free_for_file(path: Path) -> None:
    """What stands where a file of ours must be and is none is moved: a folder, a link, a pipe, another user's file."""
    regain(path)
    found = _look(path)
    if found is None:
        return
    if stat.S_ISLNK(found.st_mode):
        _move(path, "was a link")
    elif not stat.S_ISREG(found.st_mode):
        _move(path, "was no file")
    elif is_foreign(found, path):
        _move(path, "was another user's")


def make_folder(path: Path) -> None:
    """There is a folder that we alone may use; what is in its place is moved. Raises OSError.

    A link of the user's own to a folder of his own stays: so is a larger disk used.
    """
    regain(path)
    found = _look(path)
    if found is not None and stat.S_ISLNK(found.st_mode):
        if not is_own_folder_link(path, found):
            _move(path, "was a link")
    elif found is not None and not stat.S_ISDIR(found.st_mode):
        _move(path, "was no folder")
    elif found is not None and is_foreign(found, path):
        _move(path, "was another user's")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_private(path)


def make_private(path: Path) -> None:
    """Take everybody else's rights from a file or folder of this user; a link is left alone. Raises nothing."""
    try:
        found = path.lstat()
        mode = stat.S_IMODE(found.st_mode)
        if os.name == "posix" and mode & 0o077 and not stat.S_ISLNK(found.st_mode) and not is_foreign(found, path):
            path.chmod(mode & 0o700)
    except OSError as error:
        log.warning("%s stays open to other users: %s", path, error)


def is_own_folder_link(path: Path, found: os.stat_result) -> bool:
    """Whether the link `path` (`found` by lstat) was made by this user and leads to a folder of his."""
    try:
        target = path.stat()
    except OSError:  # to nowhere, to itself
        return False
    return stat.S_ISDIR(target.st_mode) and not is_foreign(found, path) and not is_foreign(target, path.resolve())


def is_network_path(text: str, is_windows: bool) -> bool:
    r"""True for \\server\share anywhere, and for //server/share on Windows; \\?\C:\ is a local disk."""
    path = text.replace("/", "\\") if is_windows else text
    if path.startswith("\\\\?\\"):
        return path[4:8].upper() == "UNC\\"
    return path.startswith("\\\\")


def _look(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None


def name_aside(path: Path, at_wall: float, kind: str = "corrupt") -> Path:
    """A free name beside `path` for what was found there: `<name>.<kind>-<at_wall>`."""
    target = path.with_name(f"{path.name}.{kind}-{at_wall:.0f}")
    number = 1
    while os.path.lexists(target):
        number += 1
        target = path.with_name(f"{path.name}.{kind}-{at_wall:.0f}-{number}")
    return target


def _move(path: Path, was: str) -> None:
    aside = name_aside(path, time.time())
    try:
        path.rename(aside)
    except OSError as error:
        log.warning("%s %s and can't be moved: %s", path, was, error)
    else:
        rescues.tell(path, DAMAGED, f"{path} {was}: moved to {aside.name}")
