"""Drawdowns of a curve, deposits taken out of it; MAE and MFE of a trip from bars, by what the fills prove."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.hours import Session
from engine.clock import NEW_YORK
from engine.domain import Bar
from engine.journal.rows import PnlRow
from engine.trades.drawdown import chained_return, deepest, drawdowns, longest, without_flows
from engine.trades.excursion import excursion, hours_of
from engine.trades.sessions import by_session, is_regular
from engine.trades.trips import round_trips
from tests.app.sample_state import MARKET
from tests.examples import examples
from tests.unit.trades.made import deal

D = Decimal


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()


def curve(*values):
    return [(float(n), float(value)) for n, value in enumerate(values)]


def test_falls_from_each_peak():
    found = drawdowns(curve(100, 90, 95, 100, 120, 60, 110, 119))
    assert [(d.depth, d.peak_at, d.trough_at, d.recovered_at, d.until) for d in found] == [
        (10, 0, 1, 3, 3), (60, 4, 5, None, 7),
    ]  # fmt: skip
    assert deepest(found).share == 0.5 and longest(found).length_s == 3
    assert drawdowns([]) == drawdowns(curve(1, 2, 3)) == []


def test_the_first_peak_is_the_value_that_it_begins_with():
    (found,) = drawdowns(curve(0, -10, -5))
    assert (found.depth, found.share, found.recovered_at, found.length_s) == (10, None, None, 2)


@given(st.lists(st.floats(-100, 100, allow_nan=False), min_size=1, max_size=40))
@examples(100)
def test_the_deepest_is_the_greatest_fall_from_any_earlier_value(values):
    most = max((a - b for n, a in enumerate(values) for b in values[n:]), default=0.0)
    found = deepest(drawdowns(curve(*values)))
    assert (found.depth if found else 0.0) == pytest.approx(most)


def test_a_deposit_is_no_gain_and_a_withdrawal_no_loss():
    equity, flows = curve(100, 110, 210, 160), [(1.5, 100.0), (2.5, -50.0), (-1.0, 1_000.0)]
    assert [value for _, value in without_flows(equity, flows)] == [100, 110, 110, 110]
    assert drawdowns(without_flows(equity, flows)) == []
    assert chained_return(equity, flows) == pytest.approx(0.1)
    assert chained_return(curve(0, 10), []) is None and chained_return(curve(5), []) is None
    assert without_flows([], flows) == []


# --- excursion --------------------------------------------------------------------------------------------------------


def bars(*lows_highs):
    return [Bar(MARKET + 60.0 * n, low, high, low, high, 1.0) for n, (low, high) in enumerate(lows_highs)]


def test_how_far_it_went_for_and_against():
    (trip,) = round_trips([deal(10, 100, 30), deal(-10, 103, 210)]).trips
    found = excursion(trip, bars((50, 200), (98, 101), (99, 106), (1, 500)))
    assert (found.worst, found.best, found.covered) == (-20, 60, 1.0)


def test_of_the_bars_in_which_it_was_dealt_only_the_fills_count():
    (trip,) = round_trips([deal(-10, 100, 30), deal(10, 104, 90)]).trips
    found = excursion(trip, bars((1, 500), (1, 500)))
    assert (found.worst, found.best) == (-40, 0)


def test_a_scaled_trip_by_what_was_held():
    (trip,) = round_trips([deal(10, 100, 0), deal(-5, 110, 120), deal(-5, 100, 240)]).trips
    found = excursion(trip, bars((100, 100), (100, 112), (110, 110), (90, 120), (1, 2)))
    assert (found.worst, found.best) == (0, 150)


def test_without_bars_there_is_none_and_the_reason():
    (trip,) = round_trips([deal(10, 100, 0), deal(-10, 101, 600)]).trips
    assert excursion(trip, []).why == "no bars of that time are held"
    some = excursion(trip, bars((1, 2), (1, 2)))
    assert some.worst is None and some.why == "bars of only 20% of its trading time are held"
    (odd,) = round_trips([deal(10, 100, per_point=None)]).trips
    assert "worth" in excursion(odd, bars((1, 2))).why
    (before,) = round_trips([deal(-10, 100, opening="close")]).trips
    assert excursion(before, bars((1, 2))).why == "opened before the journal"


def minutes(*sessions, price=100.0):
    """A bar of each minute of these stretches."""
    times = [at for start, end in sessions for at in range(int(start), int(end), 60)]
    return [Bar(float(at), price, price + 1, price - 1, price, 1.0) for at in times]


@pytest.mark.parametrize(
    ("opened", "closed", "days"),
    [
        ("2025-11-05 15:30", "2025-11-06 10:00", "20251105 20251106"),
        ("2025-11-07 15:30", "2025-11-10 10:00", "20251107 20251110"),  # over a weekend
        ("2025-11-26 15:30", "2025-11-28 12:30", "20251126 20251128"),  # over a holiday, into a half day
    ],
)
def test_while_the_market_is_closed_no_bar_is_missing(opened, closed, days):
    begin, end = at(opened), at(closed)
    (trip,) = round_trips([deal(10, 100, begin - MARKET), deal(-10, 101, end - MARKET)]).trips
    first, last = (date.fromisoformat(day) for day in days.split())
    dates = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    hours = hours_of(dates, {}, "USD", "STK")
    assert (hours[0].open, hours[-1].open) == (at(f"{first} 09:30"), at(f"{last} 09:30"))
    known = minutes((begin, at(f"{first} 16:00")), (at(f"{last} 09:30"), end))
    found = excursion(trip, known, hours)
    assert (found.covered, found.worst, found.best) == (1.0, -10, 10)
    half = excursion(trip, minutes((begin, at(f"{first} 16:00"))), hours)
    assert 0 < half.covered < 0.9 and half.worst is None


def test_hours_are_those_that_were_kept_else_as_on_the_nearest_day():
    monday, tuesday = date(2025, 11, 10), date(2025, 11, 11)
    kept = {monday: Session(at("2025-11-10 03:00"), at("2025-11-10 11:30"))}
    found = hours_of([monday, tuesday, date(2025, 11, 15)], kept, "EUR", "STK")
    assert found == [kept[monday], Session(at("2025-11-11 03:00"), at("2025-11-11 11:30"))], "none on a Saturday"
    assert hours_of([monday], {}, "EUR", "STK") == []


def test_a_trip_outside_of_all_hours_is_measured_by_its_own_time():
    begin = at("2025-11-05 18:00")
    (trip,) = round_trips([deal(10, 100, begin - MARKET), deal(-10, 101, begin + 600 - MARKET)]).trips
    hours = hours_of([date(2025, 11, 5)], {}, "USD", "STK")
    assert excursion(trip, minutes((begin, begin + 300)), hours).covered == 0.5


def test_an_open_trip_goes_on_to_the_last_bar():
    (trip,) = round_trips([deal(10, 100, 0)]).trips
    assert excursion(trip, bars((1, 500), (95, 120))).best == 200


# --- sessions ---------------------------------------------------------------------------------------------------------


def curve_points(*steps):
    return [
        PnlRow(at(text), at(text), None if value in (None, "reset") else value, 0.0 if value == "reset" else None,
               None if value in (None, "reset") else value, "simulated", "DU1")
        for text, value in steps
    ]  # fmt: skip


def test_regular_and_extended_hours_are_told_apart():
    points = curve_points(
        ("2025-11-28T09:00", 5.0), ("2025-11-28T09:29", 7.0), ("2025-11-28T09:30", 10.0), ("2025-11-28T12:59", 30.0),
        ("2025-11-28T13:00", 29.0), ("2025-11-28T15:00", None), ("2025-11-28T16:00", 40.0),
        ("2025-11-28T18:00", "reset"), ("2025-11-28T18:01", 2.0),
    )  # fmt: skip
    assert by_session(points) == (23.0, 8.0, 11.0), "a half day ends at 13:00"
    assert not is_regular(at("2025-11-27T11:00")) and is_regular(at("2025-11-26T15:59"))
