"""Bars of the quotes, cut from the very quotes that the tape sends: bid, ask, their middle, and BID_ASK.

In `Columns` of quotes `volume` counts the quarter seconds of a bar and `value` is the sum of the price over them, so
that bars merge as trades do and their time average is value / volume. BID_ASK is made last: open and close are the
averages of bid and ask, high is the highest ask, low the lowest bid.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.model import BarKind, Instrument
from simulator.world.bar_columns import DAY_S, Columns, join, merge, period, utc_midnight
from simulator.world.book import Book
from simulator.world.calendar import TradingDay
from simulator.world.daily import Daily
from simulator.world.hours import session_minutes
from simulator.world.intraminute import SLOT_S, SLOTS, Tape
from simulator.world.noise import F64
from simulator.world.sessions import SessionBars

EXACT_QUOTE_DAYS = 5  # daily bars of so many last sessions are made of their quotes, older ones of their trades
_KEPT_SESSIONS = 64  # 10 MB
_BATCH_MINUTES = 240  # of tape at once, some 8 MB

Sides = tuple[Columns, Columns, Columns]  # bid, ask, middle; prices in ticks, of the middle in halves


class Source(Protocol):
    """The sessions and tapes of `simulator.world.history.History`."""

    @property
    def daily_figures(self) -> Daily: ...

    def instrument(self, row: int) -> Instrument: ...

    def calendar_day(self, day: int) -> TradingDay: ...

    def usual_spread(self, row: int) -> int: ...

    def book(self, row: int) -> Book: ...

    def days(self, row: int, start: float, end: float) -> list[int]: ...

    def session(self, row: int, day: int) -> tuple[SessionBars, int]: ...

    def tape(self, row: int, day: int, bars: SessionBars, n: int, places: NDArray[np.int64]) -> Tape: ...

    def daily(self, row: int, size: int, start: float, end: float, rth: bool, slot: int) -> Columns | None: ...


class QuoteBars:
    """Bars by row, from what `history` makes."""

    def __init__(self, history: Source) -> None:
        self._history = history
        self._kept: OrderedDict[tuple[int, int], tuple[int, Sides]] = OrderedDict()  # minutes done, and their bars

    def bars(
        self, row: int, kind: BarKind, size: int, start: float, end: float, rth: bool, slot: int
    ) -> Columns | None:
        """Bars that overlap [start, end); None = there is no session. Prices in ticks."""
        if size >= DAY_S:
            return self._daily(row, kind, size, start, end, rth, slot)
        days = self._history.days(row, start - size, end)
        parts = [self._intraday(row, day, kind, size, rth, slot, (start - size, end)) for day in days]
        return join(parts) if parts else None

    def _intraday(
        self, row: int, day: int, kind: BarKind, size: int, rth: bool, slot: int, span: tuple[float, float]
    ) -> Columns:
        history = self._history
        session, (first, last, running) = history.calendar_day(day), self._minutes(row, day, rth)
        bars, _ = history.session(row, day)
        opening = session.at(bars.grid.open_minute)
        if size < 60:
            low, high = (int((moment - opening) // 60) for moment in span)
            first, whole = max(first, low), min(last, high + 1)
            sides = self._cut(row, day, first, min(whole, running), 4 * size, SLOTS - 1)
            if first <= running < whole:
                sides = _join(sides, self._cut(row, day, running, running + 1, 4 * size, slot))
            return _of_kind(kind, sides)
        done = self._whole(row, day, min(last, running))
        sides = _slice(done, opening + 60.0 * first, opening + 60.0 * last)
        if first <= running < last:
            sides = _join(sides, self._cut(row, day, running, running + 1, SLOTS, slot))
        begin = opening + 60.0 * first
        bucket = np.maximum(np.floor(sides[0].time / size) * size, begin)
        return _of_kind(kind, _merge(sides, bucket))

    def _minutes(self, row: int, day: int, rth: bool) -> tuple[int, int, int]:
        """First minute and end of the session in its grid, and the running minute: the end when it is over."""
        history = self._history
        bars, _ = history.session(row, day)
        grid, book = bars.grid, history.book(row)
        first, last = session_minutes(history.instrument(row), history.calendar_day(day), rth)
        first, last = first - grid.open_minute, min(last - grid.open_minute, grid.end)
        return first, last, book.minute if day == book.day else last

    def _whole(self, row: int, day: int, until: int) -> Sides:
        """Minutes of the session from its beginning, made once; at least `until` of them."""
        done, sides = self._kept.pop((row, day), (0, None))
        if sides is None or done < until:
            made = self._cut(row, day, done, until, SLOTS, SLOTS - 1)
            done, sides = until, made if sides is None else _join(sides, made)
        self._kept[row, day] = done, sides
        while len(self._kept) > _KEPT_SESSIONS:
            self._kept.popitem(last=False)
        return sides

    def _cut(self, row: int, day: int, first: int, stop: int, group: int, until: int) -> Sides:
        """Bars of `group` quarter seconds of the minutes [first, stop); the last minute ends after slot `until`."""
        parts = []
        for at in range(first, stop, _BATCH_MINUTES):
            end = min(at + _BATCH_MINUTES, stop)
            parts.append(self._batch(row, day, at, end, group, until if end == stop else SLOTS - 1))
        if not parts:
            return _empty()
        bid, ask, middle = zip(*parts, strict=True)
        return join(list(bid)), join(list(ask)), join(list(middle))

    def _batch(self, row: int, day: int, first: int, stop: int, group: int, until: int) -> Sides:
        bid, ask = self._paths(row, day, first, stop)
        bars, _ = self._history.session(row, day)
        opening = self._history.calendar_day(day).at(bars.grid.open_minute)
        begin = np.arange(SLOTS // group) * group
        time = (opening + 60.0 * np.arange(first, stop))[:, None] + SLOT_S * begin[None, :]
        slots = np.full((stop - first, len(begin)), float(group))
        slots[-1] = np.clip(until + 1 - begin, 0, group)
        seen = slots.ravel() > 0
        sides = []
        for path in (bid, ask, (bid + ask) / 2.0):
            path[until + 1 :, -1] = path[until, -1]  # not yet there
            grouped = path.T.reshape(stop - first, len(begin), group)
            value = np.cumsum(grouped, axis=2)
            summed = np.take_along_axis(value, np.maximum(slots[:, :, None].astype(np.int64) - 1, 0), axis=2)
            fields = (
                time,
                grouped[:, :, 0],
                grouped.max(axis=2),
                grouped.min(axis=2),
                grouped[:, :, -1],
                slots,
                summed,
            )
            sides.append(Columns(*(field.ravel()[seen] for field in fields)))
        return sides[0], sides[1], sides[2]

    def _paths(self, row: int, day: int, first: int, stop: int) -> tuple[F64, F64]:
        """Bid and ask as they stand at each quarter second, [slot, minute], in ticks."""
        bars, n = self._history.session(row, day)
        begin = max(0, first - 1)
        tape = self._history.tape(row, day, bars, n, np.arange(begin, stop))
        early = tape.quoted < 0
        columns: NDArray[np.int64] = np.broadcast_to(np.arange(stop - begin), early.shape)
        bid, ask, _, _ = tape.quotes_at(np.maximum(tape.quoted, 0), columns)
        paths = []
        for side in (bid, ask):
            before = np.concatenate([side[:1, 0], side[-1, :-1]])  # a minute begins with the last quote before it
            paths.append(np.where(early, before[None, :], side).astype(np.float64)[:, first - begin :])
        return paths[0], paths[1]

    # days

    def _daily(
        self, row: int, kind: BarKind, size: int, start: float, end: float, rth: bool, slot: int
    ) -> Columns | None:
        history = self._history
        trades = history.daily(row, DAY_S, start - (size if size > DAY_S else 0), end + DAY_S, rth, slot)
        if trades is None or not len(trades.time):
            return trades
        days = history.days(row, start - (size if size > DAY_S else 0), end + DAY_S)
        exact = [day for day in days if day > history.book(row).day - EXACT_QUOTE_DAYS]
        limit = utc_midnight(history.daily_figures, exact[0]) if exact else float("inf")
        sides = _around(trades.take(trades.time < limit), history.usual_spread(row))
        for day in exact:
            sides = _join(sides, self._whole_day(row, day, rth, slot))
        if size > DAY_S:
            sides = _merge(sides, period(sides[0].time, size))
        return _of_kind(kind, sides)

    def _whole_day(self, row: int, day: int, rth: bool, slot: int) -> Sides:
        first, last, running = self._minutes(row, day, rth)
        bars, _ = self._history.session(row, day)
        opening = self._history.calendar_day(day).at(bars.grid.open_minute)
        sides = _slice(self._whole(row, day, min(last, running)), opening + 60.0 * first, opening + 60.0 * last)
        if first <= running < last:
            sides = _join(sides, self._cut(row, day, running, running + 1, SLOTS, slot))
        return _merge(sides, np.full(len(sides[0].time), utc_midnight(self._history.daily_figures, day)))


def _around(trades: Columns, spread: int) -> Sides:
    """Quotes of days whose minutes are not made: a usual spread around each price of the trades."""
    bid, ask = -(-spread // 2), spread // 2
    times = np.full(len(trades.time), float(SLOTS))
    typical = trades.value / np.maximum(trades.volume, 1.0)

    def shifted(by: float) -> Columns:
        prices = (trades.open + by, trades.high + by, trades.low + by, trades.close + by)
        return Columns(trades.time, *prices, times, times * (typical + by))

    return shifted(-bid), shifted(ask), shifted((ask - bid) / 2.0)


def _of_kind(kind: BarKind, sides: Sides) -> Columns:
    bid, ask, middle = sides
    if kind != "BID_ASK":
        return {"BID": bid, "ASK": ask}.get(kind, middle)
    averages = (bid.value / np.maximum(bid.volume, 1.0), ask.value / np.maximum(ask.volume, 1.0))
    return Columns(bid.time, averages[0], ask.high, bid.low, averages[1], bid.volume, bid.value)


def _empty() -> Sides:
    nothing = Columns(*(np.empty(0) for _ in range(7)))
    return nothing, nothing, nothing


def _join(one: Sides, other: Sides) -> Sides:
    bid, ask, middle = (join([a, b]) for a, b in zip(one, other, strict=True))
    return bid, ask, middle


def _merge(sides: Sides, bucket: F64) -> Sides:
    bid, ask, middle = (merge(side, bucket) for side in sides)
    return bid, ask, middle


def _slice(sides: Sides, start: float, end: float) -> Sides:
    chosen = (sides[0].time >= start) & (sides[0].time < end)
    bid, ask, middle = (side.take(chosen) for side in sides)
    return bid, ask, middle
