"""Revision 0001: the tables as they were when Alembic came, and how older files get there. Frozen: later changes are
revisions of their own.

Files of before have no note of Alembic's. Version 1 had no `line_spans`, version 2 fills that were unique over the
execution id alone, version 3 is this revision. Whatever of it lacks is made. Only statements that SQLite and PostgreSQL
share; both undo changed tables with their transaction.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    column,
    func,
    insert,
    inspect,
    select,
    table,
    text,
)
from sqlalchemy.types import BigInteger

from engine.domain import revision_of, root_of

VERSION = 3  # the last number of the notes that came before Alembic's
FILLS_BEFORE_3 = "fills_before_3"
_BATCH = 500

metadata = MetaData()


def _journal_table(name: str, *columns: Column[object], unique: tuple[str, ...]) -> Table:
    return Table(
        name,
        metadata,
        Column("row_id", Integer, primary_key=True, autoincrement=True),
        Column("mode", String(16), nullable=False),
        Column("account", String(32), nullable=False),
        Column("market_time", Float(53), nullable=False),
        Column("recorded_at", Float(53), nullable=False),
        *columns,
        # The unique index is also the one that reads use, so the range column comes last in it.
        UniqueConstraint("mode", "account", *unique),
    )


schema_version = Table(
    "schema_version",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("applied_at", Float(53), nullable=False),
)

pnl_points = _journal_table(
    "pnl_points",
    Column("t", Float(53), nullable=False),
    Column("unrealized", Float(53)),
    Column("realized", Float(53)),
    Column("daily", Float(53)),
    unique=("t",),
)

signals = _journal_table(
    "signals",
    Column("signal_id", String(80), nullable=False),
    Column("con_id", BigInteger, nullable=False),
    Column("local_symbol", String(64), nullable=False),
    Column("side", String(8), nullable=False),
    Column("state", String(16), nullable=False),
    Column("score", Float(53), nullable=False),
    Column("body", JSON, nullable=False),  # the whole domain.Signal
    unique=("signal_id",),
)

shadow_signals = _journal_table(
    "shadow_signals",
    Column("set_name", String(64), nullable=False),
    Column("signal_id", String(80), nullable=False),
    Column("con_id", BigInteger, nullable=False),
    Column("local_symbol", String(64), nullable=False),
    Column("side", String(8), nullable=False),
    Column("state", String(16), nullable=False),
    Column("score", Float(53), nullable=False),
    Column("body", JSON, nullable=False),  # the whole domain.Signal
    unique=("set_name", "signal_id"),
)

signal_outcomes = _journal_table(
    "signal_outcomes",
    Column("set_name", String(64), nullable=False),  # "" = the thresholds in force
    Column("signal_id", String(80), nullable=False),
    Column("horizon_min", Integer, nullable=False),
    Column("best", Float(53), nullable=False),  # all three in ATR of the signal, towards its side
    Column("worst", Float(53), nullable=False),
    Column("move", Float(53), nullable=False),
    unique=("set_name", "signal_id", "horizon_min"),
)

setting_changes = _journal_table(
    "setting_changes",
    Column("change_id", BigInteger, nullable=False),
    Column("at_wall", Float(53), nullable=False),
    Column("who", String(64), nullable=False),
    Column("key", String(128), nullable=False),
    Column("old", JSON),
    Column("new", JSON),
    Column("reverted", Boolean, nullable=False),
    unique=("change_id",),
)

connection_events = _journal_table(
    "connection_events",
    Column("at_wall", Float(53), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("code", Integer),
    unique=("at_wall", "kind", "text"),
)

fills = _journal_table(
    "fills",
    Column("model", String(64), nullable=False),  # an advisor's model portfolio; "" = none
    Column("exec_id", String(80), nullable=False),
    Column("root", String(80), nullable=False),  # the id without the number of its correction
    Column("revision", Integer, nullable=False),
    Column("superseded_by", String(80)),  # execution id; None = in force
    Column("source", String(16), nullable=False),  # api
    Column("con_id", BigInteger, nullable=False),
    Column("local_symbol", String(64), nullable=False),
    Column("sec_type", String(16), nullable=False),  # "" here and below = recorded before there was this column
    Column("currency", String(8), nullable=False),
    Column("multiplier", Float(53)),
    Column("magnifier", Float(53)),
    Column("side", String(8), nullable=False),
    Column("opening", String(8)),  # open, close, flip; None = not known
    Column("quantity", Float(53), nullable=False),
    Column("price", Float(53), nullable=False),  # unit of the quotes
    Column("cum_quantity", Float(53)),
    Column("exchange", String(32), nullable=False),
    Column("trade_date", String(8), nullable=False),
    Column("exchange_time", String(64), nullable=False),  # as the gateway wrote it
    Column("exchange_zone", String(64), nullable=False),
    Column("time_kind", String(16), nullable=False),  # exchange, received
    Column("commission", Float(53)),  # cost positive; None = the report has not come
    Column("commission_currency", String(8), nullable=False),
    Column("realized_pnl", Float(53)),
    Column("perm_id", BigInteger),
    Column("order_id", BigInteger),
    Column("client_id", BigInteger),
    Column("order_ref", Text, nullable=False),
    Column("liquidation", Boolean, nullable=False),
    Column("price_pending", Boolean, nullable=False),
    unique=("model", "exec_id"),
)
Index("fills_by_root", fills.c.mode, fills.c.account, fills.c.root)
Index("fills_by_time", fills.c.mode, fills.c.account, fills.c.market_time)

notices = _journal_table(
    "notices",
    Column("key", String(128), nullable=False),
    Column("first_wall", Float(53), nullable=False),
    Column("last_wall", Float(53), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("cure", Text, nullable=False),
    Column("code", Integer),
    Column("count", Integer, nullable=False),
    Column("open", Boolean, nullable=False),
    unique=("key", "first_wall"),
)

line_spans = _journal_table(
    "line_spans",
    Column("con_id", BigInteger, nullable=False),
    Column("local_symbol", String(64), nullable=False),
    Column("line_class", String(16), nullable=False),
    Column("from_market", Float(53), nullable=False),
    Column("to_market", Float(53), nullable=False),
    Column("why", Text, nullable=False),
    Column("end", Text, nullable=False),
    Column("by", String(64), nullable=False),
    unique=("to_market", "con_id"),  # a day is read by its end: a span that began before it may reach into it
)


# Names, in every corrected fill, the one in force.
_MARK_SUPERSEDED = """
UPDATE fills SET superseded_by = (
    SELECT newer.exec_id FROM fills AS newer
    WHERE newer.mode = fills.mode AND newer.account = fills.account AND newer.model = fills.model
        AND newer.con_id = fills.con_id AND newer.root = fills.root
        AND (newer.revision > fills.revision
            OR (newer.revision = fills.revision AND newer.exec_id > fills.exec_id))
    ORDER BY newer.revision DESC, newer.exec_id DESC LIMIT 1
)
"""


def take_over(connection: Connection) -> None:
    """Make what is missing, and bring the fills of version 2 to this form. The caller's transaction holds it all."""
    _set_fills_aside(connection)
    metadata.create_all(connection)
    _take_fills_over(connection)
    found: int | None = connection.execute(select(func.max(schema_version.c.version))).scalar()
    if found is None or found < VERSION:
        connection.execute(insert(schema_version).values(version=VERSION, applied_at=time.time()))


