"""Statistics by their formulas, on trips whose answer can be reckoned in the head; what is left out is said."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from msgspec.structs import replace

from engine.journal.rows import TraderWords, TripStop
from engine.trades.figures import FEW, Money, closed_of, grouped, labels_of, moneys_of, statistics
from engine.trades.trips import round_trips
from tests.app.sample_state import MARKET
from tests.examples import examples
from tests.unit.trades.made import deal
from tests.unit.trades.test_trips import executions_of, ways

D = Decimal
USD = Money("USD")


def trip_of(result, *, con_id=1, fee="1", at=0.0, **more):
    """A closed trip with this gross result, and twice the fee."""
    fills = [deal(1, 100, at, fee=fee, con_id=con_id, **more), deal(-1, 100 + D(str(result)), at + 60, fee=fee,
             con_id=con_id, **more)]  # fmt: skip
    (trip,) = round_trips(fills).trips
    return trip


def test_the_formulas():
    trips = [trip_of(result, con_id=n) for n, result in enumerate((32, 12, -8, -3, 0), 1)]
    found = statistics(closed_of(trips, USD), USD)
    assert (found.n, found.wins, found.losses, found.even) == (5, 2, 2, 1)
    assert (found.gross, found.fees, found.net, found.won, found.lost) == (33, 10, 23, 40, -15)
    assert (found.win_rate, found.win_rate_of_all) == (D("0.5"), D("0.4"))
    assert found.profit_factor == D(40) / 15 and found.payoff == D(20) / D("7.5")
    assert (found.expectancy, found.best, found.worst, found.held_s) == (D("4.6"), 30, -10, 60.0)
    assert found.is_few and FEW == 20


def test_even_is_decided_by_the_price_alone():
    trips = [trip_of("0.5"), trip_of("-0.5", con_id=2), trip_of(1, con_id=3)]
    found = statistics(closed_of(trips, USD), USD)
    assert (found.wins, found.losses, found.even) == (0, 3, 0), "commissions turned two of them"
    found = statistics(closed_of(trips, USD, D("0.5")), USD)
    assert (found.wins, found.losses, found.even, found.net) == (0, 1, 2, -5)


def test_no_trip_and_no_loss_are_no_zero():
    none = statistics(closed_of([], USD), USD)
    assert (none.n, none.win_rate, none.profit_factor, none.payoff, none.expectancy, none.best) == (0,) + (None,) * 5
    won = statistics(closed_of([trip_of(10)], USD), USD)
    assert (won.win_rate, won.profit_factor, won.payoff) == (1, None, None)


def test_what_is_not_known_is_left_out_and_named():
    euro = trip_of(10, currency="EUR", con_id=2)
    (still,) = round_trips([deal(1, 100, con_id=3)]).trips
    (odd,) = round_trips([deal(1, 100, con_id=4, per_point=None), deal(-1, 110, con_id=4, per_point=None)]).trips
    trips = [trip_of(10), euro, still, odd]
    found = statistics(closed_of(trips, USD), USD)
    assert (found.n, [each.trip for each in found.left_out]) == (1, [odd.id])
    base = statistics(closed_of(trips, Money("USD", is_base=True)), Money("USD", is_base=True))
    assert base.n == 1 and [(each.trip, each.why) for each in base.left_out][0] == (euro.id, "rate of EUR on 20251105")
    assert moneys_of(trips) == (Money("USD", True), Money("USD"), Money("EUR"))


def test_r_counts_where_a_stop_was_noted():
    trips = []
    for n, (result, stop) in enumerate(((18, 90.0), (-12, 95.0), (7, None)), 1):
        bought, sold = deal(2, 100, con_id=n), deal(-2, 100 + D(result) / 2, 60, con_id=n)
        words = TraderWords(stops=(TripStop("DU1", "", n, bought.root, stop, 1.0),) if stop else ())
        trips += round_trips([bought, sold], words=words).trips
    found = statistics(closed_of(trips, USD), USD)
    assert [trip.r for trip in trips] == [D("0.8"), D("-1.4"), None]
    assert (found.with_r, found.expectancy_r, found.n) == (2, D("-0.3"), 3)


def test_a_pending_commission_is_counted_and_told():
    assert statistics(closed_of([trip_of(10, fee=None), trip_of(10, con_id=2)], USD), USD).pending == 1


# --- groups -----------------------------------------------------------------------------------------------------------


def test_groups_by_symbol_tag_side_account_hour_and_weekday():
    evening = datetime(2025, 11, 4, 23, 30, tzinfo=ZoneInfo("America/New_York")).timestamp() - MARKET
    long, late = trip_of(10), trip_of(-5, con_id=2, local_symbol="AAPL", at=evening, trade_date="20251105")
    tagged = replace(long, tags=("gap", "A+"))
    trips = [tagged, late]

    def counted(by, **more):
        return [(label, figures.n, figures.net) for label, figures in grouped(closed_of(trips, USD), by, USD, **more)]

    assert counted("symbol") == [("AAPL", 1, -7), ("TSLA", 1, 8)]
    assert counted("tag") == [("A+", 1, 8), ("gap", 1, 8), ("no tag", 1, -7)]
    assert counted("side") == [("long", 2, 1)] and counted("account") == [("DU1", 2, 1)]
    assert counted("weekday") == [("Wednesday", 2, 1)], "of the trade date, not of the evening"
    assert counted("hour")[-1] == ("23:00", 1, -7)
    assert counted("hour", zone=ZoneInfo("Australia/Sydney"))[-1][0] == "15:00"


def test_a_trip_of_before_has_no_hour():
    (trip,) = round_trips([deal(-5, 10, opening="close")]).trips
    assert labels_of(trip, "hour") == labels_of(trip, "weekday") == ("before the journal",)


@given(ways)
@examples(60)
@pytest.mark.parametrize("by", ["symbol", "hour", "weekday", "side"])
def test_groups_add_up_to_the_whole(by, way):
    trips = round_trips(executions_of(way)).trips
    closed = closed_of(trips, USD)
    whole, groups = statistics(closed, USD), [figures for _, figures in grouped(closed, by, USD)]
    assert whole.wins + whole.losses + whole.even == whole.n
    assert sum(each.n for each in groups) == whole.n
    assert sum(each.net for each in groups) == whole.net == whole.gross - whole.fees
