"""The programs whose pages are measured: a whole `app.py` of some build at a simulated gateway of its own.

Fair: every program gets the present build's gateway with one seed, started one after the other, so each build sees the
same market with the same names, prices and updates, however its own simulator looked. It connects as to a paper TWS.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.launch.ports import free_port
from benchmarks.start_up import asked, prices
from tests.integration.engine_bench import running_simulator, wait_for

SEED = "7"
PAGES = ("/", "/positions", "/scanners", "/lines", "/symbol/CON", "/health", "/lab", "/settings")
SYMBOL = "TSLA"  # the one held contract whose page is measured
STARTS_S, PRICES_S = 60, 120


@dataclass(frozen=True)
class Build:
    """A tree of this project and the interpreter that has its packages."""

    name: str
    root: Path
    python: str


@dataclass(frozen=True)
class Program:
    """A running page server. `pid` is the process that answers."""

    name: str
    port: int
    pid: int
    folder: Path | None = None
    con_id: int | None = None

    def address(self, page: str) -> str:
        return f"http://127.0.0.1:{self.port}{self.path(page)}"

    def path(self, page: str) -> str:
        return page.replace("CON", str(self.con_id))


@contextmanager
def running_build(build: Build, scenario: str = "weekday") -> Iterator[Program]:
    """`app.py` of that build, with prices of every held contract."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        gateway = stack.enter_context(running_simulator("--scenario", scenario, "--seed", SEED))
        port = free_port()
        command = [build.python, "app.py", "--broker", "paper", "--broker-port", str(gateway.port), "--no-browser"]
        process = started(
            [*command, "--port", str(port), "--data-dir", str(folder / "data")], build.root, folder / "output"
        )
        stack.callback(end, process)
        wait_for(lambda: serves(process, port, folder / "output"), f"a page of {build.name}", STARTS_S)
        wait_for(lambda: prices(port) >= 3, f"prices in {build.name}", PRICES_S)
        con_id = next(
            row["con_id"] for row in asked(port, "/api/v1/positions")["tradable"] if row["local_symbol"] == SYMBOL
        )
        yield Program(build.name, port, process.pid, folder, con_id)


def started(command: list[str], cwd: Path, output: Path) -> subprocess.Popen[bytes]:
    """With a home of its own (no settings of the person who measures); what it says goes to `output`."""
    with output.open("wb") as said:
        return subprocess.Popen(
            command, cwd=cwd, env=os.environ | {"HOME": str(output.parent)}, stdout=said, stderr=subprocess.STDOUT
        )


def serves(process: subprocess.Popen[bytes], port: int, output: Path) -> bool:
    """Does it answer? RuntimeError with its last words when it has ended."""
    if process.poll() is not None:
        raise RuntimeError(f"{process.args} ended with {process.returncode}: {output.read_text()[-800:]}")
    return asked(port, "/") is not None


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait(seconds: float) -> None:
    threading.Event().wait(seconds)
