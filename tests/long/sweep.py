"""A sweep on a Dask cluster of this machine is that of one process to the last digit; what it gains is said.

    python start.py test --long sweep [--sets 4000] [--days 20] [--symbols 200] [--workers 2]

Days are made up (390 minutes each) and lie in an archive of years, which each worker reads. The gain is at most that of
the cores: with as many workers as cores, and the memory's bandwidth shared, it stays below their number.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import numpy as np
from distributed import LocalCluster
from msgspec.structs import replace

from engine.archive.names import MINUTES, bar_path
from engine.archive.parquet import About, Day, bars_file
from engine.archive.store import ArchiveStore
from engine.bars.bar_files import BarColumns
from engine.config import BreakoutParams
from engine.domain import ContractRef
from engine.lab.choice import ON_CLUSTER
from engine.lab.cluster import sweep_on_cluster
from engine.lab.messages import AskSweep, Progress, SweepAnswer
from engine.lab.sources import recordings
from engine.lab.sweep import sweep
from engine.state.lab_sections import Range
from tests.long.report import finish
from tests.unit.lab.lab_samples import walk

FIRST = datetime(2025, 9, 2, 13, 30, tzinfo=UTC)  # 09:30 New York
SURGES = 20


def write_days(url: str, symbols: int, days: int) -> None:
    """A file of the archive for each symbol and weekday."""
    store = ArchiveStore(url)
    weekdays = [day for n in range(2 * days + 7) if (day := FIRST + timedelta(days=n)).weekday() < 5][:days]
    for number in range(symbols):
        symbol = f"S{number:03d}"
        contract = ContractRef(con_id=1 + number, symbol=symbol, local_symbol=symbol, sec_type="STK", currency="USD")
        for at, day in enumerate(weekdays):
            opens = day.timestamp()
            bars = BarColumns(*walk(1_000 * number + at, start=opens), np.full(390, 3.0))
            content = bars_file(Day(About(contract, opens, opens + 390 * 60.0), bars))
            store.put(bar_path("simulated", MINUTES, f"{day:%Y-%m-%d}", 1 + number, symbol, "main"), content)


def ask_of(url: str, sets: int) -> AskSweep:
    """So many sets of three thresholds."""
    bars = tuple(float(10 + 2 * n) for n in range(min(20, max(1, sets // (SURGES // 2)))))
    surges = tuple(round(1.0 + 0.2 * n, 1) for n in range(min(SURGES, max(1, sets // len(bars)))))
    buffers = tuple(round(0.05 * n, 2) for n in range(max(1, sets // (len(bars) * len(surges)))))
    ranges = Range("bars_n", bars), Range("buffer_atr", buffers), Range("volume_surge", surges)
    return AskSweep(1, "archive", f"{url}/simulated", (), (), BreakoutParams().model_dump(), 5e6, ranges, 10)


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
    with tempfile.TemporaryDirectory() as name:
        url = f"file://{name}"
        write_days(url, args.symbols, args.days)
        ask = ask_of(url, args.sets)
        own, own_s = timed("one process", sweep(ask, recordings(ask.kind, ask.folder), ON_CLUSTER))
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
