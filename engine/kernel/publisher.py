"""Publisher: asks each room for its snapshot and puts all of a pass into the state at once.

Engine thread only, without a pause: what one pass publishes is of one moment, and so is what a reader gets. Sections
that say nothing new stay as they are. One pass a second (candidates and universe: every other pass) costs a few
milliseconds at 50 lines and 200 candidates.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from engine.bars.hours import UNKNOWN_HOURS, PhaseNow, phase
from engine.bars.trading_day import US_STOCK_DAYS, midnight_utc, regular_sessions
from engine.broker.port import ACCOUNTS_MAX
from engine.clock import second_told
from engine.domain import Condition, ContractInfo
from engine.health.conditions import Severity
from engine.health.monitor import COMPETING, LINK_KEY, SERVERS_KEY, farm_key, farm_words
from engine.health.status import status_block
from engine.kernel.rooms import EngineSetup, Rooms
from engine.lines.feed_watch import Blind
from engine.logs.routing import error_counts, recent_lines
from engine.portfolio.appraisal import contract_terms
from engine.portfolio.sizing import sizing_facts
from engine.portfolio.sums import together
from engine.portfolio.valuation import PERCENT_QUOTED, Terms, terms_of
from engine.scanners.symbol_view import SymbolContext, symbol_section
from engine.state.counter_sections import CountersSection, Tally, tallies
from engine.state.engine_sections import EngineSection
from engine.state.envelope import SYMBOL_PREFIX
from engine.state.sections import (
    AgeRow,
    BrokerSection,
    HealthSection,
    Heartbeat,
    LineEventsSection,
    LinesSection,
    PnlSection,
    PositionsSection,
    QuotesSection,
    Section,
    SizingFacts,
    UniverseSection,
)
from engine.state.watchlist_sections import WatchlistsSection
from engine.storage import rescues
from engine.storage.encodable import encodable

CLIENT_ID = "client_id"
LOG_LINES = 100
FILLS_MOST = 200  # of one symbol
HOUR_S = 3_600.0
QUIET_EVERY, QUIET_LONG_EVERY = 5, 15  # passes, while nobody looks; of the long sections
SLOW_EVERY = 2  # passes: pages poll each 2 s, and the long sections cost most


class Publisher:
    """`step` once a second, `answers` after commands, `all` at the start, at the end and for who begins to look."""

    def __init__(self, setup: EngineSetup, rooms: Rooms) -> None:
        self._setup = setup
        self._rooms = rooms
        self._state = setup.state
        self.started_wall = rooms.clock.wall()
        self._journalled: dict[str, Condition] = {}
        self._silent: dict[int, float] = {}  # con_id -> since when its line is said to bring nothing, monotonic
        self._restart_needed = ""
        self._passes = 0
        self._ended_wall: float | None = None
        self.started_mono = rooms.clock.mono()
        self.disk_free_gb: float | None = None
        self.sizes: tuple[int | None, int | None] = (None, None)  # bytes of the state's folder and of the journal

    def step(self) -> None:
        """Prices, positions and lines; every other time all. While nobody looks only each `QUIET_EVERY`th time, and all
        each `QUIET_LONG_EVERY`th: who looks has them made anew.
        """
        self._passes += 1
        if self._state.is_watched:
            self._publish(slow=self._passes % SLOW_EVERY == 0)
        elif self._passes % QUIET_EVERY == 0:
            is_long = self._passes % QUIET_LONG_EVERY == 0
            self._publish(slow=is_long, whole=is_long)
        else:
            self._beat()

    def all(self, *, is_last: bool = False) -> None:
        """Every section; `is_last` = the engine is being stopped."""
        self._ended_wall = self._rooms.clock.wall() if is_last else None
        self._publish(slow=True)

    def _beat(self) -> None:
        """What waits for nobody to look: the engine is alive; its own faults are noticed and journalled."""
        self._notice_own_faults()
        self._conditions()
        self._rooms.manager.sample(self._rooms.clock.wall())
        self._state.publish_all({"heartbeat": self._heartbeat()})

    def _publish(self, *, slow: bool, whole: bool = True) -> None:
        rooms = self._rooms
        lines = rooms.lines.snapshot()
        positions = self._positions(rooms.login.shown)
        of_all = self._positions(None) if rooms.login.has_sum and rooms.login.shown is not None else None
        self._notice_own_faults()
        made: dict[str, Section] = {
            "engine": self._card(),
            "broker": self._broker(),
            "positions": positions,
            "lines": lines,
            "line_events": LineEventsSection(events=rooms.lines.events()),
            "quotes": QuotesSection(quotes=tuple(rooms.bus.quotes())),
            "signals": rooms.coordinator.signals(),
            "pnl": self._pnl(),
            "answers": rooms.desk.section(),
            "alerts": rooms.alerts.section(),
            "health": self._health(lines, positions),  # it says counts that the strip says, too
            "counters": self._counters(),
        }
        if of_all is not None:
            made["positions_all"] = of_all
        if slow:
            made["settings"] = rooms.keeper.section()
            made["watchlists"] = self._watchlists()
            made["scanners"] = rooms.coordinator.snapshot()
            scores = rooms.scores.section()
            if scores is not None:
                made["scores"] = scores
            made["incidents"] = rooms.incidents.section()
            made["scan_parameters"] = rooms.scan_parameters.section
            made["universe"] = self._universe()
            made["holdings"] = rooms.holdings.section()
            made["sectors"] = rooms.sectors.section()
        open_ids = rooms.watch.open_ids()
        made |= self._symbols(positions, open_ids)
        gone = [f"{SYMBOL_PREFIX}{con_id}" for con_id in self._state.published_symbols().difference(open_ids)]
        made["heartbeat"] = self._heartbeat()
        self._state.publish_all(made, gone if of_all is not None else [*gone, "positions_all"], whole=whole)

    def answers(self) -> None:
        """Answers to commands, as soon as they are there, and the settings that they changed."""
        rooms = self._rooms
        made: dict[str, Section] = {"answers": rooms.desk.section(), "settings": rooms.keeper.section()}
        self._state.publish_all({**made, "alerts": rooms.alerts.section()})

    def watchlists(self) -> None:
        """The lists, as soon as they have changed."""
        self._state.publish("watchlists", self._watchlists())

    def _watchlists(self) -> WatchlistsSection:
        return replace(self._rooms.watchlists.section(), strip=self._rooms.strip.entries())

    def set_changed_files(self, names: Sequence[str]) -> None:
        """Files on disk that are not the running code; () = none."""
        shown = [encodable(name) for name in names[:3]]
        self._restart_needed = ", ".join(shown) + (f" and {len(names) - 3} more" if len(names) > 3 else "")

    # --- sections -------------------------------------------------------------------------------------------

    def _card(self) -> EngineSection:
        login, config = self._rooms.login, self._setup.settings.config
        return EngineSection(
            name=config.engine.name,
            machine=encodable(socket.gethostname()),
            pid=os.getpid(),
            started_wall=self.started_wall,
            mode=config.broker.mode,
            accounts=login.watched,
            journals=login.journal_files(),
            build_id=self._setup.build.id,
            version=self._setup.build.version,
            group=config.engine.share or "",
            visits=len(self._rooms.rotation),
            ended_wall=self._ended_wall,
        )

    def _heartbeat(self) -> Heartbeat:
        wall = self._rooms.clock.wall()
        return Heartbeat(
            at_wall=wall,
            at_market=self._rooms.market.now(wall),
            started_wall=self.started_wall,
            loop_lateness_p99_ms=self._rooms.lateness.p99_ms(),
        )

    def _broker(self) -> BrokerSection:
        rooms, link, wall = self._rooms, self._rooms.broker.link, self._rooms.clock.wall()
        now_phase = self._phase(rooms.market.now(wall))
        retry = link.retry_at_mono
        return BrokerSection(
            mode=link.mode,
            host=link.host,
            port=link.port,
            client_id=link.client_id,
            phase=link.phase,
            connected=link.connected,
            account=link.account,
            server_version=link.server_version,
            reason=link.reason,
            cure=link.cure,
            retry_at_wall=None if retry is None else round(wall + retry - rooms.clock.mono(), 1),
            retry_every_s=link.retry_every_s,
            since_wall=link.since_wall,
            reconnects=link.reconnects,
            clock_offset_s=round(rooms.market.offset_s(wall), 1),
            clock_rate=rooms.market.rate,
            session=now_phase.phase,
            session_text=now_phase.text,
            session_ends_market=now_phase.ends_market,
            accounts=rooms.login.watched,
            state=link.state,
            state_title=link.state_title,
            state_tone=link.state_tone,
            state_since_wall=round(wall + link.state_since_mono - rooms.clock.mono(), 0),
            recording=self._setup.playback.now if self._setup.playback is not None else None,
        )

    def _pnl(self) -> PnlSection:
        """The curve of what is shown, with its day and the stock exchanges' hours around it."""
        rooms = self._rooms
        day, now = rooms.dates.day(rooms.login.shown or ""), rooms.market_now()
        liquid = rooms.bars.us_hours.liquid if rooms.bars.us_hours is not None else UNKNOWN_HOURS
        hours = regular_sessions(min(day.at, now - HOUR_S), now, liquid, US_STOCK_DAYS, us_stock=True)
        return replace(rooms.login.curve(day), sessions=tuple((each.open, each.close) for each in hours))

    def _positions(self, account: str | None) -> PositionsSection:
        """Of one account, None = of all; leaves what is shown as it is."""
        manager, wall = self._rooms.manager, self._rooms.clock.wall()
        manager.set_view(account)
        try:
            return manager.snapshot(self._rooms.dates.today(), wall)
        finally:
            manager.set_view(self._rooms.login.shown)

    def _phase(self, now_market: float) -> PhaseNow:
        hours = self._rooms.bars.us_hours
        if hours is None:
            return PhaseNow("unknown", "session unknown", None)
        return phase(now_market, hours.trading, hours.liquid)

    def _universe(self) -> UniverseSection:
        rooms = self._rooms
        lanes = {quote.con_id: quote.lane for quote in rooms.bus.quotes()}
        rows = [
            (
                c.con_id,
                c.local_symbol,
                c.symbol,
                c.sec_type,
                c.primary_exchange or c.exchange,
                lanes.get(c.con_id, "none"),
            )
            for c in rooms.symbols.all()
        ]
        return UniverseSection(symbols=tuple(sorted(rows, key=lambda row: row[1])), renamed=rooms.symbols.former.rows())

    def _symbols(self, positions: PositionsSection, open_ids: Iterable[int]) -> dict[str, Section]:
        """`symbol:<con_id>` for each symbol that a page has open."""
        rooms = self._rooms
        made: dict[str, Section] = {}
        fills = rooms.manager.fills()  # all of them: the section's are the newest of all symbols together
        for con_id in open_ids:
            why = rooms.coordinator.why(con_id)
            if con_id not in rooms.bars:
                continue
            now = rooms.market_now()
            held = tuple(row for row in positions.tradable if row.con_id == con_id)
            section = symbol_section(
                rooms.bars,
                con_id,
                why,
                rooms.coordinator.breakout.facts(con_id, now),
                rooms.coordinator.breakout.params,
                SymbolContext(
                    quote=rooms.bus.quote(con_id),
                    info=self._info(con_id),
                    position=together(held),
                    held=held,
                    fills=tuple(fill for fill in fills if fill.con_id == con_id)[-FILLS_MOST:],
                    signals=rooms.coordinator.signals_of(con_id),
                    scores_now=rooms.coordinator.scores_now_of(con_id),
                    line_text=rooms.lines.explain(con_id),
                    pinned=rooms.watch.is_pinned(con_id),
                    unit=self._unit(con_id),
                    filtered=rooms.manager.filter_reason(con_id),
                    filling=rooms.history.is_filling(con_id),
                    sizing=self._sizing(con_id, positions, now),
                ),
                now,
            )
            if section is not None:
                made[f"{SYMBOL_PREFIX}{con_id}"] = section
        return made

    def _sizing(self, con_id: int, positions: PositionsSection, now: float) -> SizingFacts | None:
        """What a size is worked out from, with the money of the account in view."""
        rooms, entry, info = self._rooms, self._rooms.bars.get(con_id), self._info(con_id)
        if entry is None:
            return None
        contract, quote = entry.contract, rooms.bus.quote(con_id)
        terms = contract_terms(contract, info)
        if contract.sec_type in PERCENT_QUOTED and (held := self._bond_terms(con_id, positions)) is not None:
            terms = held
        today = midnight_utc(rooms.bars.trading_days(con_id, contract.sec_type).of(now))
        return sizing_facts(
            contract,
            info,
            terms,
            quote.price if quote is not None else None,
            positions.account,
            rooms.manager.rate_in_view(contract.currency),
            [bar for bar in entry.daily if bar.time < today],
        )

    def _bond_terms(self, con_id: int, positions: PositionsSection) -> Terms | None:
        """Of a bond that is held: what a piece is worth stands in no field."""
        row = next((row for row in positions.tradable if row.con_id == con_id and row.per_point is not None), None)
        return Terms(row.per_point, row.currency, row.unit) if row is not None and row.per_point is not None else None

    def _unit(self, con_id: int) -> str:
        info = self._info(con_id)
        contract = info.contract if info is not None else self._rooms.symbols.contract(con_id)
        terms = terms_of(contract) if contract is not None else None
        return terms.unit if terms is not None else ""

    def _info(self, con_id: int) -> ContractInfo | None:
        return self._rooms.contracts.info(con_id)

    def _health(self, lines: LinesSection, positions: PositionsSection) -> HealthSection:
        rooms, state = self._rooms, self._state
        link = rooms.broker.link
        prices = len(rooms.bus.quotes())
        uptime_s = rooms.clock.mono() - self.started_mono
        return HealthSection(
            conditions=self._conditions(),
            ages=self._ages(positions),
            link_spans=rooms.health.timeline.spans(),
            status_block=status_block(uptime_s, lines, len(positions.tradable), prices, link),
            log_tail=tuple((line.at_wall, line.level, line.text) for line in recent_lines(LOG_LINES)),
            loop_lateness_p99_ms=rooms.lateness.p99_ms(),
            decoded_per_s=link.decoded_per_s,
            sent_worst_second=link.sent_worst_second,
            sent_kinds=link.sent_kinds,
            kept_back=link.kept_back,
            restarts=dict(rooms.supervisor.restarts),
            error_counts=error_counts(),
            volume_units=rooms.units.words(),
            state_write_ms=state.last_write_ms,
            journal_last_wall=self._setup.journal.last_write_wall,
            disk_free_gb=self.disk_free_gb,
            build_id=self._setup.build.id,
            version=self._setup.build.version,
            restart_needed=self._restart_needed,
            archive=rooms.archive.words,
        )

    def _counters(self) -> CountersSection:
        rooms, link = self._rooms, self._rooms.broker.counts
        diary, late_ticks = rooms.bus.diary, rooms.bus.refusals.late_ticks
        state_bytes, journal_bytes = self.sizes
        return CountersSection(
            loop_late=rooms.lateness.spread(),
            messages=link.messages,
            undecodable=link.undecodable,
            sent=link.sent,
            round_trip_s=link.round_trip_s,
            connections=link.connections,
            ends=tallies(link.ends.items()),
            failed_tries=tallies(link.failed.items()),
            ticks=rooms.bus.ticks - late_ticks,
            late_ticks=late_ticks,
            opened=tallies(diary.opened.items()),
            evicted=tallies(diary.evicted.items()),
            released=tallies(diary.released.items()),
            refused=tallies(diary.refused.items()),
            cycles=rooms.coordinator.cycles,
            cycles_s=rooms.coordinator.cycles_s,
            runs=tallies(rooms.lab.runs.items()),
            previews=rooms.lab.previews,
            previews_s=rooms.lab.previews_s,
            raised=tallies(rooms.alerts.raised.items()),
            messages_out=tuple(
                Tally(channel, count, verdict) for (channel, verdict), count in sorted(rooms.post.outcomes.items())
            ),
            state_bytes=state_bytes,
            journal_bytes=journal_bytes,
        )

    def _ages(self, positions: PositionsSection) -> tuple[AgeRow, ...]:
        rooms = self._rooms
        held = {row.con_id for row in positions.tradable}
        priced = [row.price_wall for row in positions.tradable if row.has_line or row.silent]
        quotes = rooms.bus.quotes()
        scanned = [q.received_wall for q in quotes if q.con_id not in held and rooms.bus.holds(q.con_id)]
        scan = rooms.coordinator.run_times()
        return (
            AgeRow("Position prices, the oldest", min((at for at in priced if at is not None), default=None), 60.0),
            AgeRow("Scanner quotes, the newest", max(scanned, default=None), 5.0),
            AgeRow("Account", positions.account.updated_wall, 180.0),
            AgeRow("Breakout scan", self._wall_of(scan[0]), 20.0),
            AgeRow("Market scan", self._wall_of(scan[1]), 120.0),
            AgeRow("Journal", self._setup.journal.last_write_wall, 10.0),
        )

    def _wall_of(self, market: float | None) -> float | None:
        return None if market is None else self._rooms.market.wall_at(market)

    # --- conditions of our own ------------------------------------------------------------------------------

    def _notice_own_faults(self) -> None:
        """What no broker tells: changed files, a full disk, tasks that keep dying, positions without a line."""
        rooms, wall, lines = self._rooms, self._rooms.clock.wall(), self._rooms.lines.use()
        state, journal, bars, archive = self._state, self._setup.journal, rooms.bar_keeper, rooms.archive
        failing = rooms.supervisor.failing(rooms.clock.mono())
        failures = "; ".join(f"{part.name}: {part.error}" for part in failing)
        missing = rooms.bus.positions_without_line()
        dead_since = rooms.bus.feed_state.dead_since
        feed_dead = dead_since is not None and not rooms.bus.competing  # then that is the cause, and its cure helps
        playback = self._setup.playback
        faults: tuple[tuple[str, bool, str, str, str, Severity], ...] = (
            ("recording", playback is not None and playback.is_over, "The recording is over",
             f"All of {playback.now.name} was played; nothing more comes, and the last values stand."
             if playback is not None else "", "Start QTrade again to play it anew.", "warning"),
            ("files", bool(self._restart_needed), "A program file changed", f"Not what runs: {self._restart_needed}.",
             "Restart when it suits you; positions and settings are kept.", "warning"),
            ("disk:state", bool(state.problem), "The state can't be written", encodable(state.problem), state.cure,
             "error"),
            ("disk:journal", bool(journal.problem), "History can't be written",
             encodable(f"{journal.problem}. {journal.waiting_words}."), journal.cure, "error"),
            ("disk:bars", bool(bars.problem), "Bars can't be kept", encodable(bars.problem), bars.cure, "error"),
            ("disk:archive", bool(archive.problem), "The archive can't be written", encodable(archive.problem),
             archive.cure, "error"),
            ("parts", bool(failing), "A part of the engine keeps failing", failures,
             "The rest goes on. Restart if it stays, and report it with the log file.", "error"),
            ("feed", feed_dead, "No quotes come",
             "TWS answers, but no price has come on any line for a minute. The lines are asked for again; after 90 s "
             "the connection is made anew.",
             "If it stays: see whether TWS itself shows prices. If it does, restart TWS; if not, another session may "
             "have the data (mobile, web), or IB is down.", "error"),
            ("positions", missing > 0, "More positions than lines",
             f"{missing} positions have no market-data line and are valued from IB's portfolio updates.",
             "Raise the line limit in Settings if the account has more lines.", "error"),
            ("accounts", len(rooms.login.watched) > ACCOUNTS_MAX, "More accounts than TWS lets follow",
             f"Values and day P&L are asked for the first {ACCOUNTS_MAX} of {len(rooms.login.watched)} accounts;"
             " positions of all are shown.", "Name the one to watch as Account in Settings > Broker.", "warning"),
            # Nearly all in use is how it should be, and no event: the spare ones rotate and give way.
            ("full", lines.full, "No market-data line is free",
             f"All {lines.limit} are in use and none rotates, so requests are refused.",
             "Raise the limit in Settings if the account has more, or close quote windows in TWS.", "info"),
        )  # fmt: skip
        for key, is_on, title, text, cure, severity in faults:
            if is_on:
                rooms.health.conditions.raise_(
                    key,
                    wall,
                    title,
                    text,
                    cure=cure,
                    severity=severity,
                    quiet=key == "full",  # the bus has said it: SUBSCRIPTION NEAR LIMIT
                    since=wall - (rooms.clock.mono() - dead_since) if key == "feed" and dead_since else None,
                )
            else:
                rooms.health.conditions.resolve(key, wall)
        for rescue in rescues.take(self._setup.data_dir, state.folder):
            rooms.health.conditions.raise_(
                f"rescued:{rescue.path.name}", wall, rescue.title, encodable(rescue.text), severity="error",
                cure=rescue.cure, lasting=False, quiet=True,
            )  # fmt: skip
        for key in (LINK_KEY, SERVERS_KEY):
            rooms.health.conditions.weigh(key, "warning" if rooms.is_excused() else "error", wall)
        self._notice_farms(wall)
        self._notice_silence(wall)
        self._notice_client_id(wall)

    def _notice_farms(self, wall: float) -> None:
        """Which positions' prices stand still since a market-data farm fell: an error once they do for a minute."""
        rooms, farms, now = self._rooms, self._rooms.bus.farms.data(), self._rooms.clock.mono()
        if not farms or not rooms.bus.connected:
            return
        held = {contract.con_id: contract.local_symbol for contract in rooms.manager.contracts()}
        for farm in farms:
            found = {held[con_id]: place for con_id in rooms.manager.tradable_ids()
                     if (place := rooms.bus.standing(con_id)) is not None and farm.name in place.farms}  # fmt: skip
            silent = [symbol for symbol, place in found.items() if place.is_silent]
            since = second_told(rooms.market.now(wall - (now - farm.fell_mono)))
            title, text = farm_words(farm.name, since, silent, list(found))
            key = farm_key(farm.name)
            if rooms.health.conditions.is_open(key):
                rooms.health.conditions.raise_(key, wall, title, text)
                lasts = bool(silent) and now - farm.fell_mono >= self._setup.timings.dead_feed_s
                rooms.health.conditions.weigh(key, "error" if lasts else "warning", wall)

    def _notice_silence(self, wall: float) -> None:
        """Lines that bring nothing beside others that tick, and those whose data another session has taken."""
        rooms, conditions = self._rooms, self._rooms.health.conditions
        feed = rooms.bus.feed_state
        now = rooms.clock.mono()
        silent = {found.con_id: found for found in feed.blind}
        if feed.dead_since is None:  # one condition for all is enough
            for con_id in silent.keys() - self._silent.keys():
                self._silent[con_id] = silent[con_id].since_mono
                self._tell_silent(silent[con_id], now, wall)
        for con_id in self._silent.keys() - silent.keys():
            since = self._silent.pop(con_id)
            conditions.resolve(f"silent:{con_id}", wall, "It ticks again." if rooms.bus.ticked(con_id, since) else "")
        conditions.weigh(COMPETING, "error" if rooms.bus.competing_for_positions else "warning", wall)
        if conditions.is_open(COMPETING) and not rooms.bus.competing and rooms.bus.feed.heard_within(5.0, now):
            conditions.resolve(COMPETING, wall, "Ticks come again.")

    def _notice_client_id(self, wall: float) -> None:
        """Connected under another id than the user's, as that one is taken."""
        conditions, link = self._rooms.health.conditions, self._rooms.broker.link
        if not link.connected:
            return
        if link.busy_client_id is None:
            conditions.resolve(CLIENT_ID, wall, f"Back at client id {link.client_id}.")
            return
        conditions.raise_(
            CLIENT_ID,
            wall,
            f"Client id {link.busy_client_id} is in use: connected as {link.client_id}",
            "Prices, positions and fills are the same under any client id. QTrade goes back to its own as soon as TWS "
            "gives it back, not in the minutes around the open and the close.",
            cure=f"Nothing needs to be done. If it lasts, another program uses client id {link.busy_client_id}: "
            "close it, or choose another id in Settings > Broker.",
            code=326,
        )

    def _tell_silent(self, found: Blind, now: float, wall: float) -> None:
        """Its words say since when, by the market's clock: a count of seconds would stand still."""
        rows = self._rooms.manager.is_valued_by_ib(found.con_id)
        since = wall - (now - found.since_mono)
        silent_since = second_told(self._rooms.market.now(since))
        valued = "" if rows is None else ", valued by IB" if rows else ", its last one stands"
        self._rooms.health.conditions.raise_(
            f"silent:{found.con_id}",
            wall,
            f"{found.symbol}: no price since {silent_since}{valued}",
            "Others tick, and this one should: its line is asked for again.",
            severity="error",
            since=since,
            con_id=found.con_id,
            symbol=found.symbol,
            cure="See whether TWS shows its price. If it does and this stays, restart TWS.",
        )

    def _conditions(self) -> tuple[Condition, ...]:
        """All conditions; those that changed go to the journal."""
        conditions = self._rooms.health.conditions.newest_first()
        now_market = self._rooms.market_now()
        for condition in conditions:
            known = self._journalled.get(condition.key)
            if known is None or (known.open, known.count) != (condition.open, condition.count):
                self._setup.journal.record_notice(condition, now_market)
                self._journalled[condition.key] = condition
        return conditions
