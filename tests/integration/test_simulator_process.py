"""`python -m simulator` as a process: ready line, end of life, the real world behind it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from simulator.cli import contained
from tests.integration.gateway_thread import wait_for
from tests.integration.raw_client import RawClient, contract
from tests.patience import DEADLINE_S

ROOT = Path(__file__).resolve().parents[2]


class Process:
    """A simulator that has said that it is ready."""

    def __init__(self, *args: str) -> None:
        command = [sys.executable, "-m", "simulator", *args]
        self.child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.child.stdout is not None and self.child.stdin is not None
        self.ready: dict[str, Any] = json.loads(self.child.stdout.readline())

    @property
    def port(self) -> int:
        return int(self.ready["port"])

    def get(self, path: str) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.ready['control_port']}{path}"
        request = urllib.request.Request(url, headers={"X-Token": self.ready["control_token"]})
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            return dict(json.load(answer))

    def close_stdin(self) -> None:
        assert self.child.stdin is not None
        self.child.stdin.close()


@contextmanager
def simulator(*args: str) -> Iterator[Process]:
    process = Process(*args)
    try:
        yield process
    finally:
        process.close_stdin()
        assert process.child.wait(DEADLINE_S) == 0
        assert process.child.stdout is not None
        assert process.child.stdout.read() == "", "one line on standard output and no more"
        process.child.stdout.close()


def test_the_users_portfolio_on_the_real_market() -> None:
    with simulator("--fresh") as process, RawClient(process.port) as client:
        assert process.ready["ready"] is True
        client.message(9)
        client.send(6, 2, True, "DU1234567")
        client.message(54)
        rows = {f[11]: f for f in client.messages if f[0] == "7"}
        odd = {"TOGI", "MRAI", "KALRQ", "AZREF", "CNCE.CVR", "RFP.CVR", "FUSN.CVR", "TOGIW", "ALPSQ.OLD"}
        assert set(rows) == {"NQZ5", "TSLA", "CLZ5"} | odd
        for symbol, wanted, tick in (("NQZ5", -7561, 5.0), ("TSLA", -5468, 1.0), ("CLZ5", -2852, 10.0)):
            assert float(rows[symbol][17]) == pytest.approx(wanted, abs=40 * tick), symbol
        con_id = int(rows["NQZ5"][2])
        client.market_data(1, contract(con_id, exchange="CME"))
        client.until(lambda f: f[0] == "1" and f[2:4] == ["1", "2"], "NQ's ask")
        client.scan(2, rows=30, code="TOP_PERC_GAIN")
        assert client.message(20, 2, 2)[3] == "30"
        client.history(3, contract(con_id, exchange="CME"), duration="2 D")
        assert int(client.message(17, 3)[4]) > 400
        world = process.get("/world")
        assert world["net_liquidation"] == pytest.approx(184_311, abs=500)
        assert process.get("/ledger")["lines_open"] == 1


def test_state_goes_on_where_it_stopped(tmp_path: Path) -> None:
    state = str(tmp_path / "state.json")
    with simulator("--state", state, "--speed", "600") as process:
        began = process.get("/world")["now"]
        wait_for(lambda: process.get("/world")["now"] > began + 600, "ten minutes")
        later = process.get("/world")["now"]
    with simulator("--state", state) as process:
        assert process.get("/world")["now"] >= later
    with simulator("--state", state, "--fresh") as process:
        assert process.get("/world")["now"] < later


@pytest.mark.thorough
def test_the_same_port_at_once() -> None:
    with simulator() as process:
        port = process.port
        with RawClient(port) as client:
            client.message(9)
    for _ in range(2):
        with simulator("--port", str(port)) as process, RawClient(port) as client:
            client.message(9)


def test_a_taken_port_is_said_in_one_line() -> None:
    with simulator() as process:
        second = subprocess.run(
            [sys.executable, "-m", "simulator", "--port", str(process.port)],
            cwd=ROOT, stdin=subprocess.PIPE, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
        )  # fmt: skip
    assert second.returncode == 2
    assert second.stderr.count("\n") == 1 and str(process.port) in second.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_signals_end_it(name: str) -> None:
    process = Process()
    process.child.send_signal(getattr(signal, name))
    assert process.child.wait(DEADLINE_S) == 0
    process.close_stdin()
    assert process.child.stdout is not None
    process.child.stdout.close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs os.kill with SIGKILL")
def test_it_ends_with_its_parent_even_after_kill(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    parent_code = (
        "import subprocess,sys,pathlib,threading\n"
        "p=subprocess.Popen([sys.executable,'-m','simulator'],stdin=subprocess.PIPE,stdout=subprocess.PIPE)\n"
        "p.stdout.readline()\n"
        f"pathlib.Path({str(note)!r}).write_text(str(p.pid))\n"
        "threading.Event().wait(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", parent_code], cwd=ROOT)
    child = int(wait_for(lambda: note.exists() and note.read_text(), "the child's pid", 20))
    parent.kill()
    parent.wait(DEADLINE_S)
    wait_for(lambda: not running(child), "the simulator to end with its parent", 8)


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.thorough
def test_without_the_watch_it_outlives_its_input() -> None:
    process = Process("--no-stdin-watch")
    process.close_stdin()
    with RawClient(process.port) as client:
        client.message(9)
        client.settle(0.5)
        client.send(49, 1)
        client.message(49)
    process.child.terminate()
    assert process.child.wait(DEADLINE_S) == 0 or sys.platform == "win32"
    assert process.child.stdout is not None
    process.child.stdout.close()


def test_weekend_is_closed_and_frozen() -> None:
    with simulator("--scenario", "weekend", "--fresh") as process, RawClient(process.port) as client:
        client.message(9)
        client.send(59, 1, 4)
        client.market_data(1, contract(76792991))
        assert client.message(58, 1, 2)[3] == "2"
        client.until(lambda f: f[0] == "1" and f[2:4] == ["1", "4"], "the last price of Friday")
        client.history(2, contract(76792991), duration="2 D")
        assert int(client.message(17, 2)[4]) >= 780


def test_a_disk_that_takes_no_state_ends_no_market(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    with simulator("--port", "0", "--state", str(tmp_path / "file" / "state.json")) as process:
        process.close_stdin()
        assert process.child.wait(DEADLINE_S) == 0, "an orderly end, though the last state was not saved"


def test_saving_is_tried_again_and_a_failure_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    failures = [OSError(28, "No space left on device")] * 3
    saved = []

    def save() -> None:
        if failures:
            raise failures.pop()
        saved.append(1)

    attempt = contained(save)
    for _ in range(4):
        attempt()
    assert saved == [1]
    assert capsys.readouterr().err == "simulator: the state is not saved: No space left on device\n"


def test_a_scenario_file_is_played_and_told(tmp_path: Path) -> None:
    day = tmp_path / "day.yaml"
    day.write_text(
        "about: a short day\nstart: 2025-11-05T15:59:50\nspeed: 50\nline_limit: 7\nsteps:\n"
        "  - {at: '16:00', do: trade, contract: TSLA, shares: 5}\n"
        "  - {after: 0, do: notice, code: 2110}\n"
        "  - {after: 0, do: pin, contract: TSLA, price: 400}\n",
        encoding="utf-8",
    )
    with simulator("--scenario", str(day), "--line-limit", "9") as process:
        report: dict[str, Any] = {}

        def over() -> bool:
            report.update(process.get("/scenario"))
            return bool(report["over"])

        wait_for(over, "the last step")
        assert (report["name"], report["about"], report["done"]) == ("day", "a short day", 3)
        trade, notice, pin = report["steps"]
        assert trade["answer"]["exec_ids"] and not trade["failed"] and trade["done_market"] >= trade["at"]
        assert notice["answer"] == {"kind": "notice"}
        assert pin["failed"] and "can't be pinned" in pin["answer"], "and the others went on"
        world, ledger = process.get("/world"), process.get("/ledger")
        assert (world["speed"], ledger["line_limit"]) == (50.0, 9), "the command line is stronger than the file"
