"""The calendar: days add up to weeks, weeks to months, all of it to the closing parts; each on its exchange's date."""

from __future__ import annotations

import time
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.trades.days import days_of, month_of, year_of
from engine.trades.figures import Money
from engine.trades.trips import round_trips
from tests.app.sample_state import MARKET
from tests.examples import examples
from tests.unit.trades.made import deal

D = Decimal
USD = Money("USD")
DAY = 86_400.0
NOV5, NOV6, NOV7 = (date(2025, 11, day) for day in (5, 6, 7))


def calendar_of(*fills, money=USD, **more):
    return days_of(round_trips(fills).trips, fills, money, **more)


def test_each_closing_on_its_day_and_each_commission_where_it_was_paid():
    days = calendar_of(
        deal(100, 10, trade_date="20251105", fee="2"),
        deal(-40, 11, DAY, trade_date="20251106", fee="1"),
        deal(-60, 9, 2 * DAY, trade_date="20251107", fee=None),
    )
    assert [(d, f.gross, f.fees, f.paid, f.executions, f.trips, f.losses) for d, f in days.items()] == [
        (NOV5, 0, 0, 2, 1, 0, 0),
        (NOV6, 40, D("1.8"), 1, 1, 0, 0),
        (NOV7, -60, D("1.2"), 0, 1, 1, 1),
    ]
    assert [f.pending for f in days.values()] == [0, 0, 1] and days[NOV7].win_rate == 0
    assert days[NOV5].is_traded and days[NOV5].win_rate is None


def test_what_is_not_known_is_said_and_the_rest_is_counted():
    days = calendar_of(
        deal(1, 100), deal(-1, 110, 1), deal(1, 5, con_id=2, per_point=None), deal(-1, 6, 1, con_id=2, per_point=None)
    )
    assert days[NOV5].net == 8 and days[NOV5].trips == 2 and days[NOV5].wins == 1
    assert "what a point of its price is worth" in days[NOV5].lacks[0]


def test_other_currencies_are_not_added():
    fills = [deal(1, 100), deal(-1, 110, 1), deal(1, 100, con_id=2, currency="EUR", fx_rate="1.2"),
             deal(-1, 120, 1, con_id=2, currency="EUR", fx_rate="1.2")]  # fmt: skip
    assert calendar_of(*fills)[NOV5].gross == 10
    assert calendar_of(*fills, money=Money("EUR"))[NOV5].gross == 20
    assert calendar_of(*fills, money=Money("USD", is_base=True))[NOV5].gross == 34


def test_a_week_across_two_months_covers_the_days_of_its_month():
    days = calendar_of(
        deal(2, 10, trade_date="20251031"),
        deal(-1, 12, 1, trade_date="20251031"),
        deal(-1, 15, 2, trade_date="20251101"),
        deal(1, 10, 3, trade_date="20251001"),
    )
    october, november = month_of(days, 2025, 10), month_of(days, 2025, 11)
    assert (october.weeks[-1].first, october.weeks[-1].last) == (date(2025, 10, 27), date(2025, 10, 31))
    assert (november.weeks[0].first, november.weeks[0].last) == (date(2025, 11, 1), date(2025, 11, 2))
    assert november.weeks[0].days[:6] == (None,) * 5 + (date(2025, 11, 1),)
    assert (october.sum.gross, november.sum.gross) == (2, 5)
    assert year_of(days, 2025).sum.gross == 7 and year_of(days, 2025).months[9].gross == 2


def test_unrealised_and_carry_stand_beside_it():
    days = calendar_of(deal(1, 10), unrealized={NOV5: D(5), NOV6: D(-2)}, carry={NOV7: D("1.5")})
    assert (days[NOV5].unrealized, days[NOV5].carry, days[NOV6].net) == (5, None, 0)
    total = month_of(days, 2025, 11).sum
    assert (total.unrealized, total.carry, total.net) == (3, D("1.5"), 0)


# --- whose date -------------------------------------------------------------------------------------------------------


