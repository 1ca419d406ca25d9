"""Every page at six sizes as pictures in reports/screens, with nothing on the console and nothing that sticks out.

    python start.py test --long screens [--url http://127.0.0.1:8052]     a running program instead of one of its own
Passes when each page drew a live card and has no horizontal overflow, and the console had no warning or error.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from typing import Any

from playwright.sync_api import Page

from benchmarks.page_browser import running_chromium
from benchmarks.page_programs import PAGES, Program, path_of, running_build, this_build
from tests.long.report import ROOT, finish
from tests.patience import wait_for

JOURNAL = (
    "/journal",
    *(f"/journal#{tab}" for tab in ("trades", "executions", "statistics", "equity", "signals", "changes")),
)
SIZES = ((1920, 1080), (1440, 900), (1366, 768), (1100, 800), (900, 800), (390, 844))
FOLDER = ROOT / "reports" / "screens"
DRAWN = (
    "document.querySelector('.qt-page [data-state=live], .qt-page [data-state=marked],"
    " .qt-settings, .qt-lab, .qt-journal') !== null"
)
SETTLES_MS = 4_000  # figures that are asked for once the page is there
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"


def shoot(page: Page, address: str, name: str) -> dict[str, Any]:
    """The pictures of one page, and what is wrong with it: {"overflow": [sizes], "console": [texts]}."""
    heard: list[str] = []

    def listen(message: Any) -> None:
        if message.type in ("warning", "error"):
            heard.append(message.text[:200])

    page.on("console", listen)
    page.on("pageerror", lambda error: heard.append(str(error)[:200]))
    page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
    page.goto(address, wait_until="load", timeout=60_000)
    wait_for(lambda: page.evaluate(DRAWN), f"{name} is drawn")
    page.wait_for_timeout(SETTLES_MS)
    wide = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(SETTLES_MS / 2)
        if page.evaluate(OVERFLOW) > 0:
            wide.append(f"{width}x{height}")
        page.screenshot(path=str(FOLDER / f"{name}-{width}.png"), full_page=True)
    return {"overflow": wide, "console": heard}


def own_program(stack: ExitStack) -> Program:
    return stack.enter_context(running_build(this_build()))


def main(arguments: list[str]) -> int:
    options = argparse.ArgumentParser(prog="--long screens")
    options.add_argument("--url")
    url = options.parse_args(arguments).url
    FOLDER.mkdir(parents=True, exist_ok=True)
    wrong: dict[str, Any] = {}
    with ExitStack() as stack:
        program = None if url else own_program(stack)
        browser = stack.enter_context(running_chromium())
        for path in (*PAGES, *JOURNAL):
            if program is None and "CON" in path:
                continue
            address = program.address(path) if program else f"{url}{path_of(path, None)}"
            name = path.strip("/").split("/")[0].replace("#", "-") or "overview"
            page = browser.new_page()
            found = shoot(page, address, name)
            page.close()
            print(f"{name}: {'as it should be' if not any(found.values()) else found}", flush=True)
            if any(found.values()):
                wrong[name] = found
    count = len(list(FOLDER.glob("*.png")))
    return finish(
        "screens", not wrong, {"pictures": count, "wrong": wrong}, f"{count} pictures, {len(wrong)} pages wrong"
    )
