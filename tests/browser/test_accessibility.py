"""Every page under axe, wide and on a phone: it has nothing to say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

import start
from tests.app.sample_alerts import alerts
from tests.app.sample_state import NQ, fill_lists
from tests.browser.conftest import Site, live, until
from tests.browser.settings_engine import Engine

AXE = Path(start.ROOT) / "node_modules" / "axe-core" / "axe.min.js"
PAGES = (
    "/",
    "/positions",
    f"/symbol/{NQ}",
    "/symbol/nan",
    "/scanners",
    "/lines",
    "/alerts",
    "/journal",
    "/journal#trades",
    "/journal#statistics",
    "/lists",
    f"/charts?s={NQ},76792991",
    "/lab",
    "/health",
    "/settings",
    "/no",
)
SIZES = {(1366, 768): "html", (390, 844): ".qt-page"}  # the frame is the same on all pages
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")

RUN = """
async ([tags, part]) => {
  const found = await axe.run(document.querySelector(part) ?? document, { runOnly: tags, resultTypes: ["violations"] });
  return found.violations.flatMap(rule => rule.nodes.map(node =>
    `${rule.impact} ${rule.id}: ${node.target.join(" ")} ${node.html.slice(0, 160)} | ${node.failureSummary}`));
}
"""
THERE = """
path => location.pathname + location.search === path.split('#')[0] &&
  document.querySelector('.qt-page h1, .qt-page h2, .qt-find-title') &&
  !document.querySelector('.qt-page [data-state=loading], .ag-header-row:empty')
"""
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"

# As after an outage, and held there: what is greyed is still to be read.
ALL_STALE = """
() => {
  qt.freeze();
  document.body.dataset.trouble = "dead";
  document.querySelectorAll(".qt-page [data-state=live]").forEach(card => { card.dataset.state = "stale"; });
}
"""


@pytest.fixture
def engine(site: Site, tmp_path: Path) -> Iterator[Engine]:
    site.run()
    started = Engine(site, tmp_path)
    site.bus.publish("alerts", alerts(site.clock.wall()))
    yield started
    started.stop()


@pytest.mark.timeout(600)  # some fifty looks of seconds each
def test_axe_finds_nothing_on_any_page(page: Page, site: Site, engine: Engine) -> None:
    try:
        start.node_tools()
    except start.NoNode as lack:
        pytest.skip(str(lack))
    fill_lists(site.bus)
    live(page, site.url)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, str] = {}

    def look(where: str) -> None:
        for (width, height), part in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate(DRAWN)
            for finding in page.evaluate(RUN, [list(TAGS), part]):
                found.setdefault(finding, f"{where} at {width}")

    for path in PAGES:
        page.evaluate("path => qt.go(path)", path)
        until(page, THERE, path)
        look(path)
    page.evaluate("path => qt.go(path)", "/scanners")
    until(page, THERE, "/scanners")
    page.evaluate(ALL_STALE)
    look("/scanners, stale,")
    assert found == {}, "\n".join(f"{where}: {what}" for what, where in found.items())
