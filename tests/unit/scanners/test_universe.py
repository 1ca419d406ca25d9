"""The universe: who is in it, who goes first, who comes back."""

from __future__ import annotations

from engine.scanners.universe import Universe
from tests.unit.scanners.scanner_samples import TEN, stock

DAY_S = 86_400.0


def test_the_oldest_goes_first_and_positions_never() -> None:
    universe = Universe(most=3)
    universe.keep([stock(1)], TEN)
    universe.add([stock(2), stock(3)], TEN)
    assert universe.take_gone() == set()
    universe.add([stock(2)], TEN + 1)  # seen again: young
    universe.add([stock(4)], TEN + 2)
    assert universe.take_gone() == {3}
    assert sorted(universe.con_ids()) == [1, 2, 4]


def test_unknown_contracts_leave_for_the_day_and_come_back_on_the_next() -> None:
    universe = Universe()
    universe.add([stock(1), stock(2)], TEN)
    universe.leave_today(1)
    universe.add([stock(1)], TEN + 60)
    assert universe.con_ids() == [2]
    universe.add([stock(1)], TEN + DAY_S)
    assert universe.con_ids() == [1]


def test_a_new_connection_takes_them_back_because_the_gateway_may_have_been_in_its_nightly_reset() -> None:
    universe = Universe()
    universe.add([stock(1)], TEN)
    universe.leave_today(1)
    universe.on_connected(TEN)
    universe.add([stock(1)], TEN + 60)
    assert universe.con_ids() == [1]


def test_a_position_stays_whatever_the_gateway_says() -> None:
    universe = Universe()
    universe.keep([stock(1)], TEN)
    universe.leave_today(1)
    assert 1 in universe


def test_who_is_listed_is_a_member_at_once_and_leaves_with_the_list() -> None:
    universe = Universe()
    assert universe.set_listed([stock(1), stock(2)], TEN)
    assert not universe.set_listed([stock(2), stock(1)], TEN), "the same again is no news"
    assert universe.con_ids() == [1, 2]
    universe.add([stock(2)], TEN)
    assert universe.set_listed([], TEN)
    assert universe.con_ids() == [2], "a scan has brought it, too"
    assert universe.take_gone() == {1}


def test_a_listed_symbol_survives_the_day_and_makes_no_room() -> None:
    universe = Universe(most=3)
    universe.set_listed([stock(1)], TEN)
    universe.add([stock(2), stock(3), stock(4), stock(5)], TEN)
    assert universe.con_ids() == [1, 4, 5]
    universe.add([stock(6)], TEN + DAY_S)
    assert sorted(universe.con_ids()) == [1, 6]
    universe.set_listed([], TEN + DAY_S)
    assert universe.con_ids() == [6]


def test_a_listed_symbol_that_the_gateway_does_not_know_is_out_for_the_day_or_the_connection() -> None:
    universe = Universe()
    universe.set_listed([stock(1), stock(2)], TEN)
    universe.leave_today(1)
    universe.set_listed([stock(1), stock(2), stock(3)], TEN)
    assert universe.con_ids() == [2, 3]
    universe.on_connected(TEN)
    assert sorted(universe.con_ids()) == [1, 2, 3]


def test_a_held_symbol_stays_when_it_leaves_its_list() -> None:
    universe = Universe()
    universe.set_listed([stock(1)], TEN)
    universe.keep([stock(1)], TEN)
    universe.set_listed([], TEN)
    assert universe.con_ids() == [1]
