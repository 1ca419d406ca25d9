"""One look of all rules at the facts of a moment: what begins, what goes on, what is over. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from engine.alerts.facts import Facts, Now
from engine.alerts.kinds import dwell_s, kind_of
from engine.alerts.levels import arm_of, memory_of, watched
from engine.alerts.life import Known, Manner, Step, steps
from engine.alerts.looks import UNKNOWN, Found, Look, found
from engine.state.alert_sections import Rule

ONCE = "once"


class Decision(NamedTuple):
    """`steps` with the rule that each is of; `rules` that remember something else now, or are done; `looked` = ids of
    the rules that knew something.
    """

    steps: list[tuple[Rule, Step]]
    rules: list[Rule]
    looked: set[int]


def decide(
    rules: Iterable[Rule],
    known: Mapping[int, Mapping[str, Known]],
    facts: Facts,
    now: Now,
    firsts: Mapping[int, str],
) -> Decision:
    """What the rules make of the facts.

    `known`: by rule and subject; `firsts`: rules that have not looked yet -> "start" or "made", what their first look
    finds was there before and is listed, not told.
    """
    decision = Decision([], [], set())
    for rule in rules:
        if not rule.enabled or rule.deleted:
            continue
        seen, after = _found(rule, facts)
        if after is not rule:
            decision.rules.append(after)
        if seen.is_known:
            decision.looked.add(rule.id)
        first = firsts.get(rule.id, "") if seen.is_known else ""
        mine = known.get(rule.id, {})
        if mine or seen.true:
            decision.steps.extend((after, step) for step in steps(mine, seen, manner_of(rule), now, first))
    return decision


def manner_of(rule: Rule) -> Manner:
    kind = kind_of(rule.kind)
    return Manner(
        dwell_s(kind, rule.values),
        kind.keep_s,
        rule.cool_down_min * 60.0,
        rule.urgent_after_min * 60.0,
        kind.has_baseline,
    )


def _found(rule: Rule, facts: Facts) -> tuple[Found, Rule]:
    return _level(rule, facts) if rule.kind == "price" else (found(rule.kind, rule.values, facts), rule)


def _level(rule: Rule, facts: Facts) -> tuple[Found, Rule]:
    """A price at a level: the rule remembers where the price was. One that is told once is done then."""
    con_id = rule.values["symbol"]
    price = facts.prices.get(con_id)
    if price is None:
        return UNKNOWN, rule
    before = arm_of(rule.memory)
    arm = watched(before, rule.values["side"], rule.values["level"], rule.values["often"], price)
    if arm != before:
        rule = replace(rule, memory=memory_of(arm))
    if not arm.has_crossed:
        return Found(), rule
    symbol = facts.symbols.get(con_id, str(con_id))
    subject = str(con_id)
    if not before.has_crossed and rule.values["often"] == ONCE:
        rule = replace(rule, enabled=False)
    return Found({subject: Look(subject, price.last, "", "", con_id, symbol)}), rule
