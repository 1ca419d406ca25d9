"""BreakoutScanner: the detector over positions and every symbol with bars, every 10 s, in small slices.

Symbols that confirm or run are looked at with each quote and each second. Runs in the engine thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from engine.bars.build import BAR_S, bar_start
from engine.bars.sessions import RunningSession
from engine.bars.store import BarStore, SymbolBars
from engine.breakout.detector import Breakout, Detector, Event, Verdict
from engine.breakout.facts import SMA_BARS, Facts, levels_before
from engine.breakout.life import SIDES
from engine.breakout.rules import SILENT, Floors, Live, Reading, was_loud
from engine.clock import second_told
from engine.config import BreakoutParams
from engine.domain import ContractRef, Quote, RuleInput, Side, Signal
from engine.prices.live_price import live_price

log = logging.getLogger("qtrade.breakout")

SLICE_S = 0.004
VISIT_LASTS_S = 600.0
LEVELS_LAST_S = (
    90.0  # so long after a visit, and within the next one, its levels hold: what broke out is judged by them
)
LEVELS_BACK_S = 60.0  # where the last visit was longer ago: by the levels so long before this one
LEVELS_MOST = 5  # minutes that can have closed since then
UNSEEN_S = 600.0  # what a symbol did in a longer time without a look, nobody has seen
QuoteLookup = Callable[[int], Quote | None]


def _no_scans(con_id: int) -> tuple[str, ...]:
    return ()


def none_silent(con_id: int) -> float | None:
    """For whoever watches no feed."""
    return None


class Dollars(NamedTuple):
    """US dollars that a unit of quantity is worth for each point of its quotes; None = not known, `why` says why."""

    per_point: float | None
    why: str = ""


class _Visited(NamedTuple):
    """A visit: when its line began, its newest look, from when on a breakout may have begun, and up to when bars make
    its levels. `levels` are the facts `made_of` with those levels. Market time."""

    line_from: float
    at: float
    since: float
    until: float
    made_of: Facts
    levels: Facts


US_STOCK = Dollars(1.0)


def only_dollars(contract: ContractRef) -> Dollars:
    """For whoever knows no exchange rate."""
    if contract.currency == "USD":
        return US_STOCK
    return Dollars(None, f"the floor is in USD, and no exchange rate for {contract.currency} is known")


class Surroundings(NamedTuple):
    """What the scanner asks of other rooms. `exempt` = positions and pins, to which no floor applies.

    `dollars` of a stock that is quoted in another currency or unit.

    `scans` = names of the market scans that list a symbol now. `silent_since` = market time since which its line brings
    nothing though it should, None = it is not silent.
    """

    quote: QuoteLookup
    exempt: Callable[[int], bool]
    unit_known: Callable[[int], bool]
    mono: Callable[[], float]
    scans: Callable[[int], tuple[str, ...]] = _no_scans
    dollars: Callable[[ContractRef], Dollars] = only_dollars
    silent_since: Callable[[int], float | None] = none_silent


class BreakoutScanner:
    """Holds the newest verdict per symbol and raises signals through `on_signal` (begun and ended)."""

    def __init__(
        self,
        store: BarStore,
        around: Surroundings,
        params: BreakoutParams,
        floors: Floors,
        on_signal: Callable[[Signal], None],
    ) -> None:
        self._store = store
        self._around = around
        self._on_signal = on_signal
        self._running: dict[tuple[int, Side], Signal] = {}
        self.detector = Detector(params)
        self.floors = floors
        self.allow_delayed = False
        self.verdicts: dict[int, Verdict] = {}
        self._judged_at: dict[int, float] = {}  # market time of the newest look with a level to judge by
        self._visited: dict[int, _Visited] = {}
        self.longest_slice_s = 0.0  # of the last cycle

    def set_params(self, params: BreakoutParams, floors: Floors) -> None:
        """New thresholds: they hold from the next cycle on."""
        self.detector.set_params(params)
        self.floors = floors

    @property
    def params(self) -> BreakoutParams:
        return self.detector.params

    # --- running ------------------------------------------------------------------------------------------------

    def slices(self, now_market: float) -> Iterator[None]:
        """One cycle over all symbols; yields whenever a slice of 4 ms is used up, so that the loop can breathe."""
        begun = self._around.mono()
        longest = 0.0
        seen: set[int] = set()
        for con_id in self._store.con_ids():
            if self.evaluate(con_id, now_market) is not None:
                seen.add(con_id)
            used = self._around.mono() - begun
            if used > SLICE_S:
                longest = max(longest, used)
                yield
                begun = self._around.mono()
        self.longest_slice_s = max(longest, self._around.mono() - begun)
        unseen = [(con_id, verdict) for con_id, verdict in self.verdicts.items() if con_id not in seen]
        for con_id, verdict in unseen:
            if not self._lasts(con_id, verdict, now_market):
                del self.verdicts[con_id]
            elif verdict.state == "confirmed":
                self.verdicts[con_id] = self.detector.aged(con_id, verdict, now_market)

    def _lasts(self, con_id: int, verdict: Verdict, now_market: float) -> bool:
        """What a visit found stays the newest word on its symbol until the next visits should have come."""
        if now_market - verdict.at_market > VISIT_LASTS_S:
            return False
        runs = self.detector.tracker.phase(con_id, verdict.reading.side) == "active"
        return verdict.state in ("candidate", "warming") or (verdict.state == "confirmed" and runs)

    def recheck(self, now_market: float) -> None:
        """Each second: confirmations and running signals."""
        for con_id in list(self.detector.tracker.busy):
            entry = self._store.get(con_id)
            if entry is not None:
                self._watch_price(entry, self._around.quote(con_id), now_market)

    def on_quote(self, quote: Quote, now_market: float) -> None:
        """Each quote of a symbol that confirms or runs: a dip between two seconds counts."""
        if quote.con_id in self.detector.tracker.busy:
            entry = self._store.get(quote.con_id)
            if entry is not None:
                self._watch_price(entry, quote, now_market)

    def on_bar_closed(self, con_id: int, now_market: float) -> None:
        """A minute closed: the confirmation by bars."""
        if con_id not in self.detector.tracker.busy or self.params.confirm_bars == 0:
            return
        entry = self._store.get(con_id)
        if entry is None or not len(entry.series):
            return
        quote = self._around.quote(con_id)
        close = float(entry.series.arrays().close[-1])
        facts, live = self.facts(con_id, now_market), self._live(entry, quote, now_market)
        events = self.detector.bar_closed(con_id, close, facts, live if quote is not None else None, now_market)
        self._tell_and_refresh(entry, quote, events, now_market)

    def evaluate(self, con_id: int, now_market: float) -> Verdict | None:
        """Judge one symbol now; None (and nothing changed but confirmations) when it has no live price."""
        entry = self._store.get(con_id)
        if entry is None:
            return None
        quote = self._around.quote(con_id)
        if quote is None or not (entry.streaming or quote.data_type != "live"):
            if con_id in self.detector.tracker.busy:
                self._watch_price(entry, None, now_market)
            return None
        live = self._live(entry, quote, now_market)
        look = self.detector.look(con_id, self.facts(con_id, now_market), live, now_market)
        self.verdicts[con_id] = look.verdict
        if look.verdict.state != "warming" or look.verdict.reading.level is not None:
            self._judged_at[con_id] = now_market
        if look.events:
            self._tell(entry, quote, look.events, now_market)
        return look.verdict

    def turn_day(self, now_market: float) -> None:
        """A new day: no signal runs over night."""
        for event in self.detector.end_all(now_market):
            self._end(event.con_id, event.side, now_market)

    def set_back(self, now_market: float) -> None:
        """The market clock was set back: what is under way lies in its future."""
        self.detector.tracker.set_back(now_market)
        self._running.clear()
        self.verdicts.clear()
        self._judged_at.clear()
        self._visited.clear()

    def adopt(self, other: BreakoutScanner) -> None:
        """Begin where another scanner stands: what confirms, runs or was seen there is no news here."""
        self.detector.adopt(other.detector)
        self._judged_at = dict(other._judged_at)

    def restore(self, signal: Signal) -> None:
        """A signal of earlier today, from the journal: its cool-down holds over a restart."""
        self.detector.tracker.restore(signal.con_id, signal.side, signal.at)

    # --- reading ------------------------------------------------------------------------------------------------

    def facts(self, con_id: int, now_market: float) -> Facts:
        """The facts of the closed bars of a symbol with a place in the store."""
        entry = self._store.get(con_id)
        assert entry is not None, f"con_id {con_id} is not in the bar store"
        session = self._store.session(con_id, now_market)
        facts = self.detector.facts(con_id, entry.series, session, entry.usual, entry.builder.unseen)
        if not entry.streaming or entry.visited_at < entry.line_from:
            return facts
        return self._levels_of_visit(entry, facts, session, now_market)

    def levels_until(self, con_id: int, now_market: float) -> float | None:
        """Market time up to which bars make the levels of this visit; None = all closed ones do."""
        self.facts(con_id, now_market)
        visited, entry = self._visited.get(con_id), self._store.get(con_id)
        if visited is None or entry is None or visited.line_from != entry.line_from:
            return None
        return visited.until if now_market - entry.line_from <= LEVELS_LAST_S else None

    def _levels_of_visit(self, entry: SymbolBars, facts: Facts, session: RunningSession | None, now: float) -> Facts:
        """What broke out since the last visit, or within the last minute, is judged by the levels of before."""
        con_id, visited = entry.contract.con_id, self._visited.get(entry.contract.con_id)
        if visited is not None and visited.line_from == entry.line_from:
            since, is_long = visited.since, now - entry.line_from > LEVELS_LAST_S
            if visited.made_of is facts or is_long:
                self._visited[con_id] = visited._replace(at=now)
                return facts if is_long else visited.levels
        elif visited is not None and entry.line_from - visited.at <= LEVELS_LAST_S:
            since = visited.at
        else:
            since = entry.line_from - LEVELS_BACK_S
        recent = entry.series.recent(self.params.bars_n + LEVELS_MOST)
        until = bar_start(since)
        for time, volume in zip(recent.time, recent.volume, strict=True):
            if time >= until:
                if not entry.series.is_whole(time) or was_loud(facts, volume, time, self.params):
                    break  # it may have begun here
                until = time + BAR_S
        levels = levels_before(recent, until, facts, session, self.params)
        self._visited[con_id] = _Visited(entry.line_from, now, since, until, facts, levels)
        return levels

    def live(self, con_id: int, now_market: float) -> Live | None:
        """The newest state of one symbol; None without a place in the store."""
        entry = self._store.get(con_id)
        return None if entry is None else self._live(entry, self._around.quote(con_id), now_market)

    def keeps_checks(self, quote: Quote, now_market: float) -> bool:
        """Whether it is judged with the checks of a visit."""
        entry = self._store.get(quote.con_id)
        return quote.lane == "visited" or (entry is not None and self._is_raised(entry, now_market))

    def _is_raised(self, entry: SymbolBars, now: float) -> bool:
        """A visit whose line was raised to 25 or 50, as long as what decides was seen by visits: bars, or the volume
        of the last 60 s."""
        if not entry.streaming or entry.visited_at < entry.line_from:
            return False
        is_sampled = entry.series.has_sampled(max(self.params.bars_n, SMA_BARS))
        return is_sampled or self._store.volume_60s(entry.contract.con_id, now) is None

    def readings(self, con_id: int, now_market: float) -> tuple[Reading, Reading] | None:
        """Long and short reading of any symbol with a place in the store, for the why-not panel."""
        live = self.live(con_id, now_market)
        if live is None:
            return None
        return self.detector.readings(con_id, self.facts(con_id, now_market), live, now_market)

    def running(self, con_id: int) -> Signal | None:
        """The signal of this symbol that runs now; the newer one when both sides do."""
        signals = [signal for side in SIDES if (signal := self._running.get((con_id, side))) is not None]
        return max(signals, key=lambda signal: signal.at, default=None)

    def scores_now(self) -> Iterator[tuple[Signal, float]]:
        """The running signals with the score of their side at the newest look, where there is one."""
        for (con_id, side), signal in self._running.items():
            verdict = self.verdicts.get(con_id)
            score = verdict.score_of(side) if verdict is not None else None
            if score is not None:
                yield signal, score

    def floors_for(self, contract: ContractRef) -> Floors | None:
        """The floors of one symbol; None = a position, a pin or no stock."""
        return self.floors if contract.sec_type == "STK" and not self._around.exempt(contract.con_id) else None

    def forget(self, con_id: int) -> None:
        """It left the universe; its cool-down holds until the day is over."""
        self.detector.forget(con_id)
        self.verdicts.pop(con_id, None)
        self._judged_at.pop(con_id, None)
        self._visited.pop(con_id, None)

    # --- inside -------------------------------------------------------------------------------------------------

    def _watch_price(self, entry: SymbolBars, quote: Quote | None, now: float) -> None:
        """The cheap look between two cycles: is the price still where it has to be?"""
        last = None if self._blocked(entry, quote) else _price(entry, quote)
        self._tell_and_refresh(entry, quote, self.detector.price(entry.contract.con_id, last, now), now)

    def _tell_and_refresh(self, entry: SymbolBars, quote: Quote | None, events: tuple[Event, ...], now: float) -> None:
        """After a step the verdict does not wait for the cycle: a fresh signal asks for its line at once."""
        if events:
            self._tell(entry, quote, events, now)
            self.evaluate(entry.contract.con_id, now)

    def _tell(self, entry: SymbolBars, quote: Quote | None, events: tuple[Event, ...], now: float) -> None:
        """Signals out of what the detector found."""
        for event in events:
            if event.kind == "ended":
                self._end(event.con_id, event.side, now)
            elif event.breakout is not None and quote is not None:
                self._begin(signal_of(entry.contract, quote, event.breakout, self._around.scans(event.con_id)))

    def _begin(self, signal: Signal) -> None:
        self._running[signal.con_id, signal.side] = signal
        log.info(
            "Breakout %s %s %g, level %g (%s), score %.2f",
            signal.side,
            signal.local_symbol,
            signal.last,
            signal.level,
            signal.level_kind,
            signal.score,
        )
        self._on_signal(signal)

    def _end(self, con_id: int, side: Side, now: float) -> None:
        signal = self._running.pop((con_id, side), None)
        if signal is not None:
            self._on_signal(msgspec.structs.replace(signal, state="ended", ended_at=now))

    def _live(self, entry: SymbolBars, quote: Quote | None, now: float) -> Live:
        con_id = entry.contract.con_id
        running = entry.builder.bar
        is_visit = quote is not None and (quote.lane == "visited" or self._is_raised(entry, now))
        average = quote.avg_volume if quote is not None else None
        if average is None and entry.usual is not None:
            average = entry.usual.daily
        floors = self.floors_for(entry.contract)
        dollars = US_STOCK
        if floors is not None and entry.contract.currency != "USD":
            dollars = self._around.dollars(entry.contract)
        return Live(
            last=_price(entry, quote),
            running_volume=running.volume if running is not None else None,
            running_time=running.time if running is not None else None,
            average_volume=average,
            floors=floors,
            blocked=self._blocked(entry, quote),
            unit_known=self._around.unit_known(con_id),
            seen_from=running.seen_from if running is not None else entry.builder.seen_from,
            visit_pace=entry.builder.visit_pace(now) if is_visit else None,
            usd_per_point=dollars.per_point,
            no_usd=dollars.why,
            spread=quote.spread if quote is not None else None,
            price_age_s=max(0.0, self._around.mono() - quote.received_mono) if quote is not None else None,
            is_visit=is_visit,
            is_first_look=self._is_first_look(con_id, now),
            volume_60s=None if quote is None or quote.lane == "visited" else self._store.volume_60s(con_id, now),
            counted_60s=entry.builder.counted_60s(now) if is_visit else None,
        )

    def _is_first_look(self, con_id: int, now: float) -> bool:
        """Nobody has judged it since QTrade knows its bars, or for ten minutes."""
        judged_at = self._judged_at.get(con_id)
        return judged_at is None or now - judged_at > UNSEEN_S

    def _blocked(self, entry: SymbolBars, quote: Quote | None) -> str:
        """Why this symbol's price may not signal; "" = it may."""
        if quote is None or live_price(quote, entry.contract.sec_type) is None:
            return "no price"
        if quote.halted:
            return "halted"
        if quote.data_type != "live" and not (self.allow_delayed and quote.data_type == "delayed"):
            return quote.data_type
        silent_since = self._around.silent_since(entry.contract.con_id)
        if silent_since is not None:
            return f"{SILENT} since {second_told(silent_since)}"
        return "" if entry.streaming else "no line"


