"""Watch-lists in a real browser: made, filled, ordered by buttons and by hand, imported with a report; the tile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from engine.domain import ContractRef
from tests.app.sample_state import NAMES, TSLA, fill_lists, listed
from tests.app.watchlist_desk import WatchlistDesk
from tests.browser.conftest import Site, live, until
from tests.patience import wait_for

ES = ContractRef(71, "ES", "ESZ5", "FUT", "CME", last_trade_date="20251219")
ESH6 = ContractRef(72, "ES", "ESH6", "FUT", "CME", last_trade_date="20260320")
ROWS = "Array.from(document.querySelectorAll('[data-qt-listed] tbody tr'), r => r.querySelector('.qt-sym').textContent)"
NAMES_OF = "Array.from(document.querySelectorAll('.qt-lists-pick b'), b => b.textContent)"
TOAST = "t => [...document.querySelectorAll('.qt-toast')].some(e => e.innerText.includes(t))"


@pytest.fixture
def desk(site: Site, tmp_path: Path) -> Iterator[WatchlistDesk]:
    started = WatchlistDesk(site.bus, tmp_path / "lists.json", *listed(*(row[0] for row in NAMES)), ES, ESH6)
    yield started
    started.stop()


def order_of(desk: WatchlistDesk, place: int = 0) -> list[str]:
    return [contract.local_symbol for contract in desk.keeper.lists[place].contracts]


def rows_are(page: Page, *names: str) -> None:
    until(page, f"n => {ROWS}.join() === n", ",".join(names))


def test_a_list_is_made_filled_ordered_and_emptied(page: Page, site: Site, desk: WatchlistDesk) -> None:
    live(page, site.url + "/lists")
    page.fill("#lists-name", "Tech")
    page.keyboard.press("Enter")
    until(page, f"{NAMES_OF}.join() === 'Tech'")
    page.fill("#lists-paste", "AAPL MSFT TSLA\nDES,ES,FUT,CME\nNOPE")
    page.click("[data-lists-do=import]")
    rows_are(page, "AAPL", "MSFT", "TSLA")
    until(page, "document.querySelector('.qt-import-report')?.innerText.includes('3 taken, 1 ambiguous, 1 unknown')")
    page.click("[data-take='72']")
    rows_are(page, "AAPL", "MSFT", "TSLA", "ESH6")

    page.click(f"[data-row-do=up][data-con='{TSLA}']")
    rows_are(page, "AAPL", "TSLA", "MSFT", "ESH6")
    page.keyboard.press("Enter")  # the focus went along
    rows_are(page, "TSLA", "AAPL", "MSFT", "ESH6")
    assert page.evaluate("document.activeElement.dataset.rowDo") == "down", "at the top the other button has it"
    page.drag_and_drop("tr[data-con='72'] .qt-grip", f"tr[data-con='{TSLA}']")
    rows_are(page, "ESH6", "TSLA", "AAPL", "MSFT")
    assert order_of(desk) == ["ESH6", "TSLA", "AAPL", "MSFT"]

    page.click("[data-row-do=remove][data-con='72']")
    rows_are(page, "TSLA", "AAPL", "MSFT")
    page.click(".qt-toast-action")
    rows_are(page, "ESH6", "TSLA", "AAPL", "MSFT")
    page.fill("#lists-add", "nvda")
    page.keyboard.press("Enter")
    rows_are(page, "ESH6", "TSLA", "AAPL", "MSFT", "NVDA")
    page.click("[data-lists-do=close]")
    assert page.text_content(".qt-import-report") == ""


@pytest.mark.thorough
def test_lists_are_renamed_ordered_and_deleted_after_a_question(page: Page, site: Site, desk: WatchlistDesk) -> None:
    live(page, site.url + "/lists")
    for name in ("One", "Two"):
        page.fill("#lists-name", name)
        page.click("[data-lists-form=create] button")
        until(page, f"n => {NAMES_OF}.at(-1) === n", name)
    until(page, "document.querySelector('.qt-listed-name').textContent === 'Two'")
    page.click("[data-list-do=up][data-list='2']")
    until(page, f"{NAMES_OF}.join() === 'Two,One'")
    page.click("[data-list-do=rename][data-list='2']")
    page.fill("[data-lists-form=rename] input", "one")
    page.keyboard.press("Enter")
    until(page, TOAST, "There is a watch-list called one already")
    page.fill("[data-lists-form=rename] input", "Second")
    page.keyboard.press("Enter")
    until(page, f"{NAMES_OF}.join() === 'Second,One'")
    page.click("[data-list-do=delete][data-list='2']")
    assert "Delete Second with 0 symbols?" in page.inner_text(".qt-lists-row[role=alert]")
    page.click("[data-list-do=back]")
    until(page, f"{NAMES_OF}.join() === 'Second,One'")
    page.click("[data-list-do=delete][data-list='2']")
    page.click("[data-list-do=deleted]")
    until(page, f"{NAMES_OF}.join() === 'One'")
    wait_for(lambda: [each.name for each in desk.keeper.lists] == ["One"], "the other one is kept no longer")


@pytest.mark.thorough
def test_a_file_comes_into_the_box(page: Page, site: Site, desk: WatchlistDesk, tmp_path: Path) -> None:
    file = tmp_path / "tws.csv"
    file.write_text("COLUMN,0\nDES,AAPL,STK,SMART/AMEX,,,,\nCON,71,CME\n", encoding="utf-8")
    live(page, site.url + "/lists")
    page.fill("#lists-name", "From TWS")
    page.click("[data-lists-form=create] button")
    until(page, f"{NAMES_OF}.length === 1")
    page.set_input_files(".qt-lists-file input", str(file))
    until(page, "document.querySelector('#lists-paste').value.includes('DES,AAPL')")
    page.click("[data-lists-do=import]")
    rows_are(page, "AAPL", "ESZ5")


@pytest.mark.thorough
def test_the_overview_shows_the_chosen_list_with_its_notes(page: Page, site: Site) -> None:
    fill_lists(site.bus)
    site.run()
    live(page, site.url)
    tile = "document.querySelector('.qt-card-watch')"
    until(page, f"{tile}.textContent.includes('AAPL') && {tile}.textContent.includes('408')")
    shown: Any = page.evaluate(
        f"Array.from({tile}.querySelectorAll('.ag-center-cols-container .qt-sym'), e => e.textContent)"
    )
    assert shown == ["AAPL", "MSFT", "TSLA", "AMD"], "in the user's order"
    assert page.get_attribute(".qt-card-watch .bi-sticky", "title") == "Sell the second push"
    page.select_option(".qt-watch-select", "2")
    until(page, f"{tile}.textContent.includes('VXZ5') && !{tile}.textContent.includes('AAPL')")
    assert "no price yet" in (page.text_content(".qt-card-watch") or "")
    page.click(".qt-card-watch .qt-columns-button")
    header = f"{tile}.querySelector('.ag-header').textContent"
    page.click("#overview-watch-columns [data-col=vol]")
    until(page, f"!{header}.includes('Volume')")
    page.reload()
    until(page, f"{tile} && {tile}.textContent.includes('VXZ5')")
    until(page, f"{header}.includes('Last') && !{header}.includes('Volume')")
