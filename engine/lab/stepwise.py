"""The live rules, step by step over a tape: slow, obvious, and the measure for the fast path (`engine.lab.replay`).

Every judgement is `facts.read_bars`, `rules.read` and `Tracker`, as in the engine; only the looks differ (`tape`).
"""

from __future__ import annotations

from typing import NamedTuple

from engine.bars.series import BarArrays
from engine.breakout.facts import Facts, read_bars
from engine.breakout.life import Step, Tracker
from engine.breakout.rules import NO_PROGRESS, Floors, Frozen, LevelKind, Live, Progress, Reading, read, score
from engine.config import BreakoutParams
from engine.domain import ScorePart, Side, Signal
from engine.lab.tape import LOOK_S, Tape

SIDES: tuple[Side, Side] = ("long", "short")


class LabSignal(NamedTuple):
    """A signal of a replay. `tape` = number of its tape, `bar` = number of the bar at whose close it came.

    `at` and `triggered_at` are ends of minutes, market time.
    """

    tape: int
    side: Side
    bar: int
    at: float
    triggered_at: float
    level: float
    level_kind: LevelKind
    last: float
    atr: float
    score: float
    rel_volume: float | None
    surge: float | None


def facts_at(tape: Tape, index: int, params: BreakoutParams) -> Facts:
    """The facts at the look of bar `index`: only of the bars before it."""
    before = BarArrays(*(column[:index] for column in tape.bars))
    return read_bars(before, tape.session_at(index), params, tape.usual)


def live_at(tape: Tape, index: int, floors: Floors) -> Live:
    """What a quote says at the look of bar `index`. A floor of volume does not apply where the volume is unknown."""
    volume = float(tape.bars.volume[index])
    applied: Floors | None = None
    if tape.floored:
        applied = floors if tape.average_volume is not None else Floors(floors.price_usd, 0.0, 0.0)
    return Live(
        last=float(tape.bars.close[index]),
        running_volume=None if volume != volume else volume,
        running_time=float(tape.bars.time[index]),
        average_volume=tape.average_volume,
        floors=applied,
    )


def read_at(
    tape: Tape,
    index: int,
    side: Side,
    params: BreakoutParams,
    floors: Floors,
    progress: Progress = NO_PROGRESS,
    frozen: Frozen | None = None,
) -> Reading:
    """The rules at the look of bar `index`."""
    now = float(tape.bars.time[index]) + LOOK_S
    return read(side, facts_at(tape, index, params), live_at(tape, index, floors), params, now, progress, frozen)


class Stepwise:
    """One tape, one set of parameters."""

    def __init__(self, number: int, tape: Tape, params: BreakoutParams, floors: Floors) -> None:
        self._number = number
        self._tape = tape
        self._params = params
        self._floors = floors
        self._tracker = Tracker()
        self.signals: list[LabSignal] = []

    def run(self) -> list[LabSignal]:
        """All signals of the day, oldest first."""
        for index in range(self._tape.first, len(self._tape.bars.time)):
            for side in SIDES:
                self._look(index, side)
        return sorted(self.signals, key=lambda signal: (signal.at, signal.side))

    def _look(self, index: int, side: Side) -> None:
        tracker, params, tape = self._tracker, self._params, self._tape
        now, close = float(tape.bars.time[index]) + LOOK_S, float(tape.bars.close[index])
        self._follow(index, side, tracker.price(0, side, close, now, params))
        wanted = params.longs if side == "long" else params.shorts
        if tracker.phase(0, side) == "active":
            self._look_further(index, side, now, wanted)
        elif tracker.phase(0, side) == "idle" and wanted:
            reading = read_at(tape, index, side, params, self._floors, tracker.progress(0, side, now))
            if reading.triggers:
                tracker.trigger(0, side, _frozen(reading), now)
                if params.confirm_bars == 0 and params.confirm_s == 0:
                    self._follow(index, side, "confirmed")
        if params.confirm_bars > 0:
            self._follow(index, side, tracker.bar_closed(0, side, close, params))

    def _look_further(self, index: int, side: Side, now: float, wanted: bool) -> None:
        watch = self._tracker.watch(0, side)
        assert watch is not None and watch.last_at is not None
        if not wanted or watch.renewal is not None or now - watch.last_at < self._params.cool_down_min * 60.0:
            return
        progress = Progress(since_signal_s=now - watch.last_at)
        again = read_at(self._tape, index, side, self._params, self._floors, progress)
        if again.triggers:
            self._tracker.renew(0, side, _frozen(again), now)

    def _follow(self, index: int, side: Side, step: Step) -> None:
        if step not in ("confirmed", "renewed"):
            return
        tape, watch = self._tape, self._tracker.watch(0, side)
        assert watch is not None and watch.frozen is not None
        frozen = watch.renewal.frozen if watch.renewal is not None else watch.frozen
        triggered = watch.renewal.triggered_at if watch.renewal is not None else watch.triggered_at
        now = float(tape.bars.time[index]) + LOOK_S
        progress = self._tracker.progress(0, side, now)
        reading = read_at(tape, index, side, self._params, self._floors, progress, frozen)
        value, parts = score(reading, self._params, confirmed=True)
        assert reading.last is not None
        at, triggered_at = float(round(now)), float(round(triggered))  # the look is a millisecond before
        signal = LabSignal(
            self._number, side, index, at, triggered_at, frozen.level, frozen.kind, reading.last, frozen.atr,
            round(value, 4), reading.rel_volume, reading.surge,
        )  # fmt: skip
        self.signals.append(signal)
        self._tracker.begin(0, side, _as_live(signal, now, parts))


def _frozen(reading: Reading) -> Frozen:
    assert reading.level is not None and reading.atr is not None
    return Frozen(reading.level, reading.level_kind, reading.atr)


def _as_live(signal: LabSignal, now: float, parts: tuple[ScorePart, ...]) -> Signal:
    return Signal(
        "", 0, "", signal.side, now, now, signal.level, signal.level_kind, signal.last, signal.atr, signal.score,
        parts, "none", "active",
    )  # fmt: skip
