"""A smoke test by dash[testing], where a chromedriver is found: it draws, it is live, its console is empty.

Of the first page here, of every page by `--long pages`, which names them in QTRADE_DUO_PATHS.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from dash.testing.application_runners import ThreadedRunner
from dash.testing.composite import DashComposite
from selenium.webdriver.chrome.options import Options

from tests.browser.conftest import Site
from tests.patience import DEADLINE_S

pytestmark = pytest.mark.skipif(shutil.which("chromedriver") is None, reason="no chromedriver on the search path")

DRAWN = {
    "/": "#overview-pnl .js-plotly-plot",
    "/positions": ".ag-cell",
    "/symbol/76792991": ".qt-candles canvas",
    "/scanners": ".ag-cell",
    "/lines": ".qt-huge",
    "/health": "[data-state=live]",
    "/settings": "input",
}


@pytest.fixture(scope="module")
def dash_duo(browser_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DashComposite]:
    """As the fixture of the same name, but one browser for all pages, and our own server in front of it."""
    options = Options()
    options.binary_location = browser_path
    options.add_argument("--headless=new")
    downloads: Path = tmp_path_factory.mktemp("downloads")
    with DashComposite(
        server=ThreadedRunner(),
        browser="Chrome",
        options=[options],
        download_path=str(downloads),
        wait_timeout=int(DEADLINE_S),
    ) as composite:
        yield composite


@pytest.fixture(scope="module")
def running(dash_duo: DashComposite) -> Iterator[Site]:
    site = Site()
    site.run()
    yield site
    dash_duo.driver.get("about:blank")
    site.stop()


@pytest.mark.thorough
@pytest.mark.parametrize("path", os.environ.get("QTRADE_DUO_PATHS", "/").split())
def test_the_page_is_drawn_and_live_and_silent(dash_duo: DashComposite, running: Site, path: str) -> None:
    dash_duo.server_url = running.url + path
    dash_duo.wait_for_element(DRAWN[path], timeout=DEADLINE_S)
    dash_duo.wait_for_element("#shell-age[data-level=fresh]", timeout=DEADLINE_S)
    assert dash_duo.driver.title.startswith("QTrade - ")
    assert dash_duo.get_logs() == []
