"""Rows that stand for whole orders, and what of them the executions of the same day leave. Pure.

Either may come first: a CSV's row an order, or the gateway's executions. The executions are what was dealt; a row
counts for what they do not make up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

_ZERO = Decimal(0)
_SAME_MONEY = Decimal("0.01")


class Dealt(NamedTuple):
    """An execution, or the row of an order; of one contract, trade date and side.

    `quantity` is positive, `money` = quantity x price in one unit on both sides. `fee` None = not known. `order` is
    what the executions of one order share; where no order is told it is the execution's own.
    """

    quantity: Decimal
    money: Decimal
    fee: Decimal | None
    time: float
    order: Hashable


class Left(NamedTuple):
    """What counts of an order's row. `fee` None = not known, or it is that of the row by quantity."""

    quantity: Decimal
    money: Decimal
    fee: Decimal | None


@dataclass
class _Row:
    """An order's row while executions take their parts of it."""

    told: Dealt
    quantity: Decimal
    money: Decimal
    fee: Decimal | None

    def take(self, quantity: Decimal, money: Decimal, fee: Decimal | None) -> None:
        self.quantity -= quantity
        self.money -= money
        self.fee = None if self.fee is None or fee is None else self.fee - fee

    def left(self) -> Left:
        whole = self.told
        if not self.quantity:
            return Left(_ZERO, _ZERO, None)
        plain = whole.money * self.quantity / whole.quantity
        by_quantity = None if whole.fee is None else whole.fee * self.quantity / whole.quantity
        if (self.money > 0) != (plain > 0):  # the executions were of another order: its own price, then
            return Left(self.quantity, plain, by_quantity)
        return Left(self.quantity, self.money, by_quantity if self.fee is None else self.fee)


def left_of_orders(orders: Sequence[Dealt], executions: Sequence[Dealt]) -> list[Left]:
    """Of each row in its order. The sum of quantities is what executions lack, never below 0.

    An order's executions meet the row that says the same; equal rows are several orders. What meets none is a part of
    the row that it fits best by price, then by time. The order of either list changes nothing.
    """
    rows = [_Row(order, order.quantity, order.money, order.fee) for order in orders]
    rest = []
    for part in _by_order(executions):
        same = [row for row in rows if row.quantity == row.told.quantity == part.quantity and _is_same(row.told, part)]
        if same:
            _nearest(same, part).take(part.quantity, part.money, part.fee)
        else:
            rest.append(part)
    for part in rest:
        _spread(part, rows)
    return [row.left() for row in rows]


def _by_order(executions: Sequence[Dealt]) -> list[Dealt]:
    """Executions of one order as one, by time."""
    groups: dict[Hashable, list[Dealt]] = defaultdict(list)
    for each in executions:
        groups[each.order].append(each)
    found = []
    for order, group in groups.items():
        fees = [each.fee for each in group]
        found.append(
            Dealt(
                sum((each.quantity for each in group), _ZERO),
                sum((each.money for each in group), _ZERO),
                None if None in fees else sum((fee for fee in fees if fee is not None), _ZERO),
                max(each.time for each in group),
                order,
            )
        )
    return sorted(found, key=lambda each: (each.time, each.quantity, each.money, str(each.order)))


def _spread(part: Dealt, rows: Sequence[_Row]) -> None:
    """Take it from the row that holds it, else from one after the other; what is more than all rows stays alone."""
    whole = [row for row in rows if row.quantity >= part.quantity]
    left = part.quantity
    while left and (open_rows := whole or [row for row in rows if row.quantity]):
        row = _nearest(open_rows, part)
        taken = min(left, row.quantity)
        share = taken / part.quantity
        row.take(taken, part.money * share, None if part.fee is None else part.fee * share)
        left -= taken


def _nearest(rows: Sequence[_Row], part: Dealt) -> _Row:
    price = part.money / part.quantity
    return min(
        rows,
        key=lambda row: (
            abs(row.told.money / row.told.quantity - price), abs(row.told.time - part.time), row.told.time,
            row.told.quantity, row.told.fee is None, row.told.fee or _ZERO, str(row.told.order),
        ),
    )  # fmt: skip


def _is_same(row: Dealt, part: Dealt) -> bool:
    """Of equal quantity: an order's price is rounded where it is a mean."""
    return abs(row.money - part.money) <= max(_SAME_MONEY, abs(row.money) * Decimal("1e-6"))
