"""The page of alerts in a real browser: rules in a sentence, what they find, channels, the bell, a level on a chart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.app.sample_state import NQ
from tests.browser.alerts_engine import AlertsEngine
from tests.browser.conftest import Site, live, until
from tests.browser.settings_engine import DONE
from tests.browser.test_pages_live import CONTRAST
from tests.unit.alerts.alert_desk import facts

RULES = "[...document.querySelectorAll('.qt-rule b')].map(e => e.innerText)"
FOUND = "[...document.querySelectorAll('.qt-alert b')].map(e => e.innerText)"


@pytest.fixture
def engine(site: Site, tmp_path: Path) -> Iterator[AlertsEngine]:
    started = AlertsEngine(site, tmp_path)
    yield started
    started.stop()


def test_from_a_sentence_to_a_message_and_back_to_quiet(page: Page, site: Site, engine: AlertsEngine) -> None:
    live(page, site.url + "/alerts")
    page.wait_for_selector(".qt-make-sentence")
    page.keyboard.press("g")
    page.keyboard.press("a")
    assert page.url.endswith("/alerts")

    # a channel: its address is never seen again
    page.get_by_label("Name of the channel").fill("phone")
    page.get_by_label("Address of the channel").fill("fake://host/T0KEN")
    page.locator("[data-qt-alerts=channels]").get_by_role("button", name="Add").click()
    until(page, "document.querySelector('.qt-channel')?.innerText.includes('Not tested yet')")
    page.get_by_role("button", name="Test phone").click()
    until(page, "document.querySelector('.qt-channel')?.innerText.includes('last taken')")
    assert "T0KEN" not in page.content()
    assert page.evaluate("JSON.stringify(qt.model)").find("T0KEN") < 0

    # a rule in one sentence, refused and corrected
    page.get_by_label("Amount").fill("much")
    page.get_by_role("button", name="Add", exact=True).first.click()
    until(page, "document.querySelector('.qt-make-said').innerText.includes('must be a number')")
    page.get_by_label("Amount").fill("-500")
    page.locator("[data-qt-alerts=make]").get_by_role("button", name="Add").click()
    until(page, f'{RULES}.includes("the day\'s P&L of all accounts falls below −500 USD")')

    # it finds something: the list, the bell, the tab's name, the channel
    engine.say(facts(-900.0))
    until(page, f"{FOUND}.includes('Day P&L below −500 USD')")
    until(page, "document.title.startsWith('(1) ')")
    until(page, "document.querySelector('[data-qt-bell]').textContent !== ''")
    page.click("[data-menu=shell-bell]")
    assert "Day P&L below −500 USD" in page.inner_text("#shell-bell")
    page.keyboard.press("Escape")
    until(page, "document.querySelector('.qt-alert-state').innerText.includes('phone: ')")

    # seen, snoozed, awake
    page.get_by_role("button", name="Seen").click()
    until(page, f"{FOUND}.length === 0 && !document.title.startsWith('(')")
    page.locator("#alerts-show label", has_text="Open").click()
    until(page, f"{FOUND}.length === 1")
    page.get_by_label("Snooze Day P&L below −500 USD").select_option(label="1 hour")
    until(page, "document.querySelector('.qt-alert-state').innerText.includes('snoozed for')")
    page.get_by_role("button", name="Wake").click()
    until(page, "!document.querySelector('.qt-alert-state').innerText.includes('snoozed')")

    # edited, switched off, deleted
    page.get_by_label("What to be told of").select_option(label="a signal")
    page.get_by_role("button", name="Edit: ").click()
    until(page, "document.querySelector('.qt-make-kind').value === 'day_pnl'")
    page.get_by_label("Amount").fill("-1000")
    page.get_by_role("button", name="Save").click()
    until(page, f'{RULES}.includes("the day\'s P&L of all accounts falls below −1,000 USD")')
    page.locator(".qt-rule-on input").uncheck()
    until(page, "document.querySelector('.qt-rule .qt-alert-state').innerText === 'off'")
    page.get_by_role("button", name="Delete: ").click()
    until(page, f"{RULES}.length === 0")
    page.get_by_role("button", name="Usual rules").click()
    until(page, f"{RULES}.length >= 5")

    # nothing sticks out, on any screen
    for width in (390, 1366, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        until(page, "document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate(CONTRAST) == [], width


@pytest.mark.thorough
def test_an_alert_at_a_price_is_set_beside_the_chart_and_drawn(page: Page, site: Site, engine: AlertsEngine) -> None:
    engine.price(25_000.25)
    live(page, f"{site.url}/symbol/{NQ}")
    until(page, "qt.candles.chart !== null && qt.candles.rows.length > 0")
    page.get_by_label("Alert at a price").click()
    page.get_by_label("Price of the alert").fill("25100")
    page.locator("#symbol-alert-menu").get_by_role("button", name="Add").click()
    until(page, DONE, "NQZ5 reaches 25,100.00, once")
    until(page, "qt.candles.lines.some(line => line.options().title === 'alert' && line.options().price === 25100)")
    engine.price(25_101.0)
    until(page, "!qt.candles.lines.some(line => line.options().title === 'alert')")
    until(page, "document.querySelector('[data-qt-bell]').textContent !== ''")


TONES = """window.tones = 0;
window.AudioContext = class {
  state = 'running'; currentTime = 0; destination = {};
  async resume() {}
  createOscillator() {
    window.tones += 1;
    return { frequency: {}, connect: () => ({ connect() {} }), start() {}, stop() {} };
  }
  createGain() { return { gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} } }; }
};"""


@pytest.mark.thorough
def test_one_tab_speaks_and_once(page: Page, site: Site, engine: AlertsEngine) -> None:
    """The tones are counted, not heard."""
    live(page, site.url + "/alerts")
    page.evaluate(f"() => {{ {TONES} }}")
    page.get_by_label("Sound").check()
    second = page.context.new_page()
    second.add_init_script(TONES)
    second.goto(site.url + "/lines")
    second.wait_for_selector("[data-state=live]", state="attached")
    engine.rig.desk.keep_rule(0, "day_pnl", {"amount": -500.0}, ("browser",))
    engine.rig.desk.keep_rule(0, "position_pnl", {}, ())
    until(page, f"{RULES}.length === 2")
    engine.say(facts(-900.0))
    for tab in (second, page):
        tab.bring_to_front()
        until(tab, "Object.keys(qt.model['rows:bell'] ?? {}).some(key => key.startsWith('alert'))")
    until(page, "window.tones === 2")
    assert second.evaluate("window.tones") == 0, "the other tab speaks for it"
    page.reload()
    page.wait_for_selector(".qt-alert")
    assert page.evaluate("localStorage.getItem('qt-called')") == str(engine.rig.open()[0].call_id)
    second.close()
