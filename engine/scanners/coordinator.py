"""ScannerCoordinator: runs both scanners, merges what they find, and says which lines it would like.

Engine thread only. It asks the bus for lines (the runtime carries `demands()` there) and never takes one itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from engine.bars.feed import BarFeed
from engine.bars.history import RANK_UNIVERSE
from engine.bars.store import REWIND_S
from engine.breakout.detector import Verdict
from engine.breakout.rules import Floors
from engine.breakout.why import Why, level_text, nearest_miss, why_of
from engine.broker.port import RequestError, ScanRow, ScanRows
from engine.clock import Clock
from engine.config import BreakoutParams, MarketScanSettings
from engine.coverage.hints import scan_hints
from engine.coverage.rotation import NOBODY
from engine.coverage.urgency import Running
from engine.coverage.visits import Look, VisitJudge
from engine.domain import Candidate, ContractRef, Demand, Quote, Signal, Stay
from engine.prices.decimals import contract_decimals
from engine.scanners.board import Board, RunningSignal, Tops, usable, watched
from engine.scanners.breakout import BreakoutScanner, Dollars, QuoteLookup, Surroundings, none_silent, only_dollars
from engine.scanners.heat import HeatHistory
from engine.scanners.market import MarketScanner, ScanPort, ScanResult
from engine.scanners.shadow import ShadowSet
from engine.scanners.signal_log import SignalLog
from engine.scanners.universe import Universe
from engine.state.sections import ScannersSection, SignalsSection

log = logging.getLogger("qtrade.scanners")

CYCLE_S = 10.0


class Cover(Protocol):
    """`engine.coverage.rotation.Rotation`, as far as the scanners need it."""

    def universe(
        self, contracts: Iterable[ContractRef], now_mono: float, elsewhere: Mapping[int, str] = NOBODY
    ) -> None: ...

    def hint(self, hints: Mapping[int, float], now_mono: float) -> None: ...

    def judged(self, con_id: int, distance_atr: float | None) -> None: ...

    def watch(self, signals: Mapping[int, Running]) -> None: ...


class Shared(Protocol):
    """Which symbols are this engine's where several share one universe (`engine.sharding`). Any thread."""

    @property
    def version(self) -> int:
        """Rises when something else may be its own."""

    def mine(self, con_ids: Sequence[int]) -> set[int]:
        """Those of them that are its own now."""

    def owner(self, con_id: int) -> str:
        """The engine that looks after it."""

    def offer(self, contracts: Iterable[ContractRef]) -> None:
        """The universe as it is known here."""

    def take_found(self) -> list[ContractRef]:
        """What the scans of others have found since the last call."""


class Unshared:
    """All is this engine's."""

    version = 0

    def mine(self, con_ids: Sequence[int]) -> set[int]:
        return set(con_ids)

    def owner(self, con_id: int) -> str:
        return ""

    def offer(self, contracts: Iterable[ContractRef]) -> None:
        pass

    def take_found(self) -> list[ContractRef]:
        return []


class NoCover:
    """Nobody rotates: for replays in which every symbol has a line."""

    def universe(
        self, contracts: Iterable[ContractRef], now_mono: float, elsewhere: Mapping[int, str] = NOBODY
    ) -> None:
        pass

    def hint(self, hints: Mapping[int, float], now_mono: float) -> None:
        pass

    def judged(self, con_id: int, distance_atr: float | None) -> None:
        pass

    def watch(self, signals: Mapping[int, Running]) -> None:
        pass


def _not_known(con_id: int) -> float | None:
    return None


class Parts(NamedTuple):
    """What the coordinator is given. `market` is the market clock; `quote` the newest quote of a con_id.

    `cover` hears where a visit may pay; `dollars` of a stock quoted in another currency or unit; `min_tick` of a
    con_id, None = its details are not known; `silent_since` as in `Surroundings`; `shared` says which symbols are ours.
    """

    feed: BarFeed
    broker: ScanPort
    clock: Clock
    market: Callable[[], float]
    quote: QuoteLookup
    cover: Cover = NoCover()
    dollars: Callable[[ContractRef], Dollars] = only_dollars
    min_tick: Callable[[int], float | None] = _not_known
    silent_since: Callable[[int], float | None] = none_silent
    shared: Shared = Unshared()


