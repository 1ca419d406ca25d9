"""`kill -9` of the whole program at random moments while settings, pins and journal are written: nothing that it
acknowledged is lost or doubled, its files are sound, and it serves again in time.

`python start.py test --long kills [N]` (200). A quarter of the kills come while it starts.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.launch.ports import free_port
from tests.integration.engine_bench import SimulatorRun
from tests.long._kills_program import SETTING
from tests.long.report import ROOT, finish

TRIES = 200
SERVES_S = 10.0  # from the start of the process to pages and a healthy engine thread, on an idle machine
DEADLINE_S = 120.0
AT_START_SHARE = 0.25
LONGEST_WRITING_S = 1.5
ACCOUNT = "DU1234567"


@dataclass
class Promises:
    """What was acknowledged, and what was begun since, at any kill, and may have been done or not."""

    setting: float | None = None
    settings_begun: set[float] = field(default_factory=set)
    pins: dict[int, bool] = field(default_factory=dict)
    pins_begun: set[int] = field(default_factory=set)
    points: set[float] = field(default_factory=set)
    acknowledged: Counter[str] = field(default_factory=Counter)
    newest: int = 0

    def hear(self, line: dict[str, Any]) -> None:
        kind, value = line.get("ack") or line.get("begun"), line.get("value")
        is_ack = "ack" in line
        if is_ack:
            self.acknowledged[str(kind)] += 1
        if kind == "point":
            self.newest = max(self.newest, int(value - 1e9))
            if is_ack:
                self.points.add(value)
        elif kind == "setting":
            if is_ack:
                self.setting, self.settings_begun = value, set()
            else:
                self.settings_begun.add(value)
        elif kind in ("pin", "unpin"):
            if is_ack:
                self.pins[int(value)] = kind == "pin"
                self.pins_begun.discard(int(value))
            else:
                self.pins_begun.add(int(value))


class Program:
    """One run of it, in its own process group."""

    def __init__(self, folder: Path, gateway: int, first: int) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "tests.long._kills_program", str(first), "--no-browser", "--broker", "paper"]
        command += ["--broker-port", str(gateway), "--port", str(self.port), "--data-dir", str(folder)]
        self.began = time.monotonic()
        self._errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=self._errors, text=True, start_new_session=True
        )
        self.lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for text in self.process.stdout:
            if text.startswith("{"):
                with contextlib.suppress(ValueError):  # cut off by the kill
                    self.lines.put(json.loads(text))
        self.lines.put(None)

    def serves(self) -> float | None:
        """Seconds from its start to a page and an engine that lives; None = not within the deadline."""
        while time.monotonic() - self.began < DEADLINE_S:
            health = self.get("/healthz")
            if health is not None and health.get("heartbeat_age_s") is not None and self.get("/") is not None:
                return time.monotonic() - self.began
            if self.process.poll() is not None:
                return None
            threading.Event().wait(0.02)
        return None

    def get(self, path: str) -> Any:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5.0) as answer:
                body = answer.read()
        except urllib.error.HTTPError as error:
            body = error.read()
        except OSError:
            return None
        try:
            return json.loads(body)
        except ValueError:
            return {}

    def writes(self) -> bool:
        """Wait until it has acknowledged something; what it says meanwhile is kept for `hear`."""
        until = time.monotonic() + DEADLINE_S
        held: list[dict[str, Any] | None] = []
        try:
            while time.monotonic() < until:
                with contextlib.suppress(queue.Empty):
                    held.append(self.lines.get(timeout=0.2))
                if held and (held[-1] is None or "ack" in held[-1]):
                    return held[-1] is not None
            return False
        finally:
            rest: list[dict[str, Any] | None] = []
            with contextlib.suppress(queue.Empty):
                while True:
                    rest.append(self.lines.get_nowait())
            for line in held + rest:
                self.lines.put(line)

    def kill(self) -> Iterator[dict[str, Any]]:
        """`kill -9`; then everything that it said before."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        while (line := self.lines.get(timeout=30.0)) is not None:
            yield line
        self._errors.close()


def broken(folder: Path, promised: Promises) -> list[str]:
    """What the files of a killed program lack, in words. They are looked at in a copy: the next start finds them as
    they were left."""
    found: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "data"
        shutil.copytree(folder, copy)
        found += _settings(copy / "settings.json", promised)
        home = copy / f"paper-{ACCOUNT}"
        found += _pins(home / "pins.json", promised)
        found += _database(home / "bars" / "bars.sqlite3") + _database(copy / "state" / "main" / "cache.db")
        found += _journal(home / "journal.sqlite3", promised)
    return found + [f"{path.name} was put aside" for path in folder.rglob("*") if _is_aside(path.name)]


