"""What becomes of signals, worked out from the bars as time passes. Time is an argument. Engine thread only."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.bars.build import BAR_S
from engine.bars.indicators import KNOWN_SHARE
from engine.bars.series import BarArrays
from engine.bars.store import BarStore
from engine.domain import Signal
from engine.outcomes.outcome import HORIZONS_MIN, Outcome, outcomes

SETTLED_S = 75.0  # the last minute of a horizon has closed, and late trades are in
RETRY_S = 120.0  # bars are missing: history may bring them
GIVE_UP_S = 4 * 3_600.0
KEPT = 5_000
MOST_LOOKS = 40  # a step: some 50 us each


class Scored(NamedTuple):
    """A signal with what is known of its outcome, per horizon; None = not known (yet)."""

    signal: Signal
    after: tuple[Outcome | None, ...]

    @property
    def moves(self) -> tuple[float, ...]:
        """ATR: best, worst and last move of each horizon; NaN = not known (yet)."""
        return tuple(value for each in self.after for value in (each or UNKNOWN))


UNKNOWN = Outcome(math.nan, math.nan, math.nan)
NOTHING: tuple[Outcome | None, ...] = (None,) * len(HORIZONS_MIN)


@dataclass(slots=True)
class _Case:
    scored: Scored
    look_at: float  # market time of the next look; infinite = decided


class OutcomeBook:
    """The signals of one set of thresholds; `on_outcome(signal, horizon in minutes, outcome)` at each new one."""

    def __init__(self, store: BarStore, on_outcome: Callable[[Signal, int, Outcome], None]) -> None:
        self._store = store
        self._on_outcome = on_outcome
        self._cases: dict[str, _Case] = {}
        self._next_look = float("inf")
        self._followed: frozenset[int] | None = None  # None = to be found anew
        self.version = 0  # grows with every change

    def note(self, signal: Signal) -> None:
        """A signal that began; its end changes nothing here."""
        if signal.id not in self._cases:
            self._add(_Case(Scored(signal, NOTHING), signal.at + HORIZONS_MIN[0] * 60.0 + SETTLED_S))
            self._keep_newest()

    def restore(self, scored: Iterable[Scored], now_market: float) -> None:
        """Signals and outcomes from the journal; what is not known yet of the last hours is worked out still."""
        for each in scored:
            signal, after = each
            if signal.id not in self._cases and signal.at <= now_market:
                open_ = None in after and now_market - signal.at < GIVE_UP_S
                self._add(_Case(each, now_market if open_ else float("inf")))
        self._cases = dict(sorted(self._cases.items(), key=lambda item: item[1].scored.signal.at))
        self._keep_newest()

    def scored(self, since_market: float = float("-inf")) -> list[Scored]:
        """Oldest first."""
        return [c.scored for c in self._cases.values() if c.scored.signal.at >= since_market]

    def follows(self, con_id: int) -> bool:
        """Whether its bars are needed still: a signal of it is not judged at every horizon, and not given up."""
        if self._followed is None:
            self._followed = frozenset(c.scored.signal.con_id for c in self._cases.values() if c.look_at < float("inf"))
        return con_id in self._followed

    def clear(self) -> None:
        self._cases.clear()
        self._followed = None
        self._next_look = float("inf")
        self.version += 1

    def step(self, now_market: float) -> None:
        """Work out what is due; of many at once (after a restart) some now, the rest at the next calls."""
        if now_market < self._next_look:
            return
        due = [case for case in self._cases.values() if case.look_at <= now_market]
        for case in due[:MOST_LOOKS]:
            self._look(case, now_market)
        self._next_look = min((case.look_at for case in self._cases.values()), default=float("inf"))

    def _add(self, case: _Case) -> None:
        self._cases[case.scored.signal.id] = case
        self._next_look = min(self._next_look, case.look_at)
        self._followed = None
        self.version += 1

    def _keep_newest(self) -> None:
        while len(self._cases) > KEPT:
            del self._cases[next(iter(self._cases))]

    def _look(self, case: _Case, now: float) -> None:
        signal, before = case.scored
        bars = self._store.arrays(signal.con_id)
        found = before if bars is None else known_outcomes(bars, signal)
        merged = tuple(old if old is not None else new for old, new in zip(before, found, strict=True))
        for minutes, old, new in zip(HORIZONS_MIN, before, merged, strict=True):
            if old is None and new is not None:
                self._on_outcome(signal, minutes, new)
                self.version += 1
        if merged != before:
            case.scored = Scored(signal, merged)
        case.look_at = _next_look(case, now)
        if case.look_at == float("inf"):
            self._followed = None


def _next_look(case: _Case, now: float) -> float:
    """When the next horizon is over; a little later when one that is over lacks its bars; never after some hours."""
    at = case.scored.signal.at
    open_ = [
        at + minutes * 60.0 + SETTLED_S
        for minutes, after in zip(HORIZONS_MIN, case.scored.after, strict=True)
        if after is None
    ]
    if not open_ or now - at > GIVE_UP_S:
        return float("inf")
    return max(min(open_), now + RETRY_S) if min(open_) <= now else min(open_)


def known_outcomes(bars: BarArrays, signal: Signal) -> tuple[Outcome | None, ...]:
    """Outcomes of the horizons of whose minutes the bars know enough (60 %): a judgement by a few bars is none."""
    found = outcomes(bars, signal.at, signal.last, signal.atr, signal.side)
    first = int(np.searchsorted(bars.time, signal.at))
    ends = [
        int(np.searchsorted(bars.time, signal.at + minutes * 60.0 - BAR_S, side="right")) for minutes in HORIZONS_MIN
    ]
    return tuple(
        each if end - first >= KNOWN_SHARE * (minutes - 1) else None
        for each, end, minutes in zip(found, ends, HORIZONS_MIN, strict=True)
    )
