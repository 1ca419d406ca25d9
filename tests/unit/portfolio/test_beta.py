"""Beta by hand and for any days: what is known of both counts, nothing is made up of too few."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain import Bar
from engine.portfolio.beta import LEAST_DAYS, WINDOW_DAYS, beta, closes_of

DAY_S = 86_400.0


def path(moves, first=100.0):
    prices = first * np.cumprod([1.0, *(1.0 + move for move in moves)])
    return {n * DAY_S: float(price) for n, price in enumerate(prices)}


MOVES = [0.01 * ((7 * n) % 5 - 2) + 0.001 for n in range(70)]


def test_twice_the_index_has_a_beta_of_two_and_the_window_is_said():
    found = beta(path([2.0 * move for move in MOVES]), path(MOVES))
    assert found.value == pytest.approx(2.0)
    assert found.days == WINDOW_DAYS
    assert beta(path([-move for move in MOVES]), path(MOVES)).value == pytest.approx(-1.0)
    assert beta(path([0.003] * 70), path(MOVES)).value == pytest.approx(0.0, abs=1e-9)


def test_too_few_days_are_no_beta():
    few = beta(path(MOVES[: LEAST_DAYS - 1]), path(MOVES))
    assert few == (None, LEAST_DAYS - 1)
    assert beta(path(MOVES[:LEAST_DAYS]), path(MOVES)).value is not None
    assert beta({}, path(MOVES)) == (None, 0)
    assert beta(path(MOVES), path([0.0] * 70)).value is None, "an index that stands still moves nothing"


def test_days_that_one_lacks_are_left_out_of_both():
    asset = path([2.0 * move for move in MOVES])
    for day in (3, 17, 44):
        del asset[day * DAY_S]
    found = beta(asset, path(MOVES))
    assert found.value == pytest.approx(2.0, rel=0.05)


def test_prices_of_nothing_are_no_closes():
    bars = [Bar(n * DAY_S, 1, 1, 1, close, None, "history") for n, close in enumerate((1.0, 0.0, -5.0, 2.0))]
    assert closes_of(bars) == {0.0: 1.0, 3 * DAY_S: 2.0}


@given(st.lists(st.floats(-0.2, 0.2), min_size=25, max_size=80), st.floats(-3.0, 3.0))
def test_a_multiple_of_the_index_has_that_beta(moves, times):
    index = path(moves)
    found = beta(path([times * move for move in moves]), index)
    tail = np.diff([index[day] for day in sorted(index)]) / np.array([index[day] for day in sorted(index)])[:-1]
    if np.std(tail[-WINDOW_DAYS:]) > 1e-3:
        assert found.value == pytest.approx(times, abs=1e-6)
