"""The Lines page in a real browser: tiles that age, sentences on demand, what-if, the ledger's visits, the day."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page

from engine.state.commands import AskLine, FindSymbol, WhyNot
from engine.state.sections import Answer, AnswersSection
from tests.app.sample_coverage import FIRST_CON, VISIT_LINES, DayJournal, coverage_at, fill_coverage
from tests.app.sample_state import NAMES
from tests.browser import conftest
from tests.browser.conftest import Site, live, until
from tests.browser.test_pages_live import CONTRAST
from tests.patience import wait_for

VICTIM = NAMES[11]  # an ordinary candidate of the sample's ledger
HEADLINE = f"adding SMCI would evict {VICTIM[1]} (25, idle 9 min)"
DETAIL = "0.62 beats 0.44 by 41 %, needs 15 %. 1 cancel, 1 subscribe."


FILTERED = {
    "cnce.cvr": {
        "sym": "CNCE.CVR",
        "kind": "STK CORPACT",
        "filtered": "filtered: contingent value right",
        "text": "A filtered position takes no line.",
        "line": "no line: not in any scan",
    }
}


class Engine:
    """Rotates the lines of the sample and answers what the page asks, in a thread of its own."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.asked: list[AskLine | FindSymbol | WhyNot] = []
        self._answers: list[Answer] = []
        self._began = time.monotonic()
        self._end = threading.Event()
        self.rotate()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def rotate(self) -> None:
        fill_coverage(self.site.bus, self.site.clock.wall(), 600.0 + time.monotonic() - self._began)

    def _run(self) -> None:
        while not self._end.wait(0.25):
            self.rotate()
            for command in self.site.bus.drain():
                if isinstance(command, (AskLine, FindSymbol, WhyNot)):
                    self.asked.append(command)
                    self._answers.append(self._answer(command))
            self.site.bus.publish("answers", AnswersSection(answers=tuple(self._answers[-50:])))

    def _answer(self, command: AskLine | FindSymbol | WhyNot) -> Answer:
        wall = self.site.clock.wall()
        if isinstance(command, WhyNot):
            return Answer(command.request_id, command.text in FILTERED, "", wall, FILTERED.get(command.text, {}))
        if isinstance(command, AskLine):
            value = [HEADLINE, DETAIL, "no line: not in any scan", VICTIM[0]]
            return Answer(command.request_id, True, HEADLINE, wall, value)
        if command.text == "xyzq":
            return Answer(command.request_id, False, "Nothing is called 'xyzq' here or at the broker.", wall, [])
        found = [[41, "RIOT", "STK", "NASDAQ"], [42, "RIOT", "STK", "IBIS"]]
        return Answer(command.request_id, True, "2 found.", wall, found)

    def stop(self) -> None:
        self._end.set()
        self._thread.join(5.0)


