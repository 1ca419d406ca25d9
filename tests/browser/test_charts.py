"""Several charts, notes and levels in a real browser: the address, the bars, one range, lines drawn and dragged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from engine.state.commands import EditWatchlist
from engine.state.watchlist_sections import PriceLevel, noted_of
from tests.app.sample_state import NAMES, NQ, TSLA, listed
from tests.app.watchlist_desk import WatchlistDesk
from tests.browser.conftest import Site, live, stands_still, until
from tests.browser.test_symbol import open_symbol

NVDA = 4_815_747
CHARTS = "Array.from(document.querySelectorAll('[data-charts-chart]'), c => c.dataset.chartsChart)"
DRAWN = """
n => {
  const cards = Array.from(document.querySelectorAll('.qt-card-multi'));
  const isDrawn = card => card.querySelector('canvas') && /live|stale/.test(card.dataset.state);
  return cards.length === n && cards.every(isDrawn);
}
"""


@pytest.fixture
def desk(site: Site, tmp_path: Path) -> Iterator[WatchlistDesk]:
    started = WatchlistDesk(site.bus, tmp_path / "lists.json", *listed(*(row[0] for row in NAMES)))
    yield started
    started.stop()


def test_charts_come_by_the_address_and_leave_by_their_button(page: Page, site: Site) -> None:
    site.run()
    live(page, f"{site.url}/charts?s={TSLA},{NQ}&tf=5m")
    until(page, DRAWN, 2)
    until(page, "document.querySelector('[data-charts-legend]').innerText.includes('5m')")
    page.fill("#charts-add", "nvda")
    page.keyboard.press("Enter")
    until(page, DRAWN, 3)
    assert page.evaluate("location.search") == f"?s={TSLA},{NQ},{NVDA}&tf=5m"
    page.click("[data-charts-tf='1m']")
    until(page, "document.querySelector('[data-charts-legend]')?.innerText.includes('1m')")
    until(page, DRAWN, 3)
    page.click(f"[data-charts-do=remove][data-con='{NQ}']")
    until(page, DRAWN, 2)
    assert page.evaluate(CHARTS) == [str(TSLA), str(NVDA)]
    page.go_back()
    until(page, DRAWN, 3)
    page.evaluate("qt.go('/')")
    until(page, f"{CHARTS}.length === 0")
    page.evaluate("qt.go('/charts')")
    until(page, DRAWN, 3)  # those seen last


@pytest.mark.thorough
def test_names_lead_to_contracts_and_what_is_unknown_is_said(page: Page, site: Site) -> None:
    live(page, f"{site.url}/charts?s=tsla,nosuchname")
    until(page, "document.querySelector('.qt-toast')?.innerText.includes('nosuchname')")
    until(page, DRAWN, 1)
    assert page.evaluate("location.search") == f"?s={TSLA}"


@pytest.mark.thorough
def test_one_time_range_for_all(page: Page, site: Site) -> None:
    live(page, f"{site.url}/charts?s={TSLA},{NVDA}")
    until(page, DRAWN, 2)
    ranges = "qt.charts().map(c => c.chart.timeScale().getVisibleRange())"
    until(page, f"{ranges}.length === 2 && {ranges}.every(Boolean)")
    page.click("[data-charts-do=sync]")
    box = page.locator(f"[data-charts-chart='{TSLA}']").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 100)
    page.mouse.wheel(0, -600)
    near = "(a, b) => Math.abs(a - b) <= 600"  # where one has no bar, the next one stands for it
    until(page, f"(r => ({near})(r[0].from, r[1].from) && ({near})(r[0].to, r[1].to))({ranges})")
    assert page.evaluate(f"{ranges}[0].to - {ranges}[0].from") < 5_400, "it was zoomed"


def test_levels_are_drawn_dragged_typed_and_deleted(page: Page, site: Site, desk: WatchlistDesk) -> None:
    open_symbol(page, site, TSLA)

    def levels() -> tuple[PriceLevel, ...]:
        mine = noted_of(desk.keeper.noted, TSLA)
        return mine.levels if mine else ()

    def heights() -> list[float]:
        return [page.evaluate("p => qt.candles.heightOf(p)", level.price) for level in levels()]

    stands_still(page, "[qt.candles.heightOf(409), document.querySelector('.qt-candles').getBoundingClientRect().top]")
    box = page.locator(".qt-candles").bounding_box()
    assert box is not None
    page.click("[data-noted-do=draw]")
    page.mouse.click(box["x"] + 200, box["y"] + 120)
    until(page, "qt.candles.lines.length && document.querySelectorAll('.qt-levels > .qt-level').length === 1")
    assert len(levels()) == 1 and abs(heights()[0] - 120) < 3

    page.mouse.move(box["x"] + 200, box["y"] + heights()[0])
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 180, steps=4)
    page.mouse.up()
    before = levels()[0].price
    until(page, "p => document.querySelector('[data-field=price]').value !== p", f"{before:.2f}")
    assert abs(heights()[0] - 180) < 3

    page.fill("[data-field=price]", "409.5")
    page.fill("[data-field=label]", "gap")
    page.keyboard.press("Enter")
    until(page, "(qt.model.noted.levels[0] || [])[2] === 'gap'")
    assert levels() == (PriceLevel(1, 409.5, "gap"),)
    page.fill(".qt-level-new [name=price]", "400")
    page.keyboard.press("Enter")
    until(page, "document.querySelectorAll('.qt-levels > .qt-level').length === 2")
    page.click("[data-level='1'] [data-noted-do=drop]")
    until(page, "document.querySelectorAll('.qt-levels > .qt-level').length === 1")
    assert levels() == (PriceLevel(2, 400.0),)


@pytest.mark.thorough
def test_a_note_is_kept_and_a_list_takes_the_symbol(page: Page, site: Site, desk: WatchlistDesk) -> None:
    site.bus.submit(EditWatchlist("a" * 32, "create", name="Mine"))
    open_symbol(page, site, TSLA)
    page.fill(".qt-noted-note", "Watch the second push")
    assert page.is_visible("[data-noted-do=note]")
    page.click("[data-noted-do=note]")
    until(page, "document.querySelector('.qt-noted-buttons').hidden")
    mine = noted_of(desk.keeper.noted, TSLA)
    assert mine is not None and mine.note == "Watch the second push"
    page.click("[data-noted-do=list]")
    until(page, "document.querySelector('[data-noted-do=list]').getAttribute('aria-pressed') === 'true'")
    assert desk.keeper.lists[0].contracts[0].con_id == TSLA
    page.reload()
    until(page, "document.querySelector('.qt-noted-note')?.value === 'Watch the second push'")


@pytest.mark.thorough
def test_the_looks_go_out_as_a_file_and_come_in_again(page: Page, site: Site, tmp_path: Path) -> None:
    live(page, site.url + "/settings")
    assert page.inner_text("#shell-zone").strip() == "ET"
    page.click("[data-zone=utc]")
    until(page, "document.getElementById('shell-zone').textContent.trim() === 'UTC'")
    until(page, "document.getElementById('shell-local').textContent.endsWith(' New York')")
    page.click("[data-density=compact]")
    assert page.evaluate("document.documentElement.hasAttribute('data-compact')")
    with page.expect_download() as download:
        page.click("[data-display-do=export]")
    file = tmp_path / "looks.json"
    download.value.save_as(file)
    assert json.loads(file.read_text(encoding="utf-8"))["values"] == {"qt-density": "compact", "qt-zone": "utc"}
    page.click("[data-display-do=reset]")
    assert not page.evaluate("document.documentElement.hasAttribute('data-compact')")
    with page.expect_navigation():
        page.set_input_files(".qt-display-file input", str(file))
    until(page, "document.documentElement.hasAttribute('data-compact')")
    until(page, "document.querySelector('[data-density=compact].active')")
    until(page, "document.getElementById('shell-zone').textContent.trim() === 'UTC'")
    page.evaluate("qt.go('/positions')")
    until(page, "document.querySelector('.ag-row')?.offsetHeight === 36")
