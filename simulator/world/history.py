"""Bars of the past and of the running session, cut from the same minutes as the ticks."""

from __future__ import annotations

from collections import OrderedDict
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from simulator.model import Bar, BarKind, Instrument
from simulator.world.bar_columns import (
    DAY_S,
    EXACT_DAYS,
    Columns,
    columns,
    join,
    merge,
    period,
    sketch_days,
    utc_midnight,
)
from simulator.world.book import Book, expected_prints
from simulator.world.calendar import FUTURES_OPEN, STOCK_OPEN, TradingDay
from simulator.world.daily import Daily
from simulator.world.grid import Grid
from simulator.world.hours import session_minutes
from simulator.world.intraminute import SLOTS, Minutes, Tape, build
from simulator.world.noise import F64, bits
from simulator.world.quote_bars import QuoteBars
from simulator.world.sessions import SessionBars, Sessions

_KEPT_SESSIONS = 1_000  # 21 MB
_BATCH_DAYS = 63
_SHARES_A_PRINT = 130.0


class History:
    """Bars by row. `books` are the running sessions; they know how far the running minute has come."""

    def __init__(self, sessions: Sessions, books: tuple[Book, Book]) -> None:
        self._sessions, self._books = sessions, books
        self._universe = sessions.universe
        self._kept: OrderedDict[tuple[int, int], SessionBars] = OrderedDict()
        self._exact: dict[tuple[int, bool], tuple[range, F64]] = {}  # daily bars of the last sessions, [column, day]
        self._quotes = QuoteBars(self)

    def bars(
        self, row: int, bar_size_s: int, start: float, end: float, rth: bool, slot: int, kind: BarKind = "TRADES"
    ) -> list[Bar]:
        """Bars with start <= time < end; `slot`: quarter second of the running minute already past."""
        if kind != "TRADES":
            found = self._quotes.bars(row, kind, bar_size_s, start, end, rth, slot)
        elif bar_size_s >= DAY_S:
            found = self.daily(row, bar_size_s, start, end, rth, slot)
        else:
            days = self.days(row, start - bar_size_s, end)
            self._fetch(row, days)
            parts = [self._intraday(row, day, bar_size_s, rth, slot) for day in days]
            found = join(parts) if parts else None
        if found is None:
            return []
        return self._bars(row, found.take((found.time >= start) & (found.time < end)))

    @property
    def daily_figures(self) -> Daily:
        return self._sessions.daily

    def instrument(self, row: int) -> Instrument:
        return self._universe.instruments[row]

    def calendar_day(self, day: int) -> TradingDay:
        return self._sessions.calendar.days[day]

    def usual_spread(self, row: int) -> int:
        """In ticks, in regular hours."""
        return int(self._universe.spread_ticks[row])

    def book(self, row: int) -> Book:
        return self._books[1] if self._universe.is_future[row] else self._books[0]

    def days(self, row: int, start: float, end: float) -> list[int]:
        """Positions of the sessions that overlap [start, end), the running one at most."""
        book, calendar = self.book(row), self._sessions.calendar
        opening = FUTURES_OPEN if book.is_future else STOCK_OPEN
        first = calendar.latest(start, opening)
        days = range(first, min(book.day, calendar.latest(end, opening)) + 1)
        return [day for day in days if calendar.days[day].at(opening) < end]

    def session(self, row: int, day: int) -> tuple[SessionBars, int]:
        """The bars that hold a session, and its position in them."""
        book = self.book(row)
        if day == book.day:
            return book.bars, int(np.searchsorted(book.rows, row))
        if (row, day) not in self._kept:
            self._fetch(row, [day])
        return self._kept[row, day], 0

    def _fetch(self, row: int, days: list[int]) -> None:
        """Makes the sessions that are not kept, at most _BATCH_DAYS at once to bound the memory."""
        is_future = bool(self._universe.is_future[row])
        missing = [day for day in days if (row, day) not in self._kept and day != self.book(row).day]
        for is_half, group in groupby(missing, key=lambda day: self._sessions.grid(day, is_future).is_half):
            run = list(group)
            for n in range(0, len(run), _BATCH_DAYS):
                self._make(row, run[n : n + _BATCH_DAYS], self._sessions.grid(run[n], is_future), is_half)
        while len(self._kept) > _KEPT_SESSIONS:
            self._kept.popitem(last=False)

    def _make(self, row: int, days: list[int], grid: Grid, is_half: bool) -> None:
        rows = np.full(len(days), row, dtype=np.int64)
        made = self._sessions.make(rows, np.array(days, dtype=np.int64), grid)
        for n, day in enumerate(days):
            parts = [
                getattr(made, name)[n : n + 1].copy() for name in ("open", "high", "low", "close", "volume", "slot")
            ]
            self._kept[row, day] = SessionBars(grid, *parts)

    def _minutes(self, row: int, day: int, rth: bool, slot: int) -> Columns:
        """One-minute bars of a session as far as it has come."""
        bars, n = self.session(row, day)
        book, grid = self.book(row), bars.grid
        session = self._sessions.calendar.days[day]
        first, last = session_minutes(self._universe.instruments[row], session, rth)
        first, last = first - grid.open_minute, min(last - grid.open_minute, grid.end)
        is_running = day == book.day
        whole = min(last, book.minute) if is_running else last
        span = slice(first, max(first, whole))
        time = session.midnight + 60.0 * np.arange(
            grid.open_minute + first, grid.open_minute + max(first, whole), dtype=np.float64
        )
        done = columns(time, *(getattr(bars, name)[n, span] for name in ("open", "high", "low", "close", "volume")))
        done = done.take(done.volume > 0)
        if is_running and first <= book.minute < last:
            done = join([done, self._running_minute(book, n, slot, session.at(grid.open_minute + book.minute))])
        return done

    def _running_minute(self, book: Book, n: int, slot: int, time: float) -> Columns:
        tape = book.tape
        printed = int(tape.printed[slot, n])
        if printed < 0:
            return columns(*(np.empty(0) for _ in range(6)))
        last = tape.price[printed, n]
        fields = (time, tape.minutes.open[n], tape.high[slot, n], tape.low[slot, n], last, tape.volume[slot, n])
        return columns(*(np.array([float(x)]) for x in fields))

    def _intraday(self, row: int, day: int, size: int, rth: bool, slot: int) -> Columns:
        if size < 60:
            return self._seconds(row, day, size, rth, slot)
        minutes = self._minutes(row, day, rth, slot)
        if size == 60:
            return minutes
        session = self._sessions.calendar.days[day]
        opening, _ = session_minutes(self._universe.instruments[row], session, rth)
        return merge(minutes, np.maximum(np.floor(minutes.time / size) * size, session.at(opening)))

    def daily(self, row: int, size: int, start: float, end: float, rth: bool, slot: int) -> Columns | None:
        """Daily bars and coarser; the time is midnight UTC of the (first) date."""
        days = self.days(row, start - (size if size > DAY_S else 0), end + DAY_S)
        if not days:
            return None
        first, stop, running = days[0], days[-1] + 1, self.book(row).day
        near = max(0, running - EXACT_DAYS)
        parts = [sketch_days(self._sessions.daily, row, range(first, min(stop, near)))] if first < near else []
        if max(first, near) < min(stop, running):
            parts.append(self._exact_days(row, rth, range(max(first, near), min(stop, running))))
        if stop > running:
            parts.append(self._day(row, running, rth, slot))
        found = join(parts)
        return found if size == DAY_S else merge(found, period(found.time, size))

    def _exact_days(self, row: int, rth: bool, days: range) -> Columns:
        """Daily bars of sessions that have ended, made of their minutes once; a row's are one array."""
        had, kept = self._exact.get((row, rth), (range(days.start, days.start), None))
        if kept is None or days.start < had.start or days.stop > had.stop:
            self._fetch(row, list(days))
            made = join([self._day(row, day, rth, SLOTS - 1) for day in days])
            kept = np.stack([getattr(made, name) for name in Columns.__slots__])
            self._exact[row, rth] = days, kept
        midnights = [utc_midnight(self._sessions.daily, day) for day in (days.start, days.stop - 1)]
        found = Columns(*kept)
        return found.take((found.time >= midnights[0]) & (found.time <= midnights[1]))

    def _day(self, row: int, day: int, rth: bool, slot: int) -> Columns:
        """The daily bar of a session, of none of its minutes when nothing traded."""
        minutes = self._minutes(row, day, rth, slot)
        return merge(minutes, np.full(len(minutes.time), utc_midnight(self._sessions.daily, day)))

    def _seconds(self, row: int, day: int, size: int, rth: bool, slot: int) -> Columns:
        """Bars below a minute, from the tape of each minute."""
        bars, n = self.session(row, day)
        book, session = self.book(row), self._sessions.calendar.days[day]
        minutes = self._minutes(row, day, rth, slot)
        places = np.rint((minutes.time - session.at(bars.grid.open_minute)) / 60.0).astype(np.int64)
        if not len(places):
            return minutes
        tape = self.tape(row, day, bars, n, places)
        parts = []
        for k, place in enumerate(places.tolist()):
            until = slot if day == book.day and place == book.minute else SLOTS - 1
            parts.append(_cut(tape, k, size, until, float(minutes.time[k])))
        return join(parts)

    def tape(self, row: int, day: int, bars: SessionBars, n: int, places: NDArray[np.int64]) -> Tape:
        u, count = self._universe, len(places)
        factor = float(self._sessions.daily.volume_factor[row, day])
        usual = u.avg_volume[row] * bars.grid.volume_share[places] * factor
        numbers = int(self._sessions.daily.ordinals[day]) * 2048 + places
        fields = {name: getattr(bars, name)[n, places] for name in ("open", "high", "low", "close", "volume", "slot")}
        book, grid = self.book(row), bars.grid
        is_busy = book.is_future | ((places >= grid.regular_open) & (places < grid.regular_close))
        return build(
            Minutes(
                keys=bits(u.own_key[row : row + 1], numbers),
                prints=expected_prints(usual, np.full(count, u.is_future[row])),
                spread=u.spread_ticks[row] * np.where(is_busy, 1, 4),
                lot=np.full(count, u.lot[row]),
                **fields,
            )
        )

    def _bars(self, row: int, found: Columns) -> list[Bar]:
        tick = self._universe.tick[row]
        prices = [np.round(getattr(found, name) * tick, 8).tolist() for name in ("open", "high", "low", "close")]
        wap = np.round(found.value / np.maximum(found.volume, 1.0) * tick, 4).tolist()
        a_print = 3.0 if self._universe.is_future[row] else _SHARES_A_PRINT
        count = np.maximum(1, np.rint(found.volume / a_print)).astype(np.int64).tolist()
        rows = zip(found.time.tolist(), *prices, found.volume.tolist(), wap, count, strict=True)
        return [Bar(*one) for one in rows]


def _cut(tape: Tape, column: int, size: int, until: int, time: float) -> Columns:
    slots = np.flatnonzero(tape.printed[: until + 1, column] == np.arange(until + 1))
    price = tape.price[slots, column].astype(np.float64)
    volume = np.diff(tape.volume[slots, column], prepend=0).astype(np.float64)
    rows = columns(time + slots / 4.0, price, price, price, price, volume)
    return merge(rows, time + np.floor(slots / (4 * size)) * size)
