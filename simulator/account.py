"""The account: holdings, fills, and the arithmetic of its values. Pure; all amounts are USD."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.model import Holding, Instrument, QuoteState
from simulator.wire.fields import money

STOCK_MARGIN = 0.25
FUTURES_MARGIN = 0.08


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution; `shares` is signed. `realized` None = it opened the position, commission included."""

    exec_id: str
    order_id: int
    con_id: int
    time: float
    shares: float
    price: float
    commission: float
    realized: float | None


@dataclass(frozen=True, slots=True)
class Valued:
    """A position at the market. `price` None = nothing known: it counts for nothing."""

    instrument: Instrument
    quantity: float
    avg_cost: float
    price: float | None
    value: float
    unrealized: float
    realized: float
    daily: float | None


@dataclass(frozen=True, slots=True)
class Totals:
    """The account's sums; `net_liquidation = cash + stock_value + futures_unrealized`."""

    cash: float
    stock_value: float
    futures_unrealized: float
    futures_notional: float
    gross_stock_value: float
    unrealized: float
    realized: float
    daily: float

    @property
    def net_liquidation(self) -> float:
        return self.cash + self.stock_value + self.futures_unrealized

    @property
    def maintenance(self) -> float:
        return STOCK_MARGIN * self.gross_stock_value + FUTURES_MARGIN * self.futures_notional

    @property
    def equity(self) -> float:
        return self.cash + self.stock_value + self.futures_unrealized


def multiplier_of(instrument: Instrument) -> float:
    return float(instrument.multiplier or 1)


def mark_of(quote: QuoteState | None) -> float | None:
    """The price that values a position: last, else the prior close; 0 and less mean nothing for stocks."""
    if quote is None:
        return None
    return quote.last if quote.last is not None else quote.close


def value_holding(instrument: Instrument, holding: Holding, quote: QuoteState | None, fills: Iterable[Fill]) -> Valued:
    """One position at the market; `fills` are today's of this contract."""
    fills = list(fills)
    price = mark_of(quote)
    if not price:
        price = None
    realized = sum(fill.realized or 0.0 for fill in fills)
    scale = multiplier_of(instrument)
    if price is None:
        return Valued(instrument, holding.quantity, holding.avg_cost, None, 0.0, 0.0, realized, None)
    value = holding.quantity * price * scale
    unrealized = value - holding.quantity * holding.avg_cost
    close = quote.close if quote is not None else None
    daily = None if close is None else _daily(holding.quantity, price, close, scale, fills)
    return Valued(instrument, holding.quantity, holding.avg_cost, price, value, unrealized, realized, daily)


def _daily(quantity: float, price: float, close: float, scale: float, fills: list[Fill]) -> float:
    """Against the prior close for what was held then, against the fill for what was traded since."""
    held_at_close = quantity - sum(fill.shares for fill in fills)
    traded = sum(fill.shares * (price - fill.price) * scale - fill.commission for fill in fills)
    return held_at_close * (price - close) * scale + traded


def totals(rows: Iterable[Valued], cash: float, closed_realized: float = 0.0) -> Totals:
    """Sums of the rows; `closed_realized` is today's from positions that are gone."""
    rows = list(rows)
    stocks = [row for row in rows if row.instrument.sec_type != "FUT"]
    futures = [row for row in rows if row.instrument.sec_type == "FUT"]
    return Totals(
        cash=cash,
        stock_value=sum(row.value for row in stocks),
        futures_unrealized=sum(row.unrealized for row in futures),
        futures_notional=sum(abs(row.value) for row in futures),
        gross_stock_value=sum(abs(row.value) for row in stocks),
        unrealized=sum(row.unrealized for row in rows),
        realized=sum(row.realized for row in rows) + closed_realized,
        daily=sum(row.daily or 0.0 for row in rows) + closed_realized,
    )


