"""A lab process for the benchmarks: send a message, wait for the answer."""

from __future__ import annotations

import queue
import time
from pathlib import Path

import numpy as np

from engine.bars.series import BarArrays
from engine.lab.messages import Failed, FromLab, ToLab
from engine.lab.process import Ended, LabProcess

ROOT = Path(__file__).resolve().parents[1]
OPEN = 1_762_353_000.0  # 2025-11-05 09:30 New York


class TimedLab:
    """`ask` returns (answer, seconds)."""

    def __init__(self, folder: Path) -> None:
        self._said: queue.Queue[FromLab | Ended] = queue.Queue()
        self.process = LabProcess(ROOT, folder / "lab.log", self._said.put, self._said.put)

    def cpu_s(self) -> float:
        """CPU seconds of the process so far, where the system tells; NaN elsewhere."""
        path = Path(f"/proc/{self.process.pid}/schedstat")
        return int(path.read_text().split()[0]) / 1e9 if path.exists() else float("nan")

    def ask(self, message: ToLab, *kinds: type) -> tuple[FromLab, float]:
        begun = time.perf_counter()
        self.process.send(message)
        while True:
            said = self._said.get(timeout=300.0)
            if isinstance(said, Ended | Failed):
                raise SystemExit(f"the lab failed: {said}")
            if isinstance(said, kinds):
                return said, time.perf_counter() - begun


def walk(seed: int, count: int, start: float = OPEN) -> BarArrays:
    """Minutes of a random walk with bursts of volume and price, so that there are breakouts."""
    rng = np.random.default_rng(seed)
    burst = np.repeat(rng.choice([1.0, 3.0], count // 10 + 1, p=[0.9, 0.1]), 10)[:count]
    close = np.round(100.0 + np.cumsum(rng.normal(0, 0.04, count) * burst), 2)
    open_ = np.concatenate([close[:1], close[:-1]])
    spread = np.round(np.abs(rng.normal(0, 0.02, count)), 2)
    volume = np.round(rng.lognormal(9, 0.7, count) * burst)
    high, low = np.maximum(open_, close) + spread, np.minimum(open_, close) - spread
    return BarArrays(start + 60.0 * np.arange(count), open_, high, low, close, volume)
