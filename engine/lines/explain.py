"""Why has it (not) a line? One sentence, and the same about a demand that isn't there yet."""

from __future__ import annotations

from collections.abc import Callable

from engine.domain import Demand
from engine.lines import words
from engine.lines.demands import DemandBook
from engine.lines.diary import Diary
from engine.lines.ledger import Ledger, Line
from engine.lines.model import LinePlan
from engine.lines.refusals import RefusalDesk
from engine.lines.rotation import Rotation


class Explainer:
    """Made for one answer. `market_time` turns wall into market seconds."""

    def __init__(
        self,
        ledger: Ledger,
        plan: LinePlan,
        demands: DemandBook,
        diary: Diary,
        refusals: RefusalDesk,
        rotation: Rotation,
        market_time: Callable[[float], float],
    ) -> None:
        self._ledger = ledger
        self._plan = plan
        self._demands = demands
        self._diary = diary
        self._refusals = refusals
        self._rotation = rotation
        self._market_time = market_time

    def sentence(self, con_id: int, now_mono: float) -> str:
        line = self._ledger.get(con_id)
        if line is not None and line.state != "cancelling":
            return self._has(line, now_mono)
        visit = self._waits_for_visit(con_id, now_mono)
        farewell = "" if visit else self._diary.last_farewell(con_id)
        reasons = [farewell, self._why_not(con_id, now_mono), visit]
        return "no line: " + "; ".join(dict.fromkeys(reason for reason in reasons if reason))

    def _has(self, line: Line, now_mono: float) -> str:
        since = words.clock_text(self._market_time(line.since_wall))
        parts = [f"has a line since {since} as {words.class_name(line.line_class)}"]
        idle_s = None if line.idle_since_mono is None else now_mono - line.idle_since_mono
        parts.append(f"{line.reason}" if idle_s is None else f"nobody asks for it since {words.span(idle_s)}")
        if line.message:
            parts.append(line.message)
        if line.line_class == "100":
            parts.append("never evicted")
        elif line.con_id in self._plan.next_out:
            place = self._plan.next_out.index(line.con_id) + 1
            parts.append(f"next out {place} of {len(self._plan.next_out)}")
        return "; ".join(part for part in parts if part)

    def _why_not(self, con_id: int, now_mono: float) -> str:
        block = self._refusals.block(con_id, now_mono)
        if block is not None:
            again = words.span(block.until_mono - now_mono)
            return f"{block.sentence}, asked again in {again}"
        wanted = self._demands.of(con_id)
        if not wanted:
            known = self._rotation.place(con_id) is not None or self._diary.last_farewell(con_id)
            return "" if known else "not in any scan"
        refused = next((r for r in self._plan.refused if r.demand.contract.con_id == con_id), None)
        if refused is not None:
            return refused.reason
        strongest = wanted[0]
        if not any(demand.contract.exchange for demand in wanted):
            return words.NOT_QUALIFIED
        if strongest.line_class == "coverage":
            return "" if self._rotation.place(con_id) else "waits for its visit"
        name = words.class_name(strongest.line_class)
        return f"{name} with score {strongest.score:.2f}, too far down the list"

    def _waits_for_visit(self, con_id: int, now_mono: float) -> str:
        place = self._rotation.place(con_id)
        if place is None or self._refusals.block(con_id, now_mono) is not None:
            return ""
        if place.held_mono is None:
            return "waits for its first visit"
        times = "once" if place.visits == 1 else f"{place.visits} times"
        return f"between two visits, seen {words.span(now_mono - place.held_mono)} ago, visited {times} today"

    def what_if(self, demand: Demand, trial: LinePlan, now_plan: LinePlan, now_mono: float) -> str:
        """The difference that one demand makes between two plans, in words."""
        con_id, name = demand.contract.con_id, demand.contract.local_symbol
        line = self._ledger.get(con_id)
        if line is not None and line.state != "cancelling":
            return f"{name} has a line already ({words.class_name(line.line_class)})"
        gone_anyway = {c.con_id for c in now_plan.cancel}
        victims = [c.con_id for c in trial.cancel if c.evicted_by == name and c.con_id not in gone_anyway]
        if victims:
            return f"adding {name} would evict {self._victim(victims[0], now_mono)}"
        if any(s.demand.contract.con_id == con_id for s in trial.subscribe):
            return f"adding {name} would take a free line, nobody is evicted"
        refused = next((r for r in trial.refused if r.demand.contract.con_id == con_id), None)
        if refused is None:
            return f"{name} would wait for its visit"
        if refused.kind == "waiting":
            return f"adding {name} would take the next line that is freed"
        return words.cannot_subscribe(name, refused.reason)

    def _victim(self, con_id: int, now_mono: float) -> str:
        line = self._ledger.get(con_id)
        if line is None:
            return str(con_id)
        detail = words.priority_word(line.line_class)
        if line.idle_since_mono is not None:
            detail += f", idle {words.span(now_mono - line.idle_since_mono)}"
        return f"{line.symbol} ({detail})"
