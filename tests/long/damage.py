"""Every file of a data folder that was really used x eight kinds of damage, against the whole program.

`python start.py test --long damage [KIND or FILE ...]`. A run prepares the folder and is killed. Then one file is
damaged at a time, and the program started and killed: it starts, says in words what it found, with a cure, keeps what
it found, and has all that was kept. Each start is also the second one after the damage before it, which must be healed:
nothing of it is said again, and nothing is lost.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
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
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.launch.ports import free_port
from tests.integration.engine_bench import SimulatorRun
from tests.long.report import ROOT, finish

ACCOUNT = "DU1234567"
HOME = f"paper-{ACCOUNT}"
DEADLINE_S = 120.0
SAYS_S = 20.0
BY_RIGHT = "unreadable"
STATE = "main"  # the folder of the engine's own name
# Where damage may be of no consequence: text of any kind is a log, and whatever a lock holds is written anew.
ANY_CONTENT = (
    "engine.lock",
    "state/main.lock",
    "logs/qtrade.log",
    "logs/qtrade.jsonl",
    "logs/simulator.log",
    "simulator.json",
    "simulator-state.json",
)
# SQLite takes the frames of a broken log for none, and makes the index of it anew.
SIDE_FILES = ("-wal", "-shm")


def _settle(path: Path) -> None:
    """What is in its log goes into the database: pages that the log has hide the damage of theirs."""
    if path.suffix in (".sqlite3", ".db"):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _truncated(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def _overwritten(path: Path, start: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(content)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "somebody's").write_text("not ours", encoding="utf-8")


def _another(path: Path) -> None:
    """A whole file of another shape: JSON where JSON is, a database where one is, the state's with pickled rows."""
    if path.suffix in (".sqlite3", ".db"):
        path.unlink()
        with closing(sqlite3.connect(path)) as connection, connection:
            if path.name == "cache.db":
                connection.execute("CREATE TABLE Settings (key TEXT NOT NULL UNIQUE, value)")
                connection.execute(
                    "CREATE TABLE Cache (rowid INTEGER PRIMARY KEY, key BLOB, raw INTEGER, store_time REAL,"
                    " expire_time REAL, access_time REAL, access_count INTEGER DEFAULT 0, tag BLOB, size INTEGER"
                    " DEFAULT 0, mode INTEGER DEFAULT 0, filename TEXT, value BLOB)"
                )
                row = ("seqs", 1, 0.0, None, 0.0, 0, None, 0, 4, None, pickle.dumps({"health": 1}))
                connection.execute(f"INSERT INTO Cache VALUES (NULL, {', '.join('?' * 11)})", row)
            else:
                connection.execute("CREATE TABLE moz_cookies (id INTEGER PRIMARY KEY, name TEXT)")
                for table in ("pnl_points", "sessions"):
                    connection.execute(f"CREATE TABLE {table} (a, b)")
    else:
        path.write_bytes(b'{"format": 99, "is": ["of another program"]}' if path.name != "pins.json" else b'{"a": 1}')


DAMAGE: dict[str, Callable[[Path, random.Random], object]] = {
    "empty": lambda path, rng: path.write_bytes(b""),
    "truncated": lambda path, rng: _truncated(path),
    "header": lambda path, rng: _overwritten(path, 0, b"\0" * 100),
    "middle": lambda path, rng: _overwritten(
        path, path.stat().st_size // 2, b"\xa5" * min(6_000, max(1, path.stat().st_size // 4))
    ),
    "random": lambda path, rng: path.write_bytes(rng.randbytes(max(64, path.stat().st_size))),
    "folder": lambda path, rng: _folder(path),
    "another": lambda path, rng: _another(path),
    BY_RIGHT: lambda path, rng: path.chmod(0),
}


@dataclass
class Report:
    """What one start showed."""

    has: dict[str, Any] = field(default_factory=dict)
    told: list[list[str]] = field(default_factory=list)
    point: float = 0.0
    exit_code: int | None = None
    output: str = ""


class Program:
    """One start of it, until it is killed."""

    def __init__(self, folder: Path, gateway: int, *, prepare: bool = False) -> None:
        command = [*_without_roots_rights(), sys.executable, "-m", "tests.long._damage_program"]
        command += ["prepare" if prepare else "run", "--no-browser", "--broker", "paper", "--broker-port", str(gateway)]
        command += ["--port", str(free_port()), "--data-dir", str(folder)]
        self._out = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=self._out, text=True, start_new_session=True
        )
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._console: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        self.report = Report()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for text in self.process.stdout:
            if text.startswith("{"):
                with contextlib.suppress(ValueError):  # cut off by the kill
                    self._lines.put(json.loads(text))
            else:
                self._console.append(text)
        self._lines.put(None)

    def until(self, is_enough: Callable[[Report], bool], within_s: float) -> bool:
        """Hear what it says until that is enough; False = it ended, or was not in time."""
        end = time.monotonic() + within_s
        while not is_enough(self.report):
            try:
                line = self._lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                return False
            if line is None:
                self.process.wait()
                return False
            self.report.point = line.get("point", self.report.point)
            self.report.has, self.report.told = line.get("has", self.report.has), line.get("told", self.report.told)
        return True

    def kill(self) -> Report:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._out.seek(0)
        self.report.output = "".join(self._console[-5:]) + self._out.read().decode("utf-8", "replace")[-2_000:]
        self._out.close()
        return self.report


def _without_roots_rights() -> list[str]:
    """Root reads what nobody may: it gives that right up."""
    setpriv = shutil.which("setpriv")
    if os.name == "posix" and os.geteuid() == 0 and setpriv:
        return [setpriv, "--bounding-set", "-dac_override,-dac_read_search"]
    return []


def can_forbid() -> bool:
    return os.name == "posix" and (os.geteuid() != 0 or bool(_without_roots_rights()))


