"""Rotation: the spare lines go round the universe. Keeps who was seen when, and asks for the next visits.

Engine thread only. It never touches a line: its wishes are demands like everybody else's, and the plan decides.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from engine.domain import ContractRef, Demand
from engine.lines.coverage import CoveragePolicy, Place, since_mark_s, urgency
from engine.lines.ledger import Line

HOLDER = "coverage"
CONFIRMING_MOST = 8
MESSAGES_PER_VISIT = 2.0  # subscribe and cancel
NO_PRICE_S = 3.0  # a visit without a price is given up so long after its dwell
RATE_WINDOW_S = 60.0
_STAYS = 1.0  # score of a visit that goes on: before every newcomer


class Rotation:
    """`is_confirming(con_id)`: a breakout of this symbol is being confirmed, so that its line has to stay."""

    def __init__(self, policy: CoveragePolicy, is_confirming: Callable[[int], bool]) -> None:
        self.policy = policy
        self._is_confirming = is_confirming
        self._places: dict[int, Place] = {}
        self._tokens = policy.messages_per_s
        self._tokens_mono: float | None = None
        self._opened: deque[float] = deque()
        self.confirming: tuple[int, ...] = ()
        self.lines = 0

    # --- what the scanners tell ---------------------------------------------------------------------------------

    def universe(self, contracts: Iterable[ContractRef], now_mono: float) -> None:
        """All symbols to be visited, as the scans returned them; whoever is missing is forgotten."""
        before, self._places = self._places, {}
        for contract in contracts:
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

    def judged(self, con_id: int, distance_atr: float | None) -> None:
        """How far the price is from the nearer breakout level; None = no level known."""
        place = self._places.get(con_id)
        if place is not None:
            place.distance_atr = distance_atr

    # --- what the bus tells -------------------------------------------------------------------------------------

    def on_opened(self, con_id: int, now_mono: float) -> None:
        """A visit begins: its messages are spent."""
        self._tokens -= MESSAGES_PER_VISIT
        self._opened.append(now_mono)
        place = self._places.get(con_id)
        if place is not None:
            place.visits += 1

    # --- wishes -------------------------------------------------------------------------------------------------

    def demands(
        self, lines: Sequence[Line], seats: int, barred: Collection[int], now_mono: float, now_market: float
    ) -> list[Demand]:
        """The visits that go on and the next ones, most urgent first; more than find a line.

        `lines` are all that count now, `seats` the most that coverage could hold, `barred` who is not to be asked for.
        """
        self._refill(now_mono)
        held = self._look(lines, now_mono)
        visitors = [line for line in lines if self._is_visit(line)]
        waiting = [p for con_id, p in self._places.items() if con_id not in held and con_id not in barred]
        affordable = max(0, int(self._tokens / MESSAGES_PER_VISIT))
        staying = self._staying(visitors, min(len(waiting), affordable), now_mono)
        self.lines = len(visitors)
        room = min(max(0, seats - len(staying)), affordable)
        order = self.order(waiting, now_mono, since_mark_s(now_market, self.policy), room)
        return [*staying, *(self._wish(place, now_mono, rank) for rank, place in enumerate(order))]

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

    def place(self, con_id: int) -> Place | None:
        return self._places.get(con_id)

    def places(self) -> list[Place]:
        return list(self._places.values())

    def __len__(self) -> int:
        return len(self._places)

    # --- inside -------------------------------------------------------------------------------------------------

    def _look(self, lines: Sequence[Line], now_mono: float) -> set[int]:
        """Who has a line now: it is being looked at, and what the scans said of it before is answered."""
        for line in lines:
            place = self._places.get(line.con_id)
            if place is not None:
                place.held_mono, place.hint = now_mono, 0.0
        return {line.con_id for line in lines}

    def _is_visit(self, line: Line) -> bool:
        return line.line_class == "coverage" and line.listens and line.con_id in self._places

    def _refill(self, now_mono: float) -> None:
        """Tokens for messages: a second's worth at most, so that a pause is not made up by a burst."""
        since = 0.0 if self._tokens_mono is None else now_mono - self._tokens_mono
        self._tokens_mono = now_mono
        most = max(MESSAGES_PER_VISIT, self.policy.messages_per_s)
        self._tokens = min(most, self._tokens + since * self.policy.messages_per_s)

    def _staying(self, visitors: Sequence[Line], needed: int, now_mono: float) -> list[Demand]:
        """The visits that go on: not seen long enough, confirming, or nobody waits for their line."""
        confirming = [line for line in visitors if self._is_confirming(line.con_id)][:CONFIRMING_MOST]
        self.confirming = tuple(line.con_id for line in confirming)
        over = [line for line in visitors if line.con_id not in self.confirming and self._is_over(line, now_mono)]
        over.sort(key=lambda line: (line.since_mono, line.con_id))
        leaving = {line.con_id for line in over[:needed]}
        return [self._stay(line) for line in visitors if line.con_id not in leaving]

    def _is_over(self, line: Line, now_mono: float) -> bool:
        open_since = line.dwell_from_mono
        if open_since is None or now_mono - open_since < self.policy.dwell_s:
            return False
        return line.state == "live" or now_mono - open_since >= self.policy.dwell_s + NO_PRICE_S

    def _stay(self, line: Line) -> Demand:
        reason = "confirming a breakout" if line.con_id in self.confirming else line.reason
        return Demand(line.contract, "coverage", HOLDER, reason, score=_STAYS)

    def _wish(self, place: Place, now_mono: float, rank: int) -> Demand:
        return Demand(place.contract, "coverage", HOLDER, self._reason(place, now_mono), score=0.5 / (1.0 + rank))

    def _reason(self, place: Place, now_mono: float) -> str:
        if place.held_mono is None:
            return "first visit"
        words = f"visit, {now_mono - place.held_mono:.0f} s after the last"
        if place.hint_now(now_mono, self.policy) >= 0.3:
            return f"{words}; up in a scan"
        is_near = place.distance_atr is not None and place.distance_atr <= self.policy.near_atr
        return f"{words}; near a level" if is_near else words
