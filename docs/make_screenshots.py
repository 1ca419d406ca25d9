"""The guide's pictures, from the demo in a real browser: python docs/make_screenshots.py [--minutes 6] [PAGE ...]

Starts the program on its simulated gateway with a data folder of its own, waits until the scanners have found
something, and writes docs/guide/pictures/PAGE.png, 1440 x 900, light. Needs an installed Chrome, Edge or Chromium.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page  # noqa: E402

from app.launch.ports import free_port  # noqa: E402
from benchmarks.page_browser import running_chromium  # noqa: E402
from benchmarks.page_programs import serving, wait  # noqa: E402
from benchmarks.start_up import prices  # noqa: E402
from engine.clock import NEW_YORK  # noqa: E402
from engine.trades.execution import Execution  # noqa: E402
from tests.integration.flex_of_book import flex_of  # noqa: E402
from tests.patience import wait_for  # noqa: E402

ACCOUNT, FIRST, LAST = "DU1234567", date(2025, 8, 4), date(2025, 11, 4)  # the demo's account; its day is the next
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
    "journal": f"/journal?month={LAST - timedelta(days=31):%Y-%m}",
    "alerts": "/alerts",
    "health": "/health",
    "settings": "/settings",
}
TRADED = {"AAPL": (265598, 230), "NVDA": (4815747, 180), "MSFT": (272093, 500), "AMZN": (3691937, 220)}
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
            (home / "data" / "import" / "quarter.xml").write_text(made_up_quarter(), encoding="utf-8")
            yield f"http://127.0.0.1:{port}"


def made_up_quarter() -> str:
    """A Flex statement of three months of day trades, so that there is a journal to look at."""
    chance, deals = random.Random(7), []
    for n in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=n)
        for _ in range(chance.randint(0, 3) if day.weekday() < 5 else 0):
            name = chance.choice(list(TRADED))
            con_id, around = TRADED[name]
            size, begins = chance.choice((-100, -50, 50, 100)), time(chance.randint(10, 14), chance.randint(0, 59))
            entry = around * chance.uniform(0.95, 1.05)
            leaves = entry * (1.0 + chance.gauss(0.0008, 0.006) * (1 if size > 0 else -1))
            opened = datetime.combine(day, begins, NEW_YORK)
            for at, quantity, price in ((opened, size, entry), (opened + timedelta(minutes=37), -size, leaves)):
                deals.append(
                    Execution(
                        account=ACCOUNT, id=f"0000guide.{len(deals):04d}.01.01", time=at.timestamp(), con_id=con_id,
                        quantity=Decimal(quantity), price=Decimal(f"{price:.2f}"), currency="USD", local_symbol=name,
                        sec_type="STK", multiplier=Decimal(1), per_point=Decimal(1), commission=Decimal("1.00"),
                        commission_currency="USD", trade_date=f"{day:%Y%m%d}", fx_rate=Decimal(1), base_currency="USD",
                    )
                )  # fmt: skip
    made = datetime.combine(LAST + timedelta(days=1), time(5), NEW_YORK)
    return flex_of(deals, f"{FIRST:%Y%m%d}", f"{LAST:%Y%m%d}", made.timestamp())


def make_rules(page: Page) -> None:
    """The usual alerts."""
    page.click("[data-alert-do=usual]")
    page.wait_for_selector(".qt-rule")


def make_list(page: Page) -> None:
    """A watch-list, so that there is one to look at."""
    page.fill("#lists-name", "Large tech")
    page.click("[data-lists-form=create] button")
    page.wait_for_selector("[data-lists-do=import]:not([disabled])")
    page.fill("#lists-paste", "AAPL, MSFT, NVDA, TSLA, AMZN, META")
    page.click("[data-lists-do=import]")


MADE_FIRST = {"lists": make_list, "alerts": make_rules}  # what there is to look at


def take(address: str, names: list[str]) -> None:
    """Write the picture of each page. AssertionError when a page is not drawn."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running_chromium() as browser:
        for name in names:
            page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
            page.goto(address + PAGES[name], wait_until="load", timeout=60_000)
            wait_for(partial(page.evaluate, DRAWN), f"{name} is drawn", DRAWN_S)
            if name in MADE_FIRST:
                MADE_FIRST[name](page)
            page.wait_for_timeout(SETTLES_MS)
            wait_for(partial(page.evaluate, DRAWN), f"{name} is drawn with what it has asked for", DRAWN_S)
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
