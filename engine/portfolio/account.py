"""One account's own figures: what the broker sent of it, by tag and currency, its fills, and its exchange rates."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from engine.broker.port import AccountPnl, AccountValue
from engine.domain import Fill
from engine.portfolio.fills import FillBook
from engine.portfolio.today import Today

BASE = "BASE"
_RATE = "ExchangeRate"
_RATE_MOVES = 0.01  # a rate that moved by so much may change an order by money
# Values of the account as a whole, which come in its base currency; the ledger's come in each currency.
_BASE_TAGS = (
    "NetLiquidation", "EquityWithLoanValue", "AvailableFunds", "ExcessLiquidity", "BuyingPower", "InitMarginReq",
    "MaintMarginReq", "GrossPositionValue", "TotalCashValue",
)  # fmt: skip


class FillsOfDay(Struct, frozen=True):
    """Today's fills of one account; commissions by their own currency, results by the contract's."""

    count: int
    commission: dict[str, float]
    realized: dict[str, float]
    pending: int  # fills whose commission report has not come


class AccountBook:
    """Newest account values, P&L of reqPnL and fills of one account. Engine thread only."""

    def __init__(self, account: str = "") -> None:
        self.account = account
        self._values: dict[tuple[str, str], float | None] = {}
        self._pnl = AccountPnl(None, None, None)
        self._fills = FillBook()
        self._base: str | None = None  # None = to be worked out anew
        self.updated_wall: float | None = None
        self._realized: float | None = None  # the broker's newest, over reconnections
        self.realized_wall = float("-inf")  # since when it stands

    def reset_connection(self) -> None:
        """After a drop: the numbers stay readable, the P&L of the dead request does not."""
        self._pnl = AccountPnl(None, None, None)

    def on_value(self, event: AccountValue, wall: float) -> bool:
        """True when an exchange rate, or what the base currency is, has come or moved."""
        key = (event.tag, event.currency)
        before, base = self._values.get(key), self.currency()
        if event.tag == _RATE or key not in self._values:
            self._base = None
            if event.tag in _BASE_TAGS and event.currency not in ("", BASE):
                self._forget_other_base(event.currency)
        self._values[key] = event.value
        self.updated_wall = wall
        if self.currency() != base:
            return True
        if event.tag != _RATE:
            return False
        if event.value is None or before is None:
            return event.value != before
        return abs(event.value - before) > _RATE_MOVES * abs(before)

    def _forget_other_base(self, currency: str) -> None:
        """The account has changed its base currency: nothing is sent in the former one any more."""
        for key in [key for key in self._values if key[0] in _BASE_TAGS and key[1] not in ("", BASE, currency)]:
            del self._values[key]

    def on_pnl(self, event: AccountPnl, wall: float) -> None:
        self._pnl = event
        self.updated_wall = wall
        if event.realized is not None and event.realized != self._realized:
            self._realized, self.realized_wall = event.realized, wall

    def on_fill(self, fill: Fill) -> bool:
        """True when the execution is new or its report changed."""
        return self._fills.on_fill(fill)

    @property
    def pnl(self) -> AccountPnl:
        return self._pnl

    def fills(self) -> tuple[Fill, ...]:
        """Those in force, oldest first."""
        return self._fills.fills()

    def fills_of_day(self, today: Today) -> FillsOfDay:
        """Fills of the running trade dates."""
        fills = [fill for fill in self.fills() if today.is_today(fill)]
        commission: dict[str, float] = {}
        realized: dict[str, float] = {}
        for fill in fills:
            currency = fill.commission_currency or fill.currency
            if fill.commission is not None:
                commission[currency] = commission.get(currency, 0.0) + fill.commission
            if fill.realized_pnl is not None:
                own = fill.currency or fill.commission_currency
                realized[own] = realized.get(own, 0.0) + fill.realized_pnl
        return FillsOfDay(len(fills), commission, realized, sum(fill.commission is None for fill in fills))

    def currency(self) -> str:
        """The base currency: that of the account's own values, else the only one whose rate is 1; "" = not known."""
        if self._base is None:
            self._base = self._find_currency()
        return self._base

    def _find_currency(self) -> str:
        for wanted in _BASE_TAGS:
            for tag, currency in self._values:
                if tag == wanted and currency not in ("", BASE):
                    return currency
        ones = [
            currency
            for (tag, currency), rate in self._values.items()
            if tag == _RATE and currency not in ("", BASE) and rate == 1.0
        ]
        return ones[0] if len(ones) == 1 else ""

    def rate(self, currency: str) -> float | None:
        """Base currency per unit of `currency`; None = not sent."""
        if currency and currency == self.currency():
            return 1.0
        rate = self._values.get((_RATE, currency))
        return rate if rate is not None and rate > 0.0 else None

    def currencies(self) -> set[str]:
        """Those with a rate, the base currency among them."""
        known = {currency for tag, currency in self._values if tag == _RATE}
        return {currency for currency in (*known, self.currency()) if self.rate(currency) is not None}

    def value(self, tag: str) -> float | None:
        """The newest value of a tag, in the base currency: of what comes in each currency, the sum of them all."""
        for currency in (BASE, self.currency(), ""):
            found = self._values.get((tag, currency))
            if found is not None:
                return found
        return None

    def net_liquidation(self) -> float | None:
        found = self.value("NetLiquidation")
        return found if found is not None else self._values.get(("NetLiquidationByCurrency", BASE))


def rate_between(books: Sequence[AccountBook], currency: str, target: str) -> float | None:
    """Units of `target` for one of `currency`, from whatever account knows it: directly, over its base currency, or
    over a third one that two accounts know.
    """
    if not currency or not target:
        return None
    if currency == target:
        return 1.0
    for book in books:
        one, other = book.rate(currency), book.rate(target)
        if one is not None and other is not None:
            return one / other
    for first in books:
        for second in books:
            one, other = first.rate(currency), second.rate(target)
            if one is None or other is None:
                continue
            for third in first.currencies():
                here, there = first.rate(third), second.rate(third)
                if here is not None and there is not None:
                    return (one / here) / (other / there)
    return None
