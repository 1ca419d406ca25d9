"""Nothing but real numbers passes the boundary."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.broker.sanitise import is_garbage, number, parsed_number, price, quantity, words

ANY = st.floats(allow_nan=True, allow_infinity=True, width=64) | st.sampled_from(
    [math.nan, math.inf, -math.inf, 1.7976931348623157e308, -1.0, 0.0, -0.0, 1e-9, 1e12, 1e301]
)


@given(ANY, st.none() | ANY, st.booleans())
def test_a_price_is_finite_and_zero_only_with_a_size(value, size, may_be_negative):
    result = price(value, size, may_be_negative=may_be_negative)
    assert result is None or (math.isfinite(result) and abs(result) < 1e300)
    assert result != 0.0 or (may_be_negative and size is not None and size > 0)


@given(ANY, st.none() | ANY)
def test_a_stock_price_is_positive(value, size):
    result = price(value, size, may_be_negative=False)
    assert result is None or result > 0


@given(ANY)
def test_quantities_and_numbers(value):
    assert quantity(value) is None or quantity(value) >= 0
    assert number(value) is None or math.isfinite(number(value))
    assert is_garbage(value) == (number(value) is None)


@given(ANY, st.none() | ANY, st.none() | st.just(1.0))
def test_what_may_be_worthless_is_never_less(value, size, magnifier):
    result = price(value, size, may_be_negative=False, may_be_zero=True, magnifier=magnifier)
    assert result is None or result > 0 or (result == 0.0 and size is not None and size > 0)
    assert (result == 0.0) == (value == 0.0 and size is not None and size > 0)


@given(st.floats(min_value=1e-6, max_value=1e9))
def test_real_prices_pass_unchanged(value):
    assert price(value, 0.0, may_be_negative=False) == value


@pytest.mark.parametrize(
    ("value", "size", "expected"),
    [
        (-1.0, 0.0, None),
        (-1.0, None, None),
        (-1.0, 3.0, -1.0),
        (-37.63, 0.0, -37.63),
        (0.0, 5.0, 0.0),
        (0.0, 0.0, None),
    ],
)
def test_negative_prices_where_the_market_has_them(value, size, expected):
    assert price(value, size, may_be_negative=True) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("250000.50", 250000.5),
        ("true", None),
        ("", None),
        ("1.7976931348623157E308", None),
        ("nan", None),
        ("-3", -3.0),
    ],
)
def test_account_values(text, expected):
    assert parsed_number(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [("INDIVIDUAL", "INDIVIDUAL"), (" USD ", "USD"), ("1.5", ""), ("", ""), ("1.7976931348623157E308", "")],
)
def test_account_values_that_are_no_number_are_said_as_text(text, said):
    assert words(text) == said
