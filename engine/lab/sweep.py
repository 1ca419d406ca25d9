"""A run over recorded days: many sets of parameters on one stack, chosen by one part of it and judged by the other.

The best set is the one whose median move 30 minutes after its signals is highest on the choosing part; what it is
worth is told by the judging part alone, which it has not seen.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from msgspec.structs import replace
from pydantic import ValidationError

from engine.breakout.rules import Floors
from engine.config import BreakoutParams
from engine.errors import LabError
from engine.lab.batches import Batch, batches_of
from engine.lab.choice import IN_OWN_PROCESS, Choice, Most, absent_words, choose, read_tapes, refused_words, within
from engine.lab.messages import AskSweep, Progress, SweepAnswer
from engine.lab.recordings import Recordings
from engine.lab.summary import Judged, bucket_of, grouped, hour_of, side_of, spread
from engine.lab.tape import Tape
from engine.outcomes.figures import THIRTY, figures
from engine.outcomes.outcome import HORIZONS_MIN
from engine.state.lab_sections import MINUTES_FIND, MOST_SETS, LabResultSection, SetResult, SignalLine

CHOOSING_SHARE = 0.7
MOST_SIGNALS = 300
# By `python start.py test --long same`: what a replay of the minutes alone finds within 60 s of live.
MOST_BEST = 20
T = TypeVar("T")
Steps = Generator[Progress, None, T]


class Split(NamedTuple):
    """(symbol, day) of the tapes that judge, and how it came; empty = no split was possible."""

    judging: frozenset[tuple[str, str]]
    words: str


def split_tapes(tapes: Sequence[Tape]) -> Split:
    """By days where there are two or more: the first 70 % choose. One day: by symbols. One tape: not at all."""
    days, symbols = sorted({tape.day for tape in tapes}), sorted({tape.symbol for tape in tapes})
    if len(days) > 1:
        kept = _choosing(len(days))
        late = set(days[kept:])
        early = "first" if kept == 1 else f"first {kept}"
        late_words = "last" if len(days) - kept == 1 else f"last {len(days) - kept}"
        words = f"chosen by the {early} of {len(days)} days, judged by the {late_words}"
        return Split(frozenset((tape.symbol, tape.day) for tape in tapes if tape.day in late), words)
    if len(symbols) > 1:
        kept = _choosing(len(symbols))
        others = set(symbols[kept:])
        words = f"one day only: chosen by {kept} of {len(symbols)} symbols, judged by the others"
        return Split(frozenset((tape.symbol, tape.day) for tape in tapes if tape.symbol in others), words)
    return Split(frozenset(), "one symbol and day: no split is possible, so nothing here is proof")


def _choosing(count: int) -> int:
    return max(1, min(count - 1, round(count * CHOOSING_SHARE)))


def sweep(ask: AskSweep, source: Recordings, most: Most = IN_OWN_PROCESS) -> Generator[Progress | SweepAnswer]:
    """Run it in small steps; the last thing that comes is the answer.

    Raises:
        LabError: nothing to run on, too much, or a file that can't be used.
    """
    begun = time.perf_counter()
    sets = sets_of(ask)
    days = yield from prepared(ask, source, most)
    results: list[SetResult | None] = []
    for number, values in enumerate(sets):
        found = yield from days.run.of_values(values, Progress(ask.job, number, len(sets), ""))
        results.append(found)
        yield Progress(ask.job, number + 1, len(sets), "")
    answer = yield from days.finish(results)
    yield replace(answer, result=replace(answer.result, took_s=round(time.perf_counter() - begun, 2)))


def walked(steps: Steps[T]) -> T:
    """All steps at once."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: T = end.value
            return found


class Prepared(NamedTuple):
    """A run's days, read and stacked."""

    ask: AskSweep
    run: Run
    choice: Choice

    def finish(self, results: list[SetResult | None]) -> Steps[SweepAnswer]:
        """The answer, without the time that it took; `results` of all sets, in the order of `sets_of`."""
        now = Progress(self.ask.job, len(results), len(results), "values in force")
        base = yield from self.run.of(BreakoutParams(**self.ask.base), now)
        best = yield from self.run.judge_best(results, replace(now, text="the best set"))
        return SweepAnswer(self.ask.job, self.run.result(base, results, best, self.choice))