class ScannerCoordinator:
    """Both scanners, the universe and the board. `on_signal` gets each signal as it begins and as it ends."""

    def __init__(
        self,
        parts: Parts,
        params: BreakoutParams,
        scans: MarketScanSettings,
        normal_max: int = 10,
        top_max: int = 10,
        on_signal: Callable[[Signal], None] = lambda signal: None,
        on_shadow: Callable[[str, Signal], None] = lambda name, signal: None,
    ) -> None:
        self._parts = parts
        self._feed = parts.feed
        self._store = parts.feed.store
        self._scans = scans
        self._normal_max, self._top_max = normal_max, top_max
        self._tops = Tops()
        self._listener = on_signal
        self._exempt: frozenset[int] = frozenset()
        self._shared_version = parts.shared.version
        self._stayers: frozenset[int] = frozenset()
        self._elsewhere: Mapping[int, str] = NOBODY  # con_id -> the engine that looks after it in our place
        self._log = SignalLog()
        self._cycle_mono = float("-inf")
        self._cycle_market = float("-inf")
        self._cycle_ms: float | None = None
        self.cycles, self.cycles_s = 0, 0.0
        self._run_market: float | None = None
        self._newest_market = float("-inf")
        self._news = False  # a result came, a signal began or ended: the order is not right any more
        self.changed = False  # demands should be read now rather than at the next cycle
        self.universe = Universe()
        self.board = Board()
        self.heat = HeatHistory()
        mono = parts.clock.mono
        around = Surroundings(
            parts.quote,
            self._exempt_now,
            self._unit_known,
            mono,
            self.board.scans_of,
            parts.dollars,
            parts.silent_since,
        )
        self.shadow = ShadowSet(self._store, around, on_shadow, lambda: self.breakout)
        self.breakout = BreakoutScanner(self._store, around, params, floors_of(params, scans), self._on_signal)
        self.visits = VisitJudge(self.breakout, self._store)
        self._feed.needed_by(self._is_needed)
        for forget in (self.board.drop, self.breakout.forget, self.shadow.forget, self.visits.forget):
            self._feed.tell_of_leavers(forget)
        self.market = MarketScanner(parts.broker, scans, mono, self._on_result, self._on_pushed)

    # --- settings and events ------------------------------------------------------------------------------------

    def set_params(self, params: BreakoutParams) -> None:
        """Thresholds: take effect at the next cycle, which is due at once."""
        self.breakout.set_params(params, floors_of(params, self._scans))
        self.shadow.set_floors(floors_of(self.shadow.params or params, self._scans))
        self._cycle_mono = float("-inf")

    def set_market(self, scans: MarketScanSettings) -> None:
        """Presets and floors of the scans."""
        self._scans = scans
        self.market.set_settings(scans)
        self.breakout.set_params(self.breakout.params, floors_of(self.breakout.params, scans))

    def set_shadow(self, name: str, params: BreakoutParams | None) -> None:
        """A second set of thresholds on the same bars, without lines or alerts; None = none."""
        self.shadow.choose(name, params, floors_of(params or self.breakout.params, self._scans))

    def set_lines(self, normal_max: int, top_max: int) -> None:
        """Lines that candidates, and running signals, may have."""
        self._normal_max, self._top_max = normal_max, top_max
        self.changed = True

    def set_allow_delayed(self, allowed: bool) -> None:
        """Whether delayed prices may make signals."""
        self.breakout.allow_delayed = allowed
        self.shadow.set_allow_delayed(allowed)

    def set_kept(self, positions: Sequence[ContractRef], pins: Sequence[ContractRef] = ()) -> None:
        """Positions and pins: always in the universe, no floors."""
        now = self._parts.market()
        before = self._exempt
        self._exempt = frozenset(contract.con_id for contract in (*positions, *pins))
        self.universe.keep([*positions, *pins], now)
        self._tell_universe()
        if self._exempt != before:
            log.info("Position scanner tracking %d holdings", len(positions))

    def set_listed(self, contracts: Sequence[ContractRef]) -> None:
        """The watch-lists' symbols: in the universe at once, under the floors as any other; cheap to repeat."""
        if self.universe.set_listed([usable(contract) for contract in contracts], self._parts.market()):
            self._tell_universe()
            self._admit([(usable(contract), 1.0) for contract in contracts])

    def on_quote(self, quote: Quote, now_market: float) -> None:
        """Each quote, after the bars have taken it: what confirms, and visits."""
        self.breakout.on_quote(quote, now_market)
        self.shadow.on_quote(quote, now_market)
        if self.breakout.keeps_checks(quote, now_market):
            look = self.visits.look(quote, now_market)
            if look is not None:
                self._after_look(look)

    def stays(self, con_id: int, now_market: float) -> Stay:
        """Why a visit has to go on: a breakout is being confirmed, or bars and volume that decide are on their way."""
        return self.visits.stays(con_id, now_market)

    def on_history(self, con_id: int) -> None:
        """The broker's own bars have come."""
        self.visits.on_history(con_id, self._parts.market())
        self.shadow.on_history(con_id, self._parts.market())

    def rename(self, contract: ContractRef) -> None:
        """The same contract under another name: shown so from now on, its bars and signals stay."""
        self.universe.rename(contract)
        self.board.rename(contract)
        self._log.rename(contract.con_id, contract.local_symbol)
        self._tell_universe()
        self._news = True

    def on_connected(self) -> None:
        self.universe.on_connected(self._parts.market())
        self._tell_universe()
        self.market.on_connected()

    def on_disconnected(self) -> None:
        self.market.on_disconnected()

    def on_rows(self, event: ScanRows) -> bool:
        """Rows of a scan; False when the request is not ours."""
        return self.market.on_rows(event, self._parts.market())

    def on_error(self, error: RequestError) -> bool:
        """An error of one of our scans; False when it is not ours."""
        return self.market.on_error(error, self._parts.market())

    def on_unknown_contract(self, con_id: int) -> None:
        """The gateway answered 200: it leaves the universe for today (a position stays)."""
        self.universe.leave_today(con_id)
        self._tell_universe()
        if con_id not in self._exempt:
            self.board.drop(con_id)

    # --- running ------------------------------------------------------------------------------------------------

    def step(self, closed: Iterable[int] = ()) -> None:
        """What is due each second: confirmations, scans, and who left; `closed` = whose minute was over just now."""
        now = self._parts.market()
        if now < self._newest_market - REWIND_S:
            self._start_over(now)
        self._newest_market = now
        if self._log.turn_day(now):
            self.breakout.turn_day(now)
            self.shadow.turn_day(now)
        for con_id in closed:
            self.breakout.on_bar_closed(con_id, now)
            self.shadow.on_bar_closed(con_id, now)
        self.breakout.recheck(now)
        self.shadow.recheck(now)
        self.market.step(now)
        self._follow_group(now)
        self._settle(now)
        self._feed.let_go(self.universe.take_gone())

    def cycle_due(self) -> bool:
        """At each full 10 s of the market's clock, when the 10-second bars close that the Lab looks at.

        At most once a second of ours, and every 11 s of ours where that clock stands still.
        """
        since, now, before = self._parts.clock.mono() - self._cycle_mono, self._parts.market(), self._cycle_market
        is_over = now - before >= CYCLE_S or now // CYCLE_S > before // CYCLE_S
        return since > CYCLE_S + 1.0 or (since >= 1.0 and is_over)

    def until_cycle_s(self) -> float:
        """Seconds of the market's clock to its next full 10 s."""
        return CYCLE_S - self._parts.market() % CYCLE_S

    def cycle(self) -> Iterable[None]:
        """One run of the BreakoutScanner and the ranking after it; yields between slices."""
        begun = self._parts.clock.mono()
        now = self._parts.market()
        self._cycle_mono, self._cycle_market = begun, now
        yield from self.breakout.slices(now)
        yield from self.shadow.slices(now)
        self._arrange(now)
        took_s = self._parts.clock.mono() - begun
        self._cycle_ms = took_s * 1_000.0
        self.cycles, self.cycles_s = self.cycles + 1, self.cycles_s + took_s
        self._run_market = now

    # --- what it wants and shows --------------------------------------------------------------------------------

    def demands(self) -> list[Demand]:
        """Wishes for lines, best first; idempotent, the bus decides."""
        now = self._parts.market()
        self._settle(now)
        self.changed = False
        running = self._running()
        without_line = [each for each in running if each.con_id not in self._exempt]
        tops = self._tops.choose(without_line, self.top_score, self._top_max, now)
        self._parts.cover.watch(watched(running, tops, self.top_score, self.breakout.params.cool_down_min * 60.0, now))
        exempt = self._exempt | self._elsewhere.keys()
        return self.board.demands(self.breakout.verdicts, tops, self._normal_max, exempt)

    def _running(self) -> list[RunningSignal]:
        """All signals that run now. A position or pin may be without a line, too: then it is watched."""
        found = []
        for con_id, verdict in self.breakout.verdicts.items():
            if verdict.state != "confirmed":
                continue
            signal = self.breakout.running(con_id)
            if signal is not None:
                found.append(RunningSignal(con_id, verdict.score, signal.at))
        return found

    def score_of(self, con_id: int) -> float | None:
        """Its place among the candidates; None = it is not on the board."""
        return next((value for value, other in self.board.order if other == con_id), None)

    @property
    def top_score(self) -> float:
        """From here on a confirmed breakout is a 50."""
        return self.breakout.params.top_score

    def candidates(self) -> tuple[Candidate, ...]:
        self._settle(self._parts.market())
        return self.board.candidates(self.breakout.verdicts, self._parts.quote, self._miss, self.breakout.running)

    def why(self, con_id: int) -> Why:
        """Each rule of both sides with value, limit and verdict; and what was missing, in words."""
        now = self._parts.market()
        readings, running = self.breakout.readings(con_id, now), self.breakout.running(con_id)
        return why_of(readings, running, self.breakout.params, self._decimals(con_id))

    def signals_of(self, con_id: int) -> tuple[Signal, ...]:
        """Today's signals of one symbol, oldest first."""
        return self._log.of(con_id)

    def scores_now_of(self, con_id: int) -> tuple[tuple[str, float], ...]:
        """Ids of one symbol's running signals with their scores now; without those that were not judged."""
        return tuple(pair for signal, pair in self._scores_now() if signal.con_id == con_id)

    def restore(self, signals: Iterable[Signal]) -> None:
        """Signals of earlier today, from the journal: shown, counted, and their cool-downs hold. None runs on."""
        for signal in self._log.restore(signals, self._parts.market()):
            self.breakout.restore(signal)
            self.shadow.restore(signal)

    def signals(self) -> SignalsSection:
        return self._log.section(self._parts.market())

    def run_times(self) -> tuple[float | None, float | None]:
        """Market time of the newest breakout cycle and of the newest market-scan evaluation; None = none yet."""
        return self._run_market, self.market.run_market

    @property
    def looks(self) -> bool:
        """Whether a line ticks of a symbol with the bars to be judged by."""
        verdicts = self.breakout.verdicts
        return any(each.state != "warming" and self._feed.streams(con_id) for con_id, each in verdicts.items())

    def snapshot(self) -> ScannersSection:
        now = self._parts.market()
        candidates, verdicts = self.candidates(), self.breakout.verdicts
        return ScannersSection(
            scans=self.market.states(now),
            slots_used=self.market.slots_used,
            candidates=candidates,
            heat_score=self.heat.rows([(each.con_id, each.local_symbol) for each in candidates]),
            heat_times=self.heat.times(),
            events=tuple(self.board.events),
            universe=len(self.universe),
            with_bars=self._store.with_bars(),
            warming_text=self._feed.history.text(),
            breakout_run_market=self._run_market,
            market_run_market=self.market.run_market,
            breakout_cycle_ms=self._cycle_ms,
            results_breakout=sum(1 for verdict in verdicts.values() if verdict.state != "warming"),
            results_market=len({row.contract.con_id for result in self.market.results() for row in result.rows}),
            signals_today=len(self._log),
            scores_now=tuple(pair for _, pair in self._scores_now()),
            longest_slice_ms=max(self.breakout.longest_slice_s, self.shadow.longest_slice_s) * 1_000.0,
        )

    # --- inside -------------------------------------------------------------------------------------------------

    def _scores_now(self) -> Iterator[tuple[Signal, tuple[str, float]]]:
        for signal, score in self.breakout.scores_now():
            yield signal, (signal.id, round(score, 4))

    def _exempt_now(self, con_id: int) -> bool:
        return con_id in self._exempt

    def _is_needed(self, con_id: int) -> bool:
        """Back in the universe, or under a breakout's watch."""
        busy = con_id in self.breakout.detector.tracker.busy or self.shadow.is_busy(con_id)
        return con_id in self.universe or busy

    def _unit_known(self, con_id: int) -> bool:
        return self._feed.units.tick_factor(con_id) is not None

    def _miss(self, con_id: int, verdict: Verdict) -> str:
        if verdict.state == "confirmed":
            return ""
        return nearest_miss(verdict.reading, self.breakout.params, self._decimals(con_id))

    def _decimals(self, con_id: int) -> int | None:
        """Of the contract's prices; None while nobody has asked for its details."""
        contract, tick = self._store.contract(con_id), self._parts.min_tick(con_id)
        quote = self._parts.quote(con_id)
        if contract is None or tick is None and contract.sec_type != "CASH":
            return None
        return contract_decimals(tick, quote.price if quote is not None else None, contract.sec_type)

    def _on_result(self, result: ScanResult) -> None:
        """Every row enters the universe and asks for its history."""
        now = self._parts.market()
        contracts = [usable(row.contract) for row in result.rows]
        self._enter(contracts, now)
        if result.preset.instrument == "STK":
            self._feed.units.on_scan([contract.con_id for contract in contracts], self._scans.avg_volume_above)
        most = max(len(contracts), 1)
        self._admit([(contract, 1.0 - place / most) for place, contract in enumerate(contracts)])
        self._news = True  # results come nine at a time: ordered once, after the last

    def _settle(self, now: float) -> None:
        if self._news:
            self._arrange(now)

    def _on_pushed(self, scan_code: str, before: Sequence[int] | None, rows: Sequence[ScanRow]) -> None:
        """Each push of a scan, evaluated or not: its newcomers may be visited at once, and it says where to look."""
        contracts = [usable(row.contract) for row in rows]
        if any(contract.con_id not in self.universe for contract in contracts):
            self._enter(contracts, self._parts.market())
        con_ids = [contract.con_id for contract in contracts]
        self._parts.cover.hint(scan_hints(scan_code, before, con_ids), self._parts.clock.mono())

    def _enter(self, contracts: Sequence[ContractRef], now: float) -> None:
        """Into the universe; whoever has to go for it is forgotten at the next step."""
        self.universe.add(contracts, now)
        self._tell_universe()

    def _tell_universe(self) -> None:
        contracts = [c for con_id in self.universe.con_ids() if (c := self.universe.contract(con_id)) is not None]
        shared = self._parts.shared
        shared.offer(contracts)
        self._stayers = self._staying()
        others = self._others()
        self._elsewhere = {con_id: shared.owner(con_id) for con_id in others} if others else NOBODY
        mine = [contract for contract in contracts if contract.con_id not in others] if others else contracts
        self._parts.cover.universe(mine, self._parts.clock.mono(), self._elsewhere)

    def _others(self) -> set[int]:
        """Of the universe what other engines look after. Positions, pins and lists are each engine's own, and a running
        signal stays where it was found."""
        all_of_it = self.universe.con_ids()
        own = self._parts.shared.mine(all_of_it)
        if len(own) == len(all_of_it):
            return set()
        return set(all_of_it) - own - self._exempt - self.universe.listed - self._stayers

    def _staying(self) -> frozenset[int]:
        """Running signals of symbols that are another engine's by now."""
        running = [each.con_id for each in self._running()]
        return frozenset(running) - self._parts.shared.mine(running)

    def _follow_group(self, now: float) -> None:
        """What the scans of other engines have found, and symbols that are ours by now."""
        found, version = self._parts.shared.take_found(), self._parts.shared.version
        if not found and version == self._shared_version:
            return
        self._shared_version = version
        self._enter([usable(contract) for contract in found], now)
        contracts = [c for con_id in self.universe.con_ids() if (c := self.universe.contract(con_id)) is not None]
        self._admit([(contract, 0.0) for contract in contracts])
        self.changed = True

    def _admit(self, scored: Sequence[tuple[ContractRef, float]]) -> None:
        """Their history, of those that are in the universe and ours."""
        for contract, score in scored:
            con_id = contract.con_id
            if con_id in self.universe and con_id not in self._exempt and con_id not in self._elsewhere:
                self._feed.admit(contract, RANK_UNIVERSE, score)

    def _after_look(self, look: Look) -> None:
        """A visit was judged: its distance; and its bars are asked for where they decide."""
        self._parts.cover.judged(look.con_id, look.distance_atr)
        if look.needs_bars:
            self._feed.repair(look.con_id)
        elif look.is_thin and look.distance_atr is not None:
            self._feed.repair_to_spare(look.con_id, look.distance_atr)

    def _arrange(self, now: float) -> None:
        self._news = False
        if self._staying() != self._stayers:
            self._tell_universe()
        verdicts = self.breakout.verdicts
        self.board.merge(self._known(self.market.results()), now)
        for con_id, verdict in verdicts.items():
            if con_id in self._exempt or verdict.state in ("confirmed", "confirming"):
                contract = self._store.contract(con_id)
                if contract is not None:
                    self.board.note(contract, now)
        self.board.arrange(verdicts, now)
        self.heat.note({con_id: value for value, con_id in self.board.order}, now)
        self._feed.rank({con_id: value for value, con_id in self.board.order})
        self.changed = True

    def _known(self, results: Iterable[ScanResult]) -> list[ScanResult]:
        """Results without what left for the day."""
        return [
            result._replace(rows=tuple(row for row in result.rows if row.contract.con_id in self.universe))
            for result in results
        ]

    def _start_over(self, now: float) -> None:
        """The market clock was set back (another gateway, a replay): breakouts and candidates are of its future."""
        if self.board.entries:
            log.warning("The market clock was set back; candidates and running signals start over")
        self.breakout.set_back(now)
        self.visits.clear()
        self._feed.start_over()
        self.shadow.set_back(now)
        self.board.clear()
        self._cycle_market = float("-inf")

    def _on_signal(self, signal: Signal) -> None:
        now = self._parts.market()
        self._log.note(signal, now)
        if signal.state == "active":
            text = f"breakout {signal.side} {level_text(signal.level)}, score at signal {signal.score:.2f}"
            self.board.event(now, "signal", signal.con_id, signal.local_symbol, text)
        else:
            self.board.event(
                now, "ended", signal.con_id, signal.local_symbol, f"back inside {level_text(signal.level)}"
            )
        self._news = True
        self._listener(signal)


def floors_of(params: BreakoutParams, scans: MarketScanSettings) -> Floors:
    """The floors of the rules: price and volume from the thresholds, dollar volume from the scans."""
    return Floors(params.price_floor_usd, float(params.avg_volume_floor), float(scans.avg_usd_volume_above))
