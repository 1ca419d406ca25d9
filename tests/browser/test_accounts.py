"""The choice of an account in a real browser: what it offers and asks, and no money under a wrong name."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page

from engine.state.commands import ApplySettings
from tests.app.sample_state import CLIENTS, fill_accounts
from tests.browser.conftest import Site, live, until
from tests.browser.settings_engine import Engine
from tests.patience import wait_for

SEEN = """() => {
  var gd = document.querySelector('#overview-pnl .js-plotly-plot'), strip = qt.model.strip || {};
  return { shown: strip.shown, ys: gd && gd.data ? gd.data[2].y.filter(y => y !== null) : [],
           rows: Object.keys(qt.model['grid:positions'] || {}) };
}"""


def test_another_account_is_chosen_and_nothing_of_the_former_stands_under_its_name(
    page: Page, site: Site, tmp_path: Path
) -> None:
    fill_accounts(site.bus, None, site.began)
    engine = Engine(site, tmp_path)
    try:
        live(page, site.url)
        choice = page.locator(".qt-account-choice select")
        assert choice.evaluate("e => [...e.options].map(o => o.text)") == [
            "All 3 together", "DU***567 (1)", "DU***567 (2)", "DU***001 (3)",
        ]  # fmt: skip
        assert page.locator(".qt-cell-account .qt-cell-label").inner_text() == "3 accounts"
        until(page, f"({SEEN})().ys.length > 100")
        assert max(page.evaluate(SEEN)["ys"]) < 50_000.0
        choice.select_option("DU***567 (2)")

        def is_asked() -> bool:
            page.wait_for_timeout(20)
            return any(isinstance(command, ApplySettings) for command in engine.desk.commands)

        wait_for(is_asked, "the choice at the engine")
        assert engine.desk.commands[-1].changes == {"view.account": CLIENTS[1]}
        assert page.evaluate(SEEN)["shown"] == "all"
        fill_accounts(site.bus, CLIENTS[1], site.began)
        seen: dict[str, Any] = {}

        def is_redrawn() -> bool:
            page.wait_for_timeout(20)
            with contextlib.suppress(Error):  # the page is just being loaded anew
                seen.update(page.evaluate("window.qt && qt.model ? (" + SEEN + ")() : {shown: null, ys: []}"))
                if seen["shown"] == "DU***567 (2)":
                    assert all(y > 50_000.0 for y in seen["ys"]), "the former account's curve under the new name"
            return seen.get("shown") == "DU***567 (2)" and bool(seen["ys"])

        wait_for(is_redrawn, "the curve of the account chosen")
        assert len(seen["rows"]) == 1
        until(page, "() => document.querySelector('.qt-account-choice select').value === 'DU***567 (2)'")
        assert CLIENTS[1] not in page.content()
    finally:
        engine.stop()


@pytest.mark.thorough
def test_one_account_has_nothing_to_choose(page: Page, site: Site) -> None:
    live(page, site.url)
    assert page.locator(".qt-account-choice select").count() == 0
    assert page.locator(".qt-cell-account").inner_text().split() == ["Account", "DU***567"]
