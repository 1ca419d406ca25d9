"""The journal's tables. Each row carries mode, account, market time and the moment it was recorded.

Unique keys make every write repeatable: a batch that is written again after a failure adds nothing twice.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.types import BigInteger

# Every revision that this program knows, oldest first: the scripts in `revisions/versions`, where changes are written.
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
REVISION = REVISIONS[-1]

metadata = MetaData()


class Exact(TypeDecorator[Decimal]):
    """A decimal as the text that a statement wrote: what is read is what was told, to the last digit."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Any) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Any) -> Decimal | None:
        return None if value is None else Decimal(value)


# SQLite counts up by itself only where the type says INTEGER, and that has 64 bits there.
RowNumber = BigInteger().with_variant(Integer, "sqlite")


def _journal_table(name: str, *columns: Column[object], unique: tuple[str, ...]) -> Table:
    return Table(
        name,
        metadata,
        Column("row_id", RowNumber, primary_key=True, autoincrement=True),
        Column("mode", String(16), nullable=False),
        Column("account", String(32), nullable=False),
        Column("market_time", Float(53), nullable=False),
        Column("recorded_at", Float(53), nullable=False),
        *columns,
        # The unique index is also the one that reads use, so the range column comes last in it.
        UniqueConstraint("mode", "account", *unique),
    )


revision_note = Table(
    "alembic_version",
    MetaData(),  # Alembic's own
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)

# What programs of before Alembic look at: they refuse a file with a number above 3.
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
    Column("source", String(16), nullable=False),  # api, flex, csv: who reported it first
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
    # What statements tell, and what is stored with a fill beside its report. NULL = not told.
    Column("kind", String(24)),  # engine.journal.rows.Kind; NULL = trade
    Column("state", String(16)),  # cancelled, withdrawn, covered; NULL = in force
    Column("order_level", Boolean),  # one row stands for an order's executions
    Column("taxes", Float(53)),  # cost positive
    Column("fx_rate_to_base", Float(53)),  # of `currency`, at the transaction
    Column("base_currency", String(8)),
    Column("commission_rate_to_base", Float(53)),  # of `commission_currency`, where it is another
    Column("codes", String(128)),  # the statement's notes, joined by ;
    Column("symbol", String(64)),
    Column("underlying_con_id", BigInteger),
    Column("underlying_symbol", String(64)),
    Column("expiry", String(8)),
    Column("strike", Float(53)),
    Column("put_call", String(1)),
    Column("transaction_id", String(40)),
    Column("trade_id", String(40)),
    Column("ib_order_id", String(40)),  # not the API's perm_id
    Column("orig_transaction_id", String(40)),
    Column("orig_trade_id", String(40)),
    Column("settle_date", String(8)),
    Column("report_date", String(8)),
    Column("statement_realized", Float(53)),  # IB's own lots; a check, never the source
    Column("statement_id", String(64)),  # the newest that told it; its word stands against a later report
    Column("remark", Text),  # what the two sources said differently
    Column("change_number", Integer),  # of "fills" in `book_changes` when the row was written last
    unique=("model", "exec_id"),
)
Index("fills_by_root", fills.c.mode, fills.c.account, fills.c.root)
Index("fills_by_time", fills.c.mode, fills.c.account, fills.c.market_time)
Index("fills_by_change", fills.c.mode, fills.c.account, fills.c.change_number)

# How often each part of what round trips are made of was written: readers see by it whether there is something new.
book_changes = Table(
    "book_changes",
    metadata,
    Column("mode", String(16), nullable=False),
    Column("account", String(32), nullable=False),
    Column("part", String(16), nullable=False),  # engine.journal.rows.BookPart
    Column("number", Integer, nullable=False),
    PrimaryKeyConstraint("mode", "account", "part"),
)

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

incidents = _journal_table(
    "incidents",
    Column("key", String(128), nullable=False),
    Column("cause", String(64), nullable=False),
    Column("con_id", BigInteger),  # None = of no single symbol
    Column("symbol", String(64), nullable=False),
    Column("began_wall", Float(53), nullable=False),
    Column("red_wall", Float(53)),
    Column("ended_wall", Float(53)),  # None = it goes on, or the program ended before it
    Column("words", Text, nullable=False),
    Column("seen", Boolean, nullable=False),
    unique=("key", "began_wall"),
)

