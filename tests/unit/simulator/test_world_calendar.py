from __future__ import annotations

from datetime import date, datetime

import pytest

from simulator.world.calendar import (
    FUTURES_OPEN,
    NEW_YORK,
    REGULAR_OPEN,
    STOCK_OPEN,
    Calendar,
    half_days,
    holidays,
    is_trading_day,
    trading_day,
)
from simulator.world.catalogue import stocks
from simulator.world.futures import futures
from simulator.world.hours import hours_text
from tests.unit.simulator.world_samples import new_york

CLOSED_2025 = ["01-01", "01-09", "01-20", "02-17", "04-18", "05-26", "06-19", "07-04", "09-01", "11-27", "12-25"]
CLOSED_2026 = ["01-01", "01-19", "02-16", "04-03", "05-25", "06-19", "07-03", "09-07", "11-26", "12-25"]


@pytest.mark.parametrize(("year", "days"), [(2025, CLOSED_2025), (2026, CLOSED_2026)])
def test_holidays_are_those_of_the_exchange(year: int, days: list[str]) -> None:
    assert sorted(holidays(year)) == [date.fromisoformat(f"{year}-{day}") for day in days]


def test_half_days() -> None:
    assert sorted(half_days(2025)) == [date(2025, 7, 3), date(2025, 11, 28), date(2025, 12, 24)]
    assert sorted(half_days(2026)) == [date(2026, 11, 27), date(2026, 12, 24)]
    assert trading_day(date(2025, 11, 28)).regular_close == 780


def test_a_new_year_on_saturday_is_not_made_up_for() -> None:
    assert is_trading_day(date(2021, 12, 31))


@pytest.mark.parametrize("day", [date(2025, 10, 31), date(2025, 11, 3), date(2026, 3, 6), date(2026, 3, 9)])
def test_the_session_opens_at_half_past_nine_on_both_sides_of_a_clock_change(day: date) -> None:
    opening = datetime.fromtimestamp(trading_day(day).at(REGULAR_OPEN), NEW_YORK)
    assert (opening.date(), opening.hour, opening.minute) == (day, 9, 30)
    evening = datetime.fromtimestamp(trading_day(day).at(FUTURES_OPEN), NEW_YORK)
    assert evening.hour == 18


def test_latest_session_over_a_weekend() -> None:
    calendar = Calendar(date(2025, 11, 3), date(2025, 11, 14))
    friday, monday = calendar.position(date(2025, 11, 7)), calendar.position(date(2025, 11, 10))
    assert calendar.latest(new_york("2025-11-08 11:00"), STOCK_OPEN) == friday
    assert calendar.latest(new_york("2025-11-09 17:59"), FUTURES_OPEN) == friday
    assert calendar.latest(new_york("2025-11-09 18:00"), FUTURES_OPEN) == monday
    assert calendar.latest(new_york("2025-11-10 03:59"), STOCK_OPEN) == friday


def test_hours_as_ib_writes_them() -> None:
    tesla = next(one.instrument for one in stocks() if one.instrument.symbol == "TSLA")
    by_name = {one.instrument.local_symbol: one.instrument for one in futures()}
    now = new_york("2025-11-05 10:00")
    assert hours_text(tesla, now, False).split(";")[:4] == [
        "20251105:0400-20251105:2000",
        "20251106:0400-20251106:2000",
        "20251107:0400-20251107:2000",
        "20251108:CLOSED",
    ]
    assert hours_text(tesla, now, True).startswith("20251105:0930-20251105:1600;")
    assert hours_text(by_name["NQZ5"], now, False).startswith("20251104:1700-20251105:1600;20251105:1700-")
    assert hours_text(by_name["CLZ5"], now, True).startswith("20251105:0900-20251105:1430;")


def test_hours_of_a_half_day_and_a_holiday() -> None:
    tesla = next(one.instrument for one in stocks() if one.instrument.symbol == "TSLA")
    text = hours_text(tesla, new_york("2025-11-27 12:00"), True)
    assert text.startswith("20251127:CLOSED;20251128:0930-20251128:1300;")
