"""The preview under the thresholds: today's signals under the moved values beside those in force. Pure.

The part "preview" carries the id of the request it answers; a tab shows the answer to its own question alone.
"""

from __future__ import annotations

from typing import Any

from app.format import plural, signed
from app.rows.kept import kept
from engine.state.lab_sections import MINUTES_FIND, Moved, PreviewSection
from engine.state.score_sections import ScoreFigures

HORIZONS = ("5 min", "15 min", "30 min", "60 min")
THIRTY = 2
MOST_NAMES = 12


@kept
def preview_part(section: PreviewSection | None) -> dict[str, Any]:
    """Words and rows of the box; {} = nothing was asked yet."""
    if section is None:
        return {}
    if not section.ok or section.in_force is None or section.moved is None:
        return {"id": section.request_id, "ok": False, "text": section.text}
    now, then = section.in_force, section.moved
    return {
        "id": section.request_id,
        "ok": True,
        "count": f"{then.signals:,}",
        "word": f"{'signal' if then.signals == 1 else 'signals'} in today's bars",
        "now": f"in force {now.signals:,}",
        "new": f"{section.new_total:,} new" if section.new_total else "",
        "gone": f"{section.gone_total:,} gone" if section.gone_total else "",
        "median": _median(then, now),
        "rows": [
            [name, signed(then.moves[at]), signed(now.moves[at]), f"{then.known[at]:,} of {then.signals:,}"]
            for at, name in enumerate(HORIZONS)
        ],
        "new_list": _names(section.new, section.new_total),
        "gone_list": _names(section.gone, section.gone_total),
        "basis": f"{plural(section.symbols, 'symbol')} with bars today, as if each had held a line: more than came "
        f"live. {_looks(section)}",
        "bars_to": section.bars_to_market,
        "took": round(section.took_ms),
    }


def _looks(section: PreviewSection) -> str:
    """How often each was looked at; live does every 10 s."""
    if section.often == 0:
        return f"Judged at the close of each minute. {MINUTES_FIND}"
    others = section.symbols - section.often
    rest = f"; the minutes without a line, and the {others} others, once a minute. {MINUTES_FIND}"
    rest = rest if others else "; the minutes without a line once a minute."
    return f"{section.often} judged every 10 s while they streamed, as live does{rest}"


MEASURED = {
    "bars_n": ("minutes", "were beyond the last {} bars or more"),
    "buffer_atr": ("minutes", "were {} ATR or more beyond their level"),
    "volume_surge": ("minutes", "had {}× SMA20 or more"),
    "rel_volume": ("minutes", "had {}× the volume that is usual in that minute, or more"),
    "price_floor_usd": ("symbols", "stand at {} USD or more"),
    "avg_volume_floor": ("symbols", "trade {} shares a day or more"),
    "top_score": ("signals", "scored {} or more"),
}


@kept
def hist_part(section: PreviewSection | None) -> dict[str, Any]:
    """The part "hist": key of a threshold -> [counts in equal steps over its slider, below, above, what was counted,
    what those at or above the threshold do, symbols]."""
    if section is None:
        return {}
    return {
        f"breakout.{each.name}": [list(each.counts), each.below, each.above, *MEASURED[each.name], section.symbols]
        for each in section.histograms
        if sum(each.counts) + each.below + each.above
    }


def _median(then: ScoreFigures, now: ScoreFigures) -> str:
    """ "Median +0.40 ATR after 30 min (in force +0.30; 12 of 14 old enough)"."""
    if then.moves[THIRTY] is None:
        return "No signal is 30 min old yet." if then.signals else "No signal today under these values."
    return (
        f"Median {signed(then.moves[THIRTY])} ATR after 30 min (in force {signed(now.moves[THIRTY])}; "
        f"{then.known[THIRTY]:,} of {then.signals:,} old enough)"
    )


def _names(moved: tuple[Moved, ...], total: int) -> dict[str, Any]:
    """One entry a symbol, the newest first: [con_id, symbol, how many, newest market time, its move]; how many more."""
    rows: dict[int, list[Any]] = {}
    for each in reversed(moved):
        row = rows.setdefault(each.con_id, [each.con_id, each.symbol, 0, each.at, _move(each)])
        row[2] += 1
    shown = list(rows.values())[:MOST_NAMES]
    return {"rows": shown, "more": max(0, total - sum(row[2] for row in shown))}


def _move(each: Moved) -> str:
    side = "short side, " if each.side == "short" else ""
    return side + ("not 30 min old" if each.move is None else f"{signed(each.move)} ATR after 30 min")
