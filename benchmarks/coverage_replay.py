"""One replay of a recorded market through the real bus, rotation, bars and detector."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from msgspec import structs

from benchmarks.coverage_gateway import ReplayGateway
from benchmarks.coverage_policies import Fixed, Gainers, RoundRobin
from benchmarks.coverage_score import Activity, Ages, Raised
from benchmarks.coverage_world import STEPS_PER_S, Recording
from engine.bars.feed import BarFeed
from engine.bars.history import HistoryQueue
from engine.bars.kept_units import IN_SHARES
from engine.bars.store import BarStore
from engine.bars.volume_unit import VolumeUnits
from engine.broker.port import BrokerEvent, RequestError, ScanRows, ScanSpec, Ticks
from engine.clock import FakeClock
from engine.config import BreakoutParams, CoverageSettings, LineSettings, MarketScanSettings
from engine.coverage.rotation import Rotation, coverage_policy
from engine.coverage.urgency import CoveragePolicy
from engine.domain import Demand, Quote, Signal, Stay
from engine.lines.bus import Hooks, MarketDataBus
from engine.scanners.coordinator import Parts, ScannerCoordinator, Unshared
from engine.sharding.share import HOLD_S, Share
from engine.state.roll import Member

Store = TypeVar("Store", bound=BarStore)
POLICIES = ("fixed", "gainers", "round_robin", "rotation")
POSITIONS = 3
BUS_EVERY, SCANNERS_EVERY = 1, 2  # quarter seconds, as the engine
TOP_GAINERS = ScanSpec("Top gainers", "TOP_PERC_GAIN", "STK", "STK.US.MAJOR")


@dataclass(frozen=True)
class RunSettings:
    """`symbols` of the universe, beside the positions; `changes` replaces numbers of the engine's coverage policy.

    `engines` share the universe, each with `line_limit` lines and the positions of its own account.
    Not `promote`: the scanners ask for no line at all, so that all but the positions' rotate.
    """

    symbols: int
    policy: str
    dwell_s: float
    normal_max: int = LineSettings().normal_max
    top_max: int = LineSettings().top_max
    line_limit: int = 50
    promote: bool = True
    changes: dict[str, float] = field(default_factory=dict)
    engines: int = 1


@dataclass
class Outcome:
    """What a replay raised, and what it cost."""

    signals: list[Raised]
    activity: Activity
    ages: Ages
    errors_101: int
    most_lines: int


def of_all(outcomes: Sequence[Outcome]) -> Outcome:
    """Several engines together: their signals, visits, messages and lines; the worst of what has a bound for each."""
    done = [each.activity for each in outcomes]
    return Outcome(
        sorted({signal for each in outcomes for signal in each.signals}, key=lambda signal: signal.at),
        Activity(
            sum(each.visits_per_min for each in done),
            sum(each.messages_per_s for each in done),
            max(each.worst_second for each in done),
            sum(each.rotating for each in done),
        ),
        Ages(_added(each.ages.every for each in outcomes), _added(each.ages.strong for each in outcomes)),
        sum(each.errors_101 for each in outcomes),
        max(each.most_lines for each in outcomes),
    )


def _added(counts: Iterable[Sequence[int]]) -> list[int]:
    return [sum(column) for column in zip(*counts, strict=True)]


def warm_store(recording: Recording, store: Store) -> Store:
    """Every recorded symbol with its bars of two days and its usual volume."""
    for column, contract in enumerate(recording.contracts):
        store.add(contract)
        store.merge_history(contract.con_id, recording.past_bars(column), recording.start)
        store.set_usual(contract.con_id, recording.usual_of(column))
    store.set_hours(recording.info(0))
    return store


def known_units(recording: Recording) -> VolumeUnits:
    """Volumes are in shares, and that is known."""
    units = VolumeUnits()
    units.restore(IN_SHARES)
    for contract in recording.contracts:
        units.know(contract)
    return units


def _know_history(desk: HistoryQueue, recording: Recording) -> None:
    """The bars that `warm_store` gave are not asked for again today."""
    today = desk._today()
    for contract in recording.contracts:
        desk._done |= {(contract.con_id, "bars"): today, (contract.con_id, "usual"): today}


class Part(Unshared):
    """What engine `which` of `engines` looks after, all of which are there all the time."""

    def __init__(self, which: int, engines: int, lines: int) -> None:
        everybody = [Member(f"engine-{n}", lines) for n in range(engines)]
        share = Share(everybody[which].name, 0.0)
        share.see(everybody, 0.0)
        share.see(everybody, HOLD_S)
        self.mine, self.owner = share.mine, share.owner  # type: ignore[method-assign]


class Replay:
    """One engine's. `store` is changed: give each replay its own (a forked process has one)."""

    def __init__(self, recording: Recording, store: BarStore, settings: RunSettings, which: int = 0) -> None:
        self._promote = settings.promote
        self._rotating = 0
        self._ages = Ages()
        self._live: dict[int, float] = {}  # con_id -> when its price was last streamed
        self.clock = FakeClock(wall=recording.start)
        self.signals: list[Raised] = []
        contracts = recording.contracts
        self._universe, self._positions = contracts[: settings.symbols], contracts[-POSITIONS:]
        self._members = frozenset(contract.con_id for contract in self._universe)
        kept = self._members | {contract.con_id for contract in self._positions}
        for con_id in store.con_ids():
            if con_id not in kept:
                store.remove(con_id)
        scanned = np.arange(settings.symbols)
        self.gateway = ReplayGateway(recording, self.clock, scanned, settings.line_limit, self._on_event)
        lines = LineSettings(limit=settings.line_limit, normal_max=settings.normal_max, top_max=settings.top_max)
        self._coverage = CoverageSettings(dwell_s=settings.dwell_s)
        units = known_units(recording)
        hooks = Hooks(
            on_quote=self._on_quote,
            volume_unit=units.tick_factor,
        )
        self.rotation = self._rotation(settings, lambda con_id, now: self.coordinator.stays(con_id, now))
        self.bus = MarketDataBus(self.gateway, lines, self.clock, hooks, self.rotation, self._coverage)
        self.desk = HistoryQueue(
            self.gateway,
            store,
            units,
            self.clock,
            self.clock.wall,
            on_answer=self._on_history,
        )
        _know_history(self.desk, recording)
        self.feed = BarFeed(store, self.desk, units, self.clock, self.clock.wall, self.bus.quote)
        parts = Parts(self.feed, self.gateway, self.clock, self.clock.wall, self.bus.quote, self.rotation)
        if settings.engines > 1:
            parts = parts._replace(shared=Part(which, settings.engines, settings.line_limit))
        self.coordinator = ScannerCoordinator(
            parts, BreakoutParams(), MarketScanSettings(), settings.normal_max, settings.top_max, self._on_signal
        )

    def _rotation(self, settings: RunSettings, stays: Callable[[int], Stay]) -> Rotation:
        policy: CoveragePolicy = structs.replace(coverage_policy(self._coverage), **settings.changes)
        if settings.policy == "gainers":
            return Gainers(policy, stays, lambda: self.gateway.scan(TOP_GAINERS))
        kinds = {"fixed": Fixed, "round_robin": RoundRobin, "rotation": Rotation}
        return kinds[settings.policy](policy, stays)

    def run(self, seconds: float, settle_s: float = 0.0) -> Outcome:
        """`settle_s`: ages are counted from then on."""
        self._settle_s = settle_s
        return asyncio.run(self._run(seconds))

    async def _run(self, seconds: float) -> Outcome:
        self._connect()
        for quarter in range(round(seconds * STEPS_PER_S)):
            self.gateway.quarter()
            if quarter % BUS_EVERY == 0:
                self._step_lines()
            if quarter % SCANNERS_EVERY == 0:
                self._step_scanners()
            if quarter % STEPS_PER_S == 0:
                self._note_ages(quarter / STEPS_PER_S >= self._settle_s)
            self.desk.step()
            if self.desk._tasks:
                await asyncio.sleep(0)
                await asyncio.sleep(0)
        for task in self.desk._tasks:
            task.cancel()
        visits = sum(place.visits for place in self.rotation.places())
        total, worst = self.gateway.messages
        rotating = self._rotating / (seconds * STEPS_PER_S / BUS_EVERY)
        activity = Activity(visits / seconds * 60.0, total / seconds, worst, rotating)
        return Outcome(self.signals, activity, self._ages, self.gateway.errors_101, self.gateway.most_lines)

    def _connect(self) -> None:
        self.feed.keep(self._positions)
        self.coordinator.set_kept(self._positions)
        self.coordinator.universe.add(self._universe, self.clock.wall())
        self.coordinator._tell_universe()
        self.bus.demand("position", [Demand(c, "100", "position", "open position") for c in self._positions])
        self.bus.on_connected(1)
        self.feed.on_connected()
        self.coordinator.on_connected()

    def _on_quote(self, quote: Quote, has_trade: bool) -> None:
        now = self.clock.wall()
        self.feed.on_quote(quote, now, has_trade)
        self.coordinator.on_quote(quote, now)

    def _on_history(self, con_id: int) -> None:
        self.feed.on_history(con_id)
        self.coordinator.on_history(con_id)

    def _step_lines(self) -> None:
        if self.coordinator.changed and self._promote:
            self.bus.demand("scanners", self.coordinator.demands())
        self.bus.step(self.clock.mono())
        self._rotating += self.rotation.lines

    def _note_ages(self, counts: bool) -> None:
        """How old the prices of the running signals are: 0 while a line brings them."""
        now, recording = self.clock.mono(), self.gateway.recording
        for line in self.gateway.open.values():
            if line.ticking:
                self._live[recording.contracts[line.column].con_id] = now
        if not counts or not self._promote:
            return
        for con_id, verdict in self.coordinator.breakout.verdicts.items():
            if verdict.state == "confirmed" and con_id in self._members:
                self._ages.note(now - self._live.get(con_id, 0.0), verdict.score >= self.coordinator.top_score)

    def _step_scanners(self) -> None:
        self.coordinator.step(self.feed.step(self.bus.live_con_ids()))
        if self.coordinator.cycle_due():
            for _ in self.coordinator.cycle():
                pass

    def _on_event(self, event: BrokerEvent) -> None:
        if isinstance(event, Ticks):
            self.bus.on_ticks(event)
        elif isinstance(event, ScanRows):
            self.coordinator.on_rows(event)
        elif isinstance(event, RequestError):
            self.bus.on_error(event)

    def _on_signal(self, signal: Signal) -> None:
        if signal.state == "active" and signal.con_id in self._members:
            self.signals.append(Raised(signal.con_id, signal.side, signal.at))
