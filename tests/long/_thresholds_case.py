"""A threshold in the user's hands, end to end: `app.py` as a process on its simulator, a real Chromium, a restart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from app.launch.ports import free_port
from benchmarks.start_up import asked
from tests.browser.conftest import Watched, live, until
from tests.browser.settings_engine import DONE
from tests.long.report import ROOT

PATIENT_MS = 90_000
JUDGED = "limit => Object.values(qt.model.whys || {}).some(t => t.includes('volume surge at') && t.includes(limit))"


class Program:
    """`app.py` on one data folder; `start` again after `stop` is a restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environ = {k: v for k, v in os.environ.items() if not k.startswith("QTRADE_") and k not in ("ENV", "DRY_RUN")}
        command = [sys.executable, "app.py", "--no-browser", "--port", str(self.port)]
        command += ["--data-dir", str(self._folder / "data")]
        with (self._folder / "out.txt").open("ab") as out:
            self._process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=out, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 60.0
        while asked(self.port, "/healthz") is None:
            assert time.monotonic() < deadline and self._process.poll() is None, (self._folder / "out.txt").read_text()
            threading.Event().wait(0.1)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    started = Program(tmp_path)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def page(browser_path: str, program: Program) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1440, "height": 900})
        opened.set_default_timeout(PATIENT_MS)
        watched = Watched()
        watched.watch(opened)
        yield opened
        watched.complaints[:] = [text for text in watched.complaints if "ERR_CONNECTION_REFUSED" not in text]
        browser.close()
        assert watched.complaints == []


def open_scanners(page: Page, program: Program) -> None:
    live(page, program.url + "/scanners")
    ask_why(page)


def ask_why(page: Page) -> None:
    """The reasons are the tooltips of the results' rows: they are sent while the pointer is over them."""
    page.get_by_role("tab", name="Results").click()
    page.locator(".qt-card-results .ag-row").first.hover(position={"x": 400, "y": 10})


def show_thresholds(page: Page) -> None:
    page.get_by_role("tab", name="Thresholds").click()
    page.wait_for_selector(".qt-field")


def surge(page: Page) -> str:
    return page.locator("#qt-f-breakout-volume_surge").input_value()


def test_a_moved_threshold_rules_the_next_scan_is_journalled_outlives_a_restart_and_reverts(
    page: Page, program: Program
) -> None:
    open_scanners(page, program)
    until(page, JUDGED, "of 1.50x", timeout_ms=PATIENT_MS)
    show_thresholds(page)
    slider = page.locator('.qt-field[data-key="breakout.volume_surge"] input[type=range]')
    slider.focus()
    slider.press("End")
    assert surge(page) == "5.0"
    page.get_by_role("button", name="Apply").click()
    until(page, DONE, "Thresholds applied")
    ask_why(page)
    until(page, JUDGED, "of 5.00x", timeout_ms=PATIENT_MS)
    until(page, f"!({JUDGED})('of 1.50x')", timeout_ms=PATIENT_MS)
    show_thresholds(page)
    assert "Volume surge 1.5 → 5" in page.locator(".qt-change").first.inner_text()

    by_hand = """() => qt.ask('scanners-request', {action: 'apply', changes: {'breakout.volume_surge': 50}},
        r => { window.byHand = r; })"""
    page.evaluate(by_hand)
    until(page, "!!window.byHand")
    answer = page.evaluate("window.byHand")
    assert (answer["ok"], answer["errors"]) == (False, {"breakout.volume_surge": "Must be 1 to 5."})

    page.goto("about:blank")
    program.stop()
    program.start()
    open_scanners(page, program)
    until(page, JUDGED, "of 5.00x", timeout_ms=PATIENT_MS)
    show_thresholds(page)
    assert surge(page) == "5.0"
    page.locator(".qt-change", has_text="Volume surge").get_by_role("button", name="Revert").click()
    until(page, DONE, "Change taken back")
    until(page, "document.querySelector('#qt-f-breakout-volume_surge').value === '1.5'")
    ask_why(page)
    until(page, JUDGED, "of 1.50x", timeout_ms=PATIENT_MS)
    show_thresholds(page)
    until(page, "document.querySelectorAll('.qt-change').length > 1")
    assert "taken back" in page.locator(".qt-change").last.inner_text()
