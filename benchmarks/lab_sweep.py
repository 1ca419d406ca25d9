"""A sweep in the lab process: 400 sets of parameters x 5 days x 6 symbols. Goal: < 60 s on 2 cores.

    python -m benchmarks.lab_sweep [--quick]

Days are made up: four stocks of 960 minutes (extended hours) and two futures of 1,380 minutes, as the recorded ones.
Reading the files counts. `--quick` runs a tenth of the sets.
"""

from __future__ import annotations

import argparse
import gzip
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.lab_process import OPEN, TimedLab, walk
from engine.config import BreakoutParams
from engine.lab.messages import AskSweep, SweepAnswer
from engine.state.lab_sections import Range

DAYS, DAY_S = 5, 86_400.0
LENGTHS = {"AAA": 960, "BBB": 960, "CCC": 960, "DDD": 960, "FFF": 1_380, "GGG": 1_380}
GOAL_S = 60.0


def write_days(folder: Path) -> None:
    """The files of all symbols and days; stocks begin at 04:00 New York, futures at midnight."""
    for at, (symbol, count) in enumerate(LENGTHS.items()):
        for day in range(DAYS):
            midnight = OPEN - 9.5 * 3_600.0 + day * DAY_S
            bars = walk(100 * at + day, count, midnight + (4 * 3_600.0 if count == 960 else 0.0))
            name = f"{symbol}-{datetime.fromtimestamp(midnight + 43_200, UTC):%Y%m%d}.csv.gz"
            with gzip.open(folder / name, "wt", compresslevel=1) as out:
                out.write("time,open,high,low,close,volume\n")
                for row in zip(*(column.tolist() for column in bars), strict=True):
                    out.write(",".join(f"{value:g}" if n else f"{value:.0f}" for n, value in enumerate(row)) + "\n")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    args = options.parse_args()
    buffers = 2 if args.quick else 20
    ranges = (
        Range("bars_n", tuple(float(10 + 2 * n) for n in range(20))),
        Range("buffer_atr", tuple(round(0.05 * n, 2) for n in range(buffers))),
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_days(folder)
        lab = TimedLab(folder)
        ask = AskSweep(1, "csv", name, (), (), BreakoutParams().model_dump(), 5e6, ranges, 10)
        answer, seconds = lab.ask(ask, SweepAnswer)
        cpu_s = lab.cpu_s()
        lab.process.stop()
    assert isinstance(answer, SweepAnswer)
    result = answer.result
    signals = sum(cell[2] for cell in result.cells if cell is not None)
    size = f"{result.sets} sets x {result.tapes} symbol-days, {signals:,} signals in all"
    print(f"{size}: {seconds:.1f} s, of which {cpu_s:.1f} s CPU (goal < {GOAL_S:.0f})")
    print(result.split)
    return 0 if seconds < GOAL_S else 1


if __name__ == "__main__":
    raise SystemExit(main())
