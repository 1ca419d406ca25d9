"""`GET /api/v1/fills`: executions out of the journal, and the checks of what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from app.query import finite, whole
from engine.domain import revision_of
from engine.journal.rows import NO_TRADES, FillRow
from engine.journal.source import JournalSource
from engine.portfolio.fills import is_busted, is_heading, is_master, order_doubts, price_unit, root, without_allocations
from engine.trades.standing import standing_rows

MOST = 5_000
DEFAULT = 1_000
_OF_ORDERS_MOST = 50_000  # an order's fills may reach far back
_DAY_S = 86_400.0
_ACCOUNT_MAX = 32
_KNOWN = ("since", "until", "account", "all", "limit")


class Asked(NamedTuple):
    """Exchange times, UTC epoch seconds; `until` None = no end. `account` None = all that the journal is of."""

    since: float
    until: float | None
    account: str | None
    everything: bool
    limit: int


def asked(query: Mapping[str, str], market_now: float) -> Asked | str:
    """What a query asks for, or the text of its error."""
    unknown = sorted(set(query) - set(_KNOWN))
    if unknown:
        return f"{unknown[0][:40]!r} is not known here; known are {', '.join(_KNOWN)}"
    since, until = _time(query, "since", market_now - _DAY_S), _time(query, "until", None)
    for name, value in (("since", since), ("until", until)):
        if isinstance(value, str):
            return f"{name} is {value}; must be a time in epoch seconds, e.g. {name}=1762369980"
    assert isinstance(since, float) and not isinstance(until, str)
    if until is not None and until <= since:
        return f"until is {until:.15g}, since is {since:.15g}; until must be the later one"
    account = query.get("account")
    if account is not None and not (account.isascii() and account.isalnum() and len(account) <= _ACCOUNT_MAX):
        return f"account is {account[:40]!r}; must be an account's letters and digits, e.g. account=DU1234567"
    everything = query.get("all", "0")
    if everything not in ("0", "1"):
        return f"all is {everything[:40]!r}; must be 0 (the fills in force) or 1 (corrected ones and headings, too)"
    limit = whole(query.get("limit", str(DEFAULT)), MOST)
    if limit is None:
        return f"limit is {query['limit'][:40]!r}; must be a whole number, 1-{MOST}"
    return Asked(since, until, account, everything == "1", limit)


def fills(journal: JournalSource, wanted: Asked) -> dict[str, Any]:
    """The newest `limit` of them, oldest first; `more` = there are older ones in that stretch."""
    rows = journal.fills(
        wanted.since,
        wanted.until,
        account=wanted.account,
        corrected=wanted.everything,
        limit=wanted.limit + 1,
    )
    if any(row.facts.order_level for row in rows):
        rows = _standing(rows, journal, wanted)
    more = len(rows) > wanted.limit
    rows = rows[-wanted.limit :]
    orders = {row.fill.perm_id for row in rows if _counts(row) and row.fill.perm_id is not None}
    whole = journal.fills(0.0, account=wanted.account, perm_ids=orders, limit=_OF_ORDERS_MOST) if orders else []
    doubts = order_doubts(row.fill for row in whole) if len(whole) < _OF_ORDERS_MOST else {}
    in_force = [row.fill for row in rows if _counts(row)]
    allocated = {fill.exec_id for fill in in_force if is_master(fill.account)}
    allocated -= {fill.exec_id for fill in without_allocations(in_force) if is_master(fill.account)}
    return {
        "since": wanted.since,
        "until": wanted.until,
        "limit": wanted.limit,
        "more": more,
        "problem": journal.problem or None,
        "fills": [_row(row, doubts.get(root(row.fill)) if _counts(row) else None, allocated) for row in rows],
    }


def _standing(rows: list[FillRow], journal: JournalSource, wanted: Asked) -> list[FillRow]:
    """Rows of whole orders count for what executions of their days leave of them."""
    around = journal.fills(
        rows[0].fill.time_market - _DAY_S,
        rows[-1].fill.time_market + _DAY_S,
        account=wanted.account,
        corrected=True,
        limit=_OF_ORDERS_MOST,
    )
    now = {_key(row): row for row in standing_rows(around) if row.facts.order_level}
    rows = [now.get(_key(row), row) for row in rows]
    return rows if wanted.everything else [row for row in rows if row.facts.state == "in force"]


def _key(row: FillRow) -> tuple[str, str, str]:
    return (row.fill.account, row.fill.model, row.fill.exec_id)


def _row(row: FillRow, doubt: str | None, allocated: set[str]) -> dict[str, Any]:
    fill = row.fill
    why_not = _why_not(row, allocated)
    return {
        "exec_id": fill.exec_id,
        "account": fill.account,
        "model": fill.model or None,
        "con_id": fill.con_id,
        "local_symbol": fill.local_symbol,
        "sec_type": fill.sec_type or None,
        "side": fill.side,
        "opening": fill.opening,
        "quantity": fill.quantity,
        "price": fill.price,
        "price_unit": price_unit(fill),
        "price_magnifier": fill.price_magnifier,
        "price_pending": fill.price_pending,
        "multiplier": fill.multiplier,
        "currency": fill.currency or None,
        "time": fill.time_market,
        "time_kind": fill.time_kind,
        "exchange_time": fill.exchange_time or None,
        "exchange_zone": fill.exchange_zone or None,
        "trade_date": fill.trade_date or None,
        "exchange": fill.exchange,
        "commission": fill.commission,
        "commission_currency": fill.commission_currency or None,
        "commission_state": "pending" if fill.commission is None else "reported",
        "realized": fill.realized_pnl,
        "cum_quantity": fill.cum_quantity,
        "check": doubt,
        "revision": revision_of(fill.exec_id),
        "superseded_by": row.superseded_by,
        "counts": why_not is None,
        "why_not": why_not,
        "perm_id": fill.perm_id,
        "order_id": fill.order_id,
        "client_id": fill.client_id,
        "order_ref": fill.order_ref or None,
        "liquidation": fill.liquidation,
        "source": row.source,
    }


def _counts(row: FillRow) -> bool:
    return _why_not(row, set()) is None


def _why_not(row: FillRow, allocated: set[str]) -> str | None:
    """Why a sum leaves this record out; None = it counts."""
    if row.superseded_by is not None:
        return "corrected"
    if row.facts.state != "in force":
        return row.facts.state
    if row.facts.kind in NO_TRADES:
        return row.facts.kind
    if is_heading(row.fill):
        return "combination"
    if is_busted(row.fill):
        return "busted"
    if is_master(row.fill.account) and row.fill.exec_id in allocated:
        return "allocated"
    return None


def _time(query: Mapping[str, str], name: str, default: float | None) -> float | str | None:
    """A text is what stood there in place of a time."""
    text = query.get(name)
    if text is None:
        return default
    value = finite(text)
    return repr(text[:40]) if value is None else value
