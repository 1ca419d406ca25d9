"""Tapes with 10-second bars: the live detector itself at each look, but only where something may happen.

The matrices say at which looks all rules but cool-down and confirmation may pass; the detector decides there, and
follows what confirms or runs from look to look. Between those looks nothing can begin.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

import numpy as np

from engine.bars.indicators import Floats
from engine.bars.series import BarArrays
from engine.breakout.detector import Breakout, Detector, Event
from engine.breakout.facts import Facts, read_bars
from engine.breakout.life import SIDES
from engine.breakout.rules import Floors, Live
from engine.config import BreakoutParams
from engine.domain import Side
from engine.lab.features import Features
from engine.lab.stack import Bools, Often
from engine.lab.stepwise import LabSignal, floors_of
from engine.lab.tape import Tape

SLACK = 1e-9  # rounding must not hide a look from the detector
BAR_S = 60.0


def often_replay(features: Features, params: BreakoutParams, floors: Floors) -> list[LabSignal]:
    """All signals of the tapes that have 10-second bars."""
    stack = features.stack
    often = stack.often
    if often is None:
        return []
    wanted: list[Side] = [side for side in SIDES if (params.longs if side == "long" else params.shorts)]
    may = {side: _may_begin(features, often, side, params, floors) for side in wanted}
    lengths = params.bars_n, params.atr_length, params.opening_range_min, params.ema_fast, params.ema_slow
    facts: dict[tuple[int, int], Facts] = features.once("facts", lengths, dict)
    columns: dict[int, Columns] = features.once("looks", 0, dict)
    found: list[LabSignal] = []
    for row, number in enumerate(often.tape.tolist()):
        at = {side: Begins(*(np.flatnonzero(mask[row]).tolist() for mask in may[side])) for side in wanted}
        if not any(begins.first for begins in at.values()):
            continue
        tape = stack.tapes[number]
        if number not in columns:
            columns[number] = Columns.of(tape)
        found += Walk(number, tape, columns[number], params, floors, facts).run(at)
    return found


def every_look(number: int, tape: Tape, params: BreakoutParams, floors: Floors) -> list[LabSignal]:
    """The same without leaving out a look: the measure for the other."""
    return Walk(number, tape, Columns.of(tape), params, floors, {}).run(None)


class Begins(NamedTuple):
    """Looks at which a breakout of one side may begin while none runs, and while one does."""

    first: list[int]
    further: list[int]


class Columns(NamedTuple):
    """The looks of one tape as lists, in which a walk is cheap."""

    time: list[float]
    bar: list[int]
    price: list[float]
    low: list[float]
    high: list[float]
    volume: list[float]
    counted: list[float]
    is_ten: list[bool]

    @classmethod
    def of(cls, tape: Tape) -> Columns:
        assert tape.looks is not None
        return cls(*(column.tolist() for column in tape.looks))


class Walk:
    """One tape with looks, under one set of parameters. `facts` by tape and bar are kept for sets that share them."""

    def __init__(
        self, number: int, tape: Tape, looks: Columns, params: BreakoutParams, floors: Floors,
        facts: dict[tuple[int, int], Facts],
    ) -> None:  # fmt: skip
        self._number = number
        self._tape = tape
        self._params = params
        self._floors = floors_of(tape, floors)
        self._detector = Detector(params)
        self._time, self._bar, self._price, self._low, self._high, self._volume, self._counted, self._is_ten = looks
        self._known = facts
        self._begins: dict[Side, Begins] = {}
        self._closed = 0  # bars whose close the detector was told
        self.signals: list[LabSignal] = []

    def run(self, may_begin: dict[Side, Begins] | None) -> list[LabSignal]:
        """All signals, oldest first. `may_begin` = the looks at which each side may; None = any."""
        count = len(self._time)
        anywhere, nowhere = Begins(list(range(count)), list(range(count))), Begins([], [])
        self._begins = {side: (anywhere if may_begin is None else may_begin.get(side, nowhere)) for side in SIDES}
        busy, at = self._detector.tracker.busy, 0
        while (at := self._next(at)) < count:
            if not busy:
                self._closed = self._bar[at]
                self._look(at)
            elif self._goes_on(at) or any(self._next_begin(side, at) == at for side in SIDES):
                self._look(at)
            if self._params.confirm_bars and not self._is_ten[at]:
                self._bars_closed(at, self._bar[at] + 1)  # this look is the end of its minute
            at += 1
        return sorted(self.signals, key=lambda signal: (signal.at, signal.side))

    def _next(self, at: int) -> int:
        """The first look from `at` on at which anything can happen."""
        tracker, by_bars = self._detector.tracker, self._params.confirm_bars > 0
        watches = [(side, watch) for side in SIDES if (watch := tracker.watch(0, side)) and watch.phase != "idle"]
        waits = any(watch.phase == "confirming" or watch.renewal is not None for _, watch in watches)
        if any(watch.inside_since is not None for _, watch in watches) or (waits and not by_bars):
            return at
        end = min(self._next_begin("long", at), self._next_begin("short", at))
        if waits:
            end = min(end, self._next_close(at))
        for side, watch in watches:
            if watch.phase == "active" and watch.frozen is not None:
                end = self._inside(side, watch.frozen.level, at, end)
        return end

    def _next_close(self, at: int) -> int:
        """The first look from `at` on at which a minute has closed, or closes."""
        while at < len(self._time) and self._is_ten[at] and self._bar[at] <= self._closed:
            at += 1
        return at

    def _next_begin(self, side: Side, at: int) -> int:
        """The first look from `at` on at which a breakout of this side may begin, or one that runs be renewed."""
        watch = self._detector.tracker.watch(0, side)
        begins = (
            self._begins[side].further if watch is not None and watch.phase == "active" else self._begins[side].first
        )
        place = bisect_left(begins, at)
        if watch is not None and watch.last_at is not None:
            cool = watch.last_at + self._params.cool_down_min * BAR_S
            while place < len(begins) and self._time[begins[place]] < cool:
                place += 1
        return begins[place] if place < len(begins) else len(self._time)

    def _inside(self, side: Side, level: float, at: int, end: int) -> int:
        """The first look before `end` until which the price was back inside the level."""
        if side == "long":
            while at < end and self._low[at] > level:
                at += 1
        else:
            while at < end and self._high[at] < level:
                at += 1
        return at

    def _goes_on(self, at: int) -> bool:
        """What confirms or runs, until this look: whether anything happened that a full look has to see."""
        detector, now = self._detector, self._time[at]
        if self._params.confirm_bars:
            self._bars_closed(at, self._bar[at])
        happened = False
        if self._is_ten[at]:
            between = max(self._time[at - 1], now - 5.0)
            happened = bool(detector.price(0, self._low[at], between))
            happened = bool(detector.price(0, self._high[at], between)) or happened
        return bool(detector.price(0, self._price[at], now)) or happened

    def _look(self, at: int) -> None:
        self._keep(self._detector.look(0, self._facts(self._bar[at]), self._live(at), self._time[at]).events)

    def _bars_closed(self, at: int, until: int) -> None:
        while self._closed < until:
            close = float(self._tape.bars.close[self._closed])
            self._closed += 1
            if self._detector.tracker.is_confirming(0):
                facts, live = self._facts(self._bar[at]), self._live(at)
                self._keep(self._detector.bar_closed(0, close, facts, live, self._time[at]))

    def _keep(self, events: tuple[Event, ...]) -> None:
        self.signals += [self._signal(event.breakout) for event in events if event.breakout is not None]

    def _signal(self, breakout: Breakout) -> LabSignal:
        reading, frozen = breakout.reading, breakout.frozen
        assert reading.last is not None
        at, triggered_at = float(round(breakout.at)), float(round(breakout.triggered_at))
        bar = int(np.searchsorted(self._tape.bars.time, at)) - 1  # the one that runs, or has just closed
        return LabSignal(
            self._number, breakout.side, bar, at, triggered_at, frozen.level, frozen.kind, reading.last, frozen.atr,
            round(breakout.score, 4), reading.rel_volume, reading.surge,
        )  # fmt: skip

    def _facts(self, bar: int) -> Facts:
        """What is known when `bar` bars have closed."""
        key = self._number, bar
        if key not in self._known:
            tape = self._tape
            before = BarArrays(*(column[:bar] for column in tape.bars))
            self._known[key] = read_bars(before, tape.session_at(bar), self._params, tape.usual)
        return self._known[key]

    def _live(self, at: int) -> Live:
        volume, counted = self._volume[at], self._counted[at]
        now = self._time[at]
        return Live(
            last=self._price[at],
            running_volume=None if counted != counted else counted,
            running_time=now - now % BAR_S,
            average_volume=self._tape.average_volume,
            floors=self._floors,
            volume_60s=None if volume != volume else volume,
        )


class _May(NamedTuple):
    """Looks at which a first breakout may begin, and at which one that runs may be renewed."""

    begin: Bools
    renew: Bools


def _may_begin(features: Features, often: Often, side: Side, params: BreakoutParams, floors: Floors) -> _May:
    """Looks at which every rule but cool-down and confirmation passes, those within rounding of it included.

    Nothing begins where the next look, or the close of the running minute, says that its confirmation will fail: a
    breakout that is dropped leaves no trace. (A renewal is not dropped while the price is inside the level that runs.)
    """
    stack, sign = features.stack, 1.0 if side == "long" else -1.0
    where = often.tape.reshape(-1, 1), often.bar
    with np.errstate(invalid="ignore", divide="ignore"):
        places = side, params.bars_n, params.atr_length, params.buffer_atr, params.opening_range_min
        confirms = params.confirm_bars > 0, params.confirm_bars == 0 and params.confirm_s == 0
        beyond, lasts = features.once(
            "often beyond", (*places, *confirms), lambda: _beyond(features, often, sign, params)
        )
        lengths = side, params.ema_fast, params.ema_slow
        may = beyond & features.once("often trend", lengths, lambda: _trend(features, often, sign, params))
        sma = stack.sma[where]
        surge = np.where(sma > 0, often.volume / sma, np.nan)
        rel = np.where(np.isfinite(often.usual), often.volume / often.usual, surge)
        # Where the volume of the last 60 s is not known the detector has other ways to tell.
        unknown = ~np.isfinite(often.volume)
        may &= unknown | (surge > params.volume_surge - SLACK)
        may &= unknown | (rel > params.rel_volume - SLACK)
        may &= often.bar >= params.bars_n + params.atr_length
        if floors.price_usd > 0:
            may &= ~stack.floored[often.tape] | (often.price > floors.price_usd * (1.0 - SLACK))
    return _May(may & lasts, may)


def _beyond(features: Features, often: Often, sign: float, params: BreakoutParams) -> tuple[Bools, Bools]:
    """(the price is beyond a level, and what comes next is beyond the same one)."""
    stack, where = features.stack, (often.tape.reshape(-1, 1), often.bar)
    levels, opening = features.levels(params.bars_n), features.opening(params.opening_range_min)
    price = sign * often.price
    ranged = sign * levels[0 if sign > 0 else 1][where]
    opened = sign * (opening.high if sign > 0 else opening.low)[where]
    fresh = (opening.fresh_long if sign > 0 else opening.fresh_short)[where]
    opened = np.where((stack.late[where] & np.isfinite(ranged)) | ((price > opened) & ~fresh), np.nan, opened)
    edge = params.buffer_atr * features.atr(params.atr_length)[where] - SLACK * np.abs(price)
    after = _after(features, often, sign, params)
    first, second = price > ranged + edge, price > opened + edge
    lasts = (first & (after > ranged + edge)) | (second & (after > opened + edge))
    return often.there & (first | second), lasts


def _trend(features: Features, often: Often, sign: float, params: BreakoutParams) -> Bools:
    """The fast average beyond the slow one."""
    gap = sign * (_ema(features, params.ema_fast, often) - _ema(features, params.ema_slow, often))
    trend: Bools = gap > -SLACK * np.abs(often.price)
    return trend


def _after(features: Features, often: Often, sign: float, params: BreakoutParams) -> Floats:
    """The price (turned like the side) that has to be beyond, too, before a breakout of this look can be confirmed."""
    if params.confirm_bars:
        return sign * features.stack.close[often.tape.reshape(-1, 1), often.bar]
    if params.confirm_s == 0:
        return np.full(often.price.shape, np.inf)
    out = np.full(often.price.shape, np.nan)
    out[:, :-1] = (often.low if sign > 0 else -often.high)[:, 1:]
    return out


def _ema(features: Features, length: int, often: Often) -> Floats:
    """The average with the look's price; NaN before the first bar."""
    before = features.ema(length)[often.tape.reshape(-1, 1), np.maximum(often.bar - 1, 0)]
    first = features.stack.close[often.tape.reshape(-1, 1), np.zeros_like(often.bar)]
    before = np.where(often.bar == 1, first, before)
    return before + 2.0 / (length + 1.0) * (often.price - before)
