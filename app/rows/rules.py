"""The why-not panel: each rule as a row with its verdict, value, limit and a bar between them. Pure."""

from __future__ import annotations

import re
from typing import Any

from app.format import MINUS
from engine.domain import RuleCheck

FULL_ATR = 3.0  # a price this many ATR from its limit fills or empties the bar


def rule_rows(rules: tuple[RuleCheck, ...], atr: float | None) -> dict[str, Any]:
    """Rows by rule name: verdict [word, tone], name [name, line beneath it, tooltip], value, bar [per cent, tone],
    limit.
    """
    return {rule.name: _row(i, rule, atr) for i, rule in enumerate(rules)}


def failed_words(rules: tuple[RuleCheck, ...]) -> str | None:
    """ "5 of 12 fail"; with unknown ones "5 fail, 1 unknown"."""
    if not rules:
        return None
    failed = sum(1 for rule in rules if rule.passed is False)
    unknown = sum(1 for rule in rules if rule.passed is None)
    if not failed and not unknown:
        return f"all {len(rules)} pass"
    return f"{failed} fail, {unknown} unknown" if unknown else f"{failed} of {len(rules)} fail"


def _row(order: int, rule: RuleCheck, atr: float | None) -> dict[str, Any]:
    verdict = {True: "pass", False: "fail", None: "unknown"}[rule.passed]
    fill = fill_pct(rule, atr)
    return {
        "order": order,
        "icon": [verdict, verdict],
        "name": [rule.name, _beneath(rule), rule.detail],
        "value": [typeset(rule.text) if rule.value is not None or rule.passed is not None else None, "", rule.detail],
        "bar": None if fill is None else [fill, verdict],
        "limit": [typeset(rule.limit_text).replace(", not halted", ""), "", rule.limit_text],
    }


def _beneath(rule: RuleCheck) -> str:
    """What the trigger is made of, said under its name; the rest of the detail is a tooltip."""
    if not rule.name.endswith(" trigger") or rule.limit is None:
        return ""
    return typeset(rule.detail.partition(";")[0]).replace(", buffer ", " + ")


def typeset(text: str) -> str:
    """A text of the engine with the screen's signs: "-0.12" -> "−0.12", "1.49x" -> "1.49×"."""
    return re.sub(r"(?<=\d)x\b", "×", re.sub(r"(?<![\w)])-(?=\d)", MINUS, text))


def fill_pct(rule: RuleCheck, atr: float | None) -> int | None:
    """How full the bar is: 50 = exactly at the limit; None = no bar, a value or limit is missing."""
    if rule.value is None or rule.limit is None:
        return None
    below = rule.limit_text.startswith("<")
    if rule.limit_text[:1] in "<>":
        if not atr:
            return None
        distance = (rule.limit - rule.value if below else rule.value - rule.limit) / atr
        return _bounded(50.0 + 50.0 * distance / FULL_ATR)
    if rule.limit <= 0:
        return 100 if rule.passed else 0
    return _bounded(50.0 * rule.value / rule.limit)


def _bounded(pct: float) -> int:
    return round(min(100.0, max(2.0, pct)))
