"""The account's own figures: what the broker sent of it, by tag and currency."""

from __future__ import annotations

from engine.broker.port import AccountPnl, AccountValue
from engine.domain import Fill
from engine.portfolio.fills import FillBook
from engine.portfolio.valuation import share_pct, total
from engine.state.sections import AccountFigures

BASE = "BASE"


class AccountBook:
    """Newest account values, P&L of reqPnL and today's fills. Engine thread only."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], float | None] = {}
        self._pnl = AccountPnl(None, None, None)
        self._fills = FillBook()
        self._updated_wall: float | None = None

    def reset_connection(self) -> None:
        """After a drop: the numbers stay readable, the P&L of the dead request does not."""
        self._pnl = AccountPnl(None, None, None)

    def on_value(self, event: AccountValue, wall: float) -> None:
        self._values[(event.tag, event.currency)] = event.value
        self._updated_wall = wall

    def on_pnl(self, event: AccountPnl, wall: float) -> None:
        self._pnl = event
        self._updated_wall = wall

    def on_fill(self, fill: Fill) -> bool:
        """True when the execution is new or its report changed."""
        return self._fills.on_fill(fill)

    @property
    def pnl(self) -> AccountPnl:
        return self._pnl

    def fills(self) -> tuple[Fill, ...]:
        """Those in force, oldest first."""
        return self._fills.fills()

    def currency(self) -> str:
        """The base currency: that of NetLiquidation, USD until it is known."""
        for tag, currency in self._values:
            if tag == "NetLiquidation" and currency not in ("", BASE):
                return currency
        return "USD"

    def rate(self, currency: str) -> float | None:
        """Base currency per unit of `currency`; None = not sent."""
        if currency == self.currency():
            return 1.0
        return self._values.get(("ExchangeRate", currency))

    def value(self, tag: str) -> float | None:
        """The newest value of a tag, in the base currency."""
        for currency in (self.currency(), BASE, ""):
            found = self._values.get((tag, currency))
            if found is not None:
                return found
        return None

    def figures(
        self, unrealized: float | None, gross: float | None, priced: int, since_market: float
    ) -> AccountFigures:
        """The key figures; `unrealized` and `gross` are our own marks, fills count from `since_market` on."""
        net = self.value("NetLiquidation")
        today = [fill for fill in self.fills() if fill.time_market >= since_market]
        daily = self._pnl.daily
        prior = None if net is None or daily is None else net - daily
        return AccountFigures(
            currency=self.currency(),
            net_liquidation=net,
            excess_liquidity=self.value("ExcessLiquidity"),
            gross_exposure=gross,
            realized_today=self._pnl.realized if self._pnl.realized is not None else self.value("RealizedPnL"),
            commission_today=total(fill.commission for fill in today),
            fills_today=len(today),
            daily_pnl=daily,
            daily_pnl_pct=share_pct(daily, prior),
            unrealized_pnl=unrealized,
            priced=priced,
            updated_wall=self._updated_wall,
        )
