"""Why has it (not) a line? One sentence."""

from __future__ import annotations

from collections.abc import Callable

from engine.coverage.rotation import Rotation
from engine.lines import words
from engine.lines.demands import DemandBook
from engine.lines.diary import Diary
from engine.lines.ledger import Ledger, Line
from engine.lines.model import LinePlan
from engine.lines.refusals import Refusals

NO_SERVERS = "TWS has no connection to IB's servers"


class Explainer:
    """Made for one answer. `market_time` turns wall into market seconds; `connected` to TWS, `upstream_down` = TWS is
    not to IB's servers."""

    def __init__(
        self,
        ledger: Ledger,
        plan: LinePlan,
        demands: DemandBook,
        diary: Diary,
        refusals: Refusals,
        rotation: Rotation,
        market_time: Callable[[float], float],
        connected: bool,
        upstream_down: bool,
    ) -> None:
        self._ledger = ledger
        self._plan = plan
        self._demands = demands
        self._diary = diary
        self._refusals = refusals
        self._rotation = rotation
        self._market_time = market_time
        self._connected = connected
        self._upstream_down = upstream_down

    def sentence(self, con_id: int, now_mono: float) -> str:
        line = self._ledger.get(con_id)
        if line is not None and line.state != "cancelling":
            return self._has(line, now_mono)
        if not self._connected:
            return f"no line: there is no connection to TWS; {self._when_back(con_id)}"
        visit = self._waits_for_visit(con_id, now_mono)
        farewell = "" if visit else self._diary.last_farewell(con_id)
        reasons = [farewell, self._why_not(con_id, now_mono), visit]
        return "no line: " + "; ".join(dict.fromkeys(reason for reason in reasons if reason))

    def _when_back(self, con_id: int) -> str:
        """What comes after a new connection: every line is asked for again."""
        wanted = self._demands.of(con_id)
        if wanted and wanted[0].line_class != "coverage":
            return f"it is asked for again when that is back, as {words.class_name(wanted[0].line_class)}"
        if wanted or self._rotation.place(con_id) is not None:
            return "visits go on when that is back"
        return "not in any scan"

    def _has(self, line: Line, now_mono: float) -> str:
        since = words.clock_text(self._market_time(line.since_wall))
        parts = [f"has a line since {since} as {words.class_name(line.line_class)}"]
        idle_s = None if line.idle_since_mono is None else now_mono - line.idle_since_mono
        parts.append(f"{line.reason}" if idle_s is None else f"idle for {words.span(idle_s)}, kept for a while")
        if self._upstream_down:
            parts.append(NO_SERVERS)
        parts += [line.message, line.route]
        if line.line_class == "100":
            parts.append("never evicted")
        else:
            parts.append(self._next_out(line))
        return "; ".join(part for part in parts if part)

    def _next_out(self, line: Line) -> str:
        """Its place among the held lines, as the ledger of the page counts; a visit goes before all of them."""
        lines = [self._ledger.get(con_id) for con_id in self._plan.next_out]
        held = [each.con_id for each in lines if each is not None and each.line_class != "coverage"]
        if line.con_id not in held:
            return ""
        return f"next out {held.index(line.con_id) + 1} of {len(held)}"

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
        if self._upstream_down:
            return f"visits pause, {NO_SERVERS}"
        if place.held_mono is None:
            return "waits for its first visit"
        if place.seen_mono is None:
            return f"between two visits, no tick came on the last one {words.span(now_mono - place.held_mono)} ago"
        seen = f"between two visits, seen {words.span(now_mono - place.seen_mono)} ago"
        return f"{seen}, {_times(place.visits)} today"


def _times(visits: int) -> str:
    if visits == 0:
        return "not visited yet"
    return "visited once" if visits == 1 else f"visited {visits} times"
