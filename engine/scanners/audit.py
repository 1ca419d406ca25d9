"""The missed-signal audit: the live rules over the day's minute bars of every symbol, to see what no line cost.

The detector looks once a minute, at its close; that is what bars can tell. Sliced: nothing here holds the loop.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.bars.build import BAR_S
from engine.bars.indicators import Floats
from engine.bars.series import BarArrays
from engine.bars.sessions import RunningSession
from engine.bars.store import BarStore, SymbolBars
from engine.bars.usual import UsualVolume
from engine.config import BreakoutParams
from engine.domain import BarSource, ContractRef, Side, Signal
from engine.scanners.facts import SMA_BARS, Facts, read_bars
from engine.scanners.outcome_book import Scored, known_outcomes
from engine.scanners.rules import Common, Floors, Frozen, Live, Progress, Reading, read, read_common, score
from engine.scanners.tracker import Tracker

Bools = NDArray[np.bool_]
SIDES: tuple[Side, Side] = ("long", "short")
SLICE_S = 0.002  # a symbol without a trigger takes some ms more on a slow machine, 5 in all
NEARLY = 0.99  # the rules project the minute's volume by the last millisecond
LOOK_S = BAR_S - 0.001  # within the minute that is judged
SAME_S = 300.0  # a live signal of the same side so near is the same breakout


class Case(NamedTuple):
    """One symbol of the audit. `floors` None = a position or a pin."""

    con_id: int
    bars: BarArrays
    session: RunningSession
    usual: UsualVolume | None
    average_volume: float | None
    floors: Floors | None


class Missed(NamedTuple):
    """A signal of the bars that the live engine did not raise; `source` of the minute in which it triggered."""

    scored: Scored
    source: BarSource


class Audit:
    """One run. `slices()` works; the counts and lists grow while it does."""

    def __init__(
        self,
        store: BarStore,
        con_ids: Sequence[int],
        params: BreakoutParams,
        floors: Callable[[ContractRef], Floors | None],
        live: Iterable[Signal],
        now_market: float,
    ) -> None:
        self._store = store
        self._con_ids = con_ids
        self._params = params
        self._floors = floors
        self._live = _by_symbol(live)
        self.now_market = now_market
        self.symbols = len(con_ids)
        self.done = 0
        self.without_bars = 0
        self.found = 0
        self.seen = 0
        self.rejected: list[Missed] = []  # streamed: the ticks did not confirm it
        self.missed: list[Missed] = []
        self.changed_market: float | None = None  # when the thresholds it judges by were changed last, if today
        self.is_over = False
        self.is_broken = False  # over before its end

    def slices(self, mono: Callable[[], float]) -> Iterator[None]:
        """Judge all symbols; yields whenever 2 ms are used up. Over in any case when it ends."""
        try:
            yield from self._all(mono)
        finally:
            self.is_over, self.is_broken = True, self.done < self.symbols

    def _all(self, mono: Callable[[], float]) -> Iterator[None]:
        begun = mono()
        for con_id in self._con_ids:
            for _ in itertools.chain(self._judge(con_id), (None,)):  # most symbols have nothing to stop at
                if mono() - begun > SLICE_S:
                    yield
                    begun = mono()
            self.done += 1

    def _judge(self, con_id: int) -> Iterator[None]:
        entry = self._store.get(con_id)
        session = self._store.session(con_id, self.now_market) if entry is not None else None
        if entry is None or session is None or (entry.series.last_time or 0.0) < session.start:
            self.without_bars += 1
            return
        average = entry.usual.daily if entry.usual is not None else None
        bars = entry.series.arrays()
        bars = BarArrays(*(column.copy() for column in bars))  # a bar may close between two slices
        case = Case(con_id, bars, session, entry.usual, average, self._floors(entry.contract))
        signals: list[Signal] = []
        for found in detect(case, self._params, entry.contract.local_symbol):
            if found is not None:
                signals.append(found)
            yield
        self._sort_in(entry, bars, signals)

    def _sort_in(self, entry: SymbolBars, bars: BarArrays, signals: list[Signal]) -> None:
        for signal in signals:
            self.found += 1
            if any(each.side == signal.side and abs(each.at - signal.at) <= SAME_S for each in self._near(signal)):
                self.seen += 1
                continue
            source = entry.series.source_at(signal.triggered_at - BAR_S) or "history"
            missed = Missed(Scored(signal, known_outcomes(bars, signal)), source)
            (self.rejected if source == "streamed" else self.missed).append(missed)

    def _near(self, signal: Signal) -> list[Signal]:
        return self._live.get(signal.con_id, [])


def _by_symbol(signals: Iterable[Signal]) -> Mapping[int, list[Signal]]:
    out: dict[int, list[Signal]] = {}
    for signal in signals:
        out.setdefault(signal.con_id, []).append(signal)
    return out


def detect(case: Case, params: BreakoutParams, local_symbol: str = "") -> Iterator[Signal | None]:
    """Signals of one symbol's session, by closes of minutes; None between them, so that the caller can breathe."""
    bars, tracker = case.bars, Tracker()
    first = int(np.searchsorted(bars.time, case.session.start))
    may = {side: may_trigger(side, bars, first, params) for side in SIDES}
    for index in range(first, len(bars.time)):
        worked = False
        for side in SIDES:
            wanted = params.longs if side == "long" else params.shorts
            if not wanted or not (may[side][index - first] or tracker.phase(case.con_id, side) != "idle"):
                continue
            worked = True
            signal = _look(case, tracker, index, side, params, local_symbol)
            if signal is not None:
                yield signal
        if worked:
            yield None


