"""A Chromium that shows one tab at a time, and what its renderer process costs."""

from __future__ import annotations

import json
import re
import shutil
import time
import urllib.parse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psutil
from playwright.sync_api import Browser, Page, Request, Response, sync_playwright

from app.feed_route import FEED_PATH

# Without a GPU the renderer draws, so that its process has the whole cost of a page but the last copy to the screen.
ARGUMENTS = ["--no-sandbox", "--disable-gpu"]
LOADS_MS = 60_000
BY_INTERVAL = re.compile(r'"changedPropIds": ?\["[\w-]+\.n_intervals"')
LIVE = 5  # answers


@contextmanager
def running_chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Tab:
    """An open page; `heard` counts what came from its server by itself: answers to polls, frames of web sockets."""

    page: Page
    heard: int = 0

    def settle(self, seconds: float) -> None:
        """So long, and until the polls come: a busy machine takes longer to start a page."""
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < seconds or (self.heard < LIVE and passed < LOADS_MS / 1e3):
            self.page.wait_for_timeout(500)

    def answers(self, response: Response) -> None:
        self.heard += is_poll(response.request)

    def frame(self, _: object) -> None:
        self.heard += 1


def is_poll(request: Request) -> bool:
    """Of this build, by its own route; of builds before it and of the naive page, a callback that an interval calls."""
    path = urllib.parse.urlsplit(request.url).path
    is_called = path == "/_dash-update-component" and BY_INTERVAL.search(request.post_data or "") is not None
    return path == FEED_PATH or is_called


@contextmanager
def open_tab(browser: Browser, address: str) -> Iterator[Tab]:
    """In a context of its own (no storage of another page, a process of its own), 1440 x 900."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    tab = Tab(context.new_page())
    tab.page.on("response", tab.answers)
    tab.page.on("websocket", lambda socket: socket.on("framereceived", tab.frame))
    tab.page.goto(address, timeout=LOADS_MS, wait_until="load")
    yield tab
    context.close()


def heap_mb(tab: Tab) -> float:
    """JavaScript's heap after a collection."""
    session = tab.page.context.new_cdp_session(tab.page)
    for _ in range(2):  # what the first one's finalisers let go
        session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"] / 1e6
    session.detach()
    return used


def processes(browser: Browser) -> dict[int, str]:
    """Chromium's processes and their types. With one tab the renderers are its own and spare ones, which do nothing."""
    session = browser.new_browser_cdp_session()
    found = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return {one["id"]: one["type"] for one in found}


def renderers(browser: Browser) -> list[int]:
    return [pid for pid, kind in processes(browser).items() if kind == "renderer"]


def cpu_s(pids: Iterable[int]) -> float:
    """CPU seconds of all threads of the processes."""
    total = 0.0
    for pid in pids:
        with suppress(psutil.Error):
            times = psutil.Process(pid).cpu_times()
            total += times.user + times.system
    return total


def trace(browser: Browser, page: Page, seconds: float, categories: tuple[str, ...]) -> list[dict[str, Any]]:
    """The events of Chromium's trace of that time."""
    browser.start_tracing(page=page, categories=list(categories))
    page.wait_for_timeout(seconds * 1e3)
    content = json.loads(browser.stop_tracing())
    events: list[dict[str, Any]] = content["traceEvents"]
    return events


def sample(page: Page, seconds: float) -> dict[str, Any]:
    """The main thread's functions, sampled for that time (CDP's Profiler)."""
    session = page.context.new_cdp_session(page)
    session.send("Profiler.enable")
    session.send("Profiler.setSamplingInterval", {"interval": 500})
    session.send("Profiler.start")
    page.wait_for_timeout(seconds * 1e3)
    profile: dict[str, Any] = session.send("Profiler.stop")["profile"]
    session.detach()
    return profile
