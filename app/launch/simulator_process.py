"""The simulated gateway as a process of its own: started, watched, started again, stopped by closing its input.

The engine is told host and port and nothing else.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from app.launch.cli import Recording
from app.launch.ports import is_listening
from engine.config import SimulatorSettings
from engine.storage.atomic import write_whole
from engine.storage.places import free_for_file, make_folder
from engine.storage.private import open_regular

READY_S = 30.0
RESTART_AFTER_S = 15.0  # who stopped it may start another one on that port; then that one is used
CONTROL_FILE = "simulator.json"
STATE_FILE = "simulator-state.json"
HOST = "127.0.0.1"

Hear = Callable[[dict[str, Any]], None]

log = logging.getLogger("qtrade.simulator")


@dataclass(frozen=True, slots=True)
class Ready:
    """The simulator's ready line."""

    port: int
    control_port: int
    control_token: str


def command_line(settings: SimulatorSettings, port: int, state_file: Path, account: str | None) -> list[str]:
    """How the simulator is started; pure."""
    command = [sys.executable, "-m", "simulator", "--host", HOST, "--port", str(port)]
    command += ["--seed", str(settings.seed), "--speed", f"{settings.speed:g}", "--scenario", settings.scenario]
    command += ["--portfolio", settings.portfolio, "--accounts", str(settings.accounts)]
    command += ["--line-limit", str(settings.line_limit), "--volume-unit", settings.volume_unit]
    command += ["--state", str(state_file)]
    if account is not None:
        command += [f"--account={account}"]  # in one word, which no parser takes for an option of its own
    return [*command, "--fresh"] if settings.fresh else command


def playing(recording: Recording, port: int) -> list[str]:
    """How a recorded session is served instead; its live accounts go as paper, for nothing here is live. Pure."""
    command = [sys.executable, "-m", "simulator", "--host", HOST, "--port", str(port)]
    return [*command, "--play", str(recording.file.resolve()), "--speed", f"{recording.speed:g}", "--as-paper"]


def parse_said(line: bytes) -> dict[str, Any]:
    """The object on a line of its output; {} when the line is something else."""
    try:
        content: Any = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def parse_ready(said: dict[str, Any]) -> Ready | None:
    """None when it is another line than the ready line."""
    try:
        return Ready(int(said["port"]), int(said["control_port"]), str(said["control_token"]))
    except (ValueError, KeyError, TypeError):
        return None


class SimulatorProcess:
    """One simulated gateway on a fixed port. `start` and `stop` from any thread."""

    def __init__(self, command: list[str], root: Path, data_dir: Path, port: int, hear: Hear | None = None) -> None:
        """`hear` is given each object that it prints, in a thread of its own."""
        self._command = command
        self._hear = hear or (lambda said: None)
        self._root = root
        self._data_dir = data_dir
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._guard = threading.Lock()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def start(self) -> Ready | None:
        """Start it and wait for its ready line; None when it did not come up (the log says why)."""
        ready = self._launch()
        threading.Thread(target=self._keep, name="simulator-watch", daemon=True).start()
        return ready

    def stop(self, timeout_s: float = 0.7) -> None:
        """Close its standard input, which ends it; after `timeout_s` it is killed."""
        self._stopping.set()
        with self._guard:
            process = self._process
        if process is None:
            return
        _close_input(process)
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            try:
                process.wait(timeout_s)
            except subprocess.TimeoutExpired:  # a busy machine reaps late; the signal is on its way
                log.warning("The simulated gateway (process %d) was killed and is not gone yet", process.pid)
        with suppress(OSError):  # whatever stands there keeps nobody from ending
            (self._data_dir / CONTROL_FILE).unlink(missing_ok=True)

    def _launch(self) -> Ready | None:
        """A full disk, a missing interpreter, an argument that no process takes: said, and the engine starts."""
        try:
            return self._start_process()
        except (OSError, ValueError) as error:
            log.error("The simulated gateway can't be started: %s", error)
            return None

    def _start_process(self) -> Ready | None:
        with self._guard:
            if self._stopping.is_set():
                return None
            log_file = self._data_dir / "logs" / "simulator.log"
            make_folder(log_file.parent)
            for place in (log_file, self._data_dir / CONTROL_FILE, self._data_dir / STATE_FILE):
                free_for_file(place)
            # Ctrl+C reaches the whole console; the launcher ends the simulator itself, after the engine.
            kwargs: dict[str, Any] = (
                {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
                if sys.platform == "win32"
                else {"start_new_session": True}
            )
            with open(log_file, "ab", opener=open_regular) as errors:
                self._process = subprocess.Popen(  # noqa: S603 - our own program, no shell
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    cwd=self._root,
                    **kwargs,
                )
            process = self._process
        ready = _read_ready(process, READY_S, self._hear)
        if ready is None and not self._stopping.is_set():
            log.error("The simulated gateway did not start; %s says why", log_file)
        elif ready is not None:
            self._write_control_file(ready)
        return ready

    def _keep(self) -> None:
        """Start it again when it died, unless something else listens on its port by then."""
        while not self._stopping.is_set():
            process = self._process
            if process is not None:
                process.wait()
                _close_input(process)
            if self._stopping.is_set():
                return
            log.warning("The simulated gateway ended; it is started again in %.0f s", RESTART_AFTER_S)
            if self._stopping.wait(RESTART_AFTER_S):
                return
            while is_listening(HOST, self._port):
                if self._stopping.wait(RESTART_AFTER_S):
                    return
            self._launch()

    def _write_control_file(self, ready: Ready) -> None:
        """Port and token for scripts of this user; 0600."""
        path = self._data_dir / CONTROL_FILE
        content = {"port": ready.port, "control_port": ready.control_port, "token": ready.control_token}
        write_whole(path, json.dumps(content).encode())


def _close_input(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        try:
            process.stdin.close()
        except OSError:  # it was gone already
            pass


def _read_ready(process: subprocess.Popen[bytes], timeout_s: float, hear: Hear) -> Ready | None:
    """The first ready line within the time; its output is read to the end, so that it never blocks."""
    found: list[Ready] = []
    arrived = threading.Event()
    assert process.stdout is not None
    threading.Thread(
        target=_read_output, args=(process.stdout, found.append, arrived, hear), name="simulator-output", daemon=True
    ).start()
    deadline = time.monotonic() + timeout_s
    while not arrived.wait(0.1) and process.poll() is None and time.monotonic() < deadline:
        pass
    arrived.wait(0.2 if process.poll() is not None else 0)
    return found[0] if found else None


def _read_output(stream: IO[bytes], keep: Callable[[Ready], None], arrived: threading.Event, hear: Hear) -> None:
    with stream:
        for line in stream:
            said = parse_said(line)
            if said:
                hear(said)
            ready = None if arrived.is_set() else parse_ready(said)
            if ready is not None:
                keep(ready)
                arrived.set()
    arrived.set()
