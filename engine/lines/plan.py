"""The line plan: a pure function from demands, held lines, limit and clock to cancels and subscribes with reasons.

What always holds: no line is opened beyond the limit, nor for anything but a position beyond `limit - buffer`;
above either the surplus goes, lowest first; a position's line goes only when the position is closed; nothing is
cancelled inside its dwell but to admit a position; the same input gives the same plan.

It seats what is held (`Seat`: the class that a line has now), counts what is free (`Room`), then admits class by class;
among equals a newcomer has to beat whom it displaces (`challenge`).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.domain import Demand, LineClass
from engine.lines import words
from engine.lines.demands import Wants
from engine.lines.model import (
    BRIEF_DWELL_S,
    RANK,
    Cancel,
    HeldLine,
    Keep,
    LinePlan,
    LinePolicy,
    Refused,
    RefusedKind,
    Subscribe,
)


def plan(
    demands: Sequence[Demand], held: Sequence[HeldLine], limit: int, now_mono: float, policy: LinePolicy
) -> LinePlan:
    """What to do now. `limit` is the effective one (learned cap included); `now_mono` monotonic seconds."""
    desk = _Desk(demands, held, limit, now_mono, policy)
    desk.cancel_unwanted(candidates_too=False)
    desk.trim_tops()
    desk.trim_normals()
    desk.trim_surplus()
    desk.admit_positions()
    desk.admit_pins()
    desk.admit_tops()
    desk.admit_normals()
    desk.cancel_unwanted(candidates_too=True)
    desk.free_idle_for_coverage()
    desk.admit_coverage()
    return desk.result()


def _by_score(demand: Demand) -> tuple[float, int]:
    return -demand.score, demand.contract.con_id


def _by_exposure(demand: Demand) -> tuple[float, int]:
    return -demand.exposure_base, demand.contract.con_id


def _best(demands: list[Demand], count: int) -> list[Demand]:
    """The `count` of the highest score, best first. Sorting a few after a cheap cut is what keeps 10,000 fast."""
    if len(demands) > count > 0:
        floor = heapq.nlargest(count, [demand.score for demand in demands])[-1]
        demands = [demand for demand in demands if demand.score >= floor]
    return sorted(demands, key=_by_score)[:count]


def _largest(demands: list[Demand], count: int) -> list[Demand]:
    """The `count` of the largest exposure, largest first."""
    if len(demands) > count > 0:
        floor = heapq.nlargest(count, [demand.exposure_base for demand in demands])[-1]
        demands = [demand for demand in demands if demand.exposure_base >= floor]
    return sorted(demands, key=_by_exposure)[:count]


class _Desk:
    """One planning session; lives only as long as the call."""

    def __init__(
        self, demands: Sequence[Demand], held: Sequence[HeldLine], limit: int, now_mono: float, policy: LinePolicy
    ) -> None:
        self.limit = limit
        self.now = now_mono
        self.policy = policy
        self.wants = Wants(demands, policy.pins_max)
        self.closing = {h.con_id: h for h in held if h.state == "cancelling"}
        self.seats = {h.con_id: seat_of(h, self.wants, now_mono, policy) for h in held if h.state != "cancelling"}
        self.swaps_left = policy.swaps_left
        self.cancels: list[Cancel] = []
        self.subscribes: list[Subscribe] = []
        self.refused: list[Refused] = []
        self.refused_total = 0
        self.positions_without_line = 0
        self.claimed: set[int] = set()  # young lines that somebody stronger waits for
        self.order: list[Seat] | None = None
        self._open_by_want: dict[LineClass, set[int]] | None = None  # until one is cancelled
        self.room = self._count_room(len(held))
        for demand in self.wants.displaced_pins:
            self._refuse(demand, "pins", f"at most {policy.pins_max} lines are held by pins and open pages at a time")

    def _count_room(self, used: int) -> Room:
        positions = sum(1 for seat in self.seats.values() if seat.is_position)
        closing = [self._wants_class(con_id, "100") for con_id in self.closing]
        capacity = max(0, self.limit - self.policy.buffer)
        room = Room(self.limit, capacity, used, used - positions - sum(closing))
        for position in closing:
            room.closing(position=position)
        return room

    def _wants_class(self, con_id: int, line_class: LineClass) -> bool:
        demand = self.wants.best.get(con_id)
        return demand is not None and demand.line_class == line_class

    # --- what goes ------------------------------------------------------------------------------------------

    def cancel_unwanted(self, *, candidates_too: bool) -> None:
        """Lines on their way out whose dwell is over; those that may yet be raised to 25 are judged afterwards."""
        for seat in self.seats.values():
            if not seat.leaving or seat.young or seat.cancelled:
                continue
            if candidates_too or not self._wants_class(seat.con_id, "25"):
                self._cancel(seat, seat.leaving)

    def trim_tops(self) -> None:
        """The 50s beyond their number; one that nobody asks for any more also makes room for a signal that does."""
        top_max = self.policy.top_max
        seats = self._open_seats("50")
        over = len(seats) - top_max
        idle = [seat for seat in seats if seat.demand is None][: max(0, over + self._count_newcomers("50"))]
        gone = {seat.con_id for seat in idle}
        rest = [seat for seat in seats if seat.con_id not in gone]
        reason = f"watched by visits, {top_max} newer or better signals stream"
        self._put_back([*idle, *rest[: max(0, len(rest) - top_max)]], reason)

    def trim_normals(self) -> None:
        """The 25s beyond their number."""
        seats, normal_max = self._open_seats("25"), self.policy.normal_max
        reason = f"ordinary candidates hold at most {normal_max} lines"
        self._put_back(seats[: max(0, len(seats) - normal_max)], reason)

    def _put_back(self, seats: Sequence[Seat], reason: str) -> None:
        """Back to coverage where that is wanted, else out."""
        for seat in seats:
            seat.line_class, seat.demand = "coverage", self.wants.weaker(seat.con_id, "25")
            if seat.demand is None:
                seat.leaving = reason
                if not seat.young:
                    self._cancel(seat, seat.leaving)
            self.order = None

    def trim_surplus(self) -> None:
        """After the limit sank or a position closed: the lowest go until limit and capacity hold."""
        for seat in self._lowest_first() if self.room.excess else ():
            if self.room.excess and not seat.young:
                self._cancel(seat, f"line limit is {self.limit}, {self.policy.buffer} kept for positions")

    def free_idle_for_coverage(self) -> None:
        """Lines that nobody asks for go before their time to live is over, while too few rotate and somebody waits."""
        visitors = [s for s in self.seats.values() if s.line_class == "coverage" and not s.cancelled]
        lacking = int(self.policy.rotating_share * self.room.capacity) - len(visitors) - self.room.free_soon
        waiting = self._count_newcomers("coverage")
        idle = [s for s in self._lowest_first() if s.demand is None and outside_hold(s, self.now, self.policy)]
        for seat in idle[: max(0, min(lacking, waiting))]:
            self._cancel(seat, "idle, and too few lines go round")

    # --- what comes -----------------------------------------------------------------------------------------

    def admit_positions(self) -> None:
        newcomers = self._count_newcomers("100")
        largest = self._newcomers("100", _largest)
        for i, demand in enumerate(largest):
            when = self._take(demand) or self._evict_for_position(demand)
            if when is None:
                self.positions_without_line = newcomers - i
                reason = f"{words.at_limit(self.limit, self.limit)}, every line is a position's"
                self._refuse_all(largest[i:], "positions", reason)
                self.refused_total += newcomers - len(largest)
                return
            self._admit(demand, "100", when)

    def admit_pins(self) -> None:
        for demand in [d for d in self.wants.by_class["pinned"] if not self._is_seated(d)]:
            when = self._take(demand) or self._evict_weaker(demand)
            if when is None:
                self._refuse(demand, "limit", self._at_limit())
            else:
                self._admit(demand, "pinned", when)

    def admit_tops(self) -> None:
        """Best first, a free place or a challenge; once one finds no line, no weaker one can."""
        newcomers = self._count_newcomers("50")
        best = self._newcomers("50", _best)
        free = self.policy.top_max - len(self._open_seats("50"))
        for i, demand in enumerate(best):
            when = (self._take(demand) or self._evict_weaker(demand)) if free > 0 else None
            free -= when is not None
            if when is None:
                why = self._swap(demand, "50")
                if why is not None:
                    kind, reason = why
                    if free > 0 and kind == "score":
                        kind, reason = "limit", self._at_limit()
                    elif free <= 0 and kind == "limit":
                        kind, reason = "top_max", words.tops_taken(self.policy.top_max)
                    self._refuse_all(best[i:], kind, reason)
                    self.refused_total += newcomers - len(best)
                    return
            self._admit(demand, "50", when or "soon")

    def admit_normals(self) -> None:
        """Newcomers at 25, best first: a free place, or a challenge to those who sit there."""
        free = self.policy.normal_max - len(self._open_seats("25"))
        going = sum(1 for h in self.closing.values() if h.line_class == "25")
        going += sum(1 for s in self.seats.values() if s.cancelled and s.line_class == "25")
        sitting = {i for i in self._seated_of("25") if self.seats[i].line_class in ("25", "50")}
        enough = self.policy.normal_max + self.policy.refused_max
        keen = [d for d in _best(self.wants.by_class["25"], enough + len(sitting)) if d.contract.con_id not in sitting]
        keen = keen[:enough]
        self.refused_total += len(self.wants.by_class["25"]) - len(sitting) - len(keen)
        for demand in keen:
            if free > 0 and self._seat_normal(demand, at_once=free > going):
                free -= 1
                continue
            why = self._swap(demand, "25")
            if why is not None:
                self._refuse(demand, *why)
            elif not self._keep_candidate(demand):
                self._admit(demand, "25", "soon")

    def admit_coverage(self) -> None:
        """Whatever is left. A visit that finds no line isn't refused: it waits for its turn.

        Who was refused a line at 50 or 25 may still be visited.
        """
        served = {subscribe.demand.contract.con_id for subscribe in self.subscribes}
        served.update(r.demand.contract.con_id for r in self.refused if r.kind == "waiting")
        served.update(con_id for con_id, seat in self.seats.items() if not seat.cancelled)
        others = [d for d in self.wants.also_coverage() if d.contract.con_id not in served]
        for demand in _best(self._newcomers("coverage", _best) + others, max(0, self.limit)):
            when = self._take(demand)
            if when is None:
                return
            if when == "now":
                self.subscribes.append(Subscribe(demand, "coverage"))

    def _seat_normal(self, demand: Demand, *, at_once: bool) -> bool:
        """A free place at 25: a visited line is raised (at once, or when the place is empty); others need a line."""
        if self._keep_candidate(demand):
            if at_once:
                seat = self.seats[demand.contract.con_id]
                seat.line_class, seat.demand = "25", demand
                self.order = None
            return True
        when = self._take(demand) or self._evict_weaker(demand)
        if when is not None:
            self._admit(demand, "25", when if at_once else "soon")
        return when is not None

    def _keep_candidate(self, demand: Demand) -> bool:
        """A visited line that is to be raised stays open until then."""
        seat = self.seats.get(demand.contract.con_id)
        if seat is None or seat.cancelled:
            return False
        seat.leaving = ""
        seat.line_class = "coverage"
        seat.demand = demand if seat.demand is None else seat.demand
        self.order = None
        return True

    # --- making room ----------------------------------------------------------------------------------------

    def _take(self, demand: Demand) -> When | None:
        con_id = demand.contract.con_id
        own = con_id in self.closing or (con_id in self.seats and self.seats[con_id].cancelled)
        return self.room.take(position=demand.line_class == "100", own_line_closing=own)

    def _evict_for_position(self, demand: Demand) -> When | None:
        """Exactly one line at the limit; more only while the limit itself is exceeded."""
        for victim in self._lowest_first():
            self._cancel(victim, "", by=demand, for_position=True)
            when = self._take(demand)
            if when is not None:
                return when
        return None

    def _evict_weaker(self, demand: Demand) -> When | None:
        """The lowest line of a weaker class; one inside its dwell is waited for."""
        if self.room.excess:
            return None
        rank = RANK[demand.line_class]
        weaker = [s for s in self._lowest_first() if s.leaving or RANK[s.line_class] > rank]
        ripe = next((s for s in weaker if not s.young and not s.kept), None)
        young = next((s for s in weaker if s.young and not s.kept and s.con_id not in self.claimed), None)
        if ripe is None and young is None:
            ripe = next((s for s in weaker if not s.young), None)
        if ripe is not None:
            self._cancel(ripe, "", by=demand)
            return self._take(demand)
        young = young or next((s for s in weaker if s.con_id not in self.claimed), None)
        if young is None:
            return None
        self.claimed.add(young.con_id)
        return "soon"

    def _swap(self, demand: Demand, line_class: LineClass) -> tuple[RefusedKind, str] | None:
        """None = done: the victim goes and the newcomer gets its line when that is freed."""
        if self.room.excess:
            return "limit", self._at_limit()
        outcome = challenge(demand, self._open_seats(line_class), self.swaps_left, self.now, self.policy)
        if isinstance(outcome, tuple):
            return outcome[0], outcome[1] or self._at_limit()
        self.swaps_left -= 1
        self._cancel(outcome, "", by=demand, swap=True)
        if not self._sits_at(demand, "coverage"):
            self._take(demand)
        return None

    # --- bookkeeping ----------------------------------------------------------------------------------------

    def _enough(self) -> int:
        """More than can find a line, and what the list of refusals holds: nobody beyond needs to be looked at."""
        return self.limit + self.policy.refused_max + 1

    def _newcomers(self, line_class: LineClass, first: Callable[[list[Demand], int], list[Demand]]) -> list[Demand]:
        """Wanted in this class and without an open line, as many as may matter, ordered by `first`."""
        enough, seated = self._enough(), self._seated_of(line_class)
        found = first(self.wants.by_class[line_class], enough + len(seated))
        return [demand for demand in found if demand.contract.con_id not in seated][:enough]

    def _count_newcomers(self, line_class: LineClass) -> int:
        return len(self.wants.by_class[line_class]) - len(self._seated_of(line_class))

    def _seated_of(self, wanted: LineClass) -> set[int]:
        """Whose strongest demand is in class `wanted`, and who has an open line."""
        if self._open_by_want is None:
            self._open_by_want = {line_class: set() for line_class in RANK}
            for con_id, seat in self.seats.items():
                best = None if seat.cancelled else self.wants.best.get(con_id)
                if best is not None:
                    self._open_by_want[best.line_class].add(con_id)
        return self._open_by_want[wanted]

    def _is_seated(self, demand: Demand) -> bool:
        seat = self.seats.get(demand.contract.con_id)
        return seat is not None and not seat.cancelled

    def _sits_at(self, demand: Demand, *classes: LineClass) -> bool:
        seat = self.seats.get(demand.contract.con_id)
        return seat is not None and not seat.cancelled and seat.line_class in classes

    def _open_seats(self, line_class: LineClass) -> list[Seat]:
        """Open lines of one class that may stay, first out first."""
        return [s for s in self._lowest_first() if s.line_class == line_class and not s.leaving]

    def _lowest_first(self) -> Iterator[Seat]:
        """Open lines but positions', in the order in which they would go."""
        if self.order is None:
            self.order = sorted((s for s in self.seats.values() if not s.is_position), key=eviction_order)
        return (s for s in self.order if not s.cancelled)

    def _admit(self, demand: Demand, line_class: LineClass, when: When) -> None:
        if when == "now":
            self.subscribes.append(Subscribe(demand, line_class))
        else:
            self.refused.append(Refused(demand, "waiting", "a line is being freed for it"))

    def _cancel(
        self, seat: Seat, reason: str, *, by: Demand | None = None, for_position: bool = False, swap: bool = False
    ) -> None:
        seat.cancelled = True
        self._open_by_want = None
        self.room.closing(position=False)
        winner = by.contract.local_symbol if by is not None else ""
        if by is not None:
            reason = f"evicted by {winner} ({words.class_name(by.line_class)})"
        self.cancels.append(Cancel(seat.con_id, seat.symbol, reason, winner, for_position, swap))

    def _refuse(self, demand: Demand, kind: RefusedKind, reason: str) -> None:
        self._refuse_all((demand,), kind, reason)

    def _refuse_all(self, demands: Sequence[Demand], kind: RefusedKind, reason: str) -> None:
        self.refused_total += len(demands)
        listed = max(0, self.policy.refused_max - len(self.refused))
        self.refused.extend(Refused(d, kind, reason) for d in demands[:listed])

    def _at_limit(self) -> str:
        return words.at_limit(self.room.used_now, self.limit)

    def result(self) -> LinePlan:
        return LinePlan(
            cancel=tuple(self.cancels),
            subscribe=tuple(self.subscribes),
            keep=tuple(Keep(s.con_id, s.line_class, s.demand) for s in self.seats.values() if not s.cancelled),
            refused=tuple(self.refused),
            refused_total=self.refused_total,
            next_out=tuple(s.con_id for s in self._lowest_first()),
            positions_without_line=self.positions_without_line,
        )


