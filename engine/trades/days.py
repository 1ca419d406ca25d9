"""The P&L calendar: what each trade date realised; weeks, months and years are sums of those days. Pure.

A day is the exchange's trade date of what was closed, never a day of UTC or of a reader's clock. What an execution
realises counts on its own day, whenever the trip began or will end.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct

from engine.trades.execution import ZERO, Execution, date_of, trade_date_at
from engine.trades.figures import Money, outcome_of, why_left_out
from engine.trades.trip import ClosingPart, Trip


class DayFigures(Struct, frozen=True, kw_only=True):
    """One trade date, or the sum of several. Realised figures are of closing parts: `net` = `gross` - `fees`.

    `paid` are commissions and taxes of the day's executions, those that opened something as well. `trips` were closed
    on it; `wins`, `losses`, `even` are those of them whose money is known. `unrealized` is how much the unrealised P&L
    changed, `carry` dividends, interest and the like; None = not known. `lacks` says what is missing in the sums.
    """

    gross: Decimal = ZERO
    fees: Decimal = ZERO
    paid: Decimal = ZERO
    executions: int = 0
    trips: int = 0
    wins: int = 0
    losses: int = 0
    even: int = 0
    awaited: frozenset[tuple[str, str]] = frozenset()  # (account, execution) whose commission has not come
    unrealized: Decimal | None = None
    carry: Decimal | None = None
    lacks: tuple[str, ...] = ()

    @property
    def net(self) -> Decimal:
        return self.gross - self.fees

    @property
    def pending(self) -> int:
        """Commissions that have not come, each once: they will change the sums."""
        return len(self.awaited)

    @property
    def win_rate(self) -> Decimal | None:
        decided = self.wins + self.losses
        return Decimal(self.wins) / decided if decided else None

    @property
    def is_traded(self) -> bool:
        return bool(self.executions or self.trips or self.gross or self.fees)


NOTHING = DayFigures()


class Week(Struct, frozen=True, kw_only=True):
    """A row of a month, Monday to Sunday; `first` and `last` are the days of this month that its sum covers."""

    first: date
    last: date
    days: tuple[date | None, ...]  # None = of another month
    sum: DayFigures


class Month(Struct, frozen=True, kw_only=True):
    year: int
    month: int
    weeks: tuple[Week, ...]
    days: dict[date, DayFigures]  # those on which something was, by date
    sum: DayFigures


class Year(Struct, frozen=True, kw_only=True):
    """`days` are those on which something was, for a heatmap."""

    year: int
    days: dict[date, DayFigures]
    months: tuple[DayFigures, ...]  # January first
    sum: DayFigures


def days_of(
    trips: Iterable[Trip],
    executions: Iterable[Execution],
    money: Money,
    *,
    unrealized: Mapping[date, Decimal] | None = None,
    carry: Mapping[date, Decimal] | None = None,
    lacks: Iterable[tuple[date, str]] = (),
    tolerance: Decimal = ZERO,
) -> dict[date, DayFigures]:
    """Every trade date on which something was, of these trips and executions in this money.

    `lacks`: what else the sums of a day miss, e.g. a dividend without its rate.
    """
    found: dict[date, list[DayFigures]] = defaultdict(list)
    for trip in trips:
        if not money.fits(trip):
            continue
        for part in trip.closings:
            found[day_of_part(part)].append(_of_part(part, money))
        if trip.closed_at is not None and trip.closings:
            found[day_of_part(trip.closings[-1])].append(_of_trip(trip, money, tolerance))
    for execution in executions:
        if execution.is_trade and money.currency == (execution.base_currency if money.is_base else execution.currency):
            found[day_of(execution)].append(_of_execution(execution, money))
    for day, change in (unrealized or {}).items():
        found[day].append(DayFigures(unrealized=change))
    for day, amount in (carry or {}).items():
        found[day].append(DayFigures(carry=amount))
    for day, reason in lacks:
        found[day].append(DayFigures(lacks=(reason,)))
    return {day: summed(parts) for day, parts in sorted(found.items())}


def month_of(days: Mapping[date, DayFigures], year: int, month: int) -> Month:
    """One month out of `days_of`."""
    mine = {day: figures for day, figures in days.items() if (day.year, day.month) == (year, month)}
    weeks = []
    for row in calendar.Calendar(calendar.MONDAY).monthdatescalendar(year, month):
        own = [day for day in row if day.month == month]
        weeks.append(
            Week(
                first=own[0],
                last=own[-1],
                days=tuple(day if day.month == month else None for day in row),
                sum=summed(mine[day] for day in own if day in mine),
            )
        )
    return Month(year=year, month=month, weeks=tuple(weeks), days=mine, sum=summed(week.sum for week in weeks))


def year_of(days: Mapping[date, DayFigures], year: int) -> Year:
    """One year out of `days_of`."""
    mine = {day: figures for day, figures in days.items() if day.year == year}
    months = tuple(summed(figures for day, figures in mine.items() if day.month == month) for month in range(1, 13))
    return Year(year=year, days=mine, months=months, sum=summed(months))


def summed(parts: Iterable[DayFigures]) -> DayFigures:
    """Of several days or parts; what only some of them know is the sum of those."""
    parts = tuple(parts)
    return DayFigures(
        gross=sum((part.gross for part in parts), ZERO),
        fees=sum((part.fees for part in parts), ZERO),
        paid=sum((part.paid for part in parts), ZERO),
        executions=sum(part.executions for part in parts),
        trips=sum(part.trips for part in parts),
        wins=sum(part.wins for part in parts),
        losses=sum(part.losses for part in parts),
        even=sum(part.even for part in parts),
        awaited=frozenset[tuple[str, str]]().union(*(part.awaited for part in parts)),
        unrealized=_known([part.unrealized for part in parts]),
        carry=_known([part.carry for part in parts]),
        lacks=tuple(dict.fromkeys(reason for part in parts for reason in part.lacks)),
    )


def day_of(execution: Execution) -> date:
    """The trade date that it says, else that of its kind of contract at its time."""
    return date_of(execution.trade_date) or _by_rule(execution.sec_type, execution.time)


def day_of_part(part: ClosingPart) -> date:
    """That of its closing; `lots` has seen to it that there is one."""
    return date_of(part.trade_date) or date.min


def _of_part(part: ClosingPart, money: Money) -> DayFigures:
    gross, fees = money.gross(part), money.fees(part)
    if gross is None or fees is None:
        return DayFigures(lacks=money.lacks(part) or ("money not known",))
    return DayFigures(gross=gross, fees=fees, awaited=frozenset((part.account, name) for name in part.pending))


def _of_trip(trip: Trip, money: Money, tolerance: Decimal) -> DayFigures:
    if why_left_out(trip, money):
        return DayFigures(trips=1)
    outcome = outcome_of(trip, money, tolerance)
    return DayFigures(trips=1, wins=int(outcome == "win"), losses=int(outcome == "loss"), even=int(outcome == "even"))


def _of_execution(execution: Execution, money: Money) -> DayFigures:
    paid = execution.fee_base if money.is_base else execution.fee
    lacks: tuple[str, ...] = ()
    if paid is None and execution.commission is not None:
        lacks = (f"rate of {execution.commission_currency or execution.currency} on {day_of(execution):%Y-%m-%d}",)
    awaited = [(execution.account, execution.id)] if execution.commission is None else []
    return DayFigures(paid=paid or ZERO, executions=1, awaited=frozenset(awaited), lacks=lacks)


def _known(values: Sequence[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, ZERO) if known else None


def _by_rule(sec_type: str, time: float) -> date:
    return date_of(trade_date_at(sec_type, time)) or date.min
