"""What positions and cash earn or cost beside trades: dividends, withholding, interest, fees; no deposits. Pure.

It is never in the result of a trade; to which trip a booking belongs stands in `entitled.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from engine.journal.rows import CashRow
from engine.trades.execution import ZERO, date_of
from engine.trades.figures import Money
from engine.trades.flows import DEPOSIT, Flow


class Lack(NamedTuple):
    """A booking that is in no sum: `what` of it is missing, a rate or a value; or it is of another currency."""

    day: date
    currency: str
    what: Literal["rate", "value", "currency"]


class Carry(NamedTuple):
    """By day; `lacks` names what is not in it, each once."""

    by_day: dict[date, Decimal]
    lacks: tuple[Lack, ...]


def carry_of(cash: Iterable[CashRow], money: Money) -> Carry:
    """All but deposits and withdrawals."""
    return summed_by_day((row for row in cash if row.sort != DEPOSIT), money)


def summed_by_day(booked: Iterable[CashRow | Flow], money: Money) -> Carry:
    """In that money; of an account with another base currency nothing counts, and nothing is missing."""
    by_day: dict[date, Decimal] = defaultdict(lambda: ZERO)
    lacks: dict[Lack, None] = {}
    for row in booked:
        day = date_of(row.day)
        if day is None or (money.is_base and row.base_currency not in ("", money.currency)):
            continue
        rate = Decimal(1) if row.currency == money.currency else row.fx_rate if money.is_base else None
        if row.amount is None:
            lacks[Lack(day, row.currency, "value")] = None
        elif rate is None:
            lacks[Lack(day, row.currency, "rate" if money.is_base else "currency")] = None
        else:
            by_day[day] += row.amount * rate
    return Carry(dict(sorted(by_day.items())), tuple(sorted(lacks)))
