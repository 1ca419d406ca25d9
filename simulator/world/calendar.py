"""The days on which the simulated exchanges trade, and their minutes, in New York time.

Simplified: futures keep the equity holidays (CME trades parts of some of them).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
STOCK_OPEN, REGULAR_OPEN, REGULAR_CLOSE, STOCK_CLOSE = 240, 570, 960, 1200  # minutes after midnight
HALF_DAY_CLOSE, HALF_DAY_STOCK_CLOSE = 780, 1020
FUTURES_OPEN, FUTURES_CLOSE = -360, 1020  # 18:00 of the evening before to 17:00
HALF_DAY_FUTURES_CLOSE = 795


def _easter(year: int) -> date:
    """Easter Sunday, by the anonymous Gregorian rule."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)


def _nth_weekday(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta((weekday - first.weekday()) % 7 + 7 * (n - 1))


def _observed(day: date) -> date:
    return day + timedelta({5: -1, 6: 1}.get(day.weekday(), 0))


@lru_cache(maxsize=64)
def holidays(year: int) -> frozenset[date]:
    """Full closures of NYSE and NASDAQ in `year`."""
    memorial = date(year, 5, 31)
    memorial -= timedelta(memorial.weekday())
    days = {
        _nth_weekday(year, 1, 0, 3),
        _nth_weekday(year, 2, 0, 3),
        _easter(year) - timedelta(2),
        memorial,
        _observed(date(year, 6, 19)),
        _observed(date(year, 7, 4)),
        _nth_weekday(year, 9, 0, 1),
        _nth_weekday(year, 11, 3, 4),
        _observed(date(year, 12, 25)),
        date(2025, 1, 9),  # day of mourning
    }
    new_year = date(year, 1, 1)
    if new_year.weekday() != 5:  # on a Saturday it is not made up for
        days.add(_observed(new_year))
    return frozenset(day for day in days if day.year == year)


def half_days(year: int) -> frozenset[date]:
    """Days that close at 13:00."""
    thanksgiving = _nth_weekday(year, 11, 3, 4)
    days = {date(year, 7, 3), thanksgiving + timedelta(1), date(year, 12, 24)}
    return frozenset(day for day in days if is_trading_day(day))


def is_trading_day(day: date) -> bool:
    return day.weekday() < 5 and day not in holidays(day.year)


@dataclass(frozen=True, slots=True)
class TradingDay:
    """One date on which stocks trade. `midnight` is New York's, UTC epoch seconds."""

    date: date
    midnight: float
    is_half: bool

    def at(self, minute: int) -> float:
        """Epoch of a minute after (or before) midnight; no session of ours spans a change of the clocks."""
        return self.midnight + 60.0 * minute

    @property
    def regular_close(self) -> int:
        return HALF_DAY_CLOSE if self.is_half else REGULAR_CLOSE

    @property
    def stock_close(self) -> int:
        return HALF_DAY_STOCK_CLOSE if self.is_half else STOCK_CLOSE

    @property
    def futures_close(self) -> int:
        return HALF_DAY_FUTURES_CLOSE if self.is_half else FUTURES_CLOSE


def trading_day(day: date) -> TradingDay:
    # Noon's offset holds for the whole session: clocks change on Sundays at 02:00.
    offset = datetime(day.year, day.month, day.day, 12, tzinfo=NEW_YORK).timestamp() - 12 * 3600
    return TradingDay(day, offset, day in half_days(day.year))


class Calendar:
    """The trading days from `first` to `last`, by position."""

    def __init__(self, first: date, last: date) -> None:
        span = (first + timedelta(n) for n in range((last - first).days + 1))
        self.days: list[TradingDay] = [trading_day(day) for day in span if is_trading_day(day)]
        self._starts = {minute: [day.at(minute) for day in self.days] for minute in (STOCK_OPEN, FUTURES_OPEN)}
        self._position = {day.date: n for n, day in enumerate(self.days)}

    def position(self, day: date) -> int:
        """Position of a trading day; KeyError for any other date."""
        return self._position[day]

    def latest(self, now: float, open_minute: int) -> int:
        """Position of the last session that has begun at `now`; sessions begin at STOCK_OPEN or FUTURES_OPEN."""
        return max(0, bisect_right(self._starts[open_minute], now) - 1)
