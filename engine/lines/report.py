"""What the line budget says of itself: the snapshot, "why has it (not) a line?", "what if?". Words and sums only.

Nothing is decided here: "what if" is the difference between two plans of the bus. Engine thread only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

from engine.clock import minute_told
from engine.domain import ContractRef, Demand, Lane, LineClass, LineRow, SymbolEvent
from engine.lines import words
from engine.lines.bus import MarketDataBus
from engine.lines.demands import DemandBook
from engine.lines.ledger import Ledger, Line
from engine.lines.model import BRIEF_DWELL_S, PRIORITY, RANK, SCORED, Cancel, LinePlan, LinePolicy, is_near
from engine.state.sections import LinesSection

NO_SERVERS = "TWS has no connection to IB's servers"
HOLDER = "what if"
NOTHING_SENT = "Nothing is sent."


class WhatIf(Struct, frozen=True):
    """`headline` says what would happen, `detail` by which numbers; `victim` is the con_id whose line would go."""

    headline: str
    detail: str
    victim: int | None = None


class Watched(Struct, frozen=True):
    """One symbol as the spare lines see it. `line_class` None = it has no line; `received_wall` None = no quote yet."""

    lane: Lane | None
    line_class: LineClass | None
    received_wall: float | None
    why: str


class Use(NamedTuple):
    """Lines in use of the effective limit; `near` = few are left, as it should be while spare ones rotate; `full` =
    none is left and none rotates: whoever asks is refused.
    """

    used: int
    limit: int
    near: bool
    full: bool


class LinesReport:
    """The bus' answers to pages and questions."""

    def __init__(self, bus: MarketDataBus) -> None:
        self._ = bus
        self._near = False

    def use(self) -> Use:
        """How much of the budget is used now."""
        limit, used = self._.limit, len(self._.ledger)
        self._near = is_near(used, limit, self._near)
        rotates = any(line.line_class == "coverage" for line in self._.ledger)
        return Use(used, limit, self._near, full=used >= limit and not rotates)

    def snapshot(self) -> LinesSection:
        """The lines section, bounded, with sums that add up. Near, capacity and free count from the effective limit."""
        bus = self._
        now_mono, wall = bus.clock.mono(), bus.clock.wall()
        limit, policy = bus.limit, bus.policy(now_mono)
        lines = sorted(bus.ledger, key=lambda line: (RANK[line.line_class], line.since_mono, line.con_id))
        by_class = _by_class(bus.ledger)
        capacity = max(0, limit - policy.buffer)
        use = self.use()
        place = {con_id: i for i, con_id in enumerate(bus.plan.next_out, start=1)}
        return LinesSection(
            limit=bus.settings.limit,
            effective_limit=limit,
            buffer=policy.buffer,
            used=use.used,
            near=use.near,
            scanner_capacity=capacity,
            scanner_free=max(0, min(limit - use.used, capacity - (use.used - by_class["100"]))),
            by_class={str(line_class): count for line_class, count in by_class.items()},
            changing=sum(1 for line in lines if not line.listens),
            rows=tuple(_row(line, bus.demands, place.get(line.con_id), policy, now_mono, wall) for line in lines),
            refused=bus.diary.refusals(wall),
            used_history=bus.diary.used_history(),
            learned_cap_text=bus.cap.story(bus.settings.limit),
            worst_second=bus.worst_second,
        )

    def events(self) -> tuple[SymbolEvent, ...]:
        """What happened to the lines in the last half hour, newest last."""
        return self._.diary.events(self._.clock.wall(), self._.market_time)

    def watched(self, con_id: int) -> Watched:
        """What a row of the coverage section says of its symbol."""
        line, quote = self._.ledger.get(con_id), self._.quote(con_id)
        return Watched(
            lane=None if quote is None else quote.lane,
            line_class=None if line is None or not line.listens else line.line_class,
            received_wall=None if quote is None else quote.received_wall,
            why=self.explain(con_id),
        )

    def what_if(self, demand: Demand) -> WhatIf:
        """What this demand would do now, from the same plan: "adding SMCI would evict IONQ (25, idle 9 min)"."""
        bus = self._
        now_mono = bus.clock.mono()
        block = bus.refusals.block(demand.contract.con_id, now_mono)
        if block is not None:
            return refusal(demand, block.sentence)
        trial = bus.trial(demand, now_mono)
        return what_if(demand, trial, bus.plan, bus.ledger, bus.policy(now_mono), bus.limit, now_mono)

    def explain(self, con_id: int) -> str:
        """One sentence: why this contract has, or has not, a line."""
        bus = self._
        now_mono = bus.clock.mono()
        line = bus.ledger.get(con_id)
        if line is not None and line.state != "cancelling":
            return self._has(line, now_mono)
        if not bus.connected:
            return f"no line: there is no connection to TWS; {self._when_back(con_id)}"
        visit = self._waits_for_visit(con_id, now_mono)
        farewell = "" if visit else bus.diary.last_farewell(con_id)
        reasons = [farewell, self._why_not(con_id, now_mono), visit]
        return "no line: " + "; ".join(dict.fromkeys(reason for reason in reasons if reason))

    def _when_back(self, con_id: int) -> str:
        """What comes after a new connection: every line is asked for again."""
        wanted = self._.demands.of(con_id)
        if wanted and wanted[0].line_class != "coverage":
            return f"it is asked for again when that is back, as {words.class_name(wanted[0].line_class)}"
        if wanted or self._.spare.knows(con_id):
            return "visits go on when that is back"
        return "not in any scan"

    def _has(self, line: Line, now_mono: float) -> str:
        since = minute_told(self._.market_time(line.since_wall))
        kind = "while its page is open" if line.borrowed else f"as {words.class_name(line.line_class)}"
        parts = [f"has a line since {since} {kind}"]
        idle_s = None if line.idle_since_mono is None else now_mono - line.idle_since_mono
        parts.append(
            f"{line.reason}"
            if idle_s is None
            else f"wanted by no scan for {words.span(idle_s)}, kept in case it comes back"
        )
        if self._.upstream_down:
            parts.append(NO_SERVERS)
        parts += [line.message, line.route]
        if line.line_class == "100":
            parts.append("never evicted")
        else:
            parts.append(self._next_out(line))
        return "; ".join(part for part in parts if part)

    def _next_out(self, line: Line) -> str:
        """Its place among the held lines, as the ledger of the page counts; a visit goes before all of them."""
        lines = [self._.ledger.get(con_id) for con_id in self._.plan.next_out]
        held = [each.con_id for each in lines if each is not None and each.line_class != "coverage"]
        if line.con_id not in held:
            return ""
        return f"next out {held.index(line.con_id) + 1} of {len(held)}"

    def _why_not(self, con_id: int, now_mono: float) -> str:
        block = self._.refusals.block(con_id, now_mono)
        if block is not None:
            again = words.span(block.until_mono - now_mono)
            return f"{block.sentence}, asked again in {again}"
        wanted = self._.demands.of(con_id)
        if not wanted:
            known = self._.spare.knows(con_id) or self._.diary.last_farewell(con_id)
            return "" if known else "not in any scan"
        refused = next((r for r in self._.plan.refused if r.demand.contract.con_id == con_id), None)
        if refused is not None:
            return refused.reason
        strongest = wanted[0]
        if not any(demand.contract.exchange for demand in wanted):
            return words.NOT_QUALIFIED
        if strongest.line_class == "coverage":
            return "" if self._.spare.knows(con_id) else "waits for its visit"
        name = words.class_name(strongest.line_class)
        return f"{name} with score {strongest.score:.2f}, too far down the list"

    def _waits_for_visit(self, con_id: int, now_mono: float) -> str:
        bus = self._
        if not bus.spare.knows(con_id) or bus.refusals.block(con_id, now_mono) is not None:
            return ""
        return f"visits pause, {NO_SERVERS}" if bus.upstream_down else bus.spare.waits(con_id, now_mono)