def _price(entry: SymbolBars, quote: Quote | None) -> float | None:
    """What the rules judge: as the bars, they leave out a lone print outside of the market."""
    believed = entry.builder.last
    return believed if entry.prints.is_doubted and believed is not None else live_price(quote, entry.contract.sec_type)


def signal_of(contract: ContractRef, quote: Quote, breakout: Breakout, scans: tuple[str, ...]) -> Signal:
    """The signal of a confirmed breakout, with the inputs it was judged by; `scans` that list the symbol now."""
    reading, frozen = breakout.reading, breakout.frozen
    assert reading.last is not None
    return Signal(
        id=f"{contract.con_id}-{breakout.side}-{int(breakout.at)}",
        con_id=contract.con_id,
        local_symbol=contract.local_symbol,
        side=breakout.side,
        at=breakout.at,
        triggered_at=breakout.triggered_at,
        level=frozen.level,
        level_kind=frozen.kind,
        last=reading.last,
        atr=frozen.atr,
        score=round(breakout.score, 4),
        parts=breakout.parts,
        lane=quote.lane,
        state="active",
        rel_volume=reading.rel_volume,
        surge=reading.surge,
        scans=scans,
        inputs=tuple(RuleInput(gate.name, gate.value, gate.limit, gate.passed) for gate in reading.gates),
        before_look=breakout.before_look,
    )
