"""Which side of a symbol need not be read: between its levels only the trend tells long and short apart. Pure.

Most of 600 symbols lie there, and reading a side in full is a third of what judging a symbol costs.
"""

from __future__ import annotations

from engine.breakout.facts import Facts, edges
from engine.breakout.rules import trend_gap
from engine.config import BreakoutParams
from engine.domain import Side

BOTH: tuple[Side, ...] = ("long", "short")
LONG: tuple[Side, ...] = ("long",)
SHORT: tuple[Side, ...] = ("short",)


def sides_to_read(facts: Facts, last: float | None, params: BreakoutParams, now_market: float) -> tuple[Side, ...]:
    """The sides of a symbol that has never triggered, of which one is the better; on equal terms that is long.

    Neither can be beyond a level, cool down or be confirmed here; what is left to differ is the trend.
    """
    low, high = edges(facts, params, now_market)
    if last is None or (high is not None and last > high) or (low is not None and last < low):
        return BOTH
    gap = trend_gap(facts, last, params)
    return SHORT if gap is not None and gap < 0 else LONG
