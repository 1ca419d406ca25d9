"""A price at a level: by crossing, with a gap, from the other side first, and again only after it was clear of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.alerts.facts import Price
from engine.alerts.levels import UNSEEN, Arm, arm_of, looked_at, memory_of, watched
from tests.examples import examples


def crossings(side: str, prices: list[float], margin: float = 0.5) -> list[int]:
    """At which looks the level 100 was reached anew."""
    arm, found, before = UNSEEN, [], UNSEEN
    for i, price in enumerate(prices):
        arm = watched(arm, side, 100.0, Price(price, price, price, None, margin))
        if arm.has_crossed and not (before.has_crossed and not before.is_armed):
            found.append(i)
        before = arm
    return found


@pytest.mark.parametrize(
    ("side", "prices", "expected"),
    [
        ("up", [99, 99.9, 100, 101], [2]),
        ("up", [99, 103], [1]),  # a gap goes through
        ("up", [101, 102, 100.5, 101], []),  # made when it was beyond
        ("up", [101, 99.4, 100.1], [2]),  # ... until it was back
        ("up", [99, 100, 99.9, 100, 99.8, 100.2], [1]),  # not clear of it between
        ("up", [99, 100, 99.4, 100], [1, 3]),
        ("down", [101, 100, 98], [1]),
        ("down", [99, 98, 101, 99], [3]),
        ("reaches", [99, 101, 101, 99], [1, 3]),
        ("reaches", [100, 100, 100], []),  # on neither side yet
        ("reaches", [100, 99, 100], [2]),
    ],
)
def test_a_level_is_reached_by_crossing(side: str, prices: list[float], expected: list[int]) -> None:
    assert crossings(side, prices) == expected


def test_a_tick_between_two_looks_counts() -> None:
    arm = watched(UNSEEN, "up", 100.0, Price(99.0, 99.0, 99.0))
    assert watched(arm, "up", 100.0, Price(99.2, 99.0, 100.3)).has_crossed
    assert not watched(arm, "up", 100.0, Price(99.2, 99.0, 99.9)).has_crossed


def test_only_the_end_of_a_minute_counts_where_that_was_asked_for() -> None:
    within, at_end = Price(101.0, 98.0, 103.0, None), Price(98.0, 98.0, 98.0, 100.1)
    assert looked_at(within, "close") is None and looked_at(within, "each") == within
    assert looked_at(at_end, "close") == Price(100.1, 100.1, 100.1, 100.1)


def test_where_the_price_was_is_remembered() -> None:
    for arm in (UNSEEN, Arm(-1, True), Arm(1, False, True), Arm(1, False, True, True)):
        assert arm_of(memory_of(arm)) == arm
    assert arm_of({"side": 1, "armed": False, "crossed": True}) == Arm(1, False, True), "of an older program"
    for odd in ({}, {"side": 7}, {"side": 1, "armed": "yes", "crossed": 0}):
        assert arm_of(odd) == UNSEEN


def test_what_was_crossed_unseen_is_known_as_such_until_it_is_armed_again() -> None:
    arm = watched(Arm(-1, True), "up", 100.0, Price(103.0, 103.0, 103.0), was_away=True)
    assert arm == Arm(1, False, True, True)
    arm = watched(arm, "up", 100.0, Price(99.9, 99.9, 99.9, None, 0.5))
    assert arm.was_away
    arm = watched(arm, "up", 100.0, Price(99.0, 99.0, 99.0, None, 0.5))
    assert arm == Arm(-1, True)


@examples(100)
@given(st.sampled_from(("up", "down")), st.lists(st.floats(97.0, 103.0), max_size=40))
def test_between_two_alerts_it_was_back_on_its_side_by_the_margin(side: str, prices: list[float]) -> None:
    found = crossings(side, prices)
    for earlier, later in zip(found, found[1:], strict=False):
        between = prices[earlier:later]
        assert any(p <= 99.5 if side == "up" else p >= 100.5 for p in between)
