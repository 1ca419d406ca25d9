"""How many breakouts 45 lines see: recall, delay and precision of the visiting policies, in a replayed market.

    python -m benchmarks.coverage                    the whole table, coverage.txt and coverage.svg; some 20 minutes
    python -m benchmarks.coverage --quick            500 symbols, dwell 5 s, one seed, our rotation
    ... --quick --symbols 1500 --dwell 2 5 --policy round_robin rotation --seed 7 --normal-max 10 --set near_weight=8

The world is the simulator's, bus, rotation, bars and detector are the engine's. Answers 1 when a figure is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.coverage_plot import plot
from benchmarks.coverage_replay import POLICIES, RunSettings
from benchmarks.coverage_runs import Run, Stretch, prepare, run_all
from benchmarks.coverage_score import Score, pooled
from benchmarks.coverage_table import Cell, Mark, marks, table

HERE = Path(__file__).parent
SEEDS = (7, 11, 23)
SYMBOLS = (250, 500, 1_500)
DWELLS_S = (2.0, 5.0)
WITHOUT_DWELL = ("fixed", "gainers")  # their lines do not rotate: one run serves every dwell
IN_SECOND_TABLE = ("round_robin", "rotation")
FULL_NORMAL_MAX = 10


def options() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(description="Recall of the visiting policies.")
    p.add_argument("--quick", action="store_true", help="only what the flags below name; writes no file")
    p.add_argument("--seed", type=int, nargs="+", default=[SEEDS[0]])
    p.add_argument("--symbols", type=int, nargs="+", default=[500])
    p.add_argument("--dwell", type=float, nargs="+", default=[5.0], help="seconds")
    p.add_argument("--policy", nargs="+", default=["rotation"], choices=POLICIES)
    p.add_argument("--normal-max", type=int, nargs="+", default=[0], help="lines at 25")
    p.add_argument("--no-promotion", action="store_true", help="the scanners ask for no line: all spare lines rotate")
    p.add_argument("--minutes", type=int, default=Stretch.minutes, help="of the market, the first not scored")
    p.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="numbers of the engine's CoveragePolicy")
    return p


def full_cells() -> list[Cell]:
    """Both tables."""
    cells = [Cell(n, dwell, policy, 0) for n in SYMBOLS for dwell in DWELLS_S for policy in POLICIES]
    more = [Cell(n, dwell, p, FULL_NORMAL_MAX) for n in SYMBOLS for dwell in DWELLS_S for p in IN_SECOND_TABLE]
    return cells + more


def run_cells(
    cells: Sequence[Cell],
    seeds: Sequence[int],
    stretch: Stretch,
    changes: dict[str, float] | None = None,
    *,
    promote: bool = True,
) -> dict[Cell, list[Score]]:
    """The score of each cell and seed."""
    prepare(seeds, stretch)
    print(f"recordings and truth of {len(seeds)} seeds are there", flush=True)
    runs = {(cell, seed): _run(cell, seed, changes or {}, promote) for cell in cells for seed in seeds}
    by_name = {run.name: run for run in runs.values()}
    longest_first = sorted(by_name.values(), key=lambda run: -run.settings.symbols)
    scores = run_all(longest_first, stretch, lambda text: print(text, flush=True))
    return {cell: [scores[runs[cell, seed].name] for seed in seeds] for cell in cells}


def _run(cell: Cell, seed: int, changes: dict[str, float], promote: bool) -> Run:
    dwell_s = DWELLS_S[-1] if cell.policy in WITHOUT_DWELL else cell.dwell_s
    settings = RunSettings(cell.symbols, cell.policy, dwell_s, cell.normal_max, promote=promote, changes=changes)
    return Run(seed, settings)


def report(cells: dict[Cell, list[Score]], stretch: Stretch, took_min: float) -> tuple[list[str], list[Mark]]:
    """The text, and what had to be reached."""
    seeds = max(len(scores) for scores in cells.values())
    lines = [
        f"Coverage: 50 lines, 5 kept for positions, 3 positions; {seeds} seeds, {stretch.minutes} market minutes each,",
        f"the first {stretch.settle_min} not scored. Recall of the confirmed signals of the same detector with a line "
        "for every symbol",
        "(a: 1.000 by definition, `signals` of them), pooled over the seeds (lowest-highest seed); delays of those "
        "found within 60 s.",
    ]
    for normal_max in sorted({cell.normal_max for cell in cells}):
        lines += ["", f"Lines at 25: {normal_max} at most", *table(cells, normal_max)]
    found = marks(cells)
    lines += ["", *(mark.line() for mark in found), "", f"took {took_min:.1f} minutes"]
    return lines, found


def numbers(figures: Mapping[Cell, Score]) -> list[dict[str, Any]]:
    """The table for programs."""
    return [
        {
            **cell._asdict(),
            "recall_30": round(each.recall(30.0), 4),
            "recall_60": round(each.recall(60.0), 4),
            "median_s": each.median_s,
            "p95_s": each.p95_s,
            "precision": round(each.precision, 4),
            "signals": each.truths,
        }
        for cell, each in sorted(figures.items())
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    args = options().parse_args(arguments)
    begun = time.monotonic()
    stretch = Stretch(minutes=args.minutes)
    if args.quick:
        wanted = [
            Cell(n, dwell, policy, normal)
            for n in args.symbols
            for dwell in args.dwell
            for policy in args.policy
            for normal in args.normal_max
        ]
        changes = {name: float(value) for name, _, value in (text.partition("=") for text in args.set)}
        cells = run_cells(wanted, args.seed, stretch, changes, promote=not args.no_promotion)
    else:
        cells = run_cells(full_cells(), SEEDS, stretch)
    lines, found = report(cells, stretch, (time.monotonic() - begun) / 60.0)
    print("\n".join(lines))
    if not args.quick:
        (HERE / "coverage.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        figures = {cell: pooled(scores) for cell, scores in cells.items()}
        (HERE / "coverage.svg").write_text(plot(figures), encoding="utf-8")
        (HERE / "coverage.json").write_text(json.dumps(numbers(figures), indent=1) + "\n", encoding="utf-8")
    return 0 if all(mark.passed for mark in found) else 1


if __name__ == "__main__":
    sys.exit(main())
