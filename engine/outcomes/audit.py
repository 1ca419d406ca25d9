"""The missed-signal audit: what the day's bars show of every symbol, beside what was raised live: what no line cost.

What triggered before the engine looked that day is counted apart: no line would have shown it.

The bars are judged in the lab process, by the replay that holds to the live rules (`engine.lab.tape` says how it
looks at them). Its signals are sorted here, in slices: nothing holds the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from engine.bars.build import bar_start
from engine.bars.store import BarStore
from engine.domain import BarSource, Signal
from engine.outcomes.book import NOTHING, Scored, known_outcomes
from engine.outcomes.comparison import SAME_S

SLICE_S = 0.002


class Missed(NamedTuple):
    """A signal of the bars that the live engine did not raise; `source` of the minute in which it triggered."""

    scored: Scored
    source: BarSource


class Audit:
    """One run, under way from the moment it is made. `slices()` sorts; the counts and lists grow while it does."""

    def __init__(self, store: BarStore, con_ids: Collection[int], live: Iterable[Signal], now_market: float) -> None:
        self._store = store
        self._con_ids = frozenset(con_ids)
        self._live = _by_symbol(live)
        self.now_market = now_market
        self.day_market = now_market  # a moment of the day it is about: that of the newest bars
        self.symbols = len(self._con_ids)
        self.without_bars = 0
        self.found = 0
        self.seen = 0
        self.rejected: list[Missed] = []  # streamed: the ticks did not confirm it
        self.missed: list[Missed] = []
        self.before = 0  # triggered before it looked
        self.looked_since: float | None = None  # market time; None = it did not look that day
        self.changed_market: float | None = None  # when the thresholds it judges by were changed last, if today
        self.is_over = False
        self.problem = ""  # why it came to nothing

    def fail(self, problem: str) -> None:
        """It comes to nothing, for this reason."""
        self.problem, self.is_over = problem, True

    def slices(self, judged: Collection[int], found: Iterable[Signal], mono: Callable[[], float]) -> Iterator[None]:
        """Sort the signals of the bars in; `judged` = who had bars today. Yields whenever 2 ms are used up."""
        self.without_bars = len(self._con_ids.difference(judged))
        begun = mono()
        for signal in found:
            if signal.con_id in self._con_ids:
                self._sort_in(signal)
            if mono() - begun > SLICE_S:
                yield
                begun = mono()
        self.is_over = True

    def _sort_in(self, signal: Signal) -> None:
        self.found += 1
        near = self._live.get(signal.con_id, [])
        if any(each.side == signal.side and abs(each.at - signal.at) <= SAME_S for each in near):
            self.seen += 1
            return
        entry = self._store.get(signal.con_id)
        minute = bar_start(signal.triggered_at - 0.001)  # a look at :00 ends the minute before
        source = entry.series.source_at(minute) if entry is not None else None
        after = known_outcomes(entry.series.arrays(), signal) if entry is not None else NOTHING
        missed = Missed(Scored(signal, after), source or "history")
        if source == "streamed":
            self.rejected.append(missed)
        elif self.looked_since is None or signal.triggered_at < self.looked_since:
            self.before += 1
        else:
            self.missed.append(missed)


def _by_symbol(signals: Iterable[Signal]) -> Mapping[int, list[Signal]]:
    out: dict[int, list[Signal]] = {}
    for signal in signals:
        out.setdefault(signal.con_id, []).append(signal)
    return out
