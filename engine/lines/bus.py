"""MarketDataBus: holders put their demands, the bus plans, acts, and routes everything that concerns a line.

Engine thread only. It owns every req_id: a subscribe counts from the decision, a cancel until the gateway can have
freed the line; no contract is ever opened twice.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from msgspec.structs import replace

from engine.broker.port import BrokerPort, RequestError, SystemNotice, Ticks
from engine.clock import Clock
from engine.config import CoverageSettings, LineSettings
from engine.domain import ContractRef, Demand, LineSpan, Quote
from engine.lines import repair, words
from engine.lines.demands import DemandBook
from engine.lines.diary import Diary
from engine.lines.executor import LineExecutor
from engine.lines.farms import DownFarm, Farms
from engine.lines.feed_watch import AGAIN_S, DEAD_S, FeedState, FeedWatch
from engine.lines.learned_cap import LearnedCap
from engine.lines.ledger import Ledger, Line
from engine.lines.log_lines import LineLog
from engine.lines.model import RANK, LinePlan, LinePolicy
from engine.lines.plan import plan
from engine.lines.ports import SpareLines
from engine.lines.quotes import QuoteBook
from engine.lines.refusals import Desks, Refusals

CONNECTION_LOST = 1100
FARM_UP = 2104
ANSWERED_S = 1.0  # from the first tick: what comes so soon belongs to the answer, out of a cache perhaps
IN_FLIGHT_S = 0.3
UNDER_WAY_S = 3.0  # ticks that come so soon after 1100, or after the fall of a farm, were sent before it
_SPOKEN_REFUSALS = ("limit", "positions")

log = logging.getLogger("qtrade.lines")


def _real_time(wall: float) -> float:
    return wall


def _not_told(con_id: int) -> bool:
    return False


def _no_unit(con_id: int) -> float | None:
    return None


@dataclass(frozen=True)
class Hooks:
    """What the bus asks of other rooms, and tells them.

    `volume_unit(con_id)`, `size_unit(con_id)` = shares (contracts) a unit of volumes and of sizes, None = unknown.
    `market_time` turns wall into market seconds.
    `is_closed(con_id)` = its hours say that nothing trades now, `is_regular` = that it is in regular hours; of hours
    that are not known neither is said.
    `on_unknown(con_id)` is called when the gateway said twice that it has no such contract.
    `on_span` is called for each line that ended and was more than a visit.
    `on_servers_back` is called when ticks show that TWS has IB's servers again, though it did not say so;
    `on_farm_back` when a farm is taken for back, though TWS did not say so.
    """

    on_quote: Callable[[Quote, bool], None]  # each changed quote, and whether a trade came with it
    volume_unit: Callable[[int], float | None] = _no_unit
    size_unit: Callable[[int], float | None] | None = None  # None = counted like volumes
    market_time: Callable[[float], float] = _real_time
    is_closed: Callable[[int], bool] = _not_told
    is_regular: Callable[[int], bool] = _not_told
    dead_feed_s: float = DEAD_S  # of silence
    on_unknown: Callable[[int], None] = lambda con_id: None
    on_span: Callable[[LineSpan], None] = lambda span: None
    on_servers_back: Callable[[], None] = lambda: None
    on_farm_back: Callable[[str], None] = lambda farm: None


class Standing(NamedTuple):
    """A line that has brought no price since these farms fell. `is_silent` = long enough to be odd."""

    farms: tuple[str, ...]
    since_mono: float  # its last price, or its request
    is_silent: bool


class MarketDataBus:
    """Lines by the plan; the spare ones are asked for by `spare`. What it says of itself: `engine/lines/report.py`."""

    def __init__(
        self,
        broker: BrokerPort,
        settings: LineSettings,
        clock: Clock,
        hooks: Hooks,
        spare: SpareLines,
        coverage: CoverageSettings = CoverageSettings(),  # noqa: B008 - frozen
    ) -> None:
        self._broker = broker
        self.settings = settings
        self._coverage = coverage
        self.clock = clock
        self._on_quote = hooks.on_quote
        self.market_time = market_time = hooks.market_time
        self.demands = DemandBook()
        self.ticks = 0  # updates of a line, late ones included
        self.ledger = Ledger()
        self.diary = Diary()
        self._log = LineLog(log)
        self.cap = LearnedCap()
        self._book = QuoteBook(hooks.volume_unit, hooks.size_unit)
        self._executor = LineExecutor(
            broker,
            clock,
            self.ledger,
            self.diary,
            self._log,
            self._book,
            market_time,
            hooks.on_span,
        )
        self.on_rerouted = self._executor.on_rerouted
        desks = Desks(
            broker,
            clock,
            self.ledger,
            self._executor,
            self.diary,
            self._log,
            self.cap,
            self._market,
            lambda: self.settings.limit,
        )
        self.refusals = Refusals(desks, self.step, hooks.on_unknown)
        self.spare = spare
        self.plan = LinePlan()
        self._swaps: deque[float] = deque()
        self.connected = False
        self.upstream_down = False
        self._upstream_down_mono = 0.0
        self._under_way_s = UNDER_WAY_S  # nothing is under way on a new connection
        self._greeted = False  # TWS has said since of a market-data farm that it is up
        self._on_servers_back = hooks.on_servers_back
        self.farms = Farms()
        self._on_farm_back = hooks.on_farm_back
        self.feed = FeedWatch(hooks.is_closed, hooks.is_regular, hooks.dead_feed_s)
        self._feed_round_mono = -AGAIN_S

    @property
    def late_ticks(self) -> int:
        """Ticks of requests that were no line of ours any more."""
        return self.refusals.late_ticks

    # --- what the rooms ask -----------------------------------------------------------------------------------

    def demand(self, holder: str, demands: Sequence[Demand]) -> None:
        """Replace everything that `holder` wanted. A new position is acted upon at once, the rest at the next step."""
        now = self.clock.mono()
        if self.demands.put(holder, demands, now):
            self.step(now)

    def set_settings(self, settings: LineSettings, coverage: CoverageSettings) -> None:
        """Takes effect at the next step."""
        self.settings, self._coverage = settings, coverage

    def holds(self, con_id: int) -> bool:
        """A line is open or asked for, and not on its way out."""
        line = self.ledger.get(con_id)
        return line is not None and line.state != "cancelling"

    def con_id_of(self, req_id: int) -> int | None:
        """The contract whose line this request is; None = no line of ours (any more)."""
        line = self.ledger.by_req.get(req_id)
        return None if line is None else line.con_id

    def refusal_of(self, con_id: int) -> str:
        """Why TWS gives this contract no line now; "" = nothing is known against it."""
        block = self.refusals.block(con_id, self.clock.mono())
        return "" if block is None else block.sentence

    @property
    def feed_state(self) -> FeedState:
        """The feed as its quotes tell; nothing is said of it while the link or IB's servers are away."""
        return FeedState() if self.upstream_down or not self.connected else self.feed.state

    def ticked(self, con_id: int, since_mono: float) -> bool:
        """Whether its line, if it still has one, brought something after that moment."""
        line = self.ledger.get(con_id)
        return line is not None and (line.last_tick_mono or 0.0) > since_mono

    def is_silent(self, con_id: int) -> bool:
        """Its line brings nothing although it should."""
        return self.silent_since(con_id) is not None

    def silent_since(self, con_id: int) -> float | None:
        """When its last quote came, monotonic, where its line brings nothing although it should; None = it does."""
        blind = self.feed_state.blind
        return next((found.since_mono for found in blind if found.con_id == con_id), None) if blind else None

    @property
    def farms_down(self) -> bool:
        """TWS has said of a market-data farm that it is down, and not since that it is back."""
        return bool(self.farms.data())

    def doubts(self) -> tuple[SystemNotice, ...]:
        """What TWS has said was down, as it said it, and nothing has shown since to be over."""
        lost = (SystemNotice(CONNECTION_LOST, ""),) if self.upstream_down else ()
        return (*lost, *(SystemNotice(farm.code, "", farm.name) for farm in self.farms.down()))

    def standing(self, con_id: int) -> Standing | None:
        """The farms that have fallen since the last price of a contract flowed, None = it has a line that flows, or
        nothing is expected of it."""
        fallen, line = self.farms.data(), self.ledger.get(con_id)
        if not fallen or line is None or not self.connected or self.feed.is_closed(con_id):
            return None
        flowed, now = line.last_flow_mono, self.clock.mono()
        since = [farm for farm in fallen if flowed is None or flowed < farm.fell_mono + UNDER_WAY_S]
        if not since:
            return None
        silent_since = max(flowed or 0.0, line.since_mono)
        is_silent = now - max(silent_since, since[0].fell_mono) >= self.feed.odd_silence_s(con_id)
        return Standing(tuple(farm.name for farm in since), silent_since, is_silent)

    @property
    def competing(self) -> bool:
        """Another session has the market data of some line (10197), and no tick has come on it since."""
        return any(line.competing for line in self.ledger)

    @property
    def competing_for_positions(self) -> bool:
        """The same of a position's line."""
        return any(line.competing for line in self.ledger if line.line_class == "100")

    def live_con_ids(self) -> list[int]:
        """Contracts whose line brings ticks now."""
        return [line.con_id for line in self.ledger if line.state == "live"]

    def rename(self, contract: ContractRef) -> None:
        """The same contract under another name: its line and its quote are shown so."""
        line = self.ledger.get(contract.con_id)
        if line is not None:
            line.contract = line.contract.named_as(contract)
        self._book.rename(contract.con_id, contract.local_symbol)

    def quote(self, con_id: int) -> Quote | None:
        """The newest quote, also of a symbol whose line is gone."""
        return self._book.get(con_id)

    def quotes(self) -> list[Quote]:
        """Every symbol that has a price."""
        return [quote for quote in self._book.all() if quote.price is not None]

    def positions_without_line(self) -> int:
        """Positions that are valued from portfolio updates because every line is a position's."""
        return self.plan.positions_without_line

    def trial(self, demand: Demand, now_mono: float) -> LinePlan:
        """The plan as it would be with one demand more; nothing is carried out."""
        wanted = [*self._wanted(now_mono), demand]
        return plan(wanted, self.ledger.held(), self.limit, now_mono, self.policy(now_mono))

    @property
    def limit(self) -> int:
        """Lines that may be used: the user's limit, or less where TWS refused more."""
        return self.cap.effective(self.settings.limit)

    @property
    def worst_second(self) -> int:
        """The most messages that left within one second."""
        return self._broker.link.sent_worst_second

    def policy(self, now_mono: float) -> LinePolicy:
        """The plan's numbers at this moment."""
        while self._swaps and now_mono - self._swaps[0] >= 60.0:
            self._swaps.popleft()
        swaps_left = max(0, self.settings.swaps_per_minute - len(self._swaps))
        return replace(LinePolicy.of(self.settings, self._coverage, swaps_left), buffer=self._buffer)

    @property
    def _buffer(self) -> int:
        """Lines kept for positions, less what a try for more lines lends out."""
        return self.cap.buffer(self.settings.limit, self.settings.buffer)

    # --- the step ---------------------------------------------------------------------------------------------

    def step(self, now_mono: float) -> None:
        """Settle what the gateway has freed, look after silent lines, plan, act. Twice a second."""
        if not self.connected:
            return
        self._executor.settle(now_mono, lambda con_id: bool(self.demands.of(con_id)))
        if back := self.farms.given_time(now_mono):
            self._farms_back(back, now_mono)
            for farm in back:
                self._on_farm_back(farm.name)
        if self.upstream_down:
            self._listen_for_servers(now_mono)
        if not self.upstream_down:
            self._look_after_lines(now_mono)
            self._try_for_more(now_mono)
        wanted = self._wanted(now_mono)
        self.plan = plan(wanted, self.ledger.held(), self.limit, now_mono, self.policy(now_mono))
        self._carry_out(self.plan, now_mono)
        self.diary.count_used(self.clock.wall(), len(self.ledger))
        self._log.used(len(self.ledger), self.limit, now_mono)

    def _try_for_more(self, now_mono: float) -> None:
        """After 101 more lines are tried now and then; a new position doesn't wait for how that ends."""
        waits = self.plan.positions_without_line > 0
        lines = list(self.ledger)
        if self.cap.is_trying and any(line.line_class != "100" for line in lines):
            barred = self.refusals.barred(now_mono)
            lacking = {d.contract.con_id for d in self.demands.all() if d.line_class == "100"} - barred
            if any(self.ledger.get(con_id) is None for con_id in lacking):
                self.cap.end_try(now_mono)
        self.cap.look(lines, self.settings.limit, self.settings.buffer, now_mono, position_waits=waits)

    def _wanted(self, now_mono: float) -> Sequence[Demand]:
        """All demands but those for contracts that the gateway refused a while ago, and the next visits."""
        barred = self.refusals.barred(now_mono)
        asked = self.demands.all()
        wanted = [d for d in asked if d.contract.con_id not in barred] if barred else list(asked)
        lines = list(self.ledger)
        seats, paused = self._seats_for_visits(lines), self.upstream_down
        wanted += self.spare.demands(lines, seats, barred, now_mono, self._market(), paused=paused)
        return wanted

    def _seats_for_visits(self, lines: Sequence[Line]) -> int:
        """Lines that visits may hold: what the budget leaves beside positions, pins, 50 and 25."""
        held = Counter(line.line_class for line in lines)
        limit = self.limit
        others = len(lines) - held["100"] - held["coverage"]
        return max(0, min(limit - self._buffer, limit - held["100"]) - others)

    def _look_after_lines(self, now_mono: float) -> None:
        """Renew silent lines, positions first; give up those that bring nothing."""
        dwell_s = self.policy(now_mono).dwell_s
        self._ask_again(self.feed.look(self.ledger, now_mono), now_mono)
        is_speaking = repair.is_feed_speaking(self.ledger, now_mono)
        for line in sorted(self.ledger, key=lambda held: RANK[held.line_class]):
            verdict = repair.judge(line, now_mono, dwell_s)
            if verdict == "renew":
                self._executor.renew(line, now_mono)
            elif verdict == "no_data" and is_speaking:
                self.refusals.no_data(line, now_mono)

    def _ask_again(self, feed: FeedState, now_mono: float) -> None:
        """A dead feed: for all lines; else for those that are silent beside others that tick."""
        if feed.dead_since is not None:
            if now_mono - self._feed_round_mono < AGAIN_S:
                return
            self._feed_round_mono = now_mono
            log.warning("No tick on any line for %.0f s: asking again for all of them", now_mono - feed.dead_since)
            for line in self.ledger:
                repair.verify(line, now_mono, now_mono, "no tick on any line")
            return
        for con_id, _, since_mono in feed.blind:
            silent = self.ledger.get(con_id)
            if silent is None or silent.verify_since_mono is not None:
                continue
            renewed = silent.renewed_mono
            if renewed is None or renewed < since_mono or now_mono - renewed >= AGAIN_S:
                repair.verify(silent, now_mono, now_mono, f"no price for {now_mono - since_mono:.0f} s")

    def _carry_out(self, result: LinePlan, now_mono: float) -> None:
        for keep in result.keep:
            self._executor.keep(keep, now_mono)
        for cancel in result.cancel:
            if cancel.swap:
                self._swaps.append(now_mono)
            self._executor.cancel(cancel, now_mono)
        for subscribe in result.subscribe:
            self._executor.subscribe(subscribe, now_mono)
            if subscribe.line_class == "coverage":
                self.spare.on_opened(now_mono)
        for demand in self.demands.unqualified:
            self.refusals.note(demand.contract, words.NOT_QUALIFIED, spoken=demand.line_class == "100")
        for refused in result.refused:
            if refused.kind != "waiting":
                spoken = refused.kind in _SPOKEN_REFUSALS
                self.refusals.note(refused.demand.contract, refused.reason, spoken=spoken, contest=not spoken)

    # --- connection -------------------------------------------------------------------------------------------

    def on_connected(self, epoch: int) -> None:
        """A new connection: every line of the old one is gone; all are asked for again, positions first."""
        self._forget_all_lines()
        self._executor.epoch = epoch
        self.connected = True
        now = self.clock.mono()
        self._upstream_down_mono, self._under_way_s, self._greeted = now, 0.0, False
        self.farms.on_connected(now)
        self.feed.resume(now)
        self.refusals.on_connected()
        self.step(self.clock.mono())

    def on_disconnected(self) -> None:
        """Every line is dead; demands stay."""
        self.connected = False
        self.cap.end_try(self.clock.mono())
        self.spare.on_disconnected()
        self._forget_all_lines()
        self.plan = LinePlan()
        self.diary.count_used(self.clock.wall(), 0)

    def on_notice(self, notice: SystemNotice) -> None:
        """1100, 1101, 1102 and the farms; everything else is not about lines."""
        now = self.clock.mono()
        if notice.code in (1100, 2110):
            self.upstream_down, self._upstream_down_mono, self._under_way_s = True, now, UNDER_WAY_S
            self._greeted = False
        elif notice.code == 1101:
            self.upstream_down = False
            self.feed.resume(now)
            self._lines_dropped(now)
        elif notice.code == 1102:
            self.upstream_down = False
            self.feed.resume(now)
            self._verify_all(repair.verify_kept, now)
        elif notice.code == FARM_UP:
            self._greeted = True
        self._farms_back(self.farms.take(notice, now), now)

    def _farms_back(self, back: Sequence[DownFarm], now_mono: float) -> None:
        """Lines that stay silent are asked for again."""
        if any(farm.kind == "data" for farm in back):
            self._verify_all(repair.verify_farm, now_mono)

    def _listen_for_servers(self, now_mono: float) -> None:
        """2110 has no opposite, and 1102 may be lost: ticks say it as well, also on a new connection, which proves
        nothing itself; where all markets are closed, a farm that is up does. Silent lines are looked after."""
        down_s = now_mono - self._upstream_down_mono
        is_closed = self._greeted and all(self.feed.is_closed(line.con_id) for line in self.ledger)
        if is_closed or self.feed.flowed_within(down_s - self._under_way_s, now_mono):
            log.info("%s, so TWS has IB's servers again", "A data farm is up" if is_closed else "Ticks come again")
            self.upstream_down = False
            self.feed.resume(now_mono)
            self._verify_all(repair.verify_kept, now_mono)
            self._on_servers_back()

    def _verify_all(self, how: Callable[[Line, float], None], now_mono: float) -> None:
        for line in self.ledger:
            if line.listens:
                how(line, now_mono)
                if line.listen_from_mono is not None:
                    line.listen_from_mono = now_mono

    def _lines_dropped(self, now_mono: float) -> None:
        """1101: TWS dropped every line that it knew; requests and cancels that had not reached it are still to come."""
        log.info("TWS dropped all market-data lines: subscribing again, positions first")
        self.refusals.forget_abandoned()
        for line in self.ledger:
            self._executor.note_sent(line)
            if not line.listens:
                continue
            sent = line.sent_mono
            if line.state == "pending" and (sent is None or now_mono - sent < IN_FLIGHT_S):
                repair.verify(line, now_mono, now_mono, "asked for while TWS dropped its lines")
                continue
            self.refusals.abandon(line.req_id, now_mono)
            self._executor.lose(line)
        self.step(now_mono)

    def _forget_all_lines(self) -> None:
        for line in self.ledger:
            self._executor.lose(line)
        self.refusals.forget_abandoned()

    # --- ticks and errors -------------------------------------------------------------------------------------

    def on_ticks(self, ticks: Ticks) -> None:
        """Ticks of lines that are not ours any more are counted and ignored."""
        now_wall = self.clock.wall()
        by_req = self.ledger.by_req
        self.ticks += len(ticks.updates)
        for update in ticks.updates:
            line = by_req.get(update.req_id)
            if line is None or not line.listens:
                if self.refusals.on_late_tick(update.req_id, update.received_mono):
                    log.warning("A line that TWS reported as gone still ticks: it is cancelled")
                continue
            quote, changed = self._book.take(line.con_id, line.symbol, line.lane, line.epoch, update, now_wall)
            line.last_tick_mono = update.received_mono
            first = line.first_tick_mono
            if quote.price_kind not in (None, "close") or quote.bid is not None or quote.ask is not None:
                is_flow = first is not None and update.received_mono - first >= ANSWERED_S
                self.feed.heard(line.con_id, update.received_mono, is_flow=is_flow)  # a close is no quote
                if is_flow:
                    line.last_flow_mono = update.received_mono
            line.last_tick_wall = now_wall
            if line.state != "live":
                self._first_tick(line, quote, update.received_mono)
            if changed or update.has_trade:
                self._on_quote(quote, update.has_trade)

    def _first_tick(self, line: Line, quote: Quote, received_mono: float) -> None:
        """The acknowledgement of a request: any price."""
        if line.first_tick_mono is None:
            line.first_tick_mono = received_mono
        if quote.price is None and quote.bid is None and quote.ask is None:
            return
        if line.state == "pending":
            self._log.subscribed(line.symbol, line.line_class, quote.data_type)
        line.state = "live"
        line.message = "" if quote.data_type == "live" else line.message
        line.asked_again = line.competing = False
        self.refusals.succeed(line.con_id)

    def on_error(self, error: RequestError) -> None:
        """An error that names a request; those of lines are acted upon, others are not ours."""
        self.refusals.on_error(error)

    def _market(self) -> float:
        return self.market_time(self.clock.wall())
