"""BreakoutScanner: the breakout rules over positions and every symbol with bars, every 10 s, in small slices.

Symbols that confirm or run are looked at with each quote and each second. Runs in the engine thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import msgspec

from engine.bars.store import BarStore, SymbolBars
from engine.breakout.better_side import sides_to_read
from engine.breakout.carry import MOST_NEW, Carried, carry
from engine.breakout.facts import Facts, OpeningRange, facts_of, opening_of, span
from engine.breakout.life import Step, Tracker
from engine.breakout.rules import Common, Floors, Frozen, Live, Progress, Reading, read, read_common, score
from engine.breakout.signal_of import signal_of
from engine.config import BreakoutParams
from engine.domain import ContractRef, Quote, ScorePart, Side, Signal
from engine.prices.live_price import live_price

log = logging.getLogger("qtrade.breakout")

SIDES: tuple[Side, Side] = ("long", "short")
_STATES = {"active": "confirmed", "confirming": "confirming"}
SLICE_S = 0.004
VISIT_LASTS_S = 600.0
QuoteLookup = Callable[[int], Quote | None]
FactsKey = tuple[int, float | None, int]  # version of the bars, start of the session, minutes unseen since the last bar


class Verdict(NamedTuple):
    """The newest look at one symbol: its better side."""

    reading: Reading
    score: float
    parts: tuple[ScorePart, ...]
    state: str  # confirmed, confirming, warming, candidate
    at_market: float


def _no_scans(con_id: int) -> tuple[str, ...]:
    return ()


class Dollars(NamedTuple):
    """US dollars that a unit of quantity is worth for each point of its quotes; None = not known, `why` says why."""

    per_point: float | None
    why: str = ""


US_STOCK = Dollars(1.0)


def only_dollars(contract: ContractRef) -> Dollars:
    """For whoever knows no exchange rate."""
    if contract.currency == "USD":
        return US_STOCK
    return Dollars(None, f"the floor is in USD, and no exchange rate for {contract.currency} is known")


class Surroundings(NamedTuple):
    """What the scanner asks of other rooms. `exempt` = positions and pins, to which no floor applies.

    `dollars` of a stock that is quoted in another currency or unit.

    `scans` = names of the market scans that list a symbol now.
    """

    quote: QuoteLookup
    exempt: Callable[[int], bool]
    unit_known: Callable[[int], bool]
    mono: Callable[[], float]
    scans: Callable[[int], tuple[str, ...]] = _no_scans
    dollars: Callable[[ContractRef], Dollars] = only_dollars


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
        self._facts: dict[int, tuple[FactsKey, Facts]] = {}
        self._averages: dict[int, Carried] = {}
        self.params = params
        self.floors = floors
        self.allow_delayed = False
        self.tracker = Tracker()
        self.verdicts: dict[int, Verdict] = {}
        self.longest_slice_s = 0.0  # of the last cycle

    def set_params(self, params: BreakoutParams, floors: Floors) -> None:
        """New thresholds: they hold from the next cycle on."""
        self.params, self.floors = params, floors
        self._facts.clear()
        self._averages.clear()

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

    def _lasts(self, con_id: int, verdict: Verdict, now_market: float) -> bool:
        """What a visit found stays the newest word on its symbol until the next visits should have come."""
        if now_market - verdict.at_market > VISIT_LASTS_S:
            return False
        runs = self.tracker.phase(con_id, verdict.reading.side) == "active"
        return verdict.state in ("candidate", "warming") or (verdict.state == "confirmed" and runs)

    def recheck(self, now_market: float) -> None:
        """Each second: confirmations and running signals."""
        for con_id in list(self.tracker.busy):
            entry = self._store.get(con_id)
            if entry is not None:
                self._watch_price(entry, self._around.quote(con_id), now_market)

    def on_quote(self, quote: Quote, now_market: float) -> None:
        """Each quote of a symbol that confirms or runs: a dip between two seconds counts."""
        if quote.con_id in self.tracker.busy:
            entry = self._store.get(quote.con_id)
            if entry is not None:
                self._watch_price(entry, quote, now_market)

    def on_bar_closed(self, con_id: int, now_market: float) -> None:
        """A minute closed: the confirmation by bars."""
        if con_id not in self.tracker.busy or self.params.confirm_bars == 0:
            return
        bars = self._store.arrays(con_id)
        if bars is None or len(bars.close) == 0:
            return
        for side in SIDES:
            step = self.tracker.bar_closed(con_id, side, float(bars.close[-1]), self.params)
            self._follow(con_id, side, step, now_market)

    def evaluate(self, con_id: int, now_market: float) -> Verdict | None:
        """Judge one symbol now; None (and nothing changed but confirmations) when it has no live price."""
        entry = self._store.get(con_id)
        if entry is None:
            return None
        quote = self._around.quote(con_id)
        if quote is None or not (entry.streaming or quote.data_type != "live"):
            if con_id in self.tracker.busy:
                self._watch_price(entry, None, now_market)
            return None
        live = self._live(entry, quote, now_market)
        facts = self.facts(con_id, now_market)
        common = read_common(facts, live, self.params, now_market)
        best: Verdict | None = None
        known = self.tracker.knows(con_id)
        for side in SIDES if known else sides_to_read(facts, live.last, self.params, now_market):
            verdict = self._judge(con_id, side, facts, live, now_market, common)
            if best is None or verdict.score > best.score:
                best = verdict
        assert best is not None
        self.verdicts[con_id] = best
        return best

    def end_all(self, now_market: float) -> None:
        """A new day: no signal runs over night."""
        for con_id in list(self.tracker.busy):
            for side in SIDES:
                if self.tracker.phase(con_id, side) == "active":
                    self._end(con_id, side, now_market)
        self.tracker.turn_day(now_market)

    # --- reading ------------------------------------------------------------------------------------------------

    def facts(self, con_id: int, now_market: float) -> Facts:
        """The facts of the closed bars, from the cache while no bar closed."""
        entry = self._store.get(con_id)
        assert entry is not None, f"con_id {con_id} is not in the bar store"
        session = self._store.session(con_id, now_market)
        series, unseen = entry.series, entry.builder.unseen
        key = (series.version, session.start if session is not None else None, unseen)
        known = self._facts.get(con_id)
        if known is not None and known[0] == key:
            return known[1]
        recent = series.recent(max(MOST_NEW + 1, span(self.params)))
        averages = self._averages[con_id] = carry(self._averages.get(con_id), series, recent, self.params)
        first = series.first_since(session.start) if session is not None else len(series)
        opening = _settled_opening(known, key, averages) if known is not None else None
        if opening is None:
            opening = opening_of(series.arrays(), first, session, self.params)
        rows_within = partial(series.rows_within, unseen_after=unseen)
        facts = facts_of(recent, first, session, self.params, entry.usual, averages, opening, rows_within)
        if entry.series.last_is_partial:
            facts = facts._replace(last_volume=None)
        self._facts[con_id] = (key, facts)
        return facts

    def live(self, con_id: int, now_market: float) -> Live | None:
        """The newest state of one symbol; None without a place in the store."""
        entry = self._store.get(con_id)
        return None if entry is None else self._live(entry, self._around.quote(con_id), now_market)

    def readings(self, con_id: int, now_market: float) -> tuple[Reading, Reading] | None:
        """Long and short reading of any symbol with a place in the store, for the why-not panel."""
        entry = self._store.get(con_id)
        if entry is None:
            return None
        live = self._live(entry, self._around.quote(con_id), now_market)
        facts = self.facts(con_id, now_market)
        long, short = (self._read(con_id, side, facts, live, now_market) for side in SIDES)
        return long, short

    def running(self, con_id: int) -> Signal | None:
        """The signal of this symbol that runs now; the newer one when both sides do."""
        watches = [self.tracker.watch(con_id, side) for side in SIDES]
        signals = [watch.signal for watch in watches if watch and watch.phase == "active" and watch.signal]
        return max(signals, key=lambda signal: signal.at) if signals else None

    def floors_for(self, contract: ContractRef) -> Floors | None:
        """The floors of one symbol; None = a position, a pin or no stock."""
        return self.floors if contract.sec_type == "STK" and not self._around.exempt(contract.con_id) else None

    def forget(self, con_id: int) -> None:
        """It left the universe; its cool-down holds until the day is over."""
        self._facts.pop(con_id, None)
        self._averages.pop(con_id, None)
        self.verdicts.pop(con_id, None)

    # --- inside -------------------------------------------------------------------------------------------------

    def _read(
        self, con_id: int, side: Side, facts: Facts, live: Live, now: float, common: Common | None = None
    ) -> Reading:
        progress = self.tracker.progress(con_id, side, now)
        return read(side, facts, live, self.params, now, progress, self.tracker.frozen(con_id, side), common)

    def _watch_price(self, entry: SymbolBars, quote: Quote | None, now: float) -> None:
        """The cheap look between two cycles: is the price still where it has to be?"""
        con_id = entry.contract.con_id
        last = None if self._blocked(entry, quote) else live_price(quote, entry.contract.sec_type)
        for side in SIDES:
            self._follow(con_id, side, self.tracker.price(con_id, side, last, now, self.params), now)

    def _judge(self, con_id: int, side: Side, facts: Facts, live: Live, now: float, common: Common) -> Verdict:
        priced = None if live.blocked else live.last
        step = self.tracker.price(con_id, side, priced, now, self.params)
        self._follow(con_id, side, step, now)
        reading = self._read(con_id, side, facts, live, now, common)
        if self.tracker.phase(con_id, side) == "active":
            self._look_further(con_id, side, facts, live, now, common)
        elif reading.triggers and self.tracker.phase(con_id, side) == "idle" and self._wanted(side):
            reading = self._trigger(con_id, side, reading, facts, live, now)
        phase = self.tracker.phase(con_id, side)
        fresh = self.tracker.fresh(con_id, side, reading.passed == reading.total, now)
        value, parts = score(reading, self.params, confirmed=fresh)
        warming = reading.warm < reading.warm_needed
        state = _STATES.get(phase) or ("warming" if warming else "candidate")
        return Verdict(reading, value, parts, state, now)

    def _follow(self, con_id: int, side: Side, step: Step, now: float) -> None:
        """Carry out what the tracker found."""
        if step == "ended":
            self._end(con_id, side, now)
        if step in ("confirmed", "renewed"):
            self._confirm(con_id, side, now)
        if step != "none":
            self._refresh(con_id, now)

    def _refresh(self, con_id: int, now: float) -> None:
        """The verdict after a step, without waiting for the cycle: a fresh signal asks for its line at once."""
        if con_id in self.verdicts:
            self.evaluate(con_id, now)

    def _look_further(self, con_id: int, side: Side, facts: Facts, live: Live, now: float, common: Common) -> None:
        """A signal runs: may the symbol break out again, over the level that the bars have now?"""
        watch = self.tracker.watch(con_id, side)
        if watch is None or watch.renewal is not None or watch.last_at is None or not self._wanted(side):
            return
        progress = Progress(since_signal_s=now - watch.last_at)
        if now - watch.last_at < self.params.cool_down_min * 60.0:
            return
        again = read(side, facts, live, self.params, now, progress, None, common)
        if again.triggers and again.level is not None and again.atr is not None:
            self.tracker.renew(con_id, side, Frozen(again.level, again.level_kind, again.atr), now)

    def _wanted(self, side: Side) -> bool:
        return self.params.longs if side == "long" else self.params.shorts

    def _trigger(self, con_id: int, side: Side, reading: Reading, facts: Facts, live: Live, now: float) -> Reading:
        assert reading.level is not None and reading.atr is not None
        self.tracker.trigger(con_id, side, Frozen(reading.level, reading.level_kind, reading.atr), now)
        if self.params.confirm_bars == 0 and self.params.confirm_s == 0:
            self._confirm(con_id, side, now)
        return self._read(con_id, side, facts, live, now)

    def _confirm(self, con_id: int, side: Side, now: float) -> None:
        """Make the signal from what is known at this moment."""
        entry, watch = self._store.get(con_id), self.tracker.watch(con_id, side)
        quote = self._around.quote(con_id)
        if entry is None or watch is None or watch.frozen is None or quote is None:
            return
        if live_price(quote, entry.contract.sec_type) is None:
            return
        frozen = watch.renewal.frozen if watch.renewal is not None else watch.frozen
        triggered_at = watch.renewal.triggered_at if watch.renewal is not None else watch.triggered_at
        facts, live = self.facts(con_id, now), self._live(entry, quote, now)
        reading = read(side, facts, live, self.params, now, self.tracker.progress(con_id, side, now), frozen)
        if quote.lane == "visited" and not self._is_loud(reading):
            self.tracker.drop(con_id, side)
            return
        scored = score(reading, self.params, confirmed=True)
        scans = self._around.scans(con_id)
        signal = signal_of(entry.contract, quote, reading, frozen, scored, (triggered_at, now), scans)
        if watch.phase == "active":
            self._end(con_id, side, now)  # the further one takes over
        self.tracker.begin(con_id, side, signal)
        log.info(
            "Breakout %s %s %g, level %g (%s), score %.2f",
            side,
            signal.local_symbol,
            signal.last,
            signal.level,
            signal.level_kind,
            signal.score,
        )
        self._on_signal(signal)

    def _is_loud(self, reading: Reading) -> bool:
        """A visit began the breakout by a pace of seconds: by now it has seen enough to know."""
        surge, rel, params = reading.surge or 0.0, reading.rel_volume or 0.0, self.params
        return surge >= params.volume_surge and rel >= params.rel_volume

    def _end(self, con_id: int, side: Side, now: float) -> None:
        watch = self.tracker.watch(con_id, side)
        if watch is None or watch.signal is None:
            return
        ended = msgspec.structs.replace(watch.signal, state="ended", ended_at=now)
        watch.signal = ended
        self._on_signal(ended)

    def _live(self, entry: SymbolBars, quote: Quote | None, now: float) -> Live:
        con_id = entry.contract.con_id
        running = entry.builder.bar
        average = quote.avg_volume if quote is not None else None
        if average is None and entry.usual is not None:
            average = entry.usual.daily
        floors = self.floors_for(entry.contract)
        dollars = US_STOCK
        if floors is not None and entry.contract.currency != "USD":
            dollars = self._around.dollars(entry.contract)
        return Live(
            last=live_price(quote, entry.contract.sec_type),
            running_volume=running.volume if running is not None else None,
            running_time=running.time if running is not None else None,
            average_volume=average,
            floors=floors,
            blocked=self._blocked(entry, quote),
            unit_known=self._around.unit_known(con_id),
            seen_from=running.seen_from if running is not None else entry.builder.seen_from,
            visit_pace=entry.builder.visit_pace(now) if quote is not None and quote.lane == "visited" else None,
            usd_per_point=dollars.per_point,
            no_usd=dollars.why,
            spread=quote.spread if quote is not None else None,
            price_age_s=max(0.0, self._around.mono() - quote.received_mono) if quote is not None else None,
        )

    def _blocked(self, entry: SymbolBars, quote: Quote | None) -> str:
        """Why this symbol's price may not signal; "" = it may."""
        if quote is None or live_price(quote, entry.contract.sec_type) is None:
            return "no price"
        if quote.halted:
            return "halted"
        if quote.data_type != "live" and not (self.allow_delayed and quote.data_type == "delayed"):
            return quote.data_type
        return "" if entry.streaming else "no line"


def _settled_opening(known: tuple[FactsKey, Facts], key: FactsKey, averages: Carried) -> OpeningRange | None:
    """The opening range found before, when it was complete then and no bar of it can have changed since."""
    (_, session_start, _), facts = known
    opening = facts.opening
    if opening is None or not averages.grown or session_start != key[1] or facts.last_time is None:
        return None
    return opening if facts.last_time >= opening.complete_at else None
