"""What two sets both found: matched by symbol, side and time, each signal once, and thousands without a long slice."""

from __future__ import annotations

import time

from engine.outcomes.book import Scored
from engine.outcomes.comparison import compare
from engine.outcomes.scoreboard import Scoreboard
from tests.unit.outcomes.test_scoreboard import AT, scored
from tests.unit.scanners.scanner_samples import finished

LONG_S = 0.5  # the work in one piece takes seconds; a slice about a millisecond, 20 or more on a busy machine


def test_both_and_only_one() -> None:
    one, other_side = scored(AT, 1.0), scored(AT, 1.0, side="short")
    near, far = scored(AT + 200.0, 1.0), scored(AT + 2_000.0, 1.0)
    assert finished(compare([one, other_side], [near, far])) == (1, (other_side,), (far,))
    assert finished(compare([], [near])) == (0, (), (near,))
    assert finished(compare([one], [scored(AT, 1.0, con_id=2)])).both == 0


def test_a_signal_is_the_twin_of_one_alone_and_the_earliest_goes_first() -> None:
    live = [scored(AT, 1.0), scored(AT + 100.0, 1.0), scored(AT + 1_000.0, 1.0)]
    shadow = [scored(AT - 400.0, 1.0), scored(AT - 250.0, 1.0), scored(AT + 300.0, 1.0), scored(AT + 5_000.0, 1.0)]
    assert finished(compare(live, shadow)) == (2, (live[2],), (shadow[0], shadow[3]))


def test_thousands_of_signals_hold_nobody_up() -> None:
    live = [scored(AT + 7.0 * n, 1.0, con_id=n % 300) for n in range(5_000)]
    shadow = [scored(AT + 3_000_000.0 - 7.0 * n, None, con_id=n % 300) for n in range(5_000, 0, -1)]
    begun = time.thread_time()
    longest = 0.0
    for slices in (compare(live, shadow), _board(live)):
        for _ in slices:
            longest = max(longest, time.thread_time() - begun)
            begun = time.thread_time()
    assert longest < LONG_S


def _board(live: list[Scored]):  # type: ignore[no-untyped-def]
    return Scoreboard().slices(live, "2025-11-05")
