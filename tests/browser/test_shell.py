"""The frame in a real browser: keys, pages, freeze, hidden tabs, a silent engine or server, another build."""

from __future__ import annotations

import threading
from collections.abc import Callable
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import CHANGED, POLL_MS, Site, Visit, Watched, after_polls, live, polls_of, until
from tests.patience import wait_for


def path_of(page: Page) -> str:
    return urlparse(page.url).path


@pytest.mark.parametrize(("keys", "path"), [("gp", "/positions"), ("gl", "/lines")])
def test_keys_go_to_pages(visit: Visit, keys: str, path: str) -> None:
    page = visit()
    for key in keys:
        page.keyboard.press(key)
    until(page, "p => location.pathname === p", path)
    page.wait_for_selector(f"a[data-nav='{path}'][aria-current=page]")


def test_the_list_of_keys_opens_and_closes(visit: Visit) -> None:
    page = visit()
    page.keyboard.press("?")
    assert page.is_visible("#shell-keys")
    page.keyboard.press("Escape")
    assert not page.is_visible("#shell-keys")


def test_find_goes_to_the_symbol(visit: Visit) -> None:
    page = visit()
    page.keyboard.press("/")
    page.keyboard.type("brk.b")
    page.keyboard.press("Enter")  # before the list has answered: what is typed counts, not a beginning of it
    until(page, "location.pathname === '/symbol/72063691'")


@pytest.mark.parametrize(
    "target", [".ag-row[row-id='76792991'] [col-id=last]", ".ag-row[row-id='76792991'] a", "td[data-con='4391']"]
)
def test_a_click_on_any_symbol_leads_to_it(visit: Visit, target: str) -> None:
    page = visit()
    page.click(target)
    until(page, "location.pathname.startsWith('/symbol/')")
    assert path_of(page) in ("/symbol/76792991", "/symbol/4391")


def test_the_bell_lists_what_is_open(visit: Visit) -> None:
    page = visit()
    count = "document.querySelector('[data-qt-bell]')"
    until(page, f"{count}.textContent === '1'")
    page.click("[data-menu=shell-bell]")
    assert page.evaluate(f"{count}.textContent") == "" and page.is_visible("[data-qt-bell][data-seen]"), (
        "seen, but open"
    )
    assert "AZREF: delayed data" in page.inner_text("#shell-bell")
    page.click(".qt-tile-net")
    assert not page.is_visible("#shell-bell")


def test_freeze_holds_the_screen_and_lets_go(page: Page, site: Site) -> None:
    live(page, site.url)
    site.run()
    page.keyboard.press("f")
    page.wait_for_timeout(300)
    seen = polls_of(page)
    before = page.inner_text(".qt-tile-day .qt-figure")
    page.wait_for_timeout(4 * POLL_MS)
    assert seen == []
    assert page.inner_text(".qt-tile-day .qt-figure") == before
    assert "Frozen at" in page.inner_text("#shell-frozen")
    page.click("#shell-freeze")
    until(page, CHANGED, before)
    assert not page.is_visible("#shell-frozen")


