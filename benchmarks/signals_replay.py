"""The engine's bars, rules and coordinator in the simulator's market, every symbol with a line, without sockets.

Quotes reach the engine four times a market second, as a gateway sends them; the coordinator steps twice a second and
runs its cycle every 10 s, as in the engine. What the symbols traded at is written down for whoever judges afterwards.
"""

from __future__ import annotations

import time
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.coverage_world import contract_of
from engine.bars.feed import BarFeed
from engine.bars.history import HistoryQueue
from engine.bars.kept_units import IN_SHARES
from engine.bars.store import BarStore
from engine.bars.usual import usual_volume
from engine.bars.volume_unit import VolumeUnits
from engine.breakout.rules import Floors
from engine.breakout.why import Why
from engine.broker.port import ScanSpec
from engine.clock import FakeClock
from engine.config import BreakoutParams, MarketScanSettings
from engine.domain import Bar, ContractInfo, Quote, Signal
from engine.scanners.coordinator import Parts, ScannerCoordinator, floors_of
from simulator.model import Bar as WorldBar
from simulator.model import Breakout
from simulator.world.book import State
from simulator.world.build import build_world
from simulator.world.market import Market
from simulator.world.noise import fold

STEPS_PER_S = 4
STEPS_PER_LOOK = 2  # quarter seconds between two steps of the coordinator
SETTLE_MIN = 2  # of quotes before the first step, so that every line has seen a whole minute
MINUTES_BACK_S, QUARTERS_BACK_S = 2 * 86_400.0, 28 * 86_400.0
_SEEN = ("last", "volume", "halted", "changed", "bid", "ask")
_FIELDS = tuple(field.name for field in fields(State))

Array = NDArray[Any]


class NoBroker:
    """The world answers directly; nothing is asked of a broker."""

    def open_scan(self, spec: ScanSpec) -> int:
        return -1

    def close_scan(self, req_id: int) -> None:
        pass

    async def history(self, *_: object, **__: object) -> list[Bar]:
        return []


class Prints(NamedTuple):
    """What was seen of one symbol, one entry a quarter second: USD (0 = none yet), shares of the day."""

    last: Array
    volume: Array
    halted: Array
    changed: Array  # whether a quote came
    spread: Array  # USD, NaN = none
    age_s: Array  # since a quote came


class Unexplained(NamedTuple):
    """What the why-not view said of a breakout that had not been found `after_s` seconds after its start."""

    after_s: float
    failed: tuple[str, ...]  # the rules of its side that did not pass, with their values
    text: str  # the view's sentence


