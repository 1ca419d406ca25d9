"""The rooms of the engine, built and introduced to each other. Nothing runs yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from engine.bars.history import HistoryDesk
from engine.bars.store import BarStore
from engine.bars.volume_unit import VolumeUnits
from engine.broker.ib_broker import IBBroker
from engine.broker.port import BrokerEvent
from engine.broker.tradability import verdict
from engine.build_id import BuildId
from engine.change_book import ChangeBook
from engine.clock import Clock, MarketClock, SystemClock
from engine.command_desk import CommandDesk
from engine.config import BreakoutParams
from engine.contract_desk import ContractDesk
from engine.domain import ContractInfo, Quote, Signal
from engine.health.monitor import HealthMonitor
from engine.journal.reader import JournalReader
from engine.journal.rows import ConnectionEvent
from engine.journal.writer import Journal
from engine.lab.snapshot import TodaySnapshot
from engine.lab_desk import LabDesk, LabTies
from engine.lateness import LatenessProbe
from engine.lines.bus import MarketDataBus
from engine.portfolio.closes import MinuteCloses
from engine.portfolio.curve import PnlCurve
from engine.portfolio.manager import Market, TradeManager
from engine.saved_settings import FILE_NAME
from engine.scanners.coordinator import Parts, ScannerCoordinator
from engine.setting_changes import SettingsKeeper
from engine.settings import EffectiveSettings
from engine.state.bus import StateBus
from engine.supervisor import Supervisor
from engine.symbols import SymbolIndex
from engine.watch import SymbolWatch


@dataclass(frozen=True)
class EngineSetup:
    """What the engine is given. `root` is the program's folder, watched for changed files."""

    settings: EffectiveSettings
    host: str
    port: int
    data_dir: Path
    state: StateBus
    journal: Journal
    reader: JournalReader
    build: BuildId
    root: Path
    clock: Clock = field(default_factory=SystemClock)


@dataclass(frozen=True)
class Listeners:
    """The engine's own ears: what the rooms tell it."""

    event: Callable[[BrokerEvent], None]
    quote: Callable[[Quote, bool], None]
    signal: Callable[[Signal], None]
    info: Callable[[int, ContractInfo | None], None]
    settings: Callable[[EffectiveSettings], None]
    watch: Callable[[], None]


class Rooms:
    """Every room by name. Made in the engine thread."""

    def __init__(self, setup: EngineSetup, hears: Listeners) -> None:
        config, clock = setup.settings.config, setup.clock
        self.clock = clock
        self.market = MarketClock()
        self.supervisor = Supervisor()
        self.lateness = LatenessProbe()
        self.health = HealthMonitor(self._record_connection, self._symbol_of)
        self.symbols = SymbolIndex()
        self.watch = SymbolWatch()
        self._journal = setup.journal
        broker = config.broker
        self.broker = IBBroker(
            broker.mode,
            setup.host,
            setup.port,
            broker.client_id,
            broker.account,
            broker.market_data_type,
            hears.event,
            clock,
        )
        self.units = VolumeUnits(on_change=self._units_changed)
        self.bars = BarStore()
        self.bus = MarketDataBus(self.broker, config.lines, clock, hears.quote, self.units.tick_factor, self.market.now)
        self.contracts = ContractDesk(self.broker, hears.info)
        self.history = HistoryDesk(
            self.broker, self.bars, self.units, clock, self.market_now, on_unknown_contract=self._unknown_contract
        )
        self.coordinator = ScannerCoordinator(
            Parts(self.bars, self.history, self.units, self.broker, clock, self.market_now, self.bus.quote),
            config.breakout,
            config.market_scan,
            config.lines.normal_max,
            hears.signal,
        )
        self._minutes = MinuteCloses(self.bars)
        self.manager = TradeManager(Market(self.bus.quote, self._closes, self.bus.holds), verdict, config.positions)
        self.curve = PnlCurve(setup.journal.record_pnl)
        self.changes = ChangeBook(setup.journal, clock, self.market_now)
        self.keeper = SettingsKeeper(setup.settings, setup.data_dir / FILE_NAME, self.changes, hears.settings)
        self.desk = CommandDesk(self.keeper, self.watch, self.symbols, self.broker, clock, hears.watch)
        self._state = setup.state
        self.lab = LabDesk(
            LabTies(setup.state.publish, self._answer, self._thresholds, clock),
            TodaySnapshot(self.bars, self.bus.quote, self._is_exempt, self._unit_known),
            setup.root,
            setup.data_dir / "logs" / "lab.log",
        )

    def market_now(self) -> float:
        """Market time, UTC epoch seconds."""
        return self.market.now(self.clock.wall())

    def _answer(self, request_id: str, ok: bool, text: str) -> None:
        self.desk.answer(request_id, ok, text)
        self._state.publish("answers", self.desk.section())

    def _thresholds(self) -> tuple[BreakoutParams, float]:
        config = self.keeper.settings.config
        return config.breakout, float(config.market_scan.avg_usd_volume_above)

    def _is_exempt(self, con_id: int) -> bool:
        return self.watch.is_pinned(con_id) or con_id in self.manager.tradable_ids()

    def _unit_known(self, con_id: int) -> bool:
        return self.units.tick_factor(con_id) is not None

    def _symbol_of(self, req_id: int) -> str:
        con_id = self.bus.con_id_of(req_id)
        contract = self.symbols.contract(con_id) if con_id is not None else None
        return contract.local_symbol if contract is not None else ""

    def _closes(self, con_id: int, minutes: int) -> list[float | None]:
        return self._minutes.last(con_id, minutes, self.market_now())

    def _units_changed(self) -> None:
        self.history.on_units_known()

    def _unknown_contract(self, con_id: int) -> None:
        self.coordinator.on_unknown_contract(con_id)

    def _record_connection(self, kind: str, text: str) -> None:
        wall = self.clock.wall()
        self._journal.record_connection(ConnectionEvent(wall, self.market.now(wall), kind, text))
