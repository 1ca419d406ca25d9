"""The programs whose pages are measured: two builds of this project, the naive Dash page, Streamlit's.

Fair to both builds: each is a whole `app.py` at a gateway of its own, and every gateway is the present build's
simulator with the same seed. So both see the same market with the same names, prices and updates, however their own
simulators differ. They connect as to a paper TWS.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import tempfile
import threading
import venv
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.launch.ports import free_port
from benchmarks.start_up import ROOT, asked, prices
from tests.integration.engine_bench import running_simulator, wait_for

SEED = "7"
SYMBOL = "TSLA"  # the held contract whose page is measured
PAGES = ("/", "/positions", "/scanners", "/lines", "/symbol/CON", "/health", "/lab", "/settings")
STARTS_S, PRICES_S = 60, 120
STREAMLIT = ("streamlit==1.67.0", "plotly==7.1.0")
KEPT = Path.home() / ".cache" / "qtrade-benchmarks"  # environments, for the next run


@dataclass(frozen=True)
class Build:
    """A tree of this project and an interpreter that has its packages."""

    name: str
    root: Path
    python: str


@dataclass(frozen=True)
class Program:
    """Pages that are being served."""

    name: str
    port: int
    con_id: int | None = None

    def address(self, page: str) -> str:
        return f"http://127.0.0.1:{self.port}{path_of(page, self.con_id)}"


def path_of(page: str, con_id: int | None) -> str:
    """As in the address bar: CON is the contract."""
    return page.replace("CON", str(con_id))


def this_build() -> Build:
    return Build("this build", ROOT, sys.executable)


@contextmanager
def build_of(commit: str) -> Iterator[Build]:
    """The tree of a commit, in a temporary folder, with the packages that it asks for."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
        if packed.returncode:
            raise RuntimeError(
                f"no commit {commit} here (git: {packed.stderr.decode().strip()}): fetch the whole history"
            )
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
            archive.extractall(folder, filter="data")
        asks = Path(folder) / "requirements.txt"
        python = sys.executable
        if asks.read_bytes() != (ROOT / "requirements.txt").read_bytes():
            python = environment(commit, ["-r", str(asks)])
        yield Build(commit, Path(folder), python)


def environment(name: str, packages: Sequence[str]) -> str:
    """The interpreter of a kept environment with these packages, made at the first use. RuntimeError if that fails."""
    folder = KEPT / name
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    complete = folder / "complete"
    if not complete.exists():
        print(f"an environment for {name} is made in {folder}", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(packages)} can't be installed: {done.stderr.strip()[-300:]}")
        complete.touch()
    return str(python)


@contextmanager
def running_build(build: Build, scenario: str = "weekday") -> Iterator[Program]:
    """`app.py` of that build, with prices of every held contract."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        gateway = stack.enter_context(running_simulator("--scenario", scenario, "--seed", SEED))
        port = free_port()
        command = [build.python, "app.py", "--broker", "paper", "--broker-port", str(gateway.port), "--no-browser",
                   "--port", str(port), "--data-dir", str(folder / "data")]  # fmt: skip
        stack.enter_context(serving(build.name, command, build.root, port, folder))
        wait_for(lambda: prices(port) >= 3, f"prices in {build.name}", PRICES_S)
        rows = asked(port, "/api/v1/positions")["tradable"]
        yield Program(build.name, port, next(row["con_id"] for row in rows if row["local_symbol"] == SYMBOL))


@contextmanager
def running_naive(name: str, arguments: Sequence[str], python: str = sys.executable) -> Iterator[Program]:
    """A page that is one module; PORT among the arguments becomes its port."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        port = free_port()
        command = [python, "-m", *(argument.replace("PORT", str(port)) for argument in arguments)]
        with serving(name, command, ROOT, port, Path(folder)):
            yield Program(name, port)


def running_naive_dash() -> AbstractContextManager[Program]:
    return running_naive("naive Dash", ["benchmarks.naive_dash", "--port", "PORT"])


def running_streamlit() -> AbstractContextManager[Program]:
    """RuntimeError when Streamlit can't be had."""
    options = "--server.port PORT --server.address 127.0.0.1 --server.headless true --server.fileWatcherType none"
    arguments = ["streamlit", "run", "benchmarks/naive_streamlit.py", *options.split()]
    python = environment(STREAMLIT[0].replace("==", "-"), STREAMLIT)
    return running_naive("Streamlit", [*arguments, "--browser.gatherUsageStats", "false"], python)


@contextmanager
def serving(name: str, command: Sequence[str], cwd: Path, port: int, home: Path) -> Iterator[None]:
    """The process, from its first page on; in a home of its own, where nobody has settings."""
    output = home / "output.txt"
    environ = os.environ | {"HOME": str(home), "PYTHONPATH": str(cwd)}
    with output.open("wb") as said:
        process = subprocess.Popen(command, cwd=cwd, env=environ, stdout=said, stderr=subprocess.STDOUT)

    def is_there() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended with {process.returncode}: {output.read_text()[-800:]}")
        return asked(port, "/") is not None

    try:
        wait_for(is_there, f"a page of {name}", STARTS_S)
        yield
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait(seconds: float) -> None:
    threading.Event().wait(seconds)
