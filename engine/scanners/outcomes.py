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
    first = int(np.searchsorted(bars.time, at_market))
    known_to = float(bars.time[-1]) + BAR_S if len(bars.time) else at_market
    return tuple(_moves(bars, first, at_market + minutes * 60.0, known_to, entry, side) for minutes in HORIZONS_MIN)


def _moves(bars: BarArrays, first: int, until: float, known_to: float, entry: float, side: Side) -> Outcome | None:
    last = int(np.searchsorted(bars.time, until - BAR_S, side="right"))
    if until > known_to or last <= first:
        return None
    high, low = float(bars.high[first:last].max()) - entry, float(bars.low[first:last].min()) - entry
    move = float(bars.close[last - 1]) - entry
    best, worst, toward = (high, low, move) if side == "long" else (-low, -high, -move)
    return Outcome(max(0.0, best), min(0.0, worst), toward)


def in_atr(moves: tuple[Outcome | None, ...], atr: float) -> tuple[Outcome | None, ...]:
    """The moves as multiples of ATR; None without one."""
    if atr <= 0:
        return tuple(None for _ in moves)
    return tuple(None if each is None else Outcome(*(value / atr for value in each)) for each in moves)


def outcomes(bars: BarArrays, at_market: float, entry: float, atr: float, side: Side) -> tuple[Outcome | None, ...]:
    """Per horizon (5, 15, 30, 60 min) the best, worst and last move in ATR; None = not known (yet)."""
    return in_atr(price_moves(bars, at_market, entry, side), atr)
