"""One truth a screen, in a real browser: figures agree, ages are those of the data, nothing of another page stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from msgspec.structs import replace
from playwright.sync_api import Page, Route

from engine.state.sections import LinesSection, PositionsSection, SymbolSection
from tests.app.sample_state import NQ, TSLA
from tests.browser.conftest import POLL_MS, Site, live, until
from tests.browser.test_symbol import DRAWN, open_symbol
from tests.patience import wait_for

BIG = "document.querySelector('.qt-symbol-price .qt-big')"
STATES = "Array.from(document.querySelectorAll('.qt-page [data-qt-state]'), c => c.dataset.state)"
PILL = "name => document.querySelector(`.qt-page [data-qt-state='${name}'] .qt-age`).textContent"


class Slow:
    """Answers of the server that are held back until they are let go, by what their request says."""

    def __init__(self, page: Page, holds: Callable[[str], bool]) -> None:
        self.held: list[Route] = []
        self._holds = holds
        self._page = page
        page.route(re.compile("_dash-update-component|/feed"), self._see)

    def _see(self, route: Route) -> None:
        if self._holds(unquote(route.request.url) + (route.request.post_data or "")):
            self.held.append(route)
        else:
            route.continue_()

    def wait(self) -> None:
        """Until something is held."""
        wait_for(lambda: self._page.wait_for_timeout(20) or self.held, "a request that is to be slow", every_s=0.0)

    def let_go(self) -> None:
        self._holds = lambda _body: False
        held, self.held = self.held, []
        for route in held:
            route.continue_()


def go(page: Page, path: str) -> None:
    page.evaluate("path => qt.go(path)", path)


def watch(page: Page, expression: str, seconds: float = 4 * POLL_MS / 1000) -> list[Any]:
    """What an expression says again and again."""
    seen = []
    for _ in range(int(seconds * 10)):
        seen.append(page.evaluate(expression))
        page.wait_for_timeout(100)
    return seen


def test_a_symbols_values_wait_for_its_page(page: Page, site: Site) -> None:
    """The layout is slow, the poll is quick: no value of the new symbol stands over the old one's chart."""
    open_symbol(page, site, NQ)
    slow = Slow(page, lambda body: "_pages_content" in body)
    go(page, f"/symbol/{TSLA}")
    slow.wait()
    mark_here = "document.querySelector('[data-qt-page]').dataset.qtPage"
    look = f"[{mark_here}, {BIG}.textContent, {STATES}, qt.candles.rows.length]"
    for mark, price, states, rows in watch(page, look):
        assert (mark, price, rows) == (f"symbol:{NQ}", "–", 0)
        assert set(states) == {"loading"}
    slow.let_go()
    until(page, DRAWN, TSLA)
    until(page, f"{BIG}.textContent === '408.08'")
    until(page, f"{STATES}.includes('live')")


@pytest.mark.thorough
def test_a_slow_chart_is_loading_under_a_quick_quote(page: Page, site: Site) -> None:
    open_symbol(page, site, NQ)
    slow = Slow(page, lambda body: '"output":"symbol-base.data"' in body)
    go(page, f"/symbol/{TSLA}")
    slow.wait()
    until(page, f"{BIG} && {BIG}.textContent === '408.08'")
    look = "[document.querySelector('[data-qt-state=chart]').dataset.state, qt.candles.rows.length, "
    look += "document.querySelector('[data-qt-legend]').textContent]"
    for state, rows, legend in watch(page, look):
        assert (state, rows, legend) == ("loading", 0, "")
    slow.let_go()
    until(page, DRAWN, TSLA)
    until(page, "document.querySelector('[data-qt-state=chart]').dataset.state === 'live'")


def test_an_answer_that_was_asked_for_another_page_is_dropped(page: Page, site: Site) -> None:
    open_symbol(page, site, NQ)
    slow = Slow(page, lambda asked: "/feed" in asked and f"path=/symbol/{NQ}" in asked)
    slow.wait()
    go(page, f"/symbol/{TSLA}")
    until(page, DRAWN, TSLA)
    slow.let_go()
    look = f"[{BIG}.textContent, (qt.model.symbol || {{}}).name, (qt.model.chart || {{}}).con]"
    for price, name, con in watch(page, look):
        assert (price, name, con) == ("408.08", "TSLA", TSLA)


@pytest.mark.thorough
def test_there_and_back_before_anything_has_answered(page: Page, site: Site) -> None:
    open_symbol(page, site, NQ)
    slow = Slow(page, lambda body: "/feed" in body or "_pages_content" in body)
    go(page, f"/symbol/{TSLA}")
    slow.wait()
    page.evaluate("history.back()")
    page.wait_for_timeout(300)
    assert page.evaluate(f"{BIG}.textContent") == "–"
    slow.let_go()
    until(page, DRAWN, NQ)
    until(page, f"{BIG}.textContent === '25,000.25'")
    assert page.evaluate("qt.model.symbol.name") == "NQZ5"