# --- room -------------------------------------------------------------------------------------------------------------

When = Literal["now", "soon"]


class Room:
    """`limit` for all lines, `capacity` for those that are not positions.

    "now" may be subscribed at once; "soon" is a line whose cancel is under way: it is reserved for whoever asked
    first (the strongest), and the request goes out when the gateway can have freed it.
    """

    def __init__(self, limit: int, capacity: int, used: int, used_other: int) -> None:
        self._limit = limit
        self.capacity = capacity
        self._now = self._soon = limit - used
        self._other_now = self._other_soon = capacity - used_other

    def closing(self, *, position: bool) -> None:
        """A line that still counts is on its way out."""
        self._soon += 1
        if not position:
            self._other_soon += 1

    def take(self, *, position: bool, own_line_closing: bool = False) -> When | None:
        """Reserve one line. `own_line_closing` = the same contract's old line must be freed first."""
        soon = self._soon if position else min(self._soon, self._other_soon)
        if soon <= 0:
            return None
        now = self._now if position else min(self._now, self._other_now)
        when: When = "now" if now > 0 and not own_line_closing else "soon"
        self._spend(position=position, at_once=when == "now")
        return when

    def _spend(self, *, position: bool, at_once: bool) -> None:
        self._soon -= 1
        self._now -= at_once
        if not position:
            self._other_soon -= 1
            self._other_now -= at_once

    @property
    def free_soon(self) -> int:
        """Lines that may still be taken by whoever is no position, those on their way out included."""
        return max(0, min(self._soon, self._other_soon))

    @property
    def used_now(self) -> int:
        """Lines used when this plan has been carried out, those on their way out included."""
        return self._limit - self._now

    @property
    def excess(self) -> int:
        """Lines to give back before limit and capacity hold."""
        return max(0, -self._soon, -self._other_soon)


