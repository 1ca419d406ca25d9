"""A real browser on the production server: an installed Chromium, the sample state behind it, complaints collected.

`site` serves an app on a StateBus that the test moves; `page` collects console errors and warnings, page errors
and every request that leaves 127.0.0.1, and fails the test at its end if there is one (unless `page.forgiven`).
"""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app.deps import AppDeps
from app.factory import create_app
from app.feed_route import FEED_PATH
from app.launch.web_server import WebServer
from app.login.gate import Gate, open_gate
from engine.clock import SystemClock
from engine.journal.source import EmptyJournal, JournalSource
from engine.state.bus import StateBus
from engine.state.sections import Heartbeat, PnlPoint, PnlSection
from engine.statements.port import NoStatements, StatementDesk
from tests.app.sample_files import SampleChecks, fill_log
from tests.app.sample_state import MARKET, SampleBars, fill_sample, tick_sample
from tests.patience import DEADLINE_S, wait_for

BUILD = "0.1.0+5a1c9e77"
POLL_MS = 400  # what depends on polls does not depend on their pace
TICK_S = 0.25
# One renderer process for all pages, so that scripts stay compiled, and no process for a GPU that is not there.
CHROMIUM = ("--no-sandbox", "--renderer-process-limit=1", "--process-per-site", "--disable-site-isolation-trials",
            "--disable-gpu", "--in-process-gpu")  # fmt: skip
FOLDER = Path(__file__).parent
BROWSERS = 2
DEADLINE_MS = 1000.0 * DEADLINE_S


