"""The diskcache folder of the state: JSON only, inline in SQLite, never evicted; damaged folders are moved aside.

diskcache executes pickles that it finds in its database (CVE-2025-69872), keeps larger values in files that a
`kill -9` may lose, and throws out the oldest keys at 1 GB. All three are switched off here.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from diskcache import UNKNOWN, Cache, Disk
from diskcache.core import MODE_RAW

from engine.errors import StateError
from engine.storage.sqlite_damage import is_damaged, name_aside

log = logging.getLogger(__name__)

INLINE_BELOW_BYTES = 2**26
LOCK_TIMEOUT_S = 1
_DATABASE = "cache.db"

# All of diskcache's settings, because those stored in the database win over those that are left out.
SETTINGS: Mapping[str, Any] = {
    "statistics": 0,
    "tag_index": 0,
    "eviction_policy": "none",
    "size_limit": 2**40,
    "cull_limit": 0,
    "sqlite_auto_vacuum": 1,
    "sqlite_cache_size": 2**11,
    "sqlite_journal_mode": "wal",
    "sqlite_mmap_size": 0,
    "sqlite_synchronous": 1,
    "disk_min_file_size": INLINE_BELOW_BYTES,
    "disk_pickle_protocol": 5,
}


class JsonDisk(Disk):  # type: ignore[misc]
    """Keys are str, values are stored as JSON text and fetched as its bytes. Nothing else is read or written."""

    def put(self, key: object) -> tuple[str, bool]:
        if type(key) is not str:
            raise TypeError(f"state keys are str, not {type(key).__name__}")
        return key, True

    def get(self, key: object, raw: object) -> str:
        if type(key) is not str or not raw:
            raise StateError("the state folder holds a key that is not text; refused")
        return key

    def store(self, value: object, read: bool, key: object = UNKNOWN) -> tuple[int, int, None, bytes]:
        encoded = msgspec.json.encode(value)
        if read or len(encoded) >= INLINE_BELOW_BYTES:
            raise StateError(f"the value of {key} has {len(encoded)} bytes; must be below {INLINE_BELOW_BYTES}")
        return len(encoded), MODE_RAW, None, encoded

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> bytes:
        if mode != MODE_RAW or filename is not None or read or not isinstance(value, bytes):
            raise StateError("the state folder holds a value that is not JSON text; refused")
        return value


class StateCache(Cache):  # type: ignore[misc]
    """A diskcache with all of our settings, which leaves no connection behind when it can't be opened."""

    def __init__(self, folder: Path) -> None:
        try:
            super().__init__(str(folder), timeout=LOCK_TIMEOUT_S, disk=JsonDisk, **SETTINGS)
        finally:
            self.close()


def open_cache(folder: Path, at_wall: float) -> Cache:
    """Open the folder (mode 0700), moving a damaged one aside to `<name>.corrupt-<at_wall>` first.

    The calling thread's connection is closed again: each thread that uses the cache opens its own and closes it.

    Raises:
        StateError: the folder can't be used now (disk full, no rights, locked); nothing was moved.
    """
    try:
        _make_private(folder)
        if is_damaged(folder / _DATABASE):
            move_aside(folder, at_wall)
            _make_private(folder)
        return StateCache(folder)
    except (OSError, sqlite3.Error) as error:
        raise StateError(f"{folder}: the state can't be stored ({error}); {_CURE}") from error


def open_existing(folder: Path) -> Cache:
    """Open a folder that an engine writes; creates, checks and moves nothing.

    Raises:
        StateError: nothing is there, or it is not readable.
    """
    if not (folder / _DATABASE).is_file():
        raise StateError(f"{folder}: there is no state here; start the engine with this data folder first")
    try:
        return StateCache(folder)
    except (OSError, sqlite3.Error) as error:
        raise StateError(f"{folder}: the state can't be read ({error})") from error


_CURE = "free some space or correct the rights; everything works from memory until then"


def move_aside(folder: Path, at_wall: float) -> Path:
    """Rename a damaged folder so that nothing of it is lost; returns the new path."""
    target = name_aside(folder, at_wall)
    folder.rename(target)
    log.error("State folder %s is damaged: moved to %s, beginning with an empty one", folder, target.name)
    return target


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix":
        folder.chmod(0o700)
