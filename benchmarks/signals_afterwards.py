"""The same detector afterwards, over the market's own whole bars: what the live engine has to have said.

For each look of the live engine (its cycles, and each quote and half second of what confirms or runs) the facts are
worked out anew from the bars before that minute, out of a history that was asked for when everything was over; price
and volume of the running minute come from the prints. Nothing is carried on or cached between two looks of two
minutes, and no store, quote or line of the live engine is used. Pure.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from benchmarks.signals_replay import STEPS_PER_LOOK, STEPS_PER_S, Prints
from engine.bars.series import BarArrays
from engine.bars.sessions import RunningSession
from engine.bars.usual import UsualVolume
from engine.breakout.detector import Breakout, Detector
from engine.breakout.facts import Facts, read_bars
from engine.breakout.rules import Floors, Live
from engine.config import BreakoutParams
from engine.domain import Side, Signal

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


class Afterwards:
    """One symbol through the replay; `run` returns its signals, oldest first. Confirmation by seconds only."""

    def __init__(self, case: Case, params: BreakoutParams) -> None:
        self._case = case
        self._detector = Detector(params)
        self._found: list[Breakout] = []
        self._facts: tuple[float, Facts] | None = None

    def run(self) -> list[Breakout]:
        first = self._case.cycles[0]
        cycles = frozenset(self._case.cycles)
        quotes = self._case.prints.changed
        for number in range(first, len(quotes) + 1):
            if self._detector.tracker.busy:
                if quotes[number - 1]:
                    self._watch(number)
                if self._detector.tracker.busy and (number - first) % STEPS_PER_LOOK == 0:
                    self._watch(number)
            if number in cycles:
                self._look(number)
        return self._found

    def _watch(self, number: int) -> None:
        last = None if self._case.prints.halted[number - 1] else self._last(number)
        if self._detector.price(self._case.con_id, last, self._time(number)):
            self._look(number)

    def _look(self, number: int) -> None:
        now = self._time(number)
        look = self._detector.look(self._case.con_id, self._facts_at(now), self._live_at(number), now)
        self._found += [event.breakout for event in look.events if event.breakout is not None]

    # --- what was known -----------------------------------------------------------------------------------------

    def _time(self, number: int) -> float:
        return self._case.began + number / STEPS_PER_S

    def _last(self, number: int) -> float:
        return float(self._case.prints.last[number - 1])

    def _bars_before(self, now: float) -> int:
        return int(np.searchsorted(self._case.bars.time, now - now % 60.0))

    def _facts_at(self, now: float) -> Facts:
        minute = now - now % 60.0
        if self._facts is None or self._facts[0] != minute:
            before = BarArrays(*(column[: self._bars_before(now)] for column in self._case.bars))
            self._facts = (minute, read_bars(before, self._case.session, self._detector.params, self._case.usual))
        return self._facts[1]

    def _live_at(self, number: int) -> Live:
        now = self._time(number)
        minute = now - now % 60.0
        seen = round((minute - self._case.began) * STEPS_PER_S)  # prints before this minute: number `seen` opens it
        volume = self._case.prints.volume
        spread = float(self._case.prints.spread[number - 1])
        return Live(
            last=self._last(number),
            running_volume=float(volume[number - 1] - volume[seen - 2]),
            running_time=minute,
            average_volume=self._case.average_volume,
            floors=self._case.floors,
            blocked="halted" if self._case.prints.halted[number - 1] else "",
            spread=None if np.isnan(spread) else spread,
            price_age_s=float(self._case.prints.age_s[number - 1]),
            is_first_look=number == self._case.cycles[0],
            volume_60s=self._volume_60s(number),
        )

    def _volume_60s(self, number: int) -> float | None:
        """What traded in the last 60 s, by whole 10 s of the clock and the share of those in which that time begins."""
        now = self._time(number)
        begin = now - 60.0
        if begin < self._time(1):
            return None
        ten = begin - begin % 10.0
        first = float(self._volume_before(ten + 10.0) - self._volume_before(ten))
        return first * (ten + 10.0 - begin) / 10.0 + float(self._volume_at(number) - self._volume_before(ten + 10.0))

    def _volume_at(self, number: int) -> float:
        return float(self._case.prints.volume[number - 1])

    def _volume_before(self, moment: float) -> float:
        """The day's volume with all prints before this moment of market time."""
        return self._volume_at(math.ceil((moment - self._case.began) * STEPS_PER_S - 1e-6) - 1)


def differences(live: list[Signal], found: list[Breakout]) -> list[str]:
    """What the live engine said otherwise, in words; both lists of one symbol."""
    said: list[str] = []
    theirs = {(one.side, one.at): one for one in found}
    for signal in live:
        other = theirs.pop((signal.side, signal.at), None)
        if other is None:
            said.append(f"{_name(signal.side, signal.at)}: live only, {signal.level_kind} {signal.level:g}")
        elif unequal := _unequal(signal, other):
            said.append(f"{_name(signal.side, signal.at)}: {'; '.join(unequal)}")
    return said + [
        f"{_name(*key)}: afterwards only, {one.frozen.kind} {one.frozen.level:g}" for key, one in theirs.items()
    ]


def _unequal(signal: Signal, other: Breakout) -> list[str]:
    reading, frozen = other.reading, other.frozen
    pairs = (
        ("triggered_at", signal.triggered_at, other.triggered_at),
        ("level", signal.level, frozen.level),
        ("last", signal.last, reading.last),
        ("atr", signal.atr, frozen.atr),
        ("rel_volume", signal.rel_volume, reading.rel_volume),
        ("surge", signal.surge, reading.surge),
    )
    unequal = [f"{name} {mine} live, {theirs} afterwards" for name, mine, theirs in pairs if not _same(mine, theirs)]
    if signal.level_kind != frozen.kind:
        unequal.append(f"{signal.level_kind} live, {frozen.kind} afterwards")
    if abs(signal.score - other.score) > SCORE_ROUNDING:
        unequal.append(f"score {signal.score} live, {other.score} afterwards")
    for mine, theirs in zip(signal.parts, other.parts, strict=True):
        if mine.name != theirs.name or abs(mine.value - theirs.value) > SCORE_ROUNDING:
            unequal.append(f"{mine.name} {mine.value} live, {theirs.name} {theirs.value} afterwards")
    for rule, gate in zip(signal.inputs, reading.gates, strict=True):
        equal = _same(rule.value, gate.value) and _same(rule.limit, gate.limit) and rule.passed == gate.passed
        if rule.name != gate.name or not equal:
            unequal.append(f"{rule.name} {rule.value} of {rule.limit} live, {gate.value} of {gate.limit} afterwards")
    return unequal


def _same(mine: float | None, theirs: float | None) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return abs(mine - theirs) <= ROUNDING * max(1.0, abs(mine))


def _name(side: Side, at: float) -> str:
    return f"{side} at {at:.2f}"
