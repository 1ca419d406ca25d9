"""The simulated gateway as a child process: ready line, control file, end by closed input, restart."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest

from app.launch import simulator_process
from app.launch.ports import free_port, is_listening
from app.launch.simulator_process import SimulatorProcess, command_line, parse_ready, parse_said
from engine.config import SimulatedDay, SimulatorSettings
from simulator.scenario import built_in
from tests.patience import wait_for

GATEWAY = """
import json, socket, sys
port = int(sys.argv[1])
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", port)); s.listen()
print("some words first", flush=True)
print(json.dumps({"ready": True, "port": port, "control_port": 7, "control_token": "secret"}), flush=True)
print("x" * 200_000, flush=True)
sys.stdin.read() if sys.argv[2] == "obedient" else __import__("threading").Event().wait()
"""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., SimulatorProcess]]:
    made: list[SimulatorProcess] = []

    def build(*arguments: str, port: int) -> SimulatorProcess:
        made.append(SimulatorProcess([sys.executable, *arguments], tmp_path, tmp_path, port))
        return made[-1]

    yield build
    for process in made:
        process.stop()


def test_it_starts_writes_its_control_file_and_ends_with_its_input(
    make: Callable[..., SimulatorProcess], tmp_path: Path
) -> None:
    port = free_port()
    process = make("-c", GATEWAY, str(port), "obedient", port=port)
    ready = process.start()
    assert ready is not None and (ready.port, ready.control_port) == (port, 7)
    control = tmp_path / "simulator.json"
    assert json.loads(control.read_text()) == {"port": port, "control_port": 7, "token": "secret"}
    assert stat.S_IMODE(control.stat().st_mode) == 0o600
    process.stop()
    assert not is_listening("127.0.0.1", port)
    assert not control.exists()


def test_what_it_prints_is_heard_before_and_after_its_ready_line(tmp_path: Path) -> None:
    heard: list[dict[str, object]] = []
    script = GATEWAY.replace('print("x" * 200_000, flush=True)', 'print(json.dumps({"over": True}), flush=True)')
    port = free_port()
    command = [sys.executable, "-c", script, str(port), "obedient"]
    process = SimulatorProcess(command, tmp_path, tmp_path, port, heard.append)
    try:
        assert process.start() is not None
        assert wait_for(lambda: len(heard) == 2)
        assert heard[0]["ready"] is True and heard[1] == {"over": True}
    finally:
        process.stop()


def test_one_that_does_not_listen_to_its_input_is_killed(make: Callable[..., SimulatorProcess]) -> None:
    port = free_port()
    process = make("-c", GATEWAY, str(port), "deaf", port=port)
    assert process.start() is not None
    process.stop(timeout_s=0.2)
    assert not is_listening("127.0.0.1", port)


def test_one_that_is_reaped_late_is_said_and_raises_nothing(
    make: Callable[..., SimulatorProcess], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """On a busy machine even a killed process may be there for a moment; Ctrl+C must not end in a traceback."""

    def never(self: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        if timeout is None:
            threading.Event().wait(0.5)
            return 0
        raise subprocess.TimeoutExpired("simulator", timeout)

    port = free_port()
    process = make("-c", GATEWAY, str(port), "deaf", port=port)
    assert process.start() is not None
    with monkeypatch.context() as patch:
        patch.setattr(subprocess.Popen, "wait", never)
        process.stop(timeout_s=0.1)
    assert "is not gone yet" in caplog.text
    assert wait_for(lambda: not is_listening("127.0.0.1", port)), "it was killed all the same"


def test_one_that_fails_is_said_to_have_failed(
    make: Callable[..., SimulatorProcess], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    process = make("-c", "import sys; sys.exit('no numpy')", port=free_port())
    assert process.start() is None
    assert "did not start" in caplog.text
    assert "no numpy" in (tmp_path / "logs" / "simulator.log").read_text()


def test_a_killed_one_is_started_again(make: Callable[..., SimulatorProcess], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulator_process, "RESTART_AFTER_S", 0.05)
    port = free_port()
    process = make("-c", GATEWAY, str(port), "obedient", port=port)
    process.start()
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert wait_for(lambda: process.pid != first and is_listening("127.0.0.1", port))


def test_the_ready_line() -> None:
    assert parse_ready(parse_said(b'{"port": 1, "control_port": 2, "control_token": "t", "ready": true}\n')) is not None
    for other in (b"starting\n", b"{}\n", b"[1]\n", b'{"port": null, "control_port": 2, "control_token": "t"}'):
        assert parse_ready(parse_said(other)) is None


def test_the_command_line_says_what_the_settings_say(tmp_path: Path) -> None:
    settings = SimulatorSettings(
        seed=3,
        speed=2.5,
        scenario="weekend",
        line_limit=60,
        volume_unit="shares",
        fresh=True,
        portfolio="world",
        accounts=3,
    )
    command = command_line(settings, 4010, tmp_path / "s.json", "DU7654321")
    text = " ".join(command[1:])
    assert text == (
        "-m simulator --host 127.0.0.1 --port 4010 --seed 3 --speed 2.5 --scenario weekend "
        "--portfolio world --accounts 3 --line-limit 60 "
        f"--volume-unit shares --state {tmp_path / 's.json'} --account=DU7654321 --fresh"
    )


def test_a_disk_that_takes_nothing_is_said_and_keeps_nobody_from_starting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").write_text("a file where the data folder has to be", encoding="utf-8")
    process = SimulatorProcess([sys.executable, "-c", "pass"], tmp_path, tmp_path / "data", free_port())
    assert process.start() is None
    process.stop()
    assert "can't be started" in caplog.text


def test_the_simulator_knows_every_day_that_the_settings_offer() -> None:
    assert sorted(get_args(SimulatedDay)) == sorted(built_in())