@pytest.fixture
def with_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sites that are made from now on have a day of lines in their journal."""
    plain = conftest.AppDeps
    monkeypatch.setattr(conftest, "AppDeps", lambda **given: replace(plain(**given), journal=DayJournal()))


@pytest.fixture
def engine(with_a_day: None, site: Site) -> Iterator[Engine]:
    started = Engine(site)
    yield started
    started.stop()


@pytest.fixture
def lines(page: Page, engine: Engine) -> Page:
    live(page, engine.site.url + "/lines")
    page.wait_for_selector(".qt-visit-tiles > i[data-s]")
    return page


def tiles(page: Page) -> Counter[str]:
    """How many tiles of each kind are drawn."""
    return Counter(page.evaluate("[...document.querySelectorAll('.qt-visit-tiles > i')].map(e => e.dataset.s)"))


def ask(page: Page, box: str, text: str) -> None:
    page.locator(f"#{box}").fill(text)
    page.locator(f"#{box}").press("Enter")


def test_every_symbol_has_a_tile_that_says_why_it_has_a_line_or_not(lines: Page, engine: Engine) -> None:
    counted = tiles(lines)
    assert sum(counted.values()) == 500 and counted["held"] == 21
    assert VISIT_LINES - 3 <= counted["visit"] <= VISIT_LINES + 3
    legend = lines.locator(".qt-cover-legend").inner_text()
    assert "streaming 21" in legend.replace("\n", " ") and "> 60 s" in legend
    words = lines.locator(".qt-visit-tiles").get_attribute("aria-label") or ""
    assert words.startswith("Last visit of 500 symbols: 21 streaming")
    assert "median" in lines.locator(".qt-cover-ages").inner_text()
    _why(lines)
    _pointer_and_keys(lines)


def _why(page: Page) -> None:
    """One sentence for any symbol."""
    name = page.evaluate(f"qt.model.names['{FIRST_CON + 321}']")
    ask(page, "lines-why", name.lower())
    until(page, "document.querySelector('.qt-why-said').innerText.includes('waits for its visit')")
    assert page.locator(".qt-why-said").inner_text().startswith(name)
    ask(page, "lines-why", "nonesuch")
    until(page, "document.querySelector('.qt-why-said').innerText.includes('NONESUCH is not in the universe of today')")
    ask(page, "lines-why", "cnce.cvr")
    until(page, "document.querySelector('.qt-why-said').innerText.includes('filtered: contingent value right')")
    ask(page, "lines-why", "brk.b")
    until(page, "document.querySelector('.qt-why-said').innerText.startsWith('BRK B')")


def _pointer_and_keys(page: Page) -> None:
    page.locator(f"#qt-tile-{FIRST_CON + 200}").hover()
    until(page, "/[0-9]+ visits? today/.test(document.querySelector('.qt-tile-tip').innerText)")
    assert "waits for its visit" in page.locator(".qt-tile-tip").inner_text()
    page.mouse.move(5, 5)
    until(page, "document.querySelector('.qt-tile-tip').hidden")
    page.locator(".qt-visit-tiles").focus()
    for key in ("End", "Home", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    active = page.locator(".qt-visit-tiles").get_attribute("aria-activedescendant")
    order = page.evaluate("[...document.querySelectorAll('.qt-visit-tiles > i')].map(e => e.id)")
    assert order.index(active) == 26
    until(page, "id => document.getElementById(id).getAttribute('aria-label').includes('.')", active)
    page.keyboard.press("Enter")
    until(page, "id => location.pathname === '/symbol/' + id.slice(8)", active)


def said(page: Page) -> str:
    return page.locator("[data-qt-said]").inner_text()


def test_what_if_answers_before_it_happens_and_marks_the_victim(lines: Page, engine: Engine) -> None:
    lines.locator("#lines-what-if").fill("smc")
    lines.wait_for_selector("#lines-what-if-list [role=option]")
    lines.locator("#lines-what-if").press("Enter")
    until(lines, "document.querySelector('[data-qt-said]').dataset.kind === 'told'")
    assert said(lines).startswith("A" + HEADLINE[1:]) and DETAIL in said(lines) and "Now: no line" in said(lines)
    assert lines.locator(f'.qt-row-victim[row-id="{VICTIM[0]}"]').count() == 1
    lines.locator("label", has_text="Pin").click()
    wait_for(lambda: lines.wait_for_timeout(20) or len(engine.asked) >= 2, "the second question")
    assert [getattr(command, "line_class", "") for command in engine.asked] == ["25", "pinned"]
    assert lines.evaluate(CONTRAST) == []

    _looked_up(lines, engine)


def _looked_up(lines: Page, engine: Engine) -> None:
    """A name that nobody knows, and one that two contracts have."""
    lines.locator("label", has_text="Normal").click()
    ask(lines, "lines-what-if", "xyzq")
    until(lines, "document.querySelector('[data-qt-said]').innerText.includes('Nothing is called')")
    ask(lines, "lines-what-if", "riot")
    lines.wait_for_selector("#lines-what-if-list [role=option]")
    assert "IBIS" in lines.locator("#lines-what-if-list").inner_text()
    lines.locator("#lines-what-if-list [role=option]").nth(1).click()
    until(lines, "document.querySelector('[data-qt-said]').dataset.kind === 'told'")
    asked: Any = engine.asked[-1]
    assert (asked.con_id, asked.line_class) == (42, "25")


@pytest.mark.thorough
def test_the_ledger_has_the_visits_and_the_day_comes_from_the_journal(lines: Page, engine: Engine) -> None:
    assert lines.locator("#lines-grid .ag-row").count() <= 21, "held lines are shown first"
    lines.locator("label", has_text="Coverage").click()
    until(lines, "document.querySelectorAll('#lines-grid .ag-row').length > 5")
    until(lines, "[...document.querySelectorAll('#lines-grid .qt-prio')].every(e => e.dataset.c === 'coverage')")
    first = lines.evaluate("JSON.stringify(qt.model.seen)")
    until(lines, "before => JSON.stringify(qt.model.seen) !== before", first)
    ledger = "Object.keys(qt.model['grid:lines']).filter(c => qt.model['grid:lines'][c].cls === 'coverage').sort()"
    tiles_ = "Object.keys(qt.model.seen).filter(c => Array.isArray(qt.model.seen[c])).sort()"
    in_both = lines.evaluate(f"[{ledger}, {tiles_}]")
    assert in_both[0] == in_both[1] and len(in_both[0]) == pytest.approx(VISIT_LINES, abs=3)
    _day(lines)
    _ageing(lines, engine)


def _day(lines: Page) -> None:
    lines.locator("label", has_text="Day").click()
    lines.wait_for_selector(".qt-day .qt-span")
    assert lines.locator(".qt-day .qt-span").count() == 40 + 21
    assert lines.locator(".qt-day .qt-span[data-open]").count() == 21
    titles = lines.locator(".qt-day .qt-span title").all_text_contents()
    assert any("went: evicted by" in title for title in titles) and any(" to now " in title for title in titles)
    assert "Who held a line today" in (lines.locator(".qt-day").get_attribute("aria-label") or "")
    lines.locator("label", has_text="30 min").click()
    lines.wait_for_selector(".qt-changes svg")
    assert lines.locator(".qt-day").is_hidden()


def _ageing(lines: Page, engine: Engine) -> None:
    """Tiles grow old by the browser's own clock."""
    engine.stop()
    engine.site.clock.skip(300.0)
    until(lines, "[...document.querySelectorAll('.qt-visit-tiles > i')].every(e => !'1234'.includes(e.dataset.s))")


@pytest.mark.thorough
def test_it_fits_and_stands_while_nothing_is_rotated(page: Page, site: Site) -> None:
    live(page, site.url + "/lines")
    assert "Nothing to visit yet" in page.locator(".qt-card-coverage").inner_text()
    fill_coverage(site.bus, site.clock.wall(), count=2_000)
    until(page, "document.querySelectorAll('.qt-visit-tiles > i').length === 2000")
    for width, height in ((1366, 768), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(200)
        boxes = page.evaluate(
            "[...document.querySelectorAll('.qt-visit-tiles > i')].map(e => e.getBoundingClientRect().width)"
        )
        assert min(boxes) >= 3.0
        frame = page.evaluate("document.querySelector('.qt-card-coverage').getBoundingClientRect().right")
        assert frame <= width
    assert len(coverage_at(0.0, count=2_000).rows) == 2_000
