"""The three-way check of a position's P&L: our own mark against reqPnLSingle and against the portfolio updates. Pure.

Each of IB's figures is held against our own of the moment when it came. Prices move between the two, so only a
difference of more than a tick that stays on one side in `_AGAIN` reports running counts.
"""

from __future__ import annotations

from msgspec import Struct, structs

_AGAIN = 3
_CENT = 0.005


class _Side(Struct, frozen=True):
    """One of IB's sources. `apart` = ours minus IB's, in ticks of the whole position; None = not compared yet."""

    apart: float | None = None
    money: float = 0.0
    running: int = 0  # reports in a row that are more than a tick apart on the same side

    def next(self, theirs: float | None, ours: float | None, tick: float) -> _Side:
        if theirs is None or ours is None:
            return self
        money = ours - theirs
        apart = money / tick
        far = abs(money) > tick + _CENT
        same = self.apart is not None and (self.apart > 0) == (apart > 0)
        return _Side(apart, money, (self.running + 1 if same else 1) if far else 0)

    @property
    def differs(self) -> bool:
        return self.running >= _AGAIN


class Comparison(Struct, frozen=True):
    """Where the three figures of one position stand."""

    by_single: _Side = _Side()
    by_portfolio: _Side = _Side()

    def single(self, theirs: float | None, ours: float | None, tick: float) -> Comparison:
        """After a report of reqPnLSingle; all in the contract's currency, `tick` of the whole position."""
        return structs.replace(self, by_single=self.by_single.next(theirs, ours, tick))

    def portfolio(self, theirs: float | None, ours: float | None, tick: float) -> Comparison:
        """After a portfolio update."""
        side = self.by_portfolio.next(theirs, ours, tick)
        if side.running:  # updates are minutes apart: one is enough to say so
            side = structs.replace(side, running=_AGAIN)
        return structs.replace(self, by_portfolio=side)

    @property
    def differs(self) -> bool:
        return self.by_single.differs or self.by_portfolio.differs

    def words(self, currency: str) -> str:
        """One sentence; "" while nothing could be compared."""
        known = [
            (side, name)
            for side, name in ((self.by_single, "IB's P&L"), (self.by_portfolio, "the portfolio updates"))
            if side.apart is not None
        ]
        if not known:
            return ""
        apart = [
            f"{abs(side.money):,.2f} {currency} {'above' if side.money > 0 else 'below'} {name}"
            f" ({abs(side.apart or 0.0):,.1f} ticks)"
            for side, name in known
            if side.differs
        ]
        if apart:
            return "Ours is " + " and ".join(apart)
        return "Agrees with " + " and ".join(name for _, name in known)
