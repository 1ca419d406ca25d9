"""Thinning keeps what the eye would miss: extremes, ends and gaps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.journal.rows import PnlRow
from engine.journal.thinning import is_gap, thinned, with_gaps_marked


def point(t: float, value: float | None, daily: float | None = None) -> PnlRow:
    return PnlRow(t, t - 1_000.0, value, value, value if daily is None else daily, "simulated", "DU1")


VALUES = st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=400)


@given(VALUES, st.integers(7, 120))
def test_bounded_ordered_a_subset_with_both_ends_and_all_extremes(values, max_points):
    points = [point(2.0 * i, value) for i, value in enumerate(values)]
    kept = thinned(points, max_points)
    assert len(kept) <= max(max_points, len(points) if len(points) <= max_points else 0)
    assert [p.t for p in kept] == sorted({p.t for p in kept})
    assert set(kept) <= set(points)
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    known = [value for value in values if value is not None]
    if known:
        kept_values = [p.unrealized for p in kept if p.unrealized is not None]
        assert (min(kept_values), max(kept_values)) == (min(known), max(known))


@given(VALUES, st.integers(7, 120))
def test_no_line_is_drawn_across_a_gap_longer_than_a_bucket(values, max_points):
    points = [point(2.0 * i, value) for i, value in enumerate(values)]
    kept = thinned(points, max_points)
    bucket_s = 2.0 * len(points) / max(1, (max_points - 2) // 5)
    for before, after in zip(kept, kept[1:], strict=False):
        if is_gap(before) or is_gap(after):
            continue
        between = [p for p in points if before.t < p.t < after.t]
        assert not (between and all(is_gap(p) for p in between) and len(between) * 2.0 > 2 * bucket_s)


def test_few_points_are_left_alone():
    points = [point(0.0, 1.0), point(2.0, None), point(4.0, 3.0)]
    assert thinned(points, 7) == points
    assert thinned([], 7) == []


def test_many_points_of_one_moment_do_not_break_it():
    assert len(thinned([point(5.0, float(i)) for i in range(100)], 20)) <= 20


def test_a_spike_of_a_whole_day_survives():
    points = [point(2.0 * i, 0.0, 0.0) for i in range(43_200)]
    points[20_000] = point(40_000.0, 0.0, -999.0)
    kept = thinned(points, 1_500)
    assert min(p.daily for p in kept) == -999.0
    assert len(kept) <= 1_500


@pytest.mark.parametrize(("step", "marks"), [(2.0, 0), (29.0, 0), (31.0, 1)])
def test_a_stretch_without_points_becomes_a_gap(step, marks):
    points = [point(0.0, 1.0), point(step, 2.0), point(step + 2.0, 3.0)]
    marked = with_gaps_marked(points, 30.0)
    assert sum(is_gap(p) for p in marked) == marks
    assert [p for p in marked if not is_gap(p)] == points
    assert [p.t for p in marked] == sorted(p.t for p in marked)
