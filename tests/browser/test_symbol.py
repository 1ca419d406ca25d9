"""The Symbol page in a real browser: the candles live, the zoom stays, names lead to symbols, all in silence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.sync_api import Page

from engine.domain import Bar
from engine.state.bus import StateBus
from engine.state.commands import FindSymbol, PinSymbol
from engine.state.sections import Answer, AnswersSection, PositionsSection, SymbolSection
from tests.app.sample_state import CL, NQ, TSLA, symbol
from tests.browser.conftest import Site, Visit, after_polls, live, until
from tests.browser.test_pages_live import CONTRAST, SIZES
from tests.patience import wait_for

NVDA = 4_815_747
PAGE = f"/symbol/{TSLA}"
DRAWN = "con => qt.candles && qt.candles.base && qt.candles.base.con === con && qt.candles.rows.length > 20"
LAST = "qt.candles.rows[qt.candles.rows.length - 1].c"
RANGE = "qt.candles.range()"


def open_symbol(page: Page, site: Site, con_id: int = TSLA) -> None:
    live(page, f"{site.url}/symbol/{con_id}")
    until(page, DRAWN, con_id)


def move(site: Site, close: float, con_id: int = TSLA, new_minutes: int = 0) -> Bar:
    """The last bar closes at `close`, after `new_minutes` further minutes."""
    section = site.bus.read(f"symbol:{con_id}")
    assert isinstance(section, SymbolSection)
    bars = list(section.bars)
    for _ in range(new_minutes):
        bars[-1] = replace(bars[-1], closed=True)
        bars.append(Bar(bars[-1].time + 60.0, close, close, close, close, 1000.0, "streamed", closed=False))
    last = replace(bars[-1], close=close, high=max(bars[-1].high, close), low=min(bars[-1].low, close))
    quote = replace(section.quote, price=close, last=close)
    site.bus.publish(f"symbol:{con_id}", replace(section, bars=(*bars[:-1], last), quote=quote))
    return last


def drawn_last(page: Page, series: str) -> Any:
    """The last point that the library itself holds of a series."""
    return page.evaluate("id => qt.candles.lastOf(id)", series)


def test_it_loads_in_silence_at_every_size(page: Page, site: Site) -> None:
    site.run()
    open_symbol(page, site)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(400)
        until(page, "w => document.documentElement.scrollWidth <= w", width)
        assert page.evaluate("document.querySelector('.qt-candles canvas').clientWidth") > 200
    assert page.evaluate(CONTRAST) == []


@pytest.mark.thorough
def test_a_night_in_which_clocks_go_back_is_drawn_whole_in_new_yorks_time(page: Page, site: Site) -> None:
    """NQ trades through it: 240 minutes are 240 bars, the second 01:17 says so, the exchange's zone stands beside."""
    begin = datetime(2025, 11, 2, 4, tzinfo=UTC).timestamp()
    bars = tuple(Bar(begin + 60.0 * n, 100.0, 102.0, 99.0, 101.0, 5.0, "streamed") for n in range(240))
    section = site.bus.read(f"symbol:{NQ}") or symbol(NQ, site.clock.wall(), site.clock.mono())
    assert isinstance(section, SymbolSection)
    changes = {"bars": bars, "time_zone": "US/Central", "signals": (), "fills": (), "session_start": None}
    site.bus.publish(f"symbol:{NQ}", replace(section, **changes))
    open_symbol(page, site, NQ)
    until(page, "qt.candles.rows.length === 240")
    assert page.evaluate("qt.candles.rows.every((row, i, all) => !i || row.t > all[i - 1].t)")
    assert page.evaluate("qt.candles.rows.filter(row => row.label === '01:17 EST').length") == 1
    assert drawn_last(page, "px")["close"] == 101.0
    until(page, "document.body.innerText.includes('ET · exchange CT')")


def test_the_last_bar_lives_in_the_library_itself(page: Page, site: Site) -> None:
    open_symbol(page, site)
    for close in (410.5, 411.25):
        move(site, close)
        until(page, f"c => {LAST} === c", close)
        assert drawn_last(page, "px")["close"] == close
    assert page.inner_text("[data-qt-legend]").find("C 411.25") >= 0
    assert page.inner_text(".qt-symbol-price .qt-big") == "411.25"


@pytest.mark.thorough
def test_a_new_minute_is_appended_once(page: Page, site: Site) -> None:
    open_symbol(page, site)
    count = page.evaluate("qt.candles.rows.length")
    last = move(site, 409.0, new_minutes=2)
    until(page, f"c => {LAST} === c", 409.0)
    assert page.evaluate("qt.candles.rows.length") == count + 2
    times = page.evaluate("qt.candles.rows.map(r => r.t)")
    assert all(a < b for a, b in zip(times, times[1:], strict=False))
    assert times[-1] == last.time - 5 * 3600  # New York's clock
    page.evaluate("dash_clientside.set_props('symbol-rebase', {data: 1})")
    after_polls(page, 3)
    assert page.evaluate("qt.candles.rows.length") == count + 2


