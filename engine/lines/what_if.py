"""What would one demand more do? The difference between two plans, in words; nothing is subscribed. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from engine.domain import ContractRef, Demand, LineClass
from engine.lines import words
from engine.lines.ledger import Ledger, Line
from engine.lines.model import RANK, Cancel, LinePlan, LinePolicy

HOLDER = "what if"
NOTHING_SENT = "Nothing is sent."


class WhatIf(Struct, frozen=True):
    """`headline` says what would happen, `detail` by which numbers; `victim` is the con_id whose line would go."""

    headline: str
    detail: str
    victim: int | None = None


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
    if line_class == "25":
        return f"Ordinary candidates hold {counts['25']} of {policy.normal_max} lines."
    if line_class == "pinned":
        return f"{counts['pinned']} of {policy.pins_max} lines are pinned or borrowed."
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
