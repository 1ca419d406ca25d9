"""The line budget: headline and gauge, ledger rows, refusals, the change time line. Pure."""

from __future__ import annotations

from typing import Any

from app.figures.zones import minute_text
from app.format import LINE_CLASSES, plural, share
from app.rows.answers import answers_part
from app.rows.coverage import coverage_parts, coverage_state
from app.rows.gauge import cells, kept, legend, status_word, taken
from app.rows.states import LOADING, OWN, State, broker_state, dated_line, empty, market_state
from app.snapshots import Snapshots
from engine.domain import LineRow, SymbolEvent
from engine.state.sections import LinesSection

View = dict[str, dict[str, Any]]
WINDOW_S = 1800.0
DRAWN = ("admitted", "upgraded", "evicted", "released", "refused")
SOON_S = 5.0  # the gateway's clock is known to the second or so

CLASS_ORDER = {"100": 0, "pinned": 1, "50": 2, "25": 3, "coverage": 4}


def lines_parts(s: Snapshots) -> View:
    """Everything the Lines page shows beside the strip."""
    section = s.lines
    none = empty("No line in use", "Lines appear here when positions or scanners ask for market data.")
    return {
        "lines": {**headline(section), **(legend(section) if section else {}), **_sums(section)},
        "grid:lines": ledger(s),
        "rows:refused": refused(section, s),
        "line_events": line_events(section, s),
        "marks:lines": marks(s),
        "tail:used": used_tail(section),
        **coverage_parts(s),
        "answers": answers_part(s.answers),
        "state": {
            "lines": budget_state(s),
            "ledger": ledger_state(s, none),
            "coverage": coverage_state(s),
            "refused": OWN
            if section and section.refused
            else empty("Nothing refused", "A request that finds no free line is listed here with the reason."),
            "changes": broker_state(
                s,
                section,
                bool(section and section.used_history),
                empty("No change yet", "Admissions, evictions and refusals of the last 30 minutes are drawn here."),
            ),
        },
    }


def budget_state(s: Snapshots) -> State:
    """The gauge's: a budget is there from the start, so that without a connection its zeros may be no last values."""
    state = broker_state(s, s.lines, bool(s.lines), LOADING)
    if state["s"] == "stale" and s.lines is not None and not s.lines.used:
        return {**state, "text": "No connection to the broker: no line is in use."}
    return state


def ledger_state(s: Snapshots, none: State) -> State:
    """As fresh as the oldest tick of a line that streams; visits last seconds and are none."""
    rows = s.lines.rows if s.lines else ()
    streaming = [dated_line(row) for row in rows if row.line_class != "coverage" and row.last_tick_wall is not None]
    return market_state(s, broker_state(s, s.lines, bool(rows), none), streaming)


def headline(section: LinesSection | None) -> dict[str, Any]:
    """The big number and the sentence beside it."""
    if section is None:
        return {"used": None, "limit": None, "word": None, "gauge": ""}
    not_positions = section.used - section.by_class.get("100", 0)
    return {
        "used": str(section.used),
        "limit": str(section.limit),
        "word": status_word(section),
        "gauge": cells(section),
        "share": f"{share(100.0 * section.used / section.limit, 0)} of the budget in use" if section.limit else None,
        "capacity": f"scanner capacity {section.scanner_capacity} = {section.effective_limit} − {section.buffer} · ",
        "in_use": f"{not_positions} in use",
        "short": f"scanners {not_positions} of {section.scanner_capacity}",
        "alt": gauge_words(section),
    }


def gauge_words(section: LinesSection) -> str:
    """The gauge in a sentence, for those who do not see it."""
    counts = [f"{section.by_class.get(name, 0)} {word}" for name, word in LINE_CLASSES.items()]
    return (
        f"{section.used} of {section.limit} lines in use: "
        + ", ".join(counts)
        + f", {kept(section)} kept for positions"
        + (f", {taken(section)} used by TWS windows" if taken(section) else "")
    )


def _sums(section: LinesSection | None) -> dict[str, Any]:
    """The arithmetic under the gauge."""
    if section is None:
        return {}
    by = section.by_class
    words = (("pinned", "pinned"), ("50", "top"), ("25", "normal"), ("coverage", "coverage"))
    in_use = section.used - by.get("100", 0)
    parts = [f"{by.get(name, 0)} {word}" for name, word in words if by.get(name, 0) or name != "pinned"]
    positions = by.get("100", 0)
    tail = section.learned_cap_text or "learned cap: none"
    return {
        "sum_limit": str(section.effective_limit),
        "sum_buffer": str(section.buffer),
        "sum_capacity": str(section.scanner_capacity),
        "sum_in_use": str(in_use),
        "sum_parts": "= " + " + ".join(parts),
        "sum_positions": f"{min(positions, section.buffer)}",
        "sum_tail": f"of the buffer · {tail}",
        "count": plural(section.used, "line"),
        "n_all": str(len(section.rows)),
        "n_held": str(sum(1 for row in section.rows if row.line_class != "coverage")),
        "n_coverage": str(sum(1 for row in section.rows if row.line_class == "coverage")),
    }


