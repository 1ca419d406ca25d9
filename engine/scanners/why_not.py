"""The why-not inspector: any symbol by name, each rule with value, limit, distance and verdict, and its line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from engine.breakout.why import Why
from engine.contracts.symbols import SymbolIndex
from engine.domain import ContractRef, RuleCheck, percent_change
from engine.errors import QTradeError

OTHERS = 5
FILTERED = "A filtered position takes no line and gives no signal; it is looked at again at each reconnect."


class Explains(Protocol):
    """What the rooms tell of a symbol."""

    def why(self, con_id: int) -> Why: ...


class WhyNotAnswers:
    """Engine thread only. `line` says why a symbol has (not) a line; `filtered` why a position is not tradable."""

    def __init__(
        self,
        symbols: SymbolIndex,
        scanners: Explains,
        scans: Callable[[int], tuple[str, ...]],
        line: Callable[[int], str],
        filtered: Callable[[int], str],
    ) -> None:
        self._symbols = symbols
        self._scanners = scanners
        self._scans = scans
        self._line = line
        self._filtered = filtered

    def inspect(self, text: str) -> dict[str, Any]:
        """What is known of the symbol that `text` names (or whose con_id it is). Raises QTradeError when nothing is."""
        found = self._find(text)
        if not found:
            raise QTradeError(
                f"{text!r} is in no scan, no position and no watch-list today. Find it by / to open its page."
            )
        contract = found[0]
        why = self._scanners.why(contract.con_id)
        reason = self._filtered(contract.con_id)
        return {
            "con": contract.con_id,
            "sym": contract.local_symbol,
            "kind": f"{contract.sec_type} {contract.primary_exchange or contract.exchange}".strip(),
            "filtered": f"filtered: {reason}" if reason else "",
            "line": self._line(contract.con_id),
            "scans": list(self._scans(contract.con_id)),
            "text": FILTERED if reason and not why.long else why.text,
            "long": [rule_row(rule) for rule in why.long],
            "short": [rule_row(rule) for rule in why.short],
            "others": [[each.con_id, each.local_symbol, each.sec_type] for each in found[1 : OTHERS + 1]],
        }

    def _find(self, text: str) -> list[ContractRef]:
        wanted = text.strip()
        if wanted.isdecimal() and len(wanted) <= 12:
            contract = self._symbols.contract(int(wanted))
            return [contract] if contract is not None else []
        return self._symbols.find(wanted)


def rule_row(rule: RuleCheck) -> list[Any]:
    """[name, value, limit, distance to the limit, passed, detail]; the distance as a share of the limit."""
    return [rule.name, rule.text, rule.limit_text, distance_text(rule), rule.passed, rule.detail]


def distance_text(rule: RuleCheck) -> str:
    """ "−12 %": how far the value lies from its limit; "" where either is missing or the limit is no base."""
    share = percent_change(rule.value, rule.limit)
    if share is None:
        return ""
    digits = 2 if abs(share) < 1.0 else 1 if abs(share) < 10.0 else 0
    return f"{'+' if share >= 0 else '−'}{abs(share):,.{digits}f} %"
