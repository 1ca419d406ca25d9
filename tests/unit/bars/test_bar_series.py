"""BarSeries: what was put in is what comes out, to the last bit, however small it is kept."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.build import LateTrade, OpenBar
from engine.bars.known_spans import GAP_S, MAX_SPANS, KnownSpans
from engine.bars.packed_bars import PackedBars
from engine.bars.series import HISTORY, STREAMED, BarSeries
from engine.domain import Bar

T0 = 1_762_354_800.0
CENTS = st.integers(1, 10_000_000).map(lambda n: n / 100)
FINE = st.integers(1, 10_000_000).map(lambda n: n / 1e6)
FRACTIONS = st.integers(1, 100_000).map(lambda n: n / 256)
ANY = st.floats(-1e12, 1e12, allow_subnormal=True)
PRICES = st.one_of(CENTS, FINE, FRACTIONS, ANY)
VOLUMES = st.one_of(st.none(), st.floats(0.0, 1e12))


def minute(number: int, prices: tuple[float, float, float, float], volume: float | None) -> Bar:
    return Bar(T0 + 60.0 * number, *prices, volume, "history")


def told(series: BarSeries) -> list[tuple[float | None, ...]]:
    return [(bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in series.bars()]


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.tuples(PRICES, PRICES, PRICES, PRICES), VOLUMES, st.booleans()), max_size=60
    )
)
def test_prices_and_volumes_come_out_to_the_last_bit(items: list[tuple[int, tuple[float, ...], float, bool]]) -> None:
    series, known = BarSeries(1_000), dict[float, tuple[float | None, ...]]()
    for number, prices, volume, is_alone in items:
        bars = [minute(n, prices, volume) for n in ((number,) if is_alone else (number, number + 1, number + 3))]
        series.merge(bars, HISTORY)
        for bar in bars:
            before = known.get(bar.time)
            if before is None or before[5] is None or volume is not None:
                known[bar.time] = (bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume)
    expected = [known[time] for time in sorted(known)]
    assert told(series) == expected
    arrays, recent = series.arrays(), series.recent(7)
    assert arrays.time.tolist() == [row[0] for row in expected] and arrays.low.tolist() == [row[3] for row in expected]
    assert recent.close == [row[4] for row in expected][-7:] and recent.total == len(expected)
    again = BarSeries(1_000)
    again.merge_rows(series.rows())
    assert told(again) == expected
    later = series.rows(after=T0 + 60.0 * 20)
    assert later[0].tolist() == [time for time in sorted(known) if time > T0 + 1_200.0]
    assert series.first_since(T0 + 60.0 * 20 - 1.0) == sum(1 for time in known if time < T0 + 1_200.0)


@given(st.lists(st.one_of(CENTS, FINE, FRACTIONS), min_size=1, max_size=80))
def test_minutes_that_close_one_by_one_are_those_of_a_merge(prices: list[float]) -> None:
    grown, merged = BarSeries(1_000), BarSeries(1_000)
    for n, price in enumerate(prices):
        grown.append(OpenBar(T0 + 60.0 * n, price, price + 0.25, price - 0.25, price, 100.0 + n, True))
    merged.merge([minute(n, (p, p + 0.25, p - 0.25, p), 100.0 + n) for n, p in enumerate(prices)], STREAMED)
    assert told(grown) == told(merged) and grown.rows().tolist() == merged.rows().tolist()


@pytest.mark.parametrize("price", [10.25, 10.2525, 1.163455, 99 + 1 / 256, math.pi])
def test_a_new_extreme_in_another_step_changes_no_other_price(price: float) -> None:
    series = BarSeries(100)
    series.append(OpenBar(T0, 10.01, 10.02, 10.0, 10.01, 5.0, True))
    series.append(OpenBar(T0 + 60.0, 10.01, 10.02, 10.0, 10.01, 5.0, False))
    series.complete(LateTrade(T0 + 60.0, 3.0, high=max(price, 10.02), low=min(price, 10.0)))
    assert told(series) == [
        (T0, 10.01, 10.02, 10.0, 10.01, 5.0),
        (T0 + 60.0, 10.01, max(price, 10.02), min(price, 10.0), 10.01, 8.0),
    ]


def test_ten_second_bars_lie_on_their_own_grid() -> None:
    series = BarSeries(50, 10.0)
    for n in range(120):
        series.append(OpenBar(T0 + 10.0 * n, 5.0, 5.0, 5.0, 5.0, float(n), True))
    times = series.arrays().time
    assert (np.diff(times) == 10.0).all() and times[-1] == T0 + 1_190.0 and len(times) <= 50
    assert series.source_at(T0 + 1_190.0) == "streamed" and series.source_at(T0 + 1_195.0) is None


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 600), st.booleans()), max_size=200))
def test_known_spans_are_in_order_and_apart(items: list[tuple[float, float, bool]]) -> None:
    spans, known = KnownSpans(), list[tuple[float, float]]()
    for start, length, is_covered in items:
        if is_covered or not len(spans):
            spans.cover(start, start + length)
            known.append((start, start + length))
        else:
            spans.begin(start)
            spans.reach(start + 1.0)
    found = list(spans)
    assert len(found) <= MAX_SPANS and all(begin <= end for begin, end in found)
    if all(is_covered for *_, is_covered in items):
        assert all(after[0] - before[1] > GAP_S for before, after in zip(found, found[1:], strict=False))
        if len(found) < MAX_SPANS:
            assert all(any(a <= begin and end <= b for a, b in found) for begin, end in known)


def test_the_first_gap_of_the_last_hours() -> None:
    spans = KnownSpans([[0.0, 100.0], [103.0, 200.0], [300.0, 400.0], [500.0, 600.0]])
    assert spans.first_gap(0.0) == 200.0, "three seconds are no gap"
    assert spans.first_gap(201.0) == 400.0 and spans.first_gap(401.0) is None
    assert KnownSpans().first_gap(0.0) is None and list(KnownSpans([[1.0, 2.0]])) == [(1.0, 2.0)]


BARS = st.builds(
    Bar,
    st.floats(0, 2e9),
    *[st.floats(-1e9, 1e9)] * 4,
    VOLUMES,
    st.sampled_from(["streamed", "sampled", "history"]),
    st.booleans(),
)


@given(st.lists(BARS, max_size=40), st.integers(-50, 50), st.integers(-50, 50))
def test_packed_bars_are_the_same_bars(bars: list[Bar], first: int, last: int) -> None:
    packed = PackedBars(bars)
    assert list(packed) == bars and len(packed) == len(bars) and packed[first:last] == tuple(bars[first:last])
    assert bool(packed) == bool(bars) and [packed[n] for n in range(-len(bars), len(bars))] == bars + bars
