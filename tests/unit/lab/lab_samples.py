"""Symbols and recorded days for the lab's tests, and a lab process whose messages can be waited for."""

from __future__ import annotations

import gzip
import queue
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from engine.bars.series import BarArrays
from engine.config import BreakoutParams
from engine.lab.messages import AskSweep, LoadToday, SymbolMinutes
from engine.lab.process import LabProcess
from engine.state.lab_sections import Range
from tests.patience import DEADLINE_S

ROOT = Path(__file__).resolve().parents[3]
OPEN = 1_381_152_600.0  # 2013-10-07 09:30 New York
DAY_S = 86_400.0


def walk(seed: int, count: int = 390, start: float = OPEN) -> BarArrays:
    """A random walk of minutes with volume that comes in bursts."""
    rng = np.random.default_rng(seed)
    close = np.round(50.0 + np.cumsum(rng.normal(0, 0.04, count)), 2)
    open_ = np.concatenate([close[:1], close[:-1]])
    spread = np.round(np.abs(rng.normal(0, 0.02, count)), 2)
    volume = np.round(rng.lognormal(8, 1.0, count))
    high, low = np.maximum(open_, close) + spread, np.minimum(open_, close) - spread
    return BarArrays(start + 60.0 * np.arange(count), open_, high, low, close, volume)


def write_day(folder: Path, symbol: str, day: str, bars: BarArrays) -> Path:
    """One CSV file of the recorded layout."""
    path = folder / f"{symbol}-{day.replace('-', '')}.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.write("time,open,high,low,close,volume\n")
        for row in zip(*(column.tolist() for column in bars), strict=True):
            at = datetime.fromtimestamp(row[0], UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            out.write(",".join([at, *(f"{value:g}" for value in row[1:])]) + "\n")
    return path


def write_days(folder: Path, symbols: tuple[str, ...] = ("AAA", "BBB"), days: int = 3) -> list[str]:
    """Recorded days from 2013-10-07 on; returns their dates."""
    names = []
    for number in range(days):
        name = datetime.fromtimestamp(OPEN + number * DAY_S, UTC).date().isoformat()
        names.append(name)
        for at, symbol in enumerate(symbols):
            write_day(folder, symbol, name, walk(10 * number + at, start=OPEN + number * DAY_S))
    return names


def symbol_minutes(con_id: int, bars: BarArrays) -> SymbolMinutes:
    columns = np.stack(bars).astype("<f8").tobytes()
    return SymbolMinutes(con_id, f"S{con_id}", True, True, 2e6, columns, b"", 0, 0.0, (), (), None, None)


def today(symbols: int = 3, count: int = 390) -> LoadToday:
    return LoadToday(0, OPEN, True, tuple(symbol_minutes(n, walk(n, count)) for n in range(1, symbols + 1)))


def base(**changed: object) -> dict[str, object]:
    return BreakoutParams(**changed).model_dump()  # type: ignore[arg-type]


def ask_sweep(job: int, folder: Path, *ranges: Range, least: int = 1) -> AskSweep:
    return AskSweep(job, "csv", str(folder), (), (), base(), 5e6, ranges, least)


class Bench:
    """A real lab process; `wait` hands out what it says."""

    def __init__(self, folder: Path) -> None:
        self.messages: queue.Queue[object] = queue.Queue()
        self.process = LabProcess(ROOT, folder / "lab.log", self.messages.put, self.messages.put)

    def wait(self, *kinds: type) -> object:
        """The next message (or exit code) of one of these kinds; others are dropped."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            message = self.messages.get(timeout=max(0.01, deadline - time.monotonic()))
            if isinstance(message, kinds):
                return message
