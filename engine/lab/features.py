"""What of a stack depends on one parameter: kept while other parameters move, so that a slider costs only its own part.

Series at a look use the bars before it. ATR and averages are computed by recursion and agree with the live rules
within 1e-12 of the price; `engine.lab.judge` asks the live rules where that could decide.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple, TypeVar

import numpy as np

from engine.bars.indicators import KNOWN_SHARE, Floats
from engine.breakout.facts import OPENING_FRESH_BARS
from engine.lab.looks import LOOK_S
from engine.lab.stack import Bools, Stack

MOST_KEPT, LEAST_KEPT = 24, 4  # results per kind and stack
KEPT_CELLS = 3_000_000  # so that 600 symbols stay within some 150 MB
BLOCK = 16
T = TypeVar("T")


class Opening(NamedTuple):
    """High and low of the opening range at each look, NaN = none or not complete; and whether it is still fresh."""

    high: Floats
    low: Floats
    fresh_long: Bools
    fresh_short: Bools


class TapeLists(NamedTuple):
    """`down` = closes with the sign turned, for the short side. `lows` = the least of each 16 closes, `down_lows`."""

    time: list[float]
    close: list[float]
    down: list[float]
    lows: list[float]
    down_lows: list[float]


class Features:
    """The series of one stack by parameter; the newest 4 to 24 of each kind are kept.

    `cells` = those of all stacks that share the memory with this one; None = it is alone.
    """

    def __init__(self, stack: Stack, cells: int | None = None) -> None:
        self.stack = stack
        self._kept: dict[str, OrderedDict[Hashable, object]] = {}
        self._most = max(LEAST_KEPT, min(MOST_KEPT, KEPT_CELLS // max(1, cells or stack.time.size)))
        self._lists: dict[int, TapeLists] = {}

    def lists(self, number: int) -> TapeLists:
        """Closes and times of one tape as lists, in which a walk from bar to bar is cheap."""
        if number not in self._lists:
            bars = self.stack.tapes[number].bars
            blocks = np.arange(0, len(bars.close), BLOCK)
            self._lists[number] = TapeLists(
                bars.time.tolist(),
                bars.close.tolist(),
                (-bars.close).tolist(),
                np.minimum.reduceat(bars.close, blocks).tolist(),
                np.minimum.reduceat(-bars.close, blocks).tolist(),
            )
        return self._lists[number]

    def levels(self, bars_n: int) -> tuple[Floats, Floats]:
        """Highest high and lowest low of the `bars_n` bars of the session before each look; NaN with fewer."""
        return self.once("levels", bars_n, lambda: self._levels(bars_n))

    def atr(self, length: int) -> Floats:
        return self.once("atr", length, lambda: self._atr(length))

    def ema(self, length: int) -> Floats:
        """The average with the close of the look's own minute, as the trend rule takes it."""
        return self.once("ema", length, lambda: self._ema(length))

    def opening(self, minutes: int) -> Opening:
        return self.once("opening", minutes, lambda: self._opening(minutes))

    def once(self, kind: str, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives for the values in `key`, kept until newer ones of its kind crowd it out."""
        kept = self._kept.setdefault(kind, OrderedDict())
        if key not in kept:
            kept[key] = make()
            while len(kept) > self._most:
                kept.popitem(last=False)
        kept.move_to_end(key)
        return kept[key]  # type: ignore[return-value]  # one kind holds one type

    def _levels(self, bars_n: int) -> tuple[Floats, Floats]:
        stack = self.stack
        full = stack.mine >= bars_n
        high = np.where(full, _before(stack.high, bars_n, np.maximum), np.nan)
        low = np.where(full, _before(stack.low, bars_n, np.minimum), np.nan)
        return high, low

    def _atr(self, length: int) -> Floats:
        ranges = self.stack.ranges
        out = np.full(ranges.shape, np.nan)
        if ranges.shape[1] <= length:
            return out
        level = ranges[:, :length].mean(axis=1)
        out[:, length] = level
        by_bar = np.ascontiguousarray(ranges.T)
        for index in range(length, ranges.shape[1] - 1):
            level = level + (by_bar[index] - level) / length
            out[:, index + 1] = level
        return out

    def _ema(self, length: int) -> Floats:
        close = np.ascontiguousarray(self.stack.close.T)
        out = np.empty(close.shape)
        alpha = 2.0 / (length + 1.0)
        level = close[0].copy() if len(close) else np.empty(0)
        for index in range(len(close)):
            level = level + alpha * (close[index] - level)
            out[index] = level
        if len(out):
            out[0] = np.nan  # no bar before the first look
        return np.ascontiguousarray(out.T)

    def _opening(self, minutes: int) -> Opening:
        stack = self.stack
        high, low = np.full(stack.time.shape, np.nan), np.full(stack.time.shape, np.nan)
        if minutes:
            for row in range(len(stack.tapes)):
                self._openings_of(row, minutes, high[row], low[row])
        newest_low, newest_high = self.once("newest", 0, lambda: self._newest(OPENING_FRESH_BARS))
        return Opening(high, low, newest_low <= high, newest_high >= low)

    def _newest(self, bars: int) -> tuple[Floats, Floats]:
        """Least and greatest of the last `bars` closes of the session before each look."""
        stack = self.stack
        newest_low = np.full(stack.close.shape, np.inf)
        newest_high = np.full(stack.close.shape, -np.inf)
        for back in range(1, min(bars, stack.width - 1) + 1):
            mine = stack.mine[:, back:] >= back
            closes = stack.close[:, :-back]
            newest_low[:, back:] = np.where(mine, np.minimum(newest_low[:, back:], closes), newest_low[:, back:])
            newest_high[:, back:] = np.where(mine, np.maximum(newest_high[:, back:], closes), newest_high[:, back:])
        return newest_low, newest_high

    def _openings_of(self, row: int, minutes: int, high: Floats, low: Floats) -> None:
        """Fill one tape's row, session by session."""
        tape = self.stack.tapes[row]
        bars = tape.bars
        for start in np.unique(tape.starts[tape.first :][tape.openings[tape.first :]]).tolist():
            first, end = np.searchsorted(bars.time, [start, start + minutes * 60.0]).tolist()
            if end - first < minutes * KNOWN_SHARE:
                continue
            looks = (tape.starts == start) & tape.openings & (bars.time + LOOK_S >= start + minutes * 60.0)
            where = np.flatnonzero(looks)
            high[where], low[where] = bars.high[first:end].max(), bars.low[first:end].min()


def _before(values: Floats, bars_n: int, best: np.ufunc) -> Floats:
    """The best of the `bars_n` values before each column, by doubling windows; NaN where there are fewer."""
    out = np.full(values.shape, np.nan)
    window, span = values, 1
    while span * 2 <= bars_n:
        window = best(window[:, span:], window[:, :-span])
        span *= 2
    rest = bars_n - span
    if rest and window.shape[1] > rest:
        window = best(window[:, rest:], window[:, :-rest])
    elif rest:
        return out
    width = values.shape[1] - bars_n  # window[:, i] covers values[:, i : i + bars_n]
    if width > 0:
        out[:, bars_n:] = window[:, :width]
    return out
