"""Account values, portfolio, positions, P&L, executions."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.model import Instrument
from simulator.wire.fields import double, money, number, payload
from simulator.wire.versions import PENDING_PRICE_REVISION


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """One position with its valuation in USD; None = the unset value."""

    instrument: Instrument
    quantity: float
    market_price: float
    market_value: float
    avg_cost: float
    unrealized: float
    realized: float


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
        "0.0",
        "0",
        it.multiplier,
        it.primary_exchange,
        it.currency,
        it.local_symbol,
        it.trading_class,
        row.quantity,
        number(row.market_price),
        money(row.market_value),
        number(row.avg_cost),
        money(row.unrealized),
        money(row.realized),
        account,
    )


def position(instrument: Instrument, quantity: float, avg_cost: float, account: str) -> str:
    it = instrument
    exchange = "" if it.sec_type == "FUT" else it.primary_exchange
    return payload(
        61,
        3,
        account,
        it.con_id,
        it.symbol,
        it.sec_type,
        it.last_trade_date,
        "0.0",
        "",
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
        "0.0",
        "",
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
        row.shares,
        number(row.price),
        "",
        "",
        "",
        "",
        2,
    )
    return body + (payload(0) if version >= PENDING_PRICE_REVISION else "")


def commission_report(row: ExecutionRow, currency: str) -> str:
    return payload(59, 1, row.exec_id, number(row.commission), currency, double(row.realized), double(None), "")


def execution_end(req_id: int) -> str:
    return payload(55, 1, req_id)
