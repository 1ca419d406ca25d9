"""The last things that happened, newest first: signals and their ends, refusals, fills, outages, conditions, opening
and close. Pure.

The newest of all, but each kind keeps its newest: a day of many signals must not push out the one fill. A text holds
"{sym}" where the symbol stands, so that the browser can make it a link.
"""

from __future__ import annotations

from datetime import date, tzinfo
from typing import Any, NamedTuple

from app.format import number, quantity, redacted, signed
from app.rows.incidents import duration
from app.snapshots import Snapshots
from engine.clock import local_time
from engine.domain import Incident
from engine.portfolio.fills import price_unit
from engine.prices.decimals import exact_decimals, price_decimals

MOST = 14
KEPT = 2  # of each kind, whatever else happened since
_CLOCK_SAYS_S = 20 * 3_600.0  # what is older is no news any more


class Event(NamedTuple):
    """`key`: its first letter says of which kind it is."""

    at_market: float
    key: str
    icon: str
    text: str
    sym: str = ""
    con_id: int | None = None

    @property
    def kind(self) -> str:
        return self.key[0]


def event_rows(s: Snapshots, most: int = MOST) -> dict[str, Any]:
    """Rows of "Events"; key stable per event."""
    today = local_time(s.market_time(s.now), s.zone).date()
    return {
        e.key: {
            "order": -round(e.at_market),
            "at": _when(e.at_market, today, s.zone),
            "icon": [e.icon, e.icon],
            "text": {"text": e.text, "sym": e.sym, "con": e.con_id},
        }
        for e in _chosen([*_signals(s), *_lines(s), *_fills(s), *_sessions(s), *_outages(s), *_conditions(s)], most)
    }


def _when(at_market: float, today: date, zone: tzinfo) -> dict[str, Any]:
    """The time; of another day than the clock's its weekday, too."""
    day = local_time(at_market, zone)
    if day.date() == today:
        return {"at": round(at_market), "clock": "hms"}
    return {"at": round(at_market), "clock": "hm", "text": f"{day:%a} {{at}}"}


def _chosen(events: list[Event], most: int) -> list[Event]:
    """The newest, `KEPT` of each kind among them; newest first."""
    newest = sorted(events, key=lambda e: -e.at_market)
    kinds: dict[str, list[Event]] = {}
    for event in newest:
        kinds.setdefault(event.kind, []).append(event)
    kept = [event for of_kind in kinds.values() for event in of_kind[:KEPT]]
    rest = [event for event in newest if event not in kept][: max(0, most - len(kept))]
    return sorted([*kept, *rest], key=lambda e: -e.at_market)[:most]


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


def _sessions(s: Snapshots) -> list[Event]:
    """Opening and close of the US stocks, as far as they are past."""
    now = s.market_time(s.now)
    known = (s.pnl.sessions or ()) if s.pnl is not None else ()
    told = [(at, word) for opens, closes in known for at, word in ((opens, "opened"), (closes, "closed"))]
    return [
        Event(at, f"m{at:.0f}", "session", f"New York {word}") for at, word in told if now - _CLOCK_SAYS_S <= at <= now
    ]


def _outages(s: Snapshots) -> list[Event]:
    """Each outage once: going on since it began, else over, with how long it took."""
    titles = {each.cause: each.title for each in s.incidents.figures if each.con_id is None} if s.incidents else {}
    out = []
    for each in _newest_outages(s):
        what = titles.get(each.cause, each.cause) + (", {sym}" if each.symbol else "")
        key, symbol = f"o{each.key}{each.began_wall:.0f}", (each.symbol, each.con_id)
        if each.ended_wall is None:
            out.append(Event(each.began_market, key, "error", f"{what}: outage, going on", *symbol))
        elif each.seen:
            took = duration(each.ended_wall - each.began_wall)
            out.append(Event(s.market_time(each.ended_wall), key, "pass", f"{what}: outage of {took}, over", *symbol))
    return out


def _newest_outages(s: Snapshots) -> list[Incident]:
    """Those that began or ended within the time that is news."""
    since = s.now - _CLOCK_SAYS_S
    return [
        each for each in (s.incidents.newest if s.incidents else ()) if (each.ended_wall or each.began_wall) >= since
    ]


def _conditions(s: Snapshots) -> list[Event]:
    """What is no outage: those stand there with their length."""
    if s.health is None:
        return []
    outages = {each.key for each in _newest_outages(s)}
    return [
        Event(
            s.market_time(c.last_wall),
            f"c{c.key}",
            c.severity,
            c.title + (f" ({c.code})" if c.code is not None else "") + (f", {c.count} times" if c.count > 1 else ""),
        )
        for c in [c for c in s.health.conditions if c.key not in outages][:MOST]
    ]
