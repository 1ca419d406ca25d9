"""IB's own figures beside ours: a difference is told with what explains it, and never taken over."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.trades.checks import differences
from engine.trades.trips import round_trips
from tests.unit.trades.made import deal
from tests.unit.trades.test_trips import OPTION

D = Decimal


def found(*executions):
    return differences(round_trips(executions).trips)


def closing(ibs, **more):
    return deal(-100, 11, 60, ib_realized=D(ibs), statement_id="s", **more)


@pytest.mark.parametrize("ibs", ["98", "98.01", "97.99"])
def test_the_same_to_a_cent_is_no_difference(ibs):
    assert found(deal(100, 10), closing(ibs)) == ()


@pytest.mark.parametrize(("codes", "why"), [((), ""), (("C", "HC"), "another tax method (HC)")])
def test_a_difference_is_told_with_what_explains_it(codes, why):
    (one,) = found(deal(100, 10), closing("90", codes=codes))
    assert (one.ours, one.ibs, one.why) == (98, 90, why)


def test_a_turn_is_compared_as_a_whole():
    assert found(deal(60, 10), deal(-100, 11, 60, fee="1", ib_realized=D("58.4"), statement_id="s")) == ()


def test_a_pending_commission_and_the_apis_own_figure_say_nothing():
    assert found(deal(100, 10), deal(-100, 11, 60, ib_realized=D(90))) == ()
    assert found(deal(100, 10, fee=None), closing("90")) == ()


def test_an_assignment_folds_the_premium_into_the_stock():
    told = found(
        deal(-1, 5, **OPTION),
        deal(1, 0, 60, fee="0", kind="assignment", ib_realized=D(0), statement_id="s", **OPTION),
        deal(100, 390, fee="0"),
        deal(-100, 400, 60, fee="0", kind="assignment", ib_realized=D(1499), statement_id="s"),
    )
    assert sorted((one.ours, one.ibs) for one in told) == [(499, 0), (1000, 1499)]
    assert {one.why for one in told} == {"IB counts the option's premium with the stock"}
    assert sum(one.ours for one in told) == sum(one.ibs for one in told)
