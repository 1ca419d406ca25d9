"""Signals and their outcomes in a few figures: in all, by hour, side and score, and how the moves are spread. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from engine.lab.features import Features
from engine.lab.stepwise import LabSignal
from engine.scanners.outcome_figures import THIRTY, figures, hour_name, score_bucket
from engine.scanners.outcomes import Outcome, in_atr, price_moves
from engine.state.lab_sections import Group

SPREAD_EDGES_ATR = (-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0)


class Judged(Struct, frozen=True):
    """A signal with what became of it, per horizon (None = not known)."""

    symbol: str
    day: str
    signal: LabSignal
    after: tuple[Outcome | None, ...]


class Outcomes:
    """What became of signals of one stack: moves in price are kept, since sets of parameters share most signals."""

    def __init__(self, features: Features) -> None:
        self._features = features
        self._kept: dict[tuple[int, str, int], tuple[tuple[Outcome | None, ...], Judged]] = {}

    def judge(self, signals: Iterable[LabSignal]) -> list[Judged]:
        return [self._judge(signal) for signal in signals]

    def _judge(self, signal: LabSignal) -> Judged:
        key = (signal.tape, signal.side, signal.bar)
        kept = self._kept.get(key)
        if kept is not None and kept[1].signal == signal:
            return kept[1]
        tape = self._features.stack.tapes[signal.tape]
        moves = kept[0] if kept is not None else price_moves(tape.bars, signal.at, signal.last, signal.side)
        judged = Judged(tape.symbol, tape.day, signal, in_atr(moves, signal.atr))
        self._kept[key] = (moves, judged)
        return judged


def grouped(judged: Sequence[Judged], name_of: Callable[[Judged], str]) -> tuple[Group, ...]:
    """Figures per group, in the order of the names."""
    groups: dict[str, list[Judged]] = {}
    for each in judged:
        groups.setdefault(name_of(each), []).append(each)
    return tuple(Group(name, figures(groups[name])) for name in sorted(groups))


def hour_of(judged: Judged) -> str:
    """The hour of New York in which the signal came."""
    return hour_name(judged.signal.at)


def side_of(judged: Judged) -> str:
    return judged.signal.side


def bucket_of(judged: Judged) -> str:
    return score_bucket(judged.signal.score)


def spread(judged: Sequence[Judged], horizon: int = THIRTY) -> tuple[int, ...]:
    """How many moves after 30 min lie below -4 ATR, between -4 and -3, ... and from 4 ATR on."""
    counts = [0] * (len(SPREAD_EDGES_ATR) + 1)
    for each in judged:
        after = each.after[horizon]
        if after is not None:
            counts[sum(after.move >= edge for edge in SPREAD_EDGES_ATR)] += 1
    return tuple(counts)
