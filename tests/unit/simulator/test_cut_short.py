"""The judgement of `--long lines`: which cancels inside the dwell a position explains."""

from __future__ import annotations

from typing import Any

from tests.long.lines import cut_short as judged
from tests.long.lines import is_passed


def cancel(wall: float, age_s: float = 2.0) -> dict[str, Any]:
    return {"con_id": 7, "wall": wall, "age_s": age_s}


def moment(wall: float, con_id: int = 1) -> dict[str, Any]:
    return {"con_id": con_id, "wall": wall}


def walls(cancels: list[dict[str, Any]], asks: list[dict[str, Any]], opened: list[dict[str, Any]]) -> list[float]:
    return [event["wall"] for event in judged(cancels, asks, opened)]


def test_one_request_for_a_position_explains_one_cancel_before_it() -> None:
    assert walls([cancel(10.0), cancel(10.1)], [moment(10.4)], [moment(9.9)]) == [10.1]
    assert walls([cancel(10.0), cancel(10.1)], [moment(10.4), moment(10.6)], []) == []
    assert walls([cancel(10.0)], [moment(9.9)], []) == [10.0]
    assert walls([cancel(10.0)], [moment(14.0)], []) == [10.0]


def test_a_position_closed_before_it_could_ask_explains_one_cancel() -> None:
    assert walls([cancel(10.0), cancel(10.1)], [], [moment(9.9)]) == [10.1]


def test_a_visit_that_lasted_its_dwell_needs_no_reason() -> None:
    assert walls([cancel(10.0, age_s=5.0)], [], []) == []


def figures(**changes: float) -> dict[str, Any]:
    zeros = dict.fromkeys(("orphans", "position_lines_cancelled", "duplicates", "cut_short", "order_messages"), 0)
    return zeros | {
        "max_lines": 50, "max_non_position_lines": 45, "worst_second": 40, "position_line_max_s": 1.0,
        "positions_timed": 10, "minutes": 30.0,
    } | changes  # fmt: skip


def test_a_run_that_timed_no_position_has_not_passed() -> None:
    assert is_passed(figures())
    assert not is_passed(figures(positions_timed=9))
    assert not is_passed(figures(minutes=2.0, positions_timed=0))
    assert not is_passed(figures(cut_short=1))


def test_the_price_of_a_running_signal_takes_a_second_and_nothing_shorter_is_explained_by_it() -> None:
    cancels = [{"con_id": 7, "wall": 100.0, "age_s": 1.4}, {"con_id": 8, "wall": 101.0, "age_s": 1.4}]
    cancels.append({"con_id": 7, "wall": 102.0, "age_s": 0.4})
    assert [e["wall"] for e in judged(cancels, [], [], signals={7})] == [101.0, 102.0]
