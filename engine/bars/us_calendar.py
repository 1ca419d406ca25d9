"""The days on which US stocks trade and their regular hours, by the rules of NYSE and NASDAQ. Pure.

A contract's own hours (IB's text) win where they speak, but they begin with today: charts, the usual volume and the Lab
look back. Closures that no rule foretells are listed by date; one that is missing here costs a label, nothing else.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache

from engine.bars.hours import Session
from engine.clock import NEW_YORK

OPENS = timedelta(hours=9, minutes=30)
CLOSES, HALF_DAY_CLOSES = timedelta(hours=16), timedelta(hours=13)
_JUNETEENTH_SINCE = 2022
_UNFORESEEN = frozenset({date(2012, 10, 29), date(2012, 10, 30), date(2018, 12, 5), date(2025, 1, 9)})


def is_trading_day(day: date) -> bool:
    """Whether the US stock exchanges open on this date."""
    return day.weekday() < 5 and day not in _holidays(day.year)


def is_half_day(day: date) -> bool:
    """Whether they close at 13:00 New York: the eve of Independence Day and Christmas, the day after Thanksgiving."""
    eves = {date(day.year, 7, 3), _nth(day.year, 11, 3, 4) + timedelta(days=1), date(day.year, 12, 24)}
    return day in eves and is_trading_day(day)


@lru_cache(maxsize=512)
def us_regular_hours(day: date) -> Session | None:
    """09:30 to 16:00 (13:00 on a half day) of New York's clock; None on a weekend or holiday."""
    if not is_trading_day(day):
        return None
    midnight = datetime(day.year, day.month, day.day, tzinfo=NEW_YORK)
    closes = HALF_DAY_CLOSES if is_half_day(day) else CLOSES
    return Session((midnight + OPENS).timestamp(), (midnight + closes).timestamp())


@lru_cache(maxsize=64)
def _holidays(year: int) -> frozenset[date]:
    memorial = date(year, 5, 31)
    new_year = date(year, 1, 1)
    days = {
        _nth(year, 1, 0, 3),
        _nth(year, 2, 0, 3),
        _easter(year) - timedelta(days=2),
        memorial - timedelta(days=memorial.weekday()),
        _observed(date(year, 7, 4)),
        _nth(year, 9, 0, 1),
        _nth(year, 11, 3, 4),
        _observed(date(year, 12, 25)),
    }
    if year >= _JUNETEENTH_SINCE:
        days.add(_observed(date(year, 6, 19)))
    if new_year.weekday() != 5:  # a Saturday's is not made up for on the last day of the year
        days.add(_observed(new_year))
    return frozenset(days) | frozenset(day for day in _UNFORESEEN if day.year == year)


def _observed(day: date) -> date:
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _easter(year: int) -> date:
    """Easter Sunday by Gauss' Gregorian rule as Oudin wrote it down (1940)."""
    century, golden = year // 100, year % 19
    correction = century - century // 4 - (century - (century - 17) // 25) // 3
    epact = (correction + 19 * golden + 15) % 30
    epact -= epact // 28 * (1 - epact // 28 * (29 // (epact + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + epact + 2 - century + century // 4) % 7
    after = epact - weekday
    month = 3 + (after + 40) // 44
    return date(year, month, after + 28 - 31 * (month // 4))