def is_started(report: Report) -> bool:
    has = report.has
    return bool(has) and has["bars_open"] and has["day"] != ""


def said(report: Report, name: str) -> list[str] | None:
    """The notice about that file, its copy or its folder, with its cure."""
    return next((each for each in report.told if each[0] in keys_of(name) and each[3]), None)


def keys_of(name: str) -> tuple[str, ...]:
    """Under which keys it may be told."""
    return (f"rescued:{name}", f"rescued:{name}.copy", *(["rescued:cache.db"] if name == STATE else []))


def must_be_said(file: str, kind: str) -> bool:
    if kind in ("folder", BY_RIGHT):
        return True
    if file.endswith(SIDE_FILES) or file in ANY_CONTENT:
        return False
    # Lines of a day's notes that are cut or damaged are left out, its head is what makes it ours.
    return not (file.endswith(".jsonl") and kind in ("truncated", "middle"))


def rescue_name(file: str) -> str:
    """Under which name it is told: the state's folder goes as a whole."""
    return STATE if file.endswith("cache.db") else Path(file).name.removesuffix(".copy")


def kept_aside(folder: Path, file: str) -> bool:
    place = (folder / file).parent if not file.endswith("cache.db") else (folder / file).parent.parent
    name = rescue_name(file)
    return any(each.name.startswith(f"{name}.") and "-1" in each.name for each in place.iterdir())


def forget_aside(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if any(mark in path.name for mark in (".corrupt-", ".bad-", ".other-", ".newer-")):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def is_sound(path: Path) -> str:
    """Why what stands there now is not; "" = it is, or nothing is there."""
    if not path.exists():
        return ""
    if not path.is_file() or path.stat().st_mode & 0o600 != 0o600:
        return "is no file that can be used"
    if path.suffix in (".sqlite3", ".db"):
        with tempfile.TemporaryDirectory() as place:
            for each in path.parent.glob(path.name + "*"):
                if each.is_file() and not any(mark in each.name for mark in (".corrupt-", ".other-", ".before-")):
                    shutil.copy(each, place)
            with closing(sqlite3.connect(Path(place) / path.name)) as connection:
                found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            return "" if found == "ok" else str(found)
    if path.suffix in (".json", ".copy"):
        try:
            json.loads(path.read_bytes())
        except ValueError as error:
            return str(error)
    return ""


KEPT = ("setting", "pins", "sets", "scans", "names", "accounts")


def judge(folder: Path, file: str, kind: str, whole: Report, before: Report, now: Report, is_up: bool) -> list[str]:
    """What is wrong with this start, in words."""
    if not is_up:
        return [f"does not start: {now.output.strip()[-600:] or now.has}"]
    wrong = [f"{key} is {now.has[key]}, was {whole.has[key]}" for key in KEPT if now.has[key] != whole.has[key]]
    wrong += [f"{key} says {now.has[key]}" for key in ("journal", "bars", "state") if now.has[key]]
    name = rescue_name(file)
    if must_be_said(file, kind):
        if said(now, name) is None:
            wrong.append(f"nothing is said: {[each[:2] for each in now.told]}")
        if kind not in ("empty", BY_RIGHT) and not kept_aside(folder, file):
            wrong.append("what was found is not kept")
    others = [each[0] for each in now.told if each[0].startswith("rescued:") and each[0] not in keys_of(name)]
    wrong += [f"not healed, or hurt by it: {others}"] * bool(others)
    if sound := is_sound(folder / file):
        wrong.append(f"is not healed: {sound}")
    if "journal.sqlite3" not in file and before.point not in now.has["points"]:
        wrong.append("the journal's last point is lost")
    return wrong


def main(arguments: list[str]) -> int:
    rng, faults, count = random.Random(7), [], 0
    simulator = SimulatorRun("--seed", "5", "--fresh", "--account", ACCOUNT)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "data"
        try:
            first = Program(folder, simulator.port, prepare=True)
            up = first.until(is_started, DEADLINE_S)
            (folder / "settings.json").exists() and threading.Event().wait(3.0)  # the bars of some minutes
            whole = before = first.kill()
            if not up:
                return finish("damage", False, {}, f"the folder could not be prepared: {whole.output[-500:]}")
            files = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
            print(f"{len(files)} files: {', '.join(files)}", flush=True)
            for file in files:
                for kind, damage in DAMAGE.items():
                    if (kind == BY_RIGHT and not can_forbid()) or not _is_wanted(arguments, file, kind):
                        continue
                    path = folder / file
                    if not path.is_file():
                        continue  # side files are not always there
                    _settle(path)
                    damage(path, rng)
                    program = Program(folder, simulator.port)
                    try:
                        is_up = program.until(is_started, DEADLINE_S)
                        name = rescue_name(file)
                        if is_up and must_be_said(file, kind):
                            program.until(lambda report, name=name: said(report, name) is not None, SAYS_S)
                    finally:
                        now = program.kill()
                    count += 1
                    wrong = judge(folder, file, kind, whole, before, now, is_up)
                    faults += [f"{file}, {kind}: {each}" for each in wrong]
                    print(f"{file}, {kind}: {'; '.join(wrong) or 'ok'}", flush=True)
                    before = now
                    forget_aside(folder)
        finally:
            simulator.stop()
    figures = {"files": files, "kinds": list(DAMAGE), "starts": count, "faults": faults}
    return finish("damage", not faults and count > 0, figures, f"{count} damages, {len(faults)} faults")


def _is_wanted(arguments: list[str], file: str, kind: str) -> bool:
    kinds, files = [a for a in arguments if a in DAMAGE], [a for a in arguments if a not in DAMAGE]
    return (not kinds or kind in kinds) and (not files or any(name in file for name in files))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
