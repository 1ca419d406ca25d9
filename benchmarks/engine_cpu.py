"""CPU time of the engine thread at 50 lines x 4 updates/s, against a bare ib_insync client on the same stream.

    python -m benchmarks.engine_cpu [--seconds 60] [--phases 10] [--parts]

Goal: at most 2 times. One gateway process (benchmarks.busy_gateway), one bare client process, and the engine in this
one, all at the same time. Counted from the moment when all lines tick and the universe has its history. The engine does
its whole work meanwhile: positions, P&L, bars, both scanners, publishing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.engine_parts import Parts
from engine.bars import history_plan
from tests.integration.engine_bench import ROOT, EngineBench, running_engine, wait_for

LINES = 50
GOAL = 2.0


class Child:
    """A benchmark process that talks JSON lines; ends with its standard input."""

    def __init__(self, module: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the process ended"
        return dict(json.loads(line))

    def write(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class ThreadClock:
    """CPU seconds of one thread of this process."""

    def __init__(self, name: str) -> None:
        thread = next(each for each in threading.enumerate() if each.name == name)
        assert thread.ident is not None
        self._clock = time.pthread_getcpuclockid(thread.ident)

    def __call__(self) -> float:
        return time.clock_gettime(self._clock)


def load_history_fast() -> None:
    """The gateway of this benchmark allows it: ten minutes of warm-up become one."""
    history_plan.PER_MINUTE = 1_500
    history_plan.MAX_OPEN = 12


def uses_every_line(bench: EngineBench) -> bool:
    lines = bench.read("lines")
    return lines is not None and lines.used >= LINES


def is_warm(bench: EngineBench) -> bool:
    scanners = bench.read("scanners")
    return scanners is not None and scanners.with_bars > 0 and not scanners.warming_text


def contracts_of(bench: EngineBench) -> list[tuple[int, str, str]]:
    symbols = bench.engine.rooms.symbols  # type: ignore[union-attr]
    rows = [symbols.contract(row.con_id) for row in bench.read("lines").rows]
    return [(each.con_id, each.sec_type, each.exchange) for each in rows if each is not None]


def measure(bench: EngineBench, bare: Child, seconds: float, parts: Parts | None) -> dict[str, float]:
    """Both sides over the same window."""
    clock = ThreadClock("engine")
    bus = bench.engine.rooms.bus  # type: ignore[union-attr]
    counted = [0]
    original = bus.on_ticks

    def on_ticks(ticks: Any) -> None:
        counted[0] += len(ticks.updates)
        original(ticks)

    bus.on_ticks = on_ticks
    if parts is not None:
        parts.reset()
    begun, cpu, whole = time.monotonic(), clock(), time.process_time()
    bare.write("look")
    before = bare.read()
    threading.Event().wait(seconds)
    took, engine_s, whole_s = time.monotonic() - begun, clock() - cpu, time.process_time() - whole
    if parts is not None:
        print("\n".join(parts.table(took, engine_s / took * 1e3)), flush=True)
    bare.write("look")
    after = bare.read()
    bare_s = after["cpu_s"] - before["cpu_s"]
    return {
        "seconds": round(took, 1),
        "engine_updates_per_s": round(counted[0] / took, 1),
        "bare_updates_per_s": round((after["updates"] - before["updates"]) / took, 1),
        "engine_ms_per_s": round(engine_s / took * 1e3, 2),
        "bare_ms_per_s": round(bare_s / took * 1e3, 2),
        "other_threads_ms_per_s": round((whole_s - engine_s) / took * 1e3, 2),
        "ratio": round(engine_s / bare_s, 2),
    }


def run(seconds: float, phases: int, hold: bool, parts: Parts | None = None) -> dict[str, float]:
    if parts is not None:
        parts.install()
    source = Child("benchmarks.busy_gateway", "--phases", str(phases))
    bare = Child("benchmarks.bare_client")
    try:
        port = source.read()["port"]
        load_history_fast()
        with tempfile.TemporaryDirectory() as folder:
            with running_engine(port, Path(folder), mode="simulated") as bench:
                wait_for(lambda: uses_every_line(bench), f"{LINES} lines", 120)
                wait_for(lambda: is_warm(bench), "history of the universe", 300)
                bare.write(json.dumps({"port": port, "contracts": contracts_of(bench)}))
                bare.read()
                threading.Event().wait(3.0)
                if hold:
                    print(f"warm; pid of this process for a profiler: {threading.get_native_id()}", flush=True)
                figures = measure(bench, bare, seconds, parts)
                scanners = bench.read("scanners")
                figures |= {"lines": bench.read("lines").used, "symbols_with_bars": scanners.with_bars}
                return figures
    finally:
        bare.stop()
        source.stop()


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--phases", type=int, default=10)
    options.add_argument("--announce", action="store_true", help="say when the window begins, for a profiler")
    options.add_argument("--parts", action="store_true", help="say where it goes; costs 2 ms a second itself")
    args = options.parse_args()
    figures = run(args.seconds, args.phases, args.announce, Parts() if args.parts else None)
    for name, value in figures.items():
        print(f"{name:28} {value:>10}")
    print(f"engine thread / bare client: {figures['ratio']} times (goal <= {GOAL})")
    return 0 if figures["ratio"] <= GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main())
