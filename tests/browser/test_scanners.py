"""The Scanners page in a real browser: what is typed or dragged outlives the polls, what is applied takes effect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.sync_api import Locator, Page

from engine.config import BreakoutParams
from engine.state.commands import ApplySettings
from engine.state.sections import ScannersSection
from tests.app.sample_state import NAMES
from tests.browser.conftest import Site, after_polls, live, until
from tests.browser.settings_engine import DONE, Engine
from tests.browser.test_pages_live import CONTRAST
from tests.instantly import instantly


@pytest.fixture
def engine(site: Site, tmp_path: Path) -> Iterator[Engine]:
    site.run()
    started = Engine(site, tmp_path)
    yield started
    started.stop()


@pytest.fixture
def scanners(page: Page, site: Site, engine: Engine) -> Page:
    live(page, site.url + "/scanners")
    page.wait_for_selector("[data-scan]")
    return page


@pytest.fixture
def thresholds(page: Page, site: Site, engine: Engine) -> Page:
    live(page, site.url + "/scanners#thresholds")
    page.wait_for_selector(".qt-field")
    until(page, "!!document.querySelector('.qt-set-bar select option')")
    return page


def field(page: Page, name: str) -> Locator:
    return page.locator(f'.qt-field[data-key="breakout.{name}"]')


def box(page: Page, name: str) -> Locator:
    return field(page, name).locator(".qt-input")


def test_a_poll_never_touches_what_is_being_typed(thresholds: Page, engine: Engine) -> None:
    box(thresholds, "bars_n").fill("ab")
    instantly(engine.desk.keeper.change({"breakout.bars_n": 30, "breakout.volume_surge": 2.5}, "another tab"))
    until(thresholds, "qt.model.set['breakout.bars_n'].v === 30")
    assert box(thresholds, "bars_n").input_value() == "ab"
    assert box(thresholds, "volume_surge").input_value() == "2.5"  # untouched: follows what is in force
    box(thresholds, "bars_n").press("Tab")
    until(thresholds, "document.querySelector('[data-key=\"breakout.bars_n\"] .qt-field-error').innerText !== ''")
    assert "Must be 10 to 55" in field(thresholds, "bars_n").inner_text()
    after_polls(thresholds, 2, with_news=True)
    assert box(thresholds, "bars_n").input_value() == "ab"
    assert box(thresholds, "bars_n").get_attribute("aria-invalid") == "true"


@pytest.mark.thorough
def test_a_poll_never_moves_a_slider_under_the_mouse(thresholds: Page) -> None:
    slider = field(thresholds, "rel_volume").locator("input[type=range]")
    place = slider.bounding_box()
    assert place is not None
    thresholds.mouse.move(place["x"] + 8 + (place["width"] - 16) * (1.5 - 0.5) / 9.5, place["y"] + place["height"] / 2)
    thresholds.mouse.down()
    thresholds.mouse.move(place["x"] + place["width"] * 0.6, place["y"] + 8)
    held = slider.input_value()
    assert float(held) > 5.0
    after_polls(thresholds, 2, with_news=True)
    assert slider.input_value() == held
    assert box(thresholds, "rel_volume").input_value() == f"{float(held):.1f}"
    thresholds.mouse.up()
    assert field(thresholds, "rel_volume").locator(".qt-was").inner_text() == "1.5"
    assert thresholds.locator("[data-form-badge=thresholds]").inner_text() == "1 changed"


def test_apply_puts_values_in_force_and_undo_takes_them_back(thresholds: Page, engine: Engine) -> None:
    box(thresholds, "bars_n").fill("15")
    box(thresholds, "top_score").fill("0.8")
    thresholds.get_by_role("button", name="Apply").click()
    until(thresholds, DONE, "Thresholds applied")
    assert "Bars N 15, Score to be top 0.80" in thresholds.locator(".qt-toast").inner_text()
    until(thresholds, "qt.model.set['breakout.bars_n'].v === 15 && !document.querySelector('.qt-field[data-changed]')")
    until(thresholds, "document.querySelectorAll('.qt-change').length === 2")
    command = engine.desk.commands[0]
    assert isinstance(command, ApplySettings) and command.changes == {"breakout.bars_n": 15, "breakout.top_score": 0.8}
    thresholds.locator(".qt-toast-action").click()
    until(thresholds, DONE, "Taken back")
    until(thresholds, "document.querySelector('#qt-f-breakout-bars_n').value === '20'")


@pytest.mark.thorough
def test_reset_puts_the_defaults_into_the_form_and_nothing_else(thresholds: Page, engine: Engine) -> None:
    changes = {"breakout.bars_n": 40, "breakout.opening_range_min": 60, "breakout.shorts": False}
    instantly(engine.desk.keeper.change(changes, "page"))
    until(thresholds, "qt.model.set['breakout.bars_n'].v === 40")
    thresholds.get_by_role("button", name="Reset").click()
    assert thresholds.locator("[data-form-badge=thresholds]").inner_text() == "3 changed"
    assert engine.desk.keeper.settings.config.breakout.bars_n == 40
    thresholds.get_by_role("button", name="Apply").click()
    until(thresholds, DONE, "Thresholds applied")
    assert engine.desk.keeper.settings.config.breakout == BreakoutParams()


@pytest.mark.thorough
def test_a_change_is_reverted_by_one_click(thresholds: Page, engine: Engine) -> None:
    instantly(engine.desk.keeper.change({"breakout.bars_n": 15}, "page"))
    until(thresholds, "document.querySelectorAll('[data-revert]').length === 1")
    assert "Bars N 20 → 15" in thresholds.locator(".qt-change").inner_text()
    thresholds.get_by_role("button", name="Revert").click()
    until(thresholds, DONE, "Change taken back")
    until(thresholds, "document.querySelector('#qt-f-breakout-bars_n').value === '20'")
    until(thresholds, "document.querySelectorAll('.qt-change').length === 2")
    assert "taken back" in thresholds.locator(".qt-change").last.inner_text()


@pytest.mark.thorough
def test_a_set_is_loaded_kept_and_one_click_takes_it_back(thresholds: Page, engine: Engine) -> None:
    sets = thresholds.locator("[data-qt-sets]")
    sets.locator("select").select_option("Strict")
    assert "Buffer 0.1 → 0.3" in sets.inner_text()
    sets.get_by_role("button", name="Load").click()
    until(thresholds, DONE, "Set loaded")
    until(thresholds, "document.querySelector('#qt-f-breakout-volume_surge').value === '2.5'")
    sets.get_by_role("button", name="Keep as").click()
    sets.locator(".qt-set-name input").fill("My morning")
    sets.locator(".qt-set-name input").press("Enter")
    until(thresholds, DONE, "Set kept")
    until(thresholds, "document.querySelector('[data-qt-sets] select').value === 'My morning'")
    thresholds.locator(".qt-change", has_text="Set Strict").get_by_role("button", name="Revert").click()
    until(thresholds, DONE, "Change taken back")
    until(thresholds, "document.querySelector('#qt-f-breakout-volume_surge').value === '1.5'")
    assert list(engine.desk.keeper.settings.config.sets.saved) == ["My morning"]


@pytest.mark.thorough
def test_a_value_sent_by_hand_is_refused_with_its_reason_and_nothing_is_lost(thresholds: Page, engine: Engine) -> None:
    box(thresholds, "rel_volume").fill("3")
    by_hand = """done => qt.ask('scanners-request', {action: 'apply', changes: {'breakout.bars_n': 500,
        'breakout.rel_volume': 2}}, r => { window.byHand = r; })"""
    thresholds.evaluate(by_hand)
    until(thresholds, "!!window.byHand")
    answer = thresholds.evaluate("window.byHand")
    assert answer["ok"] is False and answer["errors"] == {"breakout.bars_n": "Must be 10 to 55, a whole number."}
    after_polls(thresholds, 1, with_news=True)
    assert engine.desk.keeper.settings.config.breakout == BreakoutParams() and engine.desk.commands == []
    assert box(thresholds, "rel_volume").input_value() == "3"


@pytest.mark.thorough
def test_two_fields_that_contradict_are_told_apart_and_nothing_is_lost(thresholds: Page, engine: Engine) -> None:
    box(thresholds, "ema_fast").fill("25")
    box(thresholds, "bars_n").fill("15")
    thresholds.get_by_role("button", name="Apply").click()
    until(thresholds, "document.querySelector('.qt-form-said').innerText.includes('nothing was applied')")
    assert "Must be below EMA slow (21)." in field(thresholds, "ema_fast").inner_text()
    assert thresholds.evaluate("document.activeElement.id") == "qt-f-breakout-ema_fast"
    assert box(thresholds, "bars_n").input_value() == "15"
    assert engine.desk.commands == []
    box(thresholds, "ema_fast").press("Escape")
    assert box(thresholds, "ema_fast").input_value() == "8"
    thresholds.get_by_role("button", name="Discard").click()
    assert box(thresholds, "bars_n").input_value() == "20"
    assert thresholds.get_by_role("button", name="Apply").is_disabled()


@pytest.mark.thorough
def test_a_draft_waits_while_the_user_looks_at_another_page(thresholds: Page) -> None:
    box(thresholds, "bars_n").fill("17")
    thresholds.get_by_role("link", name="Lines", exact=True).first.click()
    thresholds.wait_for_selector(".qt-card-ledger")
    thresholds.get_by_role("link", name="Scanners").first.click()
    until(thresholds, "(document.querySelector('[data-form-badge]') || {}).textContent === '1 changed'")
    thresholds.get_by_role("tab", name="Thresholds").click()
    thresholds.wait_for_selector(".qt-field")
    until(thresholds, "document.querySelector('#qt-f-breakout-bars_n').value === '17'")
    assert thresholds.locator("[data-form-badge=thresholds]").inner_text() == "1 changed"


@pytest.mark.thorough
def test_keys_work_in_a_box(thresholds: Page) -> None:
    thresholds.get_by_label("Buffer", exact=True).focus()
    thresholds.keyboard.press("ArrowUp")
    assert box(thresholds, "buffer_atr").input_value() == "0.15"
    thresholds.keyboard.press("Tab")
    thresholds.keyboard.press("ArrowRight")
    assert box(thresholds, "buffer_atr").input_value() == "0.20"
    box(thresholds, "buffer_atr").press("Enter")
    until(thresholds, DONE, "Thresholds applied")


@pytest.mark.thorough
def test_an_engine_that_does_not_answer_is_said_so(thresholds: Page, engine: Engine) -> None:
    engine.desk.is_silent = True
    box(thresholds, "bars_n").fill("15")
    box(thresholds, "bars_n").press("Enter")
    until(thresholds, "document.querySelector('.qt-form-said').innerText.includes('No answer yet')")
    assert box(thresholds, "bars_n").input_value() == "15"


SCAN = '[data-scan="{}"]'


@pytest.mark.thorough
def test_a_scan_is_switched_by_its_switch(scanners: Page, engine: Engine) -> None:
    chip = scanners.locator(SCAN.format("Momentum"))
    assert chip.get_attribute("data-runs") == "1" and chip.inner_text().split() == ["Momentum", "warming"]
    switch = scanners.get_by_role("switch", name="Momentum, switched on")
    assert switch.get_attribute("aria-checked") == "true"
    switch.click()
    until(scanners, DONE, "Momentum is off")
    assert "Momentum" not in engine.desk.keeper.settings.config.market_scan.enabled
    until(scanners, "document.querySelector('.qt-scan-switch').getAttribute('aria-checked') === 'false'")
    scanners.get_by_role("tab", name="Thresholds").click()
    until(scanners, "document.querySelectorAll('.qt-change').length === 1")
    assert "Scans Momentum off" in scanners.locator(".qt-change").inner_text()


def test_a_scan_is_picked_by_its_name_and_what_a_switch_costs_is_said_before(
    scanners: Page, site: Site, engine: Engine
) -> None:
    rows = ".ag-center-cols-container .ag-row"
    until(scanners, f"document.querySelectorAll('{rows}').length === {len(NAMES) - 3}")
    pick = scanners.locator(SCAN.format("Short side") + " .qt-scan-pick")
    pick.click()
    until(scanners, f"document.querySelectorAll('{rows}').length < {len(NAMES) - 3}")
    tags = f"[...document.querySelectorAll('{rows}')].every(row => qt.model['grid:results'][row.getAttribute('row-id')]"
    assert scanners.evaluate(tags + ".scans.some(scan => scan.startsWith('Short side #')))")
    assert "Short side" in engine.desk.keeper.settings.config.market_scan.enabled, "picking switches nothing"
    assert pick.get_attribute("aria-pressed") == "true"
    count = scanners.locator(rows).count()
    heads = "document.querySelector('[data-qt-heat=factors]').closest('table').tHead.rows[0].cells.length - 1"
    until(scanners, f"n => {heads} === Math.min(n, 16)", count)
    assert scanners.locator("label", has_text="All").inner_text() == f"All {count}", "and the counts are the scan's"
    scanners.get_by_role("button", name="Short side ×").click()
    until(scanners, f"document.querySelectorAll('{rows}').length === {len(NAMES) - 3}")

    section = site.bus.read("scanners")
    assert isinstance(section, ScannersSection)
    spare = replace(section.scans[1], name="Volume pace, small")
    off = replace(section.scans[1], name="Gap up", state="off", rows=0)
    site.bus.publish("scanners", replace(section, scans=(*section.scans, spare, off), slots_used=9))
    site.is_running = False  # a tick publishes the sample's scans again
    switch = scanners.get_by_role("switch", name="Gap up, switched on")
    switch.click()
    said = scanners.get_by_role("alertdialog")
    assert "Volume pace, small, which runs by itself, gives its slot up." in said.inner_text()
    scanners.keyboard.press("Escape")
    assert said.count() == 0 and engine.desk.commands == []
    assert scanners.evaluate("document.activeElement.getAttribute('role')") == "switch"
    switch.click()
    said.get_by_role("button", name="Switch on").click()
    until(scanners, DONE, "Gap up is on")


@pytest.mark.thorough
def test_the_tab_is_in_the_address_and_what_is_out_of_sight_is_not_asked_for(scanners: Page, site: Site) -> None:
    shown = "[...document.querySelectorAll('[role=tabpanel]')].filter(e => e.offsetParent).map(e => e.dataset.qtPanel)"
    assert scanners.evaluate(shown) == ["results"]
    assert scanners.evaluate("['grid:results', 'heatcuts', 'chips'].every(part => part in qt.model)")
    first = scanners.get_by_role("tab", name="Results")
    first.focus()
    scanners.keyboard.press("ArrowRight")
    assert scanners.evaluate("location.hash") == "#thresholds" and scanners.evaluate(shown) == ["thresholds"]
    assert scanners.evaluate("document.activeElement.dataset.qtTab") == "thresholds"
    until(scanners, "'sets' in qt.model && !('grid:results' in qt.model) && !('heatcuts' in qt.model)")
    scanners.get_by_role("tab", name="Scoreboard").click()
    until(scanners, "'scores' in qt.model && !('sets' in qt.model)")
    assert first.get_attribute("tabindex") == "-1"
    scanners.go_back()  # the arrow took the place of the first address
    until(scanners, "location.hash === '#thresholds'")
    assert scanners.evaluate(shown) == ["thresholds"]
    scanners.reload()
    until(scanners, "window.qt && 'sets' in qt.model")
    assert scanners.evaluate(shown) == ["thresholds"]
    scanners.get_by_role("tab", name="Results").click()
    until(scanners, "document.querySelectorAll('.ag-center-cols-container .ag-row').length > 3")
    assert scanners.evaluate("location.pathname + location.hash") == "/scanners"


@pytest.mark.thorough
def test_the_first_tab_is_one_screen(scanners: Page) -> None:
    for width, height in ((1366, 900), (1440, 900), (1920, 1080)):
        scanners.set_viewport_size({"width": width, "height": height})
        until(scanners, "document.documentElement.scrollHeight <= innerHeight")
        bottom = "document.querySelector('.qt-card-results').getBoundingClientRect().bottom"
        until(scanners, f"{bottom} <= innerHeight && {bottom} > innerHeight - 40")


@pytest.mark.thorough
def test_columns_stay_where_they_are_until_the_new_order_is_taken(scanners: Page, site: Site) -> None:
    heads = "[...document.querySelectorAll('[data-heat=factors] thead a')].map(a => a.title)"
    until(scanners, f"{heads}.length === {len(NAMES) - 3}")
    site.is_running = False
    before = scanners.evaluate(heads)
    section = site.bus.read("scanners")
    assert isinstance(section, ScannersSection)
    scores = [each.score for each in section.candidates]
    turned = [replace(each, score=score) for each, score in zip(section.candidates, scores[::-1], strict=True)]
    site.bus.publish("scanners", replace(section, candidates=tuple(turned)))
    until(scanners, f"qt.model['heat:factors'].cols[0][0] !== {section.candidates[0].con_id}")
    assert scanners.evaluate(heads) == before
    scanners.set_viewport_size({"width": 390, "height": 844})
    scanners.evaluate("document.querySelector('[data-qt-heat-order=factors]').textContent = 'New order, 12 new'")
    until(scanners, "document.querySelector('.qt-card-heat .qt-segmented').getBoundingClientRect().right <= 390 - 12")
    scanners.get_by_role("button", name="New order").click()
    assert scanners.evaluate(heads) == before[::-1]
    until(scanners, "document.querySelector('[data-qt-heat-order=factors]').hasAttribute('data-idle')")


@pytest.mark.thorough
def test_a_number_is_read_whole_after_a_narrower_one_of_as_many_characters(scanners: Page) -> None:
    last = ".ag-center-cols-container .ag-row[row-id='9'] .ag-cell[col-id=last]"
    row = """([last, dec]) => qt.apply({ since: qt.cursor(), cursor: qt.cursor(), set: { "grid:results": { "9": {
        sym: "UP", score: 0.9, sig: 0.7, bars: [1, null], scans: [], chg: 5.5, rv: 3.84, dist: 0.3, at: 0,
        last, dec } } } })"""
    for number, decimals, text in ((1234567.89, 2, "1,234,567.89"), (123456.789, 4, "123,456.7890")):
        scanners.evaluate(row, [number, decimals])
        until(scanners, "([cell, t]) => document.querySelector(cell)?.innerText === t", [last, text])
        until(
            scanners, "cell => (e => e.scrollWidth <= e.clientWidth)(document.querySelector(`${cell} .qt-host`))", last
        )


MADE_UP = """() => qt.apply({ since: qt.cursor(), cursor: qt.cursor(), set: {
    "grid:results": { "9": { order: -2, sym: "UP", score: 0.9, sig: 0.7, early: true, bars: [1, null], scans: [],
        chg: 5.5, last: 1, open: 2.5, rv: 3.84, dist: 0.3, spread: 9, at: 0 },
      "8": { order: -1, sym: "DOWN", score: 0.05, bars: [1, null], scans: [], chg: -5.5, short: true,
        last: 1, open: -2.5, rv: null, dist: null, spread: null, at: null } } } })"""
CELLS = """() => [...document.querySelectorAll('[data-qt-heat=factors] tr')].map(
    row => [1, 2].map(i => [row.cells[i].textContent, row.cells[i].dataset.step]))"""


def test_heatmap_views_and_the_way_to_a_symbol(scanners: Page) -> None:
    assert scanners.locator("[data-qt-heat=factors] tr").count() == 8
    until(scanners, "document.querySelector('[data-qt-heat=factors] tr:last-child td').innerText.endsWith('s')")
    scanners.evaluate(MADE_UP)
    scanners.get_by_role("button", name="New order").click()
    until(scanners, "document.querySelector('[data-qt-heat=factors] tr:last-child').cells[1].textContent === '< 4 s'")
    assert scanners.evaluate(CELLS)[:7] == [
        [["0.90", "3"], ["0.05", "-3"]],
        [["0.70", "3"], ["–", "none"]],
        [["+5.5", "3"], ["−5.5", "3"]],
        [["+2.5", "2"], ["−2.5", "2"]],
        [["3.8×", "2"], ["–", "none"]],
        [["+0.30", "1"], ["–", "none"]],
        [["9.0", "-3"], ["–", "none"]],
    ]
    scanners.get_by_text("Time", exact=True).click()
    until(scanners, "document.querySelectorAll('.qt-heat-time tbody tr').length > 10")
    assert scanners.locator("div[data-heat=factors]").is_hidden()
    first = scanners.evaluate("document.querySelector('.qt-heat-time tbody td')")
    after_polls(scanners, 2, with_news=True)
    assert first == scanners.evaluate("document.querySelector('.qt-heat-time tbody td')")
    scanners.locator(".qt-heat-time tbody td").first.click()
    until(scanners, "location.pathname.startsWith('/symbol/')")


@pytest.mark.thorough
def test_results_are_filtered_and_lead_to_the_symbol(scanners: Page) -> None:
    rows = ".ag-center-cols-container .ag-row"
    scanners.wait_for_selector(rows)
    until(scanners, f"document.querySelectorAll('{rows}').length === {len(NAMES) - 3}")
    scanners.locator("label", has_text="Breakout").click()
    until(scanners, f"document.querySelectorAll('{rows}').length < {len(NAMES) - 3}")
    after_polls(scanners, 2, with_news=True)
    assert 0 < scanners.locator(rows).count() < len(NAMES) - 3
    scanners.locator(rows).first.hover(position={"x": 400, "y": 10})
    until(scanners, f"document.querySelector('{rows}').title === 'Confirmed breakout.'")
    scanners.locator(rows).first.click(position={"x": 400, "y": 10})
    until(scanners, "location.pathname.startsWith('/symbol/')")


@pytest.mark.thorough
def test_a_custom_scan_is_made_of_the_gateways_list(scanners: Page, engine: Engine) -> None:
    scanners.get_by_text("+ New scan").click()
    until(scanners, "location.hash === '#custom' && document.activeElement.dataset.field === 'name'")
    form = scanners.locator("[data-qt-custom]")
    form.locator("[data-field=name]").fill("Gaps")
    form.locator("[data-field=code]").select_option("HIGH_OPEN_GAP")
    form.locator("[data-custom-do=filter]").click()
    form.locator(".qt-custom-filter select").select_option("openGapPercAbove")
    form.locator(".qt-custom-filter input").fill("many")
    form.locator("[data-custom-do=keep]").click()
    until(scanners, "document.querySelector('.qt-custom-said').innerText.includes('must be a number')")
    form.locator(".qt-custom-filter input").fill("4")
    form.locator("[data-custom-do=keep]").click()
    until(scanners, DONE, "Custom scan")
    kept = engine.desk.keeper.settings.config.market_scan.custom["Gaps"]
    assert (kept.scan_code, kept.filters) == ("HIGH_OPEN_GAP", (("openGapPercAbove", "4"),))
    until(scanners, "document.querySelector('[data-field=kept]').value === 'Gaps'")


@pytest.mark.thorough
def test_the_wide_heatmap_the_treemap_and_the_scoreboard(scanners: Page) -> None:
    scanners.get_by_role("tab", name="Scoreboard").click()
    scanners.get_by_text("20 sessions", exact=True).click()
    until(scanners, "document.querySelector('[data-score=days]').offsetHeight > 0")
    assert "too few to judge" in scanners.locator("[data-score=days]").inner_text()
    scanners.get_by_role("tab", name="Results").click()
    scanners.get_by_text("Wide", exact=True).click()
    until(scanners, f"document.querySelectorAll('.qt-heat-wide td').length === 8 * {len(NAMES) - 3}")
    scanners.locator(".qt-heat-wide td").first.hover()
    until(scanners, "document.getElementById('qt-tip')?.textContent === 'AAPL Score now: 0.50'")
    scanners.get_by_text("Treemap", exact=True).click()
    until(scanners, "document.querySelectorAll('[data-qt-treemap=map] .qt-tm').length > 3")
    scanners.locator("[data-qt-treemap=map] .qt-tm").nth(2).click()
    until(scanners, "location.pathname.startsWith('/symbol/')")


TABS = ("", "#thresholds", "#why", "#scoreboard", "#custom")


@pytest.mark.thorough
def test_nothing_sticks_out_on_any_screen(page: Page, site: Site, engine: Engine) -> None:
    live(page, site.url + "/scanners")
    page.wait_for_selector(".qt-field", state="attached")
    cut = """[...document.querySelectorAll('.qt-input, .qt-scan, .qt-heat td')]
        .filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1).map(e => e.outerHTML.slice(0, 80))"""
    for tab in TABS:
        page.evaluate("tab => { location.hash = tab; }", tab)
        for width in (390, 1366, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            until(page, "document.documentElement.scrollWidth <= innerWidth")
            assert page.evaluate(cut) == [], (width, tab)
            assert page.evaluate(CONTRAST) == [], (width, tab)


@pytest.mark.thorough
def test_a_delta_that_does_not_lead_on_from_what_is_here_is_dropped(scanners: Page) -> None:
    late = """() => { const before = qt.cursor();
        qt.apply({ since: before + "0", cursor: "x", set: { "grid:results": { "77": { last: 1 } } } });
        return [before === qt.cursor(), "77" in qt.model["grid:results"]]; }"""
    assert scanners.evaluate(late) == [True, False]
    scanners.evaluate("() => { for (let i = 0; i < 12; i += 1) { qt.pollNow(); } }")
    after_polls(scanners, 2, with_news=True)
    assert scanners.evaluate("Object.values(qt.model['grid:results']).every(row => row.sym && row.scans)")
    scanners.evaluate(
        "() => qt.apply({ full: true, set: qt.model })"
    )  # of nobody knows when: the next poll begins anew
    until(scanners, "qt.cursor() !== null")
