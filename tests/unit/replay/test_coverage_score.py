"""The coverage benchmark's judgement: which of our signals find which of the truth's, and what the table asks for."""

from __future__ import annotations

import pytest

from benchmarks.coverage_plot import plot
from benchmarks.coverage_score import Activity, Ages, Raised, Score, age_p95_s, delay_s, pooled, score
from benchmarks.coverage_table import BOUND, SHIPPED, Cell, marks, table

QUIET = Activity(60.0, 2.0, 36, 42.0)


def scored(truth: list[Raised], ours: list[Raised], start: float = 0.0, end: float = 1_000.0) -> Score:
    return score(truth, ours, start, end, QUIET, Ages())


@pytest.mark.parametrize(
    ("times", "delay"),
    [
        ([], None),
        ([100.0], 0.0),
        ([40.0], -60.0),
        ([39.9], None),
        ([160.0], 60.0),
        ([160.1], None),
        ([150.0, 90.0], -10.0),
        ([20.0, 130.0], 30.0),
    ],
)
def test_the_first_signal_near_the_truth_finds_it(times: list[float], delay: float | None) -> None:
    assert delay_s(Raised(1, "long", 100.0), times) == delay


def test_recall_counts_side_and_contract() -> None:
    truth = [Raised(1, "long", 100.0), Raised(2, "short", 200.0), Raised(3, "long", 300.0)]
    ours = [Raised(1, "long", 120.0), Raised(2, "long", 205.0), Raised(3, "long", 345.0)]
    found = scored(truth, ours)
    assert (found.truths, found.delays_s) == (3, (20.0, 45.0))
    assert found.recall(30.0) == pytest.approx(1 / 3)
    assert found.recall(60.0) == pytest.approx(2 / 3)
    assert found.precision == pytest.approx(2 / 3)


def test_a_signal_long_after_the_truth_is_right_but_finds_nothing() -> None:
    found = scored([Raised(1, "long", 100.0)], [Raised(1, "long", 399.0), Raised(1, "long", 401.0)])
    assert found.delays_s == ()
    assert (found.raised, found.right) == (2, 1)


def test_what_cannot_be_judged_is_not() -> None:
    """Truths of the first minutes and of the last one are not asked for; but a signal may be right by them."""
    truth = [Raised(1, "long", 90.0), Raised(1, "long", 945.0)]
    found = scored(truth, [Raised(1, "long", 110.0), Raised(1, "long", 99.0)], start=100.0)
    assert found.truths == 0
    assert (found.raised, found.right) == (1, 1)
    assert found.recall(60.0) == 0.0


def test_delays_are_summed_up() -> None:
    found = Score(20, tuple(float(n) for n in range(1, 21)), 20, 20, *QUIET)
    assert (found.median_s, found.p95_s) == (10.5, 19.0)
    nothing = Score(0, (), 0, 0, *QUIET)
    assert (nothing.median_s, nothing.p95_s, nothing.precision) == (None, None, 1.0)
    assert Score.of_json(found.as_json()) == found


def test_runs_are_pooled_by_truths() -> None:
    both = pooled([Score(1, (1.0,), 1, 1, 60.0, 2.0, 30, 40.0), Score(3, (40.0,), 2, 0, 30.0, 4.0, 36, 44.0)])
    assert both == Score(4, (1.0, 40.0), 3, 1, 45.0, 3.0, 36, 42.0)


def test_ages_are_counted_and_summed_over_runs() -> None:
    ages = Ages()
    for second in range(100):
        ages.note(second / 5.0, is_strong=second < 50)
    ages.note(1e9, is_strong=False)
    assert age_p95_s(ages.every) == 19.5 and age_p95_s(ages.strong) == 9.5
    assert age_p95_s([]) is None
    one = score([], [], 0.0, 1.0, QUIET, ages)
    assert pooled([one, one]).running == 202
    assert (pooled([one, one]).age_s, one.age_strong_s) == (19.5, 9.5)
    assert Score.of_json(one.as_json()) == one


def cells(late: float, plain: float, age: int = 10, name: str = SHIPPED) -> dict[Cell, list[Score]]:
    def run(recall: float) -> list[Score]:
        ages = Ages()
        ages.note(float(age), is_strong=True)
        counts = tuple(ages.every), tuple(ages.strong)
        return [Score(100, (25.0,) * round(recall * 100), 100, 96, *QUIET, *counts)]

    return {Cell(name, 1_500, 5.0, "rotation"): run(late), Cell(name, 1_500, 5.0, "round_robin"): run(plain)}


def test_the_marks_are_those_of_the_cells_that_ran() -> None:
    good = marks(cells(0.84, 0.40))
    assert [mark.limit for mark in good] == [0.83, 0.62, 15.0, 20.0, 0.95]
    assert all(mark.passed for mark in good)
    assert [mark.passed for mark in marks(cells(0.80, 0.42, age=17))] == [False, True, False, True, True]
    assert [mark.limit for mark in marks(cells(0.5, 0.4, name=BOUND))] == [0.95], "the bound has to reach nothing"


def test_a_missing_age_is_no_number() -> None:
    found = marks({Cell(SHIPPED, 500, 5.0, "rotation"): [Score(10, (), 0, 0, *QUIET)]})
    age = next(mark for mark in found if "age" in mark.text)
    assert not age.passed
    assert "inf" in age.line()


def test_table_and_plot_show_every_cell() -> None:
    ran = cells(0.80, 0.40)
    lines = table(ran, SHIPPED)
    assert len(lines) == 4
    assert "0.800 (0.80-0.80)" in lines[3]
    assert table(ran, BOUND) == []
    drawn = plot({cell: pooled(scores) for cell, scores in ran.items()})
    assert drawn.count("<rect") == 1 + 4 + 4
    assert "1,500 symbols, dwell 5 s" in drawn
