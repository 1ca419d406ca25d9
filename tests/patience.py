"""How long a promise in wall-clock time may take on this machine now: other work on the same cores stretches it."""

from __future__ import annotations

import os
import time

SPIN_CPU_S = 0.02


def slowdown() -> float:
    """1.0 on a machine with a free core; 3.0 when three threads want each core, or work gets a third of one."""
    cores = os.cpu_count() or 1
    queued = os.getloadavg()[0] / cores if hasattr(os, "getloadavg") else 1.0
    return max(1.0, queued, _spin_ratio())


def patience(seconds: float) -> float:
    """`seconds` as promised for a machine of one's own, stretched by what runs beside the tests."""
    return seconds * slowdown()


def _spin_ratio() -> float:
    """Wall time over CPU time of a short piece of work."""
    wall, spent = time.perf_counter(), time.thread_time()
    while time.thread_time() - spent < SPIN_CPU_S:
        pass
    return (time.perf_counter() - wall) / SPIN_CPU_S
