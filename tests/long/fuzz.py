"""20,000 requests that no page sends, to every callback and route of the running program.

`python start.py test --long fuzz [COUNT [SEED]]`. No answer is a 5xx, none takes longer than a hang's time, the
settings that were stored are valid, the log does not grow and memory does not either. The limits of how often are off
for that, and looked at for themselves at the end, on the program as it is started.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from app.deps import AppDeps
from app.factory import create_app
from app.launch.ports import free_port
from app.rates import LIMITS
from engine.clock import FakeClock
from engine.settings.effective import load_settings, saved_layer
from engine.settings.saved import load_saved
from engine.settings.sources import Layer
from engine.state.bus import StateBus
from tests.clients.hostile import CALLBACK, Ask, asks
from tests.long.report import ROOT, finish
from tests.patience import wait_for

COUNT, SEED = 20_000, 13
HANG_S = 10.0
LOG_MB, MEMORY_MB = 5.0, 30.0
WARM = 2_000  # requests after which memory is looked at first
HOST = "127.0.0.1"


@dataclass
class Found:
    """What the answers were."""

    codes: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    memory_mb: list[float] = field(default_factory=list)


class Program:
    """The program on a data folder of its own."""

    def __init__(self, folder: Path, module: list[str]) -> None:
        self.port = free_port()
        self.folder = folder
        self.out = folder.parent / f"{folder.name}.txt"
        command = [sys.executable, *module, "--no-browser", "--port", str(self.port), "--data-dir", str(folder)]
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
        wait_for(self._is_up, "the engine is up", every_s=0.5)

    def _is_up(self) -> bool:
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            return json.loads(self.ask(Ask("GET", "/healthz"))[1])["heartbeat_age_s"] is not None
        return False

    def ask(self, ask: Ask) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=HANG_S)
        try:
            connection.request(ask.method, ask.path, ask.body, {"Host": HOST, **ask.headers})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def memory_mb(self) -> float:
        return float(psutil.Process(self.process.pid).memory_info().rss) / 2**20

    def log_mb(self) -> float:
        files = [*self.folder.glob("logs/*"), self.out]
        return sum(each.stat().st_size for each in files) / 2**20

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        if self.process.poll() is None:
            self.process.kill()


@contextlib.contextmanager
def running(folder: Path, *module: str) -> Iterator[Program]:
    program = Program(folder, list(module))
    try:
        yield program
    finally:
        program.end()


def fuzz(program: Program, count: int, seed: int) -> Found:
    """Send them one after the other; each is reproducible by the seed."""
    found = Found()
    rules = [(rule.rule, sorted(rule.methods or ())) for rule in _app().server.url_map.iter_rules()]
    callbacks = [
        each
        for each in json.loads(program.ask(Ask("GET", "/_dash-dependencies"))[1])
        if not each["clientside_function"]
    ]
    for number, ask in enumerate(asks(random.Random(seed), rules, callbacks, count)):
        began = time.monotonic()
        try:
            code, body = program.ask(ask)
        except (OSError, http.client.HTTPException) as error:
            found.wrong.append(f"{type(error).__name__} at {number}: {ask}")
            continue
        found.slowest_s = max(found.slowest_s, time.monotonic() - began)
        found.codes[code] += 1
        if code >= 500 or b"Traceback" in body:
            found.wrong.append(f"{code} at {number}: {ask}")
        if number >= WARM and number % 1_000 == 0:
            found.memory_mb.append(round(program.memory_mb(), 1))
            print(f"{number} requests, {len(found.wrong)} wrong, {found.memory_mb[-1]:.0f} MB", flush=True)
    return found


def _app() -> Any:
    return create_app(AppDeps(state=StateBus(None, FakeClock())))


def left_out(folder: Path) -> tuple[str, ...]:
    """What of the stored settings is not valid."""
    saved = load_saved(folder / "settings.json", look_only=True)
    settings = load_settings(
        Layer("command line"), Layer("environment"), saved_layer(saved.values), Layer("config.yaml")
    )
    return (*saved.notes, *settings.left_out)


def limits_hold(program: Program) -> dict[str, int]:
    """200 changes at once, by the program as it is started: most are refused, and it goes on answering."""
    value = {"id": "0" * 32, "action": "apply", "changes": {"lines.limit": 40}}
    body = {
        "output": "settings-reply.data",
        "outputs": {"id": "settings-reply", "property": "data"},
        "inputs": [{"id": "settings-request", "property": "data", "value": value}],
        "changedPropIds": ["settings-request.data"],
    }
    ask = Ask("POST", CALLBACK, json.dumps(body).encode(), {"Content-Type": "application/json"})
    began = time.monotonic()
    codes = Counter(program.ask(ask)[0] for _ in range(200))
    most = LIMITS["command"].burst + round((time.monotonic() - began) / LIMITS["command"].every_s) + 1
    taken = {"taken": codes[200], "may be taken": most, "refused": codes[429]}
    return taken | {"healthz": program.ask(Ask("GET", "/healthz"))[0]}


def main(arguments: list[str]) -> int:
    count = int(arguments[0]) if arguments else COUNT
    seed = int(arguments[1]) if len(arguments) > 1 else SEED
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        with running(Path(scratch) / "free", "-m", "tests.long._fuzz_program") as program:
            log_before = program.log_mb()
            found = fuzz(program, count, seed)
            is_up = program.ask(Ask("GET", "/healthz"))[0] == 200
            log_mb = program.log_mb() - log_before
        invalid = left_out(Path(scratch) / "free")
        with running(Path(scratch) / "limited", "app.py") as limited:
            limits = limits_hold(limited)
    grown = found.memory_mb[-1] - found.memory_mb[0] if found.memory_mb else 0.0
    for each in (*found.wrong[:20], *invalid):
        print(each)
    passed = (
        not found.wrong and not invalid and is_up and found.slowest_s < HANG_S and log_mb < LOG_MB
        and grown <= MEMORY_MB and limits["taken"] <= limits["may be taken"]
        and limits["taken"] + limits["refused"] == 200 and limits["healthz"] == 200
    )  # fmt: skip
    figures = {
        "requests": count, "seed": seed, "codes": {str(code): n for code, n in sorted(found.codes.items())},
        "wrong": found.wrong[:50], "slowest_s": round(found.slowest_s, 2), "log_mb": round(log_mb, 2),
        "memory_mb": found.memory_mb, "memory_grown_mb": round(grown, 1), "invalid_settings": list(invalid),
        "limits": limits, "cores": os.cpu_count(),
    }  # fmt: skip
    return finish(
        "fuzz", passed, figures,
        f"{count} requests, {len(found.wrong)} wrong, slowest {found.slowest_s:.2f} s, log +{log_mb:.2f} MB,"
        f" memory {grown:+.1f} MB, stored settings {'valid' if not invalid else 'NOT valid'}, limits {limits}",
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
