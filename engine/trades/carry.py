"""What positions and cash earn or cost beside trades: dividends, withholding, interest, fees; deposits apart. Pure.

It is never in the result of a trade. A dividend belongs to the trip that held the contract, also when it is paid later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from engine.journal.rows import CashRow
from engine.trades.days import date_of
from engine.trades.execution import ZERO
from engine.trades.figures import Money
from engine.trades.trip import Trip

FLOW = "deposit"  # and withdrawals: no result at all


class Carry(NamedTuple):
    """By day; `lacks` names rates that are missing in it."""

    by_day: dict[date, Decimal]
    lacks: tuple[str, ...]


def carry_of(cash: Iterable[CashRow], money: Money) -> Carry:
    """All but deposits and withdrawals."""
    return _summed((row for row in cash if row.sort != FLOW), money)


def flows_of(cash: Iterable[CashRow], money: Money) -> Carry:
    """Deposits positive, withdrawals negative."""
    return _summed((row for row in cash if row.sort == FLOW), money)


def carry_of_trips(trips: Iterable[Trip], cash: Iterable[CashRow]) -> dict[str, tuple[CashRow, ...]]:
    """Trip id -> its bookings: of the newest trip in the contract that had begun before the day of the booking."""
    of_contract: dict[tuple[str, str, str], list[Trip]] = defaultdict(list)
    for trip in trips:
        for name in {str(trip.con_id) if trip.con_id else "", trip.symbol, trip.name} - {""}:
            of_contract[trip.account, trip.key.model, name].append(trip)
    found: dict[str, list[CashRow]] = defaultdict(list)
    for row in cash:
        if row.sort == FLOW or not (row.con_id or row.symbol):
            continue
        name = str(row.con_id) if row.con_id else row.symbol
        held = [
            t for t in of_contract.get((row.account, row.model, name), ()) if t.is_before or t.opened_date < row.day
        ]
        if held:
            found[max(held, key=lambda trip: trip.opened_date).id].append(row)
    return {name: tuple(rows) for name, rows in found.items()}


def amount_of(row: CashRow, money: Money) -> Decimal | None:
    """In that money; None = it is of another, or its rate is not known."""
    if not money.is_base:
        return row.amount if row.currency == money.currency else None
    if row.currency == money.currency:
        return row.amount
    return None if row.fx_rate is None else row.amount * row.fx_rate


def _summed(cash: Iterable[CashRow], money: Money) -> Carry:
    by_day: dict[date, Decimal] = defaultdict(lambda: ZERO)
    lacks: dict[str, None] = {}
    for row in cash:
        if money.is_base and row.base_currency not in ("", money.currency):
            continue
        day, amount = date_of(row.day), amount_of(row, money)
        if day is not None and amount is not None:
            by_day[day] += amount
        elif money.is_base:
            lacks[f"rate of {row.currency} on {row.day}"] = None
    return Carry(dict(sorted(by_day.items())), tuple(lacks))
