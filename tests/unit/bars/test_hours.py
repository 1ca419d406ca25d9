"""Trading hours: both spellings, zones in words, what is not known, daylight saving, the words on the strip."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from engine.bars.hours import UNKNOWN_HOURS, parse_hours, phase, span
from engine.clock import NEW_YORK

TRADING = (
    "20251105:0400-20251105:2000;20251106:0400-20251106:2000;20251107:0400-20251107:2000;"
    "20251108:CLOSED;20251109:CLOSED;20251110:0400-20251110:2000"
)
LIQUID = (
    "20251105:0930-20251105:1600;20251106:0930-20251106:1600;20251107:0930-20251107:1600;"
    "20251108:CLOSED;20251109:CLOSED;20251110:0930-20251110:1600"
)
FUTURE = (
    "20251104:1800-20251105:1700;20251105:1800-20251106:1700;20251106:1800-20251107:1700;"
    "20251108:CLOSED;20251109:1800-20251110:1700"
)
FUTURE_LIQUID = "20251105:0930-20251105:1600;20251106:0930-20251106:1600;20251107:0930-20251107:1600;20251108:CLOSED"


def ny(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()


@pytest.mark.parametrize(
    ("at", "name", "text"),
    [
        ("2025-11-05T03:00", "closed", "opens in 6 h 30 min"),
        ("2025-11-05T03:52", "closed", "opens in 5 h 38 min"),
        ("2025-11-05T04:10", "pre", "opens in 5 h 20 min"),
        ("2025-11-05T09:05", "pre", "opens in 25 min"),
        ("2025-11-05T09:30", "open", "closes in 6 h 30 min"),
        ("2025-11-05T10:43", "open", "closes in 5 h 17 min"),
        ("2025-11-05T16:00", "post", "after hours, ends in 4 h"),
        ("2025-11-05T21:00", "closed", "opens in 12 h 30 min"),
        ("2025-11-07T21:00", "weekend", "opens in 2 d 12 h"),
        ("2025-11-08T11:00", "weekend", "opens in 46 h 30 min"),
        ("2025-11-09T23:59", "weekend", "opens in 9 h 31 min"),
        ("2025-11-12T10:00", "unknown", "session unknown"),
        ("2025-11-01T10:00", "unknown", "session unknown"),
    ],
)
def test_phase_of_a_stock(at: str, name: str, text: str) -> None:
    trading, liquid = parse_hours(TRADING, "US/Eastern"), parse_hours(LIQUID, "US/Eastern")
    now = phase(ny(at), trading, liquid)
    assert (now.phase, now.text) == (name, text)
    assert (now.ends_market is None) == (name == "unknown")


@pytest.mark.parametrize(
    ("at", "name"),
    [
        ("2025-11-05T02:00", "pre"),
        ("2025-11-05T10:00", "open"),
        ("2025-11-05T16:30", "post"),
        ("2025-11-05T17:30", "closed"),
        ("2025-11-05T19:00", "pre"),
        ("2025-11-08T12:00", "weekend"),
    ],
)
def test_phase_of_a_future(at: str, name: str) -> None:
    trading, liquid = parse_hours(FUTURE, "US/Eastern"), parse_hours(FUTURE_LIQUID, "US/Eastern")
    assert phase(ny(at), trading, liquid).phase == name


def test_the_older_spelling_and_a_zone_in_words() -> None:
    old = parse_hours("20251105:0930-1200,1300-1600;20251106:CLOSED", "EST (Eastern Standard Time)")
    assert [(s.open, s.close) for s in old.sessions] == [
        (ny("2025-11-05T09:30"), ny("2025-11-05T12:00")),
        (ny("2025-11-05T13:00"), ny("2025-11-05T16:00")),
    ]
    overnight = parse_hours("20251105:1700-1600", "CST")
    chicago = ZoneInfo("America/Chicago")
    assert overnight.sessions[0].open == datetime(2025, 11, 5, 17, tzinfo=chicago).timestamp()
    assert overnight.sessions[0].close == datetime(2025, 11, 6, 16, tzinfo=chicago).timestamp()


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "US/Eastern"),
        (TRADING, ""),
        (TRADING, "Nowhere/Land"),
        ("nonsense", "US/Eastern"),
        ("20251105", "US/Eastern"),
        ("99999999:0400-99999999:2000", "US/Eastern"),
        (";;;", "MET"),
    ],
)
def test_what_cannot_be_read_is_unknown(text: str, where: str) -> None:
    hours = parse_hours(text, where)
    assert hours == UNKNOWN_HOURS
    assert phase(ny("2025-11-05T10:00"), hours, hours).phase == "unknown"


def test_broken_parts_leave_the_rest() -> None:
    hours = parse_hours("20251105:xxxx-20251105:2000;20251106:0930-20251106:1600;20251107:0930-0930x", "US/Eastern")
    assert len(hours.sessions) == 1


def test_half_day_and_daylight_saving() -> None:
    half = parse_hours("20251128:0930-20251128:1300", "US/Eastern")
    assert half.sessions[0].close - half.sessions[0].open == 3.5 * 3_600
    switch = parse_hours("20251101:1800-20251102:1700", "US/Eastern")  # clocks go back in this night
    assert switch.sessions[0].close - switch.sessions[0].open == 24 * 3_600
    spring = parse_hours("20260307:1800-20260308:1700", "US/Eastern")
    assert spring.sessions[0].close - spring.sessions[0].open == 22 * 3_600


def test_a_holiday_is_closed() -> None:
    hours = parse_hours("20251126:0400-20251126:2000;20251127:CLOSED;20251128:0400-20251128:1700", "US/Eastern")
    assert phase(ny("2025-11-27T11:00"), hours, hours).phase == "closed"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (19_020, "5 h 17 min"),
        (7_200, "2 h"),
        (183_600, "2 d 3 h"),
    ],
)
def test_spans_in_words(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_a_holiday_and_a_half_day_are_called_so() -> None:
    trading = parse_hours(
        "20251126:0400-20251126:2000;20251127:CLOSED;20251128:0400-20251128:1700;20251201:0400-20251201:2000",
        "US/Eastern",
    )
    liquid = parse_hours(
        "20251126:0930-20251126:1600;20251127:CLOSED;20251128:0930-20251128:1300;20251201:0930-20251201:1600",
        "US/Eastern",
    )
    words = {
        "2025-11-27T10:00": "holiday, opens in 23 h 30 min",
        "2025-11-28T12:31": "half day, closes in 29 min",
        "2025-11-28T03:00": "opens in 6 h 30 min",  # the day after is none
        "2025-11-26T12:31": "closes in 3 h 29 min",
        "2025-11-26T21:00": "opens in 36 h 30 min",
        "2025-11-29T10:00": "opens in 47 h 30 min",
    }
    assert {at: phase(ny(at), trading, liquid).text for at in words} == words