@pytest.mark.thorough
def test_a_tab_that_slept_asks_for_the_bars_between(page: Page, site: Site) -> None:
    open_symbol(page, site)
    count = page.evaluate("qt.candles.rows.length")
    move(site, 409.5, new_minutes=30)
    until(page, f"c => {LAST} === c", 409.5)
    assert page.evaluate("qt.candles.rows.length") == count + 30


NOTE_SAYS = "text => document.querySelector('[data-qt-chart-note]').innerText.includes(text)"


@pytest.mark.thorough
def test_history_that_fills_a_hole_is_drawn(page: Page, site: Site) -> None:
    open_symbol(page, site)
    section = site.bus.read(f"symbol:{TSLA}")
    holed = (*section.bars[:-60], *section.bars[-50:])
    site.bus.publish(f"symbol:{TSLA}", replace(section, bars=holed))
    page.evaluate("dash_clientside.set_props('symbol-rebase', {data: 1})")
    until(page, "qt.candles.points.filter(p => p.empty).length === 10")
    until(page, NOTE_SAYS, "no data")
    mended = tuple(replace(bar, source="history") for bar in section.bars[-60:-50])
    site.bus.publish(f"symbol:{TSLA}", replace(section, bars=(*section.bars[:-60], *mended, *section.bars[-50:])))
    until(page, "qt.candles.rows.filter(r => r.src === 'r').length === 10")
    until(page, NOTE_SAYS, "completed from history")


@pytest.mark.thorough
def test_the_zoom_survives_polls_marks_and_a_new_base(page: Page, site: Site) -> None:
    open_symbol(page, site)
    box = page.locator(".qt-candles").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(600)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 200, box["y"] + 100, steps=5)
    page.mouse.up()
    page.wait_for_timeout(800)
    before = page.evaluate(RANGE)
    assert before
    for step in range(3):
        move(site, 408.0 + step)
        until(page, f"c => {LAST} === c", 408.0 + step)
    page.evaluate("dash_clientside.set_props('symbol-rebase', {data: 1})")
    after_polls(page, 3)
    after = page.evaluate(RANGE)
    assert page.evaluate("qt.candles.tag()") == 410.0, "the last price, not that of the last bar in view"
    assert abs(after["from"] - before["from"]) < 0.5
    assert abs(after["to"] - before["to"]) < 0.5


@pytest.mark.thorough
def test_timeframes_and_layers(page: Page, site: Site) -> None:
    open_symbol(page, site)
    for frame, size in (("5m", 300), ("1D", 86400), ("60m", 3600), ("1m", 60)):
        page.click(f"label.qt-segment:text-is('{frame}')")
        until(page, "s => qt.candles.base && qt.candles.base.size === s", size)
        move(site, 408.0 + size / 1e5)
        after_polls(page, 2)
    page.click("[data-menu=symbol-layers-menu]")
    page.uncheck("#symbol-layers input >> nth=0")
    until(page, "!document.querySelector('[data-qt-legend]').innerText.includes('EMA')")
    after_polls(page, 2)
    assert page.is_visible("#symbol-layers-menu")  # an open menu survives polls
    assert "EMA" not in page.inner_text("[data-qt-legend]")
    page.reload()
    until(page, DRAWN, TSLA)
    page.wait_for_timeout(500)
    assert "EMA" not in page.inner_text("[data-qt-legend]")


def test_a_cost_off_the_scale_is_a_chip_and_no_squashed_axis(visit: Visit) -> None:
    page = visit(PAGE)
    until(page, DRAWN, TSLA)
    page.wait_for_selector(".qt-chip:not([hidden])")
    assert page.inner_text(".qt-chip").startswith("▲ avg cost 462.76, off scale")


SCALE = "qt.candles.series.get('px').priceScale().options().autoScale"


def settled_box(page: Page, selector: str) -> dict[str, float]:
    """Where an element is once the page around it has stopped moving."""
    seen: list[Any] = []

    def stands() -> bool:
        page.wait_for_timeout(150)
        seen.append(page.locator(selector).bounding_box())
        return len(seen) > 2 and seen[-1] is not None and seen[-1] == seen[-2] == seen[-3]

    wait_for(stands, f"{selector} stands still", every_s=0.0)
    return dict(seen[-1])


@pytest.mark.thorough
def test_reset_zoom_and_another_size_begin_whole(page: Page, site: Site) -> None:
    """The price scale, too, which a person has drawn out by its axis."""
    open_symbol(page, site)
    for begin_anew in ("[data-qt-reset]", "label.qt-segment:text-is('5m')"):
        box, whole = settled_box(page, ".qt-candles"), page.evaluate(RANGE)
        page.mouse.move(box["x"] + box["width"] - 20, box["y"] + 100)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 20, box["y"] + 180, steps=4)
        page.mouse.up()
        until(page, f"!{SCALE}")
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
        page.mouse.wheel(0, -400)
        until(page, f"r => Math.abs({RANGE}.from - r.from) > 5", whole)
        page.click(begin_anew)
        until(page, f"r => {SCALE} && Math.abs(({RANGE}.to - {RANGE}.from) - (r.to - r.from)) < 1", whole)


