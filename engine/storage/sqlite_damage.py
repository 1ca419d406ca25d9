"""Whether an SQLite file is broken (and not merely full, locked or forbidden), and how it is put aside unharmed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

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
    except sqlite3.DatabaseError as error:
        if not is_corruption(error):
            raise
        return True


def is_corruption(error: BaseException | None) -> bool:
    """Whether an error of SQLite says that the file itself is broken."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF) in (_CORRUPT, _NOT_A_DATABASE)


def name_aside(path: Path, at_wall: float) -> Path:
    """A free name beside `path` for its damaged content: `<name>.corrupt-<at_wall>`."""
    target = path.with_name(f"{path.name}.corrupt-{at_wall:.0f}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.corrupt-{at_wall:.0f}-{number}")
    return target
