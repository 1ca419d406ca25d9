"""Engine: carries events from room to room, keeps the periodic work going, opens and closes everything.

Made and run inside the engine thread (`engine.kernel.runtime`).
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from engine.bars.bar_files import list_symbols
from engine.broker.port import (
    AccountPnl,
    AccountValue,
    BrokerEvent,
    ClockSample,
    Connected,
    Disconnected,
    FillReport,
    PortfolioMark,
    PositionPnl,
    PositionsKnown,
    PositionUpdate,
    RequestError,
    Rerouted,
    ScanRows,
    Seen,
    SystemNotice,
    Ticks,
)
from engine.broker.reset_windows import in_reset_window
from engine.coverage.view import coverage_slices
from engine.domain import ALL_ACCOUNTS, MARKET_STRIP, ContractInfo, ContractRef, Quote
from engine.errors import StateError
from engine.health.not_running import SHOWN_S, STARTED, STOPPED, gaps, untold
from engine.health.status import status_block
from engine.health.timeline import NOT_RUNNING, duration_text
from engine.journal.rows import SOURCE_API, ConnectionEvent
from engine.kernel.login import remember_accounts, remembered_accounts
from engine.kernel.publisher import QUIET_EVERY, Publisher
from engine.kernel.rooms import EngineSetup, Listeners, Rooms
from engine.settings.effective import EffectiveSettings
from engine.settings.sets import shadow_params
from engine.state.commands import LabCommand
from engine.storage.build_id import BuildWatch
from engine.storage.sizes import database_bytes, folder_bytes
from engine.watchlists.keeper import file_name
from engine.watchlists.market_strip import lines_allowed

log = logging.getLogger("qtrade.engine")

BARS_FOLDER = "bars"
DATA_LOST = 1101
FILLS_RESTORED = 5_000  # more than two busy days: the evening before counts for today
INCIDENTS_RESTORED = 2_000
FILLS_S = 1.0
SESSION_S = 0.25  # how late its state may follow what is seen
LINES_S = 0.25  # how late a visit may end; a position's demand is acted upon at once
COVERAGE_S = 2.0
SCANNERS_S = 0.5
CLOCK_GRAIN_S = 0.005  # a sleep may end so much early
COMMANDS_S = 1.0
LAB_S = 1.0
SECTORS_S = 2.0
PUBLISH_S = 1.0
CURVE_S = 2.0
ALERTS_S = 1.0
ALERTS_RESTORED = 300
WRITTEN_S = 3.0  # a disk that can't be written must not keep the engine from its start
ORDER_S = 10.0  # prices move what is large
SURVEY_S = 10.0
BLOCK_S = 300.0


class Engine:
    """One engine: one broker connection, and the accounts of its login."""

    def __init__(self, setup: EngineSetup) -> None:
        self._setup = setup
        self._mode = setup.settings.config.broker.mode
        self._clock_known = asyncio.Event()
        self._asked, self._looked = asyncio.Event(), asyncio.Event()  # commands wait; somebody wants newer values
        self._leaving = asyncio.Event()  # the settings name another gateway: that is for another engine
        hears = Listeners(
            event=self._on_event,
            quote=self._on_quote,
            info=self._on_info,
            settings=self._on_settings,
            watch=self._plan_watched,
            answer=self._on_answer,
            watchlists=self._on_watchlists,
        )
        self.rooms = Rooms(setup, hears)
        self.rooms.bars.allow_delayed = setup.settings.config.broker.allow_delayed_signals
        self.rooms.coordinator.set_allow_delayed(setup.settings.config.broker.allow_delayed_signals)
        self.rooms.coordinator.set_shadow(setup.settings.config.sets.shadow, shadow_params(setup.settings))
        self.publisher = Publisher(setup, self.rooms)
        self._build_watch = BuildWatch(setup.root, setup.build)
        self._seen: set[tuple[str, int]] = set()  # positions reported on this connection
        self._pnl_asked: set[tuple[str, int]] = set()
        self._told_when_away = False

    # --- life -----------------------------------------------------------------------------------------------

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping`, or until another gateway is chosen; then close the connection, write the last state
        and end."""
        try:
            await self._run(stopping)
        finally:  # also when it failed: nothing of it may run on beside the next one
            self._setup.state.end_listening()
            self.rooms.lab.stop()
            self.rooms.post.close()
            await self.rooms.supervisor.stop()
            await self.rooms.bar_keeper.close()
            await asyncio.to_thread(self.rooms.archive.close)

    async def _run(self, stopping: asyncio.Event) -> None:
        rooms = self.rooms
        if self._setup.restarted_after:
            rooms.health.conditions.raise_(
                "engine", rooms.clock.wall(), "The engine was started again", self._setup.restarted_after,
                severity="error", cure="Nothing needs to be done. Report it with the log file.", lasting=False,
            )  # fmt: skip
        chosen = self._setup.settings.config.broker.account
        accounts: tuple[str, ...] = (chosen,) if chosen else ()
        lists = self._setup.data_dir / file_name(self._mode)
        await rooms.files.run(partial(rooms.watchlists.attach, lists))
        self._list_symbols()
        if not accounts and not self._setup.is_elsewhere:
            accounts = remembered_accounts(self._setup.data_dir, self._mode)
        if accounts:
            self._use_accounts(accounts)
            await self._take_over(accounts)
        self.publisher.all()
        self._listen()
        supervisor = rooms.supervisor
        supervisor.start("broker", rooms.broker.run)
        supervisor.start("lateness", rooms.lateness.run)
        supervisor.start("scanners", self._scan)
        supervisor.start("history", rooms.history.run)
        supervisor.start("contracts", rooms.contracts.run)
        supervisor.start("scores", rooms.scores.run)
        supervisor.start("betas", rooms.index_bars.run)
        supervisor.start("scan parameters", rooms.scan_parameters.run)
        supervisor.start("bars on disk", rooms.bar_keeper.run)
        supervisor.start("volume units on disk", rooms.unit_keeper.run)
        supervisor.start("market strip", rooms.strip.run)
        supervisor.start("survey", self._survey)
        supervisor.start("coverage", self._show_coverage)
        supervisor.start("status block", self._log_block)
        supervisor.every("lines", LINES_S, self._step_lines)
        supervisor.every("lab", LAB_S, rooms.lab.step)
        supervisor.every("sectors", SECTORS_S, self._ask_sectors)
        supervisor.start("commands", self._serve_commands)
        supervisor.start("looks", self._serve_looks)
        supervisor.every("fills", FILLS_S, rooms.fills.step)
        supervisor.every("journal of positions", FILLS_S, rooms.bookkeeper.step)
        supervisor.every("publish", PUBLISH_S, self.publisher.step)
        supervisor.every("session", SESSION_S, self._look_after_session)
        supervisor.every("curve", CURVE_S, self._add_point)
        supervisor.start("channels of alerts", rooms.post.open)
        supervisor.every("alerts", ALERTS_S, rooms.alerts.step)
        supervisor.every("order of lines", ORDER_S, self._order_lines)
        await first_of(stopping, self._leaving)
        await self._close()

    async def _close(self) -> None:
        await self.rooms.desk.finish()
        try:
            async with asyncio.timeout(1.0):
                if self.is_leaving:
                    await self.rooms.broker.stop("Another connection was chosen in Settings")
                else:
                    await self.rooms.broker.stop()
        except TimeoutError:
            log.warning("The broker connection did not close in time")
        self.rooms.lab.stop()
        await self.rooms.supervisor.stop()
        await self.rooms.bar_keeper.close()  # before the last state, which says what is on disk
        await self.rooms.unit_keeper.save()
        await self.rooms.files.close()
        self.publisher.all(is_last=not self.is_leaving)

    def _use_accounts(self, accounts: Sequence[str]) -> bool:
        """Journal and bars go on in the first account's folder from this moment: no row may reach another's.

        True when that is another folder than before. None touches the disk here; while the folder can't be used, they
        say so and try again by themselves.
        """
        setup, rooms = self._setup, self.rooms
        is_new = rooms.login.use(accounts[0], accounts)
        rooms.manager.keep_accounts(accounts)
        rooms.manager.set_view(rooms.login.shown)
        if is_new:
            folder = rooms.login.folder(accounts[0])
            setup.bar_files.open(folder / BARS_FOLDER)
            rooms.lab.use_folder(folder / BARS_FOLDER)
        return is_new

    async def _take_over(self, accounts: Sequence[str]) -> None:
        """What the folder in use holds: pins, setting changes, the signals of earlier today."""
        setup, rooms = self._setup, self.rooms
        folder = rooms.login.folder(accounts[0])

        def open_files() -> None:
            remember_accounts(setup.data_dir, self._mode, accounts)
            rooms.watch.attach(folder)
            rooms.sectors.attach(folder)
            rooms.symbols.former.attach(folder)

        await rooms.files.run(open_files)
        await rooms.bar_keeper.open(folder / BARS_FOLDER)
        rooms.archive.open(folder / BARS_FOLDER)
        rooms.symbols.recall([*await asyncio.to_thread(_stored_contracts, folder), *rooms.watch.pins()])
        await self._written()
        rooms.changes.load(await asyncio.to_thread(setup.reader.changes, 500))
        await self._say_when_away()
        await self._restore_incidents()
        await self._restore_fills()
        await self._restore_signals()
        await self._restore_alerts()
        rooms.supervisor.start("earlier today", lambda: self._take_up(folder))

    async def _take_up(self, folder: Path) -> None:
        """Once the gateway's clock is known: what of "today" is on disk. Before, today is this machine's."""
        rooms = self.rooms
        await self._clock_known.wait()
        rooms.bar_keeper.start_loading()
        await rooms.unit_keeper.open(folder / BARS_FOLDER)
        await rooms.history.open_cache(folder / BARS_FOLDER)
        await self._written()
        await self._restore_signals()

    async def _written(self) -> None:
        """What was recorded by now is read with the rest: the engine before this one may have ended a moment ago, and
        what it has told would be told again.
        """
        if not await asyncio.to_thread(self._setup.journal.flush, WRITTEN_S):
            log.warning(
                "The journal is not on the disk yet: what an engine before this one did last may be missing here"
            )

    async def _say_when_away(self) -> None:
        """Once an engine: since when QTrade was not running, for the time line, and for that of the runs to come."""
        if self._told_when_away:
            return
        self._told_when_away = True
        rooms, reader, started = self.rooms, self._setup.reader, self._setup.began_wall
        if started is None:
            started = self.publisher.started_wall
        last_sign = await asyncio.to_thread(reader.last_sign, started)
        events = await asyncio.to_thread(reader.connection_events, started - SHOWN_S)
        told = [(each.at_wall, each.kind) for each in events]
        found, new = gaps(told, last_sign, started), untold(told, last_sign, started)
        rooms.health.timeline.not_running([gap for gap in found if gap[1] > started - SHOWN_S])
        if new is not None:
            for at, kind in zip(new, (STOPPED, STARTED), strict=True):
                text = f"{NOT_RUNNING} for {duration_text(new[1] - new[0])}"
                self._setup.journal.record_connection(ConnectionEvent(at, rooms.market.now(at), kind, text))

    async def _restore_incidents(self) -> None:
        rooms, watched = self.rooms, self.rooms.login.watched
        rows = await asyncio.to_thread(self._setup.reader.incidents, INCIDENTS_RESTORED)
        if rooms.login.watched == watched:  # else an outage of another login would be closed in this one's journal
            rooms.incidents.restore(rows, rooms.clock.wall())

    async def _restore_fills(self) -> None:
        """The newest of the journal, so that the day's are there before the broker answers."""
        read, watched = self._setup.reader.fills, self.rooms.login.watched
        rows = await asyncio.to_thread(read, 0.0, corrected=True, source=SOURCE_API, limit=FILLS_RESTORED)
        seen = await asyncio.to_thread(self._setup.reader.positions_seen)
        if self.rooms.login.watched == watched:  # else they are another login's, whose own are read as well
            self.rooms.fills.restore(row.fill for row in rows)
            self.rooms.bookkeeper.restore(seen)

    async def _restore_alerts(self) -> None:
        """Rules, what they found, and what has not been delivered."""
        reader, watched = self._setup.reader, self.rooms.login.watched
        rules = await asyncio.to_thread(reader.alert_rules)
        occurrences = await asyncio.to_thread(reader.alert_occurrences, ALERTS_RESTORED)
        deliveries = await asyncio.to_thread(reader.alert_deliveries, ALERTS_RESTORED)
        if self.rooms.login.watched == watched:  # else they are another login's
            self.rooms.alerts.restore(rules, occurrences, deliveries)

    async def _restore_signals(self) -> None:
        now = self.rooms.market_now()
        signals = await asyncio.to_thread(self._setup.reader.signals, now - 86_400.0, now + 86_400.0)
        self.rooms.coordinator.restore(signals)
        await self.rooms.scores.restore_from(self._setup.reader)

    # --- events ---------------------------------------------------------------------------------------------

    def _on_event(self, event: BrokerEvent) -> None:
        """Every broker event, in the order of the wire. One that fails must not take what follows with it.

        Whatever is raised: an exit would end the engine's thread, a cancellation the connection.
        """
        try:
            self._take_event(event)
        except BaseException as error:  # noqa: BLE001
            if isinstance(event, Connected):
                raise  # half connected is not connected: the broker begins anew
            self.rooms.supervisor.note(f"events of the broker, {type(event).__name__}", error)

    def _take_event(self, event: BrokerEvent) -> None:
        """Ticks first: they are nearly all of it."""
        if isinstance(event, Ticks):
            self._learn_units(event)
            self.rooms.bus.on_ticks(event)
        elif isinstance(event, (PositionUpdate, PortfolioMark, PositionPnl, AccountValue, AccountPnl, FillReport)):
            self._on_account_event(event)
        elif isinstance(event, ClockSample):
            self.rooms.market.learn(self.rooms.clock.wall(), event.offset_s)
            if not self._clock_known.is_set():
                self._clock_known.set()
                self._order_lines()
        elif isinstance(event, ScanRows):
            self.rooms.symbols.learn(row.contract for row in event.rows)
            self.rooms.coordinator.on_rows(event)
        elif isinstance(event, PositionsKnown):
            self._positions_known()
        elif isinstance(event, Rerouted):
            self.rooms.bus.on_rerouted(event)
        else:
            self._on_link_event(event)

    def _learn_units(self, ticks: Ticks) -> None:
        """The evidence for lots or shares; a look-up a line once it is known."""
        rooms = self.rooms
        settled, line_of = rooms.units.settled, rooms.bus.ledger.by_req.get
        for update in ticks.updates:
            line = line_of(update.req_id)
            if line is not None and (con_id := line.contract.con_id) not in settled:
                rooms.units.on_update(con_id, update, rooms.market_now())

    def _on_link_event(self, event: Connected | Disconnected | RequestError | SystemNotice) -> None:
        rooms, wall = self.rooms, self.rooms.clock.wall()
        if isinstance(event, Connected):
            accounts = event.accounts or (event.account,)
            if accounts != rooms.login.watched:
                self._change_accounts(accounts)
        if isinstance(event, SystemNotice):  # before the words: whether a reset excuses it
            self._hear("the lines", lambda: rooms.bus.on_notice(event))
            self._hear("the session", self._look_after_session)
        rooms.health.on_event(event, wall, rooms.market.now(wall))
        if isinstance(event, Connected):
            self._connected(event)
        elif isinstance(event, Disconnected):
            self._disconnected()
        elif isinstance(event, RequestError):
            rooms.bus.on_error(event)
            rooms.coordinator.on_error(event)
        elif event.code == DATA_LOST:
            rooms.coordinator.market.reopen()

    def _hear(self, who: str, hear: Callable[[], None]) -> None:
        """What fails there must not keep from the others, and from the user, what TWS has said."""
        try:
            hear()
        except BaseException as error:  # noqa: BLE001
            self.rooms.supervisor.note(f"notices of TWS at {who}", error)

    def _on_account_event(
        self, event: PositionUpdate | PortfolioMark | PositionPnl | AccountValue | AccountPnl | FillReport
    ) -> None:
        rooms, wall = self.rooms, self.rooms.clock.wall()
        if isinstance(event, PositionUpdate):
            self._on_position(event)
        elif isinstance(event, PortfolioMark):
            rooms.manager.on_mark(event, wall)
        elif isinstance(event, PositionPnl):
            rooms.manager.on_position_pnl(event, wall)
        elif isinstance(event, AccountValue):
            if rooms.manager.book(event.account).on_value(event, wall):
                self._order_lines()  # an exchange rate: what is large may be small
        elif isinstance(event, AccountPnl):
            rooms.manager.book(event.account).on_pnl(event, wall)
        else:
            rooms.fills.on_fill(event.fill)

    def _change_accounts(self, accounts: Sequence[str]) -> None:
        """Other accounts than before, or the first: nothing of the former ones' money may show as theirs."""
        rooms = self.rooms
        rooms.fills.forget()
        rooms.bookkeeper.forget()
        if self._use_accounts(accounts):
            rooms.scores.forget()
            rooms.alerts.forget()
            rooms.incidents.forget()
            self.publisher.all()
            rooms.supervisor.start("account folder", lambda: self._take_over(accounts))
        else:
            rooms.supervisor.start("other accounts", lambda: self._take_others(accounts))

    async def _take_others(self, accounts: Sequence[str]) -> None:
        """The same home with other accounts beside it: their fills, and a note for the next start."""
        await self.rooms.files.run(partial(remember_accounts, self._setup.data_dir, self._mode, accounts))
        await self._written()
        await self._restore_fills()

    def _connected(self, event: Connected) -> None:
        rooms = self.rooms
        rooms.market.restart()
        rooms.units.on_connected(event.server_version)
        if event.positions_known:
            rooms.manager.forget_missing(self._seen)
        rooms.manager.on_connected(complete=event.positions_known)
        rooms.fills.on_connected(complete=event.positions_known)
        rooms.bookkeeper.on_connected(rooms.login.watched, complete=event.positions_known)
        rooms.contracts.on_connected()
        rooms.sectors.on_connected()
        rooms.news.on_connected()
        self._pnl_asked.clear()
        self._plan_positions()
        rooms.strip.on_connected()
        rooms.bus.on_connected(event.epoch)
        rooms.feed.on_connected()
        rooms.coordinator.on_connected()

    def _positions_known(self) -> None:
        """TWS sent late what it has: the others are closed."""
        self.rooms.manager.forget_missing(self._seen)
        self.rooms.manager.on_connected()
        self.rooms.fills.on_connected(complete=True)
        self.rooms.bookkeeper.on_connected(self.rooms.login.watched, complete=True)
        self._plan_positions()

    def _disconnected(self) -> None:
        rooms = self.rooms
        self._seen.clear()
        rooms.bus.on_disconnected()
        rooms.feed.on_disconnected()
        rooms.coordinator.on_disconnected()
        rooms.manager.on_disconnected()
        rooms.fills.on_disconnected()
        rooms.bookkeeper.on_disconnected()

    def _look_after_session(self) -> None:
        """Servers and quotes as they are seen from here: they move the session's state, its time-outs included."""
        bus, playback = self.rooms.bus, self._setup.playback
        is_over = playback is not None and playback.is_over
        bus.feed.rest(self.rooms.clock.mono(), is_over=is_over)
        feed, competing = bus.feed_state, bus.competing
        lacks = not is_over  # no new connection brings what a recording that is over lacks
        self.rooms.broker.observe(
            Seen(
                servers_lost=lacks and bus.upstream_down,
                feed_dead=lacks and feed.dead_since is not None and not competing,
                part_lacks=lacks and (competing or bus.farms_down or bool(feed.blind)),
                in_reset_window=in_reset_window(self.rooms.market_now()),
            )
        )

    def _on_position(self, event: PositionUpdate) -> None:
        rooms, contract = self.rooms, event.record.contract
        rooms.symbols.learn([contract])
        if event.record.quantity:
            self._seen.add((event.record.account, contract.con_id))
        record = event.record
        has_cost = record.avg_cost is not None
        rooms.fills.on_position(record.account, contract.con_id, record.quantity, has_cost=has_cost)
        rooms.bookkeeper.on_position(record)
        if rooms.manager.on_position(event) and rooms.broker.link.connected:
            self._plan_positions()

    def _plan_positions(self) -> None:
        """The tradable positions are the bus' first demand and the scanners' exceptions; IB values them all."""
        rooms = self.rooms
        self._order_lines()
        held = set(rooms.manager.keys())
        self._keep_in_view()
        for contract in rooms.manager.contracts():
            rooms.contracts.want(contract)
        for account, con_id in held - self._pnl_asked:
            rooms.broker.request_position_pnl(account, con_id)
        for account, con_id in self._pnl_asked - held:
            rooms.broker.cancel_position_pnl(account, con_id)
        self._pnl_asked = held

    def _order_lines(self) -> None:
        """The tradable positions of all accounts, with what they are worth now: the largest first where lines lack.

        What has expired meanwhile leaves; so does, once the market's clock is known, what had expired before.
        """
        if self.rooms.manager.reexamine():
            self._keep_in_view()
        self.rooms.bus.demand("position", self.rooms.manager.demands())

    def _keep_in_view(self) -> None:
        rooms = self.rooms
        tradable = set(rooms.manager.tradable_ids())
        positions = [contract for contract in rooms.manager.contracts() if contract.con_id in tradable]
        pins = [contract for con_id in rooms.watch.pinned_ids() if (contract := rooms.watch.contract(con_id))]
        levels = rooms.alerts.watched.difference(rooms.watch.pinned_ids())  # they are visited like any of the universe
        pins += [contract for con_id in sorted(levels) if (contract := self._contract(con_id))]
        pins = [pin for pin in pins if pin.con_id not in tradable]
        rooms.feed.keep(positions, pins)
        rooms.coordinator.set_kept(positions, pins)

    def _on_info(self, con_id: int, info: ContractInfo | None) -> None:
        rooms = self.rooms
        rooms.sectors.learn(con_id, info)
        if info is not None:
            rooms.feed.on_info(info)
            rooms.symbols.learn([info.contract])
            rooms.fills.on_info(con_id)
        if rooms.manager.on_info(con_id, info):
            self._plan_positions()

    def _on_quote(self, quote: Quote, has_trade: bool) -> None:
        """Lines to bars, bars to scanners."""
        rooms = self.rooms
        try:
            now = rooms.market.now(quote.received_wall)
            rooms.feed.on_quote(quote, now, has_trade)
            rooms.archive.note(quote, now, has_trade)
            rooms.coordinator.on_quote(quote, now)
            rooms.facts.on_quote(quote, now)
        except BaseException as error:  # noqa: BLE001 - of one symbol: the packet's others go on
            self.rooms.supervisor.note("quotes at the scanners", error)

    def _on_watchlists(self) -> None:
        self._list_symbols()
        self.publisher.watchlists()

    def _list_symbols(self) -> None:
        """What the watch-lists hold is known by name, and in the universe."""
        contracts = self.rooms.watchlists.contracts()
        self.rooms.symbols.learn(contracts)
        self.rooms.coordinator.set_listed(contracts)

    def _on_answer(self) -> None:
        self.publisher.answers()

    def _on_settings(self, settings: EffectiveSettings) -> None:
        """Put changed settings in force everywhere."""
        rooms, config = self.rooms, settings.config
        rooms.bus.set_settings(config.lines, config.coverage)
        rooms.rotation.set_settings(config.coverage)
        rooms.manager.set_settings(config.positions)
        rooms.coordinator.set_lines(config.lines.normal_max, config.lines.top_max)
        rooms.coordinator.set_market(config.market_scan)
        rooms.coordinator.set_params(config.breakout)
        rooms.coordinator.set_shadow(config.sets.shadow, shadow_params(settings))
        rooms.bars.allow_delayed = config.broker.allow_delayed_signals
        rooms.coordinator.set_allow_delayed(config.broker.allow_delayed_signals)
        rooms.strip.set_names(config.view.market_strip)
        self._show_account(config.view.account)
        if config.connection() != self._setup.settings.config.connection():
            self._leaving.set()

    @property
    def is_leaving(self) -> bool:
        """It ends, or ended, so that another one connects to the gateway that the settings name now."""
        return self._leaving.is_set()

    def _show_account(self, account: str | None) -> None:
        """Another account's money, or that of all together: at once, and nothing of the former with it."""
        rooms = self.rooms
        before = rooms.login.shown_name
        rooms.login.choose(account)
        if rooms.login.shown_name != before:
            rooms.manager.set_view(rooms.login.shown)
            self.publisher.all()

    # --- periodic work --------------------------------------------------------------------------------------

    def _step_lines(self) -> None:
        rooms = self.rooms
        if rooms.coordinator.changed:
            rooms.bus.demand("scanners", rooms.coordinator.demands())
        rooms.bus.step(rooms.clock.mono())

    def _ask_sectors(self) -> None:
        """Of who has signalled first, then of the rest of the universe."""
        rooms = self.rooms
        signalled = [signal.con_id for signal in rooms.coordinator.signals().signals]
        wanted = dict.fromkeys([*signalled, *rooms.coordinator.universe.con_ids()])
        known = [contract for con_id in wanted if (contract := rooms.symbols.contract(con_id)) is not None]
        rooms.sectors.step(known, rooms.clock.mono(), connected=rooms.broker.link.connected)

    async def _scan(self) -> None:
        """Bars and both scanners: due work each half second, a breakout cycle in slices each 10 s."""
        coordinator, bus, feed = self.rooms.coordinator, self.rooms.bus, self.rooms.feed
        while True:
            coordinator.step(feed.step(bus.live_con_ids()))
            if coordinator.cycle_due():
                for _ in coordinator.cycle():
                    await asyncio.sleep(0)
            await asyncio.sleep(min(SCANNERS_S, coordinator.until_cycle_s() + CLOCK_GRAIN_S))

    async def _show_coverage(self) -> None:
        """Each 2 s, while nobody looks less often."""
        for turn in itertools.count():
            if self._setup.state.is_watched or turn % QUIET_EVERY == 0:
                await self._make_coverage()
            await asyncio.sleep(COVERAGE_S)

    async def _make_coverage(self) -> None:
        """Every symbol of the universe with its sentence: made in slices, so that 2,000 do not hold the loop."""
        rooms = self.rooms
        for section in coverage_slices(rooms.rotation, rooms.lines, rooms.clock.mono()):
            if section is not None:
                self._setup.state.publish("coverage", section)
            await asyncio.sleep(0)

    def _listen(self) -> None:
        """Hear of commands and of looks at once, from whatever thread they come."""
        loop = asyncio.get_running_loop()

        def told(event: asyncio.Event) -> Callable[[], None]:
            def tell() -> None:
                with suppress(RuntimeError):  # the loop was closed between the question and the call
                    loop.call_soon_threadsafe(event.set)

            return tell

        self._setup.state.listen(on_look=told(self._looked), on_command=told(self._asked))

    async def _serve_commands(self) -> None:
        """As they come; once a second those that a failure left over."""
        while True:
            self._asked.clear()
            self._take_commands()
            with suppress(TimeoutError):
                async with asyncio.timeout(COMMANDS_S):
                    await self._asked.wait()

    async def _serve_looks(self) -> None:
        """Somebody looks after a quiet while: everything as it is now."""
        while True:
            await self._looked.wait()
            self._looked.clear()
            await self._make_coverage()
            self.publisher.all()

    def _take_commands(self) -> None:
        commands = self._setup.state.drain()
        for question in [command for command in commands if isinstance(command, LabCommand)]:
            self.rooms.lab.take(question)
        others = [command for command in commands if not isinstance(command, LabCommand)]
        refused = self._setup.state.drain_refused()
        for request_id, why in refused:
            self.rooms.desk.answer(request_id, ok=False, text=why)
        if others or refused or self.rooms.desk.is_waiting:
            self.rooms.desk.take(others)
            self._plan_watched()
            self.publisher.answers()

    def _plan_watched(self) -> None:
        """Pins and the symbols that pages have open: lines, bars and details for them."""
        rooms = self.rooms
        shown = []
        for con_id in self._setup.state.open_symbols():
            contract = self._contract(con_id)
            if contract is None:  # a link or a signal of an earlier run: the gateway may know it
                rooms.contracts.want(ContractRef(con_id, "", "", ""))
            else:
                shown.append(contract)
        if rooms.watch.show(shown):
            rooms.feed.show(shown)
        for contract in shown:
            rooms.contracts.want(contract)
        self._keep_in_view()
        rooms.bus.demand("watch", [wish for wish in rooms.watch.demands() if wish.contract.exchange])
        rooms.bus.demand(MARKET_STRIP, rooms.strip.demands(lines_allowed(rooms.bus.limit, rooms.bus.settings.buffer)))

    def _contract(self, con_id: int) -> ContractRef | None:
        return self.rooms.symbols.contract(con_id) or self.rooms.manager.contract(con_id)

    def _add_point(self) -> None:
        """One point of each P&L curve, an empty one while there is no connection; closed pages are noticed here."""
        rooms, wall = self.rooms, self.rooms.clock.wall()
        market = rooms.market.now(wall)
        self._plan_watched()
        if not rooms.broker.link.connected:
            rooms.login.add_gap(wall, market)
            return
        if rooms.dates.has_turned():  # hours tell some days only
            for contract in rooms.manager.contracts():
                rooms.contracts.want_again(contract)
        money: dict[str, tuple[float | None, float | None, float | None]] = {}
        others: dict[str, float] = {}
        all_lacks: set[str] = set()
        for account in rooms.login.watched:
            pnl = rooms.manager.book(account).pnl
            unrealized, lacking = rooms.manager.unrealized_of(account)
            money[account] = (unrealized, pnl.realized, pnl.daily)
            lacks = frozenset(f"{account}:{lack.local_symbol}" for lack in lacking)
            all_lacks |= lacks
            others[account] = rooms.manager.filtered_of(account)
            began = rooms.dates.newest_reset(account)
            rooms.login.add_point(account, wall, market, *money[account], began, lacks, others[account])
        if rooms.login.has_sum:
            unrealized, realized, daily = (
                rooms.manager.sum_of_accounts({name: values[kind] for name, values in money.items()})
                for kind in range(3)
            )
            began = rooms.dates.newest_reset("")
            lacks = frozenset(all_lacks)
            filtered = rooms.manager.sum_of_accounts(others) or 0.0
            rooms.login.add_point(ALL_ACCOUNTS, wall, market, unrealized, realized, daily, began, lacks, filtered)

    async def _survey(self) -> None:
        """Each 10 s, off the loop: disk space, free and taken, and whether the program's files were changed."""
        rooms = self.rooms
        while True:
            usage = await asyncio.to_thread(shutil.disk_usage, self._setup.data_dir)
            self.publisher.disk_free_gb = rooms.facts.disk_free_gb = round(usage.free / 1e9, 1)
            self.publisher.sizes = await asyncio.to_thread(self._sizes)
            changed = await asyncio.to_thread(self._build_watch.changed)
            self.publisher.set_changed_files(changed)
            await asyncio.sleep(SURVEY_S)

    def _sizes(self) -> tuple[int | None, int | None]:
        """Bytes of the state, None = it has no folder, and of the journals, None = no account is known. Blocks."""
        state, journals = self._setup.state.folder, self.rooms.login.journals()
        return folder_bytes(state) if state is not None else None, database_bytes(journals) if journals else None

    async def _log_block(self) -> None:
        """The status block, half a minute after the start and then each 5 minutes."""
        await asyncio.sleep(30.0)
        while True:
            rooms = self.rooms
            lines = rooms.lines.snapshot()
            uptime_s = rooms.clock.mono() - self.publisher.started_mono
            positions = len(rooms.manager.tradable_ids())
            for name, value in status_block(uptime_s, lines, positions, len(rooms.bus.quotes()), rooms.broker.link):
                log.info("%s: %s", name, value)
            await asyncio.sleep(BLOCK_S)


async def first_of(*events: asyncio.Event) -> None:
    """Until one of them is set."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()


def _stored_contracts(folder: Path) -> list[ContractRef]:
    """The contracts whose bars this account's folder holds, as they were called then."""
    try:
        return [stored.contract for stored in list_symbols(folder / BARS_FOLDER)]
    except StateError:
        return []
