"""Several engines on one Redis and one PostgreSQL, dashboards and many tabs, against one engine; and what faults do.

    python -m benchmarks.scale                                        4 engines, 50 lines each, 2 dashboards, 200 tabs
    python -m benchmarks.scale --engines 2 --dashboards 1 --tabs 20   sized for a small machine; it says so
    ... --lines 50 --warm 60 --seconds 60 --no-faults --write         `--write` puts the text into scale.txt

Each engine has a simulated gateway of its own, all share one universe. Everything runs on this machine: the gateways
and the tabs take as much of it as the engines, so a full run wants eight cores. Afterwards an engine is killed and
started again, Redis and PostgreSQL are restarted. `redis-server` and PostgreSQL must be installed. Answers 1 when a
figure is missed.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from app.launch.ports import free_port
from benchmarks.coverage_table import Mark
from tests.long.apart import Dashboard, Process, holes
from tests.patience import wait_for
from tests.servers import NO_POSTGRES, NO_REDIS, PostgresServer, RedisServer

HERE = Path(__file__).parent
CORES_WANTED = 8
POLL_S = 2.0
_COUNTED = ("total_net_input_bytes", "total_net_output_bytes", "total_commands_processed")
PAGES = ("/", "/positions", "/scanners", "/lines", "/health")
GROUP = "bench"
AWAY_S = 8.0
FOLLOWED_S = 30.0
BACK_S = 30.0
FULL = (4, 50, 2, 200)


def options() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(description="Engines and dashboards apart, sized.")
    p.add_argument("--engines", type=int, default=FULL[0])
    p.add_argument("--lines", type=int, default=FULL[1], help="market data lines of each engine")
    p.add_argument("--dashboards", type=int, default=FULL[2])
    p.add_argument("--tabs", type=int, default=FULL[3], help="HTTP pollers, of all dashboards together")
    p.add_argument("--warm", type=float, default=60.0, help="seconds before each measurement")
    p.add_argument("--seconds", type=float, default=60.0, help="of each measurement")
    p.add_argument("--no-faults", action="store_true")
    p.add_argument("--write", action="store_true")
    return p


class Tabs:
    """Pollers as browsers are, each with a page, an engine (None = all) and a cursor; ages of what they were told."""

    def __init__(self, ports: Sequence[int], count: int, engines: Sequence[str]) -> None:
        self.ages: list[float] = []
        self.answers_ms: list[float] = []
        self.failed = 0
        self._counts = False
        self._ending = threading.Event()
        choices = [None, *engines]
        self._threads = [
            threading.Thread(
                target=self._run,
                args=(ports[n % len(ports)], PAGES[n % len(PAGES)], choices[n % len(choices)], POLL_S * n / count),
                daemon=True,
            )
            for n in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def measure(self, seconds: float) -> None:
        self._counts = True
        time.sleep(seconds)
        self._counts = False

    def end(self) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(20.0)

    def _run(self, port: int, path: str, engine: str | None, delay_s: float) -> None:
        cursor: str | None = None
        self._ending.wait(delay_s)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
        while not self._ending.is_set():
            began = time.monotonic()
            try:
                cursor = self._poll(connection, path, cursor, engine, began)
            except (OSError, http.client.HTTPException):
                self.failed += self._counts
                connection.close()
            self._ending.wait(max(0.0, POLL_S - (time.monotonic() - began)))
        connection.close()

    def _poll(
        self, connection: http.client.HTTPConnection, path: str, cursor: str | None, engine: str | None, began: float
    ) -> str | None:
        asked = {"path": path, **({"cursor": cursor} if cursor else {})}
        headers = {"Cookie": f"qtrade-engine={engine}"} if engine else {}
        connection.request("GET", f"/feed?{urllib.parse.urlencode(asked)}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status not in (200, 204):
            self.failed += self._counts
            return None
        if self._counts:
            self.answers_ms.append((time.monotonic() - began) * 1e3)
            if engine is not None and (age := answer.getheader("X-QT-Beat")) is not None:
                self.ages.append(float(age))
        return str(json.loads(body)["cursor"]) if body else cursor


class Stage(NamedTuple):
    """What one measurement found. CPU in percent of one core."""

    name: str
    lines: int
    engine_cpu: float  # of all engines
    dashboard_cpu: float
    redis_cpu: float
    age_p95_s: float | None
    answer_p95_ms: float | None
    polls: int
    failed: int
    redis_mb: float
    redis_in_kb_s: float
    redis_out_kb_s: float
    redis_commands_s: float
    rows_a_minute: dict[str, float]
    symbols: int
    load: float

    @property
    def cpu_per_line(self) -> float:
        return self.engine_cpu / max(1, self.lines)

    def text(self) -> list[str]:
        rows = ", ".join(f"{name} {count:.1f}" for name, count in self.rows_a_minute.items() if count)
        return [
            f"{self.name}: {self.lines} lines, {self.symbols} symbols visited; load of the machine {self.load:.1f}",
            f"  engines {self.engine_cpu:.0f} % of a core = {self.cpu_per_line:.3f} % a line; dashboards "
            f"{self.dashboard_cpu:.0f} %; Redis {self.redis_cpu:.1f} %",
            f"  tabs: {self.polls} polls, {self.failed} failed; age of the state p95 {_said(self.age_p95_s)} s, answer "
            f"p95 {_said(self.answer_p95_ms)} ms",
            f"  Redis: {self.redis_mb:.2f} MB, {self.redis_in_kb_s:.0f} kB/s in, {self.redis_out_kb_s:.0f} kB/s out, "
            f"{self.redis_commands_s:.0f} commands/s",
            f"  journal, rows a minute: {rows}",
        ]


def _said(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def p95(values: Sequence[float]) -> float | None:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))] if ordered else None


@dataclass
class Floor:
    """Servers, engines and dashboards of one stage."""

    folder: Path
    redis: RedisServer
    postgres: PostgresServer
    lines: int
    database: str = ""
    engines: dict[str, Process] = field(default_factory=dict)
    dashboards: list[tuple[Process, int]] = field(default_factory=list)

    def open(self, engines: int, dashboards: int) -> None:
        self.database = self.postgres.new_database()
        with self.redis.client() as client:
            client.flushall()
        for n in range(engines):
            self.start(f"engine-{n + 1}")
        for n in range(dashboards):
            port = free_port()
            desk = Process(self.folder, f"desk-{n + 1}", self._stores(), "app.py", "--no-engine", "--port", str(port))
            self.dashboards.append((desk, port))
        for name in self.engines:
            wait_for(partial(self.board.connected, name), f"{name} is connected", 240.0, every_s=0.5)

    def start(self, name: str) -> None:
        environ = {
            **self._stores(),
            "QTRADE_BROKER__ACCOUNT": account_of(name),
            "QTRADE_ENGINE__SHARE": GROUP,
            "QTRADE_LINES__LIMIT": str(self.lines),
        }
        self.engines[name] = Process(self.folder, name, environ, "-m", "engine", "--engine-name", name)

    def _stores(self) -> dict[str, str]:
        return {"QTRADE_STATE__URL": self.redis.url(), "QTRADE_JOURNAL__URL": self.postgres.url(self.database)}

    @property
    def board(self) -> Dashboard:
        return Dashboard(self.dashboards[0][1])

    @property
    def ports(self) -> list[int]:
        return [port for _, port in self.dashboards]

    def visits(self) -> dict[str, int]:
        """Symbols that each living engine goes round, as Health shows them."""
        rows = self.board.strip().get("rows:fleet", {})
        found = {}
        for name in self.engines:
            row = rows.get(name, {})
            text = str(row.get("visits", "")).replace(",", "")
            if text.isdigit() and "no sign" not in str(row.get("state")):
                found[name] = int(text)
        return found

    def words(self) -> str:
        return str(self.board.strip().get("fleet"))

    def close(self) -> None:
        for process in (*self.engines.values(), *(desk for desk, _ in self.dashboards)):
            if process.process.poll() is None:
                process.process.send_signal(signal.SIGINT)
        for process in (*self.engines.values(), *(desk for desk, _ in self.dashboards)):
            process.process.wait(60)


def account_of(name: str) -> str:
    return f"DU{int(name.rpartition('-')[2]) * 1_111_111:07d}"


def measured(name: str, floor: Floor, tabs: Tabs, seconds: float) -> Stage:
    """One stage, warm."""
    groups = (
        [psutil.Process(each.process.pid) for each in floor.engines.values()],
        [psutil.Process(each.process.pid) for each, _ in floor.dashboards],
        [psutil.Process(_pid(floor.redis))],
    )
    before, rows_before, info_before = [_cpu_s(each) for each in groups], _rows(floor), _info(floor.redis)
    tabs.measure(seconds)
    after, rows, info = [_cpu_s(each) for each in groups], _rows(floor), _info(floor.redis)
    engines, dashboards, redis = ((b - a) / seconds * 100.0 for a, b in zip(before, after, strict=True))
    arrived, left, commands = ((info[key] - info_before[key]) / seconds for key in _COUNTED)
    status = [floor.board.get(f"/api/v1/status?engine={each}") for each in floor.engines]
    return Stage(
        name=name,
        lines=sum(int(each.get("lines", {}).get("used", 0)) for each in status),
        symbols=sum(floor.visits().values()),
        engine_cpu=engines,
        dashboard_cpu=dashboards,
        redis_cpu=redis,
        age_p95_s=p95(tabs.ages),
        answer_p95_ms=p95(tabs.answers_ms),
        polls=len(tabs.answers_ms),
        failed=tabs.failed,
        redis_mb=info["used_memory"] / 1e6,
        redis_in_kb_s=arrived / 1e3,
        redis_out_kb_s=left / 1e3,
        redis_commands_s=commands,
        rows_a_minute={key: (rows[key] - rows_before.get(key, 0.0)) / seconds * 60.0 for key in rows},
        load=os.getloadavg()[0],
    )


def _pid(server: RedisServer) -> int:
    with server.client() as client:
        info: dict[str, Any] = client.info("server")
    return int(info["process_id"])


def _cpu_s(processes: Sequence[psutil.Process]) -> float:
    return sum(sum(each.cpu_times()[:2]) for each in processes)


def _info(server: RedisServer) -> dict[str, float]:
    with server.client() as client:
        info: dict[str, Any] = client.info()
    return {key: float(value) for key, value in info.items() if isinstance(value, int | float)}


def _rows(floor: Floor) -> dict[str, float]:
    with floor.postgres.connect(floor.database) as connection:
        names = [row[0] for row in connection.execute(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE relkind IN ('r', 'p') AND NOT relispartition AND nspname = 'public'"
        )]  # fmt: skip
        found = {}
        for name in sorted(names):
            row = connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()
            found[name] = float(row[0]) if row else 0.0
    return found


# --- faults -----------------------------------------------------------------------------------------------------------


def seconds_until(is_so: Callable[[], bool], what: str, most_s: float = 120.0) -> float:
    began = time.monotonic()
    wait_for(is_so, what, most_s, every_s=0.25)
    return time.monotonic() - began


def faults(floor: Floor) -> list[Mark]:
    """An engine is killed and comes back, Redis and PostgreSQL restart; then the journals are looked at."""
    found = []
    name, before = list(floor.engines)[-1], floor.visits()
    if len(floor.engines) > 1:
        found += _kill(floor, name, before)
    found += _restart_redis(floor)
    found += _restart_postgres(floor)
    for each in floor.engines.values():
        each.process.send_signal(signal.SIGINT)
    for each in floor.engines.values():
        each.process.wait(60)
    url = floor.postgres.url(floor.database)
    for each_name in floor.engines:
        gaps = holes(url, account_of(each_name))
        allowed = 1 if each_name == name and len(floor.engines) > 1 else 0  # while it was dead
        found.append(Mark(f"holes in the journal of {each_name} {gaps}", float(len(gaps)), allowed, True))
    return found


def _kill(floor: Floor, name: str, before: dict[str, int]) -> list[Mark]:
    whole = sum(before.values())
    floor.engines[name].end(signal.SIGKILL)
    began = time.monotonic()
    said = seconds_until(lambda: f"{name} gives no sign of life" in floor.words(), "its death is shown")
    wait_for(lambda: sum(floor.visits().values()) >= 0.98 * whole, "its symbols are followed", 120.0, every_s=0.25)
    followed = time.monotonic() - began
    floor.start(name)
    seconds_until(lambda: floor.board.connected(name), f"{name} is connected", 240.0)
    share = 0.9 * before[name]
    back = seconds_until(lambda: floor.visits().get(name, 0) >= share, "it has its share again")
    others = {each: floor.visits().get(each, 0) for each in before if each != name}
    moved = max(abs(count - before[each]) for each, count in others.items())
    return [
        Mark(f"{name} was killed: s until the page says so", said, BACK_S, True),
        Mark(f"s until the others visit its {before[name]} symbols", followed, FOLLOWED_S, True),
        Mark("it was started again: s after its connection until it had its share", back, BACK_S, True),
        Mark("symbols by which another engine's share differs from before", float(moved), 0.1 * whole, True),
    ]


def _restart_redis(floor: Floor) -> list[Mark]:
    floor.redis.stop(signal.SIGKILL)
    time.sleep(AWAY_S)
    floor.board.get("/api/v1/status")
    words, before = floor.words(), floor.visits()
    floor.redis.start()
    back = seconds_until(lambda: all(floor.board.connected(each) for each in floor.engines), "all are back")
    seconds_until(lambda: "can't be read" not in floor.words(), "nothing is said any more")
    time.sleep(12.0)
    after = floor.visits()
    moved = max((abs(after.get(each, 0) - count) for each, count in before.items()), default=0)
    return [
        Mark("Redis is away: the page says so (1 = yes)", float("can't be read" in words), 1.0),
        Mark("s until all are there again after Redis restarted, empty", back, BACK_S, True),
        Mark("symbols that changed their engine by it", float(moved), 0.05 * max(1, sum(before.values())), True),
    ]


def _restart_postgres(floor: Floor) -> list[Mark]:
    floor.postgres.stop(signal.SIGQUIT)
    said = seconds_until(lambda: "History can't be written" in str(floor.board.get("/healthz")), "it is said", 60.0)
    time.sleep(AWAY_S)
    floor.postgres.start()
    back = seconds_until(lambda: "History" not in str(floor.board.get("/healthz")), "the journal is written again")
    time.sleep(6.0)
    return [
        Mark("PostgreSQL is away: s until the page says so", said, BACK_S, True),
        Mark("s until rows are written again after PostgreSQL restarted", back, BACK_S, True),
    ]


# --- the whole --------------------------------------------------------------------------------------------------------


def compared(one: Stage, many: Stage) -> list[Mark]:
    ratio = many.cpu_per_line / max(1e-9, one.cpu_per_line)
    later = (many.age_p95_s or 0.0) - (one.age_p95_s or 0.0)
    return [
        Mark("CPU of a line, several engines to one", ratio, 1.15, True),
        Mark("age of the state p95, several engines more than one by s", later, 0.5, True),
        Mark("polls that failed", float(many.failed), 0.0, True),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    args = options().parse_args(arguments)
    redis, postgres = RedisServer(), PostgresServer()
    if not redis.is_installed or not postgres.is_installed:
        print(NO_REDIS if not redis.is_installed else NO_POSTGRES)
        return 2
    size = (args.engines, args.lines, args.dashboards, args.tabs)
    text = ["{} engines x {} lines, {} dashboards, {} tabs".format(*size) + ("" if size == FULL else " (sized down)")]
    text.append(f"on {os.cpu_count()} cores, shared by gateways, servers and tabs; the full run wants {CORES_WANTED}.")
    redis.start()
    postgres.start()
    marks: list[Mark] = []
    stages: list[Stage] = []
    try:
        for name, engines, dashboards, tabs_count in (
            ("one engine", 1, 1, max(1, args.tabs // args.dashboards)),
            (f"{args.engines} engines", args.engines, args.dashboards, args.tabs),
        ):
            with tempfile.TemporaryDirectory(prefix="qtrade-scale-", ignore_cleanup_errors=True) as scratch:
                floor = Floor(Path(scratch), redis, postgres, args.lines)
                try:
                    floor.open(engines, dashboards)
                    tabs = Tabs(floor.ports, tabs_count, list(floor.engines))
                    time.sleep(args.warm)
                    stages.append(measured(name, floor, tabs, args.seconds))
                    tabs.end()
                    print("\n".join(stages[-1].text()), flush=True)
                    if engines == args.engines and len(stages) == 2:
                        marks += compared(*stages)
                        marks += [] if args.no_faults else faults(floor)
                finally:
                    floor.close()
    finally:
        redis.close()
        postgres.close()
    text += ["", *(line for stage in stages for line in (*stage.text(), "")), *(mark.line() for mark in marks)]
    print("\n".join(text))
    if args.write:
        (HERE / "scale.txt").write_text("\n".join(text) + "\n", encoding="utf-8")
    return 0 if all(mark.passed for mark in marks) else 1


if __name__ == "__main__":
    sys.exit(main())
