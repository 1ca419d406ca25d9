"""The breakout detector: what is known of a symbol goes in, what happened to its breakouts comes out.

One class for whoever looks: the live scanner, the shadow set, visits, the lab's exact path and the benchmarks. It knows
no store, no quotes, no line and no clock: facts, newest values and market time are arguments, and whoever looks says
how often. Not thread-safe: each detector belongs to the thread that made it.
"""

from __future__ import annotations

from functools import partial
from typing import Literal, NamedTuple

from engine.bars.series import BarSeries
from engine.bars.sessions import RunningSession
from engine.bars.usual import UsualVolume
from engine.breakout.carry import MOST_NEW, Carried, carry
from engine.breakout.facts import Facts, OpeningRange, edges, facts_of, opening_of, span
from engine.breakout.life import SIDES, Tracker
from engine.breakout.rules import (
    Common,
    Frozen,
    Live,
    Progress,
    Reading,
    is_proven,
    is_steady,
    read,
    read_common,
    score,
    trend_gap,
)
from engine.config import BreakoutParams
from engine.domain import ScorePart, Side

State = Literal["confirmed", "confirming", "warming", "candidate"]
Kind = Literal["confirming", "began", "renewed", "dropped", "ended", "due"]
FactsKey = tuple[int, float | None, int]  # version of the bars, start of the session, minutes unseen since the last bar

_STATES: dict[str, State] = {"active": "confirmed", "confirming": "confirming"}
_LONG: tuple[Side, ...] = ("long",)
_SHORT: tuple[Side, ...] = ("short",)


class Breakout(NamedTuple):
    """A breakout as it was confirmed, with all that it was judged by. `frozen` = the level that it broke."""

    con_id: int
    side: Side
    triggered_at: float
    at: float
    frozen: Frozen
    reading: Reading
    score: float
    parts: tuple[ScorePart, ...]
    before_look: bool = False


class Event(NamedTuple):
    """What happened to one side of a symbol.

    `confirming`: all rules but the confirmation pass. `began`: confirmed. `renewed`: a further breakout was confirmed
    while the one before ran; that one has ended, as the event before says. `dropped`: it was none. `ended`: it is over.
    `due` (of `price` alone): long enough beyond its level; the next look confirms it.
    `breakout` with `began` and `renewed` only.
    """

    kind: Kind
    con_id: int
    side: Side
    breakout: Breakout | None = None


class Verdict(NamedTuple):
    """The newest look at one symbol: its better side, and the `other` one's score where that was judged, too."""

    reading: Reading
    score: float
    parts: tuple[ScorePart, ...]
    state: State
    at_market: float
    other: float | None = None

    def score_of(self, side: Side) -> float | None:
        """The score of one side; None = it was not judged."""
        return self.score if side == self.reading.side else self.other


class Look(NamedTuple):
    """What a look saw, and what came of it, in order."""

    verdict: Verdict
    events: tuple[Event, ...] = ()


