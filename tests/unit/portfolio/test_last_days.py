"""Trading days to the last trade and to the first notice, by hand over weekends, holidays and products."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.us_calendar import is_trading_day
from engine.portfolio.last_days import days_between, first_notice, last_days

WEDNESDAY = date(2025, 11, 5)


@pytest.mark.parametrize(
    ("today", "last", "left"),
    [
        (WEDNESDAY, "20251105", 0),
        (WEDNESDAY, "20251107", 2),
        (WEDNESDAY, "20251110", 3),
        (date(2025, 11, 26), "20251201", 2),  # Thanksgiving is none, the half day after it is one
        (WEDNESDAY, "20251104", -1),
    ],
)
def test_trading_days_to_the_last_trade(today, last, left):
    assert last_days("FUT", "NQ", "CME", last, "202512", today).trade_left == left


@pytest.mark.parametrize(
    ("symbol", "month", "notice", "day"),
    [
        ("NQ", "202512", "cash", ""),
        ("CL", "202512", "after", ""),
        ("ZW", "202512", "day", "20251128"),  # the day after Thanksgiving
        ("GC", "202602", "day", "20260130"),
        ("ZN", "202606", "day", "20260529"),
        ("LE", "202512", "unknown", ""),
    ],
)
def test_first_notice_is_the_products_rule(symbol, month, notice, day):
    found = last_days("FUT", symbol, "CBOT", "20260630", month, WEDNESDAY)
    assert (found.notice, found.notice_day) == (notice, day)
    assert (found.notice_left is None) == (not day)


def test_what_does_not_expire_has_no_last_days_and_other_exchanges_count_weekdays():
    assert last_days("STK", "TSLA", "NASDAQ", "", "", WEDNESDAY) is None
    assert last_days("BOND", "IBM", "SMART", "20290515", "", WEDNESDAY) is None
    assert last_days("FUT", "X", "CME", "2025", "", WEDNESDAY) is None
    eurex = last_days("FUT", "FGBL", "EUREX", "20251208", "202512", date(2025, 11, 26))
    assert (eurex.trade_left, eurex.is_counted) == (8, False)
    option = last_days("OPT", "AAPL", "SMART", "20251219 08:30", "", WEDNESDAY)
    assert (option.last_trade, option.notice, option.is_counted) == ("20251219", "unknown", True)


def test_days_are_counted_once_for_all_publishes_of_a_day():
    asked = ("FUT", "NQ", "CME", "20301220", "203012", WEDNESDAY)
    first, before = last_days(*asked), last_days.cache_info().misses
    assert last_days(*asked) is first and last_days.cache_info().misses == before
    assert last_days(*asked[:-1], WEDNESDAY + timedelta(days=1)).trade_left == first.trade_left - 1


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 400))
def test_each_further_day_counts_itself_or_nothing(today, ahead):
    day = today + timedelta(days=ahead)
    left = days_between(today, day, is_trading_day)
    assert 0 <= left <= ahead
    step = days_between(today, day + timedelta(days=1), is_trading_day) - left
    assert step == is_trading_day(day + timedelta(days=1))


@given(st.integers(2020, 2035), st.integers(1, 12))
def test_notice_is_a_trading_day_before_the_month_of_delivery(year, month):
    kind, day = first_notice("ZC", f"{year}{month:02}", is_trading_day)
    assert kind == "day" and day is not None and is_trading_day(day)
    first = date(year, month, 1)
    assert day < first and not any(is_trading_day(day + timedelta(days=n)) for n in range(1, (first - day).days))
