"""`GET /api/v1/lines`: who holds each market-data line, what was refused, how the spare lines rotate. Pure.

Times are UTC epoch seconds of this machine; a missing number is null.
"""

from __future__ import annotations

from typing import Any

from app.api_views import age_s
from app.deps import AppDeps
from app.snapshots import Snapshots
from engine.domain import LineRow
from engine.state.sections import CoverageSection, LinesSection

Json = dict[str, Any]


def lines(s: Snapshots, deps: AppDeps) -> Json:
    """Every line that is held now, the newest refusals, and how the spare lines rotate.

    `learned_cap` is null while the configured limit holds; `coverage` until the engine has said what it covers.
    """
    section = s.lines
    limit = deps.config.lines.limit
    return {
        "limit": section.limit if section else limit,
        "effective_limit": section.effective_limit if section else limit,
        "learned_cap": _learned_cap(section),
        "lines": [_line(row, s.now) for row in section.rows] if section else [],
        "refused": [
            {
                "con_id": item.con_id,
                "local_symbol": item.local_symbol,
                "reason": item.reason,
                "at": item.at_wall,
                "count": item.count,
            }
            for item in (section.refused if section else ())
        ],
        "coverage": _coverage(s.coverage),
    }


def _learned_cap(section: LinesSection | None) -> Json | None:
    if section is None or not section.learned_cap_text:
        return None
    return {"limit": section.effective_limit, "story": section.learned_cap_text}


def _coverage(section: CoverageSection | None) -> Json | None:
    """`symbols` is the whole universe by name: `line_class` null = no line now, `last_visit` null = none of today."""
    if section is None:
        return None
    return {
        "lines": section.lines,
        "confirming": section.confirming,
        "visits_per_minute": section.visits_per_minute,
        "dwell_s": section.dwell_s,
        "messages_per_s": section.messages_per_s,
        "as_of": section.as_of_wall,
        "symbols": [
            {
                "con_id": row.con_id,
                "local_symbol": row.local_symbol,
                "lane": row.lane,
                "line_class": row.line_class,
                "last_visit": row.last_visit_wall,
                "visits": row.visits,
                "why": row.why,
            }
            for row in section.rows
        ],
    }


def _line(row: LineRow, now: float) -> Json:
    """`priority` is 100, 50 or 25, or the word "pinned" or "coverage": as text a key of `by_priority`.

    `score` is that of the candidate, 0-1; null = a position, a pin or a visit, which go by no score.
    `dwell_left_s`: only a position's admission ends the line sooner; null = a position, which does not rotate. It
    begins with the first tick, at the latest a second after the request has left.
    `next_out` 1 leaves first, coverage before all others; null = never.
    """
    return {
        "con_id": row.con_id,
        "local_symbol": row.local_symbol,
        "priority": row.priority if row.priority is not None else row.line_class,
        "reason": row.reason,
        "since": row.since_wall,
        "last_tick_age_s": age_s(row.last_tick_wall, now),
        "holders": row.holders,
        "lane": row.lane,
        "state": row.state,
        "score": row.score,
        "held_s": round(max(0.0, now - row.since_wall), 1),
        "dwell_left_s": _dwell_left_s(row, now),
        "next_out": row.next_out,
        "message": row.message,
    }


def _dwell_left_s(row: LineRow, now: float) -> float | None:
    if row.dwell_s is None:
        return None
    begun_s = 0.0 if row.dwell_from_wall is None else now - row.dwell_from_wall
    return round(min(row.dwell_s, max(0.0, row.dwell_s - begun_s)), 1)
