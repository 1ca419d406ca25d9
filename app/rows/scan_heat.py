"""The heatmaps of the Scanners page: symbols x eight factors, few or many, and symbols x time. Pure.

Steps are those of `app/rows/heat.py`. What the results carry anyway is not sent twice: the browser makes the cells of
the factors out of the results' rows and the cuts.
"""

from __future__ import annotations

from typing import Any

from app.ids import SCAN_COLUMNS, TIME_ROWS
from app.rows.heat import CHANGE_CUTS, DISTANCE_CUTS, SPREAD_CUTS, VOLUME_CUTS, step
from app.rows.kept import kept
from engine.domain import Candidate
from engine.state.sections import ScannersSection

SPARE = 8  # in the list, too, however many score alike at its end
SCORE_CUTS = (0.1, 0.2, 0.35, 0.45, 0.5, 0.7)  # from 0.5 on it is a breakout, from 0.7 on it is top


CUTS: dict[str, Any] = {
    "score": SCORE_CUTS,
    "at_signal": SCORE_CUTS,
    "change": CHANGE_CUTS,
    "open": CHANGE_CUTS,
    "volume": VOLUME_CUTS,
    "distance": DISTANCE_CUTS,
    "spread": SPREAD_CUTS,
}


def heat_columns(candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """The best candidates; those without a price, which have next to nothing to show, only if room is left."""
    priced = [c for c in candidates if c.price is not None]
    rest = [c for c in candidates if c.price is None]
    return tuple([*priced, *rest][: SCAN_COLUMNS + SPARE])


WIDE_COLUMNS = 70  # 560 cells with the age


def wide_part(candidates: tuple[Candidate, ...]) -> dict[str, Any]:
    """The part "heatwide", of the best 70: "<con_id>" -> [symbol, a letter a-g per factor for the steps -3 to 3, "-" =
    missing].

    Keyed by symbol, in no order and without values, so that little travels: a letter changes only with its step. The
    browser orders by name and takes values and ages from the results.
    """
    return {str(c.con_id): [c.local_symbol, _letters(c)] for c in candidates[:WIDE_COLUMNS]}


def _letters(c: Candidate) -> str:
    sign = 1.0 if c.side == "long" else -1.0
    spread = None if c.spread_bp is None else -c.spread_bp
    values = (
        c.score,
        c.score_at_signal,
        None if c.change_pct is None else sign * c.change_pct,
        None if c.since_open_pct is None else sign * c.since_open_pct,
        c.rel_volume,
        c.distance_atr,  # towards the candidate's side already
        spread,
    )
    return "".join(_letter(step(value, cuts)) for value, cuts in zip(values, CUTS.values(), strict=True))


def _letter(found: int | None) -> str:
    return "-" if found is None else "abcdefg"[found + 3]


@kept
def time_part(section: ScannersSection | None) -> dict[str, Any]:
    """The part "heattime": "times" = start of each 5-minute column on the market's clock, and a row per symbol:
    "<con_id>" -> [order, symbol, scores by column (None = no candidate then), steps]. Columns before the first
    candidate and after the last one are left out; none = nothing was scored yet."""
    if section is None:
        return {"times": []}
    by_name = {c.local_symbol: c.con_id for c in section.candidates}
    rows = [(name, scores) for name, scores in section.heat_score[:TIME_ROWS] if name in by_name]
    seen = [any(scores[i] is not None for _, scores in rows) for i in range(len(section.heat_times))]
    if not any(seen):
        return {"times": []}
    first, end = seen.index(True), len(seen) - seen[::-1].index(True)
    part: dict[str, Any] = {"times": [round(at) for at in section.heat_times[first:end]]}
    for order, (name, scores) in enumerate(rows):
        shown = list(scores[first:end])
        part[str(by_name[name])] = [order, name, shown, [step(value, SCORE_CUTS) for value in shown]]
    return part
