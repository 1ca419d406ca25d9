"""The diskcache folder of the state: JSON only, inline in SQLite, never evicted; damaged folders are moved aside.

diskcache executes pickles that it finds in its database (CVE-2025-69872), keeps larger values in files that a
`kill -9` may lose, and throws out the oldest keys at 1 GB. All three are switched off here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from diskcache import UNKNOWN, Cache, Disk
from diskcache.core import MODE_RAW

from engine.errors import StateError
from engine.state.envelope import SEQS_KEY, unwrap_seqs
from engine.storage import rescues
from engine.storage.places import make_folder, name_aside
from engine.storage.sqlite_damage import fault_of, make_usable

INLINE_BELOW_BYTES = 2**26
LOCK_TIMEOUT_S = 1
DATABASE = "cache.db"
_PROBE = "probe"
_WRONG_TABLES = (1, 19, 20)  # SQLite: no such column, a constraint of other tables, another type

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
    """Open the folder (mode 0700), moving one aside to `<name>.corrupt-<at_wall>` first that is damaged, or is no
    state of ours: other tables, values that are no JSON.

    The calling thread's connection is closed again: each thread that uses the cache opens its own and closes it.

    Raises:
        StateError: the folder can't be used now (disk full, no rights, locked); nothing was moved.
    """
    database = folder / DATABASE
    try:
        make_folder(folder)
        make_usable(database)
        fault = fault_of(database)
        why = f"{DATABASE} {fault}" if fault else _misfit(folder)
        if why:
            move_aside(folder, at_wall, why)
            make_folder(folder)
        _drop_planted(database)
        return StateCache(folder)
    except (OSError, sqlite3.Error) as error:
        raise StateError(f"{folder}: the state can't be stored ({error})") from error


def _drop_planted(database: Path) -> None:
    """Rows that `JsonDisk` would refuse are none of ours: a pickle is a program that somebody wants us to run."""
    if not database.is_file():
        return
    with closing(sqlite3.connect(database, timeout=LOCK_TIMEOUT_S)) as connection, connection:
        columns = {row[1] for row in connection.execute("PRAGMA table_info(Cache)")}
        if not {"key", "raw", "mode", "filename", "value"} <= columns:
            return
        dropped = connection.execute(
            "DELETE FROM Cache WHERE raw IS NOT 1 OR mode IS NOT ? OR filename IS NOT NULL OR typeof(key) != 'text'",
            (MODE_RAW,),
        ).rowcount
    if dropped > 0:
        rescues.tell(
            database,
            "The state on disk held what QTrade never writes",
            f"{database}: {dropped} row{'s' if dropped > 1 else ''} that {'are' if dropped > 1 else 'is'} no JSON text "
            "(pickles, or files beside) removed unread; nothing of it was run",
            "See who else can write to the data folder.",
        )


def _misfit(folder: Path) -> str:
    """Why the tables are none of ours; "" = they are, or there are none yet."""
    try:
        with closing(StateCache(folder)) as cache:
            stored = cache.get(SEQS_KEY)
            if stored is not None:
                unwrap_seqs(stored)
            with cache.transact():
                cache.set(_PROBE, 0)
                cache.delete(_PROBE)
    except StateError as error:
        return str(error)
    except sqlite3.Error as error:
        if (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF not in _WRONG_TABLES:
            raise
        return f"it has other tables ({error})"
    except (TypeError, ValueError, KeyError, AttributeError) as error:  # the library on values that are not its own
        return f"its settings are none of ours ({error})"
    return ""


def open_existing(folder: Path) -> Cache:
    """Open a folder that an engine writes; creates, checks and moves nothing.

    Raises:
        StateError: nothing is there, or it is not readable.
    """
    if not (folder / DATABASE).is_file():
        raise StateError(f"{folder}: there is no state here; start the engine with this data folder first")
    try:
        return StateCache(folder)
    except (OSError, sqlite3.Error) as error:
        raise StateError(f"{folder}: the state can't be read ({error})") from error


def move_aside(folder: Path, at_wall: float, why: str) -> Path:
    """Rename a damaged folder so that nothing of it is lost; returns the new path."""
    target = name_aside(folder, at_wall)
    folder.rename(target)
    rescues.tell(
        folder,
        "The state on disk was damaged",
        f"State folder {folder}: {why}. Moved to {target.name}, beginning with an empty one; pages lose nothing",
    )
    return target
