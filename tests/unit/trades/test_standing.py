"""What stands in for executions that are not here: rows of whole orders, and positions of before the journal."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.journal.rows import PositionTold
from engine.journal.stand_ins import Dealt, left_of_orders
from engine.trades.execution import in_force
from engine.trades.standing import openings_of, standing
from engine.trades.trips import round_trips
from tests.examples import examples
from tests.unit.trades.made import deal

D = Decimal
SIZES = st.lists(st.tuples(st.integers(1, 5), st.sampled_from(["10", "10.5", "11"])), max_size=5)


def dealt(quantity, price, order, at=0.0, fee=None):
    return Dealt(D(quantity), D(quantity) * D(price), fee, at, order)


def row(quantity, price, **more):
    return replace(deal(quantity, price, **more), is_order_level=True, source="csv")


def test_an_order_meets_the_executions_that_add_up_to_it():
    orders = [dealt(100, "10.2", "a"), dealt(60, "11", "b")]
    executions = [dealt(40, "10.5", 7), dealt(60, "10", 7), dealt(10, "11", 8)]
    assert [(left.quantity, left.money) for left in left_of_orders(orders, executions)] == [(0, 0), (50, 550)]


def test_what_fits_no_order_is_a_part_of_the_one_with_its_price():
    orders = [dealt(100, "10", "a"), dealt(100, "12", "b")]
    assert [left.quantity for left in left_of_orders(orders, [dealt(30, "12.01", 1)])] == [100, 70]


def test_money_of_another_order_leaves_the_rows_own_price():
    (left,) = left_of_orders([dealt(100, "1", "a", fee=D(2))], [dealt(99, "50", 1)])
    assert (left.quantity, left.money, left.fee) == (1, 1, D("0.02"))


@given(SIZES, SIZES, st.randoms(use_true_random=False))
@examples(200)
def test_quantities_are_what_executions_lack_in_any_order(orders, executions, chance):
    rows = [dealt(size, price, f"r{n}", n) for n, (size, price) in enumerate(orders)]
    parts = [dealt(size, price, n // 2, n) for n, (size, price) in enumerate(executions)]
    left = left_of_orders(rows, parts)
    whole, told = sum(each.quantity for each in rows), sum(each.quantity for each in parts)
    assert sum(each.quantity for each in left) == max(0, whole - told)
    assert all(0 <= each.quantity <= one.quantity for each, one in zip(left, rows, strict=True))
    both = list(zip(rows, left, strict=True))
    chance.shuffle(both)
    chance.shuffle(parts)
    assert left_of_orders([one for one, _ in both], parts) == [each for _, each in both]


def test_the_trip_of_an_order_is_the_same_with_a_part_of_its_executions():
    """Net of the day: 100 bought for 1,000 and sold for 1,100, fees 2 and 1."""
    bought, sold = row(100, 10, fee="2"), deal(-100, 11, 600)
    first, second = deal(40, "9.5", 1, fee="0.8"), deal(60, D(620) / 60, 2, fee="1.2")
    for parts in ([], [first], [first, second]):
        (trip,) = round_trips(in_force(standing([bought, sold, *parts]))).trips
        assert (round(trip.gross, 6), trip.fees, trip.quantity) == (100, 3, 100)


def test_names_and_numbers_are_one_contract():
    """Two sources name an option in their own ways, one of them without a number."""
    api = deal(1, 5, con_id=7, local_symbol="XYZ   251107P00050000", sec_type="OPT")
    csv = row(1, 5, con_id=0, local_symbol="XYZ 07NOV25 50 P", sec_type="OPT")
    assert {(e.source, e.con_id, e.state) for e in standing([csv, api])} == {
        ("csv", 7, "covered"), ("api", 7, "in force"),
    }  # fmt: skip
    other = row(1, 5, con_id=0, local_symbol="XYZ 14NOV25 50 P", sec_type="OPT")
    assert {(e.con_id, e.state) for e in standing([other, api])} == {(0, "in force"), (7, "in force")}


def told(quantity="-30", day="20251107", **more):
    base = {"account": "DU1", "con_id": 1, "symbol": "TSLA", "sec_type": "STK", "currency": "USD"}
    known = {"cost_price": D("401.5"), "multiplier": D(1)}
    return PositionTold(day=day, quantity=D(quantity), **(base | known | more))


def test_a_position_that_no_execution_opened_is_there_at_its_cost():
    (opening,) = openings_of([told()], [])
    assert (opening.kind, opening.quantity, opening.price, opening.trade_date) == (
        "opening",
        -30,
        D("401.5"),
        "20251107",
    )
    closed = deal(30, 400, 86_400.0 * 4, trade_date="20251110")
    (trip,) = round_trips(in_force(standing([closed], [told()]))).trips
    assert (trip.side, trip.gross, trip.is_open) == ("short", 45, False)


def test_it_gives_way_to_executions_of_before_and_is_that_of_its_account_and_model():
    earlier = deal(-30, 402, trade_date="20251106")
    assert openings_of([told()], [earlier]) == []
    assert openings_of([told()], [replace(earlier, state="withdrawn")]) != []
    mine = openings_of([told(), told(account="DU2"), told(model="M")], [earlier])
    assert [(e.account, e.model) for e in mine] == [("DU2", ""), ("DU1", "M")]
    first = openings_of([told("50", "20251107"), told("40", "20251103")], [])
    assert [(e.quantity, e.trade_date) for e in first] == [(40, "20251103")], "whichever statement was read first"
