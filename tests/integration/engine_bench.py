"""The whole engine without pages, and the simulator as a process, for tests and longer points."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from engine.broker.timings import Timings
from engine.clock import SystemClock
from engine.journal.reader import JournalReader
from engine.journal.writer import Journal
from engine.kernel.engine import Engine
from engine.kernel.rooms import EngineSetup
from engine.kernel.runtime import EngineThread
from engine.settings.effective import resolve
from engine.settings.sources import Layer
from engine.state.bus import StateBus
from engine.state.commands import Command
from engine.state.disk_store import DiskOutlet
from engine.storage.build_id import build_id
from tests.patience import DEADLINE_S, wait_for

__all__ = ["EngineBench", "SimulatorRun", "brisk_engine", "running_engine", "running_simulator", "wait_for"]
BRISK = Timings(positions_s=1.0, start_up_s=1.5, end_grace_s=0.5, after_drop_s=0.2, recheck_details_s=3.0,
                recheck_values_s=3.0)  # fmt: skip
ROOT = Path(__file__).resolve().parents[2]


class EngineBench:
    """A running engine: `read` its sections, `send` it commands."""

    def __init__(
        self,
        port: int,
        data_dir: Path,
        mode: str = "paper",
        timings: Timings | None = None,
        period_stretch: float = 1.0,
        **settings: Any,
    ) -> None:
        clock = SystemClock()
        values = {"broker.mode": mode, **{key.replace("__", "."): value for key, value in settings.items()}}
        self.state = StateBus(DiskOutlet(data_dir / "state" / "main"), clock)
        self.journal, self.reader = Journal(clock), JournalReader()
        setup = EngineSetup(
            resolve([Layer("command line", values), Layer("environment"), Layer("saved"), Layer("config.yaml")]),
            "127.0.0.1", port, data_dir, self.state, self.journal, self.reader, build_id(ROOT), ROOT, clock,
            timings=timings or Timings(), period_stretch=period_stretch,
        )  # fmt: skip
        self.engine: Engine | None = None
        self._thread = EngineThread(lambda: self._build(setup))

    def _build(self, setup: EngineSetup) -> Engine:
        self.engine = Engine(setup)
        return self.engine

    def start(self) -> EngineBench:
        self._thread.start()
        return self

    def stop(self) -> None:
        assert self._thread.stop(DEADLINE_S), "the engine did not stop"
        self.state.stop()
        self.journal.stop()
        self.reader.close()
        assert self._thread.failure is None, self._thread.failure

    def read(self, name: str) -> Any:
        return self.state.read(name)

    def send(self, command: Command) -> None:
        self.state.submit(command)

    @property
    def is_connected(self) -> bool:
        broker = self.read("broker")
        return broker is not None and broker.connected

    def count(self, kind: str) -> int:
        """How often so far: "connected", "disconnected". A poll may miss what lasts a moment, the count does not."""
        assert self.engine is not None
        return sum(event.kind == kind for event in list(self.engine.rooms.health.events))

    def position(self, local_symbol: str) -> Any:
        section = self.read("positions")
        rows = section.tradable if section is not None else ()
        return next((row for row in rows if row.local_symbol == local_symbol), None)


@contextmanager
def running_engine(port: int, data_dir: Path, mode: str = "paper", **more: Any) -> Iterator[EngineBench]:
    """An engine that keeps the product's own times; `more`: timings, period_stretch, settings by name."""
    bench = EngineBench(port, data_dir, mode, **more).start()
    try:
        yield bench
    finally:
        bench.stop()


def brisk_engine(port: int, data_dir: Path, mode: str = "paper", **more: Any) -> AbstractContextManager[EngineBench]:
    """An engine that waits less, for tests of what it does and not of when."""
    return running_engine(port, data_dir, mode, timings=BRISK, period_stretch=0.2, **more)


class SimulatorRun:
    """`python -m simulator` as a process; its control port by `get` and `fault`."""

    def __init__(self, *arguments: str, port: int = 0) -> None:
        command = [sys.executable, "-m", "simulator", "--port", str(port), *arguments]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        ready = json.loads(self._process.stdout.readline())
        self.port: int = ready["port"]
        self.pid = self._process.pid
        self._control = f"http://127.0.0.1:{ready['control_port']}"
        self._token: str = ready["control_token"]

    def call(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._control + path, data=data, method=method, headers={"X-Token": self._token}
        )
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            return json.load(answer)

    def ledger(self) -> dict[str, Any]:
        return dict(self.call("GET", "/ledger"))

    def fault(self, kind: str, **params: Any) -> Any:
        return self.call("POST", "/fault", {"kind": kind, **params})

    def kill(self) -> None:
        """As a crash: no goodbye."""
        self._process.kill()
        self._end()

    def stop(self) -> None:
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
        self._end()

    def _end(self) -> None:
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        for stream in (self._process.stdout, self._process.stdin):
            if stream is not None and not stream.closed:
                stream.close()


@contextmanager
def running_simulator(*arguments: str, port: int = 0) -> Iterator[SimulatorRun]:
    simulator = SimulatorRun(*arguments, port=port)
    try:
        yield simulator
    finally:
        simulator.stop()
