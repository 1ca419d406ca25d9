"""Signals and their outcomes in a few figures: in all, by hour, side and score, and how the moves are spread. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct

from engine.bars.indicators import Floats
from engine.lab.features import Features
from engine.lab.moves import price_rows
from engine.lab.stepwise import LabSignal
from engine.outcomes.figures import THIRTY, figures, hour_name
from engine.outcomes.outcome import COLUMNS, Outcome
from engine.state.lab_sections import Group

SCORE_STEPS = (0.5, 0.6, 0.7, 0.8, 0.9)
SPREAD_EDGES_ATR = (-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0)


class Judged(Struct, frozen=True):
    """A signal with what became of it. `moves` in ATR as `engine.lab.moves` orders them, NaN = not known."""

    symbol: str
    day: str
    signal: LabSignal
    moves: tuple[float, ...]

    def after(self, horizon: int) -> Outcome | None:
        """At one of the horizons (number in `HORIZONS_MIN`); None = not known (yet)."""
        found = Outcome(*self.moves[3 * horizon : 3 * horizon + 3])
        return None if found.move != found.move else found


class Outcomes:
    """What became of signals of one stack: moves in price are kept, since sets of parameters share most signals."""

    def __init__(self, features: Features) -> None:
        self._stack = features.stack
        self._place: dict[tuple[int, str, float], int] = {}
        self._rows: Floats = np.empty((0, COLUMNS))

    def judge(self, signals: Sequence[LabSignal]) -> list[Judged]:
        """In the order of the signals."""
        keys = [(signal.tape, signal.side, signal.at) for signal in signals]
        fresh = {key: signal for key, signal in zip(keys, signals, strict=True) if key not in self._place}
        if fresh:
            for place, key in enumerate(fresh, start=len(self._rows)):
                self._place[key] = place
            self._rows = np.concatenate([self._rows, price_rows(self._stack, list(fresh.values()))])
        atr = np.array([signal.atr for signal in signals]).reshape(-1, 1)
        found = self._rows[[self._place[key] for key in keys]] / np.where(atr > 0, atr, np.nan)
        tapes = self._stack.tapes
        return [
            Judged(tapes[signal.tape].symbol, tapes[signal.tape].day, signal, tuple(moves))
            for signal, moves in zip(signals, found.tolist(), strict=True)
        ]


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
    """ "0.7 to 0.8": steps that stay, so that two runs can be compared."""
    low = max((step for step in SCORE_STEPS if judged.signal.score >= step), default=SCORE_STEPS[0])
    return f"{low:.1f} to {low + 0.1:.1f}"


def spread(judged: Sequence[Judged], horizon: int = THIRTY) -> tuple[int, ...]:
    """How many moves after 30 min lie below -4 ATR, between -4 and -3, ... and from 4 ATR on."""
    counts = [0] * (len(SPREAD_EDGES_ATR) + 1)
    for each in judged:
        after = each.after(horizon)
        if after is not None:
            counts[sum(after.move >= edge for edge in SPREAD_EDGES_ATR)] += 1
    return tuple(counts)