def at(text, zone="America/New_York"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() - MARKET


@pytest.mark.parametrize(
    ("moment", "zone", "sec_type", "told", "day"),
    [
        ("2025-11-05T23:59", "America/New_York", "FUT", "", date(2025, 11, 6)),  # the evening is the next date's
        ("2025-11-05T20:30", "America/New_York", "STK", "", date(2025, 11, 6)),  # overnight
        ("2025-11-05T19:59", "America/New_York", "STK", "", date(2025, 11, 5)),
        ("2025-11-07T20:30", "America/New_York", "STK", "", date(2025, 11, 7)),  # no such night on a Friday
        ("2025-11-02T01:30", "America/New_York", "CRYPTO", "", date(2025, 11, 2)),  # an hour that comes twice
        ("2025-11-28T14:00", "America/New_York", "STK", "", date(2025, 11, 28)),  # a half day, after its close
        ("2025-11-27T12:00", "America/New_York", "STK", "", date(2025, 11, 26)),  # Thanksgiving is no date
        ("2025-03-09T18:30", "America/New_York", "FUT", "", date(2025, 3, 10)),  # the day the clocks go forward
        (
            "2025-11-06T10:30",
            "Australia/Sydney",
            "STK",
            "20251106",
            date(2025, 11, 6),
        ),  # the evening before in New York
    ],
)
def test_the_date_is_the_exchanges(moment, zone, sec_type, told, day):
    fills = [deal(1, 10, at(moment, zone), sec_type=sec_type, trade_date=told),
             deal(-1, 11, at(moment, zone) + 1, sec_type=sec_type, trade_date=told)]  # fmt: skip
    assert list(calendar_of(*fills)) == [day]


# --- sums -------------------------------------------------------------------------------------------------------------


dated = st.lists(
    st.tuples(
        st.integers(-300, 300).filter(bool),
        st.decimals(min_value=1, max_value=500, places=2),
        st.one_of(st.none(), st.decimals(min_value=-1, max_value=5, places=3)),
        st.integers(0, 500),
        st.integers(1, 2),
    ),
    min_size=1,
    max_size=30,
)


@given(dated)
@examples(150)
def test_days_are_weeks_are_months_are_years_are_the_closing_parts(way):
    first = date(2025, 1, 1).toordinal()
    fills = [
        deal(quantity, price, ahead * DAY, fee=None if fee is None else str(fee), con_id=con_id,
             trade_date=f"{date.fromordinal(first + ahead):%Y%m%d}")
        for quantity, price, fee, ahead, con_id in way
    ]  # fmt: skip
    trips = round_trips(fills).trips
    parts = [part for trip in trips for part in trip.closings]
    days = days_of(trips, fills, USD)
    years = [year_of(days, year) for year in (2025, 2026)]
    months = [month_of(days, year, month) for year in (2025, 2026) for month in range(1, 13)]
    for name, expected in (
        ("gross", sum(part.gross for part in parts)),
        ("fees", sum(part.fees for part in parts)),
        ("net", sum(part.net for part in parts)),
        ("paid", sum(fill.commission or 0 for fill in fills)),
        ("executions", len(fills)),
        ("trips", sum(not trip.is_open for trip in trips)),
    ):
        assert sum(getattr(day, name) for day in days.values()) == expected
        assert sum(getattr(month.sum, name) for month in months) == expected
        assert sum(getattr(week.sum, name) for month in months for week in month.weeks) == expected
        assert sum(getattr(year.sum, name) for year in years) == expected
        assert sum(getattr(month, name) for year in years for month in year.months) == expected
    for month in months:
        covered = [day for week in month.weeks for day in week.days if day is not None]
        assert len(covered) == len(set(covered)) and {day.month for day in covered} == {month.month}
    for day in days.values():
        assert day.wins + day.losses + day.even == day.trips


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Australia/Sydney"])
def test_the_machines_zone_changes_nothing(zone, monkeypatch):
    def made():
        fills = [deal(1, 10, at("2025-11-05T20:30"), id="a.01", trade_date=""),
                 deal(-1, 11, at("2025-11-07T09:31"), id="b.01", trade_date="")]  # fmt: skip
        return calendar_of(*fills)

    expected = made()
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert made() == expected and list(expected) == [NOV6, NOV7]
    finally:
        monkeypatch.undo()
        time.tzset()