class Replay:
    """`symbols` stocks that pass the scans' floors, each streaming. Market time is moved by `run`.

    Quotes come `early_s` before the quarter seconds at which the coordinator steps: a packet and a step at one and the
    same moment are the exception.
    """

    def __init__(self, seed: int, symbols: int, stocks: int, early_s: float = 0.0) -> None:
        self._early_s = early_s
        self.clock = FakeClock(wall=0.0)
        self.world: Market = build_world(seed, None, 1.0, self.clock.wall, "weekday", None, True, stocks)
        self.params, self.scans = BreakoutParams(), MarketScanSettings()
        self.floors: Floors = floors_of(self.params, self.scans)
        rows = self._chosen(symbols)
        self.instruments = [self.world.universe.instruments[row] for row in rows.tolist()]
        self._at = np.searchsorted(self.world.stock_board.book.rows, rows)
        self._tick: list[float] = self.world.universe.tick[rows].tolist()
        self._close = self.world.stock_board.book.prior_close[self._at].tolist()
        self._before: dict[str, Array] = {}
        self._seen: dict[str, list[Array]] = {name: [] for name in _SEEN}
        self._whole: dict[str, Array] | None = None
        self.quotes: dict[int, Quote] = {}
        self.signals: dict[str, Signal] = {}
        self.unfound: dict[tuple[int, float], Unexplained] = {}
        self.cycles_ms: list[float] = []
        self.cycles: list[int] = []  # steps at which a cycle ran
        self.store, self.units = BarStore(), VolumeUnits()
        self.units.restore(IN_SHARES)
        self.coordinator = self._coordinator()
        self.began = self.world.now()
        self._warm()
        for _ in range(SETTLE_MIN * 60 * STEPS_PER_S):
            self._quarter()
        self._repair()
        self.start = self.world.now()

    def run(self, minutes: int) -> None:
        """Market minutes with steps and cycles."""
        for number in range(minutes * 60 * STEPS_PER_S):
            self._quarter()
            if number % STEPS_PER_LOOK == 0:
                self._step()
            if number % (60 * STEPS_PER_S) == 0:
                self._note_unfound()

    def prints(self, column: int) -> Prints:
        """One symbol's day so far; entry n is `began + (n + 1) / 4` seconds."""
        if self._whole is None or len(self._whole["last"]) != len(self._seen["last"]):
            self._whole = {name: np.stack(rows) for name, rows in self._seen.items()}
        last, volume, halted, changed, bid, ask = (self._whole[name][:, column] for name in _SEEN)
        tick = self._tick[column]
        usd = np.array([round(ticks * tick, 4) for ticks in last.tolist()])
        spread = np.where((bid > 0) & (ask >= bid), (ask - bid) * tick, np.nan)
        at = np.arange(len(changed))
        age_s = (at - np.maximum.accumulate(np.where(changed, at, 0))) / STEPS_PER_S
        return Prints(usd, volume.astype(np.float64), halted, changed, spread, age_s)

    def truths(self) -> list[Breakout]:
        """The injected breakouts of these symbols that began after the start and two minutes before now."""
        mine = {one.con_id for one in self.instruments}
        return [t for t in self.world.truth(self.start, self.world.now() - 120.0) if t.con_id in mine]

    # --- inside -------------------------------------------------------------------------------------------------

    def _chosen(self, symbols: int) -> Array:
        """Rows of stocks that the scans would return (whoever is below their floors never has a line), drawn."""
        floors, columns = self.scans, self.world.stock_ranking.columns()
        passing = (columns.last >= floors.price_above_usd) & (columns.avg_volume >= floors.avg_volume_above)
        passing &= (columns.avg_volume * columns.last >= floors.avg_usd_volume_above) & ~columns.is_etf
        drawn = sorted(columns.con_id[passing].tolist(), key=lambda con_id: fold(self.world.seed, 31, con_id))
        return np.sort([self.world.universe.row[con_id] for con_id in drawn[:symbols]])

    def _coordinator(self) -> ScannerCoordinator:
        broker = NoBroker()
        desk = HistoryQueue(broker, self.store, self.units, self.clock, self.world.now)
        self.feed = BarFeed(self.store, desk, self.units, self.clock, self.world.now, self.quotes.get)
        parts = Parts(self.feed, broker, self.clock, self.world.now, self.quotes.get)
        return ScannerCoordinator(
            parts, self.params, self.scans, on_signal=lambda signal: self.signals.update({signal.id: signal})
        )

    def _warm(self) -> None:
        now = self.world.now()
        for instrument in self.instruments:
            contract, con_id = contract_of(instrument), instrument.con_id
            self.units.know(contract)
            self.store.add(contract)
            self.store.set_hours(
                ContractInfo(
                    contract,
                    time_zone=instrument.time_zone_id,
                    trading_hours=self.world.trading_hours(con_id, False),
                    liquid_hours=self.world.trading_hours(con_id, True),
                )
            )
            self.store.merge_history(con_id, self.world_bars(con_id, now - MINUTES_BACK_S, now), now)
            quarters = self.world.bars(con_id, 900, now - QUARTERS_BACK_S, now, True)
            self.store.set_usual(con_id, usual_volume(list(map(engine_bar, quarters)), now))

    def _repair(self) -> None:
        """The minute in which the lines began, from history, as the engine asks for it."""
        now = self.world.now()
        for instrument in self.instruments:
            bars = self.world_bars(instrument.con_id, self.began - 300.0, now - now % 60.0)
            self.store.merge_history(instrument.con_id, bars, now)

    def world_bars(self, con_id: int, start: float, end: float) -> list[Bar]:
        """The world's own whole minutes in [start, end)."""
        return [engine_bar(bar) for bar in self.world.bars(con_id, 60, start, end, False) if bar.time + 60.0 <= end]

    def _quarter(self) -> None:
        self.clock.advance(1.0 / STEPS_PER_S - self._early_s)
        self.world.advance()
        state = self.world.stock_board.state
        now = {name: getattr(state, name)[self._at] for name in _FIELDS}
        changed = np.ones(len(self._at), dtype=np.bool_)
        if self._before:
            changed = np.logical_or.reduce([now[name] != self._before[name] for name in _FIELDS])
        before, self._before = self._before, now
        for name in ("last", "volume", "halted", "bid", "ask"):
            self._seen[name].append(now[name].astype(np.bool_ if name == "halted" else np.int32))
        self._seen["changed"].append(changed)
        traded = now["volume"] != before["volume"] if before else changed
        columns = np.flatnonzero(changed)
        at = self.world.now()
        rows = zip(*(now[name][columns].tolist() for name in _FIELDS), strict=True)
        for column, has_trade, row in zip(columns.tolist(), traded[columns].tolist(), rows, strict=True):
            quote = self._quote(column, *row)
            self.quotes[quote.con_id] = quote
            self.feed.on_quote(quote, at, has_trade)
            self.coordinator.on_quote(quote, at)
        self.clock.advance(self._early_s)

    def _quote(
        self, column: int, bid: int, ask: int, bid_size: int, ask_size: int, last: int, last_size: int, volume: int,
        open_: int, high: int, low: int, halted: bool,
    ) -> Quote:  # fmt: skip
        """What the bus makes of a line's update; prices in ticks, 0 = none yet."""
        one, tick = self.instruments[column], self._tick[column]
        mono, now = self.clock.mono(), self.world.now()

        def usd(ticks: int) -> float | None:
            return round(ticks * tick, 4) if ticks > 0 else None

        price = usd(last)
        return Quote(
            one.con_id, one.local_symbol, price, "last", usd(bid), usd(ask), float(bid_size), float(ask_size), price,
            float(last_size), float(volume), one.avg_volume or None, usd(open_), usd(high), usd(low),
            usd(self._close[column]), halted, "live", "streaming", mono, now, 1,
        )  # fmt: skip

    def _step(self) -> None:
        self.coordinator.step(self.feed.step(self.quotes))
        if self.coordinator.cycle_due():
            self.cycles.append(len(self._seen["last"]))
            begun = time.thread_time()
            for _ in self.coordinator.cycle():
                pass
            self.cycles_ms.append((time.thread_time() - begun) * 1_000.0)

    def _note_unfound(self) -> None:
        """What the why-not view says of each breakout under way that has no signal yet."""
        now, signals = self.world.now(), self.signals.values()
        mine = {one.con_id for one in self.instruments}
        for truth in self.world.truth(now - 1_800.0, now):
            if truth.con_id not in mine or not truth.start + 60.0 <= now <= truth.end + 60.0:
                continue
            if not any(explains(truth, signal) for signal in signals):
                why = self.coordinator.why(truth.con_id)
                said = Unexplained(now - truth.start, _failed(why, truth.side), why.text)
                self.unfound.setdefault((truth.con_id, truth.start), said)


LATE_S = 30.0  # a confirmation may fall this long after the truth's end


def explains(truth: Breakout, signal: Signal) -> bool:
    """Whether the signal was confirmed while this breakout lasted."""
    side = "long" if truth.side > 0 else "short"
    return truth.con_id == signal.con_id and side == signal.side and truth.start <= signal.at <= truth.end + LATE_S


def covers(truth: Breakout, signal: Signal) -> bool:
    """Whether a signal of its side, confirmed before, still ran when this breakout began."""
    side = "long" if truth.side > 0 else "short"
    ended = signal.ended_at if signal.ended_at is not None else float("inf")
    return truth.con_id == signal.con_id and side == signal.side and signal.at < truth.start < ended


def engine_bar(bar: WorldBar) -> Bar:
    return Bar(bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume, "history")


def _failed(why: Why, side: int) -> tuple[str, ...]:
    rules = why.long if side > 0 else why.short
    return tuple(f"{r.name} {r.text} {r.limit_text} {r.detail}".strip() for r in rules if not r.passed)
