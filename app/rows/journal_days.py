"""The journal by trade date: a month with its weeks, the year, and one day. Pure.

A day's money is that of the parts closed on it, so that days, weeks, months and years add up; a trade counts on the day
of its last part (`engine/trades/days.py`).
"""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from app.format import MONTHS
from app.journal_curves import DayEnd
from app.rows.journal_money import carry_lacks, lack_of_day, left_out, told
from app.rows.journal_query import Chosen, is_within
from app.rows.journal_trades import cents, page_id
from engine.bars.hours import UNKNOWN_HOURS
from engine.bars.trading_day import US_STOCK_DAYS, regular_hours
from engine.journal.rows import CashRow, DayNote
from engine.trades.carry import Carry, Lack, carry_of
from engine.trades.days import NOTHING, DayFigures, Week, day_of_part, days_of, month_of, year_of
from engine.trades.execution import ZERO, Execution
from engine.trades.figures import Money
from engine.trades.trip import Trip

_SATURDAY: Final = 5
NO_CARRY: Final = Carry({}, ())
Days = Mapping[date, DayFigures]


def days_chosen(
    trips: Iterable[Trip],
    executions: Iterable[Execution],
    money: Money,
    ends: Mapping[str, DayEnd],
    chosen: Chosen,
    carry: Carry = NO_CARRY,
) -> dict[date, DayFigures]:
    """Every day on which something was, of those that are asked for."""
    changes = {day_at(day): Decimal(str(round(end.change, 2))) for day, end in ends.items() if end.change is not None}
    traded = (e for e in executions if not e.is_currency)
    lacks = [(lack.day, lack_of_day(lack)) for lack in carry.lacks]
    found = days_of(trips, traded, money, unrealized=changes, carry=carry.by_day, lacks=lacks)
    return {day: figures for day, figures in found.items() if is_within(key_of(day), chosen)}


def of_currency(ends: Mapping[str, DayEnd], money: Money, base: str) -> Mapping[str, DayEnd]:
    """The account's curve is in its base currency: beside sums of another one it would be added to them."""
    return ends if money.currency == base else {}


def shown(figures: DayFigures) -> dict[str, Any]:
    """A day or a sum as the browser takes it; net None = nothing was closed."""
    closed = bool(figures.trips or figures.gross or figures.fees)
    return {
        "net": cents(figures.net) if closed else None,
        "gross": cents(figures.gross) if closed else None,
        "fees": cents(figures.fees) if closed else None,
        "change": cents(figures.unrealized),
        "carry": cents(figures.carry),
        "trips": figures.trips,
        "wins": figures.wins,
        "losses": figures.losses,
        "fills": figures.executions,
        "pending": figures.pending,
        "lacks": f"Without: {'; '.join(figures.lacks)}" if figures.lacks else "",
    }


def calendar_view(
    trips: Sequence[Trip],
    executions: Sequence[Execution],
    money: Money,
    chosen: Chosen,
    *,
    today: str,
    ends: Mapping[str, DayEnd],
    points: Sequence[tuple[float, float | None]],
    notes: Sequence[DayNote],
    account: str,
    is_whole: bool,
    cash: Sequence[CashRow] = (),
) -> dict[str, Any]:
    """Month, year and the day that is open.

    Args:
        trips: those chosen, of any day.
        today: the running trade date, YYYYMMDD.
        ends: the account's recorded results by day; {} where only a part of the trades is chosen.
        points: the curve of the day that is open.
        account: whose note can be written, as it is shown; "" = of several.
        is_whole: everything of an account, or of all, is chosen.
        cash: bookings of statements: dividends, interest and the like stand beside the results.
    """
    carry = carry_of(cash, money)
    name = chosen.month or (chosen.day or _newest(trips, executions, chosen) or today)[:6]
    days = days_chosen(*_in_year(name[:4], trips, executions), money, ends, chosen, carry)
    month, year = month_of(days, int(name[:4]), int(name[4:])), year_of(days, int(name[:4]))
    noted = {note.day for note in notes}
    return {
        "month": f"{name[:4]}-{name[4:]}",
        "money": told(money),
        "weeks": [_week(week, days, noted) for week in month.weeks],
        "weekend": any(day.weekday() >= _SATURDAY for day in month.days),
        "most": _most(month.days),
        "sum": shown(month.sum),
        "year": {
            "year": str(year.year),
            "most": _most(year.days),
            "months": [_month_row(year.year, n, total, year.days) for n, total in enumerate(year.months, start=1)],
        },
        "detail": _detail(trips, money, day_at(chosen.day), days, points, notes, account) if chosen.day else None,
        "lacks": " ".join(filter(None, (left_out(trips, money), carry_lacks(_of_year(carry, year.year, chosen))))),
        "whole": is_whole,
    }


