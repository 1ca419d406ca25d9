"""A real day's 126,000 trades through the simulator over TCP: the bars against the published ones."""

from __future__ import annotations

from benchmarks.bac_2013 import PASS, TICKS, figure, is_available, is_passed, run
from tests.long.report import finish


def main(arguments: list[str]) -> int:
    if not is_available():
        return finish("bac", True, {"skipped": 1}, f"skipped: {TICKS.name} is not beside the project")
    outcome, counts = run()
    figures = {**counts, "trades": outcome.trades, "ignored": outcome.ignored, "seconds": round(outcome.seconds, 1)}
    return finish("bac", is_passed(counts), figures | {"pass": PASS}, figure(outcome, counts))
