"""The rooms of the engine, built and introduced to each other. Nothing runs yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from engine.alerts.apprise_sender import AppriseSender
from engine.alerts.channels import ChannelBook, Sender
from engine.alerts.desk import AlertDesk
from engine.alerts.post import PostOffice
from engine.alerts.quiet import quiet_until
from engine.archive.writer import Archive
from engine.bars.bar_files import BarFiles
from engine.bars.feed import BarFeed
from engine.bars.history import HistoryQueue
from engine.bars.keeper import BarKeeper
from engine.bars.sessions import is_us_stock
from engine.bars.store import BarStore
from engine.bars.trading_day import US_STOCK_DAYS, midnight_utc
from engine.bars.unit_keeper import UnitKeeper
from engine.bars.volume_unit import UnitChange, VolumeUnits
from engine.broker.ib_broker import IBBroker
from engine.broker.port import BrokerEvent
from engine.broker.timings import Timings
from engine.broker.tradability import verdict
from engine.clock import NEW_YORK, Clock, MarketClock, SystemClock, local_time, steady
from engine.config import BreakoutParams
from engine.contracts.details import ContractDetails
from engine.contracts.news import NewsRoom
from engine.contracts.sectors import SectorBook
from engine.contracts.symbols import SymbolIndex, name_key
from engine.coverage.rotation import Rotation, coverage_policy
from engine.domain import Bar, ContractInfo, ContractRef, Quote, Signal, Stay
from engine.health.incidents import IncidentBook
from engine.health.lateness import LatenessProbe
from engine.health.monitor import HealthMonitor
from engine.journal.reader import JournalReader
from engine.journal.rows import ConnectionEvent, SettingChange
from engine.journal.writer import Journal
from engine.kernel.alert_commands import AlertCommands
from engine.kernel.alert_facts import FactGatherer
from engine.kernel.bookkeeper import BookKeeper
from engine.kernel.commands import Commands, LineQuestions
from engine.kernel.login import Login
from engine.kernel.playback import Playback
from engine.kernel.supervisor import Supervisor
from engine.kernel.trader_desk import TraderDesk
from engine.lab.messages import AuditAnswer
from engine.lab.service import LabService, LabTies
from engine.lab.snapshot import TodaySnapshot
from engine.lines.bus import Hooks, MarketDataBus
from engine.lines.report import LinesReport
from engine.lines.watch import SymbolWatch
from engine.outcomes.keeper import OutcomeKeeper, decides
from engine.outcomes.signal_card import SignalCards
from engine.outcomes.signal_card import Ties as CardTies
from engine.portfolio.appraisal import Market
from engine.portfolio.closes import MinuteCloses
from engine.portfolio.fill_intake import FillIntake
from engine.portfolio.holdings import Holdings
from engine.portfolio.holdings import Ties as HoldingTies
from engine.portfolio.index_bars import IndexBars
from engine.portfolio.manager import TradeManager
from engine.portfolio.trade_dates import TradeDates
from engine.prices.decimals import contract_decimals
from engine.scanners.breakout import Dollars
from engine.scanners.coordinator import Parts, ScannerCoordinator, Shared, Unshared
from engine.scanners.scan_parameters import FILE_NAME as PARAMETER_FILE
from engine.scanners.scan_parameters import ScanParameterCache
from engine.scanners.why_not import WhyNotAnswers
from engine.settings.change_book import ChangeBook
from engine.settings.changes import SettingsKeeper
from engine.settings.effective import EffectiveSettings
from engine.settings.saved import FILE_NAME
from engine.state.alert_sections import Delivery
from engine.state.bus import StateBus
from engine.state.sections import Answer
from engine.storage.atomic import FileThread
from engine.storage.build_id import BuildId
from engine.watchlists.keeper import WatchlistKeeper
from engine.watchlists.lookup import Lookup
from engine.watchlists.market_strip import MarketStrip


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
    bar_files: BarFiles = field(default_factory=BarFiles)  # told the account's folder, for the pages
    timings: Timings = field(default_factory=Timings)
    began_wall: float | None = None  # when the program did, None = with this engine
    restarted_after: str = ""  # why the engine's thread had to be started again; "" = it did not
    changes: tuple[SettingChange, ...] = ()  # that the engine before this one knew, newest first
    answers: tuple[Answer, ...] = ()  # of the engine before this one: who asked it has not read them yet
    is_elsewhere: bool = False  # another gateway than the engine's before: nobody knows whose account is there
    period_stretch: float = 1.0  # of the engine's periodic steps: publishing, curve, order of lines
    playback: Playback | None = None  # the recording that stands for the gateway, None = it is none
    sender: Sender = field(default_factory=AppriseSender)  # how alerts go out
    shared: Shared = field(default_factory=Unshared)  # which symbols are this engine's


@dataclass(frozen=True)
class Listeners:
    """The engine's own ears: what the rooms tell it."""

    event: Callable[[BrokerEvent], None]
    quote: Callable[[Quote, bool], None]
    info: Callable[[int, ContractInfo | None], None]
    settings: Callable[[EffectiveSettings], None]
    watch: Callable[[], None]
    answer: Callable[[], None]
    watchlists: Callable[[], None]


