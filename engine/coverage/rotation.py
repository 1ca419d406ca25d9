"""Rotation: the spare lines go round the universe. Keeps who was seen when, and asks for the next visits.

Engine thread only. It never touches a line: its wishes are demands like everybody else's, and the plan decides.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from msgspec import structs

from engine.broker.pacing import Bucket
from engine.config import CoverageSettings
from engine.coverage.urgency import CoveragePolicy, Place, Running, since_mark_s, urgency, watch_next
from engine.domain import ContractRef, Demand, Stay
from engine.lines import words
from engine.lines.ledger import Line
from engine.lines.model import BRIEF_DWELL_S

HOLDER = "coverage"
CONFIRMING_MOST = 8
MEASURING_MOST = 10
MESSAGES_PER_VISIT = 2  # subscribe and cancel
WATCHED = "price of a running signal"
SILENT_AGAIN_S = 600.0  # the feed may have been away, not the symbol
NO_PRICE_S = 3.0  # a visit without a price is given up so long after its dwell
RATE_WINDOW_S = 60.0
ORDER_LASTS_S = 1.0
NOBODY: Mapping[int, str] = MappingProxyType({})
_STAYS = 1.0  # score of a visit that goes on: before every newcomer


def _no_reason(con_id: int, now_market: float) -> Stay:
    return ""


def _is_open(con_id: int) -> bool:
    return False


def coverage_policy(settings: CoverageSettings) -> CoveragePolicy:
    """The rotation's numbers with what the user may set."""
    return CoveragePolicy(
        dwell_s=settings.dwell_s, messages_per_s=settings.messages_per_s, watch_share=settings.watch_pct / 100.0
    )


