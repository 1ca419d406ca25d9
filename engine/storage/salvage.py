"""What is readable of a broken SQLite file, copied into a new one: plain reads reach past damaged pages.

The broken file is only read. Tables are walked by rowid; where a read fails, the walk goes on behind the damage, one
row, then two, four, ... further. So a few broken pages cost their own rows, and those of the steps around them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

CHUNK = 500
LONGEST_STEP = 4_096  # rows that are left out at once behind damage
_SQL_ERROR = 1  # SQLite's primary code for words that it does not understand
MOST_STEPS = 100_000  # of one table: an end that can't be found


class Salvaged(NamedTuple):
    """Rows that were saved, by table, and the tables that were hurt: rows of theirs may be lost."""

    rows: dict[str, int]
    hurt: tuple[str, ...]

    @property
    def total(self) -> int:
        return sum(self.rows.values())


class Unreadable(ValueError):
    """Nothing of the file can be read."""


def salvage(broken: Path, fresh: Path) -> Salvaged:
    """Copy tables, indexes and all readable rows of `broken` into `fresh`, which is made anew. Blocks.

    Raises:
        Unreadable: not even the names of the tables can be read (a header of zeros).
        sqlite3.Error, OSError: `fresh` can't be written now (a full disk); that says nothing of `broken`.
    """
    fresh.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(broken)) as old, closing(sqlite3.connect(fresh)) as new:
            old.text_factory = _text  # a text of other bytes is not worth a row
            return _copy(_parts(old), old, new)
    except (sqlite3.Error, OSError, Unreadable):
        fresh.unlink(missing_ok=True)
        raise


def _parts(old: sqlite3.Connection) -> list[tuple[str, str, str]]:
    try:
        old.execute("PRAGMA writable_schema=ON")  # an entry that can't be understood hides no other
        old.execute("PRAGMA query_only=ON")
        return old.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from error


def _copy(parts: list[tuple[str, str, str]], old: sqlite3.Connection, new: sqlite3.Connection) -> Salvaged:
    tables = [(name, sql) for kind, name, sql in parts if kind == "table" and not name.startswith("sqlite_")]
    rows: dict[str, int] = {}
    hurt = []
    for name, sql in tables:
        rows[name] = 0
        if not _is_made(new, sql):
            hurt.append(name)
            continue
        walk = _Walk(old, name)
        for batch in walk.batches():
            marks = ",".join("?" * len(batch[0]))
            before = new.total_changes
            new.executemany(f'INSERT OR IGNORE INTO "{name}" VALUES ({marks})', batch)  # noqa: S608 - its own name
            rows[name] += new.total_changes - before
        if walk.is_hurt:
            hurt.append(name)
    for kind, _, sql in parts:
        if kind == "index":
            _is_made(new, sql)
    new.commit()
    return Salvaged(rows, tuple(hurt))


def _is_made(new: sqlite3.Connection, sql: str) -> bool:
    """False = its own words are damaged, or it is an index that rows contradict which only a broken one kept apart."""
    try:
        new.execute(sql)
    except sqlite3.IntegrityError:
        return False
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", _SQL_ERROR) & 0xFF != _SQL_ERROR:
            raise
        return False
    return True


class _Walk:
    """Every readable row of one table, in the order of the rowid."""

    def __init__(self, connection: sqlite3.Connection, table: str) -> None:
        self._connection = connection
        self._table = table.replace('"', '""')
        self.is_hurt = False

    def batches(self) -> Iterator[list[tuple[Any, ...]]]:
        last, end, step = -(2**62), None, 1
        for _ in range(MOST_STEPS):
            found, is_whole = self._read(last)
            if found:
                yield [row[1:] for row in found]
                last, step = found[-1][0], 1
            if is_whole and len(found) < CHUNK:
                return
            if is_whole:
                continue
            if not self.is_hurt:
                self.is_hurt = True
                last, end = max(last, self._edge("ASC", 0) - 1), self._edge("DESC", 2**62)
            if end is not None and last >= end:
                return
            last, step = last + step, min(2 * step, LONGEST_STEP)

    def _read(self, last: int) -> tuple[list[tuple[Any, ...]], bool]:
        """Rows after `last` until the chunk is full or the damage is met; whether it was not met."""
        found: list[tuple[Any, ...]] = []
        query = f'SELECT rowid, * FROM "{self._table}" WHERE rowid > ? ORDER BY rowid LIMIT {CHUNK}'  # noqa: S608
        try:
            for row in self._connection.execute(query, (last,)):
                found.append(row)
        except (sqlite3.DatabaseError, UnicodeDecodeError):  # the latter: the name of a column
            return found, False
        return found, True

    def _edge(self, order: str, otherwise: int) -> int:
        """The lowest or highest rowid that can be read."""
        query = f'SELECT rowid FROM "{self._table}" ORDER BY rowid {order} LIMIT 1'  # noqa: S608
        try:
            row = self._connection.execute(query).fetchone()
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            return otherwise
        return otherwise if row is None else int(row[0])


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