# --- seats ------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Seat:
    """One open line under judgement. `demand` None = idle; `leaving` = why it goes as soon as its dwell is over."""

    held: HeldLine
    line_class: LineClass
    demand: Demand | None
    young: bool = False
    leaving: str = ""
    cancelled: bool = False

    @property
    def con_id(self) -> int:
        return self.held.con_id

    @property
    def symbol(self) -> str:
        return self.held.local_symbol

    @property
    def score(self) -> float:
        """Of its demand; an idle line defends itself with its last one."""
        return self.held.score if self.demand is None else self.demand.score

    @property
    def kept(self) -> bool:
        """A visit that has to go on."""
        return self.demand is not None and self.demand.kept

    @property
    def is_position(self) -> bool:
        return self.line_class == "100"


def seat_of(held: HeldLine, wants: Wants, now_mono: float, policy: LinePolicy) -> Seat:
    """The class that this line has now, by what is wanted and by its hold and idle time."""
    demand = wants.best.get(held.con_id)
    seat = _wanted_seat(held, demand, now_mono, policy) or _idle_seat(held, now_mono, policy)
    if seat is None:
        seat = _visited_seat(held, demand, wants)
    seat.young = is_young(held, seat.line_class, now_mono, policy)
    return seat


def is_young(held: HeldLine, line_class: LineClass, now_mono: float, policy: LinePolicy) -> bool:
    """Inside its dwell: only a position's admission may cancel it. A request not yet sent has nothing to dwell."""
    brief = held.brief and line_class == "coverage"
    dwell_s = BRIEF_DWELL_S if brief else policy.dwell_of(held.opened_as, held.line_class, line_class)
    return held.sent_mono is not None and now_mono - held.sent_mono < dwell_s