@pytest.hookimpl(tryfirst=True)  # before the workers read the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several workers, two of them have a browser and keep it: its first page costs as much as three later ones,
    and a third browser would find no core."""
    mine = [item for item in items if item.path.is_relative_to(FOLDER)]
    places = {stem: place for place, stem in enumerate(sorted({item.path.stem for item in mine}))}
    for item in mine:
        item.add_marker(pytest.mark.xdist_group(f"browser {places[item.path.stem] % BROWSERS}"))


def listen(port: int, wait_s: float = DEADLINE_S) -> socket.socket:
    """A listening socket; a port that was just given up is waited for (the loop's last poll still holds it)."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            if time.monotonic() > deadline:
                raise
            threading.Event().wait(0.05)


class SkippingClock(SystemClock):
    """The machine's clocks, which a test can put forward: time has passed, and nobody waited for it."""

    def __init__(self) -> None:
        self._skipped_s = 0.0

    def mono(self) -> float:
        return super().mono() + self._skipped_s

    def wall(self) -> float:
        return super().wall() + self._skipped_s

    def skip(self, seconds: float) -> None:
        self._skipped_s += seconds


class Site:
    """One running dashboard with an engine's heartbeat; `run()` lets prices move."""

    def __init__(
        self,
        connected: bool = True,
        build_id: str = BUILD,
        port: int = 0,
        port_wait_s: float = DEADLINE_S,
        journal: JournalSource | None = None,
        statements: StatementDesk | None = None,
        login: Gate | None = None,
    ) -> None:
        self.clock = SkippingClock()
        self.bus = StateBus(None, self.clock)
        self.step = 0
        self.began = self.clock.wall()
        self.is_beating = True
        self.is_running = False
        fill_sample(self.bus, self.began, self.clock.mono(), connected=connected)
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.checks = SampleChecks(self.began)
        deps = AppDeps(
            state=self.bus,
            journal=journal or EmptyJournal(),
            statements=statements or NoStatements(),
            checks=self.checks,
            log=fill_log(Path(self._folder.name), self.began),
            bars=SampleBars(),
            clock=self.clock,
            build_id=build_id,
            version="0.1.0",
            poll_ms=POLL_MS,
            login=login or open_gate(),
        )
        self.app = create_app(deps)
        listener = listen(port, port_wait_s)
        self.port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.server = WebServer(self.app.server, listener)
        self.server.start()
        self._end = threading.Event()
        self._engine = threading.Thread(target=self._live, daemon=True)
        self._engine.start()

    def _live(self) -> None:
        while not self._end.wait(TICK_S):
            if self.is_running:
                self.tick()
            if self.is_beating:
                self._beat()

    def _beat(self) -> None:
        beat = Heartbeat(at_wall=self.clock.wall(), at_market=0.0, started_wall=self.began, loop_lateness_p99_ms=0.1)
        self.bus.publish("heartbeat", beat)

    def fall_silent(self, silent_s: float) -> None:
        """The engine's last heartbeat was so long ago, and no other comes until `is_beating` is set again."""
        self.is_beating = False
        self.clock.skip(silent_s)

    def tick(self) -> None:
        """Prices move and one P&L point is added."""
        self.step += 1
        before = self.bus.read("pnl")
        assert isinstance(before, PnlSection)
        now = self.clock.wall()
        tick_sample(self.bus, self.step, now, self.clock.mono())
        point = PnlPoint(now, MARKET + round(now - self.began, 1), None, None, -2600.0 - self.step % 9)
        self.bus.publish("pnl", PnlSection(points=(*before.points, point)[-300:]))

    def run(self) -> None:
        """Tick from now on."""
        self.is_running = True

    def kill_server(self) -> None:
        """The server goes as a killed process goes: nothing listens, open connections are closed."""
        self.server.stop()
        for channel in list(self.server._server.active_channels.values()):
            channel.handle_close()

    def stop(self) -> None:
        self._end.set()
        self._engine.join(5.0)
        self.kill_server()
        self._folder.cleanup()


@pytest.fixture
def serve() -> Iterator[Callable[..., Site]]:
    """Start sites; all are stopped at the end."""
    sites: list[Site] = []

    def start(**options: Any) -> Site:
        sites.append(Site(**options))
        return sites[-1]

    yield start
    for site in sites:
        site.stop()


@pytest.fixture(scope="package")
def usual_ports() -> dict[str, int]:
    """The port of the last site of each kind: at the same address the browser has the scripts compiled."""
    return {}


def start_where_usual(ports: dict[str, int], kind: str, start: Callable[..., Site]) -> Site:
    try:
        fresh = start(port=ports.get(kind, 0), port_wait_s=5.0)
    except OSError:  # somebody else has got the port meanwhile
        fresh = start()
    ports[kind] = fresh.port
    return fresh


@pytest.fixture
def site(serve: Callable[..., Site], usual_ports: dict[str, int]) -> Site:
    """A fresh dashboard on the sample state."""
    return start_where_usual(usual_ports, "fresh", serve)


@pytest.fixture(scope="package")
def browser(browser_path: str) -> Iterator[Browser]:
    """One Chromium for this folder. It must not outlive it: while Playwright runs, no other test can run a loop."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=browser_path, args=list(CHROMIUM), timeout=DEADLINE_MS)
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """1440 x 900 on a computer that is set to dark; its caches are shared, its storage is emptied between tests."""
    shared = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="dark")
    shared.set_default_timeout(DEADLINE_MS)
    keeper = shared.new_page()  # while a page is open, its renderer and the compiled scripts stay
    yield shared
    keeper.close()
    shared.close()


class Watched:
    """What a page complained about."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.forgiven = False

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("request", self._request)

    def _request(self, request: Any) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.complaints.append(f"left this computer: {request.url}")


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def page(context: BrowserContext, watched: Watched, serve: Callable[..., Site]) -> Iterator[Page]:
    """A fresh page. It asks for `serve` so that it is closed before its server is: else it would complain."""
    opened = context.new_page()
    watched.watch(opened)
    yield opened
    if opened.url.startswith("http:"):
        opened.evaluate("localStorage.clear()")
    opened.close()
    context.clear_cookies()
    if not watched.forgiven:
        assert watched.complaints == []


@pytest.fixture(scope="module")
def open_page(context: BrowserContext, usual_ports: dict[str, int]) -> Iterator[tuple[Page, Site, Watched]]:
    """One page for all tests of a module that leave server and browser as they found them."""
    site, watched = start_where_usual(usual_ports, "shared", Site), Watched()
    page = context.new_page()
    watched.watch(page)
    live(page, site.url)
    yield page, site, watched
    page.close()
    site.stop()


class Visit:
    """`page = visit(path)`: goes there within the document that other tests have looked at."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page = page
        self.site = site

    def __call__(self, path: str = "/") -> Page:
        self.page.evaluate("document.querySelectorAll('[data-state]').forEach(e => { e.dataset.old = ''; })")
        self._go("/nowhere")
        until(self.page, "!document.querySelector('[data-state][data-old]')")
        self._go(path)
        self.page.wait_for_selector("[data-state=live]", state="attached")
        return self.page

    def _go(self, path: str) -> None:
        self.page.evaluate("p => qt.go(p)", path)
        until(self.page, "p => location.pathname === p", path)


@pytest.fixture
def visit(open_page: tuple[Page, Site, Watched]) -> Iterator[Visit]:
    """For tests that leave server and browser as they found them: a document is not loaded for each of them."""
    page, site, watched = open_page
    page.set_viewport_size({"width": 1440, "height": 900})
    page.bring_to_front()
    yield Visit(page, site)
    page.keyboard.press("Escape")
    page.evaluate("localStorage.clear()")
    complaints, watched.complaints[:] = list(watched.complaints), []
    assert complaints == []


def polls_of(page: Page) -> list[tuple[int, int]]:
    """(status, bytes of the body) of each poll that is asked from now on; grows while the page lives."""
    seen: list[tuple[int, int]] = []
    asked: list[Any] = []

    def note(response: Any) -> None:
        if response.request in asked:
            seen.append((response.status, len(response.body()) if response.status == 200 else 0))

    def ask(request: Any) -> None:
        if FEED_PATH in request.url:
            asked.append(request)

    page.on("request", ask)
    page.on("response", note)
    return seen


def after_polls(page: Page, count: int = 2, with_news: bool = False) -> None:
    """Until so many further polls were asked and answered; `with_news`: answered with something."""
    seen = polls_of(page)

    def enough() -> bool:
        page.wait_for_timeout(50)
        return sum(1 for status, _size in seen if status == 200 or not with_news) >= count

    wait_for(enough, f"{count} further polls", every_s=0.0)


def until(page: Page, condition: str, arg: Any = None, timeout_ms: float = 0.0) -> None:
    """Wait until a JavaScript function or expression is truthy; `timeout_ms` only lengthens the usual deadline.

    Asked again and again from outside: Playwright's own waiting needs eval, which the page's policy forbids.
    """
    wait_for(
        lambda: page.evaluate(condition, arg) or page.wait_for_timeout(50), condition, timeout_ms / 1000.0, every_s=0.0
    )


CHANGED = "t => document.querySelector('.qt-tile-day .qt-figure').innerText !== t"


def live(page: Page, url: str) -> None:
    """Open a page and wait until its first view is drawn."""
    page.goto(url)
    until(page, "Boolean(window.qt && qt.model.strip && qt.clock.pulse.now !== null)")
    page.wait_for_selector("[data-state=live]", state="attached")


def stands_still(page: Page, expression: str) -> None:
    """Wait until a value is the same in two looks half a second apart: what is being laid out can't be aimed at."""

    def is_same() -> bool:
        before = page.evaluate(expression)
        page.wait_for_timeout(500)
        return bool(page.evaluate(expression) == before)

    wait_for(is_same, f"{expression} stands still")
