"""Averages carried on bar by bar equal those worked out from all bars, whatever happens to the bars in between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.build import OpenBar
from engine.bars.series import HISTORY, BarSeries
from engine.breakout.carry import Carried, carry, whole
from engine.config import BreakoutParams
from engine.domain import Bar
from tests.examples import examples

T0 = 1_762_353_000.0
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["fill", "bar", "bar", "bar", "gap", "night", "correct", "older", "skip"]),
        st.floats(1.0, 500.0),
    ),
    max_size=60,
)


def bar(time: float, price: float) -> OpenBar:
    return OpenBar(time, price, price * 1.01, price * 0.98, price * 1.005, 100.0, True)


def close_to(mine: Carried, full: Carried) -> None:
    assert (mine.newest, mine.close) == (full.newest, full.close)
    for carried, fresh in zip(mine[4:7], full[4:7], strict=True):
        assert (carried is None) == (fresh is None)
        if fresh is not None:
            assert carried == pytest.approx(fresh, rel=1e-9)


@examples(60)
@given(STEPS, st.integers(0, 80))
def test_carried_averages_are_the_full_ones(steps: list[tuple[str, float]], before: int) -> None:
    series, params, time = BarSeries(400), BreakoutParams(), T0
    for n in range(before):
        series.append(bar(time, 100.0 + n % 7))
        time += 60.0
    carried = carry(None, series, series.recent(20), params)
    for kind, price in steps:
        time += {"gap": 300.0, "night": 60_000.0}.get(kind, 0.0)
        if kind == "correct" and len(series):
            series.merge([Bar(time - 120.0, price, price, price, price, 5.0, "history")], HISTORY)
        elif kind == "fill" and len(series):  # history fills gaps and adds the newest minute in one answer
            series.merge(
                [Bar(time - n * 60.0, price, price, price, price, 5.0, "history") for n in (3, 2, 1, 0)], HISTORY
            )
            time += 60.0
        elif kind == "older":
            series.merge([Bar(T0 - 600.0, price, price, price, price, 5.0, "history")], HISTORY)
        else:
            series.append(bar(time, price))
            time += 60.0
        if kind != "skip":
            carried = carry(carried, series, series.recent(20), params)
            close_to(carried, whole(series.version, series.arrays(), params))


def test_a_closed_minute_is_carried_on_and_a_correction_is_not() -> None:
    series, params = BarSeries(400), BreakoutParams()
    for n in range(50):
        series.append(bar(T0 + 60.0 * n, 100.0 + n))
    first = carry(None, series, series.recent(20), params)
    assert not first.grown
    series.append(bar(T0 + 3_000.0, 120.0))
    grown = carry(first, series, series.recent(20), params)
    assert grown.grown
    series.merge([Bar(T0, 1.0, 2.0, 0.5, 1.5, 10.0, "history")], HISTORY)
    assert not carry(grown, series, series.recent(20), params).grown
    other = BreakoutParams(ema_fast=5)
    assert carry(None, series, series.recent(20), other) == whole(
        series.version, series.arrays(), other, series.revision
    )


def test_too_few_bars_have_no_average() -> None:
    series, params = BarSeries(400), BreakoutParams()
    assert carry(None, series, series.recent(20), params)[4:] == (None, None, None, False)
    series.append(bar(T0, 100.0))
    one = carry(None, series, series.recent(20), params)
    assert one.atr is None and one.ema_fast == pytest.approx(100.5)
