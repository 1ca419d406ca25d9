"""Bringing a journal of an older program to today's tables: all of it in one transaction, or nothing.

Only statements that SQLite and PostgreSQL share; both undo changed tables with their transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, column, func, insert, inspect, select, table, text

from engine.domain import revision_of, root_of
from engine.errors import StateError
from engine.journal.statements import SOURCE_API, insert_missing, mark_superseded
from engine.journal.tables import SCHEMA_VERSION, fills, metadata, schema_version

FILLS_BEFORE_3 = "fills_before_3"
_BATCH = 500


def prepare(connection: Connection, at_wall: float) -> None:
    """Create what is missing and bring an older journal up to date. The caller's transaction holds all of it.

    Raises StateError: written by a newer program; nothing was changed.
    """
    found = _version(connection)
    if found is not None and found > SCHEMA_VERSION:
        raise StateError(
            f"journal: is of version {found}, this program writes version {SCHEMA_VERSION}. Nothing is"
            " recorded; start the newer program, or give another data folder"
        )
    _set_fills_aside(connection)
    metadata.create_all(connection)
    _take_fills_over(connection)
    if found is None or found < SCHEMA_VERSION:
        connection.execute(insert(schema_version).values(version=SCHEMA_VERSION, applied_at=at_wall))


def _version(connection: Connection) -> int | None:
    """None = an empty database."""
    if not inspect(connection).has_table(schema_version.name):
        return None
    found: int | None = connection.execute(select(func.max(schema_version.c.version))).scalar()
    return found


def _set_fills_aside(connection: Connection) -> None:
    """The table of version 2 was unique over the execution id alone: it is made anew and filled from the old one."""
    tables = inspect(connection)
    if not tables.has_table(fills.name) or tables.has_table(FILLS_BEFORE_3):
        return
    if "model" not in {column["name"] for column in tables.get_columns(fills.name)}:
        connection.execute(text(f"ALTER TABLE {fills.name} RENAME TO {FILLS_BEFORE_3}"))


def _take_fills_over(connection: Connection) -> None:
    if not inspect(connection).has_table(FILLS_BEFORE_3):
        return
    put = insert_missing(fills, connection.dialect.name)
    for rows in _batches(connection):
        connection.execute(put, [_fill_row(row) for row in rows])
    connection.execute(mark_superseded())
    connection.execute(text(f"DROP TABLE {FILLS_BEFORE_3}"))


def _batches(connection: Connection) -> Iterator[Sequence[Row[Any]]]:
    names = (
        "row_id", "mode", "account", "market_time", "recorded_at", "exec_id", "con_id", "local_symbol", "side",
        "quantity", "price", "exchange", "commission", "realized_pnl",
    )  # fmt: skip
    old = table(FILLS_BEFORE_3, *(column(name) for name in names))
    last = -1
    while rows := connection.execute(select(old).where(old.c.row_id > last).order_by(old.c.row_id).limit(_BATCH)).all():
        yield rows
        last = rows[-1].row_id


def _fill_row(row: Row[Any]) -> dict[str, Any]:
    """A row of version 2: what it did not have is unknown.

    Its realised P&L of exactly 0 was the client library's word for "unset".
    """
    kept = {name: value for name, value in row._mapping.items() if name != "row_id"}
    unknown = dict.fromkeys(("sec_type", "currency", "commission_currency", "order_ref", "trade_date"), "")
    return {
        **kept,
        **unknown,
        "realized_pnl": row.realized_pnl or None,
        "model": "",
        "root": root_of(row.exec_id),
        "revision": revision_of(row.exec_id),
        "source": SOURCE_API,
        "exchange_time": "",
        "exchange_zone": "",
        "time_kind": "exchange",
        "liquidation": False,
        "price_pending": False,
    }


def is_current(connection: Connection) -> bool:
    """Nothing is to be done."""
    names = set(inspect(connection).get_table_names())
    return set(metadata.tables) <= names and FILLS_BEFORE_3 not in names and _version(connection) == SCHEMA_VERSION
