"""Account values, portfolio, positions, P&L, executions."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.model import Instrument
from simulator.wire.fields import UNSET_DOUBLE, double, money, number, payload
from simulator.wire.versions import PENDING_PRICE_REVISION


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """One position with its valuation in the contract's currency; None = the unset value."""

    instrument: Instrument
    quantity: float
    market_price: float
    market_value: float
    avg_cost: float | None
    unrealized: float | None
    realized: float | None


@dataclass(frozen=True, slots=True)
class ExecutionRow:
    """One fill. `realized` None = it opened the position."""

    instrument: Instrument
    exec_id: str
    order_id: int
    time_text: str
    account: str
    exchange: str
    side: str  # BOT or SLD
    shares: float
    price: float
    perm_id: int
    commission: float
    realized: float | None
    commission_currency: str = "USD"
    cum_quantity: float | None = None  # of the order so far; None = this fill is all
    average_price: float | None = None  # of the order so far
    order_ref: str = ""


def account_value(key: str, value: str, currency: str, account: str) -> str:
    return payload(6, 2, key, value, currency, account)


def account_time(clock: str) -> str:
    return payload(8, 1, clock)


def account_download_end(account: str) -> str:
    return payload(54, 1, account)


def portfolio_value(row: PortfolioRow, account: str) -> str:
    it = row.instrument
    return payload(
        7,
        8,
        it.con_id,
        it.symbol,
        it.sec_type,
        it.last_trade_date,
        strike_text(it),
        it.right or "0",
        it.multiplier,
        it.primary_exchange,
        it.currency,
        it.local_symbol,
        it.trading_class,
        row.quantity,
        number(row.market_price),
        money(row.market_value),
        UNSET_DOUBLE if row.avg_cost is None else number(row.avg_cost),
        money(row.unrealized),
        money(row.realized),
        account,
    )


def strike_text(instrument: Instrument) -> str:
    """As a double: 0.0 where there is none."""
    return repr(float(instrument.strike))


def position(instrument: Instrument, quantity: float, avg_cost: float | None, account: str) -> str:
    return payload(61, 3) + _position_fields(instrument, quantity, avg_cost, account)


def position_multi(req_id: int, instrument: Instrument, quantity: float, avg_cost: float | None, account: str) -> str:
    return payload(71, 1, req_id) + _position_fields(instrument, quantity, avg_cost, account) + payload("")


def position_multi_end(req_id: int) -> str:
    return payload(72, 1, req_id)


def _position_fields(it: Instrument, quantity: float, avg_cost: float | None, account: str) -> str:
    exchange = "" if it.sec_type == "FUT" else it.primary_exchange
    return payload(
        account,
        it.con_id,
        it.symbol,
        it.sec_type,
        it.last_trade_date,
        strike_text(it),
        it.right,
        it.multiplier,
        exchange,
        it.currency,
        it.local_symbol,
        it.trading_class,
        quantity,
        double(avg_cost),
    )


def position_end() -> str:
    return payload(62, 1)


def account_summary(req_id: int, account: str, tag: str, value: str, currency: str) -> str:
    return payload(63, 1, req_id, account, tag, value, currency)


def account_summary_end(req_id: int) -> str:
    return payload(64, 1, req_id)


def account_update_multi(req_id: int, account: str, model: str, key: str, value: str, currency: str) -> str:
    return payload(73, 1, req_id, account, model, key, value, currency)


def account_update_multi_end(req_id: int) -> str:
    return payload(74, 1, req_id)


def pnl(req_id: int, daily: float | None, unrealized: float | None, realized: float | None) -> str:
    return payload(94, req_id, double(daily), double(unrealized), double(realized))


def pnl_single(req_id: int, quantity: float, values: tuple[float | None, ...]) -> str:
    """`values` are daily, unrealised, realised P&L and market value."""
    return payload(95, req_id, quantity, *[double(value) for value in values])


def open_order_end() -> str:
    return payload(53, 1)


def completed_orders_end() -> str:
    return payload(102)


def execution(version: int, req_id: int, row: ExecutionRow) -> str:
    it = row.instrument
    body = payload(
        11,
        req_id,
        row.order_id,
        it.con_id,
        it.symbol,
        it.sec_type,
        it.last_trade_date,
        strike_text(it),
        it.right,
        it.multiplier,
        row.exchange,
        it.currency,
        it.local_symbol,
        it.trading_class,
        row.exec_id,
        row.time_text,
        row.account,
        row.exchange,
        row.side,
        row.shares,
        number(row.price),
        row.perm_id,
        0,
        0,
        row.shares if row.cum_quantity is None else row.cum_quantity,
        number(row.price if row.average_price is None else row.average_price),
        row.order_ref,
        "",
        "",
        "",
        2,
    )
    return body + (payload(0) if version >= PENDING_PRICE_REVISION else "")


def commission_report(row: ExecutionRow) -> str:
    money_fields = (number(row.commission), row.commission_currency, double(row.realized), double(None), "")
    return payload(59, 1, row.exec_id, *money_fields)


def execution_end(req_id: int) -> str:
    return payload(55, 1, req_id)