def ledger(s: Snapshots) -> dict[str, Any]:
    """One row a held line: positions first, then in the order in which they would leave, the next one first.

    `out` counts the held lines only: the visits of coverage go before all of them, and the browser makes their rows
    out of "seen". The grid sorts by `out` itself (None first), so that a swap does not renumber every row twice.
    """
    if s.lines is None:
        return {}
    section = s.lines
    held = sorted((row for row in section.rows if row.line_class != "coverage"), key=_ledger_order)
    leaving = [row.con_id for row in held if row.next_out is not None]
    place = {con_id: i for i, con_id in enumerate(leaving, start=1)}
    return {str(row.con_id): _ledger_row(row, place.get(row.con_id), s) for row in held}


def _ledger_order(row: LineRow) -> tuple[bool, int, int, str]:
    never = row.next_out is None
    return (not never, row.next_out or 0, CLASS_ORDER.get(row.line_class, 9), row.local_symbol)


def _ledger_row(row: LineRow, out: int | None, s: Snapshots) -> dict[str, Any]:
    by, why = wanted_words(row, s), row.message or row.reason
    return {
        "sym": row.local_symbol,
        "cls": row.line_class,
        "lane": row.lane,
        "by": by,
        "why": why if row.kept_until_wall is None else f"{KEPT_WHY}. It was: {why}",
        "state": row.state,
        "since": round(row.since_wall),
        "at": None if row.last_tick_wall is None else round(row.last_tick_wall),
        "out": out,
    }


def refused(section: LinesSection | None, s: Snapshots) -> dict[str, Any]:
    """Newest first; a repeated refusal is one row with its count."""
    if section is None:
        return {}
    newest = sorted(section.refused, key=lambda r: -r.at_wall)[:50]
    return {
        str(r.con_id): {
            "order": -round(r.at_wall),
            "at": {"at": round(s.market_time(r.at_wall)), "clock": "hms"},
            "sym": {"sym": r.local_symbol, "con": r.con_id},
            "reason": _short(r.reason),
            "count": f"{r.count}×" if r.count > 1 else "",
        }
        for r in newest
    }


def _short(reason: str) -> str:
    """Without the symbol, which stands beside it; a per cent sign does not go to a line of its own."""
    told = reason.partition(": ")[2] if reason.startswith("Cannot subscribe") else reason
    return (told or reason).replace(" %", "\u00a0%")


def line_events(section: LinesSection | None, s: Snapshots) -> dict[str, Any]:
    """Levels and words of the change chart."""
    if section is None:
        return {}
    recent = _recent(s)
    counts = {kind: sum(1 for e in recent if e.kind == kind) for kind in ("evicted", "refused")}
    return {
        "words": f"{_stretch(section, s)} · {plural(counts['evicted'], 'swap')}, {counts['refused']} refused",
        "limit": section.limit,
        "near": section.limit * 9 // 10,
        "refused_count": plural(len(section.refused), "symbol") if section.refused else None,
    }


HOLDERS = {"drill-down": "an open page"}  # the engine's names that say nothing to a trader


KEPT_WHY = "No scan asks now; it may come back, and gives way before others"


def wanted_words(row: LineRow, s: Snapshots) -> str:
    """Who wants this line; of one that no scan names any more until when it is kept."""
    if row.holders:
        return ", ".join(HOLDERS.get(name, name) for name in row.holders)
    if row.kept_until_wall is not None:
        return f"kept until {minute_text(s.market_time(row.kept_until_wall), s.zone)}"
    return "no one any more"


def _stretch(section: LinesSection, s: Snapshots) -> str:
    """How far back it goes: no further than this connection's engine, which a restart or another broker makes anew."""
    first = section.used_history[0][0] if section.used_history else s.now
    if s.now - first >= WINDOW_S - SOON_S:
        return "last 30 min"
    return f"since {minute_text(s.market_time(first), s.zone)}, when QTrade began with this broker"


def marks(s: Snapshots) -> dict[str, Any]:
    """The marks of the change chart, all of the last 30 minutes: [market s, kind, symbol, text, con_id]."""
    return {
        f"{e.at_market:.1f}.{e.kind}.{e.local_symbol}": [round(e.at_market), e.kind, e.local_symbol, e.text, e.con_id]
        for e in _recent(s)
        if e.kind in DRAWN
    }


def _recent(s: Snapshots) -> list[SymbolEvent]:
    """Of the last 30 minutes of this machine's clock, as the chart's axis is; at market time."""
    since, until = s.market_time(s.now - WINDOW_S), s.market_time(s.now + SOON_S)
    return [e for e in (s.line_events.events if s.line_events else ()) if since <= e.at_market <= until]


def used_tail(section: LinesSection | None) -> dict[str, Any]:
    """Lines in use at each change, by wall second; the browser draws the steps."""
    if section is None:
        return {}
    return {str(round(at)): used for at, used in section.used_history}
