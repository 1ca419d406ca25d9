"""Engines and dashboards apart: two engines and a dashboard as processes of their own, on a real Redis and PostgreSQL.

Redis and PostgreSQL are killed and started again, then an engine: the dashboard finds back, says what is old, and the
journal has a point of every two seconds of each engine, no two of one moment. `redis-server` and PostgreSQL must be
installed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from app.launch.ports import free_port
from engine.journal.reader import JournalReader
from tests.long.report import ROOT, finish
from tests.patience import wait_for
from tests.servers import NO_POSTGRES, NO_REDIS, PASSWORD, PostgresServer, RedisServer

ACCOUNTS = {"east": "DU1111111", "west": "DU2222222"}
STEP_S = 2.0  # between two points of a curve
LATE_S = 6.0  # between two points: a machine that is busy records late, one that lost rows has a hole
AWAY_S = 8.0
BACK_S = 30.0


class Process:
    """An engine, or a dashboard, with what it prints."""

    def __init__(self, folder: Path, name: str, environ: dict[str, str], *command: str) -> None:
        self.name = name
        self.out = folder / f"{name}.txt"
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, *command, "--data-dir", str(folder / name), "--no-browser"],
                cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **environ},
            )  # fmt: skip

    def end(self, how: int = signal.SIGINT) -> int:
        self.process.send_signal(how)
        return self.process.wait(60)


class Dashboard:
    def __init__(self, port: int) -> None:
        self._port = port

    def get(self, path: str) -> Any:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=30) as answer:
                return json.loads(answer.read())
        return {}

    def connected(self, engine: str) -> bool:
        status = self.get(f"/api/v1/status?engine={engine}")
        age = status.get("heartbeat", {}).get("age_s")
        return bool(status.get("broker", {}).get("connected")) and age is not None and age < LATE_S

    def strip(self) -> dict[str, Any]:
        return dict(self.get("/feed?path=/health").get("set", {}))


def holes(url: str, account: str) -> list[float]:
    """Seconds between neighbouring points that are further apart than they may be."""
    reader = JournalReader()
    reader.open(url, "simulated", account)
    times = [point.t for point in reader.pnl(0.0)]
    reader.close()
    assert len(times) == len(set(times)) > 10, f"{account}: {len(times)} points"
    return [round(b - a, 1) for a, b in zip(times, times[1:], strict=False) if b - a > LATE_S]


def main(arguments: list[str]) -> int:
    redis, postgres = RedisServer(), PostgresServer()
    if not redis.is_installed or not postgres.is_installed:
        print(NO_REDIS if not redis.is_installed else NO_POSTGRES)
        return finish("apart", False, {}, "the servers are not installed")
    wrong: list[str] = []
    figures: dict[str, Any] = {}
    redis.start()
    postgres.start()
    with tempfile.TemporaryDirectory(prefix="qtrade-apart-", ignore_cleanup_errors=True) as scratch:
        folder, url = Path(scratch), postgres.url(postgres.new_database())
        stores = {"QTRADE_STATE__URL": redis.url(), "QTRADE_JOURNAL__URL": url}
        engines = {
            name: Process(
                folder, name, {**stores, "QTRADE_BROKER__ACCOUNT": account}, "-m", "engine", "--engine-name", name
            )
            for name, account in ACCOUNTS.items()
        }
        port = free_port()
        desk = Process(folder, "desk", stores, "app.py", "--no-engine", "--port", str(port))
        board = Dashboard(port)
        try:
            for name in ACCOUNTS:
                wait_for(lambda name=name: board.connected(name), f"{name} is connected", every_s=0.5)
            time.sleep(10.0)
            figures["memory_mb"] = {each.name: _memory_mb(each) for each in (*engines.values(), desk)}
            for server in (redis, postgres):
                what = type(server).__name__
                server.stop(signal.SIGKILL if server is redis else signal.SIGQUIT)
                time.sleep(AWAY_S)
                board.get("/api/v1/pnl")
                words = str(board.strip().get("fleet")) if server is redis else str(board.get("/healthz"))
                if ("can't be read" if server is redis else "History can't be written") not in words:
                    wrong.append(f"nothing was said of {what}: {words}")
                began = time.monotonic()
                server.start()
                for name in ACCOUNTS:
                    wait_for(lambda name=name: board.connected(name), f"{name} is back", every_s=0.2)
                wait_for(lambda: "History" not in str(board.get("/healthz")), "the journal is back", every_s=0.5)
                figures[f"back_after_{what}_s"] = round(time.monotonic() - began, 1)
                time.sleep(6.0)
            wrong += [f"back only after {s} s" for key, s in figures.items() if key.startswith("back") and s > BACK_S]
            engines["east"].end(signal.SIGKILL)
            wait_for(lambda: "east gives no sign of life" in str(board.strip().get("fleet")), "its death is shown")
            if not board.connected("west"):
                wrong.append("west did not go on")
            time.sleep(4.0)
            figures["ends"] = {"west": engines["west"].end(), "desk": desk.end()}
            for name, account in ACCOUNTS.items():
                figures[f"holes_{name}"] = found = holes(url, account)
                wrong += [f"{name}: {hole} s without a point" for hole in found]
            text = "".join(each.out.read_text(errors="replace") for each in (*engines.values(), desk))
            logs = "".join(path.read_text(errors="replace") for path in folder.rglob("*.log*"))
            if PASSWORD in text + logs or "s3cret" in text + logs:
                wrong.append("a password is in a log")
        finally:
            for each in (*engines.values(), desk):
                if each.process.poll() is None:
                    each.end(signal.SIGKILL)
    redis.close()
    postgres.close()
    print("\n".join(wrong))
    figure = (
        f"back {figures.get('back_after_RedisServer_s')} s after Redis, {figures.get('back_after_PostgresServer_s')}"
    )
    return finish("apart", not wrong, figures, f"{figure} s after PostgreSQL; holes in the journals: {len(wrong)}")


def _memory_mb(process: Process) -> int:
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) // 1024
