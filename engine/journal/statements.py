"""Pure: domain values -> rows, and the statement that writes them so that repeating it changes nothing."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Table, UniqueConstraint
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from engine.domain import Condition, Fill, LineSpan, Signal
from engine.errors import StateError
from engine.journal import tables
from engine.journal.rows import ConnectionEvent, SettingChange, SignalOutcome

Row = dict[str, Any]

# A later state of the same thing replaces these columns; tables that are not named here keep the first row.
REPLACED: dict[str, tuple[str, ...]] = {
    "signals": ("state", "score", "body"),
    "shadow_signals": ("state", "score", "body"),
    "setting_changes": ("reverted",),
    "fills": ("commission", "realized_pnl"),
    "notices": ("last_wall", "severity", "title", "text", "cure", "count", "open"),
}


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


def fill_row(fill: Fill) -> Row:
    return {
        "market_time": fill.time_market,
        "exec_id": fill.exec_id,
        "con_id": fill.con_id,
        "local_symbol": fill.local_symbol,
        "side": fill.side,
        "quantity": fill.quantity,
        "price": fill.price,
        "exchange": fill.exchange,
        "commission": fill.commission,
        "realized_pnl": fill.realized_pnl,
    }


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


def upsert(table: Table, dialect: str) -> Insert:
    """INSERT that replaces the `REPLACED` columns of a row with the same unique key, or leaves it alone."""
    if dialect not in ("sqlite", "postgresql"):
        raise StateError(f"journal.url: {dialect} is not known here; must be sqlite or postgresql")
    key = unique_columns(table)
    replaced = REPLACED.get(table.name, ())
    if dialect == "sqlite":
        lite = sqlite.insert(table)
        if not replaced:
            return lite.on_conflict_do_nothing(index_elements=key)
        return lite.on_conflict_do_update(index_elements=key, set_={name: lite.excluded[name] for name in replaced})
    post = postgresql.insert(table)
    if not replaced:
        return post.on_conflict_do_nothing(index_elements=key)
    return post.on_conflict_do_update(index_elements=key, set_={name: post.excluded[name] for name in replaced})


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
    )
