"""Random trades over a book of every kind and three accounts, across a day change: the API against the broker's book.

`python start.py test --long book [minutes] [seed] [start]`: once a minute the simulated market is held for some
seconds, and every position, account and fill that the API shows is compared with the gateway's own book, to the cent.
In the middle the program is ended and started again. The market runs sixteen times as fast as the clock and begins at
16:20 New York: thirty minutes take it over the currencies' reset (17:00), the futures' (18:00), that of US shares
(20:00) and midnight.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.integration.book_check import Book, Comparison, compare_fills
from tests.integration.engine_bench import ROOT, SimulatorRun, running_simulator
from tests.integration.test_program import Program
from tests.long.report import finish

MINUTES = 30.0
SPEED = 16.0
TRADE_EVERY_S = 90.0  # market seconds
START = "2025-11-05T16:20"
HOLD_S = 14.0
ACCOUNTS = 3
READY_S = 120.0


@dataclass
class Verdict:
    """What was compared, and what was not equal. `waits_s`: how long after the hold everything agreed."""

    looks: int = 0
    figures: int = 0
    broken: list[str] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)


class Watch:
    """Holds the market, and looks until both books agree or the hold is over."""

    def __init__(self, simulator: SimulatorRun, verdict: Verdict) -> None:
        self._simulator, self._verdict = simulator, verdict

    def look(self, program: Program) -> None:
        book = self._simulator.call("POST", "/hold", {"seconds": HOLD_S})
        began, broken = time.monotonic(), ["nothing was read"]
        while broken and time.monotonic() - began < HOLD_S - 3.0:
            threading.Event().wait(0.5)
            broken, figures = self._once(program, book)
        self._verdict.looks += 1
        self._verdict.figures += figures
        self._verdict.waits_s.append(round(time.monotonic() - began, 1))
        self._verdict.broken += [f"{book['new_york']} {text}" for text in broken]
        print(
            f"{book['new_york']}: {figures} figures after {self._verdict.waits_s[-1]} s, {len(broken)} differ",
            flush=True,
        )
        for text in broken[:12]:
            print(f"   {text}", flush=True)
        self._simulator.call("POST", "/release", {})

    def _once(self, program: Program, book: Book) -> tuple[list[str], int]:
        positions = program.get("/api/v1/positions?account=all")
        status, fills = program.get("/api/v1/status"), program.get("/api/v1/fills?since=0&limit=5000")
        if not positions or not status or not fills:
            return ["the API does not answer"], 0
        look = Comparison(book, positions, status)
        broken = look.broken + compare_fills(book, fills)
        return broken, look.figures + len(book["fills"])


def _wait(condition: Callable[[], Any], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        threading.Event().wait(0.5)
    return False


def _is_ready(program: Program) -> bool:
    positions = program.get("/api/v1/positions?account=all")
    return bool(positions) and positions["complete"] and all(row["mark"] is not None for row in positions["tradable"])


def run(simulator: SimulatorRun, folder: Path, minutes: float) -> Verdict:
    """The whole point; the program is ended and started again at half time."""
    verdict = Verdict()
    watch, data = Watch(simulator, verdict), folder / "data"
    arguments = ("--broker", "paper", "--broker-host", "127.0.0.1", "--broker-port", str(simulator.port))
    program = Program(ROOT, data, *arguments)
    try:
        if not _wait(lambda: _is_ready(program), READY_S):
            verdict.broken.append("the program was not ready")
            return verdict
        began, restarted = time.monotonic(), False
        while (gone_s := time.monotonic() - began) < minutes * 60.0:
            if not restarted and gone_s >= minutes * 30.0:
                restarted = True
                program.end()
                threading.Event().wait(15.0)
                program = Program(ROOT, data, *arguments)
                if not _wait(lambda: _is_ready(program), READY_S):  # noqa: B023 - the newest one is meant
                    verdict.broken.append("the program was not ready after its restart")
                    return verdict
            threading.Event().wait(max(0.0, min(60.0, minutes * 60.0 - gone_s) - HOLD_S / 2))
            watch.look(program)
    finally:
        if program.process.poll() is None:
            program.end()
    return verdict


def main(arguments: list[str]) -> int:
    minutes = float(arguments[0]) if arguments else MINUTES
    seed = arguments[1] if len(arguments) > 1 else "21"
    start = arguments[2] if len(arguments) > 2 else START
    options = ("--portfolio", "world", "--accounts", str(ACCOUNTS), "--seed", seed, "--fresh", "--start", start)
    options += ("--speed", str(SPEED), "--trade-every", str(TRADE_EVERY_S), "--account-interval", "3")
    with tempfile.TemporaryDirectory() as folder, running_simulator(*options) as simulator:
        verdict = run(simulator, Path(folder), minutes)
        book = simulator.call("GET", "/book")
    figures = {
        "minutes": minutes,
        "looks": verdict.looks,
        "figures": verdict.figures,
        "fills": len(book["fills"]),
        "ended_new_york": book["new_york"],
        "different": len(verdict.broken),
        "slowest_agreement_s": max(verdict.waits_s, default=0.0),
        "first_differences": verdict.broken[:40],
    }
    shown = ", ".join(f"{key} {value}" for key, value in figures.items() if key != "first_differences")
    return finish("book", not verdict.broken and verdict.looks > 0, figures, shown)
