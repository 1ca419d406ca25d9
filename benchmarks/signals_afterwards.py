"""The same rules afterwards, over the market's own whole bars: what the live engine has to have said.

For each look of the live engine (its cycles, and each quote and half second of what confirms or runs) the facts are
worked out anew from the bars before that minute, out of a history that was asked for when everything was over; price
and volume of the running minute come from the prints. Nothing is carried on, cached or skipped between two looks of
one minute, both sides are always read, and nothing of the live engine's state is used. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from benchmarks.signals_replay import STEPS_PER_LOOK, STEPS_PER_S, Prints
from engine.bars.series import BarArrays
from engine.bars.sessions import RunningSession
from engine.bars.usual import UsualVolume
from engine.breakout.facts import Facts, read_bars
from engine.breakout.life import Step, Tracker
from engine.breakout.rules import Floors, Frozen, Live, Progress, Reading, read, score
from engine.config import BreakoutParams
from engine.domain import Side, Signal

SIDES: tuple[Side, Side] = ("long", "short")
ROUNDING = 1e-9  # of the value: averages carried on from bar to bar against those of all bars
SCORE_ROUNDING = 1.01e-4  # scores and parts are kept with four digits


class Case(NamedTuple):
    """One symbol. `bars` = whole minutes, of all time; `began` = market time before the first print."""

    con_id: int
    bars: BarArrays
    session: RunningSession
    usual: UsualVolume | None
    average_volume: float | None
    floors: Floors | None
    began: float
    prints: Prints
    cycles: tuple[int, ...]  # numbers of prints after which a cycle ran


class Found(NamedTuple):
    """A signal afterwards; the fields of `Signal`."""

    side: Side
    at: float
    triggered_at: float
    level: float
    level_kind: str
    last: float
    atr: float
    score: float
    parts: tuple[tuple[str, float], ...]
    rel_volume: float | None
    surge: float | None
    inputs: tuple[tuple[str, float | None, float | None, bool | None], ...]


@dataclass
class Afterwards:
    """One symbol through the replay; `run` returns its signals, oldest first. Confirmation by seconds only."""

    case: Case
    params: BreakoutParams
    tracker: Tracker = field(default_factory=Tracker)
    found: list[Found] = field(default_factory=list)
    _facts: tuple[float, Facts] | None = None

    def run(self) -> list[Found]:
        first = self.case.cycles[0]
        cycles = frozenset(self.case.cycles)
        quotes = self.case.prints.changed
        for number in range(first, len(quotes) + 1):
            if self.tracker.busy:
                if quotes[number - 1]:
                    self._look(number)
                if self.tracker.busy and (number - first) % STEPS_PER_LOOK == 0:
                    self._look(number)
            if number in cycles:
                self._evaluate(number)
        return self.found

    def _look(self, number: int) -> None:
        last = None if self.case.prints.halted[number - 1] else self._last(number)
        for side in SIDES:
            self._follow(side, self.tracker.price(0, side, last, self._time(number), self.params), number)

    def _evaluate(self, number: int) -> None:
        for side in SIDES:
            now = self._time(number)
            last = None if self.case.prints.halted[number - 1] else self._last(number)
            self._follow(side, self.tracker.price(0, side, last, now, self.params), number)
            reading = self._read(side, number, self.tracker.progress(0, side, now), self.tracker.frozen(0, side))
            wanted = self.params.longs if side == "long" else self.params.shorts
            if self.tracker.phase(0, side) == "active":
                self._look_further(side, number, wanted)
            elif reading.triggers and self.tracker.phase(0, side) == "idle" and wanted:
                self.tracker.trigger(0, side, _frozen(reading), now)
                if self.params.confirm_bars == 0 and self.params.confirm_s == 0:
                    self._confirm(side, number)

    def _look_further(self, side: Side, number: int, wanted: bool) -> None:
        watch, now = self.tracker.watch(0, side), self._time(number)
        assert watch is not None and watch.last_at is not None
        if not wanted or watch.renewal is not None or now - watch.last_at < self.params.cool_down_min * 60.0:
            return
        again = self._read(side, number, Progress(since_signal_s=now - watch.last_at), None)
        if again.triggers:
            self.tracker.renew(0, side, _frozen(again), now)

    def _follow(self, side: Side, step: Step, number: int) -> None:
        if step in ("confirmed", "renewed"):
            self._confirm(side, number)
        if step != "none":
            self._evaluate(number)

    def _confirm(self, side: Side, number: int) -> None:
        watch, now = self.tracker.watch(0, side), self._time(number)
        assert watch is not None and watch.frozen is not None
        frozen = watch.renewal.frozen if watch.renewal is not None else watch.frozen
        triggered_at = watch.renewal.triggered_at if watch.renewal is not None else watch.triggered_at
        reading = self._read(side, number, self.tracker.progress(0, side, now), frozen)
        value, parts = score(reading, self.params, confirmed=True)
        found = Found(
            side, now, triggered_at, frozen.level, frozen.kind, self._last(number), frozen.atr, round(value, 4),
            tuple((part.name, part.value) for part in parts), reading.rel_volume, reading.surge,
            tuple((gate.name, gate.value, gate.limit, gate.passed) for gate in reading.gates),
        )  # fmt: skip
        self.found.append(found)
        self.tracker.begin(0, side, _as_live(found))

    # --- what was known -----------------------------------------------------------------------------------------

    def _time(self, number: int) -> float:
        return self.case.began + number / STEPS_PER_S

    def _last(self, number: int) -> float:
        return float(self.case.prints.last[number - 1])

    def _bars_before(self, now: float) -> int:
        return int(np.searchsorted(self.case.bars.time, now - now % 60.0))

    def _facts_at(self, now: float) -> Facts:
        minute = now - now % 60.0
        if self._facts is None or self._facts[0] != minute:
            before = BarArrays(*(column[: self._bars_before(now)] for column in self.case.bars))
            self._facts = (minute, read_bars(before, self.case.session, self.params, self.case.usual))
        return self._facts[1]

    def _read(self, side: Side, number: int, progress: Progress, frozen: Frozen | None) -> Reading:
        now = self._time(number)
        minute = now - now % 60.0
        seen = round((minute - self.case.began) * STEPS_PER_S)  # prints before this minute: number `seen` opens it
        volume = self.case.prints.volume
        average, spread = self.case.average_volume, float(self.case.prints.spread[number - 1])
        live = Live(
            last=self._last(number),
            running_volume=float(volume[number - 1] - volume[seen - 2]),
            running_time=minute,
            average_volume=average,
            floors=self.case.floors,
            blocked="halted" if self.case.prints.halted[number - 1] else "",
            spread=None if np.isnan(spread) else spread,
            price_age_s=float(self.case.prints.age_s[number - 1]),
        )
        return read(side, self._facts_at(now), live, self.params, now, progress, frozen)


def differences(live: list[Signal], found: list[Found]) -> list[str]:
    """What the live engine said otherwise, in words; both lists of one symbol."""
    said: list[str] = []
    theirs = {(one.side, one.at): one for one in found}
    for signal in live:
        other = theirs.pop((signal.side, signal.at), None)
        if other is None:
            said.append(f"{_name(signal.side, signal.at)}: live only, {signal.level_kind} {signal.level:g}")
        elif unequal := _unequal(signal, other):
            said.append(f"{_name(signal.side, signal.at)}: {'; '.join(unequal)}")
    said += [f"{_name(*key)}: afterwards only, {one.level_kind} {one.level:g}" for key, one in theirs.items()]
    return said


def _unequal(signal: Signal, other: Found) -> list[str]:
    unequal: list[str] = []
    for name in ("triggered_at", "level", "last", "atr", "rel_volume", "surge"):
        mine, theirs = getattr(signal, name), getattr(other, name)
        if not _same(mine, theirs):
            unequal.append(f"{name} {mine} live, {theirs} afterwards")
    if signal.level_kind != other.level_kind:
        unequal.append(f"{signal.level_kind} live, {other.level_kind} afterwards")
    if abs(signal.score - other.score) > SCORE_ROUNDING:
        unequal.append(f"score {signal.score} live, {other.score} afterwards")
    for part, (name, value) in zip(signal.parts, other.parts, strict=True):
        if part.name != name or abs(part.value - value) > SCORE_ROUNDING:
            unequal.append(f"{part.name} {part.value} live, {name} {value} afterwards")
    for rule, (name, rule_value, limit, passed) in zip(signal.inputs, other.inputs, strict=True):
        equal = _same(rule.value, rule_value) and _same(rule.limit, limit) and rule.passed == passed
        if rule.name != name or not equal:
            unequal.append(f"{rule.name} {rule.value} of {rule.limit} live, {rule_value} of {limit} afterwards")
    return unequal


def _same(mine: float | None, theirs: float | None) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return abs(mine - theirs) <= ROUNDING * max(1.0, abs(mine))


def _name(side: Side, at: float) -> str:
    return f"{side} at {at:.2f}"


def _frozen(reading: Reading) -> Frozen:
    assert reading.level is not None and reading.atr is not None
    return Frozen(reading.level, reading.level_kind, reading.atr)


def _as_live(found: Found) -> Signal:
    return Signal(
        "", 0, "", found.side, found.at, found.triggered_at, found.level, "range", found.last, found.atr,
        found.score, (), "streaming", "active",
    )  # fmt: skip
