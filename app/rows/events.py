"""The last things that happened, merged from signals, lines, fills and conditions; newest first. Pure.

A text holds "{sym}" where the symbol stands, so that the browser can make it a link.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from app.format import number, quantity, redacted, signed
from app.snapshots import Snapshots
from engine.portfolio.fills import price_unit
from engine.prices.decimals import exact_decimals, price_decimals

MOST = 14
_CLOCK_SAYS_S = 20 * 3_600.0  # rows show a time without a date


class Event(NamedTuple):
    at_market: float
    key: str
    icon: str
    text: str
    sym: str = ""
    con_id: int | None = None


def event_rows(s: Snapshots, most: int = MOST) -> dict[str, Any]:
    """Rows of "Events"; key stable per event."""
    events = sorted([*_signals(s), *_lines(s), *_fills(s), *_conditions(s)], key=lambda e: -e.at_market)
    return {
        e.key: {
            "order": -round(e.at_market),
            "at": {"at": round(e.at_market), "clock": "hms"},
            "icon": [e.icon, e.icon],
            "text": {"text": e.text, "sym": e.sym, "con": e.con_id},
        }
        for e in events[:most]
    }


def _signals(s: Snapshots) -> list[Event]:
    out = []
    for g in s.signals.signals[-MOST:] if s.signals else ():
        word = "breakout" if g.side == "long" else "breakdown"
        arrow, level = "▲" if g.side == "long" else "▼", number(g.level, exact_decimals(g.level))
        text = f"{arrow} {{sym}} {word} at {level}, score at signal {number(g.score, 2)}"
        if g.before_look:
            text += ", before QTrade looked"
        out.append(Event(g.at, f"s{g.id}", "signal", text, g.local_symbol, g.con_id))
        if g.ended_at is not None:
            text = f"{arrow} {{sym}} signal ended, back behind {number(g.level, exact_decimals(g.level))}"
            out.append(Event(g.ended_at, f"e{g.id}", "ended", text, g.local_symbol, g.con_id))
    return out


def _lines(s: Snapshots) -> list[Event]:
    """Requests refused by the budget or by TWS; who merely ranks too low is on the Lines page."""
    if s.lines is None:
        return []
    refused = [r for r in s.lines.refused if not r.contest]
    return [
        Event(
            s.market_time(r.at_wall),
            f"r{r.con_id}",
            "refused",
            refusal_text(r.reason),
            r.local_symbol,
            r.con_id,
        )
        for r in refused[:MOST]
    ]


def refusal_text(reason: str) -> str:
    """ "Cannot subscribe to {sym}: <reason>", whether or not the reason says so itself."""
    head, _, tail = reason.partition(": ")
    return f"Cannot subscribe to {{sym}}: {tail if head.startswith('Cannot subscribe') and tail else reason}"


def _fills(s: Snapshots) -> list[Event]:
    if s.positions is None:
        return []
    out = []
    several = len({f.account for f in s.positions.fills}) > 1
    since = s.market_time(s.now) - _CLOCK_SAYS_S  # the journal's go back further
    for f in [f for f in s.positions.fills if f.time_market >= since][-MOST:]:
        word = "Bought" if f.side == "BOT" else "Sold"
        tail = f", realised {signed(f.realized_pnl)}" if f.realized_pnl is not None else ""
        unit = f" {unit}" if (unit := price_unit(f)) not in (None, f.currency) else ""
        decimals = max(price_decimals(f.price, f.sec_type), exact_decimals(f.price))
        price = f"{number(f.price, decimals)}{unit}"
        tail += f", {redacted(f.account)}" if several else ""
        tail += ", time uncertain" if f.time_kind == "received" else ""
        text = f"{word} {quantity(f.quantity)} {{sym}} @ {price}{tail}"
        key = f"f{f.account if several else ''}{f.exec_id}"
        out.append(Event(f.time_market, key, "fill", text, f.local_symbol, f.con_id))
    return out


def _conditions(s: Snapshots) -> list[Event]:
    if s.health is None:
        return []
    return [
        Event(
            s.market_time(c.last_wall),
            f"c{c.key}",
            c.severity,
            c.title + (f" ({c.code})" if c.code is not None else "") + (f", {c.count} times" if c.count > 1 else ""),
        )
        for c in s.health.conditions[:MOST]
    ]
