"""What became of a signal: best and worst move (MFE, MAE) and the move after 5, 15, 30 and 60 minutes. Pure.

In ATR of the signal, positive = towards its side; counted from the minute after it, by the closed bars of the day.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.bars.build import BAR_S
from engine.bars.series import BarArrays
from engine.domain import Side

HORIZONS_MIN = (5, 15, 30, 60)
COLUMNS = 3 * len(HORIZONS_MIN)  # best, worst, move of each horizon
# A bar belongs to a horizon when it ends by then: it begins a minute earlier or before (bars begin on whole minutes).
_EDGES_S = np.array([0.0, *(minutes * 60.0 - BAR_S + 0.5 for minutes in HORIZONS_MIN)])


class Outcome(NamedTuple):
    """Moves at one horizon. `best` >= 0 >= `worst`; `move` = at the last close by then."""

    best: float
    worst: float
    move: float


def price_moves(bars: BarArrays, at_market: float, entry: float, side: Side) -> tuple[Outcome | None, ...]:
    """Per horizon the moves in price; None where the bars end before it or none lies within it.

    Args:
        bars: closed minutes, oldest first, of one day at least up to the horizon.
        at_market: the moment of the signal; bars that begin earlier do not count.
        entry: the price at that moment.
    """
    edges = np.searchsorted(bars.time, at_market + _EDGES_S).tolist()  # the first bar, and behind the last of each
    first, widest = edges[0], edges[-1]
    if widest <= first:
        return (None,) * len(HORIZONS_MIN)
    high = np.maximum.accumulate(bars.high[first:widest]) - entry
    low = np.minimum.accumulate(bars.low[first:widest]) - entry
    known_to = float(bars.time[-1]) + BAR_S
    found: list[Outcome | None] = []
    for minutes, end in zip(HORIZONS_MIN, edges[1:], strict=True):
        if end <= first or at_market + minutes * 60.0 > known_to:
            found.append(None)
            continue
        top, bottom, move = (
            float(high[end - first - 1]),
            float(low[end - first - 1]),
            float(bars.close[end - 1]) - entry,
        )
        best, worst, toward = (top, bottom, move) if side == "long" else (-bottom, -top, -move)
        found.append(Outcome(max(0.0, best), min(0.0, worst), toward))
    return tuple(found)


def in_atr(moves: tuple[Outcome | None, ...], atr: float) -> tuple[Outcome | None, ...]:
    """The moves as multiples of ATR; None without one."""
    if atr <= 0:
        return tuple(None for _ in moves)
    return tuple(None if each is None else Outcome(*(value / atr for value in each)) for each in moves)


def outcomes(bars: BarArrays, at_market: float, entry: float, atr: float, side: Side) -> tuple[Outcome | None, ...]:
    """Per horizon (5, 15, 30, 60 min) the best, worst and last move in ATR; None = not known (yet)."""
    return in_atr(price_moves(bars, at_market, entry, side), atr)
