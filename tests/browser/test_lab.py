"""Preview and Lab page in a real browser, worked out by a real lab process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Site, live, until
from tests.browser.lab_engine import LabEngine
from tests.browser.test_pages_live import CONTRAST
from tests.unit.lab.lab_samples import write_days

# Cells of the first row that cut their text, or reach beyond the grid.
CUT_OFF = """(() => { const grid = document.querySelector('.qt-card-labsignals .qt-grid').getBoundingClientRect();
  const cells = [...document.querySelectorAll('.qt-card-labsignals .ag-row[row-index="0"] .ag-cell')];
  return cells.length < 14 ? ['columns missing'] : cells.filter(cell => cell.scrollWidth > cell.clientWidth
    || cell.getBoundingClientRect().right > grid.right + 1).map(cell => cell.innerText); })()"""


@pytest.fixture
def engine(site: Site, tmp_path: Path) -> Iterator[LabEngine]:
    site.run()
    started = LabEngine(site, tmp_path)
    yield started
    started.stop()


def test_moving_a_slider_shows_todays_signals_before_anything_is_applied(
    page: Page, site: Site, engine: LabEngine
) -> None:
    live(page, site.url + "/scanners#thresholds")
    slider = page.locator('.qt-field[data-key="breakout.bars_n"] input[type=range]')
    assert page.locator(".qt-preview").is_hidden()
    until(page, "document.querySelectorAll('.qt-slider .qt-hist-on path').length >= 5")  # before anything is touched
    assert "of 15,600 minutes of 40 symbols were beyond the last 20 bars or more." in (
        slider.get_attribute("title") or ""
    )
    assert page.locator(".qt-preview").is_hidden()
    drawn = page.evaluate("document.querySelector('.qt-hist-on path').getAttribute('d')")
    slider.focus()
    until(page, "!!document.querySelector('.qt-preview-count')")
    before = page.locator(".qt-preview-head").inner_text()
    for _ in range(6):
        slider.press("ArrowLeft")
    until(page, "document.querySelector('.qt-badge-new') !== null && !document.querySelector('.qt-preview[aria-busy]')")
    text = page.locator(".qt-preview").inner_text()
    assert text != before and "40 symbols with bars today" in text and "ATR after 30 min" in text
    count = int(page.locator(".qt-preview-count").inner_text())
    assert count > int(text.split("in force ")[1].split()[0])
    assert engine.desk.keeper.settings.config.breakout.bars_n == 20, "nothing was applied"
    assert "beyond the last 14 bars or more." in (slider.get_attribute("title") or "")
    assert drawn == page.evaluate("document.querySelector('.qt-hist-on path').getAttribute('d')"), (
        "a move redraws nothing"
    )
    assert page.evaluate(CONTRAST) == []


def test_a_run_from_the_folder_to_the_charts(page: Page, site: Site, engine: LabEngine, tmp_path: Path) -> None:
    folder = tmp_path / "days"
    folder.mkdir()
    write_days(folder, ("AAA", "BBB", "CCC"), 3)
    page.goto(site.url + "/lab")
    page.wait_for_selector("[data-lab-vary] table")
    until(page, "(qt.model.lab || {}).problem")
    assert "No day is recorded yet" in page.locator(".qt-lab").inner_text()
    page.get_by_role("button", name="CSV folder").click()
    page.fill("#lab-folder", str(folder / "nothing"))
    page.get_by_role("button", name="Look", exact=True).click()
    until(page, "(qt.model.lab.problem || '').includes('is not a folder')")
    page.fill("#lab-folder", str(folder))
    page.get_by_role("button", name="Look", exact=True).click()
    until(page, "document.querySelectorAll('[data-lab-day]').length === 3")
    box = page.get_by_label("Bars N, values")
    box.fill("99")
    page.get_by_role("button", name="Run", exact=True).click()
    until(page, "document.querySelector('[data-lab-said]').innerText.includes('must be 1 to 60')")
    box.fill("4")
    page.fill("#qt-lab-least", "1")
    page.get_by_role("button", name="Run", exact=True).click()
    until(page, "(qt.model.labresult || {}).id")
    assert page.locator(".qt-lab-figures").inner_text().count("judged by") == 2
    assert "Chosen by the first 2 of 3 days, judged by the last." in page.locator(".qt-lab").inner_text()
    until(page, "document.querySelectorAll('#lab-map-chosen .xaxislayer-above text').length >= 4")
    shown = page.evaluate("qt.model.labresult.id")
    page.fill("#qt-lab-symbols", "AAA, ZZZ")
    page.get_by_role("button", name="Run", exact=True).click()
    until(page, "(qt.model.lab.failed || '').startsWith('Not recorded: ZZZ.')")
    assert page.evaluate("qt.model.labresult.id") == shown, "one bad name does not replace the last result"
    assert page.locator(".qt-lab-figures").is_visible() and "Not recorded: ZZZ" in page.inner_text(".qt-card-labrun")
    page.get_by_role("button", name="Own days").click()
    assert page.locator("[data-lab-day]").count() == 0, "the days of another source are no days of this one"
    assert page.get_by_role("button", name="Run", exact=True).is_disabled()
    page.get_by_role("button", name="CSV folder").click()
    until(page, "document.querySelectorAll('[data-lab-day]').length === 3")
    page.locator(".qt-card-labsignals").scroll_into_view_if_needed()
    until(page, "document.querySelectorAll('.qt-card-labsignals .ag-row').length > 0")
    page.set_viewport_size({"width": 1440, "height": 900})
    until(page, f"{CUT_OFF}.length === 0")
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
