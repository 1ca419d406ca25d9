"""The day's time line of the lines: who held one when, why, and why it went. Pure.

Coverage visits are not in it: there are nine a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.format import plural
from app.rows.lines import CLASS_ORDER
from app.snapshots import Snapshots
from engine.domain import LineSpan

MOST_SPANS = 400  # an answer of at most 60 kB
LEAST_S = 1_800.0  # the axis never shows less than half an hour
Row = dict[str, Any]


def line_day(spans: Sequence[LineSpan], s: Snapshots, since_market: float) -> dict[str, Any]:
    """One row a symbol, positions first, then by the class it had and when it came.

    A span is [from, to, class, held for, why it went, who took it]; `to` None = it holds the line now. Market seconds.
    """
    now = s.market_time(s.now)
    rows: dict[int, Row] = {}
    for span in spans:
        start = max(span.from_market, since_market)
        part = [round(start), round(span.to_market), span.line_class, span.why, span.end, span.by]
        _row(rows, span.con_id, span.local_symbol)["spans"].append(part)
    for line in s.lines.rows if s.lines else ():
        if line.line_class != "coverage":
            start = max(s.market_time(line.since_wall), since_market)
            still: list[Any] = [round(start), None, line.line_class, line.reason, "", ""]
            _row(rows, line.con_id, line.local_symbol)["spans"].append(still)
    first = min((part[0] for row in rows.values() for part in row["spans"]), default=round(now))
    return {
        "from": min(first, round(now - LEAST_S)),
        "now": round(now),
        "rows": sorted(rows.values(), key=_order),
        "words": _words(spans, rows),
    }


def _row(rows: dict[int, Row], con_id: int, local_symbol: str) -> Row:
    return rows.setdefault(con_id, {"con": con_id, "sym": local_symbol, "spans": []})


def _order(row: Row) -> tuple[int, int, str]:
    strongest = min(CLASS_ORDER.get(part[2], 9) for part in row["spans"])
    return strongest, row["spans"][0][0], row["sym"]


def _words(spans: Sequence[LineSpan], rows: dict[int, Row]) -> str:
    evicted = sum(1 for span in spans if span.by)
    cut = f" · the newest {MOST_SPANS} that ended" if len(spans) >= MOST_SPANS else ""
    lines = sum(len(row["spans"]) for row in rows.values())
    return f"today · {plural(lines, 'line')} of {plural(len(rows), 'symbol')}, {evicted} evicted{cut}"
