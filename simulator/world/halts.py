"""Volatility halts: a few a day, five minutes each, in wild names, more often when they are in play."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.world.daily import NORMAL, Daily
from simulator.world.grid import Grid
from simulator.world.noise import keys_of, uniform

HALT_MINUTES = 5
_WILD = 0.022  # volatility of a day, below which a name has no halts


@dataclass(frozen=True, slots=True)
class Halt:
    """Minutes of the session's grid, the end excluded."""

    start: int
    end: int


def halt_of(daily: Daily, row: int, day: int, grid: Grid) -> Halt | None:
    """The halt planned for a session, if any; a breakout at the same time has precedence."""
    u = daily.universe
    if u.is_future[row] or u.is_etf[row] or u.is_thin[row] or u.own_volatility[row] < _WILD:
        return None
    key = keys_of(u.own_key[row : row + 1], 51)
    happens, place = uniform(key, daily.ordinals[day] * 4 + np.arange(2, dtype=np.int64)).tolist()
    chance = 0.02 if daily.kind[row, day] == NORMAL else 0.1
    if happens >= chance:
        return None
    start = grid.regular_open + 12 + int(place * (grid.regular_close - grid.regular_open - 40))
    return Halt(start, start + HALT_MINUTES)
