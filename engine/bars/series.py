"""One symbol's closed bars in compact rows, with how each bar came to be.

A merge keeps, for each minute, the bar that knows most: a minute streamed from its first second to its last wins
over history, history over a minute that was seen in part or sampled. Volumes are NaN inside while unknown.

Thousands of bars of hundreds of symbols: a row takes 31 bytes. Prices are whole numbers of the decimal step that holds
all of them exactly; where none does (fractions of a bond, a mid between two steps) those of that symbol are doubles.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.bars.build import BAR_S, RESUME_S, LateTrade, OpenBar
from engine.domain import Bar, BarSource

Floats = NDArray[np.float64]
_Rows = NDArray[np.void]

PARTIAL, SAMPLED, HISTORY, STREAMED = 0, 1, 2, 3
_SOURCE: dict[int, BarSource] = {PARTIAL: "streamed", SAMPLED: "sampled", HISTORY: "history", STREAMED: "streamed"}
_TIME, _QUALITY, _COLUMNS = 0, 6, 7  # of `rows`: time, open, high, low, close, volume, quality
_HIGH, _LOW = 1, 2  # of a row's prices: open, high, low, close
ROOM = 64  # for bars to come: of the hundreds of symbols most get few
MOST_UNSEEN = np.iinfo(np.uint16).max
_STEPS = (1e2, 1e3, 1e4, 1e5, 1e6)  # of a price that is kept as a whole number; no step = a double
_MOST_STEPS = np.iinfo(np.int32).max
_MOST_NUMBER = 2.0**30


def _row_of(prices: type) -> np.dtype[np.void]:
    """`number` = bars since the epoch; `unseen` = minutes directly before it that no line saw."""
    return np.dtype(
        [("volume", "<f8"), ("number", "<i4"), ("prices", prices, (4,)), ("unseen", "<u2"), ("quality", "u1")]
    )


_IN_STEPS, _IN_DOUBLES = _row_of(np.int32), _row_of(np.float64)


class BarArrays(NamedTuple):
    """The closed bars as they are now, oldest first; `volume` NaN = unknown."""

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
    """Closed bars of `bar_s` seconds in the order of time; appends are cheap, merges rebuild what they touch.

    Bounded to `limit` bars. What it hands out are copies.
    """

    __slots__ = ("_bar_s", "_count", "_has_unseen", "_limit", "_rows", "_steps", "revision", "version")

    def __init__(self, limit: int, bar_s: float = BAR_S) -> None:
        self._limit = limit
        self._bar_s = bar_s
        self.version = 0  # grows with every change
        self.revision = 0  # grows with every change but an added bar
        self._begin()

    def _begin(self) -> None:
        self._steps: float | None = _STEPS[0]  # of a unit of price, in which prices are kept; None = as doubles
        self._rows: _Rows = np.empty(0, _IN_STEPS)
        self._count = 0
        self._has_unseen = False

    def __len__(self) -> int:
        return self._count

    @property
    def last_time(self) -> float | None:
        """Start of the newest closed bar."""
        return float(self._rows["number"][self._count - 1]) * self._bar_s if self._count else None

    @property
    def last_is_partial(self) -> bool:
        """Whether part of the newest closed minute was not seen: its volume is too low."""
        return self._count > 0 and bool(self._rows["quality"][self._count - 1] == PARTIAL)

    def has_sampled(self, minutes: int) -> bool:
        """Whether one of the newest `minutes` bars was not seen whole, and history has not told it since."""
        return bool((self._newest(minutes)["quality"] <= SAMPLED).any())

    def source_at(self, time: float) -> BarSource | None:
        """How the bar of the minute that begins at `time` came to be; None = there is none."""
        at = self._place_of(time)
        return None if at is None else _SOURCE[int(self._rows["quality"][at])]

    def arrays(self) -> BarArrays:
        return self._arrays_of(self._closed())

    def recent(self, most: int) -> Recent:
        """The newest `most` bars."""
        rows = self._newest(most)
        open_, high, low, close = self._prices_of(rows).T.tolist()
        return Recent(self._times_of(rows).tolist(), open_, high, low, close, rows["volume"].tolist(), self._count)

    def first_since(self, start: float) -> int:
        """Number of the first bar whose minute begins at `start` or later."""
        return self._first_from(math.ceil(_bounded(start / self._bar_s)))

    def is_whole(self, time: float) -> bool:
        """Whether the minute that begins at `time` has a bar that was seen whole, or told by history."""
        at = self._place_of(time)
        return at is not None and bool(self._rows["quality"][at] >= HISTORY)

    def append(self, bar: OpenBar) -> None:
        """Add a minute that has just closed; one that is there already is merged."""
        quality = STREAMED if bar.complete and bar.volume is not None else PARTIAL
        volume = np.nan if bar.volume is None else bar.volume
        last = self.last_time
        if last is not None and bar.time <= last:
            self._merge_one(bar.time, (bar.open, bar.high, bar.low, bar.close), volume, quality, bar.unseen)
            return
        self._make_room()
        prices = self._kept_prices(np.array((bar.open, bar.high, bar.low, bar.close), dtype=np.float64))
        unseen = min(bar.unseen, MOST_UNSEEN)
        self._rows[self._count] = (volume, int(bar.time // self._bar_s), prices, unseen, quality)
        self._has_unseen = self._has_unseen or bar.unseen > 0
        self._count += 1
        self.version += 1

    def merge(self, bars: Sequence[Bar], quality: int) -> None:
        """Add bars of history (or samples), oldest first."""
        if not bars:
            return
        if self._count < ROOM:  # the first history: what stays takes its place before what is needed for a moment
            self._reserve(self._count + len(bars))
        prices = np.array([(bar.open, bar.high, bar.low, bar.close) for bar in bars], dtype=np.float64)
        volumes = np.array([np.nan if bar.volume is None else bar.volume for bar in bars], dtype=np.float64)
        self._merge(np.array([bar.time for bar in bars]), prices, volumes, quality, 0)

    def rows(self, after: float | None = None) -> Floats:
        """A copy of all columns (time, open, high, low, close, volume, quality); of the bars later than `after`."""
        rows = self._closed()
        if after is not None:
            rows = rows[self._first_from(math.floor(_bounded(after / self._bar_s)) + 1) :]
        return np.vstack([*self._arrays_of(rows), rows["quality"]])

    def merge_rows(self, rows: Floats) -> None:
        """Add what `rows` gave in an earlier run; minutes missing before a bar that was not streamed were unseen."""
        if rows.shape[1]:
            unseen = np.where(rows[_QUALITY] <= SAMPLED, RESUME_S // BAR_S, 0.0)
            self._merge(rows[_TIME], rows[1:5].T, rows[5], rows[_QUALITY], unseen)

    def mark_partial(self, start: float, end: float) -> None:
        """Minutes within [start, end) were not seen whole: the next history may correct them."""
        quality = self._rows["quality"][self.first_since(start) : self.first_since(end)]
        quality[quality == STREAMED] = PARTIAL

    def forget_volumes(self) -> None:
        """They were counted in a wrong unit: unknown until history tells them."""
        rows = self._closed()
        rows["volume"] = np.nan
        np.minimum(rows["quality"], HISTORY, out=rows["quality"])
        self.version += 1
        self.revision += 1

    def complete(self, late: LateTrade) -> None:
        """What a visit tells of the minute in which the one before ended: the rest of its volume, and a new extreme.

        Where the visit saw no trade that minute has no bar: it gets one for the sake of a new extreme, else none.
        """
        at = self._place_of(late.time)
        if at is None:
            self._insert(late)
            return
        if self._rows["quality"][at] > SAMPLED:
            return
        open_, high, low, close = self._prices_of(self._rows[at]).tolist()
        high = high if late.high is None else max(high, late.high)
        low = low if late.low is None else min(low, late.low)
        prices = self._kept_prices(np.array((open_, high, low, close)))  # may put all of them into another step
        self._rows["prices"][at] = prices
        self._rows["volume"][at] += late.volume
        self._rows["quality"][at] = SAMPLED
        self.version += 1
        self.revision += 1

    def _insert(self, late: LateTrade) -> None:
        price = late.price
        if price is None or (late.high is None and late.low is None):
            return
        high = price if late.high is None else max(price, late.high)
        low = price if late.low is None else min(price, late.low)
        self._merge_one(late.time, (price, high, low, price), late.volume, SAMPLED, 0)

    def rows_within(self, minutes: int, unseen_after: int = 0) -> int:
        """How many of the newest bars lie within the last `minutes`, each minute without a visit counted as one.

        `unseen_after` = minutes without a visit since the newest bar.
        """
        if not self._has_unseen and not unseen_after:
            return minutes
        unseen = self._newest(minutes)["unseen"].astype(np.int64)
        if not unseen_after and not np.count_nonzero(unseen):
            return minutes
        newest_first = unseen[::-1]
        place = np.arange(1, len(unseen) + 1) + unseen_after + np.cumsum(newest_first) - newest_first
        return int(np.count_nonzero(place <= minutes))

    def bars(self, count: int | None = None) -> list[Bar]:
        """Closed bars as values, oldest first; the newest `count` of them."""
        rows = self._closed() if count is None else self._newest(count)
        columns = (column.tolist() for column in (*self._arrays_of(rows), rows["quality"]))
        return [
            Bar(time, open_, high, low, close, None if volume != volume else volume, _SOURCE[quality])
            for time, open_, high, low, close, volume, quality in zip(*columns, strict=True)
        ]

    def clear(self) -> None:
        self._begin()
        self.version += 1
        self.revision += 1

    # --- rows ---------------------------------------------------------------------------------------------------

    def _closed(self) -> _Rows:
        return self._rows[: self._count]

    def _newest(self, most: int) -> _Rows:
        return self._rows[max(0, self._count - most) : self._count]

    def _first_from(self, number: int) -> int:
        """Place of the first bar that has this number or a later one."""
        return int(self._closed()["number"].searchsorted(np.int32(number)))

    def _place_of(self, time: float) -> int | None:
        """Of the bar that begins at `time`."""
        at = self.first_since(time)
        return at if at < self._count and self._times_of(self._rows[at]) == time else None

    def _times_of(self, rows: _Rows | Any) -> Floats:
        times: Floats = rows["number"] * self._bar_s
        return times

    def _prices_of(self, rows: _Rows | Any) -> Floats:
        """Open, high, low and close of each row."""
        prices: Floats = rows["prices"] / self._steps if self._steps is not None else rows["prices"]
        return prices

    def _arrays_of(self, rows: _Rows) -> BarArrays:
        open_, high, low, close = np.ascontiguousarray(self._prices_of(rows).T)
        return BarArrays(self._times_of(rows), open_, high, low, close, rows["volume"].copy())

    def _kept_prices(self, prices: Floats) -> NDArray[Any]:
        """These prices as they are kept; where they need a finer step all others are put into it, too."""
        if self._steps is None:
            return prices
        for steps in _STEPS[_STEPS.index(self._steps) :]:
            numbers = _in_steps(prices, steps)
            if numbers is not None and self._use_steps(steps):
                return numbers
        self._use_doubles()
        return prices

    def _use_steps(self, steps: float) -> bool:
        """False = the prices that are here can't be kept in such steps."""
        if steps == self._steps or not self._count:
            self._steps = steps
            return True
        numbers = _in_steps(self._prices_of(self._closed()), steps)
        if numbers is None:
            return False
        self._closed()["prices"] = numbers
        self._steps = steps
        return True

    def _use_doubles(self) -> None:
        rows = np.empty(len(self._rows), _IN_DOUBLES)
        closed = self._closed()
        for field in ("volume", "number", "unseen", "quality"):
            rows[field][: self._count] = closed[field]
        rows["prices"][: self._count] = self._prices_of(closed)
        self._rows, self._steps = rows, None

    # --- merging ------------------------------------------------------------------------------------------------

    def _merge_one(self, time: float, prices: Sequence[float], volume: float, quality: int, unseen: int) -> None:
        self._merge(np.array([time]), np.array([prices], dtype=np.float64), np.array([volume]), quality, unseen)

    def _merge(
        self, times: Floats, prices: Floats, volumes: Floats, quality: Floats | int, unseen: Floats | int
    ) -> None:
        """Only the bars from the first new minute on are looked at."""
        kept = self._kept_prices(prices)
        new = np.empty(len(times), self._rows.dtype)
        new["volume"], new["prices"], new["quality"] = volumes, kept, quality
        new["number"] = times // self._bar_s
        new["unseen"] = np.minimum(unseen, MOST_UNSEEN)
        first = self._first_from(int(new["number"].min()))
        both = np.concatenate([self._rows[first : self._count], new])
        rank = both["quality"] * 2 + np.isfinite(both["volume"]) * 10
        both = both[np.lexsort((rank, both["number"]))]  # stable: of equals the later one; the best comes last
        best = both[np.append(both["number"][1:] != both["number"][:-1], True)]
        _widen_partials(best, both)
        self._put(first, best)
        self.version += 1
        self.revision += 1

    def _put(self, first: int, rows: _Rows) -> None:
        """These rows from place `first` on, in place of what is there; the oldest beyond the limit go."""
        over = max(0, first + len(rows) - self._limit)
        head, rows = self._rows[over:first], rows[max(0, over - first) :]
        self._count = len(head) + len(rows)
        if self._count > len(self._rows):
            self._rows = np.empty(min(self._limit, self._count + ROOM), self._rows.dtype)
        if over or head.base is not self._rows:
            self._rows[: len(head)] = head
        self._rows[len(head) : self._count] = rows
        self._settle_unseen()

    def _settle_unseen(self) -> None:
        """A minute that has a bar was seen."""
        rows = self._closed()
        between = np.minimum(np.diff(rows["number"]) - 1, MOST_UNSEEN)
        np.minimum(rows["unseen"][1:], between.astype(np.uint16), out=rows["unseen"][1:])
        self._has_unseen = bool(rows["unseen"].any())

    def _reserve(self, count: int) -> None:
        """Places for so many bars, and some to come."""
        if count > len(self._rows):
            wider = np.empty(min(self._limit, count + ROOM), self._rows.dtype)
            wider[: self._count] = self._closed()
            self._rows = wider

    def _make_room(self) -> None:
        capacity = len(self._rows)
        if self._count < capacity:
            return
        if capacity >= self._limit:
            kept = self._limit - self._limit // 4
            self._rows[:kept] = self._rows[self._count - kept : self._count].copy()
            self._count = kept
            return
        wider = np.empty(min(self._limit, capacity + max(ROOM, capacity // 8)), self._rows.dtype)
        wider[: self._count] = self._closed()
        self._rows = wider


def _bounded(number: float) -> float:
    """Within what a row's number can be: who asks since ever, or for what never comes, does so by infinities."""
    return max(-_MOST_NUMBER, min(number, _MOST_NUMBER))


def _in_steps(prices: Floats, steps: float) -> NDArray[np.int32] | None:
    """Prices as whole numbers of 1 / `steps`; None = that would change one of them."""
    numbers = np.rint(prices * steps)
    if not (np.abs(numbers) <= _MOST_STEPS).all() or not (numbers / steps == prices).all():
        return None
    return numbers.astype(np.int32)


def _widen_partials(best: _Rows, every: _Rows) -> None:
    """Two part views of one minute: its range is the range of both, its volume the larger one."""
    if len(best) == len(every):
        return
    for index in np.flatnonzero(best["quality"] == PARTIAL).tolist():
        number = best["number"][index]
        views = every[slice(*every["number"].searchsorted([number, number + 1]))]
        best["prices"][index, _HIGH] = views["prices"][:, _HIGH].max()
        best["prices"][index, _LOW] = views["prices"][:, _LOW].min()
        best["volume"][index] = np.fmax.reduce(views["volume"])
