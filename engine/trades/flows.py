"""What was paid into an account or out of it: deposits, withdrawals, cash and positions that were transferred. Pure.

None of it is a result: equity is told without it. A position counts with what it was worth on the market on its day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from engine.journal.rows import CashRow, TransferRow
from engine.trades.execution import ZERO

DEPOSIT = "deposit"  # and withdrawals: the sort of their bookings


class Flow(Struct, frozen=True, kw_only=True):
    """One of them, received positive, in `currency`; `amount` None = what the position was worth is not told.

    `day` YYYYMMDD. `fx_rate` into `base_currency`, None = not told. `what` as the statement names it.
    """

    account: str
    day: str
    what: str
    amount: Decimal | None
    currency: str
    fx_rate: Decimal | None = None
    base_currency: str = ""


def flows_of(cash: Iterable[CashRow], transfers: Iterable[TransferRow] = ()) -> list[Flow]:
    """By day: deposits, withdrawals and transfers."""
    cash = tuple(cash)
    deposits = [_booked(row, row.kind, row.amount) for row in cash if row.sort == DEPOSIT]
    return sorted([*deposits, *transfers_of(cash, transfers)], key=lambda flow: flow.day)


def transfers_of(cash: Iterable[CashRow], transfers: Iterable[TransferRow]) -> list[Flow]:
    """Those that no deposit tells: cash booked as a deposit and as a transfer is one flow, twins are two."""
    told = Counter((row.account, row.day, row.currency, row.amount) for row in cash if row.sort == DEPOSIT)
    found = []
    for row in transfers:
        if row.cash:
            key = (row.account, row.day, row.currency, row.cash)
            if told[key]:
                told[key] -= 1
            else:
                found.append(_booked(row, f"{row.kind or 'Transfer'}: cash", row.cash))
        if row.quantity:
            what = f"{row.kind or 'Transfer'}: {row.quantity.normalize():+f} {row.symbol or row.description}"
            found.append(_booked(row, what, _worth(row.quantity, row.amount)))
    return found


def _worth(quantity: Decimal, amount: Decimal | None) -> Decimal | None:
    """Of a change of the position by `quantity`, which tells its sign. IB writes 0 where it has not valued it."""
    return abs(amount) * (1 if quantity > ZERO else -1) if amount else None


def _booked(row: CashRow | TransferRow, what: str, amount: Decimal | None) -> Flow:
    return Flow(
        account=row.account,
        day=row.day,
        what=what,
        amount=amount,
        currency=row.currency,
        fx_rate=row.fx_rate,
        base_currency=row.base_currency,
    )