def _set_fills_aside(connection: Connection) -> None:
    """The table of version 2 is made anew and filled from the old one."""
    tables = inspect(connection)
    if not tables.has_table(fills.name) or tables.has_table(FILLS_BEFORE_3):
        return
    if "model" not in {column["name"] for column in tables.get_columns(fills.name)}:
        connection.execute(text(f"ALTER TABLE {fills.name} RENAME TO {FILLS_BEFORE_3}"))


def _take_fills_over(connection: Connection) -> None:
    if not inspect(connection).has_table(FILLS_BEFORE_3):
        return
    names = ", ".join(each.name for each in fills.columns if each.name != "row_id")
    places = ", ".join(f":{each.name}" for each in fills.columns if each.name != "row_id")
    put = text(f"INSERT INTO fills ({names}) VALUES ({places}) ON CONFLICT DO NOTHING")  # noqa: S608 - our own names
    for rows in _batches(connection):
        connection.execute(put, [_fill_row(row) for row in rows])
    connection.execute(text(_MARK_SUPERSEDED))
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
    nothing = dict.fromkeys(
        ("superseded_by", "multiplier", "magnifier", "opening", "cum_quantity", "perm_id", "order_id", "client_id")
    )
    return {
        **nothing,
        **kept,
        **unknown,
        "realized_pnl": row.realized_pnl or None,
        "model": "",
        "root": root_of(row.exec_id),
        "revision": revision_of(row.exec_id),
        "source": "api",
        "exchange_time": "",
        "exchange_zone": "",
        "time_kind": "exchange",
        "liquidation": False,
        "price_pending": False,
    }
