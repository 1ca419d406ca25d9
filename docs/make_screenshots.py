"""The guide's pictures, from the demo in a real browser: python docs/make_screenshots.py [--minutes 6] [PAGE ...]

Starts the program on its simulated gateway with a data folder of its own, waits until the scanners have found
something, and writes docs/guide/pictures/PAGE.png, 1440 x 900, light. Needs an installed Chrome, Edge or Chromium.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page  # noqa: E402

from app.launch.ports import free_port  # noqa: E402
from benchmarks.page_browser import running_chromium  # noqa: E402
from benchmarks.page_programs import serving, wait  # noqa: E402
from benchmarks.start_up import prices  # noqa: E402
from tests.patience import wait_for  # noqa: E402

FOLDER = ROOT / "docs" / "guide" / "pictures"
PAGES = {
    "overview": "/",
    "positions": "/positions",
    "symbol": "/symbol/TSLA",
    "charts": "/charts?s=76792991,265598,4815747,272093",  # TSLA, AAPL, NVDA, MSFT
    "lists": "/lists",
    "scanners": "/scanners",
    "lines": "/lines",
    "lab": "/lab",
    "journal": "/journal",
    "alerts": "/alerts",
    "health": "/health",
    "settings": "/settings",
}
SETTLES_MS = 8_000
PRICES_S = 120
DRAWN_S = 90
DRAWN = "document.querySelector('[data-qt-page]') !== null && !document.querySelector('.qt-card[data-state=loading]')"


@contextmanager
def demo() -> Iterator[str]:
    """The address of a running demo with prices of every position."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        port, home = free_port(), Path(folder)
        command = [sys.executable, "app.py", "--no-browser", "--port", str(port), "--data-dir", str(home / "data")]
        with serving("the demo", command, ROOT, port, home):
            wait_for(lambda: prices(port) >= 3, "prices", PRICES_S)
            yield f"http://127.0.0.1:{port}"


def make_list(page: Page) -> None:
    """A watch-list, so that there is one to look at."""
    page.fill("#lists-name", "Large tech")
    page.click("[data-lists-form=create] button")
    page.wait_for_selector("[data-lists-do=import]:not([disabled])")
    page.fill("#lists-paste", "AAPL, MSFT, NVDA, TSLA, AMZN, META")
    page.click("[data-lists-do=import]")


def take(address: str, names: list[str]) -> None:
    """Write the picture of each page. AssertionError when a page is not drawn."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running_chromium() as browser:
        for name in names:
            page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
            page.goto(address + PAGES[name], wait_until="load", timeout=60_000)
            wait_for(partial(page.evaluate, DRAWN), f"{name} is drawn", DRAWN_S)
            if name == "lists":
                make_list(page)
            page.wait_for_timeout(SETTLES_MS)
            page.screenshot(path=str(FOLDER / f"{name}.png"))
            page.close()
            print(f"{name}.png", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--minutes", type=float, default=6.0, help="that the demo runs before (default: 6)")
    options.add_argument("pages", nargs="*", metavar="PAGE", help=", ".join(PAGES))
    asked = options.parse_args()
    unknown = sorted(set(asked.pages) - set(PAGES))
    if unknown:
        options.error(f"{unknown[0]} is no page; there are {', '.join(PAGES)}")
    with demo() as address:
        wait(asked.minutes * 60.0)
        take(address, asked.pages or list(PAGES))


if __name__ == "__main__":
    main()
