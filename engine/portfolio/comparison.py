"""The three-way check of a position's P&L: our own mark against reqPnLSingle and against the portfolio updates. Pure.

Each of IB's figures is held against the span of our own over the last seconds, because it may be of any moment of them.
Only a difference of more than a tick that stays on one side in `_AGAIN` reports running counts.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from msgspec import Struct, structs

SPAN_S = 10.0
_AGAIN = 3
_CENT = 0.005


class Span(NamedTuple):
    """Lowest and highest of our own P&L over the last seconds."""

    low: float
    high: float


class Recent:
    """Our own P&L of the last seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def add(self, pnl: float | None, wall: float) -> Span | None:
        """The span with this one in it; None = no P&L now."""
        seen = self._seen
        while seen and not 0.0 <= wall - seen[0][0] <= SPAN_S:
            seen.popleft()
        if pnl is None:
            return None
        if not seen or seen[-1][1] != pnl:
            seen.append((wall, pnl))
        values = [value for _, value in seen]
        return Span(min(values), max(values))


class _Side(Struct, frozen=True):
    """One of IB's sources. `money` = ours minus IB's, 0 where IB's lies in the span; None = not compared yet."""

    money: float | None = None
    ticks: float = 0.0
    running: int = 0  # reports in a row that are more than a tick apart on the same side

    def next(self, theirs: float | None, ours: Span | None, tick: float) -> _Side:
        if theirs is None or ours is None:
            return self
        money = ours.low - theirs if theirs < ours.low else ours.high - theirs if theirs > ours.high else 0.0
        far = abs(money) > tick + _CENT
        same = self.money is not None and self.money * money > 0
        return _Side(money, abs(money) / tick, (self.running + 1 if same else 1) if far else 0)

    @property
    def differs(self) -> bool:
        return self.running >= _AGAIN


class Comparison(Struct, frozen=True):
    """Where the three figures of one position stand."""

    by_single: _Side = _Side()
    by_portfolio: _Side = _Side()

    def single(self, theirs: float | None, ours: Span | None, tick: float) -> Comparison:
        """After a report of reqPnLSingle; all in the contract's currency, `tick` of the whole position."""
        return structs.replace(self, by_single=self.by_single.next(theirs, ours, tick))

    def portfolio(self, theirs: float | None, ours: Span | None, tick: float) -> Comparison:
        """After a portfolio update."""
        return structs.replace(self, by_portfolio=self.by_portfolio.next(theirs, ours, tick))

    @property
    def differs(self) -> bool:
        return self.by_single.differs or self.by_portfolio.differs

    def words(self, currency: str) -> str:
        """One sentence; "" while nothing could be compared."""
        sides = ((self.by_single, "IB's P&L"), (self.by_portfolio, "the portfolio updates"))
        apart = [
            f"{abs(side.money):,.2f} {currency} {'above' if side.money > 0 else 'below'} {name}"
            f" ({side.ticks:,.1f} ticks)"
            for side, name in sides
            if side.differs and side.money is not None
        ]
        if apart:
            return "Ours is " + " and ".join(apart)
        known = [name for side, name in sides if side.money is not None]
        return "Agrees with " + " and ".join(known) if known else ""
