"""All coverage tables in a replayed market, and whether they show what LINES asks for."""

from __future__ import annotations

import time

from benchmarks.coverage import SEEDS, full_cells, report, run_cells
from tests.long.report import finish


def main(arguments: list[str]) -> int:
    """Arguments: seeds, none = those of the committed tables."""
    seeds = [int(each) for each in arguments] or list(SEEDS)
    begun = time.monotonic()
    lines, marks = report(run_cells(full_cells(), seeds), (time.monotonic() - begun) / 60.0)
    print("\n".join(lines))
    missed = [mark.text for mark in marks if not mark.passed]
    figures = {mark.text: round(mark.value, 4) for mark in marks if mark.value < float("inf")}
    shown = f"{len(marks) - len(missed)} of {len(marks)} figures reached"
    return finish("coverage", not missed, {**figures, "missed": missed, "seeds": seeds}, shown)
