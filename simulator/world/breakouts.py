"""Bends a path of minutes into a breakout: a base under a level, a push through it with volume, a hold above.

Works on one session in ticks, mirrored for the short side, so that "up" below always means "with the breakout".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simulator.world.grid import Grid
from simulator.world.noise import F64
from simulator.world.schedule import PUSH_MINUTES, QUIET_SURGE, Leg

LEVEL_BARS = 20
_ATR_LENGTH = 14
_QUIET_VOLUME = 0.75
_AFTERGLOW_MIN = 12


@lru_cache(maxsize=64)
def _ramp(length: int) -> F64:
    """0 to 1 in `length` values."""
    ramp = np.linspace(0.0, 1.0, length)
    ramp.setflags(write=False)
    return ramp


@dataclass(slots=True)
class Path:
    """One session while it is made, views into the arrays of the batch. All prices in ticks."""

    close: F64
    up: F64  # how far the high is above the body
    down: F64
    volume: F64  # multiple of the usual
    planned: NDArray[np.bool_]  # minutes in which the extra volume is meant
    slot: NDArray[np.int16]  # quarter second at which a push begins in this minute, -1 for none


def apply_leg(path: Path, leg: Leg, grid: Grid, unit: float) -> float:
    """Writes the breakout into `path`; gives its level in ticks. `unit`: a usual minute's range in ticks."""
    q = leg.side * path.close
    up, down = (path.up, path.down) if leg.side > 0 else (path.down, path.up)
    old_end = q[leg.end - 1]
    level = _base(q, up, down, leg, grid, unit)
    atr = _wilder_atr(q, up, down, max(grid.regular_open + 1, leg.minute - 40), leg.minute)
    _push(q, up, down, leg, level, atr)
    _hold(q, down, leg, level, atr)
    q[: leg.end] = np.rint(q[: leg.end])
    tail = np.arange(1, grid.regular_close - leg.end + 1)
    fading = 1.0 - tail / len(tail)
    q[leg.end : grid.regular_close] += (q[leg.end - 1] - old_end) * fading
    path.close[:] = leg.side * q
    _volume(path, leg)
    return leg.side * level


def _base(q: F64, up: F64, down: F64, leg: Leg, grid: Grid, unit: float) -> float:
    first, t, n = leg.minute - leg.base, leg.minute, leg.base
    start = float(q[first - 1])
    level = start + unit
    seen = slice(max(grid.regular_open, t - LEVEL_BARS - 1), first)
    if seen.stop > seen.start:
        bodies = np.maximum(q[seen], q[seen.start - 1 : seen.stop - 1])
        level = max(level, float(np.max(np.rint(bodies) + up[seen])))
    level = float(np.ceil(level))
    room = level - start
    knots = [room, min(max(1.6 * unit, 0.7 * room), 3.0 * unit), 1.0 * unit, 0.5 * unit]
    depth = np.interp(_ramp(n), [0.0, 0.4, 0.8, 1.0], knots)
    old = q[first:t]
    wander = np.clip(0.3 * (old - old[0] - (old[-1] - old[0]) * _ramp(n)), -0.45 * unit, 0.45 * unit)
    q[first:t] = np.rint(level - np.maximum(depth - wander, max(1.0, 0.3 * unit)))
    body_top = np.maximum(q[first:t], np.rint(q[first - 1 : t - 1]))
    up[first:t] = np.minimum(up[first:t], np.maximum(level - body_top, 0.0))
    for back in (2 + n % 3, 6 + n % 3):  # it has been there before
        if back < n:
            up[t - back] = level - body_top[n - back]
    down[first:t] = np.minimum(down[first:t], np.rint(0.8 * unit))
    return level


def _wilder_atr(q: F64, up: F64, down: F64, first: int, end: int) -> float:
    ranges = np.abs(np.diff(np.rint(q[first - 1 : end]))) + up[first:end] + down[first:end]
    weights = ((_ATR_LENGTH - 1) / _ATR_LENGTH) ** np.arange(len(ranges) - 1, -1, -1)
    return max(1.0, float(ranges @ weights / weights.sum()))


def _push(q: F64, up: F64, down: F64, leg: Leg, level: float, atr: float) -> None:
    t = leg.minute
    steps = np.array([max((0.1 + leg.push) * atr, 2.0), max(leg.follow * atr, 1.0), max(0.8 * leg.follow * atr, 1.0)])
    q[t : t + PUSH_MINUTES] = np.rint(level + np.cumsum(steps))
    up[t : t + PUSH_MINUTES] = np.rint(0.08 * atr)
    down[t : t + PUSH_MINUTES] = np.rint(0.05 * atr)


def _hold(q: F64, down: F64, leg: Leg, level: float, atr: float) -> None:
    first, end = leg.minute + PUSH_MINUTES, leg.end
    old = q[first:end]
    wander = 0.5 * (old - old[0] - (old[-1] - old[0]) * _ramp(leg.hold))
    rising = q[first - 1] + 0.06 * atr * np.arange(1, leg.hold + 1)
    q[first:end] = np.maximum(rising + np.clip(wander, -0.8 * atr, 0.8 * atr), level + 0.5 * atr)
    down[first:end] = np.minimum(down[first:end], np.rint(0.4 * atr))


def _volume(path: Path, leg: Leg) -> None:
    t, end = leg.minute, leg.end
    path.volume[t - leg.base : t] *= _QUIET_VOLUME
    path.planned[t:end] = True
    path.slot[t] = leg.slot
    if leg.surge <= QUIET_SURGE:
        return
    before = leg.slot / 240.0
    path.volume[t] *= before + (1.0 - before) * leg.surge
    path.volume[t + 1 : t + PUSH_MINUTES] *= leg.surge
    loud = max(2.0, 0.55 * leg.surge)
    path.volume[t + PUSH_MINUTES : end] *= loud + (1.6 - loud) * _ramp(leg.hold)
    glow = path.volume[end : end + _AFTERGLOW_MIN]
    glow *= 1.4 - 0.4 * _ramp(_AFTERGLOW_MIN)[: len(glow)]