def _row(
    line: Line, demands: DemandBook, place: int | None, policy: LinePolicy, now_mono: float, wall: float
) -> LineRow:
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
        dwell_from_wall=None if dwell_from is None else wall - (now_mono - dwell_from),
        dwell_s=_dwell_s(line, policy),
        watched=line.brief,
        kept_until_wall=_kept_until(line, policy, now_mono, wall),
    )


def _kept_until(line: Line, policy: LinePolicy, now_mono: float, wall: float) -> float | None:
    if line.idle_since_mono is None or line.line_class not in ("25", "50"):
        return None
    return wall + line.idle_since_mono + policy.ttl_s - now_mono


def _dwell_s(line: Line, policy: LinePolicy) -> float | None:
    if line.line_class == "100":
        return None
    return BRIEF_DWELL_S if line.is_brief else policy.dwell_of(line.opened_as, line.line_class)


# --- what if ---------------------------------------------------------------------------------------------------------


def trial_demand(contract: ContractRef, line_class: LineClass, score: float | None, top_score: float) -> Demand:
    """The demand that is tried. `score` None = the board does not know the symbol.

    A 50 is a confirmed breakout: it is tried with at least the score that makes one.
    """
    value = max(score or 0.0, top_score) if line_class == "50" else score or 0.0
    return Demand(contract, line_class, HOLDER, "asked for on the Lines page", score=value)


def refusal(demand: Demand, reason: str) -> WhatIf:
    """What no plan is needed for: the gateway would refuse it, or has."""
    return WhatIf(words.cannot_subscribe(demand.contract.local_symbol, reason), NOTHING_SENT)


