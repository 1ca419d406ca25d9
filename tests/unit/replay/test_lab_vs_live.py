"""The verdict on the Lab against live: the same signals, and few live-only ones of minutes that ended below a limit."""

from __future__ import annotations

import pytest

from benchmarks.lab_vs_live import Outcome, is_passed


def day(live: int, only: int, below: int, lab: int | None = None) -> Outcome:
    same = live - only
    return Outcome("day", live, same if lab is None else lab, same, 0, ("one",) * only, (), below, below)


@pytest.mark.parametrize(
    ("days", "passed"),
    [
        ([day(100, 0, 0)], True),
        ([day(100, 3, 0)], True),
        ([day(100, 3, 1)], True),  # too few to judge
        ([day(200, 5, 1), day(200, 5, 0)], True),
        ([day(200, 5, 1), day(200, 5, 1)], False),
        ([day(100, 6, 0)], False),
        ([day(100, 0, 0, lab=106)], False),
        ([], False),
    ],
)
def test_the_verdict(days: list[Outcome], passed: bool) -> None:
    assert is_passed(days) is passed
