"""The line budget in words: refusals, evictions, ages, moments. The user's own sentences are verbatim."""

from __future__ import annotations

from datetime import date, datetime

from engine.clock import NEW_YORK
from engine.domain import ContractRef, LineClass
from engine.lines.model import PRIORITY

NOT_QUALIFIED = "its contract details are not here yet, so the exchange is unknown"
_CLASS_NAME: dict[LineClass, str] = {
    "100": "position",
    "pinned": "pinned",
    "50": "top candidate, 50",
    "25": "ordinary candidate, 25",
    "coverage": "coverage visit",
}


def at_limit(used: int, limit: int) -> str:
    """Why nothing more goes: `at limit (48/50, 2 kept for positions)` or `at limit (50/50)`."""
    kept = limit - used
    return f"at limit ({used}/{limit}, {kept} kept for positions)" if kept > 0 else f"at limit ({used}/{limit})"


def cannot_subscribe(local_symbol: str, reason: str) -> str:
    return f"Cannot subscribe to {local_symbol}: {reason}"


def near_limit(used: int, limit: int) -> str:
    return f"SUBSCRIPTION NEAR LIMIT: {used}/{limit}"


def routed(contract: ContractRef, exchange: str) -> str:
    """Where the prices of a line come from that has none of its own; a CFD's underlying has its symbol."""
    what = "CFD" if contract.sec_type == "CFD" else contract.sec_type or "contract"
    return f"IB routes this {what} to {contract.symbol} at {exchange}"


def class_name(line_class: LineClass) -> str:
    return _CLASS_NAME[line_class]


def priority_word(line_class: LineClass) -> str:
    """The number where the class has one: "100", "50", "25", else "pinned", "coverage"."""
    number = PRIORITY.get(line_class)
    return line_class if number is None else str(number)


def normals_taken(normal_max: int) -> str:
    return f"the {normal_max} lines for ordinary candidates are taken"


def tops_taken(top_max: int) -> str:
    return f"the {top_max} lines for running signals are taken"


def does_not_beat(score: float, rival: str, rival_score: float, hysteresis_pct: float) -> str:
    return f"{score:.2f} does not beat {rival} {rival_score:.2f} by {hysteresis_pct:g} %"


def inside_hold(rival: str) -> str:
    return f"would evict {rival} inside its minimum hold"


def span(seconds: float) -> str:
    """A length of time in two figures: "40 s", "9 min", "2.5 h"."""
    if seconds < 90:
        return f"{max(0.0, seconds):.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def market_day(market: float) -> date:
    """The exchange's date (New York)."""
    return datetime.fromtimestamp(market, NEW_YORK).date()
