"""A dead link is seen within 30 s, and an hour of answers that come up to 5 s late is no alarm at all.

In that hour one position grows quiet as thin stocks do: a tick each quarter of a minute, then none for ten minutes. The
engine keeps its own times. Arguments: minutes of the hour (60), tries of the dead link (5).
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.integration.engine_bench import EngineBench, SimulatorRun, running_engine, running_simulator, wait_for
from tests.integration.test_dead_feed import CL, health_of, row_of
from tests.long.report import finish

MINUTES, TRIES = 60.0, 5
SEEN_S = 30.0
LATEST_S = 5.0
THIN_S, TICKS_FOR_S = 15.0, 1.5
SILENT_S = 600.0


def dead_links(bench: EngineBench, simulator: SimulatorRun, tries: int) -> list[float]:
    """Seconds from the moment at which nothing comes or goes any more to the first red /healthz."""
    seen: list[float] = []
    for attempt in range(tries):
        wait_for(lambda: health_of(bench)["status"] == "ok", "green")
        time.sleep(3.0 + 2.3 * attempt)  # at another moment between two probes
        begun = time.monotonic()
        simulator.fault("silence")
        wait_for(lambda: health_of(bench)["status"] != "ok", "red", every_s=0.1)
        seen.append(time.monotonic() - begun)
        simulator.fault("resume")
    wait_for(lambda: health_of(bench)["status"] == "ok", "green again")
    return seen


class Quiet:
    """One position whose ticks come ever less often: seconds since the begin decide."""

    def __init__(self, simulator: SimulatorRun, con_id: int, silent_s: float) -> None:
        self._simulator, self._con_id = simulator, con_id
        self._thin_until, self._silent_until = 180.0, 180.0 + silent_s
        self._muted = False
        self.longest_s = 0.0

    def step(self, at: float) -> None:
        thin = at % THIN_S >= TICKS_FOR_S
        wanted = thin if at < self._thin_until else at < self._silent_until
        if wanted != self._muted:
            self._muted = wanted
            self._simulator.fault("mute_ticks" if wanted else "unmute_ticks", con_id=self._con_id)

    def look(self, row: Any, wall: float) -> None:
        if row is not None and row.last_wall is not None:
            self.longest_s = max(self.longest_s, wall - row.last_wall)


def late_answers(bench: EngineBench, simulator: SimulatorRun, minutes: float) -> dict[str, Any]:
    """What /healthz said while answers came up to 5 s late."""
    rng, reasons = random.Random(7), {}
    drops = bench.count("disconnected")
    quiet = Quiet(simulator, row_of(bench, CL).con_id, min(SILENT_S, minutes * 60.0 / 3.0))
    begun = time.monotonic()
    while (at := time.monotonic() - begun) < minutes * 60.0:
        simulator.fault("delay", seconds=rng.uniform(0.0, LATEST_S))
        quiet.step(at)
        quiet.look(row_of(bench, CL), time.time())
        for reason in health_of(bench)["reasons"]:
            reasons.setdefault(reason, round(at, 1))
        time.sleep(0.5)
    simulator.fault("clear")
    return {
        "minutes": minutes,
        "false_alarms": reasons,
        "disconnects": bench.count("disconnected") - drops,
        "quiet_symbol_longest_s": round(quiet.longest_s, 1),
    }


def main(arguments: list[str]) -> int:
    minutes = float(arguments[0]) if arguments else MINUTES
    tries = int(arguments[1]) if len(arguments) > 1 else TRIES
    with (
        running_simulator("--seed", "11", "--fresh") as simulator,
        tempfile.TemporaryDirectory() as folder,
        running_engine(simulator.port, Path(folder)) as bench,
    ):
        wait_for(lambda: row_of(bench, CL) and row_of(bench, CL).last is not None, "prices")
        seen = dead_links(bench, simulator, tries)
        hour = late_answers(bench, simulator, minutes)
    figures = {"seen_s": [round(each, 1) for each in seen], **hour}
    passed = max(seen, default=0.0) <= SEEN_S and not hour["false_alarms"] and not hour["disconnects"]
    said = (
        f"a dead link seen in {max(seen, default=0.0):.1f} s at most (30), {len(hour['false_alarms'])} false alarms"
        f" and {hour['disconnects']} disconnects in {minutes:g} min of late answers; a symbol silent for"
        f" {hour['quiet_symbol_longest_s']:.0f} s raised none"
    )
    return finish("honest_hour", passed, figures, said)
