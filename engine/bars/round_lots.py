"""Round lots of US stocks: which there are, since when one holds, and what numbers tell of theirs. Pure.

Regulation NMS: since 2025-11-03 a round lot has 100, 40, 10 or 1 shares by the average price of the evaluation month
(up to 250, 1,000, 10,000 USD, above), in force from the first business day of May and of November.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Literal, NamedTuple

LOT = 100.0
LOTS = (100.0, 40.0, 10.0)
ROUND_LOT_BELOW_USD = 250.0
LOT_OF_ONE_USD = 5_000.0  # above 10,000 a lot is one share, so that ticks in lots look like shares; with a margin
NEAR_LOT = (0.7, 1.7)  # how far a ratio may lie from a lot: 40 and 100 are parted by a factor of 2.5
NEAR_ONE = (0.55, 1.8)
FRACTIONS_NEEDED = 12
WHOLES_NEEDED = 60


class Ratio(NamedTuple):
    """Which of two sources counts more coarsely, and by how much; ("same", 1.0) = neither."""

    coarse: Literal["same", "ticks", "history"]
    lot: float


def lot_period(day: date) -> date:
    """The day from which the round lots in force on `day` hold: the first business day of May or November."""
    starts = [_first_business_day(year, month) for year in (day.year - 1, day.year) for month in (5, 11)]
    return max(start for start in starts if start <= day)


def _first_business_day(year: int, month: int) -> date:
    day = date(year, month, 1)
    return day + timedelta(days=(7 - day.weekday()) % 7 if day.weekday() >= 5 else 0)


def ratio_of(low: float, high: float) -> Ratio | None:
    """What a ratio of ticks to history between `low` and `high` says; None = nothing, or not one thing."""
    first, second = _nearest(low), _nearest(high)
    return first if first == second else None


def _nearest(ratio: float) -> Ratio | None:
    if NEAR_ONE[0] <= ratio <= NEAR_ONE[1]:
        return Ratio("same", 1.0)
    for lot in LOTS:
        if NEAR_LOT[0] / lot <= ratio <= NEAR_LOT[1] / lot:
            return Ratio("ticks", lot)
        if NEAR_LOT[0] * lot <= ratio <= NEAR_LOT[1] * lot:
            return Ratio("history", lot)
    return None


def lot_of_fractions(volumes: Iterable[float]) -> float | None:
    """The lot whose parts these volumes count, rounded to hundredths or not; None = they don't tell."""
    parts = [part for volume in volumes if (part := round(volume % 1.0, 4)) not in (0.0, 1.0)]
    distinct = set(parts)
    if len(parts) < FRACTIONS_NEEDED or len(distinct) < 4:
        return None
    return next((lot for lot in (10.0, 40.0, 100.0) if all(_is_part(part, lot) for part in distinct)), None)


def are_whole(volumes: Iterable[float]) -> bool:
    """Whether many volumes are all whole numbers: where others count in parts of a lot, that lot is one share."""
    traded = [volume for volume in volumes if volume > 0.0]
    return len(traded) >= WHOLES_NEEDED and all(volume % 1.0 == 0.0 for volume in traded)


def _is_part(part: float, lot: float) -> bool:
    exact = round(part * lot) / lot
    return abs(part - exact) < 0.000_51 or (
        abs(part * 100.0 - round(part * 100.0)) < 1e-6 and abs(part - exact) < 0.0051
    )
