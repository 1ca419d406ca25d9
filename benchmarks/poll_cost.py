"""What one poll of each page costs: bytes of the body, CPU of the web server's threads; in a browser, main-thread ms.

    python -m benchmarks.poll_cost [--rounds 30] [--browser 12] [--page /positions]

Goals (DASH.md 9): at most 4 kB a poll when the market is busy (median), nothing when it is idle (204, no body), at
most 4 ms of the server's CPU, at most 80 ms of the browser's main thread. Busy = the simulated morning with the engine
in this process; idle = the simulated weekend. The server is the production one (waitress), polled over HTTP as the
pages do.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import shutil
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import sync_playwright

from app.deps import AppDeps
from app.factory import create_app
from app.launch.web_server import WebServer
from benchmarks.engine_cpu import is_warm, load_history_fast
from engine.clock import SystemClock
from tests.integration.engine_bench import EngineBench, running_engine, running_simulator, wait_for

POLL_S = 2.0
OUTPUT = "shell-delta.data"
GOAL_BYTES, GOAL_CPU_MS, GOAL_MAIN_MS = 4096, 4.0, 80.0


@dataclass
class Polls:
    """What was seen of one page. Bytes of the bodies; CPU of all threads of the web server."""

    path: str
    cursor: str | None = None
    sizes: list[int] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    parts: dict[str, int] = field(default_factory=dict)
    first_bytes: int = 0
    empty: int = 0


class Web:
    """The dashboard on a running engine, and one connection to it."""

    def __init__(self, bench: EngineBench) -> None:
        app = create_app(AppDeps(state=bench.state, journal=bench.reader, clock=SystemClock()))
        before = set(threading.enumerate())
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self._server = WebServer(app.server, listener)
        self._server.start()
        wait_for(lambda: len(set(threading.enumerate()) - before) > 1, "the server's threads", 5)
        threads = set(threading.enumerate()) - before
        self._clocks = [time.pthread_getcpuclockid(each.ident) for each in threads if each.ident]
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def cpu_ms(self) -> float:
        return sum(time.clock_gettime(clock) for clock in self._clocks) * 1e3

    def poll(self, polls: Polls) -> None:
        """One poll as the page sends it; keeps what it cost."""
        begun = self.cpu_ms()
        self._connection.request(
            "POST", "/_dash-update-component", request_body(polls), {"Content-Type": "application/json"}
        )
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status in (200, 204), (polls.path, answer.status, body[:300])
        cost = self.cpu_ms() - begun
        if polls.cursor is None:
            polls.first_bytes = len(body)
        else:
            polls.sizes.append(len(body))
            polls.cpu_ms.append(cost)
            polls.empty += answer.status == 204
        if body:
            self._learn(polls, json.loads(body)["response"])

    def _learn(self, polls: Polls, response: dict[str, Any]) -> None:
        is_first, polls.cursor = polls.cursor is None, response["shell-delta"]["data"]["cursor"]
        for part, values in response["shell-delta"]["data"].get("set", {}).items() if not is_first else ():
            polls.parts[part] = polls.parts.get(part, 0) + len(json.dumps(values, separators=(",", ":")))

    def stop(self) -> None:
        self._connection.close()
        self._server.stop()


def request_body(polls: Polls) -> str:
    shell = [("shell-poll", "n_intervals", 1), ("shell-kick", "data", None), ("shell-url", "pathname", polls.path)]
    body = {
        "output": OUTPUT,
        "outputs": {"id": "shell-delta", "property": "data"},
        "inputs": [{"id": name, "property": prop, "value": value} for name, prop, value in shell],
        "state": [
            {"id": "shell-cursor", "property": "data", "value": polls.cursor},
            {"id": "shell-sight", "property": "data", "value": None},
        ],
        "changedPropIds": ["shell-poll.n_intervals"],
    }
    return json.dumps(body)


@contextmanager
def dashboard(scenario: str, warm_s: float) -> Iterator[tuple[EngineBench, Web]]:
    load_history_fast()
    with tempfile.TemporaryDirectory() as folder, running_simulator("--scenario", scenario, "--seed", "7") as simulator:
        with running_engine(simulator.port, Path(folder), mode="simulated") as bench:
            wait_for(lambda: bench.position("TSLA") is not None and bench.position("TSLA").last, "a price of TSLA", 60)
            web = Web(bench)
            try:
                threading.Event().wait(warm_s)
                yield bench, web
            finally:
                web.stop()


def pages_of(bench: EngineBench, only: str | None) -> list[Polls]:
    symbol = f"/symbol/{bench.position('TSLA').con_id}"
    paths = ["/", "/positions", "/scanners", symbol, "/lines", "/health", "/settings"]
    return [Polls(path) for path in paths if only is None or path.startswith(only) and (only != "/" or path == "/")]


def poll_all(web: Web, pages: list[Polls], rounds: int) -> None:
    """Each page polled each 2 s, as its own tab would."""
    due = time.monotonic()
    for _ in range(rounds + 1):
        for page in pages:
            web.poll(page)
        due += POLL_S
        threading.Event().wait(max(0.0, due - time.monotonic()))


def show(title: str, pages: list[Polls]) -> dict[str, dict[str, float]]:
    print(f"\n{title:28}{'bytes p50':>10}{'p95':>8}{'first':>9}{'empty':>9}{'cpu ms p50':>12}")
    figures = {}
    for page in pages:
        size, cpu = statistics.median(page.sizes), statistics.median(page.cpu_ms)
        p95 = sorted(page.sizes)[int(len(page.sizes) * 0.95)]
        empty = f"{page.empty}/{len(page.sizes)}"
        print(f"{page.path[:26]:28}{size:>10.0f}{p95:>8}{page.first_bytes:>9}{empty:>9}{cpu:>12.2f}")
        parts = sorted(page.parts.items(), key=lambda item: -item[1])[:4]
        print("    " + ", ".join(f"{name} {total / len(page.sizes):.0f}" for name, total in parts))
        figures[page.path] = {"bytes": size, "cpu_ms": cpu, "empty": page.empty, "polls": len(page.sizes)}
    return figures


def browser_ms(web: Web, paths: list[str], polls: int) -> dict[str, float]:
    """CPU ms of the page's main thread per 2-s poll, after the page has settled; beside it Chromium's TaskDuration,
    which is wall time and grows with whatever else the machine does."""
    figures = {}
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        system = browser.new_browser_cdp_session()
        for each in paths:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"http://127.0.0.1:{web.port}{each}")
            page.wait_for_timeout(8_000)
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable")
            renderers = [one["id"] for one in system.send("SystemInfo.getProcessInfo")["processInfo"]
                         if one["type"] == "renderer"]  # fmt: skip
            before, cpu = task_s(session), main_thread_s(renderers)
            page.wait_for_timeout(polls * POLL_S * 1_000)
            figures[each] = round((main_thread_s(renderers) - cpu) / polls * 1e3, 1)
            task_ms = (task_s(session) - before) / polls * 1e3
            print(f"{each[:26]:28} main thread {figures[each]:>6.1f} ms CPU a poll; tasks {task_ms:.1f} ms", flush=True)
            page.close()
        browser.close()
    return figures


def main_thread_s(pids: list[int]) -> float:
    """CPU seconds of the processes' main threads (Linux: the thread whose id is the process's)."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            threads = psutil.Process(pid).threads()
            total += sum(one.user_time + one.system_time for one in threads if one.id == pid)
    return total


