"""Whom to visit next: what the wait of one symbol weighs. Pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lines.coverage import UNSEEN_WAIT_S, CoveragePolicy, Place, load_factor, urgency
from tests.unit.lines.line_samples import contract

NOW = 10_000.0
POLICY = CoveragePolicy()


def place(waited: float | None = 30.0, **figures: float) -> Place:
    return Place(contract(1), NOW - 500.0, None if waited is None else NOW - waited, **figures)  # type: ignore[arg-type]


def test_the_longest_wait_weighs_most_among_equals() -> None:
    assert urgency(place(31.0), NOW, 0.5, POLICY) > urgency(place(30.0), NOW, 0.5, POLICY)


def test_a_hint_and_nearness_make_a_wait_count_more() -> None:
    plain = urgency(place(), NOW, 1.0, POLICY)
    assert urgency(place(hint=1.0, hint_mono=NOW), NOW, 1.0, POLICY) > plain
    assert urgency(place(nearness=1.0), NOW, 1.0, POLICY) > plain


def test_a_hint_fades() -> None:
    old = place(hint=1.0, hint_mono=NOW - POLICY.hint_half_life_s)
    assert old.hint_now(NOW, POLICY) == pytest.approx(0.5)


def test_who_was_never_seen_waits_as_if_for_long() -> None:
    assert urgency(place(None), NOW, 0.0, POLICY) == pytest.approx(UNSEEN_WAIT_S + 500.0)


def test_the_load_decides_how_much_preferences_count() -> None:
    assert load_factor(100, 9.0, POLICY) == 0.0
    assert load_factor(5_000, 9.0, POLICY) == 1.0
    assert load_factor(100, 0.0, POLICY) == 1.0
    assert 0.0 < load_factor(600, 8.0, POLICY) < 1.0


@given(
    waited=st.none() | st.floats(0, 1e5),
    hint=st.floats(0, 1),
    hint_age=st.floats(0, 1e5),
    nearness=st.floats(0, 1),
    load=st.floats(0, 1),
)
def test_nobody_starves(waited: float | None, hint: float, hint_age: float, nearness: float, load: float) -> None:
    """The weight is bounded: a plain symbol that waited so many times longer comes first, whatever is known."""
    favoured = place(waited, hint=hint, hint_mono=NOW - hint_age, nearness=nearness)
    most = 1.0 + POLICY.hint_weight + POLICY.near_weight
    wait = UNSEEN_WAIT_S + 500.0 if waited is None else waited
    assert 0.0 <= urgency(favoured, NOW, load, POLICY) <= most * wait + 1e-6
