"""The well-known days, each played by the simulator's own scenario file to the whole program: what /healthz says.

Red must come within its time after the first thing that goes wrong, and green within its time after all is well again;
a quiet day must stay green. Arguments: names of scenarios (default: all built-in ones).
"""

from __future__ import annotations

import re
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulator.scenario import built_in, load
from simulator.scenario_run import actions
from tests.integration.engine_bench import SimulatorRun
from tests.integration.test_program import Program
from tests.long.report import ROOT, finish
from tests.patience import wait_for

LOOK_S = 0.5
SETTLE_S = 20.0  # the start may show reasons of its own
START_S = 240.0
LEAD_S = 60.0  # the market begins so long before the scenario does, so that the program is there in time


@dataclass(frozen=True)
class Expected:
    """`red` is what the reasons must say; empty = it stays green. Seconds are wall seconds."""

    red: str = ""
    red_s: float = 30.0
    green_s: float = 30.0
    runs_s: float = 45.0  # of a day on which nothing goes wrong
    speed: float = 1.0
    starts_red: bool = False


EXPECTED: dict[str, Expected] = {
    "weekday": Expected(),
    "weekend": Expected(),
    "half-day": Expected(runs_s=60.0, speed=60.0),
    "holiday": Expected(),
    "clocks-back": Expected(runs_s=90.0, speed=120.0),
    "clocks-forward": Expected(runs_s=60.0, speed=60.0),
    "futures-reset": Expected(runs_s=90.0, speed=60.0),
    "account-reset": Expected(runs_s=60.0, speed=10.0),
    "nightly-restart": Expected("not connected", red_s=5.0, green_s=20.0),
    "nightly-reset": Expected("lost its connection to IB", red_s=5.0),
    "farm-flap": Expected("farm usfarm is down", red_s=5.0),
    "competing-login": Expected("Another session", red_s=5.0, green_s=60.0),
    "wrong-port": Expected("not connected", red_s=5.0, green_s=45.0, starts_red=True),
    "half-open": Expected("not connected", red_s=30.0, green_s=45.0),
    "data-lost": Expected("lost its connection to IB", red_s=5.0),
    "data-kept": Expected("lost its connection to IB", red_s=5.0),
    "expiry": Expected(runs_s=90.0),
}


@dataclass
class Watched:
    """What /healthz said: (wall seconds, status, reasons)."""

    began: float
    looks: list[tuple[float, str, tuple[str, ...]]] = field(default_factory=list)

    def look(self, program: Program) -> None:
        answer = program.get("/healthz")
        said = answer if isinstance(answer, dict) else {"status": "down", "reasons": ["no answer"]}
        self.looks.append((time.monotonic() - self.began, said["status"], tuple(said["reasons"])))

    def red_between(self, start: float, end: float) -> list[tuple[float, tuple[str, ...]]]:
        return [(at, reasons) for at, status, reasons in self.looks if start <= at < end and status != "ok"]

    def longest_wait(self, start: float, end: float) -> float:
        """The longest time between two answers around that stretch: what happened in it, nobody has seen."""
        moments = [at for at, _, _ in self.looks]
        pairs = [(a, b) for a, b in zip(moments, moments[1:], strict=False) if b > start and a < end]
        return max((b - a for a, b in pairs), default=0.0)

    def green_after(self, moment: float) -> float | None:
        """Seconds from `moment` until it is green and stays so; None = it does not."""
        last_red = max((at for at, status, _ in self.looks if status != "ok"), default=None)
        if last_red is None or last_red < moment:
            return 0.0
        return None if last_red == self.looks[-1][0] else last_red + LOOK_S - moment


def is_there(program: Program) -> bool:
    """Connected, and the positions are known; on a closed day they may have no price."""
    status = program.status()
    return bool(status) and status["broker"]["connected"] and status["positions"]["tradable"] == 3


def until(program: Program, watched: Watched, end: float) -> None:
    """Looks twice a second until `end`, seconds since the beginning."""
    while (now := time.monotonic() - watched.began) < end:
        watched.look(program)
        wait_for(lambda due=now + LOOK_S: time.monotonic() - watched.began >= due, "the next look")


def times_of(scenario: dict[str, Any], lasts_s: float) -> tuple[float, float]:
    """When the first thing goes wrong and when the last one ends, wall seconds since the scenario began."""
    done = [step for step in scenario["steps"] if "done_s" in step]
    ends = [step["done_s"] + float(step["params"].get("seconds", 0.0)) for step in done]
    return done[0]["done_s"], max(ends, default=lasts_s)


