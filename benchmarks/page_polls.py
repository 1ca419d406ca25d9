"""Polls of the pages over HTTP, as their tabs send them, at the production server with the engine in this process."""

from __future__ import annotations

import http.client
import json
import math
import multiprocessing
import socket
import statistics
import sys
import tempfile
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from app.deps import AppDeps
from app.factory import create_app
from app.feed_route import FEED_PATH
from app.launch.web_server import WebServer
from benchmarks.engine_cpu import is_warm, load_history_fast
from benchmarks.page_goals import Polled, Tabs
from benchmarks.page_programs import PAGES, SEED, SYMBOL, path_of, wait
from engine.clock import SystemClock
from tests.integration.engine_bench import EngineBench, running_engine, running_simulator, wait_for

POLL_S = 2.0
WARMS_S = 60.0
MINUTE_S = 60.0


class Poller:
    """One tab on one page: a connection that is kept, and the cursor."""

    def __init__(self, port: int, path: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
        self.path = path
        self.cursor: str | None = None

    def poll(self) -> bytes:
        """The body, empty when nothing changed. AssertionError for any other answer."""
        asked = {"path": self.path, **({"cursor": self.cursor} if self.cursor else {})}
        self._connection.request("GET", f"{FEED_PATH}?{urllib.parse.urlencode(asked)}")
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status in (200, 204), (self.path, answer.status, body[:300])
        if body:
            self.cursor = json.loads(body)["cursor"]
        return body

    def close(self) -> None:
        self._connection.close()


class Web:
    """The dashboard of a running engine; `cpu_ms` of the threads that serve it."""

    def __init__(self, bench: EngineBench) -> None:
        app = create_app(AppDeps(state=bench.state, journal=bench.reader, clock=SystemClock()))
        before = set(threading.enumerate())
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = listener.getsockname()[1]
        self._server = WebServer(app.server, listener)
        self._server.start()
        wait_for(lambda: len(set(threading.enumerate()) - before) > 1, "the server's threads", 5)
        threads = set(threading.enumerate()) - before
        self._clocks = [time.pthread_getcpuclockid(each.ident) for each in threads if each.ident]

    def cpu_ms(self) -> float:
        return sum(time.clock_gettime(clock) for clock in self._clocks) * 1e3

    def stop(self) -> None:
        self._server.stop()


@contextmanager
def dashboard(scenario: str) -> Iterator[tuple[EngineBench, Web]]:
    """A minute after the start; on the weekend only when the history is in (until then counters move)."""
    load_history_fast()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_simulator("--scenario", scenario, "--seed", SEED) as simulator,
    ):
        with running_engine(simulator.port, Path(folder), mode="simulated") as bench:
            wait_for(lambda: bench.position(SYMBOL) is not None and bench.position(SYMBOL).last, "a price", 60)
            web = Web(bench)
            try:
                wait(WARMS_S)
                if scenario == "weekend":
                    wait_for(lambda: is_warm(bench), "history of the universe", 400)
                yield bench, web
            finally:
                web.stop()


def paths(bench: EngineBench, pages: Sequence[str]) -> list[str]:
    con_id = bench.position(SYMBOL).con_id
    return [path_of(page, con_id) for page in pages]


@dataclass
class _Seen:
    sizes: list[int] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    parts: Counter[str] = field(default_factory=Counter)
    first: int = 0


def _polls(scenario: str, pages: Sequence[str], rounds: int) -> list[_Seen]:
    """Each page polled each two seconds, as its own tab would, one after the other: so its cost is its own."""
    with dashboard(scenario) as (bench, web):
        pollers = [Poller(web.port, path) for path in paths(bench, pages)]
        seen = [_Seen(first=len(poller.poll())) for poller in pollers]
        due = time.monotonic()
        for _ in range(rounds):
            due += POLL_S
            wait(max(0.0, due - time.monotonic()))
            for poller, page in zip(pollers, seen, strict=True):
                before = web.cpu_ms()
                body = poller.poll()
                page.cpu_ms.append(web.cpu_ms() - before)
                page.sizes.append(len(body))
                page.parts.update(part_sizes(body))
        for poller in pollers:
            poller.close()
    return seen


