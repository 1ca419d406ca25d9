"""A position's curve: each minute counts the size that was held then; a fill changes its slope, never its height."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.trades.position_curve import Close, result_curve
from tests.app.sample_state import MARKET
from tests.unit.trades.made import deal

BEGINS = Close(MARKET, 100.0)


def closes(*prices: float, every_s: float = 60.0) -> list[Close]:
    return [Close(MARKET + every_s * (i + 1), price) for i, price in enumerate(prices)]


def money(*executions, held: float, prices: tuple[float, ...], per_point: float = 1.0) -> list[float | None]:
    made = result_curve(held, executions, closes(*prices), BEGINS, per_point, 150.0)
    return [None if value is None else round(value, 9) for _at, value in made.points]


def test_before_a_sale_the_size_of_before_counts() -> None:
    sold = deal(-50, 110, 90, fee="1")  # of 150, at 110, within the second minute
    assert money(sold, held=100.0, prices=(108.0, 109.0, 112.0)) == [
        0.0,
        150 * 8.0,
        100 * 9.0 + 50 * 10.0 - 1.0,
        100 * 12.0 + 50 * 10.0 - 1.0,
    ]


def test_a_position_that_was_opened_meanwhile_had_made_nothing_before() -> None:
    assert money(deal(10, 104, 100, fee="2"), held=10.0, prices=(103.0, 105.0)) == [0.0, 0.0, 10.0 - 2.0]


def test_one_that_turned_from_short_to_long() -> None:
    turned = deal(30, 101, 60, fee="0")  # of 10 short makes 20 long
    assert money(turned, held=20.0, prices=(101.0, 103.0)) == [0.0, -10.0, -10.0 + 40.0]


def test_money_of_a_point_and_what_was_before_the_range_or_is_no_trade() -> None:
    early = deal(5, 1, -10)
    given_ = deal(10, 0, 90, kind="transfer", fee=None)
    assert money(early, given_, held=20.0, prices=(101.0, 103.0), per_point=50.0) == [
        0.0,
        500.0,
        500.0 + 20 * 2.0 * 50.0,
    ]


def test_a_stretch_without_a_price_is_a_gap() -> None:
    made = result_curve(1.0, (), [Close(MARKET + 60, 101.0), Close(MARKET + 600, 105.0)], BEGINS, 1.0, 150.0)
    assert [value for _at, value in made.points] == [0.0, 1.0, None, 5.0]
    assert [at for at, _value in made.points] == sorted(at for at, _value in made.points)


@given(
    st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.integers(90, 110), st.integers(1, 599)), max_size=12),
    st.lists(st.integers(90, 110), min_size=1, max_size=10),
    st.integers(-200, 200),
)
def test_its_end_is_cash_and_worth_whatever_was_dealt(
    dealt: list[tuple[int, int, int]], prices: list[int], held: int
) -> None:
    executions = sorted((deal(q, p, at, fee="1") for q, p, at in dealt), key=lambda e: e.time)
    made = result_curve(held, executions, closes(*map(float, prices)), BEGINS, 2.0, 1e9)
    end = made.points[-1][0]
    done = [(q, p) for q, p, at in dealt if MARKET + at <= end]
    later = sum(q for q, _p, at in dealt if MARKET + at > end)
    before = held - sum(q for q, _p, _at in dealt)
    cash = -sum(q * p for q, p in done)
    expected = 2.0 * ((held - later) * prices[-1] - before * 100.0 + cash) - len(done)
    assert made.points[-1][1] == pytest.approx(expected)