class Detector:
    """The rules with a memory, for any number of symbols under one set of parameters. Times are market time."""

    def __init__(self, params: BreakoutParams) -> None:
        self.params = params
        self.tracker = Tracker()
        self._early: dict[tuple[int, Side], float] = {}  # the price at the first look, where it was beyond by then
        self._facts: dict[int, tuple[FactsKey, Facts]] = {}
        self._averages: dict[int, Carried] = {}

    def set_params(self, params: BreakoutParams) -> None:
        """New thresholds from the next look on; what confirms or runs goes on under them."""
        self.params = params
        self._facts.clear()
        self._averages.clear()

    # --- what is known of the closed bars -----------------------------------------------------------------------

    def facts(
        self, con_id: int, series: BarSeries, session: RunningSession | None, usual: UsualVolume | None, unseen: int = 0
    ) -> Facts:
        """What the closed bars of `series` say, from the cache while none closed and none changed.

        `unseen` = minutes without a visit since the newest bar.
        """
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
        facts = facts_of(recent, first, session, self.params, usual, averages, opening, rows_within)
        if series.last_is_partial:
            facts = facts._replace(last_volume=None)
        self._facts[con_id] = (key, facts)
        return facts

    # --- judging ------------------------------------------------------------------------------------------------

    def look(self, con_id: int, facts: Facts, live: Live, now_market: float) -> Look:
        """Judge one symbol in full: breakouts begin, are confirmed and end here."""
        events: list[Event] = []
        common = read_common(facts, live, self.params, now_market)
        best: Verdict | None = None
        known = self.tracker.knows(con_id)
        sides = SIDES if known else sides_to_read(facts, live.last, self.params, now_market)
        if len(sides) == 1 and self._early:
            self._forget_early(con_id)  # between its levels: what breaks out later does so under our eyes
        for side in sides:
            verdict = self._judge(con_id, side, facts, live, now_market, common, events)
            if best is None:
                best = verdict
            elif verdict.score > best.score:
                best = verdict._replace(other=best.score)
            else:
                best = best._replace(other=verdict.score)
        assert best is not None
        return Look(best, tuple(events))

    def aged(self, con_id: int, verdict: Verdict, now_market: float) -> Verdict:
        """The verdict of a look some time ago as it stands now: the price has grown old, the volume may be over."""
        reading = verdict.reading
        age = (reading.price_age_s or 0.0) + now_market - verdict.at_market
        fresh = self.tracker.fresh(con_id, reading.side, False, now_market)
        value, parts = score(reading._replace(price_age_s=age), self.params, confirmed=fresh)
        return verdict._replace(score=value, parts=parts)

    def price(self, con_id: int, last: float | None, now_market: float) -> tuple[Event, ...]:
        """The cheap look between two full ones, for a symbol that confirms or runs: is the price where it has to be?

        `last` None = no price that may signal. After any event a full look is worth its cost; "due" needs it.
        """
        if con_id not in self.tracker.busy:
            return ()
        events: list[Event] = []
        for side in SIDES:
            step = self.tracker.price(con_id, side, last, now_market, self.params)
            if step == "confirmed" or step == "renewed":
                events.append(Event("due", con_id, side))
            elif step != "none":
                events.append(Event(step, con_id, side))
        return tuple(events)

    def bar_closed(
        self, con_id: int, close: float, facts: Facts, live: Live | None, now_market: float
    ) -> tuple[Event, ...]:
        """A minute closed at `close`: the confirmation by bars. Only a `live` price that may signal confirms."""
        if con_id not in self.tracker.busy or self.params.confirm_bars == 0:
            return ()
        events: list[Event] = []
        for side in SIDES:
            step = self.tracker.bar_closed(con_id, side, close, self.params)
            if step == "dropped":
                events.append(Event("dropped", con_id, side))
            elif step != "none" and live is not None and not live.blocked:
                self._confirm(con_id, side, facts, live, now_market, events)
        return tuple(events)

    def correct(self, con_id: int, facts: Facts, live: Live, side: Side, now_market: float) -> None:
        """Better bars of before the breakout that is being confirmed: its level moves, or it was none.

        `facts` are those of the bars before it began.
        """
        reading = read(side, facts, live, self.params, now_market)
        if reading.beyond and reading.level is not None and reading.atr is not None:
            self.tracker.correct(con_id, side, Frozen(reading.level, reading.level_kind, reading.atr))
        elif live.last is not None:
            self.tracker.drop(con_id, side)

    def readings(self, con_id: int, facts: Facts, live: Live, now_market: float) -> tuple[Reading, Reading]:
        """Long and short reading as things stand; nothing begins or ends by it."""
        common = read_common(facts, live, self.params, now_market)
        long, short = (self._read(con_id, side, facts, live, now_market, common) for side in SIDES)
        return long, short

    def adopt(self, other: Detector) -> None:
        """Begin where another detector stands."""
        self.tracker.adopt(other.tracker)
        self._early = dict(other._early)

    # --- beginnings and ends ------------------------------------------------------------------------------------

    def end_all(self, now_market: float) -> tuple[Event, ...]:
        """A new day: no breakout runs over night; cool-downs hold. Answers with what ran."""
        running = [
            Event("ended", con_id, side)
            for con_id in self.tracker.busy
            for side in SIDES
            if self.tracker.phase(con_id, side) == "active"
        ]
        self.tracker.turn_day(now_market)
        self._early.clear()
        return tuple(running)

    def forget(self, con_id: int) -> None:
        """It left the universe; its cool-down holds until the day is over."""
        self._facts.pop(con_id, None)
        self._averages.pop(con_id, None)
        self._forget_early(con_id)

    # --- inside -------------------------------------------------------------------------------------------------

    def _forget_early(self, con_id: int) -> None:
        for side in SIDES:
            self._early.pop((con_id, side), None)

    def _judge(
        self, con_id: int, side: Side, facts: Facts, live: Live, now: float, common: Common, events: list[Event]
    ) -> Verdict:
        tracker, params = self.tracker, self.params
        step = tracker.price(con_id, side, None if live.blocked else live.last, now, params)
        if step == "confirmed" or step == "renewed":
            self._confirm(con_id, side, facts, live, now, events)
        elif step != "none":
            events.append(Event(step, con_id, side))
        reading = self._noted(con_id, self._read(con_id, side, facts, live, now, common), live)
        phase = tracker.phase(con_id, side)
        if phase == "active":
            self._look_further(con_id, side, facts, live, now, common)
        elif phase == "idle" and reading.triggers and self._is_wanted(side):
            tracker.trigger(con_id, side, frozen_of(reading), now)
            events.append(Event("confirming", con_id, side))
            if params.confirm_bars == 0 and params.confirm_s == 0:
                self._confirm(con_id, side, facts, live, now, events)
            reading = self._read(con_id, side, facts, live, now, common)
            phase = tracker.phase(con_id, side)
        if live.is_visit and tracker.waiting(con_id, side) is not None and is_proven(facts, live, params, now):
            tracker.prove(con_id, side)
        fresh = tracker.fresh(con_id, side, reading.passed == reading.total, now)
        value, parts = score(reading, params, confirmed=fresh)
        warming = reading.warm < reading.warm_needed
        return Verdict(reading, value, parts, _STATES.get(phase) or ("warming" if warming else "candidate"), now)

    def _read(self, con_id: int, side: Side, facts: Facts, live: Live, now: float, common: Common) -> Reading:
        progress = self.tracker.progress(con_id, side, now)
        frozen = self.tracker.frozen(con_id, side)
        return self._counted(con_id, read(side, facts, live, self.params, now, progress, frozen, common))

    def _noted(self, con_id: int, reading: Reading, live: Live) -> Reading:
        """Whether the breakout had happened before anybody looked: beyond at the first look, and never inside since."""
        key = con_id, reading.side
        if live.is_first_look and reading.beyond and reading.last is not None:
            self._early[key] = reading.last
            return self._counted(con_id, reading)
        if key in self._early and reading.last is not None and not reading.beyond:
            del self._early[key]
            return reading._replace(since_look_atr=None)
        return reading

    def _counted(self, con_id: int, reading: Reading) -> Reading:
        """With the distance since the first look, where the breakout had happened before it."""
        from_ = self._early.get((con_id, reading.side)) if self._early else None
        if from_ is None or reading.last is None or not reading.atr:
            return reading
        moved = reading.last - from_ if reading.side == "long" else from_ - reading.last
        return reading._replace(since_look_atr=moved / reading.atr)

    def _look_further(self, con_id: int, side: Side, facts: Facts, live: Live, now: float, common: Common) -> None:
        """A signal runs: may the symbol break out again, over the level that the bars have now?"""
        watch = self.tracker.watch(con_id, side)
        if watch is None or watch.renewal is not None or watch.last_at is None or not self._is_wanted(side):
            return
        if now - watch.last_at < self.params.cool_down_min * 60.0:
            return
        again = read(side, facts, live, self.params, now, Progress(since_signal_s=now - watch.last_at), None, common)
        if again.triggers:
            self.tracker.renew(con_id, side, frozen_of(again), now)

    def _confirm(self, con_id: int, side: Side, facts: Facts, live: Live, now: float, events: list[Event]) -> None:
        """Its confirmation is complete: the signal begins with what is known at this moment."""
        watch = self.tracker.watch(con_id, side)
        if watch is None or watch.frozen is None or live.last is None:
            return
        further = watch.renewal
        frozen, triggered_at = (further or watch).frozen, (further or watch).triggered_at
        assert frozen is not None
        progress = self.tracker.progress(con_id, side, now)
        reading = self._counted(con_id, read(side, facts, live, self.params, now, progress, frozen))
        is_sure = not live.is_visit or self.tracker.is_proven(con_id, side) or is_steady(facts, live, self.params, now)
        if not is_sure:  # a visit began it by a pace of seconds: by now it has seen enough to know
            self.tracker.drop(con_id, side)
            events.append(Event("dropped", con_id, side))
            return
        if watch.phase == "active":
            events.append(Event("ended", con_id, side))  # the further one takes over
        value, parts = score(reading, self.params, confirmed=True)
        early = reading.since_look_atr is not None
        breakout = Breakout(con_id, side, triggered_at, now, frozen, reading, value, parts, early)
        events.append(Event("began" if watch.phase == "confirming" else "renewed", con_id, side, breakout))
        self.tracker.begin(con_id, side, now)

    def _is_wanted(self, side: Side) -> bool:
        return self.params.longs if side == "long" else self.params.shorts


def frozen_of(reading: Reading) -> Frozen:
    """The level of a reading that triggers."""
    assert reading.level is not None and reading.atr is not None
    return Frozen(reading.level, reading.level_kind, reading.atr)


def sides_to_read(facts: Facts, last: float | None, params: BreakoutParams, now_market: float) -> tuple[Side, ...]:
    """The sides of a symbol that has never triggered, of which one is the better; on equal terms that is long.

    Between its levels (most of 600 symbols lie there) nothing can be beyond one, cool down or be confirmed, and what is
    left to differ is the trend. Reading a side in full is a third of what judging a symbol costs.
    """
    low, high = edges(facts, params, now_market)
    if last is None or (high is not None and last > high) or (low is not None and last < low):
        return SIDES
    gap = trend_gap(facts, last, params)
    return _SHORT if gap is not None and gap < 0 else _LONG


def _settled_opening(known: tuple[FactsKey, Facts], key: FactsKey, averages: Carried) -> OpeningRange | None:
    """The opening range found before, when it was complete then and no bar of it can have changed since."""
    (_, session_start, _), facts = known
    opening = facts.opening
    if opening is None or not averages.grown or session_start != key[1] or facts.last_time is None:
        return None
    return opening if facts.last_time >= opening.complete_at else None