def part_sizes(body: bytes) -> dict[str, int]:
    changed = json.loads(body).get("set", {}) if body else {}
    return {part: len(json.dumps(values, separators=(",", ":"))) for part, values in changed.items()}


def polled(pages: Sequence[str], rounds: int) -> list[Polled]:
    """On the simulated morning, and on the simulated weekend, where nothing changes."""
    busy, idle = _polls("weekday", pages, rounds), _polls("weekend", pages, rounds)
    return [
        Polled(
            page, statistics.median(seen.sizes), percentile(seen.sizes, 0.95), seen.first,
            round(statistics.median(seen.cpu_ms), 2), max(still.sizes), sum(size > 0 for size in still.sizes), rounds,
            ", ".join(f"{name} {total / rounds:.0f}" for name, total in seen.parts.most_common(3)),
            ", ".join(name for name, _ in still.parts.most_common(3)),
        )
        for page, seen, still in zip(pages, busy, idle, strict=True)
    ]  # fmt: skip


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of them does not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


@dataclass(frozen=True)
class Answers:
    """What the pollers of many tabs saw: milliseconds of each answer, and what went wrong."""

    ms: list[float]
    errors: list[str]


def many_tabs(count: int, minutes: float) -> Tabs:
    """That many pollers, evenly over the pages, in a process of their own. Memory is judged after the first minute."""
    with dashboard("weekday") as (bench, web), ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        wait_for(lambda: is_warm(bench), "history of the universe", 400)  # which takes memory
        wait(MINUTE_S)  # the probe of the loop's lateness looks back so long
        late_before = bench.read("health").loop_lateness_p99_ms
        every_path = paths(bench, PAGES)
        asked = [every_path[number % len(every_path)] for number in range(count)]
        watched = _watched(bench, pool.submit(_poll_all, web.port, asked, (minutes + 1) * MINUTE_S))
        return Tabs(tabs=count, minutes=minutes, late_before_ms=late_before, **watched)


def _watched(bench: EngineBench, answers: Future[Answers]) -> dict[str, Any]:
    """Looks each ten seconds until the pollers are done."""
    program, begun = psutil.Process(), time.monotonic()
    late_ms, mb, threads, descriptors = [], [], [], []
    while not answers.done():
        wait(10.0)
        if time.monotonic() - begun > MINUTE_S:  # every tab is open, every thread of the server has its caches
            late_ms.append(bench.read("health").loop_lateness_p99_ms)
            mb.append(program.memory_info().rss / 1e6)
            threads.append(program.num_threads())
            descriptors.append(program.num_handles() if sys.platform == "win32" else program.num_fds())
    seen = answers.result()
    for error in seen.errors[:5]:
        print(error, flush=True)
    return {
        "polls": len(seen.ms), "errors": len(seen.errors), "p50_ms": statistics.median(seen.ms),
        "p95_ms": percentile(seen.ms, 0.95), "p99_ms": percentile(seen.ms, 0.99), "late_ms": max(late_ms),
        "mb": _grown(mb), "threads": round(_grown(threads)), "descriptors": round(_grown(descriptors[:-2])),
    }  # fmt: skip


def _grown(values: Sequence[float]) -> float:
    """From the first quarter's median to the last one's."""
    quarter = max(1, len(values) // 4)
    return statistics.median(values[-quarter:]) - statistics.median(values[:quarter])


def _poll_all(port: int, asked: Sequence[str], seconds: float) -> Answers:
    """The tabs' process: a thread a tab, spread over the two seconds."""
    answers = Answers([], [])
    end = time.monotonic() + seconds

    def live(path: str, after_s: float) -> None:
        wait(after_s)
        tab = Poller(port, path)
        while (begun := time.monotonic()) < end:
            try:
                tab.poll()
                answers.ms.append((time.monotonic() - begun) * 1e3)
            except (OSError, http.client.HTTPException, AssertionError, ValueError) as error:
                answers.errors.append(f"{path}: {error!r}")
                tab.close()
            wait(max(0.0, begun + POLL_S - time.monotonic()))
        tab.close()

    threads = [
        threading.Thread(target=live, args=(path, number * POLL_S / len(asked))) for number, path in enumerate(asked)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
