"""Values of the line plan: what is held, what may be done, what was decided and why. No IO, no clock."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from engine.config import CoverageSettings, LineSettings
from engine.domain import Demand, LineClass

# Lower is stronger. A class may take lines of every class with a higher rank.
RANK: dict[LineClass, int] = {"100": 0, "pinned": 1, "50": 2, "25": 3, "coverage": 4}
PRIORITY: dict[LineClass, int] = {"100": 100, "50": 50, "25": 25}
SCORED: frozenset[LineClass] = frozenset({"50", "25"})  # whose lines go by a candidate's score
BRIEF_S = 1.0  # a visit for a price alone, from its request to its cancel
BRIEF_DWELL_S = 0.5  # of it after the first tick at least: that proves the line, and the others come with it
OTHER_LANES_DWELL_S = 5.0  # no lane but coverage gives a line back sooner
NEAR_RATIO = 0.9
NEAR_END_RATIO = 0.84  # visits come and go each few seconds: at the limit itself it would flicker


def is_near(used: int, limit: int, was: bool) -> bool:
    """Whether the lines are nearly used up; `was` = they were, then it ends a little lower."""
    return limit > 0 and used >= (NEAR_END_RATIO if was else NEAR_RATIO) * limit


LineState = Literal["pending", "live", "error", "cancelling", "renewing"]
RefusedKind = Literal["limit", "positions", "pins", "score", "hold", "swaps", "normal_max", "top_max", "waiting"]


class LinePolicy(Struct, frozen=True):
    """The rules' numbers. `swaps_left` is what the last 60 s left of the swaps allowed a minute.

    While fewer than `rotating_share` of the lines that are not kept for positions rotate, idle lines are given back
    before their time to live is over.
    """

    buffer: int = 5
    normal_max: int = 10
    top_max: int = 10
    ttl_s: float = 600.0
    min_hold_s: float = 120.0
    hysteresis_pct: float = 15.0
    dwell_s: float = OTHER_LANES_DWELL_S
    coverage_dwell_s: float = 5.0
    rotating_share: float = 1.0
    swaps_left: int = 5
    pins_max: int = 5
    refused_max: int = 100

    @classmethod
    def of(cls, settings: LineSettings, coverage: CoverageSettings, swaps_left: int) -> LinePolicy:
        """The policy of these settings; no lane's dwell is shorter than that of a visit."""
        return cls(
            buffer=settings.buffer,
            normal_max=settings.normal_max,
            top_max=settings.top_max,
            ttl_s=float(settings.ttl_s),
            min_hold_s=float(settings.min_hold_s),
            hysteresis_pct=settings.hysteresis_pct,
            dwell_s=max(OTHER_LANES_DWELL_S, coverage.dwell_s),
            coverage_dwell_s=coverage.dwell_s,
            rotating_share=coverage.rotating_pct / 100.0,
            swaps_left=swaps_left,
        )

    def dwell_of(self, *classes: LineClass) -> float:
        """Shortest time from subscribe to cancel for a line that had these classes, seconds."""
        return max(self.coverage_dwell_s if each == "coverage" else self.dwell_s for each in classes)


class HeldLine(Struct, frozen=True):
    """One line that counts as used. `sent_mono` None = the request has not left yet (cancelling it costs nothing);
    its dwell counts from there, so it may be later than the sending where the gateway may be slow.

    `class_since_mono` is when it got its present class (minimum hold), `idle_since_mono` when the last demand for
    it went (None = demanded or not known to be idle yet).
    """

    con_id: int
    local_symbol: str
    line_class: LineClass
    since_mono: float
    sent_mono: float | None
    class_since_mono: float
    score: float = 0.0
    idle_since_mono: float | None = None
    state: LineState = "live"
    borrowed: bool = False
    opened_as: LineClass = "coverage"  # its dwell is that of the class it was opened in, or of a stronger one since
    brief: bool = False  # opened for a price alone, and its first tick has come: its dwell is a second


class Keep(Struct, frozen=True):
    """A held line goes on, perhaps under another class. `demand` None = idle, lives until its TTL ends."""

    con_id: int
    line_class: LineClass
    demand: Demand | None


class Cancel(Struct, frozen=True):
    """Give one line back. `evicted_by` names who takes it, "" = nobody (released). `swap` counts against the minute."""

    con_id: int
    local_symbol: str
    reason: str
    evicted_by: str = ""
    for_position: bool = False
    swap: bool = False


class Subscribe(Struct, frozen=True):
    """Open one line now."""

    demand: Demand
    line_class: LineClass


class Refused(Struct, frozen=True):
    """A demand without a line, for now. `kind` "waiting" = a line is on its way to it."""

    demand: Demand
    kind: RefusedKind
    reason: str


class LinePlan(Struct, frozen=True):
    """What to do now, in this order: cancels, then subscribes. `next_out` = con_ids in the order of eviction.

    `refused` holds the strongest `refused_max` only, `refused_total` counts all; `positions_without_line` counts
    the positions that are valued from portfolio updates because every line is a position's.
    """

    cancel: tuple[Cancel, ...] = ()
    subscribe: tuple[Subscribe, ...] = ()
    keep: tuple[Keep, ...] = ()
    refused: tuple[Refused, ...] = ()
    refused_total: int = 0
    next_out: tuple[int, ...] = ()
    positions_without_line: int = 0
