"""What helps when a file can't be written or read, by the kind of the error. Pure."""

from __future__ import annotations

import errno
import sqlite3

from engine.storage.sqlite_damage import is_corruption

_FULL, _READ_ONLY, _CANT_OPEN, _PERMISSION, _BUSY, _LOCKED = 13, 8, 14, 3, 5, 6  # SQLite's primary result codes
_SPACE = "Free space on the disk; it is written again by itself."
_RIGHTS = "Correct the rights of the data folder, or use another one with --data-dir; it is tried again by itself."
_LOCK = "Close the program that holds the file (a backup, a viewer, a second QTrade); it is tried again by itself."
_DAMAGE = "The damaged file is kept beside a new one; nothing needs to be done. Check the disk if it happens again."
_IN_THE_WAY = "A file stands where a folder must be: move it out of the data folder; it is tried again by itself."
_BUG = "It is tried again by itself. If it stays, restart, and report it with the log file."


def cure_of(error: BaseException) -> str:
    """One sentence for the trader: what to do about this error of a store, which may know it itself (`cure`)."""
    if own := getattr(error, "cure", ""):
        return str(own)
    cause = behind(error)
    if is_corruption(cause):
        return _DAMAGE
    if isinstance(cause, OSError):
        if cause.errno in (errno.ENOSPC, errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.ENOSPC):
            return _SPACE
        return _IN_THE_WAY if cause.errno in (errno.ENOTDIR, errno.EEXIST) else _RIGHTS
    if isinstance(cause, sqlite3.Error):
        code = (getattr(cause, "sqlite_errorcode", None) or 0) & 0xFF
        if code == _FULL:
            return _SPACE
        if code in (_READ_ONLY, _CANT_OPEN, _PERMISSION):
            return _RIGHTS
        if code in (_BUSY, _LOCKED):
            return _LOCK
    return _BUG


def behind(error: BaseException) -> BaseException:
    """The disk's or SQLite's own error where a library or a store has put another in its place; else the error."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, OSError | sqlite3.Error):
        replaced = found.__context__ if found.__suppress_context__ else None
        found = getattr(found, "orig", None) or found.__cause__ or replaced
    return error if found is None else found
