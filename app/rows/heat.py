"""Heatmap of symbols x factors: what speaks for a signal and what against. Pure.

The browser makes the cells out of the rows and the cuts: step -3 (far against) to 3 (far for). Change is turned with
the side of the candidate, the spread so that low is "for": blue always means for, orange against.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from engine.domain import Candidate


def step(value: float | None, cuts: tuple[float, ...]) -> int | None:
    """Which of seven steps a value falls into, given six rising cuts."""
    return None if value is None else bisect_right(cuts, value) - 3


CHANGE_CUTS = (-4.0, -2.0, -0.5, 0.5, 2.0, 5.0)
VOLUME_CUTS = (0.5, 0.8, 1.2, 1.8, 3.0, 4.0)
DISTANCE_CUTS = (-2.0, -1.0, -0.25, 0.25, 0.6, 1.0)
SPREAD_CUTS = (-8.0, -6.0, -4.0, -2.5, -1.5, -0.7)  # of the negated spread in basis points


CUTS: dict[str, tuple[float, ...]] = {
    "change": CHANGE_CUTS,
    "volume": VOLUME_CUTS,
    "distance": DISTANCE_CUTS,
    "spread": SPREAD_CUTS,
}


def heat_rows(candidates: tuple[Candidate, ...]) -> dict[str, Any]:
    """The part "rows:topheat": what the browser makes the cells of (core/heat-cells.mjs)."""
    return {
        str(c.con_id): {
            "order": 10_000 - round(10_000.0 * c.score),
            "sym": c.local_symbol,
            "short": c.side == "short",
            "last": None if c.price is None else True,
            "chg": None if c.change_pct is None else round(c.change_pct, 1),
            "rv": None if c.rel_volume is None else round(c.rel_volume, 1),
            "dist": None if c.distance_atr is None else round(c.distance_atr, 2),
            "spread": None if c.spread_bp is None else round(c.spread_bp, 1),
        }
        for c in candidates
    }
