"""What the dashboard counts of itself: answers, how long polls take. Any thread."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

import psutil

from app.login.gate import Gate
from app.metrics.of_engine import Sample
from engine.state.counter_sections import Spread

POLL_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Meters:
    """One dashboard's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._codes: Counter[int] = Counter()
        self._polls = [0] * (len(POLL_BOUNDS_S) + 1)
        self._polls_s = 0.0

    def answered(self, code: int) -> None:
        """One request was."""
        with self._lock:
            self._codes[code] += 1

    def polled(self, took_s: float) -> None:
        """One poll of a page was answered."""
        with self._lock:
            self._polls[bisect_left(POLL_BOUNDS_S, took_s)] += 1
            self._polls_s += took_s

    def samples(self) -> Iterator[Sample]:
        with self._lock:
            codes, polls = dict(self._codes), Spread(POLL_BOUNDS_S, tuple(self._polls), self._polls_s)
        for code, count in sorted(codes.items()):
            yield Sample("qtrade_http_responses_total", count, (str(code),))
        yield Sample("qtrade_poll_duration_seconds", polls)


def login_samples(gate: Gate) -> Iterator[Sample]:
    """How logins went, and how many are in."""
    for outcome, count in sorted(gate.outcomes.items()):
        yield Sample("qtrade_logins_total", count, (outcome,))
    yield Sample("qtrade_sessions", gate.sessions)


def process_samples() -> Iterator[Sample]:
    """Of this process, asked of the system now."""
    process = psutil.Process()
    with process.oneshot():
        used = process.cpu_times()
        yield Sample("process_cpu_seconds_total", used.user + used.system)
        yield Sample("process_resident_memory_bytes", process.memory_info().rss)


def program_samples(version: str, build: str, uptime_s: float) -> Iterator[Sample]:
    """Which program it is."""
    yield Sample("qtrade_build_info", 1.0, (version, build))
    yield Sample("qtrade_start_time_seconds", time.time() - uptime_s)
