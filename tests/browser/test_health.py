"""The Health page in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from playwright.sync_api import Page

from engine.state.commands import Reconnect
from tests.app.sample_state import health
from tests.browser.conftest import Site, Visit, after_polls, live, polls_of, until
from tests.browser.test_pages_live import CONTRAST, SIZES
from tests.patience import wait_for


def test_it_loads_in_silence_at_every_size(page: Page, site: Site) -> None:
    site.run()
    live(page, site.url + "/health")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(300)
        until(page, "w => document.documentElement.scrollWidth <= w", width)


def test_it_says_how_everything_is(visit: Visit) -> None:
    page = visit("/health")
    assert page.inner_text(".qt-verdict") == "Everything is running."
    assert page.locator(".qt-track").count() == 2
    assert page.locator(".qt-track .qt-span[data-state=down]").count() == 1
    assert page.locator("[data-qt-ages] tr").count() == 6
    assert "16/50" in page.inner_text(".qt-health-side")
    assert page.evaluate(CONTRAST) == []


def test_the_tiles_of_the_verdict_share_its_width(visit: Visit) -> None:
    page = visit("/health")
    widths = page.evaluate("[...document.querySelectorAll('.qt-card-verdict .qt-tile')].map(e => e.clientWidth)")
    card = page.evaluate("document.querySelector('.qt-card-verdict').clientWidth")
    assert len(widths) == 6 and sum(widths) > 0.95 * card and max(widths) - min(widths) <= 2


@pytest.mark.thorough
def test_ages_count_and_a_stale_one_is_marked(page: Page, site: Site) -> None:
    live(page, site.url + "/health")
    cell = "[data-qt-ages] tr:nth-child(2) td:nth-child(2)"
    before = page.inner_text(cell)
    until(page, f"t => document.querySelector(`{cell}`).innerText !== t", before)
    rows = health(site.clock.wall()).ages
    old = (replace(rows[0], wall=site.clock.wall() - 99.0), *rows[1:])
    site.bus.publish("health", replace(health(site.clock.wall()), ages=old))
    page.wait_for_selector("[data-qt-ages] tr:nth-child(1) td[data-tone=warn]")


@pytest.mark.thorough
def test_open_and_over(page: Page, site: Site) -> None:
    live(page, site.url + "/health")
    shown = page.locator(".qt-happened li:visible")
    assert shown.count() == 2
    page.click("#health-show label:has-text('Open')")
    until(page, "[...document.querySelectorAll('.qt-happened li')].filter(e => e.offsetParent).length === 1")
    assert "AZREF: delayed data" in shown.inner_text()
    site.bus.publish("health", replace(health(site.clock.wall()), loop_lateness_p99_ms=3.0))
    after_polls(page, 2)
    assert shown.count() == 1  # the choice survives polls


def test_the_log_is_read_filtered_and_kept(visit: Visit) -> None:
    page = visit("/health")
    lines = page.locator(".qt-log li")
    until(page, "document.querySelectorAll('.qt-log li').length === 100")
    assert "A step failed" in lines.first.inner_text() and "KeyError, its trace is in" in lines.first.inner_text()
    first = lines.first.element_handle()
    page.click("text=Older lines")
    until(page, "document.querySelectorAll('.qt-log li').length > 150")
    assert first.is_visible(), "a line keeps its element, so that what is selected in it stays"
    page.click("#health-log-level label:has-text('Warnings')")
    until(page, "document.querySelectorAll('.qt-log li').length < 10")
    page.fill("#health-log-text", "rklb")
    until(page, "document.querySelectorAll('.qt-log li').length === 1")
    assert "Cannot subscribe to RKLB" in page.inner_text(".qt-log")
    with page.expect_download() as kept:
        page.click("[data-qt-logfile-save]")
    assert kept.value.suggested_filename.startswith("qtrade-simulated-log-")
    page.fill("#health-log-text", "nowhere")
    page.wait_for_selector("text=No line of the log is like that.")


def test_this_computer_is_looked_at_again(visit: Visit) -> None:
    page = visit("/health")
    page.wait_for_selector(".qt-checks li")
    found = page.locator(".qt-checks li")
    assert found.count() == 4 and "2 to look at" in page.inner_text("[data-qt-checks-fact]")
    assert "40 s ahead of TWS" in found.first.inner_text() and "Let it set its time" in found.first.inner_text()
    before = visit.site.checks.wishes
    page.click("text=Check again")
    until(page, "document.querySelector('[data-qt-checks-again]').disabled")
    wait_for(lambda: visit.site.checks.wishes > before, "a look")


def test_the_report_is_copied(visit: Visit) -> None:
    page = visit("/health")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#health-copy")
    page.wait_for_selector("#health-said:has-text('Copied')")
    text = page.evaluate("navigator.clipboard.readText()")
    assert "Subscriptions: 16/50" in text
    assert "DU1234567" not in text


def test_reconnect(visit: Visit) -> None:
    page = visit("/health")
    page.click("#health-reconnect")
    page.wait_for_selector("#health-said:has-text('Connecting afresh')")
    assert any(isinstance(command, Reconnect) for command in visit.site.bus.drain())


@pytest.mark.thorough
def test_a_quiet_engine_costs_no_bytes(page: Page, site: Site) -> None:
    live(page, site.url + "/health")
    after_polls(page, 3)
    seen = polls_of(page)
    after_polls(page, 4)
    assert set(seen) == {(204, 0)}


@pytest.mark.thorough
def test_a_changed_file_and_a_lost_broker(page: Page, serve: Callable[..., Site]) -> None:
    site = serve(connected=False)
    site.bus.publish("health", replace(health(site.clock.wall()), restart_needed="engine/kernel/engine.py"))
    page.goto(site.url + "/health")
    page.wait_for_selector(".qt-restart:not([hidden])")
    assert "engine/kernel/engine.py" in page.inner_text(".qt-restart")
    assert page.inner_text(".qt-verdict") == "The broker is not connected."