class Rooms:
    """Every room by name. Made in the engine thread."""

    def __init__(self, setup: EngineSetup, hears: Listeners) -> None:
        config, clock = setup.settings.config, steady(setup.clock)
        self.clock = clock
        self.market = MarketClock()
        self.supervisor = Supervisor(setup.period_stretch)
        self.lateness = LatenessProbe()
        self.incidents = IncidentBook(setup.journal.record_incident, self.market.now)
        self.health = HealthMonitor(
            self._record_connection, self._symbol_of, self.is_excused, self.incidents, lambda: self.bus.doubts()
        )
        self.files = FileThread()
        self.symbols = SymbolIndex(self._renamed, self.files.keep)
        self.watch = SymbolWatch(self.files.keep)
        self.journal = setup.journal
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
            setup.timings,
        )
        self.watchlists = WatchlistKeeper(
            Lookup(self.symbols, self.broker, lambda: self.broker.link.connected, name_key),
            clock,
            self.symbols.contract,
            hears.watchlists,
            self.files.run,
        )
        self.strip = MarketStrip(
            self.broker, lambda: self.broker.link.connected, clock, self._market_day, self.symbols.learn
        )
        self.strip.set_names(config.view.market_strip)
        self.units = VolumeUnits(on_change=self._units_changed)
        self.bars = BarStore()
        hooks = Hooks(
            on_quote=hears.quote,
            volume_unit=self.units.tick_factor,
            size_unit=self.units.size_factor,
            market_time=self.market.now,
            is_closed=self._is_closed,
            is_regular=lambda con_id: self.bars.in_regular_hours(con_id, self.market_now()),
            dead_feed_s=setup.timings.dead_feed_s,
            on_unknown=self._unknown_contract,
            on_span=setup.journal.record_line_span,
            on_servers_back=self._servers_back,
            on_farm_back=self._farm_back,
        )
        self.rotation = Rotation(coverage_policy(config.coverage), self._stays, self._is_shut)
        self.bus = MarketDataBus(self.broker, config.lines, clock, hooks, self.rotation, config.coverage)
        self.lines = LinesReport(self.bus)
        self.unit_keeper = UnitKeeper(self.units, self.market_now)
        self.contracts = ContractDetails(self.broker, hears.info)
        self.sectors = SectorBook(self.contracts.want, self.files.keep)
        self.bar_keeper = BarKeeper(self.bars, clock, self.market_now)
        self.archive = Archive(config.archive, config.broker.mode, config.engine.name, clock, self.market_now)
        self.history = HistoryQueue(
            self.broker,
            self.bars,
            self.units,
            clock,
            self.market_now,
            on_unknown_contract=self._unknown_contract,
            is_ready=self.bar_keeper.is_ready,
            on_answer=self._history_came,
        )
        self.feed = BarFeed(self.bars, self.history, self.units, clock, self.market_now, self.bus.quote)
        self.coordinator = ScannerCoordinator(
            Parts(
                self.feed,
                self.broker,
                clock,
                self.market_now,
                self.bus.quote,
                self.rotation,
                self._dollars,
                self._min_tick,
                self._silent_since,
                setup.shared,
            ),
            config.breakout,
            config.market_scan,
            config.lines.normal_max,
            config.lines.top_max,
            self._on_signal,
            self._on_shadow,
        )
        self.changes = ChangeBook(setup.journal, clock, self.market_now)
        self.changes.load(setup.changes)
        changed = partial(self.changes.newest, decides)
        self.scores = OutcomeKeeper(
            self.coordinator, self.bars, setup.journal, clock, self.market_now, self._ask_bars, changed
        )
        self.cards = SignalCards(
            CardTies(
                self.scores.scored,
                self.bars,
                self.bus.quote,
                self._min_tick,
                lambda con_id: dict(self.coordinator.scores_now_of(con_id)),
                self.market_now,
            )
        )
        self._minutes = MinuteCloses(self.bars)
        self.manager = TradeManager(
            Market(
                self.bus.quote, self._closes, self.bus.holds, self._is_silent, self.bus.refusal_of, self._farms_down_of
            ),
            self._tradability,
            config.positions,
        )
        self.index_bars = IndexBars(
            self.broker,
            self._daily,
            self._running_day,
            lambda: self.broker.link.connected and bool(self.manager.tradable_ids()),
        )
        self.holdings = Holdings(
            HoldingTies(
                self.manager.contracts,
                self.contracts.info,
                self.bus.quote,
                self._daily,
                self._stock,
                self._running_day,
                lambda: US_STOCK_DAYS.of(self.market_now()),
            ),
            self.index_bars,
        )
        self.dates = TradeDates(self.bars, self.manager, self.market_now, lambda market: self.market.wall_at(market))
        self.bookkeeper = BookKeeper(
            setup.journal, self.manager.book, lambda: self.market_now() if self.market.known else None
        )
        self.fills = FillIntake(
            lambda fill: self.manager.book(fill.account).on_fill(fill),
            self.bookkeeper.record_fill,
            self.contracts.info,
            self.contracts.want,
            self.bars.trading_days,
        )
        self.login = Login(
            setup.data_dir, broker.mode, setup.journal, setup.reader, config.view.account, config.journal.url
        )
        self.keeper = SettingsKeeper(
            setup.settings,
            setup.data_dir / FILE_NAME,
            self.changes,
            hears.settings,
            self.market_now,
            self.files.run,
        )
        self.why = WhyNotAnswers(
            self.symbols,
            self.coordinator,
            self.coordinator.board.scans_of,
            self.lines.explain,
            self.manager.filter_reason,
        )
        self.scan_parameters = ScanParameterCache(
            self.broker,
            lambda: self.broker.link.connected,
            setup.data_dir / PARAMETER_FILE,
            clock,
            self.market_now,
        )
        self._make_alerts(setup)
        self.news = NewsRoom(self.broker, lambda: self.keeper.settings.config.news, clock)
        self.desk = Commands(
            self.keeper,
            self.watch,
            self.symbols,
            self.broker,
            clock,
            hears.watch,
            LineQuestions(self.lines, self.coordinator),
            self.scores.ask_audit,
            self.why.inspect,
            self.cards.card,
            self.news.ask,
            hears.answer,
            self.files.settled,
            setup.answers,
            TraderDesk(setup.journal, clock, self.market_now, lambda: self.login.watched),
            AlertCommands(self.alerts, self.post, clock),
            self.watchlists,
        )
        self._state = setup.state
        today = TodaySnapshot(self.bars, self.bus.quote, self._is_exempt, self._unit_known)
        self.feed.needed_by(self.scores.follows)
        self.feed.tell_of_leavers(today.drop)
        self.lab = LabService(
            LabTies(setup.state.publish, self._answer, self._thresholds, clock, self._cluster, self._archive_url),
            today,
            setup.root,
            setup.data_dir / "logs" / "lab.log",
        )

    def _make_alerts(self, setup: EngineSetup) -> None:
        """The desk, the post office, and what they look at."""
        book = ChannelBook(setup.data_dir)
        self.post = PostOffice(book, setup.sender, self.clock, _AlertTies(self), self.files.run, self._alerts_link)
        self.facts = FactGatherer(
            _AlertRooms(self), lambda name: setup.state.current().sections.get(name), self._members_of_lists
        )
        self.alerts = AlertDesk(
            setup.journal,
            self.post,
            self.clock,
            self.market_now,
            self.facts.gather,
            self._quiet_until,
            lists=lambda: tuple((each.uid, each.name) for each in self.watchlists.lists),
            accounts=lambda: self.login.watched,
            symbol_of=self.symbol_of,
            decimals_of=self._decimals_of,
        )

    def _decimals_of(self, con_id: int, price: float) -> int | None:
        """How a price of the contract is written; None while nobody has asked for its details."""
        contract, tick = self.symbols.contract(con_id) or self.manager.contract(con_id), self._min_tick(con_id)
        return None if contract is None or tick is None else contract_decimals(tick, price, contract.sec_type)

    def _members_of_lists(self) -> dict[int | str, frozenset[int]]:
        """con_ids of each watch-list by its uid."""
        return {each.uid: frozenset(contract.con_id for contract in each.contracts) for each in self.watchlists.lists}

    def _alerts_link(self) -> str:
        return f"{self.keeper.settings.config.web.address()}/alerts"

    def _quiet_until(self, wall: float) -> float | None:
        quiet = self.keeper.settings.config.alerts
        return quiet_until(quiet.quiet_from, quiet.quiet_to, wall)

    def symbol_of(self, con_id: int) -> str:
        """The name of a contract, its number while nobody knows it."""
        contract = self.symbols.contract(con_id) or self.manager.contract(con_id)
        return contract.local_symbol if contract is not None else f"contract {con_id}"

    def _market_day(self) -> str:
        """YYYYMMDD of New York."""
        return local_time(self.market_now(), NEW_YORK).strftime("%Y%m%d")

    def _tradability(self, contract: ContractRef, info: ContractInfo | None) -> tuple[str, str] | None:
        """The rule with the market's day, once its clock is known."""
        return verdict(contract, info, self.market_now() if self.market.known else None)

    def _is_closed(self, con_id: int) -> bool:
        """No tick is to be expected: its market was closed for the last minute, or it is halted."""
        quote, now = self.bus.quote(con_id), self.market_now()
        return (quote is not None and quote.halted) or self.bars.was_closed(con_id, now - 60.0, now)

    def _is_shut(self, con_id: int) -> bool:
        """Its hours say that nothing traded in the last minute; a halt may end at any time, and is looked after.

        Hours of US stocks are those of any of them; a future of the universe is asked for its own.
        """
        now, place = self.market_now(), self.rotation.place(con_id)
        if place is not None and not is_us_stock(place.contract) and self.contracts.info(con_id) is None:
            self.contracts.want(place.contract)
        return self.bars.was_closed(con_id, now - 60.0, now)

    def _dollars(self, contract: ContractRef) -> Dollars:
        """What the floors need of a stock that is not quoted in dollars: its details are asked for, too."""
        info = self.contracts.info(contract.con_id)
        if info is None:
            self.contracts.want(contract)
        return Dollars(*self.manager.dollars_of_point(contract, info))

    def _min_tick(self, con_id: int) -> float | None:
        info = self.contracts.info(con_id)
        return info.min_tick if info is not None else None

    def _daily(self, con_id: int) -> Sequence[Bar]:
        entry = self.bars.get(con_id)
        return entry.daily if entry is not None else ()

    def _running_day(self) -> float:
        """The trade date of US stocks, as a daily bar tells it."""
        return midnight_utc(US_STOCK_DAYS.of(self.market_now()))

    def _stock(self, name: str, currency: str) -> ContractRef | None:
        """The share of this name that an option or a CFD stands on, of those that are known here."""
        found = [each for each in self.symbols.called(name) if (each.sec_type, each.currency) == ("STK", currency)]
        return next((each for each in found if self._daily(each.con_id)), None)

    def _silent_since(self, con_id: int) -> float | None:
        since_mono = self.bus.silent_since(con_id)
        return None if since_mono is None else self.market.now(self.clock.wall() - (self.clock.mono() - since_mono))

    def _is_silent(self, con_id: int) -> bool:
        place = self.bus.standing(con_id)
        return self.bus.is_silent(con_id) or (place is not None and place.is_silent)

    def _farms_down_of(self, con_id: int) -> str:
        place = self.bus.standing(con_id)
        return "" if place is None else " and ".join(place.farms)

    def is_excused(self) -> bool:
        """There is an outage that IB's reset window excuses."""
        return self.broker.link.is_excused

    def market_now(self) -> float:
        """Market time, UTC epoch seconds."""
        return self.market.now(self.clock.wall())

    def _on_signal(self, signal: Signal) -> None:
        self.scores.on_signal(signal)

    def _on_shadow(self, name: str, signal: Signal) -> None:
        self.scores.on_shadow(name, signal)

    async def _ask_bars(self) -> AuditAnswer:
        return await self.lab.audit()

    def _answer(self, request_id: str, ok: bool, text: str) -> None:
        self.desk.answer(request_id, ok, text)
        self._state.publish("answers", self.desk.section())

    def _thresholds(self) -> tuple[BreakoutParams, float]:
        config = self.keeper.settings.config
        return config.breakout, float(config.market_scan.avg_usd_volume_above)

    def _cluster(self) -> str:
        return self.keeper.settings.config.lab.dask or ""

    def _archive_url(self) -> str:
        config = self.keeper.settings.config
        return f"{config.archive.url.rstrip('/')}/{config.broker.mode}" if config.archive.url else ""

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

    def _renamed(self, contract: ContractRef) -> None:
        """The same contract under another name: every room shows the new one and keeps what it has."""
        self.watch.rename(contract)
        self.watchlists.rename(contract)
        self.manager.rename(contract)
        self.bus.rename(contract)
        self.feed.rename(contract)
        self.coordinator.rename(contract)
        self.contracts.want_again(contract)

    def _units_changed(self, change: UnitChange) -> None:
        self.feed.on_units_changed(change)

    def _stays(self, con_id: int, now_market: float) -> Stay:
        return self.coordinator.stays(con_id, now_market)

    def _history_came(self, con_id: int) -> None:
        self.feed.on_history(con_id)
        self.coordinator.on_history(con_id)

    def _unknown_contract(self, con_id: int) -> None:
        self.feed.on_unknown_contract(con_id)
        self.coordinator.on_unknown_contract(con_id)

    def _servers_back(self) -> None:
        wall = self.clock.wall()
        self.health.servers_back(wall, self.market.now(wall))

    def _farm_back(self, farm: str) -> None:
        wall = self.clock.wall()
        self.health.farm_back(farm, wall, self.market.now(wall))

    def _record_connection(self, kind: str, text: str) -> None:
        wall = self.clock.wall()
        self.journal.record_connection(ConnectionEvent(wall, self.market.now(wall), kind, text))


