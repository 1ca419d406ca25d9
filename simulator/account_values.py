"""The sums of an account and the rows in which TWS lists them. Pure.

Every position belongs to the currency of its contract; a sum in the base currency is the sum of the currencies' sums
times their rates (base for one unit). Net liquidation = cash + what the positions are worth when sold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from simulator.account import ZERO, Valued
from simulator.wire.fields import money

STOCK_MARGIN = Decimal("0.25")
FUTURES_MARGIN = Decimal("0.08")
LEDGER_PREFIX = "$LEDGER-"
_OPTIONS = frozenset({"OPT", "FOP"})


@dataclass(slots=True)
class CurrencySums:
    """One currency's part of an account, in that currency."""

    cash: Decimal = ZERO
    liquid_value: Decimal = ZERO  # of everything that is held
    stock_value: Decimal = ZERO
    option_value: Decimal = ZERO
    futures_unrealized: Decimal = ZERO
    futures_notional: Decimal = ZERO
    gross_value: Decimal = ZERO
    exposure: Decimal = ZERO
    unrealized: Decimal = ZERO
    realized: Decimal = ZERO
    daily: Decimal = ZERO

    def add(self, row: Valued) -> None:
        kind = row.instrument.sec_type
        self.liquid_value += row.liquid_value
        self.unrealized += row.unrealized or ZERO
        self.realized += row.realized
        self.daily += row.daily or ZERO
        self.exposure += abs(row.value)
        if kind in ("FUT", "CFD"):
            self.futures_unrealized += row.unrealized or ZERO
            self.futures_notional += abs(row.value)
        elif kind in _OPTIONS:
            self.option_value += row.value
            self.gross_value += abs(row.value)
        elif kind not in ("CASH", "SLB"):
            self.stock_value += row.value
            self.gross_value += abs(row.value)

    def times(self, rate: Decimal) -> CurrencySums:
        return CurrencySums(**{name: getattr(self, name) * rate for name in self.__slots__})

    @property
    def net_liquidation(self) -> Decimal:
        return self.cash + self.liquid_value


@dataclass(slots=True)
class Totals:
    """An account's sums by currency, and in the base currency. `rates`: base for one unit."""

    base: str
    currencies: dict[str, CurrencySums]
    rates: dict[str, Decimal]
    total: CurrencySums = field(default_factory=CurrencySums)

    @property
    def net_liquidation(self) -> Decimal:
        return self.total.net_liquidation

    @property
    def maintenance(self) -> Decimal:
        return STOCK_MARGIN * self.total.gross_value + FUTURES_MARGIN * self.total.futures_notional


def totals(base: str, rows: Iterable[Valued], cash: Mapping[str, Decimal], rates: Mapping[str, Decimal]) -> Totals:
    """Sums of the rows, closed ones included, and of the cash."""
    sums = {currency: CurrencySums(cash=amount) for currency, amount in cash.items()}
    for row in rows:
        sums.setdefault(row.instrument.currency, CurrencySums()).add(row)
    used = {currency: Decimal(1) if currency == base else rates[currency] for currency in sums}
    total = CurrencySums()
    for currency, part in sums.items():
        inside = part.times(used[currency])
        for name in CurrencySums.__slots__:
            setattr(total, name, getattr(total, name) + getattr(inside, name))
    return Totals(base, sums, used, total)


def account_values(sums: Totals, account: str, prefix: str = "", also_base: bool = False) -> list[tuple[str, str, str]]:
    """Key, value, currency as TWS lists them. `also_base`: NetLiquidation once more under BASE."""
    total, net, maintenance = sums.total, sums.net_liquidation, sums.maintenance
    available = net - maintenance
    amounts = {
        "NetLiquidation": net,
        "EquityWithLoanValue": net,
        "PreviousDayEquityWithLoanValue": net - total.daily,
        "TotalCashValue": total.cash,
        "GrossPositionValue": total.gross_value,
        "InitMarginReq": maintenance,
        "MaintMarginReq": maintenance,
        "FullInitMarginReq": maintenance,
        "FullMaintMarginReq": maintenance,
        "AvailableFunds": available,
        "FullAvailableFunds": available,
        "ExcessLiquidity": available,
        "FullExcessLiquidity": available,
        "LookAheadMaintMarginReq": maintenance,
        "LookAheadExcessLiquidity": available,
        "BuyingPower": 4 * max(ZERO, available),
        "SMA": available,
        "AccruedCash": ZERO,
    }
    rows = [
        ("AccountCode", account, ""),
        ("AccountReady", "true", ""),
        ("AccountType", "INDIVIDUAL", ""),
        ("Cushion", f"{available / net if net else ZERO:.6f}", ""),
        ("DayTradesRemaining", "-1", ""),
        ("Leverage", f"{total.gross_value / net if net else ZERO:.2f}", ""),
    ]
    rows += [(key, money(float(value)), sums.base) for key, value in amounts.items()]
    rows += [("NetLiquidation", money(float(net)), "BASE")] if also_base else []
    return rows + ledger_values(sums, prefix)


def ledger_values(sums: Totals, prefix: str = "") -> list[tuple[str, str, str]]:
    """The per-currency block: once in the base currency as BASE, then each currency in its own money."""
    rows: list[tuple[str, str, str]] = []
    blocks = [("BASE", sums.total, Decimal(1))]
    blocks += [(currency, part, sums.rates[currency]) for currency, part in sums.currencies.items()]
    for currency, part, rate in blocks:
        amounts = {
            "CashBalance": part.cash,
            "TotalCashBalance": part.cash,
            "NetLiquidationByCurrency": part.net_liquidation,
            "StockMarketValue": part.stock_value,
            **({"OptionMarketValue": part.option_value} if part.option_value else {}),
            "FuturesPNL": part.futures_unrealized,
            "UnrealizedPnL": part.unrealized,
            "RealizedPnL": part.realized,
        }
        rows += [(f"{prefix}Currency", currency, currency), (f"{prefix}ExchangeRate", rate_text(rate), currency)]
        rows += [(prefix + key, money(float(value)), currency) for key, value in amounts.items()]
    return rows


def rate_text(rate: Decimal) -> str:
    """1.00 for the base, else as many decimals as it has."""
    return "1.00" if rate == 1 else f"{rate:f}"
