"""A new file in the place of one that can't be gone on with, which is kept: in steps that a `kill -9` can't undo.

First the copy is made whole under a name of its own, then the old file is moved, then the copy takes its place. Whoever
opens the file next finishes what was begun. A backup before a migration is made by the same rule.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from engine.journal.tables import metadata
from engine.storage import rescues
from engine.storage.sqlite_damage import SIDE_FILES, move_aside

T = TypeVar("T")

_LOCK_WAIT_S = 1.0


def write_copy(path: Path, fill: Callable[[Path], T]) -> T:
    """Have `fill` make the copy of `path`; afterwards it is whole, or there is none. Raises what `fill` raises."""
    making = _making(path)
    for name in (making, *_sides(making)):
        name.unlink(missing_ok=True)
    try:
        done = fill(making)
    except BaseException:
        for name in (making, *_sides(making)):
            name.unlink(missing_ok=True)
        raise
    with closing(sqlite3.connect(making)) as copy:  # one file, nothing beside it
        copy.execute("PRAGMA journal_mode=DELETE")
    making.replace(_copy(path))
    return done


def put_in_place(path: Path, at_wall: float, kind: str = "corrupt") -> Path:
    """Move `path` aside and its copy, where there is one, to its place; returns where the old one lies now."""
    aside = move_aside(path, at_wall, kind)
    if _copy(path).exists():
        _copy(path).replace(path)
    return aside


def finish_replacing(path: Path, at_wall: float) -> None:
    """What was left half done: the program was killed, or Windows would not let go of the old file."""
    if not _copy(path).exists():
        return
    kept = f"it is kept as {move_aside(path, at_wall).name}" if path.exists() else "it is kept beside it"
    _copy(path).replace(path)
    rescues.tell(
        path,
        "The journal was replaced",
        f"Journal {path} could not be gone on with: {kept}; what was readable of it goes on in a new file.",
    )


def back_up(database: Path, backup: Path) -> Path:
    """Write `database` as it is now, side files included, to `backup`, which may be there and is replaced.

    Raises:
        sqlite3.Error, OSError: it could not be written; an older backup is as it was.
    """
    fresh = backup.with_name(backup.name + ".new")
    fresh.unlink(missing_ok=True)
    try:
        with (
            closing(sqlite3.connect(database, timeout=_LOCK_WAIT_S)) as source,
            closing(sqlite3.connect(fresh)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        fresh.chmod(0o600)
        fresh.replace(backup)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return backup


def known_rows(old: Path, fresh: Path) -> int:
    """Copy into `fresh`, which has today's tables, what `old` has of their columns; returns how many rows."""
    taken = 0
    with closing(sqlite3.connect(fresh)) as connection:
        connection.text_factory = _text
        connection.execute("ATTACH DATABASE ? AS old", (str(old),))
        for table in metadata.tables.values():
            there = {row[1] for row in connection.execute(f'PRAGMA old.table_info("{table.name}")')}
            names = [column.name for column in table.columns if column.name in there]
            needed = {column.name for column in table.columns if not column.nullable and column.name != "row_id"}
            if there and needed <= there:
                columns = ", ".join(f'"{name}"' for name in names)
                before = connection.total_changes
                connection.execute(
                    f'INSERT OR IGNORE INTO main."{table.name}" ({columns}) SELECT {columns} FROM old."{table.name}"'  # noqa: S608
                )
                taken += connection.total_changes - before
        connection.commit()
    return taken


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")  # a damaged name is none of ours


def _making(path: Path) -> Path:
    return path.with_name(path.name + ".rescued.new")


def _copy(path: Path) -> Path:
    return path.with_name(path.name + ".rescued")


def _sides(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in SIDE_FILES]