class Rotation:
    """`stays(con_id, market time)`: why a visit of this symbol has to go on: it confirms a breakout, or more has to be
    seen.

    `is_closed(con_id)`: its hours say that nothing trades now, asked once a minute. Such a symbol is visited once after
    the close, for its last price, and then rests until its market opens; one that had nothing to say is asked again
    `SILENT_AGAIN_S` later.
    """

    def __init__(
        self,
        policy: CoveragePolicy,
        stays: Callable[[int, float], Stay] = _no_reason,
        is_closed: Callable[[int], bool] = _is_open,
    ) -> None:
        self.policy = policy
        self._stays = stays
        self._is_closed = is_closed
        self._closed: dict[int, float] = {}  # con_id -> since when it is known to be, monotonic
        self._closed_minute: int | None = None
        self._places: dict[int, Place] = {}
        self._elsewhere = NOBODY
        self._bucket = _bucket(policy)
        self._opened: deque[float] = deque()
        self._day: date | None = None
        self._watched: frozenset[int] = frozenset()
        self._order: list[Place] = []  # of those that waited, when it was made
        self._order_until = -math.inf
        self.confirming: tuple[int, ...] = ()
        self.measuring: tuple[int, ...] = ()
        self.lines = 0

    def set_settings(self, settings: CoverageSettings) -> None:
        """Takes effect at the next step."""
        before, self.policy = self.policy, coverage_policy(settings)
        if self.policy.messages_per_s != before.messages_per_s:
            self._bucket = _bucket(self.policy)

    # --- what the scanners tell ---------------------------------------------------------------------------------

    def universe(
        self, contracts: Iterable[ContractRef], now_mono: float, elsewhere: Mapping[int, str] = NOBODY
    ) -> None:
        """All symbols to be visited, as the scans returned them; whoever is missing is forgotten.

        What names no exchange is not visited: TWS would refuse it. `elsewhere`: con_id -> the engine that visits it.
        """
        self._elsewhere = elsewhere
        before, self._places = self._places, {}
        self._order_until = -math.inf
        self._closed_minute = None
        for contract in contracts:
            if not contract.exchange:
                continue
            place = before.get(contract.con_id)
            if place is None:
                place = Place(contract, now_mono)
            place.contract = contract
            self._places[contract.con_id] = place

    def hint(self, hints: Mapping[int, float], now_mono: float) -> None:
        """What a scan that has just come says of its symbols: 0-1 each. The stronger of old and new holds."""
        for con_id, value in hints.items():
            place = self._places.get(con_id)
            if place is not None and value > place.hint_now(now_mono, self.policy):
                place.hint, place.hint_mono = value, now_mono
                self._order_until = -math.inf

    def judged(self, con_id: int, distance_atr: float | None) -> None:
        """How far the price is from the nearer breakout level; None = no level known."""
        place = self._places.get(con_id)
        if place is not None:
            place.distance_atr = distance_atr

    def watch(self, signals: Mapping[int, Running]) -> None:
        """All running signals that have no line of their own: their price is fetched every 12 or 20 s."""
        for con_id in self._watched:
            if con_id not in signals and (place := self._places.get(con_id)) is not None:
                place.running = None
        for con_id, running in signals.items():
            if (place := self._places.get(con_id)) is not None:
                place.running = running
        self._watched = frozenset(signals)
        self._order_until = -math.inf

    # --- what the bus tells -------------------------------------------------------------------------------------

    def on_opened(self, now_mono: float) -> None:
        """A visit begins: its messages are spent."""
        for _ in range(MESSAGES_PER_VISIT):
            self._bucket.take(now_mono)
        self._opened.append(now_mono)

    def on_disconnected(self) -> None:
        """Every line is gone."""
        self.lines, self.confirming, self.measuring = 0, (), ()

    # --- wishes -------------------------------------------------------------------------------------------------

    def demands(
        self,
        lines: Sequence[Line],
        seats: int,
        barred: Collection[int],
        now_mono: float,
        now_market: float,
        *,
        paused: bool = False,
    ) -> list[Demand]:
        """See `engine.lines.ports.SpareLines`; more ask than find a line."""
        self._turn_day(now_market)
        self._look_at_hours(now_mono, now_market)
        visitors = [line for line in lines if self._is_visit(line)]
        self.lines = len(visitors)
        if paused:
            return [self._stay(line) for line in visitors]
        away = {*self._look(lines, now_mono), *barred}
        waiting = len(self._places) - sum(1 for con_id in away if con_id in self._places)
        affordable = self._bucket.ready(now_mono) // MESSAGES_PER_VISIT
        staying = self._staying(visitors, min(waiting, affordable), now_mono, now_market)
        room = min(max(0, seats - len(staying)), affordable)
        watched = [
            place
            for con_id in self._watched - away
            if (place := self._places.get(con_id)) is not None and not self._rests(place, now_mono)
        ]
        due = watch_next(watched, min(room, self._watch_lines(visitors, seats)), now_mono, self.policy)
        away |= {place.contract.con_id for place in due}
        order = self._most_urgent(away, now_mono, now_market, room - len(due))
        wishes = [*(self._watch_wish(place, now_mono) for place in due), *(self._wish(p, now_mono) for p in order)]
        return [*staying, *(structs.replace(wish, score=0.5 / (1.0 + n)) for n, wish in enumerate(wishes))]

    def _most_urgent(self, away: Collection[int], now_mono: float, now_market: float, count: int) -> list[Place]:
        """The `count` most urgent of those that are not `away`. Their order is made anew each second, and at news."""
        if count <= 0:
            return []
        found = [place for place in self._order if place.contract.con_id not in away]
        if now_mono >= self._order_until or len(found) < count:
            looking = [
                place
                for con_id, place in self._places.items()
                if con_id not in away
                and not self._rests(place, now_mono)
                and (place.running is None or not place.running.rests)
            ]
            since_mark = since_mark_s(now_market, self.policy)
            found = self._order = self.order(looking, now_mono, since_mark, count + int(self.policy.messages_per_s))
            self._order_until = now_mono + ORDER_LASTS_S
        return found[:count]

    def _watch_lines(self, visitors: Sequence[Line], seats: int) -> int:
        """Lines that may be taken for prices of running signals, beside those that are."""
        most = math.ceil(self.policy.watch_share * seats)
        return most - sum(1 for line in visitors if line.brief)

    def order(self, waiting: Sequence[Place], now_mono: float, since_mark: float, count: int) -> list[Place]:
        """The `count` most urgent of those that wait."""
        policy = self.policy
        return heapq.nlargest(
            count, waiting, key=lambda place: (urgency(place, now_mono, since_mark, policy), -place.contract.con_id)
        )

    def visits_per_minute(self, now_mono: float) -> float:
        while self._opened and now_mono - self._opened[0] > RATE_WINDOW_S:
            self._opened.popleft()
        return float(len(self._opened))

    def knows(self, con_id: int) -> bool:
        return con_id in self._places or con_id in self._elsewhere

    def waits(self, con_id: int, now_mono: float) -> str:
        """When it was seen, in words; "" = it is not in the universe."""
        place = self._places.get(con_id)
        if place is None:
            other = self._elsewhere.get(con_id)
            return "" if other is None else f"engine {other} visits it" if other else "goes to another engine"
        if place.held_mono is None:
            return "waits for its first visit"
        if self._rests(place, now_mono):
            return "its market is closed: no visit until it opens"
        if place.seen_mono is None:
            return f"between two visits, no tick came on the last one {words.span(now_mono - place.held_mono)} ago"
        lane = "between two visits, seen" if place.running is None else "a running signal, watched,"
        seen = f"{lane} {words.span(now_mono - place.seen_mono)} ago"
        return f"{seen}, {_times(place.visits)} today"

    def place(self, con_id: int) -> Place | None:
        return self._places.get(con_id)

    def places(self) -> list[Place]:
        return list(self._places.values())

    def __len__(self) -> int:
        return len(self._places)

    def resting(self, now_mono: float) -> int:
        """Symbols whose market is closed: no visit until it opens."""
        places = (self._places.get(con_id) for con_id in self._closed)
        return sum(1 for place in places if place is not None and self._rests(place, now_mono))

    # --- inside -------------------------------------------------------------------------------------------------

    def _rests(self, place: Place, now_mono: float) -> bool:
        since = self._closed.get(place.contract.con_id)
        if since is None or place.held_mono is None or place.held_mono < since:
            return False
        was_seen = place.seen_mono is not None and place.seen_mono >= since
        return was_seen or now_mono - place.held_mono < SILENT_AGAIN_S

    def _look_at_hours(self, now_mono: float, now_market: float) -> None:
        minute = int(now_market // 60.0)
        if minute != self._closed_minute:
            self._closed_minute, before = minute, self._closed
            closed = (con_id for con_id in self._places if self._is_closed(con_id))
            self._closed = {con_id: before.get(con_id, now_mono) for con_id in closed}
            if self._closed.keys() != before.keys():
                self._order_until = -math.inf

    def _look(self, lines: Sequence[Line], now_mono: float) -> set[int]:
        """Who has a line now: it is being looked at, and what the scans said of it before is answered."""
        for line in lines:
            place = self._places.get(line.con_id)
            if place is not None:
                place.held_mono, place.hint = now_mono, 0.0
                if line.last_tick_mono is not None:
                    _note_seen(place, line, line.last_tick_mono)
        return {line.con_id for line in lines}

    def _turn_day(self, now_market: float) -> None:
        """Visits are counted by the market's day."""
        day = words.market_day(now_market)
        if day != self._day:
            self._day = day
            for place in self._places.values():
                place.visits = 0

    def _is_visit(self, line: Line) -> bool:
        return line.line_class == "coverage" and line.listens and line.con_id in self._places

    def _staying(self, visitors: Sequence[Line], needed: int, now_mono: float, now_market: float) -> list[Demand]:
        """The visits that go on: not seen long enough, confirming, or nobody waits for their line."""
        why = {line.con_id: self._stays(line.con_id, now_market) for line in visitors}
        self.confirming = tuple(con_id for con_id, stay in why.items() if stay == "confirming")[:CONFIRMING_MOST]
        self.measuring = tuple(con_id for con_id, stay in why.items() if stay == "measuring")[:MEASURING_MOST]
        kept = {*self.confirming, *self.measuring}
        over = [line for line in visitors if line.con_id not in kept and self._is_over(line, now_mono)]
        over.sort(key=lambda line: (line.since_mono, line.con_id))
        leaving = {line.con_id for line in over[:needed]}
        return [self._stay(line) for line in visitors if line.con_id not in leaving]

    def _is_over(self, line: Line, now_mono: float) -> bool:
        open_since = line.dwell_from_mono
        if open_since is None:
            return False
        if line.is_brief:
            return now_mono - open_since >= BRIEF_DWELL_S
        if now_mono - open_since < self.policy.dwell_s:
            return False
        return line.state == "live" or now_mono - open_since >= self.policy.dwell_s + NO_PRICE_S

    def _stay(self, line: Line) -> Demand:
        if line.con_id in self.confirming:
            reason = "confirming a breakout"
        elif line.con_id in self.measuring:
            reason = "measuring its volume at a level"
        else:
            reason = line.reason
        kept = line.con_id in self.confirming or line.con_id in self.measuring
        return Demand(line.contract, "coverage", HOLDER, reason, score=_STAYS, kept=kept)

    def _wish(self, place: Place, now_mono: float) -> Demand:
        return Demand(place.contract, "coverage", HOLDER, self._reason(place, now_mono))

    def _watch_wish(self, place: Place, now_mono: float) -> Demand:
        """For its price alone."""
        since = "" if place.held_mono is None else f", {now_mono - place.held_mono:.0f} s after the last"
        return Demand(place.contract, "coverage", HOLDER, f"{WATCHED}{since}", brief=True)

    def _reason(self, place: Place, now_mono: float) -> str:
        if place.held_mono is None:
            return "first visit"
        reason = f"visit, {now_mono - place.held_mono:.0f} s after the last"
        if place.hint_now(now_mono, self.policy) >= 0.3:
            return f"{reason}; up in a scan"
        is_near = place.distance_atr is not None and place.distance_atr <= self.policy.near_atr
        return f"{reason}; near a level" if is_near else reason


def _note_seen(place: Place, line: Line, tick_mono: float) -> None:
    """A tick came: the symbol was seen, and a line that was opened for it as a visit is one."""
    place.seen_mono = tick_mono
    if line.opened_as == "coverage" and place.visit_mono != line.since_mono:
        place.visit_mono = line.since_mono
        place.visits += 1


def _times(visits: int) -> str:
    if visits == 0:
        return "not visited yet"
    return "visited once" if visits == 1 else f"visited {visits} times"


def _bucket(policy: CoveragePolicy) -> Bucket:
    """Messages that visits may send: a second's worth at most at once, so that a pause is not made up by a burst."""
    most = max(MESSAGES_PER_VISIT, int(policy.messages_per_s))
    return Bucket(1.0 / policy.messages_per_s, most, most)
