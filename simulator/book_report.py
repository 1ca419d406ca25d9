"""The gateway's own book as JSON: what every figure of a client has to equal. Amounts are decimals as text.

Everything is exact and unrounded, at one market time and one state of the quotes. Signs: commissions are positive when
they cost. `exposure` is |quantity x mark| in money; results of the day are those of each contract's own trade date.
"""

from __future__ import annotations

from decimal import Decimal

from simulator.account import ZERO, Book, Settled, Valued
from simulator.account_values import CurrencySums
from simulator.hub import Hub
from simulator.market_time import local
from simulator.orders_desk import OrdersDesk


def report(hub: Hub, orders: OrdersDesk) -> dict[str, object]:
    """Every account with its positions and sums, and every fill in its final form."""
    now = hub.world.now()
    return {
        "now": now,
        "new_york": f"{local(now):%Y-%m-%dT%H:%M:%S%z}",
        "held": hub.held,
        "accounts": [_account(hub, book) for book in hub.books],
        "fills": [_fill(hub, orders, book, one) for book in hub.books for one in book.fills()],
        "all": _all(hub),
    }


def _account(hub: Hub, book: Book) -> dict[str, object]:
    sums = hub.totals(book)
    return {
        "account": hub.account(book),
        "base": book.base,
        "rates": {currency: _text(rate) for currency, rate in sums.rates.items()},
        "net_liquidation": _text(sums.net_liquidation),
        "cash": {currency: _text(amount) for currency, amount in book.cash().items()},
        "by_currency": {currency: _sums(part) for currency, part in sums.currencies.items()},
        "base_sums": _sums(sums.total),
        "commissions_today": _commissions(hub, book, today=True),
        "commissions": _commissions(hub, book, today=False),
        "positions": [_position(row, sums.rates[row.instrument.currency]) for row in hub.rows(book)],
    }


def _all(hub: Hub) -> dict[str, object]:
    """All accounts together, where they have one base currency."""
    bases = {book.base for book in hub.books}
    if len(bases) != 1:
        return {"base": None}
    totals = [hub.totals(book) for book in hub.books]
    names = ("unrealized", "realized", "daily", "exposure")
    sums = {name: _text(sum((getattr(one.total, name) for one in totals), ZERO)) for name in names}
    net = sum((one.net_liquidation for one in totals), ZERO)
    return {"base": bases.pop(), "net_liquidation": _text(net), **sums}


def _position(row: Valued, rate: Decimal) -> dict[str, object]:
    it = row.instrument
    money = {
        "value": row.value if row.mark is not None else None,
        "exposure": abs(row.value) if row.mark is not None else None,
        "unrealized": row.unrealized if row.mark is not None else None,
        "realized": row.realized,
        "daily": row.daily,
    }
    return {
        "con_id": it.con_id,
        "local_symbol": it.local_symbol,
        "sec_type": it.sec_type,
        "currency": it.currency,
        "multiplier": it.multiplier,
        "price_magnifier": it.price_magnifier,
        "money_factor": it.money_factor,
        "quantity": _text(row.quantity),
        "avg_cost": _text(row.avg_cost),
        "mark": _text(row.mark),
        "market_price": _text(row.price),
        **{name: _text(value) for name, value in money.items()},
        "base": {name: _text(None if value is None else value * rate) for name, value in money.items()},
        "traded_today": row.traded,
    }


def _sums(part: CurrencySums) -> dict[str, str | None]:
    names = ("cash", "exposure", "unrealized", "realized", "daily", "net_liquidation")
    return {name: _text(getattr(part, name)) for name in names}


def _commissions(hub: Hub, book: Book, *, today: bool) -> dict[str, str | None]:
    """By the commission's own currency."""
    found: dict[str, Decimal] = {}
    for one in book.fills():
        instrument = hub.directory.get(one.fill.con_id)
        if instrument is None or one.fill.is_heading or (today and not hub.is_today(instrument, one.fill.time)):
            continue
        currency = one.fill.commission_currency or instrument.currency
        found[currency] = found.get(currency, ZERO) + one.fill.commission
    return {currency: _text(amount) for currency, amount in found.items()}


def _fill(hub: Hub, orders: OrdersDesk, book: Book, one: Settled) -> dict[str, object]:
    fill, instrument = one.fill, hub.directory.get(one.fill.con_id)
    assert instrument is not None
    return {
        "account": hub.account(book),
        "exec_id": fill.exec_id,
        "con_id": fill.con_id,
        "local_symbol": instrument.local_symbol,
        "currency": instrument.currency,
        "time": fill.time,
        "clock": fill.clock,
        "trade_date": f"{hub.trade_date(instrument, fill.time):%Y%m%d}",
        "today": hub.is_today(instrument, fill.time),
        "side": "BOT" if fill.shares > 0 else "SLD",
        "quantity": _text(abs(fill.shares)),
        "price": _text(fill.price),
        "commission": None if fill.is_heading else _text(fill.commission),
        "commission_currency": fill.commission_currency or instrument.currency,
        "reported": fill.exec_id not in orders.unreported and not fill.is_heading,
        "realized": _text(one.realized),
        "leg_of": fill.leg_of,
        "is_heading": fill.is_heading,
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}" if value else "0"