def may_trigger(side: Side, bars: BarArrays, first: int, params: BreakoutParams) -> Bools:
    """Per bar from `first` on whether it may trigger: its close beyond the opening range or the extreme of the last
    bars, on enough volume. Necessary, not sufficient; it spares most of the work."""
    sign = 1.0 if side == "long" else -1.0
    close = sign * bars.close[first:]
    edge = sign * (bars.high if side == "long" else bars.low)[first:]
    beyond = np.zeros(len(close), dtype=np.bool_)
    n = params.bars_n
    if len(edge) > n:
        beyond[n:] = close[n:] > np.lib.stride_tricks.sliding_window_view(edge, n).max(axis=1)[:-1]
    if params.opening_range_min and len(close):
        complete_at = bars.time[first] + params.opening_range_min * BAR_S
        opening = int(np.searchsorted(bars.time[first:], complete_at))
        beyond[opening:] |= close[opening:] > edge[:opening].max()
    return beyond & _enough_volume(bars.volume[first:], params.volume_surge)


def _enough_volume(volume: Floats, surge: float) -> Bools:
    """Volume against the mean of the 20 bars before, a hair below the limit; all True where a volume is not known."""
    count = len(volume)
    if not np.isfinite(volume).all():
        return np.ones(count, dtype=np.bool_)
    sums = np.concatenate([[0.0], np.cumsum(volume)])
    end = np.arange(count)
    start = np.maximum(0, end - SMA_BARS)
    mean = (sums[end] - sums[start]) / np.maximum(1, end - start)
    return np.asarray(volume >= NEARLY * surge * mean, dtype=np.bool_)


def _look(
    case: Case, tracker: Tracker, index: int, side: Side, params: BreakoutParams, local_symbol: str
) -> Signal | None:
    bars, con_id = case.bars, case.con_id
    now, close = float(bars.time[index]) + LOOK_S, float(bars.close[index])
    step = tracker.price(con_id, side, close, now, params)
    if step == "none" and tracker.phase(con_id, side) == "confirming":
        step = tracker.bar_closed(con_id, side, close, params)
    if step == "none" and tracker.phase(con_id, side) == "idle":
        facts, live, common = _at(case, index, params, now)
        reading = read(side, facts, live, params, now, tracker.progress(con_id, side, now), None, common)
        if reading.triggers and reading.level is not None and reading.atr is not None:
            tracker.trigger(con_id, side, Frozen(reading.level, reading.level_kind, reading.atr), now)
            if params.confirm_bars == 0 and params.confirm_s == 0:
                step = "confirmed"
    if step != "confirmed":
        return None
    watch = tracker.watch(con_id, side)
    assert watch is not None and watch.frozen is not None
    facts, live, common = _at(case, index, params, now)
    progress = Progress(confirmed=True)
    reading = read(side, facts, live, params, now, progress, watch.frozen, common)
    signal = _signal(case, side, reading, watch.frozen, watch.triggered_at, now, close, params, local_symbol)
    tracker.begin(con_id, side, signal)
    return signal


def _at(case: Case, index: int, params: BreakoutParams, now: float) -> tuple[Facts, Live, Common]:
    """What was known at the close of one minute: the bars before it, and its own price and volume."""
    before = BarArrays(*(column[:index] for column in case.bars))
    facts = read_bars(before, case.session, params, case.usual)
    volume = float(case.bars.volume[index])
    live = Live(
        last=float(case.bars.close[index]),
        running_volume=None if volume != volume else volume,
        running_time=float(case.bars.time[index]),
        average_volume=case.average_volume,
        floors=case.floors,
    )
    return facts, live, read_common(facts, live, params, now)


def _signal(
    case: Case,
    side: Side,
    reading: Reading,
    frozen: Frozen,
    triggered_at: float,
    now: float,
    close: float,
    params: BreakoutParams,
    local_symbol: str,
) -> Signal:
    value, parts = score(reading, params, confirmed=True)
    return Signal(
        id=f"{case.con_id}-{side}-{int(now)}",
        con_id=case.con_id,
        local_symbol=local_symbol,
        side=side,
        at=float(round(now)),
        triggered_at=float(round(triggered_at)),
        level=frozen.level,
        level_kind=frozen.kind,
        last=close,
        atr=frozen.atr,
        score=round(value, 4),
        parts=parts,
        lane="none",
        state="ended",
        rel_volume=reading.rel_volume,
        surge=reading.surge,
    )
