"""The desk's cards in a real browser: size, signal, risk, sectors, news; each control does what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from playwright.sync_api import Page

from engine.bars.store import BarStore
from engine.domain import ContractRef
from engine.outcomes.book import NOTHING, Scored
from engine.outcomes.outcome import Outcome
from engine.outcomes.signal_card import SignalCards, Ties
from engine.state.commands import AskNews, Command, InspectSignal
from engine.state.sections import Answer, AnswersSection, SettingRow, SettingsSection
from tests.app.sample_state import MARKET, TSLA, quote, signals
from tests.browser.conftest import Site, Visit, until
from tests.browser.test_accessibility import AXE, TAGS
from tests.patience import wait_for

PAGE = f"/symbol/{TSLA}"
Told = tuple[str, Any] | tuple[str, Any, bool]
CARD = "document.querySelector('[data-qt-signal]')?.innerText ?? ''"
UNITS = "document.querySelector('.qt-size-units')?.textContent"
SIZE = "document.querySelector('[data-qt-size]')?.innerText ?? ''"
NVDA = 4_815_747
RUN = """
async ([part, tags]) => (await axe.run(part, { runOnly: tags, resultTypes: ["violations"] })).violations.flatMap(
  rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 160)} | ${node.failureSummary}`))
"""


def axe_says(page: Page, part: str) -> list[str]:
    """What axe finds in a part of the page; nothing where it is not installed."""
    if not AXE.exists():
        return []
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return list(page.evaluate(RUN, [part, list(TAGS)]))


def size_says(page: Page, text: str) -> None:
    until(page, f"t => ({SIZE}).includes(t)", text)


def serve(page: Page, site: Site, kind: type[Command], told: Callable[[Any], Told], shown: str) -> list[Any]:
    """Answer each command of that kind, as the engine does, until the page shows it; returns the commands."""
    seen: list[Any] = []

    def look() -> bool:
        page.wait_for_timeout(50)
        for command in site.bus.drain():
            if isinstance(command, kind):
                seen.append(command)
                answer(site, command, *told(command))
        return bool(seen) and bool(page.evaluate(shown))

    wait_for(look, f"{kind.__name__}: {shown}", every_s=0.0)
    return seen


def answer(site: Site, command: Command, text: str, value: Any, ok: bool = True) -> None:
    told = Answer(command.request_id, ok, text, site.clock.wall(), value)
    before = site.bus.read("answers")
    assert isinstance(before, AnswersSection)
    site.bus.publish("answers", AnswersSection(answers=(*before.answers, told)[-20:]))


def cards() -> SignalCards:
    """Real cards of the sample's signals, with what became of half of them."""
    known = (Outcome(1.4, -0.4, 0.8),) * 4
    rows = [Scored(signal, known if n % 2 else NOTHING) for n, signal in enumerate(signals().signals)]
    rows = [
        Scored(replace(each.signal, id=f"{n}", at=each.signal.at - 86_400.0), known) for n, each in enumerate(rows)
    ] + rows
    store = BarStore()
    store.add(ContractRef(TSLA, "TSLA", "TSLA", "STK", exchange="SMART"))
    return SignalCards(
        Ties(lambda: rows, store, lambda con: quote(con, 0.0, 0.0), lambda con: 0.01, lambda con: {}, lambda: MARKET)
    )


def test_a_size_follows_what_is_typed_and_is_copied(visit: Visit) -> None:
    page = visit(PAGE)
    until(page, f"({UNITS} ?? '').endsWith('shares')")
    page.select_option("#size-per", "money")
    page.fill("#size-risk", "500")
    page.select_option("#size-kind", "price")
    size_says(page, "Give a stop.")
    page.fill("#size-entry", "408.08")
    page.fill("#size-price", "402")
    until(page, f"{UNITS} === '82 shares'")
    for words in ("6.08 USD", "498.56 USD", "33,463 USD", "16,731 USD", "Regulation T", "18.2 %"):
        size_says(page, words)
    page.click("label[for=size-side-short]")
    size_says(page, "The stop of a short lies above its entry.")
    page.fill("#size-price", "414.157")
    until(page, f"{UNITS} === '82 shares'")
    size_says(page, "414.16")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("[data-size-copy=units]")
    size_says(page, "Copied: 82")
    assert page.evaluate("navigator.clipboard.readText()") == "82"
    page.click("[data-size-copy=words]")
    size_says(page, "Copied: short 82 shares TSLA")
    page.fill("#size-risk", "1")
    size_says(page, "One share alone risks more than 1.00 USD.")
    assert page.is_disabled("[data-size-copy=units]")


def test_a_stop_by_level_and_by_atr_and_what_is_kept(visit: Visit) -> None:
    page = visit(PAGE)
    page.select_option("#size-kind", "day")
    page.fill("#size-price", "1.5")
    until(page, f"({UNITS} ?? '').endsWith('shares')")
    page.select_option("#size-kind", "level")
    size_says(page, "Give a stop.")
    page.select_option("#size-price", "Opening range, low")
    size_says(page, "405.63")
    page.fill("#size-risk", "2")
    page = visit(f"/symbol/{NVDA}")
    until(page, f"({UNITS} ?? '') === '' && document.getElementById('size-price')?.value === ''")
    assert page.input_value("#size-risk") == "2", "what is risked is the same from symbol to symbol"
    assert page.input_value("#size-kind") == "level", "but the level is one symbol's"
    page = visit(PAGE)
    until(page, "document.getElementById('size-price')?.value === 'Opening range, low'")


def test_a_signals_card_and_its_stop(visit: Visit) -> None:
    page, site = visit(f"/symbol/{NVDA}"), visit.site
    row = page.locator("[data-qt-rows=marks] tr[data-id^=s]").first
    row.wait_for()
    made = cards()

    def told(asked: InspectSignal) -> Told:
        return "NVDA long", made.card(asked.signal)

    serve(page, site, InspectSignal, told, f"({CARD}).includes('Places for a stop') && ({CARD}).includes('NVDA')")
    text = page.inner_text("[data-qt-signal]")
    for words in ("Breakout long of the range", "Run", "Since signal", "Signals like it", "n = ", "ATR"):
        assert words in text, text
    assert axe_says(page, "[data-qt-signal]") == axe_says(page, "[data-qt-size]") == []
    page.locator(".qt-signal-stops button:not([disabled])").first.click()
    until(page, "document.getElementById('size-kind').value === 'price' && document.activeElement.id === 'size-risk'")
    assert float(page.input_value("#size-price")) > 0
    row.click()
    gone: Told = ("This signal is not kept any more.", None, False)
    serve(page, site, InspectSignal, lambda _asked: gone, f"({CARD}).includes('not kept any more')")


def test_a_signal_opens_over_the_scanners_results(visit: Visit) -> None:
    page, site = visit("/scanners"), visit.site
    button = page.locator("[data-signal-of]").first
    button.wait_for()
    con_id = int(button.get_attribute("data-signal-of") or 0)
    button.click()
    card = cards().card(signals().signals[0].id)
    opened = "document.querySelector('dialog[open]')?.innerText.includes('Places for a stop')"
    asked = serve(page, site, InspectSignal, lambda _asked: ("a signal", card), opened)[-1]
    assert (asked.signal, asked.con_id) == ("", con_id)
    assert page.evaluate("location.pathname") == "/scanners", "no row was opened"
    page.keyboard.press("Escape")
    until(page, "document.querySelector('dialog') === null")


def test_risk_by_underlying_index_and_sector(visit: Visit) -> None:
    page = visit("/positions")
    until(page, "document.querySelectorAll('[data-qt-rows=risk] tr').length === 3")
    risk = page.inner_text("[aria-label=Risk]")
    for words in ("NQ −1 %", "2 of 3", "CLZ5 (12 days)", "NQ by QQQ", "52.2 %", "88,107"):
        assert words in risk, risk
    assert "11 trading days" in page.inner_text("[aria-label='Last days']")
    assert "Consumer, Cyclical" in page.inner_text("[aria-label='By sector']")


def test_the_universe_by_sector_at_three_levels(visit: Visit) -> None:
    page = visit("/scanners")
    page.click("[data-qt-tab=sectors]")
    until(page, "document.querySelectorAll('[data-qt-rows=sectors_industry] tr').length === 2")
    page.click(".qt-card-sectors label.qt-segment:text-is('Category')")
    until(page, "document.querySelectorAll('[data-qt-rows=sectors_category] tr').length === 3")
    assert page.is_hidden("[data-sector=industry]") and page.is_visible("[data-sector=category]")
    assert "Semiconductors" in page.inner_text("[data-sector=category]")


def test_headlines_are_text_whatever_they_say(visit: Visit) -> None:
    site = visit.site
    before = site.bus.read("settings")
    assert isinstance(before, SettingsSection)
    page = visit(PAGE)
    assert page.locator("[data-qt-news]").is_hidden(), "off until Settings has them on"
    on = SettingRow("news.enabled", True, False, "saved", False)
    others = tuple(row for row in before.rows if row.key != on.key)
    site.bus.publish("settings", replace(before, rows=(*others, on)))
    try:
        nasty = "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'>"
        rows = [[MARKET - 60.0, "BRFG", nasty], [None, "FLY", "Plain & simple"]]
        shown = "document.querySelector('[data-qt-news]').innerText.includes('Plain & simple')"
        serve(page, site, AskNews, lambda _asked: ("2 headlines.", rows), shown)
        assert nasty in page.inner_text("[data-qt-news]")
        assert page.evaluate("window.hit === undefined && !document.querySelector('[data-qt-news] :is(script, img)')")
    finally:
        site.bus.publish("settings", before)