def eviction_order(seat: Seat) -> tuple[bool, int, bool, bool, bool, float, bool, float, float, int]:
    """Sort key, first out: leaving, weakest class, not kept, idle, borrowed, longest idle, dwell over, lowest score."""
    held = seat.held
    idle = seat.demand is None
    idle_since = held.idle_since_mono if idle and held.idle_since_mono is not None else 0.0
    return (
        not seat.leaving,
        -RANK[seat.line_class],
        seat.kept,
        not idle,
        not held.borrowed,
        idle_since,
        seat.young,
        seat.score,
        held.since_mono,
        held.con_id,
    )


def _wanted_seat(held: HeldLine, demand: Demand | None, now_mono: float, policy: LinePolicy) -> Seat | None:
    if demand is None or demand.line_class == "coverage":
        return None
    if demand.line_class != "25":
        return Seat(held, demand.line_class, demand)
    if held.line_class == "50" and now_mono - held.class_since_mono < policy.min_hold_s:
        return Seat(held, "50", demand)
    if held.line_class in ("25", "50"):
        return Seat(held, "25", demand)
    return None  # a visited or released line: it has to compete for a place at 25


def _idle_seat(held: HeldLine, now_mono: float, policy: LinePolicy) -> Seat | None:
    if held.line_class not in ("25", "50"):
        return None
    idle_since = now_mono if held.idle_since_mono is None else held.idle_since_mono
    return Seat(held, held.line_class, None) if now_mono - idle_since < policy.ttl_s else None


