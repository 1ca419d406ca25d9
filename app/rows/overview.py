"""The parts of the Overview page, put together from the builders of its blocks. Pure."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from app.rows.events import event_rows
from app.rows.fresh import at_the_moment, dated, quotes_of
from app.rows.gauge import legend
from app.rows.heat import CUTS, heat_rows
from app.rows.key_figures import key_figures
from app.rows.lines import budget_state, headline
from app.rows.market_strip import market_part
from app.rows.positions import dated_rows, grid_rows, positions_state, summary, total_row
from app.rows.signals import signal_counts, top_signals
from app.rows.states import OWN, broker_state, empty, market_state
from app.rows.watchlists import watch_parts, watch_state
from app.snapshots import Snapshots
from engine.domain import Candidate, Quote

View = dict[str, dict[str, Any]]
MOST_HEAT = 48  # a dozen is shown; a column keeps its place and its values when its symbol falls behind
FLAT_S = 10.0  # a flat stretch of the curve has one point in 8 s: so long the last one stands for now


def overview_parts(s: Snapshots) -> View:
    """Everything the Overview shows beside the strip."""
    quotes = quotes_of(s)
    signals = top_signals(s)
    best = _priced_first(s.scanners.candidates if s.scanners else (), quotes)[:MOST_HEAT]
    heat = at_the_moment(best, quotes)
    events = event_rows(s)
    return {
        "figures": key_figures(s.positions),
        "grid:positions": grid_rows(s.positions, s),
        "grid:total": total_row(s.positions),
        "positions": summary(s.positions),
        "lines": {**headline(s.lines), **(legend(s.lines) if s.lines else {})},
        "rows:signals": signals,
        "signals": {"count": signal_counts(s)},
        "rows:topheat": heat_rows(heat),
        "heatcuts": CUTS,
        "rows:events": events,
        "tail:pnl": pnl_tail(s),
        **watch_parts(s),
        "market": market_part(s),
        "pnl": {"day": round(s.pnl.day_start) if s.pnl is not None and s.pnl.day_start is not None else None},
        "state": {
            "positions": positions_state(s),
            "lines": budget_state(s),
            "signals": market_state(
                s, signals_state(s, bool(signals)), dated(s, [row["sym"]["con"] for row in signals.values()], quotes)
            ),
            "heat": market_state(s, scan_state(s, bool(heat)), dated(s, [c.con_id for c in heat], quotes)),
            "events": OWN
            if events
            else empty("Nothing happened yet", "Signals, fills, refusals and faults come here."),
            "pnl": pnl_state(s),
            "watch": watch_state(s),
        },
    }


def _priced_first(candidates: tuple[Candidate, ...], quotes: dict[int, Quote]) -> tuple[Candidate, ...]:
    """The same order, but who has no price yet last: a column of dashes answers nothing."""
    priced = {con_id for con_id, quote in quotes.items() if quote.price is not None}
    return tuple(sorted(candidates, key=lambda c: c.price is None and c.con_id not in priced))


def pnl_tail(s: Snapshots) -> dict[str, Any]:
    """The newest points of the day's P&L by market second; gaps (None) stay None, a reset is "cut"."""
    if s.pnl is None:
        return {}
    out: dict[str, Any] = {}
    points = s.pnl.points
    for p, after in zip_longest(points, points[1:]):
        if p.daily is None and p.unrealized is None and p.realized is not None:
            if after is not None:
                out[str(round(after.m) - 0.5)] = "cut"
        else:
            out[str(round(p.m))] = None if p.daily is None else round(p.daily, 2)
    is_shut = s.broker is not None and s.broker.session in ("closed", "weekend")
    return _turns(out) if is_shut else out


def _turns(tail: dict[str, Any]) -> dict[str, Any]:
    """Without the points that say what the one before said: a level curve of a closed market is no news."""
    values = list(tail.values())
    return {moment: value for i, (moment, value) in enumerate(tail.items()) if i == 0 or value != values[i - 1]}


def pnl_state(s: Snapshots) -> dict[str, Any]:
    """The curve is live once the running day has a point."""
    waiting = empty("No point yet", "One point is kept every 2 s as soon as the account's P&L comes.")
    since = s.pnl.day_start if s.pnl is not None else None
    points = s.pnl.points if s.pnl is not None else ()
    begun = any(p.daily is not None and (since is None or p.m >= since) for p in points)
    state = broker_state(s, s.pnl, begun, waiting)
    if state != OWN or s.pnl is None:
        return market_state(s, state, dated_rows(s))
    newest = s.pnl.points[-1]
    if newest.daily is None:
        return {"s": "stale", "since": round(newest.t, 1), "text": "The broker sends no P&L. The last known curve."}
    rows = dated_rows(s)
    fresh = market_state(s, state, rows)
    if fresh["s"] == "live" and rows and s.now - newest.t > FLAT_S:
        fresh["from"] = min(fresh["from"], round(newest.t, 1))
    return fresh


def scan_state(s: Snapshots, has_rows: bool) -> dict[str, Any]:
    """State of what the scanners fill; says how far the warming is."""
    section = s.scanners
    done = None
    if section is not None and section.universe:
        done = 100.0 * section.with_bars / section.universe
    text = (section.warming_text if section else "") or "A market scan takes 25 to 45 s the first time."
    return broker_state(s, section, has_rows, empty("No candidate yet", text, done))


def signals_state(s: Snapshots, has_rows: bool) -> dict[str, Any]:
    """State of the signal table."""
    state = scan_state(s, has_rows)
    if state["s"] == "empty":
        return {**state, "title": "No signal yet"}
    return state
