"""Longer bars from minutes: extremes, provenance, volume, trading days with evenings, half days and holidays."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.aggregate import SIZES_S, Day, aggregated, by_day, daily, weakest, with_history
from engine.bars.hours import UNKNOWN_HOURS, Session, parse_hours
from engine.bars.trading_day import TradingDays, midnight_utc, regular_hours, trading_days
from engine.clock import NEW_YORK
from engine.domain import Bar

FUTURE = (
    "20251104:1700-20251105:1600;20251105:1700-20251106:1600;20251106:1700-20251107:1600;20251108:CLOSED;"
    "20251109:1700-20251110:1600"
)
HALF = "20251126:0930-20251126:1600;20251127:CLOSED;20251128:0930-20251128:1300"


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()


def minute(time: float, price: float = 10.0, volume: float | None = 100.0, source: str = "streamed") -> Bar:
    return Bar(time, price, price + 1, price - 1, price + 0.5, volume, source)  # type: ignore[arg-type]


def minutes(first: str, count: int, price: float = 10.0) -> list[Bar]:
    return [minute(at(first) + 60.0 * n, price + n / 100) for n in range(count)]


def test_extremes_are_kept_and_no_volume_is_invented() -> None:
    bars = [Bar(60.0 * i, 10.0 + i, 11.0 + i, 9.0 + i, 10.5 + i, 100.0 if i != 7 else None) for i in range(10)]
    first, second = aggregated(bars, 300)
    assert (first.time, first.open, first.high, first.low, first.close) == (0.0, 10.0, 15.0, 9.0, 14.5)
    assert (first.volume, second.volume) == (500.0, None)
    assert (first.closed, second.closed) == (True, True)
    assert [bar.closed for bar in aggregated(bars[:8], 300)] == [True, False]
    assert aggregated(bars, 60) == bars


@pytest.mark.parametrize(
    ("sources", "known"),
    [
        (["streamed", "streamed"], "streamed"),
        (["streamed", "history", "streamed"], "history"),
        (["history", "sampled", "streamed"], "sampled"),
        (["history"], "history"),
    ],
)
def test_a_bar_is_known_as_well_as_its_weakest_minute(sources: list[str], known: str) -> None:
    assert weakest(sources) == known  # type: ignore[arg-type]
    (bar,) = aggregated([minute(60.0 * n, source=source) for n, source in enumerate(sources)], 300)
    assert bar.source == known


@given(
    st.lists(st.tuples(st.integers(1, 40), st.floats(1, 1e5), st.floats(0, 1e6)), min_size=1, max_size=80),
    st.sampled_from([300, 900, 1_800, 3_600]),
)
def test_aggregation_equals_pandas(rows: list[tuple[int, float, float]], size_s: int) -> None:
    time, bars = 1_762_353_000.0, []
    for gap, price, volume in rows:
        time += 60.0 * gap
        bars.append(minute(time, price, volume))
    frame = pd.DataFrame([(b.open, b.high, b.low, b.close, b.volume) for b in bars], columns=list("ohlcv"))
    grouped = frame.groupby([int(b.time // size_s) for b in bars])
    expected = grouped.agg({"o": "first", "h": "max", "l": "min", "c": "last", "v": "sum"})
    made = aggregated(bars, size_s)
    assert [b.time for b in made] == [float(start * size_s) for start in expected.index]
    for bar, row in zip(made, expected.itertuples(), strict=True):
        assert (bar.open, bar.high, bar.low, bar.close) == (row.o, row.h, row.l, row.c)
        assert bar.volume == pytest.approx(row.v)


def test_every_size_has_its_seconds() -> None:
    assert {"1m", "5m", "15m", "30m", "60m", "1h", "1d"} <= SIZES_S.keys()
    assert SIZES_S["60m"] == SIZES_S["1h"] == 3_600


def test_a_stocks_day_is_its_regular_hours() -> None:
    bars = [
        *minutes("2025-11-05T09:00", 30, 5.0),
        *minutes("2025-11-05T09:30", 390),
        *minutes("2025-11-05T16:00", 60, 50.0),
        *minutes("2025-11-06T09:30", 5),
    ]
    days = by_day(bars, trading_days("STK", UNKNOWN_HOURS, "US/Eastern"), UNKNOWN_HOURS, us_stock=True)
    assert [(day.date, len(day.minutes)) for day in days] == [(date(2025, 11, 5), 480), (date(2025, 11, 6), 5)]
    whole, running = daily(days, regular_only=True)
    assert (whole.time, whole.open, whole.high, whole.low) == (midnight_utc(date(2025, 11, 5)), 10.0, 14.89, 9.0)
    assert whole.volume == 39_000.0 and whole.closed and not running.closed


def test_a_half_day_ends_early_and_a_holiday_has_no_bar() -> None:
    liquid = parse_hours(HALF, "US/Eastern")
    bars = [
        *minutes("2025-11-26T15:00", 60),
        *minutes("2025-11-27T10:00", 10),  # a stray print on the holiday, which is no trade date
        *minutes("2025-11-28T12:30", 60),  # half of it after the early close
    ]
    days = by_day(bars, TradingDays(), liquid, us_stock=True)
    assert [day.regular for day in days] == [
        Session(at("2025-11-26T09:30"), at("2025-11-26T16:00")),
        Session(at("2025-11-28T09:30"), at("2025-11-28T13:00")),
    ]
    wednesday, friday = daily(days, regular_only=True)
    assert wednesday.volume == 6_000.0
    assert friday.volume == 3_000.0 and friday.closed, "13:00 was the close"


@pytest.mark.parametrize(
    ("when", "day"),
    [
        ("2025-11-05T17:30", date(2025, 11, 5)),
        ("2025-11-05T18:00", date(2025, 11, 6)),
        ("2025-11-06T03:00", date(2025, 11, 6)),
        ("2025-11-09T18:00", date(2025, 11, 10)),  # Sunday evening is Monday
        ("2025-11-02T00:30", date(2025, 10, 31)),  # the night in which clocks go back: Friday's is the newest
        ("2025-11-02T18:00", date(2025, 11, 3)),
        ("2026-03-08T18:00", date(2026, 3, 9)),  # and forward
    ],
)
def test_the_evening_of_a_future_is_the_next_day(when: str, day: date) -> None:
    known = trading_days("FUT", parse_hours(FUTURE, "US/Central"), "US/Central")
    assert known.evening_s == 7 * 3_600, "17:00 in Chicago"
    for days in (known, trading_days("FUT", UNKNOWN_HOURS, "US/Central"), trading_days("FUT", UNKNOWN_HOURS, "")):
        assert days.of(at(when)) == day
        assert days.begins(day) <= at(when) < days.ends(day)


def test_a_futures_day_is_one_bar_over_midnight() -> None:
    bars = [*minutes("2025-11-05T16:30", 30, 5.0), *minutes("2025-11-05T18:00", 360), *minutes("2025-11-06T00:00", 60)]
    trading = parse_hours(FUTURE, "US/Central")
    made = daily(by_day(bars, trading_days("FUT", trading, "US/Central"), trading, us_stock=False), regular_only=False)
    assert [datetime.fromtimestamp(bar.time, NEW_YORK).hour for bar in made] == [19, 19], "midnight UTC of the date"
    assert [bar.volume for bar in made] == [3_000.0, 42_000.0]


def test_days_of_daylight_saving_are_23_and_25_hours() -> None:
    days = TradingDays()
    assert days.begins(date(2026, 3, 9)) - days.begins(date(2026, 3, 8)) == 23 * 3_600
    assert days.begins(date(2025, 11, 3)) - days.begins(date(2025, 11, 2)) == 25 * 3_600
    summer = regular_hours(date(2025, 10, 31), UNKNOWN_HOURS, days, us_stock=True)
    winter = regular_hours(date(2025, 11, 3), UNKNOWN_HOURS, days, us_stock=True)
    assert summer is not None and winter is not None
    assert winter.open - summer.open == 3 * 86_400 + 3_600
    assert regular_hours(date(2025, 11, 8), UNKNOWN_HOURS, days, us_stock=True) is None, "Saturday"
    assert regular_hours(date(2025, 11, 5), UNKNOWN_HOURS, days, us_stock=False) is None, "nobody knows"


def test_a_foreign_exchange_has_its_own_midnight() -> None:
    days = trading_days("STK", UNKNOWN_HOURS, "JST")
    assert days.of(at("2025-11-05T20:00")) == date(2025, 11, 6), "it is morning in Tokyo"


def test_the_brokers_days_go_on_with_those_of_the_minutes() -> None:
    monday, tuesday, wednesday = (midnight_utc(date(2025, 11, day)) for day in (3, 4, 5))
    history = [minute(monday, 1.0, 900.0, "history"), minute(tuesday, 2.0, 500.0, "history")]
    made = [minute(monday, 7.0, 800.0), minute(tuesday, 8.0, 600.0), minute(wednesday, 9.0, 50.0)]
    joined = with_history(history, made)
    assert [bar.open for bar in joined] == [1.0, 8.0, 9.0], "Tuesday was asked for while it ran"
    running = msgspec.structs.replace(minute(tuesday, 8.0, 40.0), closed=False)
    assert [(bar.open, bar.closed) for bar in with_history(history, [running])] == [(1.0, True), (2.0, False)]
    assert with_history(history, []) == history and with_history([], made) == made


def test_a_day_without_regular_minutes_has_no_bar() -> None:
    evening = Day(date(2025, 11, 5), Session(0.0, 60.0), minutes("2025-11-05T17:00", 3))
    assert daily([evening], regular_only=True) == []
    assert len(daily([evening], regular_only=False)) == 1
