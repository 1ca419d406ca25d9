from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.wire import fields as f


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (1, "1"), (100.0, "100"), (0.25, "0.25"), (-0.5, "-0.5"), (1762354800.0, "1762354800")],
)
def test_numbers_are_written_short(value: float | None, text: str) -> None:
    assert f.number(value) == text


def test_unset_doubles_have_a_capital_exponent() -> None:
    assert f.double(None) == "1.7976931348623157E308"
    assert f.double(1.5e300) == "1.5E300"
    assert float(f.double(None)) == 1.7976931348623157e308
    assert f.money(None) == f.UNSET_DOUBLE


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_double_reads_back_as_itself(value: float) -> None:
    assert float(f.double(value)) == value


@pytest.mark.parametrize(("tick", "decimals"), [(0.01, 2), (0.25, 2), (1.0, 2), (0.0001, 4), (0.005, 3), (0.1, 2)])
def test_decimals_follow_the_grid(tick: float, decimals: int) -> None:
    assert f.decimals_of(tick) == decimals


def test_old_versions_get_whole_sizes() -> None:
    assert f.size(9488.37, fractional=False) == "9488"
    assert f.size(948837.22, fractional=True) == "948837.22"
    assert f.size(None, fractional=True) == ""


def test_payload_knows_its_types() -> None:
    assert f.payload("a", None, True, 3, 2.5) == "a\0\x001\x003\x002.5\0"
    with pytest.raises(TypeError):
        f.payload(object())


@given(st.floats(-1e12, 1e12))
def test_money_has_two_decimals_and_no_minus_zero_surprise(value: float) -> None:
    text = f.money(value)
    assert math.isclose(float(text), value, abs_tol=0.0051)
    assert len(text.rsplit(".", 1)[1]) == 2
