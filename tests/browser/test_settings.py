"""The Settings page in a real browser: choice of the broker, test of an address, locks, apply, revert."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Site, live, until
from tests.browser.settings_engine import DONE, Engine
from tests.browser.test_pages_live import CONTRAST


@pytest.fixture
def engine(site: Site, tmp_path: Path) -> Iterator[Engine]:
    started = Engine(site, tmp_path)
    yield started
    started.stop()


@pytest.fixture
def opened(page: Page, site: Site, engine: Engine) -> Page:
    live(page, site.url + "/settings")
    page.wait_for_selector(".qt-choice")
    return page


def value(page: Page, key: str) -> str:
    return page.locator(f"#qt-f-{key.replace('.', '-')}").input_value()


def test_which_broker_is_one_question(opened: Page, engine: Engine) -> None:
    assert opened.get_by_label("Simulated", exact=True).is_checked()
    assert not opened.locator("#qt-f-broker-mode").is_visible()
    port = opened.locator("#qt-f-broker-port")
    opened.get_by_label("Gateway paper 4002").check()
    assert (value(opened, "broker.mode"), value(opened, "broker.port")) == ("1", "4002")
    port.fill("4003")
    assert opened.get_by_label("Paper, other port").is_checked()
    port.fill("")
    assert opened.get_by_label("TWS paper 7497").is_checked()
    opened.get_by_label("Live, other port").check()
    assert opened.get_by_label("Live, other port").is_checked(), "before a port is typed"
    assert value(opened, "broker.mode") == "2" and port.evaluate("e => e === document.activeElement")
    opened.get_by_label("Gateway live 4001").check()
    opened.get_by_role("button", name="Apply").click()
    until(opened, DONE, "Connecting to 127.0.0.1:4001 (live) now.")
    config = engine.desk.keeper.settings.config
    assert (config.broker.mode, config.broker.port) == ("live", 4001)


def test_an_address_is_tested_before_it_is_used(opened: Page) -> None:
    opened.get_by_role("button", name="Test connection").click()
    assert "QTrade's own" in opened.locator(".qt-probe-said").inner_text()
    opened.get_by_label("TWS paper 7497").check()
    opened.get_by_role("button", name="Test connection").click()
    until(opened, "document.querySelector('.qt-probe-said').innerText.includes('No TWS API answers at 127.0.0.1:7497')")
    covered = "document.querySelector('.qt-probe').getBoundingClientRect().bottom - " + (
        "document.querySelector('.qt-form-bar').getBoundingClientRect().top"
    )
    assert opened.evaluate(covered) <= 0, "the bar lies over the answer"
    opened.get_by_label("Host").first.fill("not a host")
    opened.get_by_role("button", name="Test connection").click()
    until(opened, "document.querySelector('.qt-probe-said').innerText.includes('Must be a name or an address')")


@pytest.mark.thorough
def test_the_bar_lies_neither_over_what_is_typed_into_nor_over_what_is_wrong_with_it(opened: Page) -> None:
    opened.set_viewport_size({"width": 1366, "height": 600})
    covered = """key => {  // px of the field that the bar hides
        const field = document.querySelector(`[data-key="${key}"]`).getBoundingClientRect();
        return field.bottom - document.querySelector('.qt-form-bar').getBoundingClientRect().top; }"""
    for key, text in (("lines.swaps_per_minute", "500"), ("lines.buffer", "60")):
        box = opened.locator(f"#qt-f-{key.replace('.', '-')}")
        box.evaluate("e => scrollBy(0, e.getBoundingClientRect().bottom - innerHeight + 8)")  # at the lower edge
        box.fill(text)
        assert opened.evaluate(covered, key) <= 0
    opened.evaluate("scrollTo(0, 0)")
    opened.get_by_role("button", name="Apply").click()
    until(opened, "document.activeElement.closest('.qt-field')?.querySelector('.qt-field-error').innerText")
    focused = opened.evaluate("document.activeElement.closest('.qt-field').dataset.key")
    until(opened, f"key => ({covered})(key) <= 0", focused)


@pytest.mark.thorough
def test_sources_locks_and_reasons(opened: Page, engine: Engine) -> None:
    port = opened.locator('.qt-field[data-key="web.port"]')
    assert "Fixed by command line --port" in port.inner_text()
    assert port.locator("input").is_disabled()
    limit = opened.locator('.qt-field[data-key="lines.limit"]')
    assert limit.locator(".qt-field-note").inner_text() == "config.yaml"
    buffer = opened.locator('.qt-field[data-key="lines.buffer"]')
    buffer.locator("input").fill("60")
    assert opened.locator(".qt-form-bar").is_visible()
    opened.get_by_role("button", name="Apply").click()
    until(opened, "document.querySelector('[data-key=\"lines.buffer\"] .qt-field-error').innerText !== ''")
    assert "Must be below Line limit (50). Lower Kept for positions first." in buffer.inner_text()
    buffer.locator("input").fill("7")
    opened.get_by_role("button", name="Apply").click()
    until(opened, "qt.model.set['lines.buffer'].src === 'saved here'")
    assert engine.desk.keeper.settings.config.lines.buffer == 7
    until(opened, "document.querySelector('.qt-form-bar').offsetParent === null")


@pytest.mark.thorough
def test_switches_and_choices_are_settings_too(opened: Page, engine: Engine) -> None:
    opened.get_by_label("Delayed prices may signal").check()
    opened.get_by_label("Scenario").select_option(label="weekend")
    opened.get_by_role("button", name="Apply").click()
    until(opened, DONE, "Delayed prices may signal on, Scenario weekend")
    assert engine.desk.keeper.settings.config.simulator.scenario == "weekend"


@pytest.mark.thorough
def test_nothing_sticks_out_on_any_screen(page: Page, site: Site, engine: Engine) -> None:
    live(page, site.url + "/settings")
    page.wait_for_selector(".qt-choice")
    cut = """[...document.querySelectorAll('.qt-choice, .qt-button')]
        .filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1).map(e => e.innerText)"""
    for width in (390, 1366, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(200)
        until(page, "document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate(cut) == [], width
        assert page.evaluate(CONTRAST) == [], width
