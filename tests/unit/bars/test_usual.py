"""The base of relative volume: half days, holidays, weekends, evenings and both clocks count as what they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from engine.bars.hours import UNKNOWN_HOURS
from engine.bars.trading_day import US_STOCK_DAYS, TradingDays, trading_days
from engine.bars.us_calendar import is_trading_day, us_regular_hours
from engine.bars.usual import MIN_SESSIONS, UsualVolume, minute_of_day, usual_volume
from engine.clock import NEW_YORK
from engine.domain import Bar

TOKYO = ZoneInfo("Asia/Tokyo")


def bar(time: float, volume: float | None = 15_000.0) -> Bar:
    return Bar(time, 1.0, 1.0, 1.0, 1.0, volume, "history")


def quarters(begin: float, end: float) -> list[Bar]:
    return [bar(begin + 900.0 * n) for n in range(int((end - begin) // 900))]


def days_before(last: date, count: int) -> list[date]:
    found: list[date] = []
    while len(found) < count:
        last -= timedelta(days=1)
        if is_trading_day(last):
            found.insert(0, last)
    return found


def stock_history(last: date, count: int = 20) -> list[Bar]:
    spans = [us_regular_hours(day) for day in days_before(last, count)]
    return [each for span in spans if span is not None for each in quarters(*span)]


def weekdays(first: date, count: int) -> list[date]:
    return [day for n in range(count) if (day := first + timedelta(days=n)).weekday() < 5]


def ny(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()


def base(bars: Sequence[Bar], now: float, days: TradingDays = US_STOCK_DAYS, us_stock: bool = True) -> UsualVolume:
    made = usual_volume(bars, now, days, us_stock)
    assert made is not None
    return made


def test_a_half_day_is_left_out() -> None:
    """Neither is its afternoon a usual volume of nothing, nor the rush before its early close one of noon."""
    rush = [
        structs.replace(each, volume=9e6) if each.time == ny("2025-11-28T12:45") else each
        for each in stock_history(date(2025, 12, 5))
    ]
    usual = base(rush, ny("2025-12-05T10:00"))
    assert usual.sessions == 19
    for minute in (9 * 60 + 30, 12 * 60 + 59, 13 * 60, 14 * 60, 15 * 60 + 59):
        assert usual.at(minute) == pytest.approx(1_000.0), minute
    assert usual.at(9 * 60 + 29) is None and usual.at(16 * 60) is None, "cut at both edges"
    assert usual.daily == pytest.approx(390_000.0), "a whole day's, not a half one's"


@given(st.dates(date(2024, 1, 15), date(2026, 12, 31)), st.integers(MIN_SESSIONS + 3, 20))
def test_an_even_market_has_an_even_base_whatever_the_calendar(day: date, count: int) -> None:
    while not is_trading_day(day):
        day += timedelta(days=1)
    usual = base(stock_history(day, count), ny(f"{day}T12:00"))
    values = {round(usual.at(minute) or 0.0) for minute in range(570, 960)}
    assert values == {1_000}


def test_extended_hours_are_not_in_the_base_of_a_stock() -> None:
    spans = [us_regular_hours(day) for day in days_before(date(2025, 11, 20), 12)]
    bars = [each for span in spans if span for each in quarters(span.open - 5.5 * 3_600, span.close + 4 * 3_600)]
    usual = base(bars, ny("2025-11-20T10:00"))
    assert usual.at(9 * 60) is None and usual.at(16 * 60 + 5) is None
    assert usual.at(9 * 60 + 30) == pytest.approx(1_000.0)


def test_sundays_evening_is_mondays_and_a_short_session_no_zero() -> None:
    """Futures: 18:00 to 17:00 New York, one ends at 13:00; a Sunday evening is no day of its own."""
    days = trading_days("FUT", UNKNOWN_HOURS, "")
    dates = weekdays(date(2025, 11, 3), 26)
    bars = [
        each
        for day in dates[:-1]
        for each in quarters(days.begins(day), ny(f"{day}T13:00" if day == date(2025, 11, 27) else f"{day}T17:00"))
    ]
    usual = base(bars, ny("2025-11-28T10:00"), days, us_stock=False)
    assert usual.sessions == len(dates) - 2, "without the short one"
    for minute in (0, 600, 12 * 60, 13 * 60 + 5, 16 * 60 + 59, 18 * 60, 23 * 60 + 59):
        assert usual.at(minute) == pytest.approx(1_000.0), minute
    assert usual.at(17 * 60 + 30) is None, "the hour between two days"
    assert usual.daily == pytest.approx(23 * 60_000.0)


def test_the_running_trade_date_is_not_in_its_own_base() -> None:
    days = trading_days("FUT", UNKNOWN_HOURS, "")
    dates = weekdays(date(2025, 11, 3), 12)
    bars = [each for day in dates for each in quarters(days.begins(day), days.begins(day) + 23 * 3_600)]
    evening = quarters(ny("2025-11-16T18:00"), ny("2025-11-16T19:00"))
    calm = usual_volume(bars, ny("2025-11-16T19:05"), days, False)
    wild = usual_volume([*bars, *(bar(each.time, 9e9) for each in evening)], ny("2025-11-16T19:05"), days, False)
    assert calm is not None and wild is not None
    assert wild.at(18 * 60) == calm.at(18 * 60) == pytest.approx(1_000.0)


def test_minutes_are_those_of_the_exchange_when_clocks_change_elsewhere() -> None:
    """Tokyo keeps its clock while New York's goes back: 09:00 there is 20:00 and then 19:00 here."""
    days = trading_days("STK", UNKNOWN_HOURS, "JST")
    bars: list[Bar] = []
    for n in range(28):
        day = date(2025, 10, 20) + timedelta(days=n)
        if day.weekday() < 5:
            opens = datetime(day.year, day.month, day.day, 9, tzinfo=TOKYO).timestamp()
            bars += quarters(opens, opens + 2.5 * 3_600)
    usual = base(bars, datetime(2025, 11, 18, 10, tzinfo=TOKYO).timestamp(), days, us_stock=False)
    assert usual.zone == "Asia/Tokyo"
    for month, day_number in ((10, 29), (11, 17)):
        at = datetime(2025, month, day_number, 9, 0, tzinfo=TOKYO).timestamp()
        assert usual.at(minute_of_day(at, usual.zone)) == pytest.approx(1_000.0)
        assert usual.at(minute_of_day(at - 60, usual.zone)) is None


def test_a_quarter_that_is_not_known_is_no_quarter_of_nothing() -> None:
    """Known on 6 of 12 days: their mean. On 4: no base for it."""
    days = days_before(date(2025, 11, 20), 12)
    bars = [each for span in map(us_regular_hours, days) if span is not None for each in quarters(*span)]
    unknown = {ny(f"{day}T11:00") for day in days[:6]} | {ny(f"{day}T15:45") for day in days[:8]}
    heard = [structs.replace(each, volume=None) if each.time in unknown else each for each in bars]
    usual = base(heard, ny("2025-11-20T10:00"))
    assert usual.at(11 * 60 + 5) == pytest.approx(1_000.0) and usual.at(15 * 60 + 50) is None


def test_too_few_sessions_are_no_base() -> None:
    assert usual_volume(stock_history(date(2025, 12, 5), 9), ny("2025-12-05T10:00")) is None
    assert usual_volume([], ny("2025-12-05T10:00")) is None
