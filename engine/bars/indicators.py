"""Indicators by their textbook definitions; pure numpy over arrays ordered oldest first.

Every series function returns an array as long as its input, NaN where it is not defined yet; every `*_last` function
gives the newest value alone (None when undefined) at a fraction of the cost. Inputs hold no NaN but in volumes.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KNOWN_SHARE = 0.6  # an average over 20 bars needs 12 known ones (LINES, "A visited bar knows what it saw")


def finite(value: float) -> float | None:
    """NaN and infinities of an array computation as None."""
    number = float(value)
    return number if math.isfinite(number) else None


@lru_cache(maxsize=256)
def _decay(length: int, alpha: float) -> Floats:
    """Weights of an exponential average seeded with its first value, oldest first; they sum to 1."""
    weights = alpha * (1.0 - alpha) ** np.arange(length - 1, -1, -1, dtype=np.float64)
    weights[0] = (1.0 - alpha) ** (length - 1)
    weights.setflags(write=False)
    return weights


@lru_cache(maxsize=256)
def settled(length: int, alpha: float) -> int:
    """After so many values the seed weighs less than 1e-12."""
    return max(length, int(27.7 / -math.log1p(-alpha)) + 1)


def ema(values: Floats, length: int) -> Floats:
    """Exponential moving average, alpha = 2 / (length + 1), seeded with the first value (pandas: adjust=False)."""
    out = np.empty(len(values))
    if len(values) == 0:
        return out
    alpha = 2.0 / (length + 1.0)
    level = float(values[0])
    for index, value in enumerate(values.tolist()):
        level += alpha * (value - level)
        out[index] = level
    return out


def ema_last(values: Floats, length: int) -> float | None:
    """The newest value of `ema`; equal to it within 1e-12 of the price."""
    if len(values) == 0:
        return None
    alpha = 2.0 / (length + 1.0)
    tail = values[-settled(length, alpha) :]
    return finite(tail.dot(_decay(len(tail), alpha)))


def true_range(high: Floats, low: Floats, close: Floats, starts: NDArray[np.bool_] | None = None) -> Floats:
    """Wilder's true range. The first bar, and each bar marked in `starts`, counts high - low alone.

    `starts` marks the first bar of a session: an overnight gap is no range that was traded through.
    """
    out = high - low
    if len(out) > 1:
        previous, rest = close[:-1], out[1:]
        wide = np.maximum(high[1:], previous)
        wide -= np.minimum(low[1:], previous)
        np.maximum(wide, rest, out=rest) if starts is None else np.maximum(wide, rest, out=rest, where=~starts[1:])
    return out


def wilder(ranges: Floats, length: int) -> Floats:
    """Wilder's average: the mean of the first `length` values, then previous + (value - previous) / length."""
    out = np.full(len(ranges), np.nan)
    if len(ranges) < length:
        return out
    level = float(ranges[:length].mean())
    out[length - 1] = level
    for index, value in enumerate(ranges[length:].tolist(), start=length):
        level += (value - level) / length
        out[index] = level
    return out


def wilder_last(ranges: Floats, length: int) -> float | None:
    """The newest value of `wilder`."""
    if len(ranges) < length:
        return None
    alpha = 1.0 / length
    enough = settled(length, alpha)
    if len(ranges) - length >= enough:
        tail = ranges[-enough:]
        return finite(tail.dot(_decay(enough, alpha)))
    tail = ranges[length - 1 :].copy()
    tail[0] = np.add.reduce(ranges[:length]) / length
    return finite(tail.dot(_decay(len(tail), alpha)))


def sma_last(newest: list[float], length: int) -> float | None:
    """Mean of the known ones of the `newest` values, at most `length` of them, NaN = unknown; None with fewer than 60 %
    of `length` known."""
    known = [value for value in newest if value == value]
    if len(known) < math.ceil(length * KNOWN_SHARE):
        return None
    return finite(math.fsum(known) / len(known))


def vwap(high: Floats, low: Floats, close: Floats, volume: Floats) -> Floats:
    """Volume-weighted average of (high + low + close) / 3 since the first bar given: pass one session's bars.

    Bars of unknown volume count for nothing; NaN until the first bar that traded.
    """
    known = np.where(np.isfinite(volume), volume, 0.0)
    total = np.cumsum(known)
    money = np.cumsum(known * (high + low + close) / 3.0)
    out = np.full(len(total), np.nan)
    np.divide(money, total, out=out, where=total > 0)
    return out


def vwap_last(high: Floats, low: Floats, close: Floats, volume: Floats) -> float | None:
    """The newest value of `vwap`."""
    known = np.where(np.isfinite(volume), volume, 0.0)
    total = float(known.sum())
    if total <= 0:
        return None
    return finite(float(np.dot(known, high + low + close)) / (3.0 * total))


def projected_volume(
    volume: float | None, elapsed_s: float, bar_s: float = 60.0, needs_s: float = 15.0
) -> float | None:
    """What an unfinished bar comes to at its pace so far; None before `needs_s` of it (SIGNALS, "Level")."""
    if volume is None or elapsed_s < needs_s:
        return None
    return volume * bar_s / min(elapsed_s, bar_s)
