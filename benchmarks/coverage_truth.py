"""The truth: the same detector with a line for every symbol, each judged every second, at each quote once it is hot.

Cheaper than it looks, at no loss: a price within `facts.edges` can begin no breakout, nor can one whose last 60 s
traded less than the rules want, so these are fed to the bars only, and of a whole such minute no more than the prints
that make its bar.
"""

from __future__ import annotations

import numpy as np

from benchmarks.coverage_replay import known_units
from benchmarks.coverage_score import Raised
from benchmarks.coverage_world import STEPS_PER_MIN, STEPS_PER_S, Array, Recording
from engine.bars.store import BarStore
from engine.breakout.facts import edges
from engine.clock import FakeClock
from engine.config import BreakoutParams, MarketScanSettings
from engine.coverage.visits import VisitJudge
from engine.domain import Quote, Signal
from engine.scanners.breakout import BreakoutScanner, Surroundings
from engine.scanners.coordinator import CYCLE_S, floors_of

LOUD_SHARE = 0.999  # less than what the rule wants by more than any rounding


class TruthStore(BarStore):
    """Bars of symbols that all have a line. The volume of the last 60 s comes from the recording: between two looks at
    a symbol its line goes on."""

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self._recording = recording
        self._columns = {contract.con_id: n for n, contract in enumerate(recording.contracts)}

    def volume_60s(self, con_id: int, now_market: float) -> float | None:
        step = round((now_market - self._recording.start) * STEPS_PER_S)
        if step < STEPS_PER_MIN:
            return None
        volume = self._recording.steps["volume"][:, self._columns[con_id]]
        return float(volume[min(step, len(volume) - 1)] - volume[step - STEPS_PER_MIN])


