"""The live rules, step by step over a tape: slow, obvious, and the measure for the fast path (`engine.lab.replay`).

It is the live detector itself, over facts that are worked out anew for each look; only the looks differ (`tape`).
"""

from __future__ import annotations

from typing import NamedTuple

from engine.bars.indicators import finite
from engine.bars.series import BarArrays
from engine.breakout.detector import Breakout, Detector
from engine.breakout.facts import Facts, read_bars
from engine.breakout.rules import Floors, LevelKind, Live, Reading, read
from engine.config import BreakoutParams
from engine.domain import Side
from engine.lab.looks import LOOK_S
from engine.lab.tape import Tape


class LabSignal(NamedTuple):
    """A signal of a replay. `tape` = number of its tape, `bar` = number of the minute in which it came.

    `at` and `triggered_at` are looks, market time: ends of 10 s where the line streamed, else of minutes.
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
    """What a quote says at the look of bar `index`."""
    volume = finite(tape.bars.volume[index])
    return Live(
        last=float(tape.bars.close[index]),
        running_volume=volume,
        running_time=float(tape.bars.time[index]),
        average_volume=tape.average_volume,
        floors=floors_of(tape, floors),
        volume_60s=volume,
    )


def floors_of(tape: Tape, floors: Floors) -> Floors | None:
    """Those that apply: no floor of volume where the volume is unknown; None = none."""
    if not tape.floored:
        return None
    return floors if tape.average_volume is not None else Floors(floors.price_usd, 0.0, 0.0)


def read_at(tape: Tape, index: int, side: Side, params: BreakoutParams, floors: Floors) -> Reading:
    """The rules at the look of bar `index`, nothing having gone before."""
    now = float(tape.bars.time[index]) + LOOK_S
    return read(side, facts_at(tape, index, params), live_at(tape, index, floors), params, now)


def stepwise(number: int, tape: Tape, params: BreakoutParams, floors: Floors) -> list[LabSignal]:
    """All signals of the tape with this number, oldest first: the detector at each look (`engine.lab.tape`)."""
    detector = Detector(params)
    signals: list[LabSignal] = []
    for index in range(tape.first, len(tape.bars.time)):
        facts, live = facts_at(tape, index, params), live_at(tape, index, floors)
        now = float(tape.bars.time[index]) + LOOK_S
        events = detector.look(0, facts, live, now).events
        events += detector.bar_closed(0, float(tape.bars.close[index]), facts, live, now)
        signals += [_lab_signal(number, index, event.breakout) for event in events if event.breakout is not None]
    return sorted(signals, key=lambda signal: (signal.at, signal.side))


def _lab_signal(number: int, index: int, breakout: Breakout) -> LabSignal:
    reading, frozen = breakout.reading, breakout.frozen
    assert reading.last is not None
    at, triggered_at = float(round(breakout.at)), float(round(breakout.triggered_at))  # looks are a millisecond before
    return LabSignal(
        number, breakout.side, index, at, triggered_at, frozen.level, frozen.kind, reading.last, frozen.atr,
        round(breakout.score, 4), reading.rel_volume, reading.surge,
    )  # fmt: skip