def _visited_seat(held: HeldLine, demand: Demand | None, wants: Wants) -> Seat:
    """Coverage where that is wanted, else on its way out."""
    if demand is not None and demand.line_class != "coverage":
        demand = wants.weaker(held.con_id, "25")
    if demand is not None:
        return Seat(held, "coverage", demand)
    seat = Seat(held, "coverage" if held.line_class == "100" else held.line_class, None)
    seat.leaving = _why_leaving(held)
    return seat


def _why_leaving(held: HeldLine) -> str:
    if held.line_class == "100":
        return "position closed"
    if held.line_class == "pinned":
        return "given back, its page closed" if held.borrowed else "unpinned"
    if held.line_class == "coverage":
        return "visit over"
    return "idle to the end of its time to live"


# --- a challenge among equals -----------------------------------------------------------------------------------------


def challenge(
    demand: Demand, rivals: Sequence[Seat], swaps_left: int, now_mono: float, policy: LinePolicy
) -> Seat | tuple[RefusedKind, str]:
    """The seat that `demand` takes, or why it takes none.

    The newcomer must be better by the hysteresis, the incumbent outside its minimum hold and its dwell, and only so
    many swaps are made a minute. `rivals` come first out first.
    """
    margin = 1.0 + policy.hysteresis_pct / 100.0
    beaten = [s for s in rivals if demand.score > s.score and demand.score >= s.score * margin]
    if not beaten:
        return _not_better(demand, rivals, policy)
    victim = next((s for s in beaten if outside_hold(s, now_mono, policy)), None)
    if victim is None:
        return "hold", words.inside_hold(beaten[0].symbol)
    if swaps_left <= 0:
        return "swaps", f"would evict {victim.symbol}, but this minute's swaps are used up"
    return victim


def outside_hold(seat: Seat, now_mono: float, policy: LinePolicy) -> bool:
    """Dwell and minimum hold are over."""
    return not seat.young and now_mono - seat.held.class_since_mono >= policy.min_hold_s


def _not_better(demand: Demand, rivals: Sequence[Seat], policy: LinePolicy) -> tuple[RefusedKind, str]:
    if demand.line_class == "25" and policy.normal_max == 0:
        return "normal_max", "no lines are given to ordinary candidates"
    if demand.line_class == "50" and policy.top_max == 0:
        return "top_max", "no lines are given to running signals, they are watched by visits"
    if not rivals:  # the places of the class went to better newcomers of the same plan
        return ("normal_max", words.normals_taken(policy.normal_max)) if demand.line_class == "25" else ("limit", "")
    weakest = min(rivals, key=lambda s: (s.score, s.con_id))
    return "score", words.does_not_beat(demand.score, weakest.symbol, weakest.score, policy.hysteresis_pct)
