"""A market made by hand for the scanner tests: a clock, a broker that answers, a symbol that does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import TypeVar

import msgspec
import numpy as np

from engine.bars.feed import BarFeed
from engine.bars.history import HistoryQueue
from engine.bars.kept_units import IN_SHARES
from engine.bars.store import BarStore
from engine.bars.volume_unit import VolumeUnits
from engine.broker.port import HistoryRequest, ScanRow, ScanRows, ScanSpec
from engine.clock import FakeClock
from engine.config import BreakoutParams, MarketScanSettings
from engine.coverage.rotation import NOBODY
from engine.coverage.urgency import Running
from engine.domain import Bar, ContractRef, Quote, Signal
from engine.scanners.breakout import Dollars, only_dollars
from engine.scanners.coordinator import Parts, ScannerCoordinator, Shared, Unshared

OPEN = 1_762_353_000.0  # 2025-11-05 09:30 New York
TEN = OPEN + 1_800.0
T = TypeVar("T")


def finished(slices: Generator[None, None, T]) -> T:
    """What work in slices comes to."""
    while True:
        try:
            next(slices)
        except StopIteration as end:
            return end.value


def stock(con_id: int, symbol: str = "") -> ContractRef:
    name = symbol or f"S{con_id}"
    return ContractRef(con_id, name, name, "STK", "SMART", "NASDAQ")


def quote_of(contract: ContractRef, price: float | None, volume: float | None, at: float) -> Quote:
    return Quote(
        con_id=contract.con_id,
        local_symbol=contract.local_symbol,
        price=price,
        price_kind="last",
        bid=None if price is None else price - 0.01,
        ask=None if price is None else price + 0.01,
        bid_size=300.0,
        ask_size=500.0,
        last=price,
        last_size=100.0,
        volume=volume,
        avg_volume=5_000_000.0,
        open=price,
        high=None,
        low=None,
        close=100.0,
        halted=False,
        data_type="live",
        lane="streaming",
        received_mono=at,
        received_wall=at,
        epoch=1,
    )


class FakeBroker:
    """Answers history from a function, keeps scans open, refuses what it is told to."""

    def __init__(self) -> None:
        self.bars: Callable[[ContractRef, HistoryRequest], list[Bar]] = lambda contract, request: []
        self.failure: Exception | None = None
        self.asked: list[tuple[int, HistoryRequest]] = []
        self.scans: dict[int, ScanSpec] = {}
        self.closed: list[int] = []
        self.gate: asyncio.Event | None = None
        self._next = 100

    async def history(self, contract: ContractRef, request: HistoryRequest, timeout_s: float = 60.0) -> list[Bar]:
        self.asked.append((contract.con_id, request))
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return self.bars(contract, request)

    def open_scan(self, spec: ScanSpec) -> int:
        self._next += 1
        self.scans[self._next] = spec
        return self._next

    def close_scan(self, req_id: int) -> None:
        self.closed.append(req_id)
        self.scans.pop(req_id, None)

    def req_of(self, name: str) -> int:
        return next(req_id for req_id, spec in self.scans.items() if spec.name == name)


def flat_history(level: float, until: float, minutes: int = 120, volume: float = 10_000.0, seed: int = 1) -> list[Bar]:
    """1-minute bars that wander within 20 cents under `level`, ending before `until`."""
    rng = np.random.default_rng(seed)
    first = until - until % 60.0 - minutes * 60.0
    bars = []
    for number in range(minutes):
        close = level - 0.10 - 0.06 * float(rng.random())
        open_ = level - 0.10 - 0.06 * float(rng.random())
        high = min(level, max(open_, close) + 0.04)
        low = min(open_, close) - 0.04
        bars.append(
            Bar(
                first + number * 60.0,
                open_,
                high,
                low,
                close,
                float(round(volume * float(rng.uniform(0.8, 1.2)))),
                "history",
            )
        )
    return bars


class CoverBook:
    """Notes what the scanners tell the rotation."""

    def __init__(self) -> None:
        self.members: list[ContractRef] = []
        self.elsewhere: Mapping[int, str] = NOBODY
        self.hints: dict[int, float] = {}
        self.distances: dict[int, float | None] = {}
        self.watched: dict[int, Running] = {}

    def universe(
        self, contracts: Iterable[ContractRef], now_mono: float, elsewhere: Mapping[int, str] = NOBODY
    ) -> None:
        self.members, self.elsewhere = list(contracts), elsewhere

    def hint(self, hints: Mapping[int, float], now_mono: float) -> None:
        self.hints.update(hints)

    def judged(self, con_id: int, distance_atr: float | None) -> None:
        self.distances[con_id] = distance_atr

    def watch(self, signals: Mapping[int, Running]) -> None:
        self.watched = dict(signals)


class Street:
    """A coordinator with everything around it, moved by hand. Market time is the fake clock's wall time."""

    def __init__(
        self,
        at: float = TEN,
        params: BreakoutParams | None = None,
        dollars: Callable[[ContractRef], Dollars] = only_dollars,
        ticks: Mapping[int, float] | None = None,
        shared: Shared | None = None,
    ) -> None:
        self.clock = FakeClock(mono=1_000.0, wall=at)
        self.broker = FakeBroker()
        self.units = VolumeUnits()
        self.store = BarStore()
        self.quotes: dict[int, Quote] = {}
        self.signals: list[Signal] = []
        self.volumes: dict[int, float] = {}
        desk = HistoryQueue(self.broker, self.store, self.units, self.clock, self.clock.wall)
        self.cover = CoverBook()
        self.silent: dict[int, float] = {}  # con_id -> market time since which its line brings nothing
        around = (self.clock.wall, self.quotes.get, self.cover, dollars, (ticks or {}).get, self.silent.get)
        self.feed = BarFeed(self.store, desk, self.units, self.clock, self.clock.wall, self.quotes.get)
        self.desk = desk
        self.coordinator = ScannerCoordinator(
            Parts(self.feed, self.broker, self.clock, *around, shared or Unshared()),
            params or BreakoutParams(),
            MarketScanSettings(),
            on_signal=self.signals.append,
        )
        self.units.restore(IN_SHARES)

    @property
    def now(self) -> float:
        return self.clock.wall()

    def tick(self, contract: ContractRef, price: float | None, /, traded: float = 0.0, **changes: object) -> None:
        """One quote; `traded` shares since the last one."""
        volume = self.volumes.get(contract.con_id, 1_000_000.0) + traded
        self.volumes[contract.con_id] = volume
        quote = msgspec.structs.replace(
            quote_of(contract, price, volume, self.now), **{"received_mono": self.clock.mono(), **changes}
        )
        self.quotes[contract.con_id] = quote
        self.feed.on_quote(quote, self.now)
        self.coordinator.on_quote(quote, self.now)

    def warm(self, contract: ContractRef, bars: list[Bar]) -> None:
        """Into the universe and the store, with history."""
        self.feed.admit(contract, 3)
        self.store.merge_history(contract.con_id, bars, self.now)

    def step(self, live: Iterable[int] | None = None) -> None:
        """What is due now, in bars and scanners; `live` = whose lines live."""
        self.coordinator.step(self.feed.step(live))

    def connect(self) -> None:
        self.feed.on_connected()
        self.coordinator.on_connected()

    def keep(self, *positions: ContractRef) -> None:
        """These are the open positions."""
        self.feed.keep(positions)
        self.coordinator.set_kept(positions)

    def second(self) -> None:
        self.clock.advance(1.0)
        self.step()
        if self.coordinator.cycle_due():
            for _ in self.coordinator.cycle():
                pass

    def rows(self, name: str, *contracts: ContractRef) -> None:
        """The gateway pushes a result for one preset."""
        rows = tuple(ScanRow(rank, contract) for rank, contract in enumerate(contracts))
        self.coordinator.on_rows(ScanRows(self.broker.req_of(name), rows))