class _AlertTies:
    """What the post office of the alerts needs of the rest."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def record(self, deliveries: Iterable[Delivery]) -> None:
        told = list(deliveries)
        if told:
            self._rooms.journal.record_deliveries(told)
            self._rooms.alerts.on_deliveries(told)

    def flush(self, timeout: float) -> bool:
        return self._rooms.journal.flush(timeout)

    def changed(self) -> None:
        self._rooms.alerts.on_channels()


class _AlertRooms:
    """What the alerts ask of the other rooms."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def is_connected(self) -> bool:
        return self._rooms.broker.link.connected

    def is_excused(self) -> bool:
        return self._rooms.is_excused()

    def feed_dead(self) -> bool | None:
        """Also while TWS itself has lost IB; in IB's own reset nothing is known of it."""
        bus = self._rooms.bus
        if bus.upstream_down:
            return None if self.is_excused() else True
        return bus.feed_state.dead_since is not None and not bus.competing

    def quote(self, con_id: int) -> Quote | None:
        return self._rooms.bus.quote(con_id)

    def tick_and_atr(self, con_id: int) -> tuple[float | None, float | None]:
        rooms = self._rooms
        info = rooms.contracts.info(con_id)
        known = con_id in rooms.bars
        facts = rooms.coordinator.breakout.facts(con_id, rooms.market_now()) if known else None
        return info.min_tick if info is not None else None, facts.atr if facts is not None else None

    def pinned(self) -> frozenset[int]:
        return frozenset(self._rooms.watch.pinned_ids())

    def symbol(self, con_id: int) -> str:
        return self._rooms.symbol_of(con_id)

    def dead_channels(self) -> Mapping[str, str]:
        return self._rooms.post.dead()
