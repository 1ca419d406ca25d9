"""One symbol's closed bars in numpy columns, with how each bar came to be.

A merge keeps, for each minute, the bar that knows most: a minute streamed from its first second to its last wins
over history, history over a minute that was seen in part or sampled. Volumes are NaN inside while unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.bars.build import BAR_S, RESUME_S, LateTrade, OpenBar
from engine.domain import Bar, BarSource

Floats = NDArray[np.float64]

PARTIAL, SAMPLED, HISTORY, STREAMED = 0, 1, 2, 3
_SOURCE: dict[int, BarSource] = {PARTIAL: "streamed", SAMPLED: "sampled", HISTORY: "history", STREAMED: "streamed"}
_TIME, _OPEN, _HIGH, _LOW, _CLOSE, _VOLUME, _QUALITY, _UNSEEN = range(8)
_COLUMNS = 8
ROOM = 64  # for bars to come: of the hundreds of symbols most get few


class BarArrays(NamedTuple):
    """Views of the closed bars, oldest first; `volume` NaN = unknown. Valid until the next bar closes."""

    time: Floats
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def since(self, start: float) -> BarArrays:
        """The bars whose minute begins at `start` or later."""
        first = int(np.searchsorted(self.time, start))
        return BarArrays(*(column[first:] for column in self))

    def before(self, end: float) -> BarArrays:
        """The bars whose minute begins before `end`."""
        last = int(np.searchsorted(self.time, end))
        return BarArrays(*(column[:last] for column in self))

    def tail(self, count: int) -> BarArrays:
        """The newest `count` bars."""
        first = max(0, len(self.time) - count)
        return BarArrays(*(column[first:] for column in self))


class Recent(NamedTuple):
    """The newest closed bars as plain numbers, oldest first: for rules that look at some 20 of them this costs a third
    of what arrays do. `total` = closed bars in all; volume NaN = unknown."""

    time: list[float]
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[float]
    total: int


def recent_of(bars: BarArrays, most: int) -> Recent:
    """The newest `most` of `bars`."""
    time, open_, high, low, close, volume = (column[-most:].tolist() for column in bars)
    return Recent(time, open_, high, low, close, volume, len(bars.time))


class BarSeries:
    """Closed bars in the order of time; appends are cheap, merges rebuild. Bounded to `limit` bars."""

    __slots__ = ("_columns", "_count", "_has_unseen", "_limit", "revision", "version")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._columns = np.empty((_COLUMNS, ROOM))
        self._count = 0
        self._has_unseen = False
        self.version = 0  # grows with every change
        self.revision = 0  # grows with every change but an added bar

    def __len__(self) -> int:
        return self._count

    @property
    def last_time(self) -> float | None:
        """Start of the newest closed bar."""
        return float(self._columns[_TIME, self._count - 1]) if self._count else None

    @property
    def last_is_partial(self) -> bool:
        """Whether part of the newest closed minute was not seen: its volume is too low."""
        return self._count > 0 and self._columns[_QUALITY, self._count - 1] == PARTIAL

    def has_sampled(self, minutes: int) -> bool:
        """Whether one of the newest `minutes` bars was not seen whole, and history has not told it since."""
        first = max(0, self._count - minutes)
        return bool((self._columns[_QUALITY, first : self._count] <= SAMPLED).any())

    def source_at(self, time: float) -> BarSource | None:
        """How the bar of the minute that begins at `time` came to be; None = there is none."""
        at = int(np.searchsorted(self._columns[_TIME, : self._count], time))
        if at >= self._count or self._columns[_TIME, at] != time:
            return None
        return _SOURCE[int(self._columns[_QUALITY, at])]

    def arrays(self) -> BarArrays:
        return BarArrays(*self._columns[:_QUALITY, : self._count])

    def recent(self, most: int) -> Recent:
        """The newest `most` bars."""
        first = max(0, self._count - most)
        time, open_, high, low, close, volume = self._columns[:_QUALITY, first : self._count].tolist()
        return Recent(time, open_, high, low, close, volume, self._count)

    def first_since(self, start: float) -> int:
        """Number of the first bar whose minute begins at `start` or later."""
        return int(self._columns[_TIME, : self._count].searchsorted(start))

    def is_whole(self, time: float) -> bool:
        """Whether the minute that begins at `time` has a bar that was seen whole, or told by history."""
        at = int(np.searchsorted(self._columns[_TIME, : self._count], time))
        found = at < self._count and self._columns[_TIME, at] == time
        return bool(found and self._columns[_QUALITY, at] >= HISTORY)

    def append(self, bar: OpenBar) -> None:
        """Add a minute that has just closed; one that is there already is merged."""
        last = self.last_time
        quality = STREAMED if bar.complete and bar.volume is not None else PARTIAL
        volume = np.nan if bar.volume is None else bar.volume
        row = (bar.time, bar.open, bar.high, bar.low, bar.close, volume, quality, bar.unseen)
        if last is not None and bar.time <= last:
            self._merge_columns(np.array(row, dtype=np.float64).reshape(_COLUMNS, 1))
            return
        self._make_room()
        self._columns[:, self._count] = row
        self._has_unseen = self._has_unseen or bar.unseen > 0
        self._count += 1
        self.version += 1

    def merge(self, bars: Sequence[Bar], quality: int) -> None:
        """Add bars of history (or samples), oldest first."""
        if not bars:
            return
        columns = np.empty((_COLUMNS, len(bars)))
        columns[_TIME] = [bar.time for bar in bars]
        columns[_OPEN] = [bar.open for bar in bars]
        columns[_HIGH] = [bar.high for bar in bars]
        columns[_LOW] = [bar.low for bar in bars]
        columns[_CLOSE] = [bar.close for bar in bars]
        columns[_VOLUME] = [np.nan if bar.volume is None else bar.volume for bar in bars]
        columns[_QUALITY] = quality
        columns[_UNSEEN] = 0.0
        columns[_TIME] -= columns[_TIME] % BAR_S
        self._merge_columns(columns)

    def rows(self, after: float | None = None) -> Floats:
        """A copy of all columns (time, open, high, low, close, volume, quality); of the bars later than `after`."""
        first = 0
        if after is not None:
            first = int(np.searchsorted(self._columns[_TIME, : self._count], after, side="right"))
        return self._columns[:_UNSEEN, first : self._count].copy()

    def merge_rows(self, rows: Floats) -> None:
        """Add what `rows` gave in an earlier run; minutes missing before a bar that was not streamed were unseen."""
        if rows.shape[1]:
            unseen = np.where(rows[_QUALITY] <= SAMPLED, RESUME_S // BAR_S, 0.0)
            self._merge_columns(np.vstack([rows, unseen]))

    def mark_partial(self, start: float, end: float) -> None:
        """Minutes within [start, end) were not seen whole: the next history may correct them."""
        times = self._columns[_TIME, : self._count]
        inside = (times >= start) & (times < end) & (self._columns[_QUALITY, : self._count] == STREAMED)
        self._columns[_QUALITY, : self._count][inside] = PARTIAL

    def forget_volumes(self) -> None:
        """They were counted in a wrong unit: unknown until history tells them."""
        self._columns[_VOLUME, : self._count] = np.nan
        self._columns[_QUALITY, : self._count] = np.minimum(self._columns[_QUALITY, : self._count], HISTORY)
        self.version += 1
        self.revision += 1

    def complete(self, late: LateTrade) -> None:
        """What a visit tells of the minute in which the one before ended: the rest of its volume, and a new extreme.

        Where the visit saw no trade that minute has no bar: it gets one for the sake of a new extreme, else none.
        """
        at = int(np.searchsorted(self._columns[_TIME, : self._count], late.time))
        if at >= self._count or self._columns[_TIME, at] != late.time:
            self._insert(late)
            return
        if self._columns[_QUALITY, at] > SAMPLED:
            return
        self._columns[_VOLUME, at] += late.volume
        self._columns[_QUALITY, at] = SAMPLED
        if late.high is not None:
            self._columns[_HIGH, at] = max(self._columns[_HIGH, at], late.high)
        if late.low is not None:
            self._columns[_LOW, at] = min(self._columns[_LOW, at], late.low)
        self.version += 1
        self.revision += 1

    def _insert(self, late: LateTrade) -> None:
        price = late.price
        if price is None or (late.high is None and late.low is None):
            return
        high = price if late.high is None else max(price, late.high)
        low = price if late.low is None else min(price, late.low)
        row = (late.time, price, high, low, price, late.volume, SAMPLED, 0.0)
        self._merge_columns(np.array(row, dtype=np.float64).reshape(_COLUMNS, 1))

    def rows_within(self, minutes: int, unseen_after: int = 0) -> int:
        """How many of the newest bars lie within the last `minutes`, each minute without a visit counted as one.

        `unseen_after` = minutes without a visit since the newest bar.
        """
        if not self._has_unseen and not unseen_after:
            return minutes
        first = max(0, self._count - minutes)
        unseen = self._columns[_UNSEEN, first : self._count]
        if not unseen_after and not np.count_nonzero(unseen):
            return minutes
        newest_first = unseen[::-1]
        place = np.arange(1, len(unseen) + 1) + unseen_after + np.cumsum(newest_first) - newest_first
        return int(np.count_nonzero(place <= minutes))

    def bars(self, count: int | None = None) -> list[Bar]:
        """Closed bars as values, oldest first; the newest `count` of them."""
        first = 0 if count is None else max(0, self._count - count)
        rows = self._columns[:_UNSEEN, first : self._count].T.tolist()
        return [
            Bar(time, open_, high, low, close, None if volume != volume else volume, _SOURCE[int(quality)])
            for time, open_, high, low, close, volume, quality in rows
        ]

    def clear(self) -> None:
        self._count = 0
        self.version += 1
        self.revision += 1

    def _merge_columns(self, new: Floats) -> None:
        both = np.concatenate([self._columns[:, : self._count], new], axis=1)
        rank = both[_QUALITY] * 2 + np.isfinite(both[_VOLUME]) * 10
        order = np.lexsort((np.arange(both.shape[1]), rank, both[_TIME]))  # the best of each minute comes last
        both = both[:, order]
        keep = np.append(both[_TIME, 1:] != both[_TIME, :-1], True)
        best = both[:, keep][:, -self._limit :]
        self._widen_partials(best, both)
        between = np.diff(best[_TIME], prepend=-np.inf) / BAR_S - 1.0
        np.minimum(best[_UNSEEN], np.maximum(between, 0.0), out=best[_UNSEEN])
        self._count = best.shape[1]
        if self._count > self._columns.shape[1]:
            self._columns = np.empty((_COLUMNS, self._count + ROOM))
        self._columns[:, : self._count] = best
        self._has_unseen = bool(best[_UNSEEN].any())
        self.version += 1
        self.revision += 1

    @staticmethod
    def _widen_partials(best: Floats, every: Floats) -> None:
        """Two part views of one minute: its range is the range of both, its volume the larger one."""
        for index in np.flatnonzero(best[_QUALITY] == PARTIAL).tolist():
            low = int(np.searchsorted(every[_TIME], best[_TIME, index], side="left"))
            high = int(np.searchsorted(every[_TIME], best[_TIME, index], side="right"))
            best[_HIGH, index] = every[_HIGH, low:high].max()
            best[_LOW, index] = every[_LOW, low:high].min()
            best[_VOLUME, index] = np.fmax.reduce(every[_VOLUME, low:high])

    def _make_room(self) -> None:
        capacity = self._columns.shape[1]
        if self._count < capacity:
            return
        if capacity >= self._limit:
            kept = self._limit - self._limit // 4
            self._columns[:, :kept] = self._columns[:, self._count - kept : self._count].copy()
            self._count = kept
            return
        wider = np.empty((_COLUMNS, min(self._limit, capacity + max(ROOM, capacity // 8))))
        wider[:, : self._count] = self._columns[:, : self._count]
        self._columns = wider
