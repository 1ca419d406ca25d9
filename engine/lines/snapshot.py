"""The lines section out of ledger, plan and diary: bounded, sums that add up."""

from __future__ import annotations

from engine.config import LineSettings
from engine.domain import LineClass, LineRow
from engine.lines.demands import DemandBook
from engine.lines.diary import Diary
from engine.lines.learned_cap import LearnedCap
from engine.lines.ledger import Ledger, Line
from engine.lines.model import NEAR_RATIO, PRIORITY, RANK, LinePlan
from engine.state.sections import LinesSection


def lines_section(
    ledger: Ledger,
    plan: LinePlan,
    demands: DemandBook,
    diary: Diary,
    cap: LearnedCap,
    settings: LineSettings,
    worst_second: int,
    wall: float,
) -> LinesSection:
    """`limit` is the configured one; near, capacity and free count from the effective one."""
    limit = cap.effective(settings.limit)
    lines = sorted(ledger, key=lambda line: (RANK[line.line_class], line.since_mono, line.con_id))
    by_class: dict[LineClass, int] = dict.fromkeys(RANK, 0)
    for line in lines:
        by_class[line.line_class] += 1
    capacity = max(0, limit - settings.buffer)
    used = len(lines)
    place = {con_id: i for i, con_id in enumerate(plan.next_out, start=1)}
    return LinesSection(
        limit=settings.limit,
        effective_limit=limit,
        buffer=settings.buffer,
        used=used,
        near=limit > 0 and used >= NEAR_RATIO * limit,
        scanner_capacity=capacity,
        scanner_free=max(0, min(limit - used, capacity - (used - by_class["100"]))),
        by_class={str(line_class): count for line_class, count in by_class.items()},
        changing=sum(1 for line in lines if not line.listens),
        rows=tuple(_row(line, demands, place.get(line.con_id)) for line in lines),
        refused=diary.refusals(wall),
        events=diary.events(),
        used_history=diary.used_history(),
        learned_cap_text=cap.story(settings.limit),
        worst_second=worst_second,
    )


def _row(line: Line, demands: DemandBook, place: int | None) -> LineRow:
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
        score=line.score,
        next_out=place if line.listens else None,
        message=line.message,
    )
