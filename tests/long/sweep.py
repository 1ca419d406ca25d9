"""A sweep on a Dask cluster of this machine is that of one process to the last digit; what it gains is said.

    python start.py test --long sweep [--sets 4000] [--days 20] [--symbols 200] [--workers 2]

Days are made up (390 minutes each). The gain is at most that of the cores: with as many workers as cores, and the
memory's bandwidth shared, it stays below their number. Skipped, with a message, without requirements-scale.txt.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import os
import tempfile
import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from engine.config import BreakoutParams
from engine.lab.choice import ON_CLUSTER
from engine.lab.cluster import sweep_on_cluster
from engine.lab.messages import AskSweep, Progress, SweepAnswer
from engine.lab.recordings import CsvRecordings
from engine.lab.sweep import sweep
from engine.state.lab_sections import Range
from tests.long.report import finish
from tests.unit.lab.lab_samples import walk

FIRST = datetime(2025, 9, 2, 13, 30, tzinfo=UTC)  # 09:30 New York
SURGES = 20


def write_days(folder: Path, symbols: int, days: int) -> None:
    """A CSV file of each symbol and weekday."""
    weekdays = [day for n in range(2 * days + 7) if (day := FIRST + timedelta(days=n)).weekday() < 5][:days]
    for number in range(symbols):
        for at, day in enumerate(weekdays):
            bars = walk(1_000 * number + at, start=day.timestamp())
            rows = zip(*(column.tolist() for column in bars), strict=True)
            lines = [f"{row[0]:.0f}," + ",".join(f"{value:g}" for value in row[1:]) for row in rows]
            text = "time,open,high,low,close,volume\n" + "\n".join(lines) + "\n"
            (folder / f"S{number:03d}-{day:%Y%m%d}.csv.gz").write_bytes(gzip.compress(text.encode(), 1))


def ask_of(folder: Path, sets: int) -> AskSweep:
    """So many sets of three thresholds."""
    bars = tuple(float(10 + 2 * n) for n in range(min(20, max(1, sets // (SURGES // 2)))))
    surges = tuple(round(1.0 + 0.2 * n, 1) for n in range(min(SURGES, max(1, sets // len(bars)))))
    buffers = tuple(round(0.05 * n, 2) for n in range(max(1, sets // (len(bars) * len(surges)))))
    ranges = Range("bars_n", bars), Range("buffer_atr", buffers), Range("volume_surge", surges)
    return AskSweep(1, "csv", str(folder), (), (), BreakoutParams().model_dump(), 5e6, ranges, 10)


def timed(name: str, steps: Generator[Progress | SweepAnswer]) -> tuple[SweepAnswer, float]:
    begun = told = time.perf_counter()
    last: Progress | SweepAnswer | None = None
    for last in steps:
        if isinstance(last, Progress) and time.perf_counter() - told > 30.0:
            told = time.perf_counter()
            print(f"  {name}: {told - begun:.0f} s, {last.done} of {last.total} {last.text}", flush=True)
    assert isinstance(last, SweepAnswer)
    return last, time.perf_counter() - begun


def main(arguments: list[str]) -> int:
    options = argparse.ArgumentParser(prog="--long sweep", description=__doc__)
    for name, default in (("sets", 4_000), ("days", 20), ("symbols", 200), ("workers", 2)):
        options.add_argument(f"--{name}", type=int, default=default)
    args = options.parse_args(arguments)
    if importlib.util.find_spec("distributed") is None:
        print("SKIPPED sweep: requirements-scale.txt is not installed")
        return 0
    from distributed import LocalCluster

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_days(folder, args.symbols, args.days)
        ask = ask_of(folder, args.sets)
        own, own_s = timed("one process", sweep(ask, CsvRecordings(folder), ON_CLUSTER))
        with LocalCluster(n_workers=args.workers, threads_per_worker=1, dashboard_address=None) as cluster:
            far, far_s = timed("cluster", sweep_on_cluster(replace(ask, cluster=cluster.scheduler_address)))
    equal = replace(own.result, took_s=0.0) == replace(far.result, took_s=0.0, cluster="")
    result = own.result
    figures = {
        "sets": result.sets,
        "symbol_days": result.tapes,
        "signals_of_best": result.signals_total,
        "one_process_s": round(own_s, 1),
        "cluster_s": round(far_s, 1),
        "workers": args.workers,
        "speed_up": round(own_s / far_s, 2),
        "equal": equal,
    }
    size = f"{result.sets:,} sets x {result.tapes:,} symbol-days"
    gain = f"{own_s:.0f} s in one process, {far_s:.0f} s on {args.workers} workers ({own_s / far_s:.2f} times as fast)"
    return finish(
        "sweep", equal, figures, f"{size}: {'equal' if equal else 'DIFFERENT'}; {gain}; {os.cpu_count()} cores"
    )