def task_s(session: Any) -> float:
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"])


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=30)
    options.add_argument("--browser", type=int, default=0, metavar="POLLS", help="measure that many polls in Chromium")
    options.add_argument("--page", default=None)
    options.add_argument("--only-browser", action="store_true", help="no polls over HTTP, no idle market")
    options.add_argument("--warm", type=float, default=60.0)
    args = options.parse_args()
    with dashboard("weekday", args.warm) as (bench, web):
        pages = pages_of(bench, args.page)
        if args.only_browser:
            return (
                0 if max(browser_ms(web, [each.path for each in pages], args.browser).values()) <= GOAL_MAIN_MS else 1
            )
        poll_all(web, pages, args.rounds)
        busy = show("busy", pages)
        main_ms = browser_ms(web, [page.path for page in pages], args.browser) if args.browser else {}
    with dashboard("weekend", args.warm) as (bench, web):
        wait_for(lambda: is_warm(bench), "history of the universe", 400)  # until then a counter moves: not idle
        pages = pages_of(bench, args.page)
        poll_all(web, pages, args.rounds // 2)
        idle = show("idle", pages)
    good = all(each["bytes"] <= GOAL_BYTES and each["cpu_ms"] <= GOAL_CPU_MS for each in busy.values())
    good = good and all(each["bytes"] == 0 for each in idle.values())
    good = good and all(value <= GOAL_MAIN_MS for value in main_ms.values())
    print(f"\ngoals: <= {GOAL_BYTES} B and <= {GOAL_CPU_MS:g} ms busy, 0 B idle: {'met' if good else 'missed'}")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
