"""Held lines as the plan sees them: the class each has now, whether it is idle, young or on its way out."""

from __future__ import annotations

from dataclasses import dataclass

from engine.domain import Demand, LineClass
from engine.lines.model import RANK, HeldLine, LinePolicy
from engine.lines.wants import Wants


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
    dwell_s = policy.dwell_of(held.opened_as, held.line_class, line_class)
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
