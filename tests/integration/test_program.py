"""The whole program as a user starts it: `app.py` with its simulated gateway, and with no TWS to be found."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.launch.ports import free_port
from engine.storage.build_id import build_id
from tests.integration.second_gateway import HELD, SecondGateway
from tests.patience import DEADLINE_S, wait_for
from tests.unit.statements.desk import flex, trade


class Program:
    """One `app.py` with a data folder of its own."""

    def __init__(self, root: Path, data_dir: Path, *arguments: str, **more: str) -> None:
        """`more` = of the environment. Whatever it makes is open to others unless it sees to it itself."""
        self.port = free_port()
        self.data_dir = data_dir
        self.out = data_dir.parent / f"out-{time.monotonic_ns()}.txt"
        self.began = time.monotonic()
        environ = {"PATH": os.environ["PATH"], "HOME": str(data_dir.parent), "TZ": "UTC", **more}
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "app.py",
                    "--no-browser",
                    "--port",
                    str(self.port),
                    "--data-dir",
                    str(data_dir),
                    *arguments,
                ],
                cwd=root,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=environ,
                umask=0 if os.name == "posix" else -1,
            )

    def get(self, path: str) -> Any:
        """Decoded JSON, or the text of a page; None when nothing answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=DEADLINE_S) as answer:
                body = answer.read()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None
        try:
            return json.loads(body)
        except ValueError:
            return body.decode()

    def send(self, statement: str, name: str = "flex.xml") -> Any:
        """Import a statement, as a script does; the report."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1/journal/statements?name={name}",
            statement.encode(),
            {"Content-Type": "application/octet-stream"},
        )
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return json.loads(error.read())

    def status(self) -> dict[str, Any]:
        return self.get("/api/v1/status") or {}

    def apply(self, **changes: Any) -> None:
        """As the Settings page does: `broker__mode="paper"`."""
        asked = {"id": f"{time.monotonic_ns():032x}", "action": "apply"}
        request = asked | {"changes": {key.replace("__", "."): value for key, value in changes.items()}}
        body = {
            "output": "settings-reply.data",
            "outputs": {"id": "settings-reply", "property": "data"},
            "inputs": [{"id": "settings-request", "property": "data", "value": request}],
            "changedPropIds": ["settings-request.data"],
        }
        asking = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/_dash-update-component",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asking, timeout=DEADLINE_S) as answer:
            reply = json.load(answer)["response"]["settings-reply"]["data"]
        assert (reply["errors"], reply["text"]) == ({}, "")

    def simulators(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def end(self, number: int = signal.SIGTERM) -> None:
        """Send a signal and wait until the process is gone; how long that takes is `--long goodbye`."""
        self.process.send_signal(number)
        self.process.wait(DEADLINE_S)

    def text(self) -> str:
        return self.out.read_text(encoding="utf-8")


@pytest.fixture
def start(root: Path, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    started: list[Program] = []

    def run(*arguments: str, **more: str) -> Program:
        started.append(Program(root, tmp_path / "data", *arguments, **more))
        return started[-1]

    yield run
    for program in started:
        if program.process.poll() is None:
            program.process.kill()
        program.process.wait()


def has_prices(program: Program) -> bool:
    status = program.status()
    return bool(status) and status["positions"]["tradable"] == 3 and status["prices"] >= 3


PLANTED = "planted-secret"


def told(control: dict[str, Any], path: str) -> Any:
    """By the simulator, who asks only with its token."""
    asked = urllib.request.Request(
        f"http://127.0.0.1:{control['control_port']}{path}", headers={"X-Token": control["token"]}
    )
    with urllib.request.urlopen(asked, timeout=DEADLINE_S) as answer:
        return json.load(answer)


def test_from_start_to_end_on_the_simulated_gateway(start: Callable[..., Program], root: Path) -> None:
    program = start("--broker", "simulated", QTRADE_CHANNEL_PHONE=f"json://localhost/{PLANTED}")
    wait_for(lambda: program.get("/"), "the page", every_s=0.1)
    wait_for(lambda: has_prices(program), "prices", every_s=0.1)
    (simulator,) = program.simulators()
    control = json.loads((program.data_dir / "simulator.json").read_text())
    assert control["port"] == program.status()["broker"]["port"]
    assert (program.data_dir / "simulator.json").stat().st_mode & 0o777 == 0o600
    assert program.get("/healthz")["build"]["id"] == build_id(root).id, "what --version says"
    assert told(control, "/ledger")["order_messages"] == 0
    report = program.send(flex(trade(accountId="DU1234567", ibExecID="0000e0d5.abc.01.01"), account="DU1234567"))
    assert (report["status"], report["taken"]) == ("read", 1), report
    assert program.get("/api/v1/journal/statements")["reports"][0]["file"] == "flex.xml"
    program.end()
    assert program.process.returncode == 0
    assert not simulator.is_running() or simulator.status() == psutil.STATUS_ZOMBIE
    assert "Traceback" not in program.text()
    assert program.text().isascii()
    assert "Tracking 3 tradable positions" in program.text()
    assert "DU1234567" not in program.text() + (program.data_dir / "logs" / "qtrade.log").read_text(encoding="utf-8")
    kept = [program.data_dir, *program.data_dir.rglob("*")]
    assert [path for path in kept if path.stat().st_mode & 0o077] == [], "whatever the umask is"
    assert [path for path in kept if path.is_file() and PLANTED.encode() in path.read_bytes()] == []


def test_without_tws_the_page_is_up_and_says_what_is_wrong(start: Callable[..., Program]) -> None:
    port = free_port()
    program = start("--broker", "paper", "--broker-port", str(port))
    wait_for(lambda: program.get("/"), "the page", every_s=0.1)
    wait_for(lambda: program.status().get("broker", {}).get("reason"), "the reason", every_s=0.1)
    broker = program.status()["broker"]
    assert broker["connected"] is False
    assert str(port) in broker["reason"]
    assert "Socket Clients" in broker["cure"]
    assert program.get("/healthz")["status"] == "degraded"
    assert program.simulators() == [], "no simulator runs beside a real broker"
    program.end()
    assert "Traceback" not in program.text()


def test_from_the_simulator_to_tws_and_back_while_it_runs(start: Callable[..., Program]) -> None:
    program = start()
    wait_for(lambda: has_prices(program), "prices", every_s=0.1)
    (simulator,) = program.simulators()
    with SecondGateway() as gateway:
        program.apply(broker__mode="paper", broker__port=gateway.port)
        wait_for(lambda: program.status()["broker"]["account"] == gateway.account, "the account of TWS", every_s=0.1)
        status = program.status()
        assert (status["broker"]["mode"], status["broker"]["port"]) == ("paper", gateway.port)
        assert program.simulators() == [] and not simulator.is_running(), "its process ends with it"
        wait_for(lambda: program.status()["positions"]["tradable"] == 3, "positions of TWS", every_s=0.1)
        assert {row["local_symbol"] for row in program.get("/api/v1/positions")["tradable"]} == {
            thing.local for thing in HELD[:3]
        }
        program.apply(broker__mode="simulated", broker__port=None)
        wait_for(lambda: program.status()["broker"]["mode"] == "simulated", "the simulator", every_s=0.1)
        wait_for(lambda: has_prices(program), "its prices", every_s=0.1)
        assert len(program.simulators()) == 1
    program.end()
    assert program.process.returncode == 0 and "Traceback" not in program.text()