@pytest.mark.thorough
def test_pages_are_cleared_when_they_are_left(page: Page, site: Site) -> None:
    live(page, site.url + "/")
    until(page, f"{STATES}.includes('live')")
    slow = Slow(page, lambda body: "_pages_content" in body)
    go(page, "/positions")
    slow.wait()
    assert set(page.evaluate(STATES)) == {"loading"}
    assert page.inner_text(".qt-tile-day .qt-figure") == "–"
    assert page.inner_text("#shell-age") != "–", "the strip is every page's"
    slow.let_go()
    until(page, "document.querySelector('[data-qt-page=positions]') !== null")
    until(page, f"{STATES}.includes('live')")


def test_the_day_is_one_figure_in_strip_tile_and_tag(page: Page, site: Site) -> None:
    site.run()
    live(page, site.url + "/")
    until(page, "!document.getElementById('overview-pnl-tag').hidden")
    look = """[qt.get('strip.day'), document.querySelector("[data-qt='strip.pnl']").textContent,
      document.querySelector('.qt-tile-day .qt-figure').textContent,
      document.getElementById('overview-pnl-tag').textContent,
      document.documentElement.dataset.qtSnapshot]"""
    seen = watch(page, look, 6 * POLL_MS / 1000)
    for day, strip, tile, tag, snapshot in seen:
        assert strip.endswith(tile), "computed once, read twice"
        assert tag == page.evaluate("day => qt.fmt.signed(day, 0)", day)
        assert snapshot.isdigit()
    assert len({snapshot for *_, snapshot in seen}) > 1


def aged(site: Site, age_s: float, **row: Any) -> None:
    """One position's price came `age_s` seconds ago."""
    section = site.bus.read("positions")
    assert isinstance(section, PositionsSection)
    now = site.clock.wall()
    rows = [replace(each, mark_wall=now - 0.4, **row) for each in section.tradable]
    site.bus.publish("positions", replace(section, tradable=(replace(rows[0], mark_wall=now - age_s), *rows[1:])))


@pytest.mark.thorough
def test_the_age_is_that_of_the_oldest_price_that_claims_to_be_live(page: Page, site: Site) -> None:
    live(page, site.url + "/positions")
    aged(site, 21.0)
    until(page, "parseFloat(qt.model.state.positions.from) > 0 && qt.clock.now() - qt.model.state.positions.from >= 20")
    pill = page.evaluate(PILL, "positions")
    assert pill.startswith("simulated live · 2"), pill
    assert int(page.inner_text("#shell-age").split()[0]) >= 21, "the strip says the same"
    aged(site, 75.0)
    until(page, "qt.model.state.positions.of !== undefined")
    assert page.evaluate(PILL, "positions").startswith("2 of 3 simulated live")
    aged(site, 1.0, data_type="frozen")
    until(page, "qt.model.state.positions.s === 'marked'")
    until(page, "document.querySelector(\".qt-page [data-qt-state='positions']\").dataset.state === 'marked'")
    assert page.evaluate(PILL, "positions") == page.inner_text("#shell-age") == "frozen"


@pytest.mark.thorough
def test_fridays_prices_are_not_live_on_a_sunday(page: Page, site: Site) -> None:
    broker, lines = site.bus.read("broker"), site.bus.read("lines")
    assert isinstance(lines, LinesSection)
    rows = tuple(replace(row, dwell_from_wall=site.clock.wall() - 0.5) for row in lines.rows)
    site.bus.publish_all({"broker": replace(broker, session="weekend"), "lines": replace(lines, rows=rows)})
    section = site.bus.read(f"symbol:{TSLA}")
    assert isinstance(section, SymbolSection)
    page.goto(site.url + "/")
    until(page, f"Boolean(window.qt) && {STATES}.includes('marked')")
    priced = "['positions', 'pnl', 'heat', 'signals']"
    for path, names in (
        ("/", priced),
        ("/positions", "['positions', 'curves', 'futures']"),
        (f"/symbol/{TSLA}", "['chart', 'quote']"),
    ):
        go(page, path)
        found = f"""{names}.map(n => Array.from(document.querySelectorAll(`.qt-page [data-qt-state='${{n}}']`),
          c => c.dataset.state)).flat()"""
        until(page, f"{found}.length > 0 && {found}.every(s => s === 'marked')")
    assert page.evaluate(PILL, "quote") == "weekend"


