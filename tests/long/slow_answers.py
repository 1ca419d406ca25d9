"""No value of one page stands on another: each page change with every answer of the server delayed by 8 s.

    python start.py test --long slow_answers [SECONDS]
From each page to the next, and at once back again on every third: as long as no answer for the page in the address bar
has been let through, nothing that the page shows may have a value (a bound text, a row, a tile, a grid's row). Looked
at ten times a second. The figure: page changes, looks, values that stood where they did not belong.
"""

from __future__ import annotations

import re
import time
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qs, urlparse

from playwright.sync_api import Page, Route

from benchmarks.page_browser import running_chromium
from benchmarks.page_programs import PAGES, path_of, running_build, this_build
from tests.long.report import finish
from tests.patience import wait_for

DELAY_S = 8.0
LOOKS_S = 0.1
# What the page itself shows; the strip and the notices are of every page.
VALUES = """() => [location.pathname, [...document.querySelectorAll('.qt-page [data-qt]')]
    .filter(e => !['', '–'].includes(e.textContent) && e.checkVisibility({ visibilityProperty: true }))
    .map(e => e.dataset.qt)
  .concat([...document.querySelectorAll('.qt-page [data-qt-rows] tr, .qt-page .ag-row, .qt-page .qt-tile-symbol')]
    .filter(e => e.checkVisibility({ visibilityProperty: true })).map(e => e.className || e.tagName))]"""


class Delayed:
    """Holds back each answer; knows for which paths one has come since the address changed."""

    def __init__(self, page: Page, delay_s: float) -> None:
        self._delay_s = delay_s
        self._due: list[tuple[float, Route, str | None]] = []
        self.arrived: set[str] = set()
        page.route(re.compile("_dash-update-component|/feed"), self._take)

    def _take(self, route: Route) -> None:
        asked = urlparse(route.request.url)
        path = parse_qs(asked.query).get("path", ["/"])[0] if asked.path == "/feed" else None
        self._due.append((time.monotonic() + self._delay_s, route, path))

    def let_through(self) -> None:
        """What has waited long enough goes on."""
        now = time.monotonic()
        due = [entry for entry in self._due if entry[0] <= now]
        self._due = [entry for entry in self._due if entry[0] > now]
        for _, route, path in due:
            if path is not None:
                self.arrived.add(path)
            try:
                route.continue_()
            except Exception as gone:  # given up by the page meanwhile
                if "closed" in str(gone):
                    raise


def watch(page: Page, delayed: Delayed, seconds: float, wrong: list[Any]) -> int:
    """Look for that long; what is wrong is added to the list. Answers the number of looks."""
    looks, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        delayed.let_through()
        path, values = page.evaluate(VALUES)
        if values and path not in delayed.arrived:
            wrong.append([path, values[:5]])
        looks += 1
        page.wait_for_timeout(LOOKS_S * 1e3)
    return looks


def main(arguments: list[str]) -> int:
    delay_s = float(arguments[0]) if arguments else DELAY_S
    wrong: list[Any] = []
    looks = changes = 0
    with ExitStack() as stack:
        program = stack.enter_context(running_build(this_build()))
        browser = stack.enter_context(running_chromium())
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(program.address("/"), timeout=60_000)
        wait_for(
            lambda: page.evaluate("document.querySelector('[data-state=live]') !== null"), "the first page is live"
        )
        delayed = Delayed(page, delay_s)
        paths = [path_of(each, program.con_id) for each in PAGES]
        for i, path in enumerate([*paths[1:], paths[0]]):
            before = paths[i]
            for target in (path, before, path) if i % 3 == 2 else (path,):
                delayed.arrived.clear()
                page.evaluate("path => qt.go(path)", target)
                changes += 1
                looks += watch(page, delayed, 2.0 if target == before else delay_s * 2.5, wrong)
            print(f"{before} -> {path}: {len(wrong)} values where they did not belong", flush=True)
        page.unroute_all(behavior="ignoreErrors")
        page.close()
    figures = {"changes": changes, "looks": looks, "wrong": wrong[:20], "delay_s": delay_s}
    text = f"{changes} page changes, {looks} looks, {len(wrong)} values of another page (answers {delay_s:g} s late)"
    return finish("slow_answers", not wrong and looks > 0, figures, text)
