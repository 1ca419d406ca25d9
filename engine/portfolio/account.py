"""The account's own figures: what the broker sent of it, by tag and currency."""

from __future__ import annotations

import msgspec

from engine.broker.port import AccountPnl, AccountValue
from engine.domain import Fill
from engine.portfolio.valuation import share_pct, total
from engine.state.sections import AccountFigures

BASE = "BASE"
_FILLS_MAX = 2_000  # the least recently reported leave first


class AccountBook:
    """Newest account values, P&L of reqPnL and today's fills. Engine thread only."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], float] = {}
        self._pnl = AccountPnl(None, None, None)
        self._fills: dict[str, Fill] = {}
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
        """Keep the fuller of two reports of one execution. True when it is new or changed.

        After a reconnect the execution comes again before its commission does.
        """
        known = self._fills.pop(fill.exec_id, None)
        if known is not None and fill.commission is None:
            fill = msgspec.structs.replace(fill, commission=known.commission, realized_pnl=known.realized_pnl)
        self._fills[fill.exec_id] = fill
        while len(self._fills) > _FILLS_MAX:
            del self._fills[next(iter(self._fills))]
        return known != fill

    @property
    def pnl(self) -> AccountPnl:
        return self._pnl

    def fills(self) -> tuple[Fill, ...]:
        return tuple(sorted(self._fills.values(), key=lambda fill: (fill.time_market, fill.exec_id)))

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
        today = [fill for fill in self._fills.values() if fill.time_market >= since_market]
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
