"""The Journal page in a real browser: its parts, filters in the address, notes, saved files, paper."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import openpyxl
import pytest
from msgspec.structs import replace
from playwright.sync_api import Page

from engine.clock import FakeClock
from engine.state.commands import NoteDay, NoteTrip
from engine.state.sections import BrokerSection
from tests.app.journal_samples import ACCOUNTS, at, fill_journal
from tests.app.sample_state import NQ
from tests.app.statement_desk import FakeDesk
from tests.browser.conftest import Site, Watched, live, until
from tests.patience import wait_for

Asked = TypeVar("Asked")

STATEMENTS = FakeDesk()
NOW = at("2025-11-10", "12:10:00")
ROWS = "table => document.querySelectorAll(`[data-saves=${table}] > tbody > tr[data-id]`).length"


@pytest.fixture(scope="module")
def desk(context, tmp_path_factory) -> Iterator[tuple[Page, Site]]:
    """One page and one journal for all tests of this module."""
    writer, reader = fill_journal(tmp_path_factory.mktemp("journal") / "journal.db", FakeClock(wall=NOW))
    site = Site(journal=reader, statements=STATEMENTS)
    broker = site.bus.read("broker")
    assert isinstance(broker, BrokerSection)
    offset = NOW - site.clock.wall()
    site.bus.publish("broker", replace(broker, clock_offset_s=offset, clock_rate=1.0))
    page, watched = context.new_page(), Watched()
    watched.watch(page)
    page.set_viewport_size({"width": 1440, "height": 900})
    yield page, site
    page.close()
    site.stop()
    writer.stop()
    reader.close()
    assert watched.complaints == []


def show(desk: tuple[Page, Site], link: str) -> Page:
    page, site = desk
    if page.url == "about:blank":
        live(page, f"{site.url}/journal{link}")
    else:
        page.evaluate("link => qt.go(link)", f"/journal{link}")
    return page


def saved(page: Page, card: str, kind: str, folder: Path) -> Path:
    """The file that the control of a card makes."""
    page.click(f"{card} .qt-save-button")
    with page.expect_download() as waiting:
        page.click(f"{card} [data-save={kind}]")
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def asked(desk: tuple[Page, Site], kind: type[Asked]) -> Asked:
    """The command that reaches the engine."""
    found: list[Asked] = []

    def heard() -> bool:
        found.extend(each for each in desk[1].bus.drain() if isinstance(each, kind))
        return bool(found) or bool(desk[0].wait_for_timeout(50))

    wait_for(heard, "the engine hears of it", every_s=0.0)
    return found[0]


def test_bookings_and_what_is_known_beside_trades_are_shown(desk: tuple[Page, Site]) -> None:
    page = show(desk, "#bookings")
    until(page, f"({ROWS})('jcash') === 1")
    assert "Dividends" in page.inner_text("[data-saves=jcash] tbody") and "+12.50" in page.inner_text(
        "[data-saves=jcash]"
    )
    assert "No option was assigned" in page.inner_text(".qt-card-joptions")
    page = show(desk, "#trades")
    until(page, f"({ROWS})('trades') > 0")
    heads = page.inner_text("[data-saves=trades] thead")
    assert all(head in heads for head in ("MAE", "MFE", "IB differs"))


def test_the_calendar_leads_to_a_day_and_back(desk: tuple[Page, Site]) -> None:
    page = show(desk, "?currency=USD")
    until(page, "document.querySelectorAll('.qt-jcalendar [data-jday]').length > 19")
    assert "November 2025" in page.inner_text(".qt-jmonthhead h3")
    assert "+199" in page.inner_text("[data-jday='2025-11-03']")
    page.click("[data-jday='2025-11-03']")
    until(page, "!document.querySelector('.qt-card-jday').hidden")
    assert "day=2025-11-03" in page.url
    until(page, "document.querySelector('.qt-card-jday').innerText.includes('Mon 3 Nov 2025')")
    page.go_back()
    until(page, "document.querySelector('.qt-card-jday').hidden && !location.search.includes('day')")
    page.click("[aria-label='Month before']")
    until(page, "document.querySelector('.qt-jmonthhead h3').innerText === 'October 2025'")
    page.click(".qt-jyear >> text=Nov")
    until(page, "document.querySelector('.qt-jmonthhead h3').innerText === 'November 2025'")


def test_a_link_shows_the_same_trades_and_back_takes_a_filter_off(desk: tuple[Page, Site]) -> None:
    page = show(desk, "?symbol=TSLA#trades")
    until(page, f"({ROWS})('trades') === 2")
    page.select_option("[data-jfilter=side]", "short")
    until(page, f"({ROWS})('trades') === 1 && location.search === '?symbol=TSLA&side=short'")
    page.go_back()
    until(page, f"({ROWS})('trades') === 2 && document.querySelector('[data-jfilter=side]').value === ''")
    page.click("text=Clear filter")
    until(page, f"({ROWS})('trades') === 5 && location.search === ''")
    page.fill("[data-jfilter=from]", "2025-11-06")
    page.dispatch_event("[data-jfilter=from]", "change")
    until(page, f"({ROWS})('trades') === 3")


def test_a_trade_opens_to_its_legs_and_keeps_a_note(desk: tuple[Page, Site]) -> None:
    page = show(desk, "?symbol=AAPL&currency=USD#trades")
    until(page, f"({ROWS})('trades') === 2")
    page.click("tr[data-id]:has-text('breakout') .qt-jopen")
    until(page, "document.querySelectorAll('.qt-jlegs tbody tr').length === 3")
    assert "sold" in page.inner_text(".qt-jlegs")
    page.fill(".qt-jnote textarea", "Sold too early")
    page.fill(".qt-jnote input", "breakout, early")
    page.click(".qt-jnote >> text=Keep")
    note = asked(desk, NoteTrip)
    assert (note.account, note.note, note.tags) == (ACCOUNTS[0], "Sold too early", ("breakout", "early"))
    page.click(".qt-jnote >> text=Discard")
    until(page, "document.querySelector('.qt-jnote textarea').value === 'Bought the range'")


def test_sorting_and_saving_give_the_same_order_and_numbers(desk: tuple[Page, Site], tmp_path: Path) -> None:
    page = show(desk, "?currency=USD#trades")
    until(page, f"({ROWS})('trades') === 4")
    page.click("[data-saves=trades] th >> text=Net, USD")
    page.click("[data-saves=trades] th >> text=Net, USD")
    until(page, "document.querySelector('[data-saves=trades] th[aria-sort=ascending]')?.innerText.startsWith('Net')")
    path = saved(page, ".qt-card-jtrades", "csv", tmp_path)
    assert path.name.startswith("qtrade-") and "trades-2025-11-10" in path.name
    lines = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    net = lines[0].index("Net")
    body = [line for line in lines[1:] if len(line) == len(lines[0])]
    assert [line[net] for line in body] == ["-302", "19", "247", ""]
    book = openpyxl.load_workbook(saved(page, ".qt-card-jtrades", "xlsx", tmp_path))
    sheet = book.worksheets[0]
    assert [sheet.cell(row, net + 1).value for row in range(2, 6)] == [-302, 19, 247, None]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


@pytest.mark.parametrize(
    ("tab", "table", "rows"), [("executions", "executions", 10), ("signals", "jsignals", 2), ("changes", "jchanges", 1)]
)
def test_each_list_is_there(desk: tuple[Page, Site], tab: str, table: str, rows: int) -> None:
    page = show(desk, f"#{tab}")
    until(page, f"({ROWS})('{table}') === {rows}")


def test_figures_and_equity_say_what_they_are_of(desk: tuple[Page, Site]) -> None:
    page = show(desk, "?currency=USD#statistics")
    until(page, "document.querySelectorAll('.qt-jtile').length === 11")
    assert "net, USD, by closing day" in page.inner_text(".qt-card-jfigures")
    assert "n = 3" in page.inner_text(".qt-card-jfigures")
    page.click("[data-qt-tab=equity]")
    until(page, "!!document.querySelector('.qt-card-jequity .qt-jline')?.getAttribute('d')")
    page.hover(".qt-jcurve")
    until(page, "!document.querySelector('.qt-jtold').hidden")


def test_a_statement_is_dropped_asked_about_and_reported(desk: tuple[Page, Site]) -> None:
    show(desk, "#executions")
    page = show(desk, "#statements")
    page.wait_for_selector(".qt-statement-zone", state="visible")
    drop = """text => {
        const data = new DataTransfer();
        data.items.add(new File([text], "week.xml"));
        const zone = document.querySelector(".qt-statement-zone");
        zone.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }"""
    page.evaluate(drop, "a statement of My IRA")
    page.click(".qt-statement-ask button >> text=It is U1")
    page.wait_for_selector(".qt-statement-report[data-status=read]")
    assert [seen[1:] for seen in STATEMENTS.seen] == [("week.xml", {}), ("week.xml", {"account:My IRA": "U1"})]
    told = page.inner_text(".qt-statement-report")
    for words in ("12", "line 56, Trades: quantity is '1O0'", "TSLA, 5 Nov 2025: commission 1.5", "20 rows"):
        assert words in told
    assert "5 of 6 trading days. Missing: 10 Nov 2025" in " ".join(page.inner_text(".qt-statement-coverage").split())
    assert page.locator(".qt-statement-strip i").count() == 1
    assert "12 new, 3 known, 4 completed, 1 refused" in page.inner_text(".qt-statement-reports")
    STATEMENTS.problem = "Another file is being read."
    page.set_input_files(".qt-statement-zone input", {"name": "b.csv", "mimeType": "text/csv", "buffer": b"x"})
    until(page, "document.querySelector('.qt-statement-report')?.innerText.includes('Another file is being read.')")
    STATEMENTS.problem = ""


def test_nothing_in_a_choice_is_said(desk: tuple[Page, Site]) -> None:
    page = show(desk, "?source=flex#trades")
    until(page, "document.querySelector('.qt-card-jtrades')?.dataset.state === 'empty'")
    assert "Nothing in this choice" in page.inner_text(".qt-card-jtrades")


def test_keys_lead_there_and_paper_has_the_page_alone(desk: tuple[Page, Site]) -> None:
    page = show(desk, "#statistics")
    page.evaluate("qt.go('/health')")
    until(page, "location.pathname === '/health'")
    page.keyboard.press("g")
    page.keyboard.press("j")
    until(page, "location.pathname === '/journal' && document.title === 'QTrade - Journal'")
    page.emulate_media(media="print")
    hidden = page.evaluate(
        "['.qt-rail', '.qt-tabrow', '.qt-save', '.qt-buttons'].filter(s => document.querySelector(s).offsetParent)"
    )
    assert hidden == []
    page.emulate_media(media="screen")


def test_trips_are_marked_on_their_chart(desk: tuple[Page, Site]) -> None:
    page, site = desk
    with page.expect_response(lambda answer: "/journal/marks/" in answer.url) as waiting:
        page.evaluate("link => qt.go(link)", f"/symbol/{NQ}")
    assert waiting.value.status == 200


def test_a_days_note_is_asked_for_with_its_account(desk: tuple[Page, Site]) -> None:
    page = show(desk, "?account=DU***567&day=2025-11-03")
    until(page, "!!document.querySelector('.qt-card-jday .qt-jnote textarea')")
    page.fill(".qt-card-jday textarea", "Calm, then not")
    page.click(".qt-card-jday >> text=Keep")
    note = asked(desk, NoteDay)
    assert (note.account, note.day, note.note) == (ACCOUNTS[0], "20251103", "Calm, then not")