def _is_aside(name: str) -> bool:
    return any(mark in name for mark in (".corrupt-", ".bad-", ".other-", ".newer-"))


def _settings(path: Path, promised: Promises) -> list[str]:
    if promised.setting is None:
        return []
    try:
        value = json.loads(path.read_bytes())["values"][SETTING]
    except (OSError, ValueError, KeyError) as error:
        return [f"settings.json: {error!r}"]
    return (
        []
        if value in {promised.setting, *promised.settings_begun}
        else [f"the setting is {value}, acknowledged was {promised.setting}"]
    )


def _pins(path: Path, promised: Promises) -> list[str]:
    if not promised.pins:
        return []
    try:
        stored = [pin["con_id"] for pin in json.loads(path.read_bytes())]
    except (OSError, ValueError, KeyError) as error:
        return [f"pins.json: {error!r}"]
    wrong = {con_id for con_id, is_on in promised.pins.items() if (con_id in stored) is not is_on}
    wrong -= promised.pins_begun
    doubled = [con_id for con_id, count in Counter(stored).items() if count > 1]
    return [f"pins {sorted(wrong)} are not as acknowledged"] * bool(wrong) + [f"pins {doubled} twice"] * bool(doubled)


def _database(path: Path) -> list[str]:
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as connection:
        try:
            said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            said = str(error)
    return [] if said == "ok" else [f"{path.name}: {said}"]


def _journal(path: Path, promised: Promises) -> list[str]:
    found = _database(path)
    if found or not promised.points:
        return found
    with closing(sqlite3.connect(path)) as connection:
        every = [t for (t,) in connection.execute("SELECT t FROM pnl_points WHERE account = ?", (ACCOUNT,))]
        keys = connection.execute("SELECT change_id FROM setting_changes").fetchall()
    lost = promised.points - set(every)
    doubled = [t for t, count in Counter(every).items() if count > 1]
    changed_twice = [key for key, count in Counter(keys).items() if count > 1]
    words = [f"{len(lost)} points are lost, the first {min(lost):.0f}"] if lost else []
    words += [f"points {doubled[:3]} are there twice"] if doubled else []
    return words + ([f"changes {changed_twice[:3]} are there twice"] if changed_twice else [])


def main(arguments: list[str]) -> int:
    tries = int(arguments[0]) if arguments else TRIES
    seed = int(arguments[1]) if len(arguments) > 1 else random.randrange(2**31)
    rng, promised, faults, times = random.Random(seed), Promises(), [], []
    print(f"seed {seed}", flush=True)
    simulator = SimulatorRun("--seed", "5", "--fresh", "--account", ACCOUNT)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "data"
        try:
            for number in range(1, tries + 1):
                program = Program(folder, simulator.port, promised.newest + 1)
                at_start = number > 1 and rng.random() < AT_START_SHARE
                said = _live(program, rng, at_start, times)
                for line in program.kill():
                    promised.hear(line)
                    if "refused" in line:
                        said.append(str(line["refused"]))
                said += broken(folder, promised)
                faults += [f"kill {number}: {each}" for each in said]
                if said or number % 10 == 0:
                    counts = dict(promised.acknowledged)
                    print(f"kill {number}: {'; '.join(said) or 'ok'}; acknowledged {counts}", flush=True)
        finally:
            simulator.stop()
    times.sort()
    counts = dict(promised.acknowledged)
    worst = round(times[-1], 2) if times else None
    figures = {
        "kills": tries, "seed": seed, "faults": faults, "acknowledged": counts, "serves_max_s": worst,
        "serves_median_s": round(times[len(times) // 2], 2) if times else None,
    }  # fmt: skip
    passed = not faults and worst is not None and worst <= SERVES_S
    said_figure = (
        f"{tries} kills, {len(faults)} faults, {sum(counts.values())} acknowledged {counts}, serves in {worst} s"
    )
    return finish("kills", passed, figures, f"{said_figure} at most")


def _live(program: Program, rng: random.Random, at_start: bool, times: list[float]) -> list[str]:
    """Let it run until the moment of its kill; what went wrong meanwhile."""
    if at_start:
        usual_s = times[len(times) // 2] if times else 3.0
        threading.Event().wait(rng.uniform(0.0, 1.2 * usual_s))
        return []
    served = program.serves()
    if served is None:
        return [f"does not serve (exit code {program.process.poll()})"]
    times.append(served)
    if not program.writes():
        return ["acknowledges nothing"]
    threading.Event().wait(rng.uniform(0.0, LONGEST_WRITING_S))
    return []
