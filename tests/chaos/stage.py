"""A simulated gateway, the program under test, and the hand that plants faults on them and listens to the pages."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

from tests.chaos.damage import damage_file
from tests.chaos.fault_table import CL, NQ, TSLA
from tests.chaos.honesty import Sample
from tests.chaos.sequences import Fault
from tests.chaos.tab import ServerFailed, Tab
from tests.integration.engine_bench import ROOT, SimulatorRun
from tests.patience import DEADLINE_S

LIMIT, BUFFER = 16, 3
SETTINGS: dict[str, Any] = {"lines.limit": LIMIT, "lines.buffer": BUFFER}
OPENING = {NQ: 1.0, TSLA: 100.0, CL: 1.0}
SAMPLE_S = 0.2
CONNECTED = ("simulated", "paper", "live")  # tones of the strip's pill
DISK_MB = 24


class HostRun:
    """`python -m tests.chaos.host` as a process."""

    def __init__(self) -> None:
        self.web = 0
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.host"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the program under test is gone")
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            raise RuntimeError(f"the program under test answers {answer['failed']}")
        return answer

    def call(self, do: str, **more: Any) -> dict[str, Any]:
        """One command and its answer. Raises RuntimeError when it failed or the process is gone."""
        assert self.process.stdin is not None
        with self._lock:
            try:
                self.process.stdin.write(json.dumps({"do": do, **more}) + "\n")
                self.process.stdin.flush()
            except OSError as error:
                raise RuntimeError(f"the program under test is gone: {error}") from None
            return self._answer()

    def start(self, port: int, folder: Path, pace: float) -> None:
        self.web = self.call("start", port=port, folder=str(folder), settings=SETTINGS, pace=pace)["web"]

    def kill(self) -> None:
        """As power does it: no goodbye. Another process stands ready afterwards."""
        self.process.kill()
        self._end()
        self._begin()

    def close(self) -> None:
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._end()

    def _end(self) -> None:
        self.process.wait(DEADLINE_S)
        for stream in (self.process.stdout, self.process.stdin):
            if stream is not None and not stream.closed:
                with contextlib.suppress(OSError):
                    stream.close()


class Stage:
    """Both processes, used again for one sequence after another; faults by their kind."""

    def __init__(self, folder: Path, pace: float = 1.0) -> None:
        self.folder = folder
        self.pace = pace
        self.simulator = SimulatorRun("--seed", "3", "--fresh", "--scan-interval", "5", "--account-interval", "3")
        self.host = HostRun()
        self.ledgers: list[dict[str, Any]] = []
        self.killed: list[dict[str, Any]] = []  # what programs had to say of themselves when they were killed
        self.acknowledged: set[float] = set()  # P&L points that the program had on disk when it was killed

    def close(self) -> None:
        self.host.close()
        self.simulator.stop()

    def begin(self, data: Path) -> None:
        """A gateway as new and a program on an empty folder."""
        self.ledgers.clear()
        self.killed.clear()
        self.acknowledged.clear()
        self._restore_gateway()
        self.simulator.call("POST", "/ledger/reset")
        self.data = data
        self.host.start(self.simulator.port, data, self.pace)

    def _restore_gateway(self) -> None:
        self.simulator.fault("clear")
        self.simulator.fault("line_limit", limit=100)
        held = {row["con_id"]: row["quantity"] for row in self.simulator.call("GET", "/world")["holdings"]}
        for con_id, quantity in OPENING.items():
            if held.get(con_id) != quantity:
                self.simulator.call("POST", "/position", {"con_id": con_id, "quantity": quantity})

    def ledger(self) -> list[dict[str, Any]]:
        """What the gateway, and those before it, counted."""
        return [*self.ledgers, self.simulator.ledger()]

    # --- planting -------------------------------------------------------------------------------------------------

    def plant(self, fault: Fault) -> Callable[[], object]:
        """Begin it; the answer ends it."""
        do = getattr(self, "_" + "".join(c if c.isalnum() else "_" for c in fault.kind.replace("'", "")).strip("_"))
        ending = do(**dict(fault.params))
        return ending if ending is not None else lambda: None

    def _fault(self, kind: str, **params: Any) -> None:
        self.simulator.fault(kind, **params)

    def _half_open(self) -> Callable[[], object]:
        self._fault("silence")
        return lambda: self._fault("resume")

    def _stopped_process(self) -> Callable[[], object]:
        os.kill(self.simulator.pid, signal.SIGSTOP)
        return lambda: os.kill(self.simulator.pid, signal.SIGCONT)

    _stalled_gateway = _stopped_process

    def _FIN(self) -> None:
        self._fault("drop")

    def _RST(self) -> None:
        self._fault("abort")

    def _refused(self) -> Callable[[], object]:
        self._fault("refuse")
        return lambda: self._fault("accept")

    def _nightly_restart(self) -> Callable[[], object]:
        self._fault("restart", seconds=0)
        return lambda: self._fault("accept")

    def _simulator_restarted(self) -> Callable[[], object]:
        self.ledgers.append(self.simulator.ledger())
        held = {row["con_id"]: row["quantity"] for row in self.simulator.call("GET", "/world")["holdings"]}
        port = self.simulator.port
        self.simulator.kill()

        def again() -> None:
            self.simulator = SimulatorRun(
                "--seed", "3", "--fresh", "--scan-interval", "5", "--account-interval", "3", port=port
            )
            for con_id in {*held, *OPENING}:
                if held.get(con_id, 0.0) != OPENING.get(con_id, held.get(con_id)):
                    self.simulator.call("POST", "/position", {"con_id": con_id, "quantity": held.get(con_id, 0.0)})

        return again

    def _no_handshake(self) -> Callable[[], object]:
        self._fault("accept_silent", seconds=600)
        self._fault("drop")
        return lambda: self._fault("accept_silent", seconds=0)

    def _client_id_in_use(self, every: bool) -> Callable[[], object]:
        self._fault("client_id_busy", seconds=600, **({} if every else {"client_id": 52}))
        self._fault("drop")
        return lambda: self._fault("client_id_busy", seconds=0)

    def _port_reset(self) -> None:
        self._fault("port_reset")

    def _another_account(self, account: str) -> Callable[[], object]:
        self._fault("account", account=account)
        self._fault("drop")

        def back() -> None:
            self._fault("account", account=None)
            self._fault("drop")

        return back

    def _half_a_frame(self) -> None:
        self._fault("truncate")

    def _bogus_length(self) -> None:
        self._fault("bogus_length")

    def _garbage(self, count: int) -> None:
        for _ in range(count):
            self._fault("garbage")

    def _many_garbage_frames(self, count: int) -> None:
        for _ in range(count):  # a line's price without its fields: undecodable, not only unknown
            self._fault("raw", fields=["1", "6", "x"])

    def _another_server_version(self, version: int) -> Callable[[], object]:
        self._fault("server_version", version=version)
        self._fault("drop")
        return lambda: self._fault("server_version", version=None)

    def _withheld(self, message: str) -> Callable[[], object]:
        self._fault("withhold", message=message)
        self._fault("drop")
        return lambda: self._fault("withhold", message=message, off=True)

    _withheld_handshake = _withheld

    def _withheld_time(self) -> Callable[[], object]:
        self._fault("withhold", message="currentTime")
        return lambda: self._fault("withhold", message="currentTime", off=True)

    def _late_answers(self, seconds: float) -> Callable[[], object]:
        self._fault("delay", seconds=seconds * self.pace)
        return lambda: self._fault("delay", seconds=0)

    def _slow_line(self, bytes_per_s: int) -> Callable[[], object]:
        self._fault("slow", bytes_per_s=bytes_per_s / self.pace)
        return lambda: self._fault("slow", bytes_per_s=0)

    def _162(self, count: int) -> None:
        self._fault("error", code=162, next="history", count=count)

    def _101(self, limit: int) -> Callable[[], object]:
        self._fault("line_limit", limit=limit)
        return lambda: self._fault("line_limit", limit=100)

    def _200(self, con_id: int) -> Callable[[], object]:
        self._fault("error", code=200, next="market_data", con_id=con_id, count=1)
        self._fault("drop")
        return lambda: None

    def _unknown_code(self, code: int) -> None:
        self._fault("notice", code=code, text="words that nobody has seen before")

    def _dead_feed(self) -> Callable[[], object]:
        self._fault("mute_ticks")
        return lambda: self._fault("unmute_ticks")

    def _competing_session(self) -> Callable[[], object]:
        self._fault("competing")
        return lambda: self._fault("unmute_ticks")

    def _blind_position(self, con_id: int) -> Callable[[], object]:
        self._fault("mute_ticks", con_id=con_id)
        return lambda: self._fault("unmute_ticks", con_id=con_id)

    def _1100__1101(self) -> Callable[[], object]:
        self._fault("connection_lost")
        return lambda: self._fault("restored_lost")

    def _1100__1102(self) -> Callable[[], object]:
        self._fault("connection_lost")
        return lambda: self._fault("restored_kept")

    def _2110(self) -> Callable[[], object]:
        self._fault("mute_ticks")
        self._fault("notice", code=2110)
        return lambda: self._fault("unmute_ticks")  # TWS says no word when it is over: ticks come

    def _farm_flap(self, which: str, times: int) -> Callable[[], object]:
        for _ in range(times - 1):
            self._fault("farm", which=which, up=False)
            self._fault("farm", which=which, up=True)
        self._fault("farm", which=which, up=False)
        return lambda: self._fault("farm", which=which, up=True)

    def _bad_tick(self, con_id: int | None, tick: str, value: str) -> Callable[[], object]:
        self._fault("tick_value", con_id=con_id, tick=tick, value=value, hold=True)
        return lambda: self._fault("tick_value", off=True)

    def _burst(self, count: int) -> None:
        self._fault("burst", count=count)

    def _position(self, con_id: int, quantity: float) -> Callable[[], object]:
        self.simulator.call("POST", "/position", {"con_id": con_id, "quantity": quantity})
        before = OPENING.get(con_id, 0.0)
        return lambda: self.simulator.call("POST", "/position", {"con_id": con_id, "quantity": before})

    _new_position = _changed_position = _position

    def _closed_position(self, con_id: int) -> Callable[[], object]:
        return self._position(con_id, 0.0)

    def _clock_nudged(self, seconds: float) -> None:
        self.host.call("clock", seconds=seconds)

    _clock_set = _clock_nudged

    def _TWS__clock(self, seconds: float) -> Callable[[], object]:
        self._fault("clock_skew", seconds=seconds)
        return lambda: self._fault("clock_skew", seconds=0)

    _TWS_clock = _TWS__clock

    def _sleep(self, seconds: float) -> Callable[[], object]:
        """The process stands still; when it goes on its wall clock is as far ahead as the machine slept."""
        process = self.host.process
        self.host.call("clock", seconds=seconds)
        os.kill(process.pid, signal.SIGSTOP)
        return lambda: os.kill(process.pid, signal.SIGCONT)

    def _one_error(self, where: str, error: str) -> None:
        self.host.call("plant", where=where, error=error, times=1)

    def _cancelled_task(self, task: int) -> None:
        self.host.call("cancel", task=task)

    def _store_fails(self, where: str, error: str) -> Callable[[], object]:
        self.host.call("plant", where=where, error=error)
        return lambda: self.host.call("heal")

    _part_keeps_failing = _store_fails

    def _engine_thread_ends(self, error: str) -> None:
        self.host.call("end_thread", error=error)

    def _disk_full(self) -> Callable[[], object]:
        ballast = self.folder / "small" / "ballast"
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        return lambda: ballast.unlink(missing_ok=True)

    def _kill__9(self) -> Callable[[], object]:
        with contextlib.suppress(OSError, ValueError, HTTPException):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.host.web}/api/v1/pnl?since=0", timeout=10.0) as answer:
                self.acknowledged |= {point["t"] for point in json.load(answer)}
        self._kill()
        return self._up_again

    def _damaged_file(self, file: int, damage: str) -> Callable[[], object]:
        """While nobody has it open, as a machine that went down does it."""
        self._kill()
        files = sorted(path for path in self.data.rglob("*") if path.is_file() and path.suffix not in (".lock",))
        if files:
            damage_file(files[file % len(files)], damage)
        return self._up_again

    def _kill(self) -> None:
        self.killed.append(self.host.call("look"))
        self.host.kill()

    def _up_again(self) -> None:
        self.host.start(self.simulator.port, self.data, self.pace)


class Starvation:
    """How long processes were ready to run and got no core, in the worst 5 s; 0 where the system does not tell.

    Of each process its most wanted thread counts, which is the one with the loop.
    """

    def __init__(self, pids: Callable[[], tuple[int, ...]]) -> None:
        self._pids = pids
        self._seen: dict[str, int] = {}
        self._lately: deque[tuple[float, float]] = deque()
        self.worst_s = 0.0

    def look(self) -> None:
        now, waited = time.monotonic(), 0.0
        for pid in self._pids():
            threads = _waited_ns(pid)
            waited += max((total - self._seen.get(name, total) for name, total in threads.items()), default=0) / 1e9
            self._seen |= threads
        self._lately.append((now, waited))
        while now - self._lately[0][0] > 5.0:
            self._lately.popleft()
        self.worst_s = max(self.worst_s, sum(each for _, each in self._lately))


def _waited_ns(pid: int) -> dict[str, int]:
    """By thread, since it began."""
    found = {}
    for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            found[file.parent.name] = int(file.read_text().split()[1])
    return found


class Listener:
    """Asks the pages as browsers and scripts do, each `SAMPLE_S`, and keeps what they said. A thread of its own."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._host = stage, stage.host
        self._begun = time.monotonic()
        self._starved = Starvation(lambda: (stage.host.process.pid, stage.simulator.pid))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        self.samples: list[Sample] = []
        self.pages: list[Sample] = []
        self.broken: list[str] = []
        self.rows: list[tuple[float, list[dict[str, Any]]]] = []
        self.lines: list[dict[str, Any]] = []
        self._late_s = 0.0

    def __enter__(self) -> Listener:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(DEADLINE_S)

    @property
    def is_green(self) -> bool:
        return bool(self.samples) and not self.samples[-1].reasons

    def now(self) -> float:
        """Since the begin, in seconds of the table: all times here are."""
        return (time.monotonic() - self._begun) / self._stage.pace

    @property
    def slack_s(self) -> float:
        """How long this machine held things up: the most that the two processes waited for a core in 5 s, and the
        latest that this thread was called."""
        return (self._starved.worst_s + self._late_s) / self._stage.pace

    def _run(self) -> None:
        turn = 0
        while not self._stopping.is_set():
            asked = time.monotonic()
            self._ask(turn)
            took = time.monotonic() - asked
            turn += 1
            self._stopping.wait(max(0.0, SAMPLE_S - took))
            self._late_s = max(self._late_s, time.monotonic() - asked - max(SAMPLE_S, took))
            self._starved.look()

    def _ask(self, turn: int) -> None:
        said = self._get("/healthz")
        if said is None:
            self.samples.append(Sample(self.now(), ("unreachable",)))
            return
        reasons = tuple(said["reasons"])
        if (said["status"] == "ok") != (not reasons):
            self.broken.append(f"/healthz says {said['status']} for {reasons}")
        age = said["heartbeat_age_s"]
        if said["status"] == "ok" and not (age is not None and 0.0 <= age < 10.0):
            self.broken.append(f"/healthz says ok with a heartbeat of {age} s")
        self.samples.append(Sample(self.now(), reasons))
        if turn % 2 == 0 and (positions := self._get("/api/v1/positions")) is not None:
            self.rows.append((self.now(), positions["tradable"]))
        if turn % 4 == 1 and (status := self._get("/api/v1/status")) is not None:
            self.lines.append(status["lines"])
        if turn % 5 == 2:
            self._look_at_pages()

    def _get(self, path: str) -> Any:
        """Decoded JSON; None = nobody answers. An answer 5xx is a break."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._host.web}{path}", timeout=15.0) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                self.broken.append(f"{path} answered {error.code}: {error.read(200)!r}")
            return None
        except (OSError, ValueError, HTTPException):  # it was killed in the midst of its answer
            return None

    def _look_at_pages(self) -> None:
        """The Health page's verdict and the Positions page's state, as a browser that opens them now gets them."""
        health, positions = self._poll("/health"), self._poll("/positions")
        if health is not None:
            part = health["set"].get("health", {})
            is_green = part.get("verdict_icon") == "pass"
            self.pages.append(Sample(self.now(), () if is_green else (str(part.get("verdict")),)))
        if positions is not None:
            pill = positions["set"].get("strip", {}).get("pill")
            is_down = isinstance(pill, dict) or (isinstance(pill, list) and pill[1] not in CONNECTED)
            state = positions["set"].get("state", {}).get("positions", {})
            if is_down and state.get("s") == "live" and state.get("word") != "current":
                self.broken.append(f"at {self.now():.1f} s the positions are shown as live while the strip says {pill}")

    def _poll(self, path: str) -> dict[str, Any] | None:
        """The whole page; None = nobody answers."""
        try:
            return Tab(path).poll(self._host.web)
        except ServerFailed as error:
            self.broken.append(str(error))
        except (OSError, ValueError, HTTPException):
            pass
        return None


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """A file system of its own for the data folder, so that it can be filled; None where nothing may be mounted."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    folder.mkdir(parents=True, exist_ok=True)
    if not sys.platform.startswith("linux") or not mount or not umount:
        yield None
        return
    made = subprocess.run([mount, "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", folder], capture_output=True)
    if made.returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run([umount, "-l", folder], check=True)
