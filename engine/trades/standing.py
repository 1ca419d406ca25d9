"""What stands in for executions that are not here: rows of whole orders, and positions of before the journal. Pure.

They are not marked in the journal when executions come, whoever brings them and whenever: what they count for is worked
out from all that is here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from engine.clock import NEW_YORK
from engine.journal.contract_names import contract_key, numbers_of
from engine.journal.rows import FillRow, PositionTold
from engine.journal.stand_ins import Dealt, Left, left_of_orders
from engine.trades.execution import ZERO, Execution, execution_of, in_order, row_of

_EVENING_HOUR = 17  # after the day's trades, before those that count for the next one
_NO_OPENING = frozenset({"CASH", "BAG"})
_Day = tuple[str, str, str, str]


def standing(executions: Sequence[Execution], told: Iterable[PositionTold] = ()) -> tuple[Execution, ...]:
    """All executions as they count, with what was held before the first of a contract. In order."""
    found = without_covered(with_numbers(executions))
    return tuple(sorted([*found, *openings_of(told, found)], key=in_order))


def standing_rows(rows: Sequence[FillRow]) -> list[FillRow]:
    """Rows of the journal as they count: of whole orders what executions leave of them. `rows`: all of their days."""
    executions = with_numbers([execution_of(row) for row in rows])
    counted = without_covered(executions)
    return [row if now is was else row_of(now) for row, was, now in zip(rows, executions, counted, strict=True)]


def with_numbers(executions: Sequence[Execution]) -> list[Execution]:
    """Those of a source without IB's contract numbers get the one that another row gives that name."""
    if all(e.con_id for e in executions):
        return list(executions)
    keys = [contract_key(names_of(e)) for e in executions]
    numbers = numbers_of((key, e.con_id) for key, e in zip(keys, executions, strict=True))
    return [
        e if e.con_id or not (number := numbers.get(key, 0)) else replace(e, con_id=number)
        for key, e in zip(keys, executions, strict=True)
    ]


def names_of(e: Execution) -> dict[str, object]:
    """What `contract_key` reads."""
    return {
        "local_symbol": e.local_symbol, "symbol": e.symbol, "sec_type": e.sec_type, "expiry": e.expiry,
        "underlying_symbol": e.underlying_symbol, "strike": e.strike, "put_call": e.put_call,
    }  # fmt: skip


def without_covered(executions: Sequence[Execution]) -> list[Execution]:
    """Rows of whole orders count for what the executions of their day leave of them; those that nothing is left of are
    "covered".
    """
    orders: dict[_Day, list[Execution]] = defaultdict(list)
    for e in executions:
        if e.is_order_level and e.state == "in force":
            orders[_day(e)].append(e)
    if not orders:
        return list(executions)
    dealt: dict[_Day, list[Execution]] = defaultdict(list)
    for e in executions:
        if not e.is_order_level and e.state == "in force" and e.is_trade and e.quantity and (day := _day(e)) in orders:
            dealt[day].append(e)
    changed: dict[int, Execution] = {}
    for day, rows in orders.items():
        if parts := dealt.get(day):
            of_prices = any(e.per_point is None for e in (*rows, *parts))
            left = left_of_orders([_dealt(e, of_prices) for e in rows], [_dealt(e, of_prices) for e in parts])
            for row, rest in zip(rows, left, strict=True):
                changed[id(row)] = _of_left(row, rest, of_prices)
    return [changed.get(id(e), e) for e in executions]


def _day(e: Execution) -> _Day:
    return (e.account, e.key.contract, e.trade_date, e.side)


def _point(e: Execution, of_prices: bool) -> Decimal:
    """`of_prices` = a source does not tell what a point is worth: plain prices are compared, then."""
    return Decimal(1) if of_prices or e.per_point is None else e.per_point


def _dealt(e: Execution, of_prices: bool) -> Dealt:
    size, point = abs(e.quantity), _point(e, of_prices)
    fee = e.commission if e.commission_currency in ("", e.currency) else None
    return Dealt(size, size * e.price * point, fee, e.time, e.id if e.is_order_level else e.order or e.id)


def _of_left(row: Execution, left: Left, of_prices: bool) -> Execution:
    size = abs(row.quantity)
    if left.quantity == size:
        return row
    if not left.quantity:
        return replace(row, state="covered", remark="executions have taken its place")
    share = left.quantity / size
    point = _point(row, of_prices)
    commission = None if row.commission is None else row.commission * share
    return replace(
        row,
        quantity=left.quantity.copy_sign(row.quantity),
        price=left.money / left.quantity / point if point else row.price,
        commission=commission if left.fee is None else left.fee,
        taxes=row.taxes * share,
        ib_realized=None,
        remark=f"what executions have not told of an order for {size.normalize():f}",
    )


def openings_of(told: Iterable[PositionTold], executions: Iterable[Execution]) -> list[Execution]:
    """Positions that statements tell and that no execution on or before their day has opened, at IB's cost: the first
    of each account, model and contract.
    """
    first: dict[tuple[str, str, int], str] = {}
    for e in executions:
        if e.state == "in force" and e.trade_date:
            key = (e.account, e.model, e.con_id)
            first[key] = min(first.get(key, e.trade_date), e.trade_date)
    found: dict[tuple[str, str, int], PositionTold] = {}
    for position in sorted(told, key=lambda each: each.day):
        if position.con_id and position.quantity and position.sec_type not in _NO_OPENING:
            found.setdefault((position.account, position.model, position.con_id), position)
    return [_opening(position) for key, position in found.items() if first.get(key, "99999999") > position.day]


def _opening(told: PositionTold) -> Execution:
    name, day = f"flex:OP{told.con_id}", told.day
    evening = datetime(int(day[:4]), int(day[4:6]), int(day[6:8]), _EVENING_HOUR, tzinfo=NEW_YORK)
    return Execution(
        account=told.account,
        id=name,
        time=evening.timestamp(),
        quantity=told.quantity,
        price=told.cost_price or ZERO,
        currency=told.currency,
        con_id=told.con_id,
        model=told.model,
        symbol=told.symbol,
        local_symbol=told.symbol,
        sec_type=told.sec_type,
        multiplier=told.multiplier,
        per_point=told.multiplier,
        commission=ZERO,
        trade_date=day,
        kind="opening",
        source="flex",
        opening="open",
        fx_rate=told.fx_rate,
        base_currency=told.base_currency,
        statement_id=told.statement_id,
        remark="held before the journal began, at the cost that the statement tells",
    )
