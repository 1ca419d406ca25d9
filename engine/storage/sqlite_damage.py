"""Whether an SQLite file is broken (and not merely full, locked or forbidden), and how it is put aside unharmed.

Side files go with theirs: one that is left beside another database would be played into it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from engine.storage.places import free_for_file, name_aside, regain

SIDE_FILES = ("-wal", "-shm")
_CORRUPT, _NOT_A_DATABASE = 11, 26
_LOCK_WAIT_S = 1.0


def is_damaged(database: Path) -> bool:
    """Run SQLite's quick check; a missing file is not damaged.

    Raises:
        sqlite3.Error: a full disk, a lock, no rights: that says nothing about the file.
    """
    if not database.exists():
        return False
    try:
        with closing(sqlite3.connect(database, timeout=_LOCK_WAIT_S)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if not is_corruption(error):
            raise
        return True


def fault_of(database: Path) -> str:
    """Why it can't be gone on with: "is a folder", "is empty", "is damaged"; "" = nothing, or there is none.

    Raises as `is_damaged`.
    """
    if database.is_dir():
        return "is a folder"
    if database.exists() and not database.stat().st_size and not database.with_name(f"{database.name}-wal").exists():
        return "is empty"
    return "is damaged" if is_damaged(database) else ""


def is_corruption(error: BaseException | None) -> bool:
    """Whether an error of SQLite says that the file itself is broken."""
    if isinstance(error, UnicodeDecodeError):  # a name that the driver could not read
        return True
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # of the driver, which could not read the name of a table or column
        return isinstance(error, sqlite3.Error) and "decode to UTF-8" in str(error)
    return (code & 0xFF) in (_CORRUPT, _NOT_A_DATABASE)


def move_aside(path: Path, at_wall: float, kind: str = "corrupt") -> Path:
    """Rename the file and what SQLite keeps beside it; returns the new name. Raises OSError."""
    target = name_aside(path, at_wall, kind)
    for suffix in SIDE_FILES:
        side = path.with_name(path.name + suffix)
        if side.exists():
            side.rename(target.with_name(target.name + suffix))
    path.rename(target)
    return target


def make_usable(path: Path) -> None:
    """Rights are taken back, and what stands in the place of the file or of a side file is moved: SQLite would open
    nothing, or what a link leads to. A folder in its place is its owner's to judge (`fault_of`)."""
    if path.is_symlink() or not path.is_dir():
        free_for_file(path)
    else:
        regain(path)
    for suffix in SIDE_FILES:
        free_for_file(path.with_name(path.name + suffix))
