"""How many breakouts 45 lines see: recall, delay and precision of the visiting policies, in a replayed market.

    python -m benchmarks.coverage                    all tables, coverage.txt, .json and .svg
    python -m benchmarks.coverage --quick            500 symbols, dwell 5 s, one seed, our rotation as shipped
    ... --quick --symbols 1500 --dwell 2 5 --policy round_robin rotation --seed 7 --normal-max 10 --set near_atr=0.8
    ... --quick --table bound long restless shared   also: no line for signals, 90 minutes, another world, 4 engines

Interrupted, it goes on where it stopped as long as no source changes.

The world is the simulator's, bus, rotation, bars and detector are the engine's. Answers 1 when a figure is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.coverage_plot import plot
from benchmarks.coverage_replay import POLICIES, RunSettings
from benchmarks.coverage_runs import Run, Stretch, prepare, run_all
from benchmarks.coverage_score import Score, pooled
from benchmarks.coverage_table import BOUND, LONG, RESTLESS, SHARED, SHIPPED, TITLES, Cell, Mark, marks, table
from engine.config import LineSettings
from simulator.world.manner import RESTLESS_MANNER, USUAL_MANNER

HERE = Path(__file__).parent
SEEDS = (7, 11, 23)
SYMBOLS = (250, 500, 1_500)
DWELLS_S = (2.0, 5.0)
WITHOUT_DWELL = ("fixed", "gainers")  # their lines do not rotate: one run serves every dwell
STRETCHES = {
    SHIPPED: Stretch(),
    BOUND: Stretch(),
    LONG: Stretch(minutes=90, settle_min=62),
    RESTLESS: Stretch(manner=RESTLESS_MANNER),
    SHARED: Stretch(),
}
ONE_RECORDING = {  # the beginning of the long one serves the short ones
    name: replace(stretch, recorded_min=90) if stretch.manner == USUAL_MANNER else stretch
    for name, stretch in STRETCHES.items()
}
MEASURED = tuple((n, dwell) for n in SYMBOLS for dwell in DWELLS_S)


def options() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(description="Recall of the visiting policies.")
    p.add_argument("--quick", action="store_true", help="only what the flags below name; writes no file")
    p.add_argument("--seed", type=int, nargs="+", default=[SEEDS[0]])
    p.add_argument("--symbols", type=int, nargs="+", default=[500])
    p.add_argument("--dwell", type=float, nargs="+", default=[5.0], help="seconds")
    p.add_argument("--policy", nargs="+", default=["rotation"], choices=POLICIES)
    p.add_argument("--normal-max", type=int, nargs="+", default=[LineSettings().normal_max], help="lines at 25")
    p.add_argument("--top-max", type=int, nargs="+", default=[LineSettings().top_max], help="lines at 50")
    p.add_argument("--table", nargs="+", default=[SHIPPED], choices=list(TITLES), help="bound = signals get no line")
    p.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="numbers of the engine's CoveragePolicy")
    return p


def full_cells() -> list[Cell]:
    """All tables."""
    cells = [Cell(SHIPPED, n, dwell, policy) for n, dwell in MEASURED for policy in ("round_robin", "rotation")]
    cells += [Cell(BOUND, n, dwell, policy) for n, dwell in MEASURED for policy in ("round_robin", "rotation")]
    cells += [Cell(BOUND, 500, DWELLS_S[-1], policy) for policy in WITHOUT_DWELL]
    cells += [Cell(SHARED, 1_500, dwell, "rotation") for dwell in DWELLS_S]
    cells += [Cell(LONG, n, 5.0, "rotation") for n in (500, 1_500)]
    return cells + [Cell(RESTLESS, n, dwell, "rotation") for n, dwell in MEASURED]


def run_cells(
    cells: Sequence[Cell],
    seeds: Sequence[int],
    stretches: Mapping[str, Stretch],
    changes: dict[str, float] | None = None,
) -> dict[Cell, list[Score]]:
    """The score of each cell and seed."""
    prepare(seeds, {stretches[cell.table] for cell in cells})
    print(f"recordings and truths of {len(seeds)} seeds are there", flush=True)
    runs = {
        (cell, seed): Run(seed, stretches[cell.table], _settings(cell, changes or {}))
        for cell in cells
        for seed in seeds
    }
    scores = run_all(runs.values(), lambda text: print(text, flush=True))
    return {cell: [scores[runs[cell, seed].path] for seed in seeds] for cell in cells}


def _settings(cell: Cell, changes: dict[str, float]) -> RunSettings:
    return RunSettings(
        cell.symbols,
        cell.policy,
        cell.dwell_s,
        cell.normal_max,
        cell.top_max,
        promote=cell.table != BOUND,
        changes=changes,
        engines=cell.engines,
    )


def report(cells: dict[Cell, list[Score]], took_min: float, cpu_min: float) -> tuple[list[str], list[Mark]]:
    """The text, and what had to be reached."""
    seeds, usual = max(len(scores) for scores in cells.values()), STRETCHES[SHIPPED]
    lines = [
        f"Coverage: 50 lines, 5 kept for positions, 3 positions; {seeds} seeds, {usual.minutes} market minutes each,",
        f"the first {usual.settle_min} not scored. Recall of the confirmed signals of the same detector with a line",
        "for every symbol, pooled over the seeds (lowest-highest seed); delays of those found within 60 s.",
        "`lines` = those that rotate in the mean; `age p95` = of the prices of all running signals, `top` = of those",
        "of top score; `50/25` = the most lines of running signals and of candidates.",
    ]
    for name in TITLES:
        part = table(cells, name)
        lines += ["", *part] if part else []
    found = marks(cells)
    took = f"took {took_min:.1f} minutes, {cpu_min:.1f} of CPU: half of that on two idle cores"
    lines += ["", *(mark.line() for mark in found), "", took]
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
            "age_p95_s": each.age_s,
            "age_top_p95_s": each.age_strong_s,
        }
        for cell, each in sorted(figures.items())
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    args = options().parse_args(arguments)
    begun = time.monotonic()
    if args.quick:
        wanted = [
            Cell(name, n, dwell, policy, top, normal)
            for name in args.table
            for n in args.symbols
            for dwell in args.dwell
            for policy in args.policy
            for top in args.top_max
            for normal in args.normal_max
        ]
        changes = {name: float(value) for name, _, value in (text.partition("=") for text in args.set)}
        cells = run_cells(wanted, args.seed, STRETCHES, changes)
    else:
        cells = run_cells(full_cells(), SEEDS, ONE_RECORDING)
    lines, found = report(cells, (time.monotonic() - begun) / 60.0, sum(os.times()[:4]) / 60.0)
    print("\n".join(lines))
    if not args.quick:
        write(cells, lines)
    return 0 if all(mark.passed for mark in found) else 1


def write(cells: dict[Cell, list[Score]], lines: Sequence[str]) -> None:
    """The three files beside this one."""
    (HERE / "coverage.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    figures = {cell: pooled(scores) for cell, scores in cells.items()}
    (HERE / "coverage.svg").write_text(plot(figures), encoding="utf-8")
    (HERE / "coverage.json").write_text(json.dumps(numbers(figures), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