def test_from_symbol_to_symbol_and_back(page: Page, site: Site) -> None:
    open_symbol(page, site)
    page.click(".qt-symbol-buttons .qt-button:has-text('CLZ5')")  # not published: it waits
    page.wait_for_selector("h1:has-text('CLZ5')")
    page.wait_for_selector(".qt-card-candles[data-state=loading]", state="attached")
    site.bus.publish(f"symbol:{CL}", symbol(CL, site.clock.wall(), site.clock.mono()))
    until(page, DRAWN, CL)
    page.go_back()
    until(page, DRAWN, TSLA)
    page.click("a[data-nav='/']")
    page.wait_for_selector(".qt-overview")
    page.click("a[data-nav='/symbol']")
    until(page, DRAWN, TSLA)  # the one seen last
    move(site, 407.0)
    until(page, f"c => {LAST} === c", 407.0)


@pytest.mark.thorough
def test_next_and_previous_keep_their_order_and_place(page: Page, site: Site) -> None:
    open_symbol(page, site)
    named = "[...document.querySelectorAll('.qt-neighbour .qt-sym')].map(e => e.innerText)"
    until(page, f"{named}.length === 2")
    before, places = (
        page.evaluate(named),
        page.evaluate("document.querySelector('#symbol-pin').getBoundingClientRect().x"),
    )
    positions = site.bus.read("positions")
    assert isinstance(positions, PositionsSection)
    turned = tuple(replace(row, exposure=1.0 / (row.exposure or 1.0)) for row in positions.tradable)
    site.bus.publish("positions", replace(positions, tradable=turned))
    page.wait_for_selector("[data-qt-ring]:not([hidden])")
    assert page.evaluate(named) == before
    page.click("[data-qt-ring]")
    until(page, f"n => {named}.join() !== n.join()", before)
    assert page.is_hidden("[data-qt-ring]")
    assert page.evaluate("document.querySelector('#symbol-pin').getBoundingClientRect().x") == places


@pytest.mark.thorough
def test_a_click_on_any_symbol_leads_to_its_chart(page: Page, site: Site) -> None:
    live(page, site.url)
    page.click(f".ag-row[row-id='{NQ}'] .ag-cell >> nth=0")
    until(page, DRAWN, NQ)
    assert page.inner_text("h1") == "NQZ5"


def test_a_name_in_the_path_becomes_its_number(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/symbol/tsla")
    until(page, DRAWN, TSLA)
    assert page.url == site.url + PAGE


@pytest.mark.thorough
def test_a_name_that_only_the_broker_knows(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/symbol/GOOGX")
    page.wait_for_selector("text=Asking the broker")
    command = next(c for c in site.bus.drain() if isinstance(c, FindSymbol))
    rows = [[NVDA, "GOOGX", "STK", "SMART"]]
    answer = Answer(command.request_id, True, "1 found.", site.clock.wall(), rows)
    site.bus.publish("answers", AnswersSection(answers=(answer,)))
    until(page, DRAWN, NVDA)


def test_an_unknown_number_offers_the_search(visit: Visit) -> None:
    page = visit()
    page.evaluate("qt.go('/symbol/999')")
    page.wait_for_selector("h2 >> text=999")
    page.wait_for_selector("text=Asking the broker")
    assert not page.is_visible(".qt-card-candles")
    page.click("[data-qt-find]")
    assert page.evaluate("document.activeElement.id") == "shell-find"


@pytest.mark.thorough
def test_pin_and_side(page: Page, site: Site) -> None:
    open_symbol(page, site)
    page.click("#symbol-pin")
    pins: list[PinSymbol] = []

    def asked() -> bool:
        page.wait_for_timeout(20)
        pins.extend(command for command in site.bus.drain() if isinstance(command, PinSymbol))
        return bool(pins)

    wait_for(asked, "the pin")
    assert [(pin.con_id, pin.pinned) for pin in pins] == [(TSLA, True)]
    section = site.bus.read(f"symbol:{TSLA}")
    site.bus.publish(f"symbol:{TSLA}", replace(section, pinned=True, rules_short=section.rules[:2]))
    page.wait_for_selector("#symbol-pin:has-text('Unpin')")
    page.click("#symbol-why label.qt-segment:text-is('Short')")
    until(page, "[...document.querySelectorAll('.qt-side-short tbody tr')].filter(e => e.offsetParent).length === 2")
    assert page.locator(".qt-side-long tbody tr:visible").count() == 0


def test_the_page_opens_its_symbol_at_the_engine(visit: Visit) -> None:
    bus: StateBus = visit.site.bus
    until(visit(f"/symbol/{NVDA}"), DRAWN, NVDA)
    assert NVDA in bus.open_symbols()


@pytest.mark.thorough
def test_no_connection_keeps_the_last_values_grey(page: Page, serve: Callable[..., Site]) -> None:
    site = serve(connected=False)
    page.goto(site.url + PAGE)
    page.wait_for_selector(".qt-card-candles[data-state=stale]", state="attached")
    page.wait_for_selector(".qt-symbol-head[data-state=stale]")
    assert page.evaluate("getComputedStyle(document.querySelector('.qt-symbol-price')).filter") == "grayscale(1)"
    until(page, DRAWN, TSLA)
