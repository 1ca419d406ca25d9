"""One look of all rules at the facts of a moment: what begins, what goes on, what is over. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from engine.alerts.facts import Facts, Now
from engine.alerts.kinds import dwell_s, kind_of
from engine.alerts.levels import arm_of, looked_at, memory_of, watched
from engine.alerts.life import Known, Manner, Step, steps
from engine.alerts.looks import AWAY, UNKNOWN, Found, Look, found
from engine.state.alert_sections import Rule

ONCE = "once"
AT_START = "start"


class Decision(NamedTuple):
    """`steps` with the rule that each is of; `rules` that remember something else now; `looked` = ids of the rules that
    knew something.
    """

    steps: list[tuple[Rule, Step]]
    rules: dict[int, Rule]
    looked: set[int]


class _Seen(NamedTuple):
    found: Found
    rule: Rule
    has_looked: bool


def decide(
    rules: Iterable[Rule],
    known: Mapping[int, Mapping[str, Known]],
    facts: Facts,
    now: Now,
    firsts: Mapping[int, str],
) -> Decision:
    """What the rules make of the facts.

    `known`: by rule and subject; `firsts`: rules that have not looked yet -> "start" or "made". What the first look of
    most kinds finds was there before and is listed, not told; a level that was crossed while QTrade did not run is
    news, and told as such.
    """
    decision = Decision([], {}, set())
    for rule in rules:
        if not rule.enabled or rule.deleted:
            continue
        first = firsts.get(rule.id, "")
        seen = _found(rule, facts, first)
        if seen.rule is not rule:
            decision.rules[rule.id] = seen.rule
        if seen.has_looked:
            decision.looked.add(rule.id)
        mine = known.get(rule.id, {})
        if mine or seen.found.true:
            baseline = first if seen.has_looked else ""
            decision.steps.extend((seen.rule, step) for step in steps(mine, seen.found, manner_of(rule), now, baseline))
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


def is_told_once(rule: Rule) -> bool:
    """It is done when it was told, and not before."""
    return rule.kind == "price" and rule.values["often"] == ONCE


def _found(rule: Rule, facts: Facts, first: str) -> _Seen:
    if rule.kind == "price":
        return _level(rule, facts, first)
    seen = found(rule.kind, rule.values, facts)
    return _Seen(seen, rule, seen.is_known)


def _level(rule: Rule, facts: Facts, first: str) -> _Seen:
    """A price at a level: the rule remembers where the price was, also over a restart."""
    con_id, values = rule.values["symbol"], rule.values
    known = facts.prices.get(con_id)
    if known is None:
        return _Seen(UNKNOWN, rule, False)
    price, before = looked_at(known, values["often"]), arm_of(rule.memory)
    arm = before
    if price is not None:
        arm = watched(before, values["side"], values["level"], price, was_away=first == AT_START)
    if arm != before:
        rule = replace(rule, memory=memory_of(arm))
    if not arm.has_crossed:
        return _Seen(Found(), rule, price is not None)
    symbol, subject = facts.symbols.get(con_id, str(con_id)), str(con_id)
    look = Look(subject, (price or known).last, "", "", con_id, symbol, AWAY if arm.was_away else "", values["level"])
    return _Seen(Found({subject: look}), rule, price is not None)
