"""Whom to visit next: what is known of one symbol, and what its wait weighs. Pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.coverage.urgency import CoveragePolicy, Place, nearness, since_mark_s, urgency
from tests.unit.lines.line_samples import contract

NOW = 10_000.0
POLICY = CoveragePolicy()


def place(waited: float | None = 30.0, **figures: float) -> Place:
    return Place(contract(1), NOW - 100.0, None if waited is None else NOW - waited, **figures)  # type: ignore[arg-type]


def test_the_longest_wait_weighs_most_among_equals() -> None:
    assert urgency(place(31.0), NOW, 5.0, POLICY) > urgency(place(30.0), NOW, 5.0, POLICY)


def test_near_falls_from_one_at_an_average_range_to_next_to_nothing() -> None:
    values = [nearness(distance, 10.0, POLICY) for distance in (-1.0, 0.0, 1.0, 1.2, 1.4, 1.5, 9.0)]
    assert values[:3] == [1.0, 1.0, 1.0]
    assert values == sorted(values, reverse=True)
    assert values[-2:] == [POLICY.far_value, POLICY.far_value]


def test_a_far_price_may_have_walked_near_meanwhile() -> None:
    assert nearness(2.0, 60.0, POLICY) == POLICY.far_value
    assert nearness(2.0, 240.0, POLICY) == 1.0, "twice as far in four times the minutes"


def test_who_is_near_is_due_once_after_the_mark_of_each_minute() -> None:
    near = place(20.0, distance_atr=0.5)
    assert urgency(near, NOW, 10.0, POLICY) > urgency(near, NOW, 30.0, POLICY), "seen before the mark, seen after it"
    assert since_mark_s(NOW - NOW % 60.0 + 15.0, POLICY) == 0.0
    assert since_mark_s(NOW - NOW % 60.0 + 14.0, POLICY) == 59.0


def test_a_hint_goes_first_wherever_the_price_stood() -> None:
    hinted = place(20.0, hint=1.0, hint_mono=NOW, distance_atr=5.0)
    assert urgency(hinted, NOW, 10.0, POLICY) > urgency(place(50.0, distance_atr=0.2), NOW, 10.0, POLICY)


def test_a_hint_fades() -> None:
    old = place(hint=1.0, hint_mono=NOW - POLICY.hint_half_life_s)
    assert old.hint_now(NOW, POLICY) == pytest.approx(0.5)


def test_who_was_never_seen_counts_as_near() -> None:
    assert urgency(place(None), NOW, 0.0, POLICY) > 1.0


@given(
    waited=st.floats(0, 600),
    hint=st.floats(0, 1),
    distance=st.none() | st.floats(-50, 50),
    since_mark=st.floats(0, 60, exclude_max=True),
)
def test_nobody_is_forgotten(waited: float, hint: float, distance: float | None, since_mark: float) -> None:
    """Whatever is known of the others: after patience enough the plainest symbol comes first."""
    most = urgency(place(waited, hint=hint, hint_mono=NOW, distance_atr=distance), NOW, since_mark, POLICY)
    plain = place(POLICY.patience_s * (3.0 + POLICY.hint_weight), distance_atr=50.0)
    assert 0.0 <= most < urgency(plain, NOW, since_mark, POLICY)