def _of_year(carry: Carry, year: int, chosen: Chosen) -> list[Lack]:
    """Of the days that are drawn."""
    return [lack for lack in carry.lacks if lack.day.year == year and is_within(key_of(lack.day), chosen)]


def _newest(trips: Iterable[Trip], executions: Iterable[Execution], chosen: Chosen) -> str:
    """The last trade date on which something was dealt or closed; "" = none was."""
    days = [e.trade_date for e in executions if e.is_trade and is_within(e.trade_date, chosen)]
    days += [part.trade_date for trip in trips for part in trip.closings if is_within(part.trade_date, chosen)]
    return max(days, default="")


def _in_year(year: str, trips: Iterable[Trip], executions: Iterable[Execution]) -> tuple[list[Trip], list[Execution]]:
    """What one year's days are made of: the others are not drawn."""
    closed = [trip for trip in trips if any(part.trade_date[:4] == year for part in trip.closings)]
    return closed, [e for e in executions if e.trade_date[:4] == year]


def _most(days: Days) -> float:
    return float(max((abs(figures.net) for figures in days.values()), default=ZERO))


def _week(week: Week, days: Days, noted: set[str]) -> dict[str, Any]:
    return {
        "days": [
            {"day": "", "out": True, "closed": True, "noted": False}
            if day is None
            else {
                "day": day.isoformat(),
                "out": False,
                "closed": regular_hours(day, UNKNOWN_HOURS, US_STOCK_DAYS, us_stock=True) is None,
                "noted": key_of(day) in noted,
                **shown(days.get(day, NOTHING)),
            }
            for day in week.days
        ],
        "sum": shown(week.sum),
        "covers": _covers(week.first, week.last),
    }


def _covers(first: date, last: date) -> str:
    """Which days of the month a week's sum is of: a week may lie in two."""
    month = MONTHS[last.month - 1]
    return f"{first.day} {month}" if first == last else f"{first.day}–{last.day} {month}"


def _month_row(year: int, month: int, total: DayFigures, days: Days) -> dict[str, Any]:
    found = [day for day in Calendar().itermonthdates(year, month) if day.month == month]
    shown_days = [day for day in found if day.weekday() < _SATURDAY or day in days]
    return {
        "month": f"{year}-{month:02d}",
        "days": [{"day": day.isoformat(), "net": shown(days.get(day, NOTHING))["net"]} for day in shown_days],
        "sum": shown(total),
    }


def _detail(
    trips: Sequence[Trip],
    money: Money,
    day: date,
    days: Days,
    points: Sequence[tuple[float, float | None]],
    notes: Sequence[DayNote],
    account: str,
) -> dict[str, Any]:
    rows = [row for trip in trips if money.fits(trip) and (row := _closed_on(trip, day, money)) is not None]
    of_day = [note for note in notes if note.day == key_of(day)]
    return {
        "day": day.isoformat(),
        "sum": shown(days.get(day, NOTHING)),
        "curve": list(points),
        "trades": sorted(rows, key=lambda row: float(row["at"])),
        "account": account,
        "note": "\n".join(note.note for note in of_day if note.note),
        "tags": sorted({tag for note in of_day for tag in note.tags}),
    }


def _closed_on(trip: Trip, day: date, money: Money) -> dict[str, Any] | None:
    """What of a trip was closed on a day; None = nothing."""
    parts = [part for part in trip.closings if day_of_part(part) == day]
    if not parts:
        return None
    return {
        "id": page_id(trip),
        "sym": trip.name,
        "con": trip.con_id or None,
        "side": trip.side,
        "opened": None if trip.opened_at is None else round(trip.opened_at),
        "at": round(max(part.time for part in parts)),
        "part": len(parts) < len(trip.closings) or trip.is_open,
        "qty": float(sum((abs(part.quantity) for part in parts), ZERO)),
        "gross": _total(parts, money.gross),
        "net": _total(parts, money.net),
        "pending": any(part.is_pending for part in parts),
    }


def _total(parts: Iterable[Any], of: Callable[[Any], Decimal | None]) -> float | None:
    values = [of(part) for part in parts]
    return None if None in values else cents(sum((value for value in values if value is not None), ZERO))


def day_at(day: str) -> date:
    """The date of YYYYMMDD."""
    return date(int(day[:4]), int(day[4:6]), int(day[6:]))


def key_of(day: date) -> str:
    return day.strftime("%Y%m%d")
