"""When which name breaks out: the plan of a session, drawn before there is any price."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.world.daily import IN_PLAY, LEADER, Daily
from simulator.world.grid import Grid
from simulator.world.manner import Manner
from simulator.world.noise import F64, keys_of, uniform

WARM_UP_MINUTES = 26  # of the session before the first breakout: a detector needs 20 closed bars
PUSH_MINUTES = 3
_DRAWS_PER_CHAIN, _CHAINS = 12, 6
_LAST_MINUTES = 8  # before the close nothing begins that would not end


QUIET_SURGE = 1.0


@dataclass(frozen=True, slots=True)
class Leg:
    """One breakout. Minutes are indices of the session's grid; sizes in ATR of one-minute bars."""

    minute: int  # of the push
    base: int  # minutes of consolidation before it
    hold: int  # minutes that it holds after the push
    side: int
    surge: float
    push: float
    follow: float
    slot: int  # quarter second of the minute at which it begins

    @property
    def end(self) -> int:
        return self.minute + PUSH_MINUTES + self.hold


def mean_pause_min(daily: Daily, rows: NDArray[np.int64], days: NDArray[np.int64]) -> F64:
    """Mean quiet minutes between two chains of breakouts; about one breakout in 16 s over the universe."""
    u = daily.universe
    liquid = (u.avg_volume[rows] >= 500_000) & (u.price[rows] >= 5.0) & ~u.is_etf[rows]
    kind = daily.kind[rows, days]
    quiet = np.where(u.is_future[rows] | (u.is_watched[rows] & liquid), 300.0, np.where(liquid, 560.0, 900.0))
    quiet = np.where(u.is_held[rows], 18.0, quiet)
    pause: F64 = np.where(kind == LEADER, 10.0, np.where(kind == IN_PLAY, 75.0, quiet))
    return np.where(u.is_thin[rows], np.inf, pause)


def draws(daily: Daily, rows: NDArray[np.int64], days: NDArray[np.int64]) -> F64:
    """The uniforms of each session's plan, [session, draw]."""
    keys = keys_of(daily.universe.path_key[rows], 21)[:, None]
    numbers = np.arange(_DRAWS_PER_CHAIN * _CHAINS, dtype=np.int64)
    return uniform(keys, daily.ordinals[days][:, None] * 128 + numbers[None, :])


def plan(chance: F64, pause_min: float, long_share: float, grid: Grid, earliest: int, manner: Manner) -> list[Leg]:
    """The legs of one session in time order. `earliest`: no consolidation begins before that minute."""
    if not math.isfinite(pause_min):
        return []
    legs: list[Leg] = []
    free = max(grid.regular_open, earliest)
    for n in range(_CHAINS):
        u = chance[n * _DRAWS_PER_CHAIN : (n + 1) * _DRAWS_PER_CHAIN]
        minute = free + WARM_UP_MINUTES + int(-pause_min * math.log(1.0 - u[0] * 0.9999))
        if minute > grid.regular_close:
            break
        chain = _chain(u, minute, minute - free, long_share, manner)
        legs += [leg for leg in chain if leg.end <= grid.regular_close - _LAST_MINUTES]
        free = chain[-1].end + 1
    return legs


def _chain(u: F64, minute: int, room: int, long_share: float, manner: Manner) -> list[Leg]:
    """A breakout, and for half of them a second one 12 to 25 minutes later."""
    side = 1 if u[1] < long_share else -1
    base = min(26 + int(u[2] * 7), room)
    second_after = 12 + int(u[9] * 14)
    has_second = u[8] < 0.5
    hold = 5 + int(u[3] * 14)
    if has_second:
        hold = max(3, min(hold, second_after - PUSH_MINUTES - 5))
    u4, u5, u6 = (float(x) for x in u[4:7])
    surge, push, follow = 3.4 + 2.6 * u4, 0.75 + 0.6 * u5, 0.4 + 0.3 * u6
    first = Leg(minute, base, hold, side, _surge(surge, u4, manner), push, follow, 1 + int(u[7] * manner.slots))
    if not has_second:
        return [first]
    later, slot = minute + second_after, 1 + int(u[11] * manner.slots)
    again = _surge(surge * 0.95, u5, manner)
    return [first, Leg(later, later - first.end, 5 + int(u[10] * 12), side, again, push, follow, slot)]


def _surge(surge: float, chance: float, manner: Manner) -> float:
    """The surge, or none at all; the digits of `chance` that nobody else looks at decide."""
    return QUIET_SURGE if chance * 1_000.0 % 1.0 < manner.quiet_share else surge
