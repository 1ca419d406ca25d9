"""The place of a file of ours, made fit for it: the right to use it, and nothing else in its way.

What is in the way is kept under another name and told to `rescues`. Blocks; what can't be put right is met at the next
use, with its own words.
"""

from __future__ import annotations

import logging
import os
import stat
import time
from pathlib import Path

from engine.storage import rescues

log = logging.getLogger("qtrade.storage")

DAMAGED = "A file of QTrade was damaged"
_FILE, _FOLDER = stat.S_IRUSR | stat.S_IWUSR, stat.S_IRWXU


def regain(path: Path) -> None:
    """Let the owner read and write again (and enter a folder)."""
    try:
        mode = path.stat().st_mode
        wanted = _FOLDER if stat.S_ISDIR(mode) else _FILE
        if mode & wanted != wanted:
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
    """A folder that stands where a file must be is moved; so is a link to nowhere."""
    regain(path)
    if path.is_dir() or (path.is_symlink() and not _leads_to_a_file(path)):
        _move(path, "was no file")


def make_folder(path: Path) -> None:
    """There is a folder that we may use; a file in its place is moved. Raises OSError."""
    regain(path)
    if (path.exists() or path.is_symlink()) and not path.is_dir():
        _move(path, "was no folder")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def name_aside(path: Path, at_wall: float, kind: str = "corrupt") -> Path:
    """A free name beside `path` for what was found there: `<name>.<kind>-<at_wall>`."""
    target = path.with_name(f"{path.name}.{kind}-{at_wall:.0f}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.{kind}-{at_wall:.0f}-{number}")
    return target


def _leads_to_a_file(path: Path) -> bool:
    try:
        return path.resolve(strict=True).is_file()
    except FileNotFoundError:
        return True  # it will be made there
    except (OSError, RuntimeError):  # a link to itself
        return False


def _move(path: Path, was: str) -> None:
    aside = name_aside(path, time.time())
    try:
        path.rename(aside)
    except OSError as error:
        log.warning("%s %s and can't be moved: %s", path, was, error)
    else:
        rescues.tell(path, DAMAGED, f"{path} {was}: moved to {aside.name}")