def test_ticks_that_stop_end_live_without_a_word_from_the_server(page: Page, site: Site) -> None:
    live(page, site.url + "/positions")
    aged(site, 59.0)
    section = site.bus.read("positions")
    assert isinstance(section, PositionsSection)
    old = tuple(replace(row, mark_wall=site.clock.wall() - 58.0) for row in section.tradable)
    site.bus.publish("positions", replace(section, tradable=old))
    until(page, "document.querySelector(\".qt-page [data-qt-state='positions']\").dataset.state === 'stale'")
    assert "No tick" in page.inner_text("[data-qt-state=positions] .qt-stale-note")


@pytest.mark.thorough
def test_a_card_without_its_table_is_not_live(page: Page, site: Site) -> None:
    page.route("**/async-community*.js*", lambda route: None)  # the grid's script never comes
    page.goto(site.url + "/positions")
    until(page, "Boolean(window.qt && qt.model.state && qt.model.state.positions.s === 'live')")
    page.wait_for_timeout(1000)
    if not page.evaluate("document.querySelector('.ag-root')"):
        card = "document.querySelector(\".qt-page [data-qt-state='positions']\").dataset.state"
        assert page.evaluate(card) == "loading"


@pytest.mark.thorough
def test_a_plot_that_was_drawn_behind_its_skeleton_fits_its_card(page: Page, site: Site) -> None:
    slow = Slow(page, lambda body: "/feed" in body)
    page.goto(site.url + "/")
    until(
        page, "!!document.querySelector('#overview-pnl .js-plotly-plot') || !!document.querySelector('.js-plotly-plot')"
    )
    page.wait_for_timeout(500)
    slow.let_go()
    until(page, "document.querySelector('.qt-page [data-qt-state=pnl]').dataset.state === 'live'")
    fits = """(() => { const card = document.querySelector('.qt-page [data-qt-state=pnl]').getBoundingClientRect();
      const plot = document.querySelector('#overview-pnl .main-svg').getBoundingClientRect();
      return plot.bottom <= card.bottom + 1 && plot.height > 100; })()"""
    until(page, fits)


CUT = """
() => Array.from(document.querySelectorAll('.qt-curves'), holder => {
  const edge = holder.getBoundingClientRect().left + holder.clientWidth;
  return Array.from(holder.querySelectorAll('svg'), svg => {
    const boxes = Array.from(svg.querySelectorAll('.qt-curve-value, .qt-curve-change'), n => n.getBoundingClientRect());
    const line = svg.querySelector('.qt-curve-dot').getBoundingClientRect().right;
    return boxes.some(box => box.right > edge + 0.5 || box.left < line) ? svg.textContent : '';
  }).filter(Boolean);
}).flat()
"""


@pytest.mark.thorough
def test_no_figure_of_a_curve_is_cut_or_crossed_by_it(page: Page, site: Site) -> None:
    """At each width, also when the card alone grows narrow, and however long the figures are."""
    section = site.bus.read("positions")
    assert isinstance(section, PositionsSection)
    long = replace(section.tradable[0], unrealized_pnl=-1_234_567.0)
    site.bus.publish("positions", replace(section, tradable=(long, *section.tradable[1:])))
    live(page, site.url + "/positions")
    until(page, "document.querySelectorAll('.qt-curves svg').length > 1")
    assert "\u22121,234,567" in page.evaluate("document.querySelector('.qt-curves').textContent")
    for width in (1920, 1366, 1200, 390):
        page.set_viewport_size({"width": width, "height": 768})
        until(page, f"({CUT})().length === 0")
    page.evaluate("document.querySelector('.qt-curves').style.width = '220px'")
    until(page, f"({CUT})().length === 0 && document.querySelector('.qt-curves svg').clientWidth <= 220")


@pytest.mark.thorough
def test_a_position_whose_line_is_silent_is_marked_as_old_as_its_price(page: Page, site: Site) -> None:
    section, now = site.bus.read("positions"), site.clock.wall()
    assert isinstance(section, PositionsSection)
    first = section.tradable[0]
    mute = replace(
        first, silent=True, last_wall=now - 90.0, mark=first.mark, mark_kind="portfolio", mark_wall=now - 5.0
    )
    site.bus.publish("positions", replace(section, tradable=(mute, *section.tradable[1:])))
    live(page, site.url + "/positions")
    row = f".ag-row[row-id='{first.con_id}']"
    until(page, "row => document.querySelector(row + '.qt-row-silent') !== null", row)
    assert page.locator(".qt-row-silent").count() == 1
    assert (
        page.evaluate("row => getComputedStyle(document.querySelector(row)).backgroundColor", row)
        == "rgb(255, 251, 235)"
    )
    assert "silent" in page.inner_text(f"{row} [col-id=last]")
    assert re.match(r"1 min|9\d", page.inner_text(f"{row} [col-id=at]"))
    site.bus.publish("positions", section)
    until(page, "document.querySelector('.qt-row-silent') === null")
