"""The running session of one class (stocks or futures): its bars, what they add up to, the tape of this minute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.world.calendar import Calendar
from simulator.world.grid import Grid
from simulator.world.intraminute import SLOT_S, SLOTS, Minutes, Tape, build, join_tapes
from simulator.world.noise import bits
from simulator.world.sessions import HALTED, SessionBars, Sessions

_BLOCK_ROWS = 64
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
F64 = NDArray[np.float64]


@dataclass(slots=True)
class State:
    """All rows of the class now, in ticks and shares; 0 means "none yet"."""

    bid: I32
    ask: I32
    bid_size: I32
    ask_size: I32
    last: I32
    last_size: I64
    volume: I64
    open: I32
    high: I32
    low: I32
    halted: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Moment:
    """A quarter second of a session. `is_over`: the session has ended and this is its last one."""

    day: int
    minute: int
    slot: int
    is_over: bool


def expected_prints(usual_volume: F64, is_future: NDArray[np.bool_]) -> F64:
    """Prints a minute by the usual volume of the minute; TSLA has more than a quarter-second tape can show."""
    prints: F64 = np.clip(np.where(is_future, usual_volume / 3.0, usual_volume / 130.0), 0.7, 200.0)
    return prints


class Book:
    """Rows of one class through their session. Not thread safe."""

    def __init__(self, sessions: Sessions, rows: I64, is_future: bool) -> None:
        self._sessions, self.rows, self.is_future = sessions, rows, is_future
        self.universe = sessions.universe
        self.day = -1
        self.minute = -1
        self.tape: Tape
        self.bars: SessionBars
        self.prior_close: I32
        self._ahead: list[Tape] = []  # parts of the next minute's tape
        self._blocks = -(-len(rows) // _BLOCK_ROWS)

    @property
    def grid(self) -> Grid:
        return self.bars.grid

    @property
    def calendar(self) -> Calendar:
        return self._sessions.calendar

    def moment(self, now: float, open_minute: int) -> Moment:
        """Where `now` is in its session; after the end the last moment stays."""
        day = self.calendar.latest(now, open_minute)
        grid = self._sessions.grid(day, self.is_future)
        seconds = now - self.calendar.days[day].at(open_minute)
        if seconds >= grid.end * 60:
            return Moment(day, grid.end - 1, SLOTS - 1, True)
        seconds = max(seconds, 0.0)
        minute = int(seconds // 60)
        return Moment(day, minute, min(int((seconds - minute * 60) / SLOT_S), SLOTS - 1), False)

    def move_to(self, moment: Moment) -> None:
        """Loads the session and the minute; a step to the next minute keeps the tape of the one before."""
        if moment.day != self.day:
            self._load(moment.day)
        if moment.minute == self.minute:
            return
        follows = moment.minute == self.minute + 1
        self._before = self.tape if follows else self._build(max(moment.minute - 1, 0))
        is_ready = follows and len(self._ahead) == self._blocks
        self.tape = join_tapes(self._ahead) if is_ready else self._build(moment.minute)
        self.minute, self._ahead = moment.minute, []

    def prepare(self) -> None:
        """Makes a part of the next minute's tape, so that the turn of the minute costs no more than any moment."""
        if self.minute + 1 < self.grid.end and len(self._ahead) < self._blocks:
            first = len(self._ahead) * _BLOCK_ROWS
            self._ahead.append(self._build(self.minute + 1, slice(first, first + _BLOCK_ROWS)))

    def _load(self, day: int) -> None:
        days = np.full(len(self.rows), day, dtype=np.int64)
        self.bars = self._sessions.make(self.rows, days, self._sessions.grid(day, self.is_future))
        self.day, self.minute, self._ahead = day, -2, []
        self._total_before = np.zeros((len(self.rows), self.grid.size + 1), dtype=np.int64)
        np.cumsum(self.bars.volume, axis=1, out=self._total_before[:, 1:])
        prior = np.exp(self._sessions.daily.prior_log_close(self.rows, days)) / self.universe.tick[self.rows]
        self.prior_close = np.rint(prior).astype(np.int32)
        self._carry_extremes()
        self.factor = self._sessions.daily.volume_factor[self.rows, days].astype(np.float64)

    def _carry_extremes(self) -> None:
        """Last print, high and low before each minute; high and low of stocks count the regular session only."""
        bars, first = self.bars, 0 if self.is_future else self.grid.regular_open
        traded = bars.volume > 0
        minutes = np.where(traded, np.arange(self.grid.size), -1)
        at = np.maximum.accumulate(minutes, axis=1)
        lasts = np.take_along_axis(bars.close, np.maximum(at, 0), axis=1)
        lasts = np.where(at >= 0, lasts, self.prior_close[:, None])
        self._last_before = np.concatenate([self.prior_close[:, None], lasts], axis=1)
        counted = traded.copy()
        counted[:, :first] = False
        counted[:, self.grid.regular_close if not self.is_future else self.grid.end :] = False
        highs = np.maximum.accumulate(np.where(counted, bars.high, 0), axis=1)
        lows = np.minimum.accumulate(np.where(counted, bars.low, 2**31 - 1), axis=1)
        edge = np.zeros((len(self.rows), 1), dtype=np.int32)
        self._high_before = np.concatenate([edge, highs], axis=1)
        self._low_before = np.concatenate([edge + np.int32(2**31 - 1), lows], axis=1)
        opened = counted.argmax(axis=1)
        self._open_minute = np.where(counted.any(axis=1), opened, self.grid.size + 1)
        self._open_price = bars.open[np.arange(len(self.rows)), opened]

    def usual_volume(self, minute: int) -> F64:
        """Shares that each row usually trades in a minute of this session."""
        usual: F64 = self.universe.avg_volume[self.rows] * self.grid.volume_share[minute]
        return usual

    def _build(self, minute: int, at: slice = slice(None)) -> Tape:
        u, bars, rows = self.universe, self.bars, self.rows[at]
        number = int(self._sessions.daily.ordinals[self.day]) * 2048 + minute
        return build(
            Minutes(
                keys=bits(u.own_key[rows], np.array([number])),
                open=bars.open[at, minute],
                high=bars.high[at, minute],
                low=bars.low[at, minute],
                close=bars.close[at, minute],
                volume=bars.volume[at, minute],
                slot=bars.slot[at, minute],
                prints=expected_prints((self.usual_volume(minute) * self.factor)[at], u.is_future[rows]),
                spread=u.spread_ticks[rows] * (1 if self._is_busy(minute) else 4),
                lot=u.lot[rows],
            )
        )

    def _is_busy(self, minute: int) -> bool:
        return self.is_future or self.grid.regular_open <= minute < self.grid.regular_close

    def state(self, slot: int) -> State:
        """Every row at a slot of the current minute."""
        tape, minute = self.tape, self.minute
        columns = np.arange(len(self.rows))
        printed, quoted = tape.printed[slot], tape.quoted[slot]
        has_print = printed >= 0
        bid, ask, bid_size, ask_size = self._quotes(slot, quoted, columns)
        last = np.where(has_print, tape.price[np.maximum(printed, 0), columns], self._last_before[:, minute])
        counts = has_print & self._counts(minute)
        high = np.where(counts, np.maximum(self._high_before[:, minute], tape.high[slot]), self._high_before[:, minute])
        low = np.where(counts, np.minimum(self._low_before[:, minute], tape.low[slot]), self._low_before[:, minute])
        begun = (self._open_minute < minute) | ((self._open_minute == minute) & has_print)
        return State(
            bid,
            ask,
            bid_size,
            ask_size,
            last.astype(np.int32),
            self._last_size(slot, printed, columns),
            self._total_before[:, minute] + tape.volume[slot],
            np.where(begun, self._open_price, 0).astype(np.int32),
            np.where(begun, high, 0).astype(np.int32),
            np.where(begun, low, 0).astype(np.int32),
            self.bars.slot[:, minute] == HALTED,
        )

    def _counts(self, minute: int) -> bool:
        return self.is_future or self.grid.regular_open <= minute < self.grid.regular_close

    def _quotes(self, slot: int, quoted: NDArray[np.int16], columns: I64) -> tuple[I32, I32, I32, I32]:
        now = self.tape.quotes_at(np.maximum(quoted, 0), columns)
        fresh = quoted >= 0
        if fresh.all():
            return now
        before = self._before.quotes_at(self._before.quoted[SLOTS - 1], columns)
        bid, ask, bid_size, ask_size = (np.where(fresh, n, b) for n, b in zip(now, before, strict=True))
        return bid, ask, bid_size, ask_size

    def _last_size(self, slot: int, printed: NDArray[np.int16], columns: I64) -> I64:
        """Size of the last print of this minute; before the first one that of the minute before."""
        at = np.maximum(printed, 0)
        earlier = np.where(at > 0, self.tape.volume[np.maximum(at - 1, 0), columns], 0)
        size = self.tape.volume[at, columns] - earlier
        end = self._before.printed[SLOTS - 1]
        tail = self._before.volume[np.maximum(end, 0), columns] - self._before.volume[np.maximum(end - 1, 0), columns]
        chosen: I64 = np.maximum(np.where(printed >= 0, size, tail), 1).astype(np.int64)
        return chosen

    def minute_pace(self, slot: int) -> F64:
        """Shares a minute at the pace of the last 30 seconds."""
        half, volume = SLOTS // 2, self.tape.volume
        if slot >= half:
            recent = volume[slot] - volume[slot - half]
        else:
            tail = self._before.volume[SLOTS - 1] - self._before.volume[slot + half]
            recent = volume[slot] + (tail if self.minute else 0)
        pace: F64 = 2.0 * recent
        return pace

    def usual_share_so_far(self, minute: int, slot: int) -> float:
        """Part of a usual day's volume that has traded by now."""
        share = self.grid.volume_share
        return float(share[:minute].sum() + share[minute] * (slot + 1) / SLOTS)