trip_notes = _journal_table(
    "trip_notes",
    Column("model", String(64), nullable=False),
    Column("con_id", BigInteger, nullable=False),
    Column("root", String(80), nullable=False),  # of the execution that opened the round trip
    Column("note", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("changed_wall", Float(53), nullable=False),
    unique=("model", "con_id", "root"),
)

day_notes = _journal_table(
    "day_notes",
    Column("day", String(8), nullable=False),  # trade date
    Column("note", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("changed_wall", Float(53), nullable=False),
    unique=("day",),
)

trip_stops = _journal_table(
    "trip_stops",
    Column("model", String(64), nullable=False),
    Column("con_id", BigInteger, nullable=False),
    Column("root", String(80), nullable=False),
    Column("price", Float(53)),  # unit of the quotes; NULL = what was noted before was a slip and counts for nothing
    Column("noted_wall", Float(53), nullable=False),
    unique=("model", "con_id", "root", "noted_wall"),
)

trip_links = _journal_table(
    "trip_links",
    Column("model", String(64), nullable=False),
    Column("closed_root", String(80), nullable=False),  # what closed the one trip and what opened the next
    Column("opened_root", String(80), nullable=False),
    Column("joined", Boolean, nullable=False),
    Column("changed_wall", Float(53), nullable=False),
    unique=("model", "closed_root", "opened_root"),
)

positions_seen = _journal_table(
    "positions_seen",
    Column("con_id", BigInteger, nullable=False),
    Column("local_symbol", String(64), nullable=False),
    Column("sec_type", String(16), nullable=False),
    Column("quantity", Float(53), nullable=False),
    Column("avg_cost", Float(53)),  # money of one unit; NULL = IB does not know it
    unique=("con_id", "market_time"),
)

# Of all tables that statements fill: `row_key` names a row in every file that tells it, `statement_id` is the newest
# one that did, `withdrawn_by` a newer one of the same days that no longer does (NULL = in force). Days are YYYYMMDD.

statements = _journal_table(
    "statements",
    Column("statement_id", String(64), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("query_name", String(200), nullable=False),
    Column("from_day", String(8), nullable=False),
    Column("to_day", String(8), nullable=False),
    Column("generated", Float(53)),  # when IB made it, UTC epoch seconds; NULL = it does not say
    Column("base_currency", String(8), nullable=False),
    Column("sections", JSON, nullable=False),
    Column("file", String(255), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("read_wall", Float(53), nullable=False),
    unique=("statement_id",),
)

import_reports = _journal_table(
    "import_reports",
    Column("report_id", BigInteger, nullable=False),
    Column("at_wall", Float(53), nullable=False),
    Column("file", String(255), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("status", String(16), nullable=False),  # engine.statements.verdicts.Status
    Column("body", JSON, nullable=False),  # the whole Report
    unique=("report_id",),
)

account_aliases = _journal_table(
    "account_aliases",
    Column("alias", String(64), nullable=False),
    Column("means", String(32), nullable=False),  # the account; "" = its rows are left out
    Column("changed_wall", Float(53), nullable=False),
    unique=("alias",),
)


def _of_statements(name: str, *columns: Column[object]) -> Table:
    return _journal_table(
        name,
        Column("row_key", String(160), nullable=False),
        Column("day", String(8), nullable=False),
        *columns,
        Column("statement_id", String(64), nullable=False),
        Column("withdrawn_by", String(64)),
        unique=("row_key",),
    )


def _contract() -> tuple[Column[object], ...]:
    return (
        Column("model", String(64), nullable=False),
        Column("con_id", BigInteger),
        Column("symbol", String(64)),
        Column("sec_type", String(16)),
        Column("currency", String(8)),
        Column("description", Text),
    )


cash_transactions = _of_statements(
    "cash_transactions",
    *_contract(),
    Column("kind", String(80), nullable=False),  # as the statement says it
    Column("sort", String(24), nullable=False),  # deposit, dividend, interest ...; other = nobody knows the kind
    Column("amount", Exact, nullable=False),
    Column("fx_rate_to_base", Exact),
    Column("settle_date", String(8)),
    Column("ex_date", String(8)),  # who held the contract before that day was entitled
    Column("transaction_id", String(40)),
    Column("action_id", String(40)),
    Column("trade_id", String(40)),
    Column("code", String(80)),
)

corporate_actions = _of_statements(
    "corporate_actions",
    *_contract(),
    Column("kind", String(16)),  # FS, RS, SD, SO, TC ...; NULL = the statement does not tell
    Column("effective", Float(53)),
    Column("quantity", Exact, nullable=False),  # the net change
    Column("amount", Exact),
    Column("proceeds", Exact),
    Column("value", Exact),
    Column("multiplier", Exact),
    Column("statement_realized", Exact),
    Column("fx_rate_to_base", Exact),
    Column("transaction_id", String(40)),
    Column("action_id", String(40)),
    Column("code", String(80)),
)

transfers = _of_statements(
    "transfers",
    *_contract(),
    Column("kind", String(40)),
    Column("direction", String(8), nullable=False),
    Column("quantity", Exact),
    Column("price", Exact),
    Column("amount", Exact),
    Column("cash", Exact),
    Column("multiplier", Exact),
    Column("fx_rate_to_base", Exact),
    Column("transaction_id", String(40)),
)

option_events = _of_statements(
    "option_events",
    *_contract(),
    Column("kind", String(40), nullable=False),
    Column("underlying_symbol", String(64)),
    Column("expiry", String(8)),
    Column("strike", Exact),
    Column("put_call", String(1)),
    Column("quantity", Exact, nullable=False),
    Column("price", Exact),
    Column("proceeds", Exact),
    Column("statement_realized", Exact),
    Column("trade_id", String(40)),
)

nav_days = _of_statements(
    "nav_days",
    Column("model", String(64), nullable=False),
    Column("currency", String(8)),
    Column("total", Exact, nullable=False),
    Column("cash", Exact),
    Column("stock", Exact),
    Column("options", Exact),
    Column("told_by", String(40), nullable=False),
)

positions_at = _of_statements(
    "positions_at",
    *_contract(),
    Column("side", String(8), nullable=False),
    Column("quantity", Exact, nullable=False),
    Column("multiplier", Exact),
    Column("mark_price", Exact),
    Column("value", Exact),
    Column("cost_price", Exact),
    Column("cost_money", Exact),
    Column("fx_rate_to_base", Exact),
)

conversion_rates = _of_statements(
    "conversion_rates",
    Column("from_currency", String(8), nullable=False),
    Column("to_currency", String(8), nullable=False),
    Column("rate", Exact, nullable=False),
)

alert_rules = _journal_table(
    "alert_rules",
    Column("rule_id", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("body", JSON, nullable=False),  # the whole Rule
    unique=("rule_id", "version"),
)

alert_occurrences = _journal_table(
    "alert_occurrences",
    Column("occurrence_id", BigInteger, nullable=False),
    Column("rule_id", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("raised_wall", Float(53), nullable=False),
    Column("body", JSON, nullable=False),  # the whole Occurrence
    unique=("occurrence_id",),
)
Index("alert_occurrences_by_state", alert_occurrences.c.mode, alert_occurrences.c.account, alert_occurrences.c.state)

# The outbox: what is on its way to a channel, and how it ended.
alert_deliveries = _journal_table(
    "alert_deliveries",
    Column("occurrence_id", BigInteger, nullable=False),
    Column("channel", String(32), nullable=False),
    Column("event", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("body", JSON, nullable=False),  # the whole Delivery
    unique=("occurrence_id", "channel", "event"),
)
Index("alert_deliveries_by_state", alert_deliveries.c.mode, alert_deliveries.c.account, alert_deliveries.c.state)

# What a service has taken: one row at most for each event and channel.
alert_receipts = _journal_table(
    "alert_receipts",
    Column("occurrence_id", BigInteger, nullable=False),
    Column("channel", String(32), nullable=False),
    Column("event", String(16), nullable=False),
    Column("accepted_wall", Float(53), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("words", Text, nullable=False),
    unique=("occurrence_id", "channel", "event"),
)
