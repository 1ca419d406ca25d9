"""Trade dates of each kind of instrument, over half days, holidays and both changes of the clocks; the account's."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.hours import UNKNOWN_HOURS, Hours, parse_hours
from engine.bars.trading_day import (
    US_STOCK_DAYS,
    Begin,
    TradingDays,
    account_day,
    regular_hours,
    regular_sessions,
    trade_date,
    trading_days,
)
from engine.bars.us_calendar import is_half_day, is_trading_day, us_regular_hours
from engine.clock import NEW_YORK
from simulator.world import calendar as simulated
from tests.examples import examples

STOCK = ";".join(f"2025{d}:0400-2025{d}:2000" for d in ("1124", "1125", "1126")) + (
    ";20251127:CLOSED;20251128:0400-20251128:1700;20251129:CLOSED;20251130:CLOSED;20251201:0400-20251201:2000"
)
NQ = (
    "20251124:1700-20251125:1600;20251125:1700-20251126:1600;20251126:1700-20251127:1200;20251127:1700-20251128:1215;"
    "20251129:CLOSED;20251130:1700-20251201:1600"
)
CLOCKS_BACK = "20251031:CLOSED;20251101:CLOSED;20251102:1700-20251103:1600;20251103:1700-20251104:1600"
HONG_KONG_NIGHT = (
    "20251106:0915-20251106:1200;20251106:1300-20251106:1630;20251106:1715-20251107:0300;20251107:0915-20251107:1200;"
    "20251107:1300-20251107:1630;20251107:1715-20251108:0300;20251110:0915-20251110:1200;20251110:1300-20251110:1630"
)
HONG_KONG_WEEK = ";".join(
    f"202511{one}:0915-202511{one}:1630;202511{one}:1715-202511{two}:0300"
    for one, two in ((10, 11), (11, 12), (12, 13), (13, 14), (14, 15))
)
TEL_AVIV = "20251109:0959-20251109:1550;20251110:0959-20251110:1725;20251111:0959-20251111:1725"
WEEK_LONG = "20251109:1715-20251114:1700;20251116:1715-20251121:1700"
HALVES = (
    "20251105:0000-20251105:1600;20251105:1700-20251105:2359;20251106:0000-20251106:1600;20251106:1700-20251106:2359"
)


def ny(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("kind", "text", "zone", "when", "expected"),
    [
        # US stocks: the overnight session counts for the next trade date, a holiday is none
        ("STK", STOCK, "US/Eastern", "2025-11-25T19:59", "2025-11-25"),
        ("STK", STOCK, "US/Eastern", "2025-11-25T20:00", "2025-11-26"),
        ("STK", STOCK, "US/Eastern", "2025-11-26T03:49", "2025-11-26"),
        ("STK", STOCK, "US/Eastern", "2025-11-26T20:30", "2025-11-26"),
        ("STK", STOCK, "US/Eastern", "2025-11-27T11:00", "2025-11-26"),
        ("STK", STOCK, "US/Eastern", "2025-11-27T20:00", "2025-11-28"),
        ("STK", STOCK, "US/Eastern", "2025-11-28T16:30", "2025-11-28"),
        ("STK", STOCK, "US/Eastern", "2025-11-29T12:00", "2025-11-28"),
        ("STK", STOCK, "US/Eastern", "2025-11-30T19:59", "2025-11-28"),
        ("STK", STOCK, "US/Eastern", "2025-11-30T20:00", "2025-12-01"),
        ("STK", STOCK, "US/Eastern", "2025-12-02T10:00", "2025-12-02"),  # after what the text tells
        ("STK", STOCK, "US/Eastern", "2025-11-21T10:00", "2025-11-21"),  # and before
        ("STK", "", "", "2025-12-24T21:00", "2025-12-24"),  # without hours: the calendar of the exchange
        ("STK", "", "", "2025-12-25T20:00", "2025-12-26"),
        ("OPT", "", "US/Eastern", "2025-11-05T21:00", "2025-11-05"),
        # futures: from the evening's opening, also the shortened ones
        ("FUT", NQ, "US/Central", "2025-11-25T16:59", "2025-11-25"),
        ("FUT", NQ, "US/Central", "2025-11-25T17:59", "2025-11-25"),
        ("FUT", NQ, "US/Central", "2025-11-25T18:00", "2025-11-26"),
        ("FUT", NQ, "US/Central", "2025-11-27T12:00", "2025-11-27"),
        ("FUT", NQ, "US/Central", "2025-11-27T15:00", "2025-11-27"),
        ("FUT", NQ, "US/Central", "2025-11-27T18:00", "2025-11-28"),
        ("FUT", NQ, "US/Central", "2025-11-28T18:30", "2025-11-28"),
        ("FUT", NQ, "US/Central", "2025-11-30T18:00", "2025-12-01"),
        ("FUT", "", "", "2025-11-05T18:00", "2025-11-06"),
        ("FUT", "", "", "2025-11-07T18:30", "2025-11-07"),
        ("FUT", "", "", "2025-11-09T18:00", "2025-11-10"),
        ("FUT", CLOCKS_BACK, "US/Central", "2025-11-02T17:59", "2025-10-31"),
        ("FUT", CLOCKS_BACK, "US/Central", "2025-11-02T18:00", "2025-11-03"),
        ("FUT", "", "", "2026-03-08T17:59", "2026-03-06"),
        ("FUT", "", "", "2026-03-08T18:00", "2026-03-09"),
        ("FUT", HONG_KONG_NIGHT, "Hongkong", "2025-11-06T04:16", "2025-11-07"),  # 17:16 there
        ("FUT", HONG_KONG_NIGHT, "Hongkong", "2025-11-07T13:00", "2025-11-10"),  # Saturday 02:00: Monday's night
        ("FUT", HONG_KONG_NIGHT, "Hongkong", "2025-11-08T13:00", "2025-11-10"),
        # a text that begins with this morning tells the same date of the evening before as one that held it
        ("FUT", HONG_KONG_WEEK, "Hongkong", "2025-11-07T03:00", "2025-11-07"),
        ("FUT", HONG_KONG_WEEK, "Hongkong", "2025-11-07T05:00", "2025-11-10"),  # Friday 18:00
        ("FUT", HONG_KONG_WEEK, "Hongkong", "2025-11-07T13:00", "2025-11-10"),  # Saturday 02:00
        ("FUT", HONG_KONG_WEEK, "Hongkong", "2025-11-09T21:00", "2025-11-10"),
        ("FUT", HONG_KONG_WEEK, "Hongkong", "2025-11-14T05:00", "2025-11-17"),
        ("FUT", HONG_KONG_WEEK, "Hongkong", "2025-11-03T05:00", "2025-11-04"),
        ("FUT", HONG_KONG_WEEK[HONG_KONG_WEEK.index("20251111:0915") :], "Hongkong", "2025-11-10T13:00", "2025-11-11"),
        ("FUT", HALVES, "US/Central", "2025-11-05T12:00", "2025-11-05"),
        ("FUT", HALVES, "US/Central", "2025-11-05T18:30", "2025-11-06"),  # cut at midnight, one session all the same
        # currencies and crypto: IB's 17:00
        ("CASH", WEEK_LONG, "US/Eastern", "2025-11-12T16:59", "2025-11-12"),
        ("CASH", WEEK_LONG, "US/Eastern", "2025-11-12T17:00", "2025-11-13"),
        ("CASH", "", "", "2025-11-08T12:00", "2025-11-07"),
        ("CASH", "", "", "2025-11-09T17:15", "2025-11-10"),
        ("CRYPTO", "", "", "2025-11-08T12:00", "2025-11-08"),
        ("CRYPTO", "", "", "2025-11-08T17:00", "2025-11-09"),
        ("CMDTY", WEEK_LONG, "US/Eastern", "2025-11-11T17:14", "2025-11-11"),
        ("CMDTY", WEEK_LONG, "US/Eastern", "2025-11-11T17:15", "2025-11-12"),
        # elsewhere
        ("STK", TEL_AVIV, "Asia/Jerusalem", "2025-11-09T05:00", "2025-11-09"),  # a Sunday
        ("STK", "", "JST", "2025-11-05T20:00", "2025-11-06"),
        ("STK", "", "GB", "2025-11-05T20:00", "2025-11-06"),
    ],
)
def test_the_trade_date(kind: str, text: str, zone: str, when: str, expected: str) -> None:
    hours = parse_hours(text, zone) if text else UNKNOWN_HOURS
    assert not text or hours.sessions
    assert trade_date(kind, hours, zone, ny(when)) == day(expected)
    days = trading_days(kind, hours, zone)
    assert days.begins(day(expected)) <= ny(when) < days.ends(day(expected))


RULES = {
    "stock": trading_days("STK", parse_hours(STOCK, "US/Eastern"), "US/Eastern"),
    "stock by calendar": US_STOCK_DAYS,
    "future": trading_days("FUT", parse_hours(NQ, "US/Central"), "US/Central"),
    "future by rule": trading_days("FUT", UNKNOWN_HOURS, ""),
    "clocks back": trading_days("FUT", parse_hours(CLOCKS_BACK, "US/Central"), "US/Central"),
    "night of Hong Kong": trading_days("FUT", parse_hours(HONG_KONG_NIGHT, "Hongkong"), "Hongkong"),
    "week of Hong Kong": trading_days("FUT", parse_hours(HONG_KONG_WEEK, "Hongkong"), "Hongkong"),
    "halves": trading_days("FUT", parse_hours(HALVES, "CST"), "CST"),
    "currency": trading_days("CASH", UNKNOWN_HOURS, ""),
    "crypto": trading_days("CRYPTO", UNKNOWN_HOURS, ""),
    "gold": trading_days("CMDTY", parse_hours(WEEK_LONG, "US/Eastern"), "US/Eastern"),
    "Sydney": trading_days("STK", UNKNOWN_HOURS, "Australia/NSW"),
    "Tel Aviv": trading_days("STK", parse_hours(TEL_AVIV, "Asia/Jerusalem"), "Asia/Jerusalem"),
}
MOMENTS = st.integers(int(ny("2025-10-01T00:00")), int(ny("2026-04-15T00:00")))


@given(st.sampled_from(sorted(RULES)), st.lists(MOMENTS, min_size=2, max_size=30))
@examples(50)
def test_trade_dates_never_go_back_and_hold_each_moment_once(name: str, moments: list[int]) -> None:
    days = RULES[name]
    moments.sort()
    dates = [days.of(at) for at in moments]
    assert dates == sorted(dates)
    for at, its in zip(moments, dates, strict=True):
        assert days.begins(its) <= at < days.ends(its)
        assert days.of(days.begins(its)) == its, "a date begins with itself"
        assert days.of(days.ends(its) - 1.0) == its and days.of(days.ends(its)) > its


@pytest.mark.parametrize("name", sorted(RULES))
def test_the_dates_follow_each_other_without_a_hole(name: str) -> None:
    days, at = RULES[name], ny("2025-10-20T12:00")
    while at < ny("2026-04-01T00:00"):
        its = days.of(at)
        following = days.ends(its)
        assert 0 < following - at <= 5 * 86_400 and days.begins(days.of(following)) == following
        at = following


def test_the_accounts_day_is_the_newest_trade_date_of_what_it_holds() -> None:
    stock, future, crypto = RULES["stock"], RULES["future"], RULES["crypto"]
    assert account_day(ny("2025-11-25T17:59"), [stock, future]) == Begin(ny("2025-11-24T18:00"), day("2025-11-25"))
    assert account_day(ny("2025-11-25T18:00"), [stock, future]) == Begin(ny("2025-11-25T18:00"), day("2025-11-26"))
    assert account_day(ny("2025-11-25T18:00"), [stock]) == Begin(ny("2025-11-24T20:00"), day("2025-11-25"))
    assert account_day(ny("2025-11-25T18:00"), [stock, crypto]).at == ny("2025-11-25T17:00")
    assert account_day(ny("2025-11-05T12:00"), []) == Begin(ny("2025-11-04T20:00"), day("2025-11-05"))
    assert account_day(ny("2025-11-08T12:00"), []).day == day("2025-11-07"), "on Saturday Friday is the newest"


def test_half_days_and_holidays_by_the_exchanges_calendar() -> None:
    assert us_regular_hours(day("2025-11-28")) == (ny("2025-11-28T09:30"), ny("2025-11-28T13:00"))
    assert us_regular_hours(day("2025-11-27")) is None
    assert us_regular_hours(day("2025-11-05")) == (ny("2025-11-05T09:30"), ny("2025-11-05T16:00"))
    assert is_trading_day(day("2013-06-19")), "no holiday before 2022"
    assert not is_trading_day(day("2012-10-29")) and is_half_day(day("2013-07-03"))


def test_the_calendar_is_that_of_the_simulated_exchanges() -> None:
    at = date(2022, 1, 1)
    while at < date(2036, 1, 1):
        assert is_trading_day(at) == simulated.is_trading_day(at)
        assert is_half_day(at) == (at in simulated.half_days(at.year))
        at += timedelta(days=1)


def test_regular_hours_by_the_contract_then_by_the_calendar() -> None:
    liquid = parse_hours("20251127:CLOSED;20251128:0930-20251128:1215", "US/Eastern")  # not what the calendar says
    assert regular_hours(day("2025-11-28"), liquid, US_STOCK_DAYS, True) == (
        ny("2025-11-28T09:30"),
        ny("2025-11-28T12:15"),
    )
    found = regular_sessions(ny("2025-11-26T10:00"), ny("2025-12-01T10:00"), UNKNOWN_HOURS, US_STOCK_DAYS, True)
    assert [(each.close - each.open) / 3_600 for each in found] == [6.5, 3.5, 6.5]
    assert regular_hours(day("2025-11-27"), UNKNOWN_HOURS, US_STOCK_DAYS, True) is None
    assert regular_hours(day("2025-11-26"), UNKNOWN_HOURS, TradingDays(), False) is None


def test_a_session_is_as_long_as_the_clock_says() -> None:
    """By real time, whatever the clocks do in it, and in every zone."""
    back: Hours = parse_hours("20251101:1700-20251102:1600", "America/Chicago")
    assert back.sessions[0].close - back.sessions[0].open == 24 * 3_600
    old = parse_hours("20251101:1700-1600", "CST")
    assert old.sessions == back.sessions
    sydney = parse_hours("20251005:0000-20251005:2400", "Australia/NSW")
    assert sydney.sessions[0].close - sydney.sessions[0].open == 23 * 3_600
    weekend = parse_hours("20251031:1715-20251103:1700", "US/Eastern")
    assert weekend.sessions[0].close - weekend.sessions[0].open == 3 * 86_400 - 900 + 3_600
    assert weekend.knows(datetime(2025, 11, 2, 6, 30, tzinfo=UTC).timestamp())
    tokyo = parse_hours("20251105:0900-20251105:1130,1230-1530", "JST")
    assert [each.open for each in tokyo.sessions] == [
        datetime(2025, 11, 5, hour, minute, tzinfo=ZoneInfo("Asia/Tokyo")).timestamp()
        for hour, minute in ((9, 0), (12, 30))
    ]


def test_a_day_that_cannot_be_read_is_unknown_between_two_that_can() -> None:
    hours = parse_hours("20251105:0930-20251105:1600;20251106:who-knows;20251107:0930-20251107:1600", "US/Eastern")
    assert len(hours.sessions) == 2
    assert hours.knows(ny("2025-11-05T20:00")) and not hours.knows(ny("2025-11-06T12:00"))
    assert hours.knows(ny("2025-11-07T08:00"))
