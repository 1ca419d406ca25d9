"""The day's time line of the lines: who held one when, why, and why it went. Pure.

Coverage visits are not in it: there are nine a second. A line that went with the connection and came back soon is one
bar with an outage in it: the symbol has held it all the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from app.format import plural
from app.rows.lines import CLASS_ORDER
from app.snapshots import Snapshots
from engine.domain import LineSpan

SPANS_READ = 6_000  # of a day: four a minute are many
MOST_BARS = 400  # an answer of at most 60 kB
LEAST_S = 1_800.0  # the axis never shows less than half an hour
LOST = ("lost with the connection", "TWS has no such line any more")  # engine.lines.executor's words
GOT_BACK_S = 900.0  # wall seconds: an outage longer than that ends what a symbol held
Row = dict[str, Any]


class _Bar(NamedTuple):
    """One line, market seconds; `end` None = it is held now. `gaps` = when the connection was away meanwhile."""

    con_id: int
    sym: str
    start: float
    end: float | None
    line_class: str
    why: str
    went: str
    by: str
    gaps: tuple[tuple[float, float], ...] = ()


def line_day(spans: Sequence[LineSpan], s: Snapshots, since_market: float) -> dict[str, Any]:
    """One row a symbol, positions first, then by the class it had and when it came.

    A span is [from, to, class, held for, why it went, who took it, outages]; `to` None = it holds the line now. Market
    seconds.
    """
    now = s.market_time(s.now)
    all_bars = _joined(
        [*_ended(spans, now), *_held(s)], GOT_BACK_S * max(1.0, s.broker.clock_rate if s.broker else 1.0)
    )
    bars = _most_telling(all_bars, now)
    rows: dict[int, Row] = {}
    for bar in bars:
        start = round(max(bar.start, since_market))
        end = None if bar.end is None else round(bar.end)
        gaps = [[round(lost), round(back)] for lost, back in bar.gaps if back > since_market]
        row = rows.setdefault(bar.con_id, {"con": bar.con_id, "sym": bar.sym, "spans": []})
        row["spans"].append([start, end, bar.line_class, bar.why, bar.went, bar.by, gaps])
    first = min((part[0] for row in rows.values() for part in row["spans"]), default=round(now))
    return {
        "from": min(first, round(now - LEAST_S)),
        "now": round(now),
        "rows": sorted(rows.values(), key=_order),
        "words": _words(all_bars, len(all_bars) - len(bars)),
    }


def _ended(spans: Sequence[LineSpan], now: float) -> list[_Bar]:
    """What the journal holds; nothing ended later than now (a journal of before may say so)."""
    return [
        _Bar(e.con_id, e.local_symbol, min(e.from_market, now), min(e.to_market, now), e.line_class, e.why, e.end, e.by)
        for e in spans
    ]


def _held(s: Snapshots) -> list[_Bar]:
    return [
        _Bar(
            line.con_id,
            line.local_symbol,
            s.market_time(line.since_wall if line.opened_wall is None else line.opened_wall),
            None,
            line.line_class,
            line.reason,
            "",
            "",
        )
        for line in (s.lines.rows if s.lines else ())
        if line.line_class != "coverage"
    ]


def _joined(bars: list[_Bar], got_back_s: float) -> list[_Bar]:
    """A line that was lost with the connection and the one that the symbol got soon after are one."""
    out: list[_Bar] = []
    newest: dict[int, int] = {}  # con_id -> place of its newest bar
    for bar in sorted(bars, key=lambda bar: (bar.start, bar.end is None)):
        place = newest.get(bar.con_id)
        before = out[place] if place is not None else None
        if place is None or before is None or before.end is None or not _goes_on(before, bar, got_back_s):
            newest[bar.con_id] = len(out)
            out.append(bar)
            continue
        strongest = min(before.line_class, bar.line_class, key=lambda name: CLASS_ORDER.get(name, 9))
        gaps = (*before.gaps, (before.end, bar.start))
        out[place] = bar._replace(start=before.start, line_class=strongest, gaps=gaps)
    return out


def _goes_on(before: _Bar, bar: _Bar, got_back_s: float) -> bool:
    return before.went in LOST and before.end is not None and 0.0 <= bar.start - before.end <= got_back_s


def _most_telling(bars: list[_Bar], now: float) -> list[_Bar]:
    """Where there are too many, the shortest ordinary ones go: what was held all day stays."""
    if len(bars) <= MOST_BARS:
        return bars

    def telling(place: int) -> tuple[bool, bool, float]:
        bar = bars[place]
        return (bar.end is None, CLASS_ORDER.get(bar.line_class, 9) < CLASS_ORDER["25"], (bar.end or now) - bar.start)

    kept = sorted(range(len(bars)), key=telling, reverse=True)[:MOST_BARS]
    return [bars[place] for place in sorted(kept)]


def _order(row: Row) -> tuple[int, int, str]:
    strongest = min(CLASS_ORDER.get(part[2], 9) for part in row["spans"])
    return strongest, row["spans"][0][0], row["sym"]


def _words(bars: Sequence[_Bar], left_out: int) -> str:
    evicted = sum(1 for bar in bars if bar.by)
    cut = f" · without the {left_out} shortest" if left_out else ""
    symbols = len({bar.con_id for bar in bars})
    return f"today · {plural(len(bars), 'line')} of {plural(symbols, 'symbol')}, {evicted} evicted{cut}"
