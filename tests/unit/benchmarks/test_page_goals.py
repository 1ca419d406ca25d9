"""What the pages may cost: judged on results made by hand, and shown."""

from __future__ import annotations

from typing import Any

from benchmarks.page_goals import (
    NAIVE,
    NEW,
    OLD,
    STREAMLIT,
    Cpu,
    Heap,
    Polled,
    Tabs,
    costs,
    kept,
    missed,
    page_of_results,
)


def cpu(number: int, who: str, page: str, ms: float, heard: float = 3.0) -> Cpu:
    return Cpu(number, who, page, ms, ms + 20.0, heard, 3.0)


# The second round's machine is half as fast; the third's naive page was disturbed.
ROUNDS = [
    cpu(1, NAIVE, "/", 900.0), cpu(1, STREAMLIT, "/", 500.0), cpu(1, NEW, "/", 100.0), cpu(1, OLD, "/", 300.0),
    cpu(1, NEW, "/lab", 50.0), cpu(1, OLD, "/lab", 150.0),
    cpu(2, NAIVE, "/", 1_800.0), cpu(2, STREAMLIT, "/", 1_000.0), cpu(2, NEW, "/", 200.0), cpu(2, OLD, "/", 600.0),
    cpu(2, NEW, "/lab", 100.0), cpu(2, OLD, "/lab", 300.0),
    cpu(3, NAIVE, "/", 400.0), cpu(3, STREAMLIT, "/", 500.0), cpu(3, NEW, "/", 100.0), cpu(3, OLD, "/", 250.0),
    cpu(3, NEW, "/lab", 50.0), cpu(3, OLD, "/lab", 150.0),
]  # fmt: skip


def polled(page: str, **differs: Any) -> Polled:
    usual: dict[str, Any] = {
        "bytes": 900.0, "bytes_p95": 1_000.0, "first_bytes": 20_000, "server_ms": 1.0, "idle_bytes": 0,
        "idle_bodies": 0, "polls": 30, "parts": "grid 400", "idle_parts": "",
    }  # fmt: skip
    return Polled(page=page, **(usual | differs))


def tabs(**differs: Any) -> Tabs:
    usual: dict[str, Any] = {
        "tabs": 50, "minutes": 5.0, "polls": 7_500, "errors": 0, "p50_ms": 2.0, "p95_ms": 9.0, "p99_ms": 30.0,
        "late_before_ms": 0.5, "late_ms": 1.0, "mb": 0.3, "threads": 0, "descriptors": 0,
    }  # fmt: skip
    return Tabs(**(usual | differs))


def results(part: str, *rows: Any) -> dict[str, Any]:
    return kept({}, part, "2026-12-01, build 1234567.", rows)


def test_ratios_are_formed_within_a_round_and_the_middle_one_counts() -> None:
    overview, lab = costs(ROUNDS)
    assert (overview.new_ms, overview.old_ms) == (100.0, 300.0)
    assert overview.of_old == 1 / 3
    assert overview.spread == (1 / 3, 0.4)
    assert overview.of_naive == 1 / 9
    assert overview.of_streamlit == 0.2
    assert overview.missed == []
    assert lab.missed == [OLD]  # a third is enough for the Overview, not for a page on which little moves


def test_what_was_not_measured_is_missed() -> None:
    alone = costs([cpu(1, NEW, "/", 10.0)])
    assert alone[0].missed == [OLD, NAIVE]
    assert tabs(polls=0).missed == ["errors"]


def test_every_goal_that_is_missed_is_named() -> None:
    assert missed(results("cpu", *ROUNDS)) == ["/lab of a9efd71"]
    pages = [polled("/"), polled("/lines", bytes=4_097.0), polled("/lab", server_ms=4.1, idle_bytes=142, idle_bodies=1)]
    assert missed(results("polls", *pages)) == ["/lines bytes", "/lab server", "/lab idle"]
    assert missed(results("tabs", tabs())) == []
    bad = tabs(p95_ms=100.0, errors=1, late_ms=5.1, descriptors=1)
    assert missed(results("tabs", bad)) == ["50 tabs: p95", "50 tabs: errors", "50 tabs: lateness", "50 tabs: growth"]
    assert missed(results("heap", Heap("/", 60.0, 10.0, 15.0), Heap("/lab", 60.0, 10.0, 15.1))) == ["/lab heap"]


def test_a_part_that_is_measured_again_leaves_the_others() -> None:
    both = kept(results("cpu", *ROUNDS), "heap", "a day later.", [Heap("/", 60.0, 10.0, 12.0)])
    again = kept(both, "heap", "two days later.", [Heap("/", 60.0, 10.0, 13.0)])
    page = page_of_results(again)
    assert "two days later." in page and "a day later." not in page
    assert "| / | 100 | 300 | 0.33 (0.40) | 0.33-0.40 | 0.11 (0.16) | 0.20 | met |" in page
    assert "| /lab | 50 | 150 | 0.33 (0.20) |" in page and "**missed**: a9efd71 |" in page
    assert "| / | 60 | 10.0 | 13.0 | 1.30 (1.5) | met |" in page


def test_the_page_says_when_the_machine_had_no_time() -> None:
    starved = [*ROUNDS, cpu(3, NAIVE, "/", 200.0, heard=1.0)]
    assert "too busy" not in page_of_results(results("cpu", *ROUNDS))
    assert "In 1 of 19 measurements the machine was too busy for every poll." in page_of_results(
        results("cpu", *starved)
    )


def test_idle_bytes_are_told_with_their_part() -> None:
    page = page_of_results(results("polls", polled("/health", idle_bytes=142, idle_bodies=3, idle_parts="farms")))
    assert "| 142 in 3 of 30: farms | grid 400 | **missed**: idle |" in page