def play(name: str, expected: Expected, folder: Path) -> tuple[dict[str, Any], str]:
    """Figures, and what is wrong in words."""
    scenario = load(built_in()[name], actions())
    lead = LEAD_S * expected.speed if scenario.steps and not expected.starts_red else 0.0
    begin = datetime.fromtimestamp(scenario.start - lead, UTC).isoformat()
    simulator = SimulatorRun("--scenario", name, "--start", begin, "--speed", str(expected.speed), "--seed", "5")
    watched = Watched(time.monotonic())
    program = Program(ROOT, folder / "data", "--broker", "paper", "--broker-port", str(simulator.port))
    try:
        if not expected.starts_red:
            wait_for(lambda: is_there(program), "the positions", START_S)
        else:
            wait_for(lambda: program.get("/healthz"), "the program answers")
        offset = time.monotonic() - watched.began - simulator.call("GET", "/scenario")["running_s"]
        if not scenario.steps:
            until(program, watched, time.monotonic() - watched.began + expected.runs_s)
            red = watched.red_between(watched.looks[0][0] + min(SETTLE_S, expected.runs_s / 2), float("inf"))
            return {"red": [[round(at, 1), *reasons] for at, reasons in red[:3]]}, "red on a quiet day" if red else ""
        while not (told := simulator.call("GET", "/scenario"))["over"]:
            until(program, watched, time.monotonic() - watched.began + LOOK_S)
        first, last = (offset + at for at in times_of(told, 0.0))
        until(program, watched, last + (expected.green_s if expected.red else expected.runs_s))
        told = simulator.call("GET", "/scenario")
    finally:
        program.end()
        simulator.stop()
    return judged(expected, watched, first, last, int(told["failed"]))


def judged(expected: Expected, watched: Watched, first: float, last: float, failed: int) -> tuple[dict[str, Any], str]:
    first = watched.looks[0][0] if expected.starts_red else first  # the program must be there to say it
    reds = watched.red_between(first, float("inf"))
    fitting = [at for at, reasons in reds if re.search(expected.red, "; ".join(reasons))] if expected.red else []
    before = [] if expected.starts_red else watched.red_between(watched.looks[0][0] + SETTLE_S, first - LOOK_S)
    green_s = watched.green_after(last)
    said = sorted({reason for _, reasons in reds for reason in reasons})
    figures = {
        "red_after_s": round(fitting[0] - first, 1) if fitting else None,
        "no_answer_s": round(watched.longest_wait(first, last), 1),
        "green_after_s": None if green_s is None else round(green_s, 1),
        "said": said[:6],
    }
    wrong = []
    if not expected.starts_red and watched.looks[0][0] > first - LOOK_S:
        wrong.append("the program came too late for it: this machine is too slow or too busy")
    if (unseen_s := watched.longest_wait(first, last)) > expected.red_s:
        wrong.append(f"not judged: no answer for {unseen_s:.1f} s meanwhile, this machine is too busy")
    if failed:
        wrong.append(f"{failed} steps failed")
    if expected.red and (not fitting or fitting[0] - first > expected.red_s):
        wrong.append(f"not red within {expected.red_s:g} s by {expected.red!r}")
    if not expected.red and reds:
        wrong.append("red, though nothing is wrong")
    if green_s is None or green_s > expected.green_s:
        wrong.append(f"not green within {expected.green_s:g} s")
    if before:
        wrong.append(f"red before anything happened: {before[0][1]}")
    return figures, ", ".join(wrong)


def main(arguments: list[str]) -> int:
    names = arguments or list(built_in())
    unknown = [name for name in names if name not in EXPECTED]
    figures: dict[str, Any] = {}
    broken = [f"{name}: nothing is expected of it" for name in unknown]
    for name in names:
        if name in unknown:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                figures[name], wrong = play(name, EXPECTED[name], Path(folder))
            except AssertionError as problem:
                figures[name], wrong = {}, f"it was not played: {problem}"
        print(f"{name}: {wrong or 'as expected'}; {figures[name]}", flush=True)
        if wrong:
            broken.append(f"{name}: {wrong}")
    figures["broken"] = broken
    said = f"{len(names) - len(broken)} of {len(names)} days as expected" + "".join(f"; {one}" for one in broken)
    return finish("scenarios", not broken, figures, said)