def account_values(sums: Totals, account: str) -> list[tuple[str, str, str]]:
    """Key, value, currency as TWS lists them."""
    net, maintenance = sums.net_liquidation, sums.maintenance
    available = net - maintenance
    usd = {
        "NetLiquidation": net,
        "EquityWithLoanValue": sums.equity,
        "PreviousDayEquityWithLoanValue": net - sums.daily,
        "TotalCashValue": sums.cash,
        "GrossPositionValue": sums.gross_stock_value,
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
        "BuyingPower": 4 * max(0.0, available),
        "SMA": available,
        "AccruedCash": 0.0,
    }
    rows = [
        ("AccountCode", account, ""),
        ("AccountReady", "true", ""),
        ("AccountType", "INDIVIDUAL", ""),
        ("Cushion", f"{available / net if net else 0.0:.6f}", ""),
        ("DayTradesRemaining", "-1", ""),
        ("Leverage", f"{sums.gross_stock_value / net if net else 0.0:.2f}", ""),
    ]
    rows += [(key, money(value), "USD") for key, value in usd.items()]
    return rows + ledger_values(sums)


def ledger_values(sums: Totals) -> list[tuple[str, str, str]]:
    """The per-currency block, once as BASE and once as USD."""
    amounts = {
        "CashBalance": sums.cash,
        "TotalCashBalance": sums.cash,
        "NetLiquidationByCurrency": sums.net_liquidation,
        "StockMarketValue": sums.stock_value,
        "FuturesPNL": sums.futures_unrealized,
        "UnrealizedPnL": sums.unrealized,
        "RealizedPnL": sums.realized,
    }
    rows = []
    for currency in ("BASE", "USD"):
        rows += [("Currency", currency, currency), ("ExchangeRate", "1.00", currency)]
        rows += [(key, money(value), currency) for key, value in amounts.items()]
    return rows


class Book:
    """Holdings and fills. The world gives the start; the control port may trade."""

    def __init__(self, holdings: Iterable[Holding], cash: float, fills: Iterable[Fill] = ()) -> None:
        self._holdings = {holding.con_id: holding for holding in holdings}
        self.cash = cash
        self.fills = list(fills)

    def holdings(self) -> list[Holding]:
        return list(self._holdings.values())

    def holds(self, con_id: int) -> bool:
        return con_id in self._holdings

    def get(self, con_id: int) -> Holding | None:
        return self._holdings.get(con_id)

    def fills_of(self, con_id: int | None, since: float) -> list[Fill]:
        """Fills from `since` on; of every contract when `con_id` is None."""
        return [f for f in self.fills if f.time >= since and con_id in (None, f.con_id)]

    def alter(self, instrument: Instrument, quantity: float, avg_cost: float, price: float, now: float) -> Fill | None:
        """Sets a position; what changes is a fill at `price`. Quantity 0 closes. None = nothing changed hands."""
        old = self._holdings.get(instrument.con_id) or Holding(instrument.con_id, 0.0, avg_cost)
        shares = quantity - old.quantity
        if quantity:
            self._holdings[instrument.con_id] = Holding(instrument.con_id, quantity, avg_cost)
        else:
            self._holdings.pop(instrument.con_id, None)
        if not shares:
            return None
        fill = self._fill(instrument, old, shares, price, now)
        self.fills.append(fill)
        if instrument.sec_type == "FUT":
            self.cash += fill.realized or -fill.commission
        else:
            self.cash -= shares * price + fill.commission
        return fill

    def _fill(self, instrument: Instrument, old: Holding, shares: float, price: float, now: float) -> Fill:
        number = len(self.fills) + 1
        closing = old.quantity * shares < 0
        commission = 1.0
        realized = None
        if closing:
            closed = min(abs(shares), abs(old.quantity)) * (1 if old.quantity > 0 else -1)
            realized = closed * (price * multiplier_of(instrument) - old.avg_cost) - commission
        exec_id = f"0000e0d5.{number:08x}.01.01"
        return Fill(exec_id, 100 + number, instrument.con_id, now, shares, price, commission, realized)


def opening_fill(holding: Holding, now: float, time: float) -> Fill | None:
    """Today's sale of 50 shares at 409.35 that the position's history tells of; None before it happened."""
    if time > now:
        return None
    commission = 1.02
    realized = -50 * (holding.avg_cost - 409.35) - commission
    return Fill("0000e0d5.67290a01.01.01", 7, holding.con_id, time, -50.0, 409.35, commission, realized)
