"""The score's formula: values by hand, strictly rising, never 1, never below 0.5 for a confirmed breakout."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.breakout.score import MOST, Inputs, breakout_parts, breakout_score, rise, share_of_gates
from engine.config import BreakoutParams

PARAMS = BreakoutParams()
THRESHOLDS = st.builds(
    BreakoutParams,
    buffer_atr=st.floats(0, 1.5),
    rel_volume=st.floats(0.5, 10),
    volume_surge=st.floats(1, 5),
)
UNKNOWN = st.none()
INPUTS = st.builds(
    Inputs,
    st.one_of(UNKNOWN, st.floats(-5, 50)),
    st.one_of(UNKNOWN, st.floats(0, 200)),
    st.one_of(UNKNOWN, st.floats(0, 200)),
    st.one_of(UNKNOWN, st.floats(0, 20)),
    st.one_of(UNKNOWN, st.floats(0, 3_600)),
    st.booleans(),
)
ANY = st.one_of(UNKNOWN, st.floats(allow_nan=False, allow_infinity=False))


@pytest.mark.parametrize(
    ("inputs", "value"),
    [
        (Inputs(0.1, 1.5, 1.5), 0.5),  # everything at its limit
        (Inputs(1.1, 1.5, 1.5), 0.5 + 0.5 * 0.225),  # one ATR beyond the buffer: half of 0.45
        (Inputs(0.1, 4.5, 1.5), 0.5 + 0.5 * 0.175),  # three times the limit: half of 0.35
        (Inputs(0.1, 1.5, 4.5), 0.5 + 0.5 * 0.1),
        (Inputs(1.1, 4.5, 4.5), 0.75),  # half of everything
        (Inputs(3.1, 10.5, 10.5), 0.875),  # r(3) = 0.75
        (Inputs(1.1, 4.5, 4.5, 0.1, 15.0), 0.75),  # what is free
        (Inputs(1.1, 4.5, 4.5, 0.3, None), 0.75 - 0.25 * 0.05),  # 0.2 ATR above 0.1
        (Inputs(1.1, 4.5, 4.5, None, 45.0), 0.75 - 0.25 * 0.05),
        (Inputs(1.1, None, None), 0.6125),
        (Inputs(None, None, None, 9.0, 900.0), 0.5),
        (Inputs(1.1, 4.5, 4.5, before_look=True), 0.5 + 0.1125 + 0.06875),  # the whole way, half of the volume
    ],
)
def test_values_by_hand(inputs: Inputs, value: float) -> None:
    assert breakout_score(inputs, PARAMS) == pytest.approx(value, abs=1e-9)


@given(INPUTS, THRESHOLDS, st.integers(0, 4), st.floats(1e-3, 10.0))
def test_it_rises_with_each_input_and_falls_with_spread_and_age(
    inputs: Inputs, params: BreakoutParams, place: int, step: float
) -> None:
    free = (params.buffer_atr, params.rel_volume, params.volume_surge, 0.1, 15.0)[place]
    value = inputs[place]
    assume(value is not None)
    more = inputs._replace(**{Inputs._fields[place]: value + step})
    low, high = breakout_score(inputs, params), breakout_score(more, params)
    if value + step <= free:
        assert high == low
    elif place < 3:
        assert high > low
    else:
        assert high < low or low == 0.5  # of nothing nothing is taken


@given(st.builds(Inputs, ANY, ANY, ANY, ANY, ANY, st.booleans()), THRESHOLDS)
def test_whatever_comes_it_is_from_a_half_to_below_one(inputs: Inputs, params: BreakoutParams) -> None:
    value, parts = breakout_parts(inputs, params)
    assert 0.5 <= value <= MOST < 1.0 and round(value, 4) < 1.0
    assert value == breakout_score(inputs, params)
    assert [part.name for part in parts if part.detail == "not known"] == [
        name
        for name, known in zip(
            ("distance", "relative volume", "volume surge", "spread", "price age"), inputs[:5], strict=True
        )
        if known is None
    ]
    assert all(part.value <= part.most for part in parts)
    assert sum(part.value for part in parts) == pytest.approx(value, abs=4e-4)


@given(INPUTS, THRESHOLDS, st.integers(1, 15), st.data())
def test_every_confirmed_breakout_is_before_everything_else(
    inputs: Inputs, params: BreakoutParams, total: int, data: st.DataObject
) -> None:
    passed = data.draw(st.integers(0, total))
    assert share_of_gates(passed, total) < 0.5 <= breakout_score(inputs, params)
    if passed:
        assert share_of_gates(passed - 1, total) < share_of_gates(passed, total)


def test_what_broke_out_before_the_first_look_ranks_lower() -> None:
    for inputs in (Inputs(0.5, 3.0, 3.0), Inputs(9.0, 50.0, 9.0)):
        assert breakout_score(inputs._replace(before_look=True), PARAMS) < breakout_score(inputs, PARAMS)
    (_, distance, volume, *_) = breakout_parts(Inputs(0.5, 3.0, 3.0, before_look=True), PARAMS)[1]
    assert "first look" in distance.detail and volume.detail.startswith("half")


def test_the_curve_is_half_at_one_and_never_full() -> None:
    assert [rise(x) for x in (-1.0, 0.0, 1.0, 3.0)] == [0.0, 0.0, 0.5, 0.75]
    assert rise(1e6) < 1.0


def test_no_limit_can_be_nothing_to_divide_by() -> None:
    for name in ("rel_volume", "volume_surge"):
        with pytest.raises(ValueError, match=name):
            BreakoutParams(**{name: 0.0})