def what_if(
    demand: Demand, trial: LinePlan, now_plan: LinePlan, ledger: Ledger, policy: LinePolicy, limit: int, now_mono: float
) -> WhatIf:
    """`trial` = the plan with `demand` among the demands, `now_plan` = the one in force."""
    con_id, name = demand.contract.con_id, demand.contract.local_symbol
    if not demand.contract.exchange:
        return refusal(demand, words.NOT_QUALIFIED)
    line = ledger.get(con_id)
    room = _room(demand.line_class, ledger, policy, limit)
    if line is not None and line.state != "cancelling":
        headline = f"{name} has a line already ({words.class_name(line.line_class)})"
        return WhatIf(headline, _raised(demand, line, trial))
    gone_anyway = {c.con_id for c in now_plan.cancel}
    victims = [c for c in trial.cancel if c.evicted_by == name and c.con_id not in gone_anyway]
    if victims:
        victim = ledger.get(victims[0].con_id)
        headline = f"adding {name} would evict {_victim(victims[0], victim, now_mono)}"
        challenge = _challenge(demand, victim, policy) if victims[0].swap else ""
        detail = _joined(challenge, room, _coverage(ledger, victims), _counts(len(victims)))
        return WhatIf(headline, detail, victims[0].con_id)
    if any(s.demand.contract.con_id == con_id for s in trial.subscribe):
        headline = f"adding {name} would take a free line, nobody is evicted"
        return WhatIf(headline, _joined(room, _coverage(ledger, ()), _counts(0)))
    refused = next((r for r in trial.refused if r.demand.contract.con_id == con_id), None)
    if refused is None:
        return WhatIf(f"{name} would wait for its visit", room)
    if refused.kind == "waiting":
        return WhatIf(f"adding {name} would take the next line that is freed", _joined(room, _counts(0)))
    return WhatIf(words.cannot_subscribe(name, refused.reason), _joined(room, NOTHING_SENT))


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _victim(cancel: Cancel, line: Line | None, now_mono: float) -> str:
    if line is None:
        return cancel.local_symbol
    detail = words.priority_word(line.line_class)
    if line.idle_since_mono is not None:
        detail += f", idle {words.span(now_mono - line.idle_since_mono)}"
    return f"{line.symbol} ({detail})"


def _challenge(demand: Demand, victim: Line | None, policy: LinePolicy) -> str:
    """ "0.62 beats 0.44 by 41 %, needs 15 %."."""
    if victim is None:
        return ""
    by = f" by {(demand.score / victim.score - 1.0) * 100.0:.0f} %" if victim.score > 0 else ""
    return f"{demand.score:.2f} beats {victim.score:.2f}{by}, needs {policy.hysteresis_pct:g} %."


def _raised(demand: Demand, line: Line, trial: LinePlan) -> str:
    keep = next((k for k in trial.keep if k.con_id == line.con_id), None)
    if keep is None or RANK[keep.line_class] >= RANK[line.line_class]:
        asked = "a pin" if demand.line_class == "pinned" else f"a {words.priority_word(demand.line_class)}"
        return f"It keeps it as it is: {asked} more changes nothing."
    return f"It would be raised to {words.priority_word(keep.line_class)}: a change in the ledger, nothing is sent."


def _room(line_class: LineClass, ledger: Ledger, policy: LinePolicy, limit: int) -> str:
    counts = _by_class(ledger)
    if line_class == "50":
        return f"Running signals hold {counts['50']} of {policy.top_max} lines."
    if line_class == "25":
        return f"Ordinary candidates hold {counts['25']} of {policy.normal_max} lines."
    if line_class == "pinned":
        return f"{counts['pinned']} of {policy.pins_max} lines are held by pins and open pages."
    others = len(ledger) - counts["100"]
    return f"Lines that are not positions' are at {others} of {max(0, limit - policy.buffer)}."


def _coverage(ledger: Ledger, victims: Iterable[Cancel]) -> str:
    """What it costs the rotation."""
    lines = _by_class(ledger)["coverage"]
    if not lines:
        return ""
    given = sum(1 for c in victims if (line := ledger.get(c.con_id)) is not None and line.line_class == "coverage")
    return f"Coverage gives {given} of its {lines}." if given else f"Coverage keeps its {lines}."


def _by_class(ledger: Ledger) -> dict[LineClass, int]:
    counts: dict[LineClass, int] = dict.fromkeys(RANK, 0)
    for line in ledger:
        counts[line.line_class] += 1
    return counts


def _counts(cancels: int) -> str:
    """Messages that it would cost."""
    return f"{cancels} cancel{'' if cancels == 1 else 's'}, 1 subscribe."
