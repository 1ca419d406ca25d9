"""Pure: domain values -> rows, and the statement that writes them so that repeating it changes nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    Table,
    UniqueConstraint,
    Update,
    and_,
    case,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from engine.domain import Condition, Fill, Incident, LineSpan, Signal, revision_of, root_of
from engine.errors import StateError
from engine.journal import tables
from engine.journal.rows import (
    NO_FACTS,
    SOURCE_API,
    BookPart,
    ConnectionEvent,
    DayNote,
    FillFacts,
    FillRow,
    PositionSeen,
    SettingChange,
    SignalOutcome,
    TripLink,
    TripNote,
    TripStop,
)
from engine.state.alert_sections import Delivery, Occurrence, Rule

Row = dict[str, Any]

# A later state of the same thing replaces these columns; tables that are not named here keep the first row.
REPLACED: dict[str, tuple[str, ...]] = {
    "signals": ("state", "score", "body"),
    "shadow_signals": ("state", "score", "body"),
    "setting_changes": ("reverted",),
    "fills": (
        "quantity",
        "price",
        "cum_quantity",
        "price_pending",
        "multiplier",
        "magnifier",
        "trade_date",
        "opening",
        "commission",
        "commission_currency",
        "realized_pnl",
        "market_time",
        "time_kind",
        "exchange_time",
        "exchange_zone",
        "perm_id",
        "order_id",
        "client_id",
        "order_ref",
        "fx_rate_to_base",
        "base_currency",
        "commission_rate_to_base",
        "change_number",
    ),
    "trip_notes": ("note", "tags", "changed_wall"),
    "day_notes": ("note", "tags", "changed_wall"),
    "trip_links": ("joined", "changed_wall"),
    "alert_rules": ("deleted", "body"),
    "alert_occurrences": ("state", "body"),
    "alert_deliveries": ("state", "body"),
    "incidents": ("red_wall", "ended_wall", "words", "seen"),
    "notices": ("last_wall", "severity", "title", "text", "cure", "count", "open"),
}
# Of these a later report that leaves it empty takes nothing back, and a time that could not be read replaces none.
_KEPT_WHERE_EMPTY = frozenset(
    {
        "cum_quantity", "multiplier", "magnifier", "trade_date", "opening", "commission", "commission_currency",
        "realized_pnl",
    }
)  # fmt: skip
# A statement's word stands against a later report of the API, and what was stored first stays.
_STATEMENT_WINS = frozenset(
    {"quantity", "price", "multiplier", "magnifier", "trade_date", "commission", "commission_currency"}
)
_FIRST_STAYS = frozenset(
    {
        "perm_id", "order_id", "client_id", "order_ref", "fx_rate_to_base", "base_currency", "commission_rate_to_base",
    }
)  # fmt: skip
_TIMES_OF_FILL = frozenset({"market_time", "time_kind", "exchange_time", "exchange_zone"})


def signal_row(signal: Signal) -> Row:
    return {
        "market_time": signal.at,
        "signal_id": signal.id,
        "con_id": signal.con_id,
        "local_symbol": signal.local_symbol,
        "side": signal.side,
        "state": signal.state,
        "score": signal.score,
        "body": msgspec.to_builtins(signal),
    }


def shadow_row(set_name: str, signal: Signal) -> Row:
    return {**signal_row(signal), "set_name": set_name}


def outcome_row(outcome: SignalOutcome) -> Row:
    row: Row = msgspec.to_builtins(outcome)
    row["market_time"] = row.pop("signal_at")
    return row


def change_row(change: SettingChange) -> Row:
    return {
        "market_time": change.at_market,
        "change_id": change.id,
        "at_wall": change.at_wall,
        "who": change.who,
        "key": change.key,
        "old": msgspec.to_builtins(change.old),
        "new": msgspec.to_builtins(change.new),
        "reverted": change.reverted,
    }


def connection_row(event: ConnectionEvent) -> Row:
    return {
        "market_time": event.at_market,
        "at_wall": event.at_wall,
        "kind": event.kind,
        "text": event.text,
        "code": event.code,
    }


def fill_row(fill: Fill, facts: FillFacts = NO_FACTS, source: str = SOURCE_API) -> Row:
    return {
        "market_time": fill.time_market,
        "account": fill.account,
        "model": fill.model,
        "exec_id": fill.exec_id,
        "root": root_of(fill.exec_id),
        "revision": revision_of(fill.exec_id),
        "source": source,
        "con_id": fill.con_id,
        "local_symbol": fill.local_symbol,
        "sec_type": fill.sec_type,
        "currency": fill.currency,
        "multiplier": fill.multiplier,
        "magnifier": fill.price_magnifier,
        "side": fill.side,
        "opening": fill.opening,
        "quantity": fill.quantity,
        "price": fill.price,
        "cum_quantity": fill.cum_quantity,
        "exchange": fill.exchange,
        "trade_date": fill.trade_date,
        "exchange_time": fill.exchange_time,
        "exchange_zone": fill.exchange_zone,
        "time_kind": fill.time_kind,
        "commission": fill.commission,
        "commission_currency": fill.commission_currency,
        "realized_pnl": fill.realized_pnl,
        "perm_id": fill.perm_id,
        "order_id": fill.order_id,
        "client_id": fill.client_id,
        "order_ref": fill.order_ref,
        "liquidation": fill.liquidation,
        "price_pending": fill.price_pending,
        **_facts_row(facts),
    }


def recorded_row(row: FillRow) -> Row:
    """A statement's execution, as it is stored; mode, `recorded_at` and `change_number` are the writer's."""
    return {**fill_row(row.fill, row.facts, row.source), "superseded_by": row.superseded_by}


def _facts_row(facts: FillFacts) -> Row:
    """What is not told is NULL."""
    row: Row = {name: value or None for name, value in msgspec.structs.asdict(facts).items()}
    for name in ("taxes", "fx_rate_to_base", "commission_rate_to_base", "strike", "statement_realized"):
        row[name] = getattr(facts, name)  # a zero is an answer
    row["codes"] = ";".join(facts.codes) or None
    row["kind"] = None if facts.kind == "trade" else facts.kind
    row["state"] = None if facts.state == "in force" else facts.state
    return row


def trip_note_row(note: TripNote, at_market: float) -> Row:
    return {**msgspec.to_builtins(note), "market_time": at_market}


def day_note_row(note: DayNote, at_market: float) -> Row:
    return {**msgspec.to_builtins(note), "market_time": at_market}


def trip_stop_row(stop: TripStop, at_market: float) -> Row:
    return {**msgspec.to_builtins(stop), "market_time": at_market}


def trip_link_row(link: TripLink, at_market: float) -> Row:
    return {**msgspec.to_builtins(link), "market_time": at_market}


def position_row(seen: PositionSeen) -> Row:
    row: Row = msgspec.to_builtins(seen)
    row["market_time"] = row.pop("at_market")
    return row


def notice_row(condition: Condition, at_market: float) -> Row:
    return {
        "market_time": at_market,
        "key": condition.key,
        "first_wall": condition.first_wall,
        "last_wall": condition.last_wall,
        "severity": condition.severity,
        "title": condition.title,
        "text": condition.text,
        "cure": condition.cure,
        "code": condition.code,
        "count": condition.count,
        "open": condition.open,
    }


def incident_row(incident: Incident) -> Row:
    return {
        "market_time": incident.began_market,
        "key": incident.key,
        "cause": incident.cause,
        "con_id": incident.con_id,
        "symbol": incident.symbol,
        "began_wall": incident.began_wall,
        "red_wall": incident.red_wall,
        "ended_wall": incident.ended_wall,
        "words": incident.words,
        "seen": incident.seen,
    }


def span_row(span: LineSpan) -> Row:
    return {
        "market_time": span.to_market,
        "con_id": span.con_id,
        "local_symbol": span.local_symbol,
        "line_class": span.line_class,
        "from_market": span.from_market,
        "to_market": span.to_market,
        "why": span.why,
        "end": span.end,
        "by": span.by,
    }


def rule_row(rule: Rule, at_market: float) -> Row:
    return {
        "market_time": at_market,
        "rule_id": rule.id,
        "version": rule.version,
        "kind": rule.kind,
        "deleted": rule.deleted,
        "body": msgspec.to_builtins(rule),
    }


def occurrence_row(occurrence: Occurrence) -> Row:
    return {
        "market_time": occurrence.raised_market,
        "occurrence_id": occurrence.id,
        "rule_id": occurrence.rule_id,
        "kind": occurrence.kind,
        "state": occurrence.state,
        "raised_wall": occurrence.raised_wall,
        "body": msgspec.to_builtins(occurrence),
    }


def delivery_row(delivery: Delivery) -> Row:
    return {
        "market_time": delivery.made_wall,  # nobody asks for one by the market's clock
        "occurrence_id": delivery.occurrence_id,
        "channel": delivery.channel,
        "event": delivery.event,
        "state": delivery.state,
        "body": msgspec.to_builtins(delivery),
    }


def receipt_row(delivery: Delivery) -> Row:
    """Of a delivery that was accepted."""
    return {
        "market_time": delivery.made_wall,
        "occurrence_id": delivery.occurrence_id,
        "channel": delivery.channel,
        "event": delivery.event,
        "accepted_wall": delivery.changed_wall,
        "tries": delivery.tries,
        "words": delivery.words,
    }


def upsert(table: Table, dialect: str) -> Insert:
    """INSERT that replaces the `REPLACED` columns of a row with the same unique key, or leaves it alone."""
    key, replaced = unique_columns(table), REPLACED.get(table.name, ())
    statement = _insert(table, dialect)
    if not replaced:
        return statement.on_conflict_do_nothing(index_elements=key)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=key, set_={name: _replacement(table, name, new) for name in replaced}
    )


def _insert(table: Table, dialect: str) -> sqlite.Insert | postgresql.Insert:
    if dialect == "sqlite":
        return sqlite.insert(table)
    if dialect == "postgresql":
        return postgresql.insert(table)
    raise StateError(f"journal.url: {dialect} is not known here; must be sqlite or postgresql")


def _replacement(table: Table, name: str, new: Any) -> ColumnElement[Any]:
    value: ColumnElement[Any] = new[name]
    if table is not tables.fills:
        return value
    if name in _TIMES_OF_FILL:
        return case((new["time_kind"] == "exchange", value), else_=table.c[name])
    known: ColumnElement[Any] = table.c[name]
    told = func.nullif(known, "") if isinstance(table.c[name].type, String) else known
    if name in _FIRST_STAYS:
        return func.coalesce(told, value)
    later = value
    if name in _KEPT_WHERE_EMPTY:
        if isinstance(table.c[name].type, String):
            later = func.nullif(value, "")
        later = func.coalesce(later, known)
    if name in _STATEMENT_WINS:
        return case((table.c.statement_id.is_not(None), func.coalesce(told, value)), else_=later)
    return later


BOOK: dict[Table, BookPart] = {
    tables.fills: "fills",
    tables.trip_notes: "words",
    tables.day_notes: "words",
    tables.trip_stops: "words",
    tables.trip_links: "words",
    tables.positions_seen: "positions",
}


def next_change(connection: Connection, mode: str, account: str, part: BookPart) -> int:
    """The number of a change of one account's book; whoever writes rows of that part takes it in their transaction.

    A reader that knows all up to a number finds what came after it: on a server the row is locked until the commit.
    """
    table = tables.book_changes
    first = _insert(table, connection.dialect.name).values(mode=mode, account=account, part=part, number=1)
    counted = first.on_conflict_do_update(
        index_elements=["mode", "account", "part"], set_={"number": table.c.number + 1}
    ).returning(table.c.number)
    return int(connection.execute(counted).scalar_one())


def mark_superseded(mode: str, account: str, roots: Collection[str], change_number: int) -> Update:
    """UPDATE that names, in every corrected fill of these roots, the one in force. By the index: not all are read."""
    c, newer = tables.fills.c, tables.fills.alias("newer")
    in_force = (
        select(newer.c.exec_id)
        .where(
            newer.c.mode == c.mode,
            newer.c.account == c.account,
            newer.c.model == c.model,
            newer.c.con_id == c.con_id,
            newer.c.root == c.root,
            or_(newer.c.revision > c.revision, and_(newer.c.revision == c.revision, newer.c.exec_id > c.exec_id)),
        )
        .order_by(newer.c.revision.desc(), newer.c.exec_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    mine = (c.mode == mode, c.account == account, c.root.in_(sorted(roots)))
    return update(tables.fills).values(superseded_by=in_force, change_number=change_number).where(*mine)


def unique_columns(table: Table) -> list[str]:
    """The columns that make a row of this table the same row."""
    constraint = next(item for item in table.constraints if isinstance(item, UniqueConstraint))
    return [column.name for column in constraint.columns]


def pnl_row(t: float, m: float, unrealized: float | None, realized: float | None, daily: float | None) -> Row:
    return {"market_time": m, "t": t, "unrealized": unrealized, "realized": realized, "daily": daily}


def all_tables() -> tuple[Table, ...]:
    """The tables that rows are written to."""
    return (
        tables.pnl_points,
        tables.signals,
        tables.shadow_signals,
        tables.signal_outcomes,
        tables.setting_changes,
        tables.connection_events,
        tables.fills,
        tables.notices,
        tables.line_spans,
        tables.incidents,
        tables.trip_notes,
        tables.day_notes,
        tables.trip_stops,
        tables.trip_links,
        tables.positions_seen,
        tables.alert_rules,
        tables.alert_occurrences,
        tables.alert_deliveries,
        tables.alert_receipts,
    )
