"""Drawdowns of a curve, deposits taken out of it; MAE and MFE of a trip from bars, by what the fills prove."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.clock import NEW_YORK
from engine.domain import Bar
from engine.journal.rows import PnlRow
from engine.trades.drawdown import chained_return, deepest, drawdowns, longest, without_flows
from engine.trades.excursion import curve_of, excursion
from engine.trades.sessions import by_session, is_regular
from engine.trades.trips import round_trips
from tests.app.sample_state import MARKET
from tests.examples import examples
from tests.unit.trades.made import deal

D = Decimal


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
    assert some.worst is None and some.why == "bars of only 20% of its time are held"
    (odd,) = round_trips([deal(10, 100, per_point=None)]).trips
    assert "worth" in excursion(odd, bars((1, 2))).why
    (before,) = round_trips([deal(-10, 100, opening="close")]).trips
    assert excursion(before, bars((1, 2))).why == "opened before the journal"


def test_an_open_trip_goes_on_to_the_last_bar():
    (trip,) = round_trips([deal(10, 100, 0)]).trips
    assert excursion(trip, bars((1, 500), (95, 120))).best == 200


def test_the_curve_of_a_position_is_what_it_had_made_by_each_bars_end():
    (trip,) = round_trips([deal(10, 100, 30), deal(-10, 103, 170)]).trips
    found = curve_of(trip, bars((98, 101), (99, 106), (1, 500)))
    assert found == [(MARKET + 60, 10), (MARKET + 120, 60)]
    (odd,) = round_trips([deal(10, 100, per_point=None)]).trips
    assert curve_of(odd, bars((1, 2))) == []


# --- sessions ---------------------------------------------------------------------------------------------------------


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()


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
