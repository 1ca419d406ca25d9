"""Which trips dividends and other bookings of a contract belong to: those that held it when that was decided. Pure.

A dividend is paid weeks after its ex-date, when the position may be gone and another one begun. Where no ex-date is
told the words of the booking do: what was paid for one share says how many were held.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from msgspec.structs import replace

from engine.journal.rows import CashRow
from engine.trades.execution import ZERO, date_of
from engine.trades.flows import DEPOSIT
from engine.trades.trip import Trip

_BACK = timedelta(days=75)  # from the payment to the ex-date, at most
_PER_SHARE = re.compile(r"([\d.,]*\d) (?:PER SHARE|PRO AKTIE)", re.IGNORECASE)
_OF_SHARES = frozenset({"dividend", "payment in lieu"})
_SHARES = frozenset({"STK", "ETF", "CFD", "FUND", ""})
_Event = tuple[str, str, str, str]


def carry_of_trips(trips: Iterable[Trip], cash: Iterable[CashRow]) -> dict[str, tuple[CashRow, ...]]:
    """Trip id -> its bookings. What several trips held is shared out by their quantities."""
    by_number, by_name = _of_contracts(trips)
    events: dict[_Event, list[CashRow]] = defaultdict(list)
    for row in cash:
        if row.sort != DEPOSIT and (row.con_id or row.symbol):
            events[_event(row)].append(row)
    found: dict[str, list[CashRow]] = defaultdict(list)
    for rows in events.values():
        first = rows[0]
        if first.con_id:
            mine = by_number.get((first.account, first.con_id), [])
        else:
            mine = by_name.get((first.account, first.symbol), [])
        held = _entitled([trip for trip in mine if trip.key.model == first.model] or mine, rows)
        whole = sum((abs(quantity) for _, quantity in held), ZERO)
        for trip, quantity in held:
            share = abs(quantity) / whole if whole else Decimal(1)
            found[trip.id] += [row if share == 1 else replace(row, amount=row.amount * share) for row in rows]
    return {name: tuple(rows) for name, rows in found.items()}


def held_before(trip: Trip, day: str) -> Decimal:
    """What a trip held when that trade date (YYYYMMDD) began, signed."""
    if trip.closed_date and trip.closed_date < day:
        return ZERO
    earlier = [share for share in trip.shares if share.execution.trade_date < day]
    if earlier:
        return earlier[-1].after
    if not trip.is_before:
        return ZERO
    return trip.shares[0].after - trip.shares[0].quantity if trip.shares else trip.held


def _of_contracts(
    trips: Iterable[Trip],
) -> tuple[dict[tuple[str, int | None], list[Trip]], dict[tuple[str, str], list[Trip]]]:
    """An option bears the name of its share: bookings that tell a name alone are of the share."""
    by_number: dict[tuple[str, int | None], list[Trip]] = defaultdict(list)
    by_name: dict[tuple[str, str], list[Trip]] = defaultdict(list)
    for trip in trips:
        if trip.con_id:
            by_number[trip.account, trip.con_id].append(trip)
        names = {trip.name, trip.symbol} if trip.sec_type in _SHARES else {trip.name}
        for name in names - {""}:
            by_name[trip.account, name].append(trip)
    return by_number, by_name


def _event(row: CashRow) -> _Event:
    """What a dividend and the tax on it have in common."""
    contract = str(row.con_id) if row.con_id else row.symbol
    text = _PER_SHARE.search(row.description)
    same = row.action_id or f"{row.day} {text[1] if text else row.description}"
    return (row.account, row.model, contract, same)


def _entitled(trips: Sequence[Trip], rows: Sequence[CashRow]) -> list[tuple[Trip, Decimal]]:
    """Those that held the contract when it was decided who gets it, with what they held."""
    if ex := next((row.ex_date for row in rows if row.ex_date), ""):
        return _holders(trips, ex)
    paid = min(row.day for row in rows)
    if wanted := next((quantity for row in rows if (quantity := _quantity(row)) is not None), None):
        for day in _days_before(paid):
            held = _holders(trips, day)
            if sum((quantity for _, quantity in held), ZERO) == wanted:
                return held
    if now := _holders(trips, paid):
        return now
    last = date_of(paid)
    since = f"{last - _BACK:%Y%m%d}" if last is not None else ""
    former = [trip for trip in trips if since <= trip.closed_date <= paid]
    return [(max(former, key=lambda trip: trip.closed_date), ZERO)] if former else []


def _holders(trips: Sequence[Trip], day: str) -> list[tuple[Trip, Decimal]]:
    return [(trip, quantity) for trip in trips if (quantity := held_before(trip, day))]


def _quantity(row: CashRow) -> Decimal | None:
    """How many shares a dividend was paid for: "... CASH DIVIDEND USD 0.26 PER SHARE"; None = it does not say."""
    found = _PER_SHARE.search(row.description)
    if row.sort not in _OF_SHARES or found is None:
        return None
    try:
        rate = Decimal(found[1].replace(",", "."))
    except ArithmeticError:
        return None
    return (row.amount / rate).quantize(Decimal(1)) if rate else None


def _days_before(paid: str) -> Iterable[str]:
    last: date | None = date_of(paid)
    if last is not None:
        for back in range(_BACK.days + 1):
            yield f"{last - timedelta(days=back):%Y%m%d}"
