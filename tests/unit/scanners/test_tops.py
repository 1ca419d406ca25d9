"""Which running signals stream: the newest first, then the best; and what the rotation is told of the others."""

from __future__ import annotations

from engine.coverage.urgency import Running
from engine.scanners.board import KEPT_S, MARGIN, NEW_S, RunningSignal, Tops, watched

NOW = 50_000.0


def signal(con_id: int, score: float, age_s: float) -> RunningSignal:
    return RunningSignal(con_id, score, NOW - age_s)


def test_the_newest_of_two_minutes_come_before_the_best() -> None:
    running = [signal(1, 0.95, 900.0), signal(2, 0.71, 90.0), signal(3, 0.72, 10.0), signal(4, 0.99, NEW_S)]
    assert Tops().choose(running, 0.7, 3, NOW) == {3, 2, 4}
    assert Tops().choose(running, 0.7, 1, NOW) == {3}, "the newest of all"
    assert Tops().choose(running, 0.7, 9, NOW) == {1, 2, 3, 4}


def test_below_the_top_score_nobody_streams_however_new() -> None:
    assert Tops().choose([signal(1, 0.69, 5.0), signal(2, 0.7, 500.0)], 0.7, 10, NOW) == {2}
    assert Tops().choose([signal(1, 0.9, 5.0)], 0.7, 0, NOW) == frozenset()


def test_who_streams_is_displaced_by_the_clearly_better_alone_and_keeps_its_line_for_two_minutes() -> None:
    tops = Tops()
    first = [signal(1, 0.80, 900.0)]
    assert tops.choose(first, 0.7, 1, NOW) == {1}
    much_better = [*first, signal(2, 0.99, 900.0)]
    assert tops.choose(much_better, 0.7, 1, NOW + KEPT_S - 1.0) == {1}, "inside two minutes"
    a_little_better = [*first, signal(3, 0.80 * MARGIN - 0.01, 900.0)]
    assert tops.choose(a_little_better, 0.7, 1, NOW + KEPT_S) == {1}
    assert tops.choose(much_better, 0.7, 1, NOW + KEPT_S) == {2}
    assert tops.choose([], 0.7, 1, NOW + KEPT_S) == frozenset()
    assert tops.choose(much_better, 0.7, 1, NOW + KEPT_S) == {2}, "who left begins anew"


def test_the_others_are_watched_and_rest_while_their_cool_down_holds() -> None:
    running = [signal(1, 0.9, 60.0), signal(2, 0.8, 60.0), signal(3, 0.6, 60.0), signal(4, 0.6, 900.0)]
    assert watched(running, {1}, 0.7, 900.0, NOW) == {
        2: Running(strong=True, rests=True),
        3: Running(strong=False, rests=True),
        4: Running(strong=False, rests=False),
    }
