"""The lines section out of ledger, plan and diary: bounded, sums that add up."""

from __future__ import annotations

from typing import NamedTuple

from engine.domain import LineClass, LineRow
from engine.lines.demands import DemandBook
from engine.lines.diary import Diary
from engine.lines.learned_cap import LearnedCap
from engine.lines.ledger import Ledger, Line
from engine.lines.model import NEAR_RATIO, PRIORITY, RANK, SCORED, LinePlan, LinePolicy
from engine.state.sections import LinesSection


class Now(NamedTuple):
    """One moment on both clocks of this machine, seconds."""

    mono: float
    wall: float


def lines_section(
    ledger: Ledger,
    plan: LinePlan,
    demands: DemandBook,
    diary: Diary,
    cap: LearnedCap,
    configured: int,
    policy: LinePolicy,
    worst_second: int,
    now: Now,
) -> LinesSection:
    """`configured` is the user's limit; near, capacity and free count from the effective one."""
    limit = cap.effective(configured)
    lines = sorted(ledger, key=lambda line: (RANK[line.line_class], line.since_mono, line.con_id))
    by_class: dict[LineClass, int] = dict.fromkeys(RANK, 0)
    for line in lines:
        by_class[line.line_class] += 1
    capacity = max(0, limit - policy.buffer)
    used = len(lines)
    place = {con_id: i for i, con_id in enumerate(plan.next_out, start=1)}
    return LinesSection(
        limit=configured,
        effective_limit=limit,
        buffer=policy.buffer,
        used=used,
        near=limit > 0 and used >= NEAR_RATIO * limit,
        scanner_capacity=capacity,
        scanner_free=max(0, min(limit - used, capacity - (used - by_class["100"]))),
        by_class={str(line_class): count for line_class, count in by_class.items()},
        changing=sum(1 for line in lines if not line.listens),
        rows=tuple(_row(line, demands, place.get(line.con_id), policy, now) for line in lines),
        refused=diary.refusals(now.wall),
        used_history=diary.used_history(),
        learned_cap_text=cap.story(configured),
        worst_second=worst_second,
    )


def _row(line: Line, demands: DemandBook, place: int | None, policy: LinePolicy, now: Now) -> LineRow:
    dwell_from = line.dwell_from_mono
    return LineRow(
        con_id=line.con_id,
        local_symbol=line.symbol,
        line_class=line.line_class,
        priority=PRIORITY.get(line.line_class),
        lane=line.lane,
        holders=tuple(dict.fromkeys(d.holder for d in demands.of(line.con_id))),
        reason=line.reason,
        since_wall=line.since_wall,
        last_tick_wall=line.last_tick_wall,
        state="pending" if line.state == "renewing" else line.state,
        score=line.score if line.line_class in SCORED else None,
        next_out=place if line.listens else None,
        message=line.message or (f"{line.reason}; {line.route}" if line.route else ""),
        opened_wall=line.opened_wall,
        dwell_from_wall=None if dwell_from is None else now.wall - (now.mono - dwell_from),
        dwell_s=None if line.line_class == "100" else policy.dwell_of(line.opened_as, line.line_class),
    )