def test_a_hidden_tab_asks_nothing_and_catches_up_at_once(page: Page, site: Site) -> None:
    live(page, site.url)
    site.run()
    page.evaluate("Object.defineProperty(document, 'hidden', {configurable: true, get: () => window.qtHidden})")
    page.evaluate("window.qtHidden = true; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(300)
    seen = polls_of(page)
    page.wait_for_timeout(4 * POLL_MS)
    assert seen == []
    page.evaluate("window.qtHidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    after_polls(page, 2)
    assert len(seen) >= 2


@pytest.mark.parametrize(("silent_s", "level"), [(7.0, "late"), (20.0, "dead")])
def test_a_silent_engine_is_seen(page: Page, site: Site, silent_s: float, level: str) -> None:
    live(page, site.url)
    site.fall_silent(silent_s)
    page.wait_for_selector(f"#shell-age[data-level={level}]")
    page.wait_for_selector(".qt-card[data-state=stale]")
    assert "engine has been silent" in page.inner_text("#shell-trouble")
    site.is_beating = True
    page.wait_for_selector("#shell-age[data-level=fresh]")
    assert not page.is_visible("#shell-trouble")


def test_a_dead_server_is_seen_and_its_return_too(page: Page, serve: Callable[..., Site], watched: Watched) -> None:
    watched.forgiven = True  # the browser itself reports refused connections
    site = serve()
    live(page, site.url)
    site.kill_server()
    until(page, "document.body.dataset.trouble === 'server'")
    assert "The server is not answering" in page.inner_text("#shell-trouble")
    back = serve(port=site.port)
    back.run()
    until(page, "document.body.dataset.trouble === undefined")
    page.wait_for_selector(".qt-card[data-state=live]")
    before = page.inner_text(".qt-tile-day .qt-figure")
    until(page, CHANGED, before)


@pytest.mark.thorough
def test_a_slow_server_still_updates_the_page_and_is_not_flooded(page: Page, site: Site) -> None:
    live(page, site.url)
    site.run()
    waiting, most = [0], [0]
    lock = threading.Lock()
    view = site.app.server.view_functions["/_dash-update-component"]

    def slow(*args: object, **kwargs: object) -> object:
        with lock:
            waiting[0] += 1
            most[0] = max(most[0], waiting[0])
        threading.Event().wait(1.0)
        with lock:
            waiting[0] -= 1
        return view(*args, **kwargs)

    site.app.server.view_functions["/_dash-update-component"] = slow
    before = page.inner_text(".qt-tile-day .qt-figure")
    until(page, CHANGED, before)
    assert most[0] <= 2


def test_another_build_behind_the_address_is_told(page: Page, serve: Callable[..., Site], watched: Watched) -> None:
    watched.forgiven = True
    site = serve()
    live(page, site.url)
    page.evaluate("sessionStorage.setItem('qt-reloaded-other', '1')")
    site.kill_server()
    serve(port=site.port, build_id="other")
    page.wait_for_selector("#shell-reload:not([hidden])")


@pytest.mark.thorough
def test_a_missing_broker_is_explained(page: Page, serve: Callable[..., Site]) -> None:
    site = serve(connected=False)
    page.goto(site.url)
    page.wait_for_selector(".qt-broker:not([hidden])")
    text = page.inner_text(".qt-broker")
    for words in ("127.0.0.1:7497", "Next try in", "Enable ActiveX and Socket Clients", "Read-Only API"):
        assert text.count(words) == 1 or words == "127.0.0.1:7497", words
    assert page.inner_text(".qt-pill").startswith("PAPER · next try in")
    passed = "{text: 'in {left}', until: Date.now() / 1e3 - 1e6, every: 3}"
    left = page.evaluate(f"(async () => (await import('/assets/core/values.mjs')).timedText({passed}))()")
    assert left in ("in 1 s", "in 2 s", "in 3 s")


def test_simulated_data_are_called_so_in_words(visit: Visit) -> None:
    page = visit()
    assert "SIMULATED DATA" in page.inner_text(".qt-band").upper()
    page.set_viewport_size({"width": 390, "height": 844})
    until(page, "document.querySelector('.qt-band').innerText.toUpperCase().includes('SIMULATED DATA')")


def nodes_of(page: Page) -> int:
    """DOM nodes in memory, shown or not, after the rubbish was collected."""
    session = page.context.new_cdp_session(page)
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    return session.send("Memory.getDOMCounters")["nodes"]


@pytest.mark.thorough
def test_nothing_is_left_behind_by_switching_pages(page: Page, site: Site) -> None:
    live(page, site.url)

    def wander(rounds: int) -> None:
        for _ in range(rounds):
            for path in ("/positions", "/lines", "/", "/nowhere"):
                page.evaluate("p => qt.go(p)", path)
                page.wait_for_timeout(100)
        after_polls(page)

    wander(2)
    before = nodes_of(page)
    wander(4)
    a_page = 2500  # the last page may still be on its way out; more than one would be a leak
    wait_for(lambda: nodes_of(page) <= before + a_page, f"as few nodes as before, {before}", every_s=0.5)
