"""The two heatmaps of the Scanners page: symbols x seven factors, symbols x time. Pure.

Cells are [text, step] as in `app/rows/heat.py`. Ages count in the browser: the part carries the moments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.format import number, signed
from app.rows.heat import CHANGE_CUTS, FACTORS, Cell, heat_parts, step
from engine.domain import Candidate
from engine.state.sections import ScannersSection

COLUMNS = 16
TIME_ROWS = 18
SCORE_CUTS = (0.1, 0.2, 0.35, 0.45, 0.5, 0.7)  # from 0.5 on it is a breakout, from 0.7 on it is top


def _score(c: Candidate) -> Cell:
    return [number(c.score, 2), step(c.score, SCORE_CUTS)]


def _since_open(c: Candidate) -> Cell:
    value = c.since_open_pct
    turned = None if value is None else value if c.side == "long" else -value
    return [signed(value, 1), step(turned, CHANGE_CUTS)]


EXTRA: tuple[tuple[str, Callable[[Candidate], Cell]], ...] = (("score", _score), ("open", _since_open))


def factor_part(candidates: tuple[Candidate, ...], ages: Mapping[int, float]) -> dict[str, Any]:
    """The part "heat:factors"; "ages" = wall time of each symbol's newest tick, None = none."""
    shown = heat_columns(candidates)
    part = heat_parts(shown, COLUMNS)
    for key, cell in EXTRA:
        part[key] = [cell(c) for c in shown]
    part["ages"] = [round(ages[c.con_id]) if c.con_id in ages else None for c in shown]
    return part


def heat_columns(candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """The best candidates; those without a price, which have next to nothing to show, only if room is left."""
    priced = [c for c in candidates if c.price is not None]
    rest = [c for c in candidates if c.price is None]
    return tuple([*priced, *rest][:COLUMNS])


WIDE_COLUMNS = 70  # 490 cells with the age
WIDE_FACTORS: tuple[Callable[[Candidate], Cell], ...] = (
    _score,
    *(cell for key, _label, cell in FACTORS if key == "change"),
    _since_open,
    *(cell for key, _label, cell in FACTORS if key != "change"),
)


def wide_part(candidates: tuple[Candidate, ...]) -> dict[str, Any]:
    """The part "heatwide", of the best 70: "<con_id>" -> [symbol, a letter a-g per factor for the steps -3 to 3, "-" =
    missing].

    Keyed by symbol, in no order and without values, so that little travels: a letter changes only with its step. The
    browser orders by name and takes values and ages from the results.
    """
    return {
        str(c.con_id): [c.local_symbol, "".join(_letter(c, cell) for cell in WIDE_FACTORS)]
        for c in candidates[:WIDE_COLUMNS]
    }


def _letter(c: Candidate, cell: Callable[[Candidate], Cell]) -> str:
    found = cell(c)[1]
    return "-" if found is None else "abcdefg"[found + 3]


def time_part(section: ScannersSection | None) -> dict[str, Any]:
    """The part "heattime": "times" = start of each 5-minute column on the market's clock, and a row per symbol:
    "<con_id>" -> [order, symbol, scores by column (None = no candidate then), steps]."""
    if section is None:
        return {"times": []}
    by_name = {c.local_symbol: c.con_id for c in section.candidates}
    part: dict[str, Any] = {"times": [round(at) for at in section.heat_times]}
    for order, (name, scores) in enumerate(section.heat_score[:TIME_ROWS]):
        if name in by_name:
            part[str(by_name[name])] = [order, name, list(scores), [step(value, SCORE_CUTS) for value in scores]]
    return part