def prepared(ask: AskSweep, source: Recordings, most: Most) -> Steps[Prepared]:
    """Read and stack the chosen days. Raises LabError."""
    ask = within(ask, source)
    choice = choose(ask, source, most)
    tapes: list[Tape] = []
    refused: dict[tuple[str, str], str] = {}
    yield from read_tapes(ask, source, choice.symbol_days, most, tapes, refused)
    run = Run(ask, tapes, refused)
    yield from run.stack(Progress(ask.job, 0, len(sets_of(ask)), "getting ready"))
    return Prepared(ask, run, choice)


def sets_of(ask: AskSweep) -> list[tuple[float, ...]]:
    """The product of the ranges, the last one changing fastest. Raises LabError: too many."""
    count = math.prod(len(each.values) for each in ask.ranges)
    if count > MOST_SETS:
        raise LabError(f"{count:,} sets of parameters; at most {MOST_SETS:,} are run. Take fewer values.")
    return list(itertools.product(*(each.values for each in ask.ranges))) if ask.ranges else []


class _Best(NamedTuple):
    """The sets that rank, highest first, and every signal of the first (of the values in force where none ranks)."""

    sets: list[SetResult]
    judged: list[Judged]


class Run:
    """The batches. What takes long tells `now` after each batch."""

    def __init__(self, ask: AskSweep, tapes: list[Tape], refused: Mapping[tuple[str, str], str]) -> None:
        self._ask = ask
        self._refused = refused
        self._tapes = tapes
        self._names = tuple(each.name for each in ask.ranges)
        self._batches: list[Batch] = []
        self._split = split_tapes(tapes)

    @property
    def tapes(self) -> Sequence[Tape]:
        """The symbol-days that are used."""
        return self._tapes

    def stack(self, now: Progress) -> Iterator[Progress]:
        """Comes first."""
        cells = sum(len(tape.bars.time) for tape in self._tapes)
        for tapes in batches_of(self._tapes):
            self._batches.append(Batch(tapes, cells))
            yield now

    def of(self, params: BreakoutParams, now: Progress, values: tuple[float, ...] = ()) -> Steps[SetResult]:
        """Figures of one set on both parts."""
        judged = yield from self._judged(params, now)
        early, late = self._parts(judged)
        return SetResult(values, figures(early), figures(late) if self._split.judging else None)

    def of_values(self, values: tuple[float, ...], now: Progress) -> Steps[SetResult | None]:
        """One set of the product; None = a combination that makes no sense (EMA fast above slow)."""
        try:
            params = self._params(values)
        except ValidationError:
            return None
        return (yield from self.of(params, now, values))

    def judge_best(self, results: Sequence[SetResult | None], now: Progress) -> Steps[_Best]:
        """Needs the figures of all sets."""
        ranked = (each for each in results if each is not None and self._counts(each))
        best = sorted(ranked, key=_merit, reverse=True)[:MOST_BEST]
        params = self._params(best[0].values) if best else BreakoutParams(**self._ask.base)
        judged = yield from self._judged(params, now)
        return _Best(best, judged)

    def result(
        self, base: SetResult, results: Sequence[SetResult | None], best: _Best, choice: Choice
    ) -> LabResultSection:
        """Without the time that it took."""
        ask = self._ask
        valid = [each for each in results if each is not None]
        early, late = self._parts(best.judged)
        told = late if self._split.judging else early
        return LabResultSection(
            request_id="",
            names=self._names,
            ranges=ask.ranges,
            split=self._split.words,
            notes=tuple(self._notes(choice, bool(valid), bool(best.sets))),
            sets=len(valid),
            skipped=len(results) - len(valid),
            base=base,
            best=tuple(best.sets),
            cells=tuple(None if each is None else self._cell(each) for each in results),
            by_hour=grouped(told, hour_of),
            by_side=grouped(told, side_of),
            by_score=grouped(told, bucket_of),
            spread_chosen=spread(early),
            spread_judged=spread(late),
            signals=tuple(_line(each, self._is_late(each)) for each in best.judged[:MOST_SIGNALS]),
            signals_total=len(best.judged),
            tapes=len(self._tapes),
            took_s=0.0,
        )

    def _counts(self, result: SetResult) -> bool:
        """Enough signals to be ranked at all."""
        return result.chosen.known[THIRTY] >= self._ask.least_signals

    def _cell(self, result: SetResult) -> tuple[float | None, float | None, int]:
        judged = result.judged.moves[THIRTY] if result.judged is not None else None
        chosen = result.chosen.moves[THIRTY] if self._counts(result) else None
        return chosen, judged, result.chosen.signals + (result.judged.signals if result.judged is not None else 0)

    def _judged(self, params: BreakoutParams, now: Progress) -> Steps[list[Judged]]:
        """Every signal under one set, in the order of the tapes."""
        floors = Floors(params.price_floor_usd, float(params.avg_volume_floor), self._ask.usd_floor)
        found: list[Judged] = []
        for batch in self._batches:
            found += batch.judge(params, floors)
            yield now
        return found

    def _is_late(self, each: Judged) -> bool:
        return (each.symbol, each.day) in self._split.judging

    def _parts(self, judged: list[Judged]) -> tuple[list[Judged], list[Judged]]:
        """(those that choose, those that judge)."""
        return [each for each in judged if not self._is_late(each)], [each for each in judged if self._is_late(each)]

    def _params(self, values: tuple[float, ...]) -> BreakoutParams:
        moved: dict[str, Any] = dict(zip(self._names, values, strict=True))
        return BreakoutParams(**{**self._ask.base, **{name: _plain(value) for name, value in moved.items()}})

    def _notes(self, choice: Choice, swept: bool, found: bool) -> Iterator[str]:
        unknown = sum(1 for tape in self._tapes if tape.floored and tape.average_volume is None)
        if unknown:
            yield (
                f"{unknown} of {len(self._tapes)} symbol-days have no earlier day on record: their average volume is "
                "unknown and its floors were not applied."
            )
        based = sum(1 for tape in self._tapes if tape.usual is not None)
        if based < len(self._tapes):
            yield (
                f"Relative volume is measured against SMA20 on {len(self._tapes) - based} of {len(self._tapes)} "
                "symbol-days (10 earlier days are needed for the usual volume)."
            )
        yield _looks(self._tapes)
        visited = sum(tape.is_visited for tape in self._tapes)
        if visited:
            yield (
                f"{visited} of {len(self._tapes)} symbol-days are mostly visited minutes: what happened between the "
                "visits is not in them. Live, the broker's own bars are fetched where they decide."
            )
        if choice.absent:
            yield absent_words(choice)
        if self._refused:
            yield f"Recorded days that can't be used were left out: {refused_words(self._refused, self._ask.folder)}"
        chosen = sum(1 for _symbol, day in self._refused if not self._ask.days or day in self._ask.days)
        empty = choice.symbol_days - len(self._tapes) - chosen
        if empty:
            yield f"{empty} symbol-days have no bar."
        if swept and not found:
            yield f"No set has {self._ask.least_signals} signals that are 30 min old; the values in force are shown."


