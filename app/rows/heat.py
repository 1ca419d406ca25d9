"""Heatmap of symbols x factors: what speaks for a signal and what against. Pure.

A cell is [text, step]: step -3 (far against) to 3 (far for), None = missing. Change and distance are turned with the
side of the candidate, the spread so that low is "for": blue always means for, orange against.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from app.format import number, signed, times
from engine.domain import Candidate

Cell = list[Any]


def step(value: float | None, cuts: tuple[float, ...]) -> int | None:
    """Which of seven steps a value falls into, given six rising cuts."""
    return None if value is None else bisect_right(cuts, value) - 3


CHANGE_CUTS = (-4.0, -2.0, -0.5, 0.5, 2.0, 5.0)
VOLUME_CUTS = (0.5, 0.8, 1.2, 1.8, 3.0, 4.0)
DISTANCE_CUTS = (-2.0, -1.0, -0.25, 0.25, 0.6, 1.0)
SPREAD_CUTS = (-8.0, -6.0, -4.0, -2.5, -1.5, -0.7)  # of the negated spread in basis points


def _turned(value: float | None, candidate: Candidate) -> float | None:
    return None if value is None else value if candidate.side == "long" else -value


def _change(c: Candidate) -> Cell:
    return [signed(c.change_pct, 1), step(_turned(c.change_pct, c), CHANGE_CUTS)]


def _volume(c: Candidate) -> Cell:
    return [times(c.rel_volume), step(c.rel_volume, VOLUME_CUTS)]


def _distance(c: Candidate) -> Cell:
    return [signed(c.distance_atr, 2), step(c.distance_atr, DISTANCE_CUTS)]


def _spread(c: Candidate) -> Cell:
    return [number(c.spread_bp, 1), step(None if c.spread_bp is None else -c.spread_bp, SPREAD_CUTS)]


FACTORS: tuple[tuple[str, str, Callable[[Candidate], Cell]], ...] = (
    ("change", "Change %", _change),
    ("volume", "Rel. volume", _volume),
    ("distance", "Distance ATR", _distance),
    ("spread", "Spread bp", _spread),
)


def _head(c: Candidate) -> Cell:
    return [c.con_id, c.local_symbol, "short"] if c.side == "short" else [c.con_id, c.local_symbol]


def heat_parts(candidates: tuple[Candidate, ...]) -> dict[str, Any]:
    """The part "heat:<name>": "cols" = [[con_id, symbol, "short" if so]], and a list of cells for each factor's key."""
    part: dict[str, Any] = {"cols": [_head(c) for c in candidates]}
    for key, _label, cell in FACTORS:
        part[key] = [cell(c) for c in candidates]
    return part
