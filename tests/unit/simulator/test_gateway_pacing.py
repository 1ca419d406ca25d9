from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.pacing import HistoryHabits, HistoryPacing, SlidingWindow, Windows


@given(st.lists(st.floats(0, 10), min_size=1, max_size=60))
def test_the_worst_second_is_the_most_in_any_window(times: list[float]) -> None:
    window = SlidingWindow(1.0)
    times.sort()
    for now in times:
        window.add(now)
    assert window.worst == max(sum(0 <= now - other < 1.0 for other in times) for now in times)


def test_an_event_leaves_after_exactly_one_second() -> None:
    window = SlidingWindow(1.0)
    window.add(5.0)
    assert window.count(5.999) == 1
    assert window.count(6.0) == 0


def small(pacing: HistoryPacing, now: float, contract: str, request: str, weight: int = 1) -> str | None:
    return pacing.violation(now, (contract,), (request,), weight)


def test_identical_requests_need_fifteen_seconds() -> None:
    pacing = HistoryPacing()
    assert small(pacing, 0, "a", "x") is None
    assert "identical" in (small(pacing, 14.9, "a", "x") or "")
    assert small(pacing, 30, "a", "x") is None


def test_six_for_one_contract_in_two_seconds() -> None:
    pacing = HistoryPacing()
    answers = [small(pacing, 0.3 * n, "a", f"x{n}") for n in range(6)]
    assert answers[:5] == [None] * 5
    assert "one contract" in (answers[5] or "")
    assert small(pacing, 1.6, "b", "y") is None


def test_sixty_in_ten_minutes_with_double_weight_for_both_sides() -> None:
    pacing = HistoryPacing()
    answers = [small(pacing, n * 2.0, f"c{n}", f"x{n}", weight=2) for n in range(31)]
    assert answers[:30] == [None] * 30
    assert "10 min" in (answers[30] or "")
    assert small(pacing, 700.0, "z", "z") is None


def test_habits_keep_the_worst_figures() -> None:
    habits = HistoryHabits()
    for n in range(4):
        habits.note(n * 0.5, ("a",), (f"x{n}",), small_bars=False)
    habits.note(10.0, ("a",), ("x0",), small_bars=True)
    habits.note(80.0, ("b",), ("x0",), small_bars=True)
    assert habits.report() == {
        "worst_minute": 5,
        "worst_small_10_min": 2,
        "worst_contract_2_s": 4,
        "identical_within_15_s": 1,
    }


@given(st.lists(st.tuples(st.integers(0, 300).map(lambda n: n / 8), st.sampled_from("abc")), min_size=1, max_size=60))
def test_each_key_has_a_window_of_its_own_and_old_keys_are_forgotten(events: list[tuple[float, str]]) -> None:
    events.sort()
    windows, alone = Windows(2.0), {key: SlidingWindow(2.0) for key in "abc"}
    for now, key in events:
        assert windows.add((key,), now) == alone[key].add(now)
        assert len(windows) == sum(window.count(now) > 0 for window in alone.values())
