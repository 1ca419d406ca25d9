"""Indicators against pandas and against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.indicators import (
    ema,
    ema_last,
    projected_volume,
    sma_last,
    true_range,
    vwap,
    vwap_last,
    wilder,
    wilder_last,
)

PRICES = st.lists(st.floats(0.01, 50_000.0), min_size=1, max_size=300)


def test_ema_equals_pandas() -> None:
    values = np.array([22.27, 22.19, 22.08, 22.17, 22.18, 22.13, 22.23, 22.43, 22.24, 22.29])
    expected = pd.Series(values).ewm(span=8, adjust=False).mean().to_numpy()
    assert ema(values, 8) == pytest.approx(expected, abs=1e-12)


def test_ema_by_hand() -> None:
    # alpha = 2 / 4 = 0.5: 10, then 10 + 0.5 x 2 = 11, then 11 + 0.5 x 3 = 12.5
    assert ema(np.array([10.0, 12.0, 14.0]), 3).tolist() == [10.0, 11.0, 12.5]


@given(PRICES, st.integers(3, 200))
def test_newest_ema_equals_the_series(prices: list[float], length: int) -> None:
    values = np.array(prices)
    assert ema_last(values, length) == pytest.approx(float(ema(values, length)[-1]), rel=1e-9)


def test_newest_ema_of_a_long_series() -> None:
    values = np.random.default_rng(3).normal(100, 5, 2_500)
    for length in (8, 21, 200):
        assert ema_last(values, length) == pytest.approx(float(ema(values, length)[-1]), rel=1e-12)


def test_true_range_takes_the_gap_into_account() -> None:
    high, low, close = np.array([10.0, 15.0, 9.0]), np.array([9.0, 14.0, 8.0]), np.array([9.5, 14.5, 8.5])
    # second: max(1, 15 - 9.5, 14 - 9.5) = 5.5; third: max(1, |9 - 14.5|, |8 - 14.5|) = 6.5
    assert true_range(high, low, close).tolist() == [1.0, 5.5, 6.5]


def test_true_range_does_not_cross_a_session() -> None:
    high, low, close = np.array([10.0, 15.0, 9.0]), np.array([9.0, 14.0, 8.0]), np.array([9.5, 14.5, 8.5])
    starts = np.array([True, True, False])
    assert true_range(high, low, close, starts).tolist() == [1.0, 1.0, 6.5]


def test_wilder_by_hand() -> None:
    # mean of 1, 2, 3 = 2; 2 + (5 - 2) / 3 = 3; 3 + (3 - 3) / 3 = 3
    out = wilder(np.array([1.0, 2.0, 3.0, 5.0, 3.0]), 3)
    assert np.isnan(out[:2]).all()
    assert out[2:].tolist() == [2.0, 3.0, 3.0]


def test_atr_equals_pandas() -> None:
    rng = np.random.default_rng(1)
    close = 100 + np.cumsum(rng.normal(0, 0.3, 400))
    high, low = close + rng.random(400), close - rng.random(400)
    previous = pd.Series(close).shift()
    ranges = pd.concat(
        [pd.Series(high - low), (pd.Series(high) - previous).abs(), (pd.Series(low) - previous).abs()], axis=1
    )
    series = ranges.max(axis=1)
    seeded = pd.concat([pd.Series([series[:14].mean()]), series[14:]])
    expected = seeded.ewm(alpha=1 / 14, adjust=False).mean().to_numpy()
    assert wilder(true_range(high, low, close), 14)[13:] == pytest.approx(expected, rel=1e-12)


@given(PRICES, st.integers(7, 30))
def test_newest_wilder_equals_the_series(values: list[float], length: int) -> None:
    ranges = np.array(values)
    newest, series = wilder_last(ranges, length), wilder(ranges, length)
    if np.isnan(series[-1]):
        assert newest is None
    else:
        assert newest == pytest.approx(float(series[-1]), rel=1e-9)


def test_sma_equals_pandas_and_leaves_unknown_values_out() -> None:
    values = np.arange(1.0, 41.0)
    expected = pd.Series(values).rolling(20, min_periods=12).mean().to_numpy()
    for count in range(12, 41):
        assert sma_last(values[max(0, count - 20) : count].tolist(), 20) == pytest.approx(expected[count - 1])
    assert sma_last(values[:11].tolist(), 20) is None
    values[30:39] = np.nan
    assert sma_last(values[-20:].tolist(), 20) is None  # 11 known of 20: a minute without a visit is a gap, not a zero
    values[30] = 7.0
    assert sma_last(values[-20:].tolist(), 20) == pytest.approx(np.nanmean(values[-20:]))


def test_vwap_by_hand() -> None:
    high, low, close = np.array([11.0, 13.0]), np.array([9.0, 11.0]), np.array([10.0, 12.0])
    assert vwap(high, low, close, np.array([100.0, 300.0])).tolist() == [10.0, 11.5]
    assert vwap_last(high, low, close, np.array([100.0, 300.0])) == 11.5
    assert vwap_last(high, low, close, np.array([np.nan, 0.0])) is None
    assert vwap_last(high, low, close, np.array([np.nan, 5.0])) == 12.0


@pytest.mark.parametrize(
    ("volume", "elapsed_s", "expected"),
    [(100.0, 14.9, None), (100.0, 15.0, 400.0), (100.0, 60.0, 100.0), (None, 30.0, None), (0.0, 20.0, 0.0)],
)
def test_projection_needs_a_quarter_of_the_bar(volume: float | None, elapsed_s: float, expected: float | None) -> None:
    assert projected_volume(volume, elapsed_s) == expected
