"""How well a replay's signals match the truth's. Pure.

A signal of the truth counts as found by the earliest of ours for the same contract and side that comes at most
`EARLY_S` before it (a visit judges by its own pace, and sampled bars may know a level a little lower) and in time
after it. A signal of ours counts as right when the truth has one for the same contract and side at most `NEAR_S` away.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

EARLY_S = 60.0
NEAR_S = 300.0
SOON_S, LATE_S = 30.0, 60.0


class Raised(NamedTuple):
    """One confirmed signal; `at` is market time."""

    con_id: int
    side: str
    at: float


@dataclass(frozen=True)
class Score:
    """One run's figures, or several runs' together."""

    truths: int
    delays_s: tuple[float, ...]  # of those found within LATE_S
    raised: int
    right: int
    visits_per_min: float
    messages_per_s: float
    worst_second: int
    rotating: float  # mean lines that visits held
    ages: tuple[int, ...] = ()  # of running signals' prices, see `Ages`
    ages_strong: tuple[int, ...] = ()

    @property
    def age_s(self) -> float | None:
        return age_p95_s(self.ages)

    @property
    def age_strong_s(self) -> float | None:
        return age_p95_s(self.ages_strong)

    @property
    def running(self) -> int:
        """Seconds of running signals that were counted."""
        return sum(self.ages)

    def recall(self, within_s: float) -> float:
        return sum(delay <= within_s for delay in self.delays_s) / max(self.truths, 1)

    @property
    def precision(self) -> float:
        """1.0 where nothing was raised: nothing was wrong."""
        return self.right / self.raised if self.raised else 1.0

    @property
    def median_s(self) -> float | None:
        return statistics.median(self.delays_s) if self.delays_s else None

    @property
    def p95_s(self) -> float | None:
        """The delay that 95 of 100 of those found do not exceed."""
        if not self.delays_s:
            return None
        ordered = sorted(self.delays_s)
        return ordered[max(0, -(-95 * len(ordered) // 100) - 1)]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def of_json(content: Mapping[str, Any]) -> Score:
        return Score(**{name: tuple(value) if isinstance(value, list) else value for name, value in content.items()})


AGE_STEP_S, AGE_STEPS = 0.5, 600


@dataclass
class Ages:
    """How old the prices of running signals were, counted each second in steps of half a second: of all, and of those
    of top score."""

    every: list[int] = field(default_factory=lambda: [0] * AGE_STEPS)
    strong: list[int] = field(default_factory=lambda: [0] * AGE_STEPS)

    def note(self, age_s: float, is_strong: bool) -> None:
        step = min(AGE_STEPS - 1, int(age_s / AGE_STEP_S))
        self.every[step] += 1
        self.strong[step] += is_strong


def age_p95_s(counts: Sequence[int]) -> float | None:
    """The age that 95 of 100 do not exceed; None = there was none."""
    total, below = sum(counts), 0
    for step, count in enumerate(counts):
        below += count
        if total and below >= 0.95 * total:
            return (step + 1) * AGE_STEP_S
    return None


class Activity(NamedTuple):
    """What a run cost, and the mean of the lines that visits held."""

    visits_per_min: float
    messages_per_s: float
    worst_second: int
    rotating: float


def score(
    truth: Iterable[Raised], ours: Sequence[Raised], start: float, end: float, activity: Activity, ages: Ages
) -> Score:
    """Judge one run: truths and signals of ours within [start, end - LATE_S); of the last minute neither is known."""
    every = list(truth)
    scored = [signal for signal in every if start <= signal.at < end - LATE_S]
    mine, theirs = _by_key(ours), _by_key(every)
    delays = [delay_s(signal, mine.get((signal.con_id, signal.side), ())) for signal in scored]
    counted = [signal for signal in ours if start <= signal.at < end - LATE_S]
    right = sum(_is_near(signal, theirs.get((signal.con_id, signal.side), ())) for signal in counted)
    found = tuple(delay for delay in delays if delay is not None)
    return Score(len(scored), found, len(counted), right, *activity, tuple(ages.every), tuple(ages.strong))


def delay_s(truth: Raised, times: Iterable[float]) -> float | None:
    """Seconds from the truth's signal to the first of ours that finds it (negative: before it); None = not found."""
    return min((at - truth.at for at in times if -EARLY_S <= at - truth.at <= LATE_S), default=None)


def pooled(scores: Sequence[Score]) -> Score:
    """Several runs as one: every truth counts the same."""
    return Score(
        sum(each.truths for each in scores),
        tuple(delay for each in scores for delay in each.delays_s),
        sum(each.raised for each in scores),
        sum(each.right for each in scores),
        statistics.fmean(each.visits_per_min for each in scores),
        statistics.fmean(each.messages_per_s for each in scores),
        max(each.worst_second for each in scores),
        statistics.fmean(each.rotating for each in scores),
        _summed(each.ages for each in scores),
        _summed(each.ages_strong for each in scores),
    )


def _summed(counts: Iterable[Sequence[int]]) -> tuple[int, ...]:
    return tuple(sum(each) for each in zip(*counts, strict=False))


def _is_near(signal: Raised, times: Iterable[float]) -> bool:
    return any(abs(at - signal.at) <= NEAR_S for at in times)


def _by_key(signals: Iterable[Raised]) -> dict[tuple[int, str], list[float]]:
    found: dict[tuple[int, str], list[float]] = defaultdict(list)
    for signal in signals:
        found[signal.con_id, signal.side].append(signal.at)
    return found
