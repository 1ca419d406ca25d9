"""Kill the simulator and start it again on the same port, 20 times: how long until connected, until all tick."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.integration.engine_bench import EngineBench, SimulatorRun, running_engine, wait_for
from tests.long.report import finish

TRIES = 20
DOWN_S = (0.5, 2.0, 5.0)


def all_tick(bench: EngineBench, since_wall: float) -> bool:
    section = bench.read("positions")
    return section is not None and all(
        row.last_wall is not None and row.last_wall > since_wall and row.last_kind != "portfolio"
        for row in section.tradable
    )


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main(arguments: list[str]) -> int:
    tries = int(arguments[0]) if arguments else TRIES
    connected_s: list[float] = []
    ticking_s: list[float] = []
    simulator = SimulatorRun("--seed", "5")
    with tempfile.TemporaryDirectory() as folder, running_engine(simulator.port, Path(folder), "simulated") as bench:
        try:
            wait_for(lambda: bench.is_connected and all_tick(bench, 0.0), "the first connection", 30)
            for attempt in range(tries):
                simulator.kill()
                wait_for(lambda: not bench.is_connected, "the loss is noticed", 30)
                wait_until = time.monotonic() + DOWN_S[attempt % len(DOWN_S)]
                wait_for(lambda until=wait_until: time.monotonic() >= until, "the pause", 10)
                simulator = SimulatorRun("--seed", "5", port=simulator.port)
                begun, begun_wall = time.monotonic(), time.time()
                wait_for(lambda: bench.is_connected, "connected again", 60)
                connected_s.append(time.monotonic() - begun)
                wait_for(lambda since=begun_wall: all_tick(bench, since), "all positions tick", 60)
                ticking_s.append(time.monotonic() - begun - connected_s[-1])
                print(f"try {attempt + 1}: connected {connected_s[-1]:.1f} s, ticking +{ticking_s[-1]:.1f} s")
        finally:
            simulator.stop()
    figures = {
        "tries": tries,
        "connected_p95_s": round(percentile(connected_s, 0.95), 2),
        "connected_max_s": round(max(connected_s), 2),
        "ticking_max_s": round(max(ticking_s), 2),
    }
    passed = figures["connected_p95_s"] <= 8.0 and figures["ticking_max_s"] <= 5.0
    return finish("reconnect", passed, figures, ", ".join(f"{key} {value}" for key, value in figures.items()))
