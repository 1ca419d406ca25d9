"""The whole program for an hour under churn, with five tabs that poll and a reconnect each ten minutes: nothing grows.

Argument: minutes (60). Slopes are taken after the first ten minutes, or after a sixth of a shorter run. The universe
still grows then: two slopes of the engine are told, the plain one, which counts, and one without the bars of symbols
that came meanwhile. Those are bounded: at most 2,000 symbols of 2,944 minutes (91 kB each).
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.chaos.tab import POLL_EVERY_S, ServerFailed, Tab
from tests.integration.engine_bench import running_simulator
from tests.integration.test_program import Program, has_prices
from tests.long.report import ROOT, finish
from tests.patience import wait_for

MINUTES, WARM_MINUTES, RECONNECT_MINUTES = 60.0, 10.0, 10.0
LOOK_S = 10.0
ENGINE_MB_PER_HOUR, SIMULATOR_MB_PER_HOUR = 20.0, 10.0
THREADS, DESCRIPTORS = 2, 5
MB_A_SYMBOL = 0.04  # two days of minutes (tests/unit/bars/test_memory.py) and the usual volume of each minute
PAGES = ("/", "/positions", "/lines", "/scanners", "/health")


@dataclass
class Growth:
    """Of one process: (seconds, MB), and how many threads and descriptors it had."""

    process: psutil.Process
    sizes: list[tuple[float, float]] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def look(self, at: float, *, is_warm: bool) -> None:
        if not is_warm:
            return
        self.sizes.append((at, self.process.memory_info().rss / 1e6))
        self.threads.append(self.process.num_threads())
        self.descriptors.append(self.process.num_handles() if sys.platform == "win32" else self.process.num_fds())

    def mb_per_hour(self) -> float:
        return slope(self.sizes) * 3_600.0

    def mb_per_hour_without(self, symbols: Sequence[tuple[float, int]]) -> float:
        """The same without what the bars of `symbols` take: how many there were by which second."""
        counts = [max((n for when, n in symbols if when <= at), default=0) for at, _ in self.sizes]
        rest = [(at, mb - MB_A_SYMBOL * n) for (at, mb), n in zip(self.sizes, counts, strict=True)]
        return slope(rest) * 3_600.0

    def figures(self) -> dict[str, object]:
        return {
            "mb_per_hour": round(self.mb_per_hour(), 1),
            "mb": [round(self.sizes[0][1], 1), round(self.sizes[-1][1], 1)],
            "threads": [min(self.threads), max(self.threads)],
            "descriptors": [min(self.descriptors), max(self.descriptors)],
        }

    @property
    def is_steady(self) -> bool:
        """Threads and descriptors stay, but for what comes and goes within a look."""
        kept = statistics.median(self.threads[: len(self.threads) // 4 + 1])
        held = statistics.median(self.descriptors[: len(self.descriptors) // 4 + 1])
        late = len(self.threads) * 3 // 4
        return (
            abs(statistics.median(self.threads[late:]) - kept) <= THREADS
            and abs(statistics.median(self.descriptors[late:]) - held) <= DESCRIPTORS
        )


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the line of least squares; 0 for fewer than three points."""
    if len(points) < 3:
        return 0.0
    return statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope


class Tabs:
    """Five pages that poll each two seconds, each in a thread of its own."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stopping = threading.Event()
        self.tabs = [Tab(path) for path in PAGES]
        self.failures: list[str] = []
        self._threads = [threading.Thread(target=self._poll, args=(tab,), daemon=True) for tab in self.tabs]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(30.0)

    def _poll(self, tab: Tab) -> None:
        while not self._stopping.wait(POLL_EVERY_S):
            try:
                tab.poll(self._port)
            except (ServerFailed, OSError, ValueError) as error:
                self.failures.append(str(error))


def main(arguments: list[str]) -> int:
    minutes = float(arguments[0]) if arguments else MINUTES
    warm_s = min(WARM_MINUTES, minutes / 6.0) * 60.0
    with tempfile.TemporaryDirectory() as folder, running_simulator("--seed", "5", "--fresh") as simulator:
        program = Program(ROOT, Path(folder) / "data", "--broker", "paper", "--broker-port", str(simulator.port))
        try:
            wait_for(lambda: has_prices(program), "prices", every_s=0.2)
            tabs = Tabs(program.port)
            tabs.start()
            engine, gateway = Growth(psutil.Process(program.process.pid)), Growth(psutil.Process(simulator.pid))
            begun, reconnects = time.monotonic(), 0
            symbols: list[tuple[float, int]] = []  # whose bars are loaded by which second
            while (at := time.monotonic() - begun) < minutes * 60.0:
                for each in (engine, gateway):
                    each.look(at, is_warm=at >= warm_s)
                if at >= (reconnects + 1) * RECONNECT_MINUTES * 60.0:
                    reconnects += 1
                    simulator.fault("drop")
                if engine.sizes and (scanners := program.status().get("scanners")):
                    symbols.append((at, scanners["with_bars"]))
                if int(at) % 300 < LOOK_S and symbols:
                    print(
                        f"{at / 60.0:.0f} min: {engine.sizes[-1][1]:.0f} MB with the bars of {symbols[-1][1]} symbols,"
                        f" {gateway.sizes[-1][1]:.0f} MB",
                        flush=True,
                    )
                time.sleep(LOOK_S)
            tabs.stop()
            ledger, health = simulator.ledger(), program.get("/healthz")
            changes = {tab: each.changes for tab, each in zip(PAGES, tabs.tabs, strict=True)}
        finally:
            with suppress(ProcessLookupError):
                program.end()
    figures = {
        "minutes": minutes, "engine": engine.figures(), "simulator": gateway.figures(), "reconnects": reconnects,
        "mb_per_hour_without_new_bars": round(engine.mb_per_hour_without(symbols), 1),
        "symbols_with_bars": [symbols[0][1], symbols[-1][1]], "failed_polls": tabs.failures[:10],
        "changes": changes, "health": health,
        "lines_opened": ledger["lines_opened"], "max_lines": ledger["max_lines"],
        "worst_second": ledger["worst_second"],
    }  # fmt: skip
    passed = (
        engine.mb_per_hour() <= ENGINE_MB_PER_HOUR
        and gateway.mb_per_hour() <= SIMULATOR_MB_PER_HOUR
        and engine.is_steady
        and gateway.is_steady
        and not tabs.failures
    )
    said = (
        f"engine {engine.mb_per_hour():+.1f} MB/h (at most +{ENGINE_MB_PER_HOUR:g}),"
        f" {engine.mb_per_hour_without(symbols):+.1f} without the bars of {symbols[-1][1] - symbols[0][1]} symbols that"
        " came meanwhile; simulator"
        f" {gateway.mb_per_hour():+.1f} MB/h (at most +{SIMULATOR_MB_PER_HOUR:g}), threads"
        f" {engine.figures()['threads']}, descriptors {engine.figures()['descriptors']},"
        f" {len(tabs.failures)} failed polls, {reconnects} reconnects"
    )
    return finish("soak", passed, figures, said)
