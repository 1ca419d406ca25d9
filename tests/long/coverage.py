"""The whole coverage table in a replayed market, and whether it shows what LINES asks for."""

from __future__ import annotations

import time

from benchmarks.coverage import SEEDS, full_cells, report, run_cells
from benchmarks.coverage_runs import Stretch
from tests.long.report import finish


def main(arguments: list[str]) -> int:
    """Arguments: market minutes of each replay, more than the first that are not scored."""
    stretch = Stretch(minutes=int(arguments[0])) if arguments else Stretch()
    begun = time.monotonic()
    cells = run_cells(full_cells(), SEEDS, stretch)
    lines, marks = report(cells, stretch, (time.monotonic() - begun) / 60.0)
    print("\n".join(lines))
    missed = [mark.text for mark in marks if not mark.passed]
    figures = {mark.text: round(mark.value, 4) for mark in marks if mark.value < float("inf")}
    shown = f"{len(marks) - len(missed)} of {len(marks)} figures reached"
    return finish("coverage", not missed, {**figures, "missed": missed, "minutes": stretch.minutes}, shown)