def _looks(tapes: Sequence[Tape]) -> str:
    """How often the days were looked at."""
    often = sum(tape.looks is not None for tape in tapes)
    if often == len(tapes):
        return "All days have 10-second bars: looked at every 10 s where they streamed, as live does."
    if not often:
        return f"There are minutes alone: all days are looked at once a minute. {MINUTES_FIND}"
    return (
        f"{often} of {len(tapes)} symbol-days have 10-second bars and are looked at every 10 s, as live does; the "
        f"others once a minute. {MINUTES_FIND}"
    )


def _merit(result: SetResult) -> tuple[float, int]:
    return result.chosen.moves[THIRTY] or 0.0, result.chosen.signals


def _plain(value: float) -> float | int:
    """Whole numbers as such: the models of whole-number parameters take no 20.5, and 20.0 becomes 20."""
    return int(value) if float(value).is_integer() else value


def _line(each: Judged, is_judged: bool) -> SignalLine:
    signal = each.signal
    found = [each.after(horizon) for horizon in range(len(HORIZONS_MIN))]
    widest = next((after for after in reversed(found) if after is not None), None)
    return SignalLine(
        symbol=each.symbol,
        day=each.day,
        side=signal.side,
        at=signal.at,
        level_kind=signal.level_kind,
        level=signal.level,
        last=signal.last,
        atr=round(signal.atr, 6),
        score=signal.score,
        rel_volume=None if signal.rel_volume is None else round(signal.rel_volume, 3),
        moves=tuple(None if after is None else round(after.move, 3) + 0.0 for after in found),
        best=None if widest is None else round(widest.best, 3),
        worst=None if widest is None else round(widest.worst, 3) + 0.0,
        judged=is_judged,
    )