class Truth:
    """`store` is changed: warm, and its own."""

    def __init__(self, recording: Recording, store: TruthStore, symbols: int) -> None:
        self._recording, self._store, self._count = recording, store, symbols
        self._clock = FakeClock(wall=recording.start)
        self._contracts = recording.contracts[:symbols]
        self._column = {contract.con_id: n for n, contract in enumerate(self._contracts)}
        self._quotes: dict[int, Quote] = {}
        self._price = {name: _prices(recording, name, symbols) for name in ("last", "high", "low")}
        self._volume = recording.steps["volume"][:, :symbols]
        self._fed = np.zeros(symbols, dtype=np.int64)  # steps that the bars know
        self._low, self._high = np.full(symbols, -np.inf), np.full(symbols, np.inf)
        self._loud = np.zeros(symbols)  # shares of the last 60 s below which the volume surge fails
        self.signals: list[Raised] = []
        params = BreakoutParams()
        units = known_units(recording)
        around = Surroundings(
            self._quotes.get,
            lambda con_id: False,
            lambda con_id: units.tick_factor(con_id) is not None,
            self._clock.mono,
        )
        floors = floors_of(params, MarketScanSettings())
        self._scanner = BreakoutScanner(store, around, params, floors, self._on_signal)
        self._visits = VisitJudge(self._scanner, store)

    def run(self, seconds: float) -> list[Raised]:
        self._store.sync_lines(list(self._column), self._recording.start)
        for column in range(self._count):
            self._feed(column, 0)
        self._learn_levels(self._recording.start)
        for step in range(1, min(round(seconds * STEPS_PER_S), self._recording.step_count)):
            self._clock.advance(1.0 / STEPS_PER_S)
            now = self._clock.wall()
            if step % STEPS_PER_MIN == 0:
                self._turn_minute(step, now)
            for column in self._to_judge(step).tolist():
                self._catch_up(column, step)
                self._feed(column, step)
                quote = self._quotes[self._contracts[column].con_id]
                self._scanner.on_quote(quote, now)
                self._visits.look(quote, now)
            if step % STEPS_PER_S == 0:
                self._scanner.recheck(now)
            if step % (STEPS_PER_S * CYCLE_S) == 0:
                self._cycle(now)
        return self.signals

    def _to_judge(self, step: int) -> Array:
        """Columns beyond a level, each second; and those whose quote changed while their breakout is under way."""
        busy = np.array([self._column[con_id] for con_id in self._scanner.detector.tracker.busy], dtype=np.int64)
        prices, volumes = self._price["last"], self._volume
        moved = (prices[step, busy] != prices[step - 1, busy]) | (volumes[step, busy] != volumes[step - 1, busy])
        if step % STEPS_PER_S:
            return busy[moved]
        beyond = (prices[step] > self._high) | (prices[step] < self._low)
        if step >= STEPS_PER_MIN:
            beyond &= volumes[step] - volumes[step - STEPS_PER_MIN] >= self._loud
        beyond[busy] = moved
        return np.flatnonzero(beyond)

    def _cycle(self, now: float) -> None:
        """Each 10 s, as the engine: a running signal may break out again."""
        for con_id in list(self._scanner.detector.tracker.busy):
            self._scanner.evaluate(con_id, now)

    def _turn_minute(self, step: int, now: float) -> None:
        """Close the minute that is over for all, and learn the new levels."""
        for column in range(self._count):
            self._sum_up(column, step)
        self._store.sync_lines(list(self._column), now)
        for con_id in self._store.close_due(now):
            self._scanner.on_bar_closed(con_id, now)
        self._learn_levels(now)

    def _learn_levels(self, now: float) -> None:
        for column, contract in enumerate(self._contracts):
            facts = self._scanner.facts(contract.con_id, now)
            low, high = edges(facts, self._scanner.params, now)
            self._low[column] = -np.inf if low is None else low
            self._high[column] = np.inf if high is None else high
            self._loud[column] = LOUD_SHARE * self._scanner.params.volume_surge * (facts.sma_volume or 0.0)

    def _sum_up(self, column: int, step: int) -> None:
        """The prints of the last minute that its bar is made of: first, highest, lowest, last."""
        first = int(self._fed[column])
        prints = self._prints(column, first, step)
        if len(prints):
            prices = self._price["last"][prints, column]
            wanted = {int(prints[0]), int(prints[-1]), int(prints[prices.argmax()]), int(prints[prices.argmin()])}
            for at in sorted(wanted):
                self._feed(column, at)
        self._fed[column] = step

    def _catch_up(self, column: int, step: int) -> None:
        """Everything that the bars have missed of this minute."""
        for at in self._prints(column, int(self._fed[column]), step).tolist():
            self._feed(column, at)

    def _prints(self, column: int, first: int, end: int) -> Array:
        """Steps in [first, end) at which this column traded."""
        before = max(first - 1, 0)
        volume, last = self._volume[before:end, column], self._price["last"][before:end, column]
        traded = np.flatnonzero((np.diff(volume) != 0) | (np.diff(last) != 0)) + before + 1
        return traded[traded >= first]

    def _feed(self, column: int, step: int) -> None:
        """One quote into the bars, at its own moment."""
        recording, contract = self._recording, self._contracts[column]
        at = recording.start + step / STEPS_PER_S
        last, high, low = (_known(self._price[name][step, column]) for name in ("last", "high", "low"))
        tick = float(recording.tick[column])
        # fmt: off
        quote = self._quotes[contract.con_id] = Quote(
            contract.con_id, contract.local_symbol, last, "last", None, None, None, None, last, None,
            float(self._volume[step, column]), float(recording.avg_volume[column]),
            round(int(recording.opened[column]) * tick, 4), high, low,
            round(int(recording.prior_close[column]) * tick, 4), bool(recording.steps["halted"][step, column]),
            "live", "streaming", self._clock.mono(), at, 1,
        )
        # fmt: on
        self._store.on_quote(quote, at)
        self._fed[column] = step + 1

    def _on_signal(self, signal: Signal) -> None:
        if signal.state == "active":
            self.signals.append(Raised(signal.con_id, signal.side, signal.at))


def _prices(recording: Recording, name: str, symbols: int) -> Array:
    """USD; 0 = none yet."""
    return np.round(recording.steps[name][:, :symbols] * recording.tick[:symbols], 4)


def _known(price: float) -> float | None:
    return float(price) if price > 0 else None
