"""What is particular to a journal on a PostgreSQL server: how it is connected to, and what keeps its rows in months.

Points of the P&L curve and spans of lines are nearly all rows: their tables are partitioned by month, so that a year
that nobody needs any more is dropped and not deleted row by row. A month gets its partition before its first row comes.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import URL, Connection, Engine, String, Table, create_engine, event, text
from sqlalchemy.types import JSON

from engine.errors import ConfigError
from engine.storage.encodable import encodable
from engine.storage.urls import not_installed

# Table -> the time by which its rows are laid into months; both are the last part of the table's unique key.
PARTITIONED: Mapping[str, str] = {"pnl_points": "t", "line_spans": "to_market"}
DRIVER = "psycopg"
CONNECT_S = 3
STATEMENT_S, LOCK_S = 15, 5
_ONE_PROGRAM = 0x51_74_72_61_64_65  # of the advisory lock: who makes or changes tables is alone
_PARENTS = text("SELECT relname FROM pg_class WHERE relkind = 'p' AND pg_table_is_visible(oid)")
_CHILDREN = text(
    "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid"
    " JOIN pg_class parent ON parent.oid = inhparent WHERE parent.relname = :parent AND pg_table_is_visible(parent.oid)"
)


def check_driver(url: str) -> None:
    """Whether what `journal.url` needs is installed; imports nothing.

    Raises:
        ConfigError: it is not, with what to do.
    """
    if importlib.util.find_spec(DRIVER) is None:
        raise ConfigError(not_installed("journal.url", url, DRIVER))


def is_server(url: URL) -> bool:
    return url.get_backend_name() == "postgresql"


def connect_to_write(url: URL) -> Engine:
    """One connection at a time; one that a restart of the server has cut is replaced when it is next used."""
    return _engine(url, pool_size=1, max_overflow=1)


@lru_cache(maxsize=8)
def connect_to_read(url: URL) -> Engine:
    """A few connections that can't write, for the threads of the pages: one pool for all journals of a server.

    Whoever disposes of it closes idle connections; the next question opens one again.
    """
    engine = _engine(url, pool_size=2, max_overflow=8, pool_timeout=1.0, isolation_level="AUTOCOMMIT")
    event.listen(engine, "connect", _only_read)
    return engine


def _engine(url: URL, **more: Any) -> Engine:
    """Whose errors hide what was to be written."""
    engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=_arguments(url), **more)
    event.listen(engine, "connect", _limit)
    return engine


def _arguments(url: URL) -> dict[str, Any]:
    """What the URL says itself stands."""
    ours = {"connect_timeout": CONNECT_S, "application_name": "qtrade", "keepalives_idle": 30, "keepalives_interval": 5}
    return {name: value for name, value in ours.items() if name not in url.query}


def _limit(connection: Any, _record: object) -> None:
    """No statement of ours may hold up the journal's thread, or a page, for long."""
    _say(connection, f"SET statement_timeout = '{STATEMENT_S}s'", f"SET lock_timeout = '{LOCK_S}s'")


def _only_read(connection: Any, _record: object) -> None:
    _say(connection, "SET default_transaction_read_only = on")


def _say(connection: Any, *statements: str) -> None:
    before = connection.autocommit
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.autocommit = before


def be_alone(connection: Connection) -> None:
    """Until the end of this transaction no other program makes or changes tables; ours may take as long as it takes."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SET LOCAL lock_timeout = 0"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_PROGRAM})


def fitted(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as the server takes it: texts no longer than their column, without NUL or halves of signs."""
    return {name: _fitted(table, name, value) if isinstance(value, str) else value for name, value in row.items()}


def _fitted(table: Table, name: str, value: str) -> str:
    kind = table.c[name].type
    if isinstance(kind, JSON):
        return value
    clean = encodable(value).replace("\0", "\\x00")
    return clean[: kind.length] if isinstance(kind, String) and kind.length else clean


# --- months -----------------------------------------------------------------------------------------------------------

Month = tuple[int, int]


def month_of(at: object) -> Month | None:
    """Year and month (UTC) of epoch seconds; None = that is no time."""
    if not isinstance(at, int | float) or not math.isfinite(at) or not 0.0 <= at < 250_000_000_000.0:
        return None
    moment = datetime.fromtimestamp(at, UTC)
    return moment.year, moment.month


def bounds(month: Month) -> tuple[float, float]:
    """Where a month begins, and where the next one does: UTC epoch seconds."""
    year, number = month
    after = (year + 1, 1) if number == 12 else (year, number + 1)
    begin, end = (datetime(*each, 1, tzinfo=UTC).timestamp() for each in (month, after))
    return begin, end


def partition_name(table: str, month: Month) -> str:
    return f"{table}_{month[0]:04d}_{month[1]:02d}"


class Months:
    """The partitions of one database, as far as this program knows them. Journal thread only."""

    def __init__(self) -> None:
        self._tables: frozenset[str] | None = None  # those that are partitioned there; None = not asked yet
        self._there: set[str] = set()

    def prepare(self, engine: Engine, rows: Iterable[tuple[Table, Mapping[str, Any]]]) -> None:
        """Make the partitions that these rows need."""
        wanted = {
            (table.name, month)
            for table, row in rows
            if table.name in PARTITIONED and (month := month_of(row.get(PARTITIONED[table.name]))) is not None
        }
        lacking = [each for each in sorted(wanted) if partition_name(*each) not in self._there]
        if not lacking:
            return
        with engine.begin() as connection:
            if self._tables is None:
                self._tables = frozenset(connection.execute(_PARENTS).scalars())
            lacking = [each for each in lacking if each[0] in self._tables]
            if lacking:
                be_alone(connection)
                make_partitions(connection, lacking)
        self._there |= {partition_name(*each) for each in wanted}

    def drop_empty(self, engine: Engine, before: float) -> None:
        """Drop the partitions of points that end before that moment and hold nothing any more."""
        with engine.begin() as connection:
            parent = "pnl_points"
            names = connection.execute(_CHILDREN, {"parent": parent}).scalars().all()
            old = [name for name in names if (end := _end_of(parent, name)) is not None and end <= before]
            gone = [name for name in old if connection.execute(text(f'SELECT 1 FROM "{name}" LIMIT 1')).first() is None]  # noqa: S608 - a table's own name
            if gone:
                be_alone(connection)
                for name in gone:
                    connection.execute(text(f'DROP TABLE IF EXISTS "{name}"'))
        self._there -= set(gone)


def make_partitions(connection: Connection, wanted: Iterable[tuple[str, Month]]) -> None:
    """Those that are not there yet; `be_alone` first."""
    for table, month in wanted:
        begin, end = bounds(month)
        connection.execute(
            text(
                f'CREATE TABLE IF NOT EXISTS "{partition_name(table, month)}" PARTITION OF "{table}"'
                f" FOR VALUES FROM ({begin:.1f}) TO ({end:.1f})"
            )
        )


def _end_of(table: str, name: str) -> float | None:
    """Where the month of a partition of ours ends."""
    parts = name.removeprefix(f"{table}_").split("_")
    if len(parts) != 2 or not all(part.isdecimal() for part in parts):
        return None
    return bounds((int(parts[0]), int(parts[1])))[1]
