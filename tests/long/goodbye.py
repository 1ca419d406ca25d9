"""How fast the program ends: 3 s after Ctrl+C, `kill` or a closed terminal everything is down, a stubborn engine too.

Also: a second program on the same data folder gives up within 2 s and the start of a Python. On a machine of its own:
these are promises in wall-clock time. And killed, it leaves nothing behind that the next start would meet.
"""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from app.launch.ports import free_port, is_listening
from tests.app.test_launcher import Launched
from tests.integration.test_program import Program, has_prices
from tests.long.report import ROOT, finish
from tests.patience import wait_for

END_S, STUBBORN_S, SECOND_S = 3.0, 3.3, 3.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def seconds_of(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return round(time.monotonic() - began, 2)


def whole_program(folder: Path, number: int) -> float:
    """Ended while prices flow from the simulated gateway."""
    program = Program(ROOT, folder / "data", "--broker", "simulated")
    wait_for(lambda: has_prices(program), "prices", every_s=0.1)
    return seconds_of(lambda: program.end(number))


def killed(folder: Path) -> float:
    """Killed, it leaves no simulator, and the next start goes on: seconds until its port is given up."""
    first = Program(ROOT, folder / "data", "--broker", "simulated")
    wait_for(lambda: has_prices(first), "prices", every_s=0.1)
    (simulator,) = first.simulators()
    gateway_port = first.status()["broker"]["port"]
    first.end(signal.SIGKILL)
    gone = seconds_of(lambda: wait_for(lambda: not is_listening("127.0.0.1", gateway_port), "the port is given up"))
    wait_for(lambda: not simulator.is_running() or simulator.status() == psutil.STATUS_ZOMBIE, "no simulator")
    second = Program(ROOT, folder / "data", "--broker", "simulated")
    wait_for(lambda: has_prices(second), "prices again", every_s=0.1)
    second.end(signal.SIGINT)
    return gone


def launcher(folder: Path, kind: str) -> tuple[float, float]:
    """Seconds until a second program gave up beside it, and until it was gone by Ctrl+C itself."""
    first = Launched(ROOT, folder, free_port(), kind=kind)
    first.wait_until_up()
    refused = seconds_of(lambda: Launched(ROOT, folder, free_port()).process.wait(60))
    return refused, seconds_of(lambda: first.end(signal.SIGINT))


def main(arguments: list[str]) -> int:
    figures: dict[str, float] = {}
    for number in SIGNALS:
        with tempfile.TemporaryDirectory() as name:
            figures[signal.Signals(number).name] = whole_program(Path(name), number)
    with tempfile.TemporaryDirectory() as name:
        figures["port after kill"] = killed(Path(name))
    for kind in ("obedient", "stubborn"):
        with tempfile.TemporaryDirectory() as name:
            figures[f"second beside {kind}"], figures[kind] = launcher(Path(name), kind)
    limits = {"stubborn": STUBBORN_S, "second beside obedient": SECOND_S, "second beside stubborn": SECOND_S}
    passed = all(seconds < limits.get(name, END_S) for name, seconds in figures.items())
    shown = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in figures.items())
    return finish("goodbye", passed, figures, shown)
