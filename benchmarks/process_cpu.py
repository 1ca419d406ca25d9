"""CPU of the whole program (`app.py`, without its gateway) with one open browser tab. Goal: at most 8 % of a core.

    python -m benchmarks.process_cpu [--warm 120] [--seconds 60] [--page /]

Measured twice in one run: without any tab, and with one tab on the page.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

from app.launch.ports import free_port
from benchmarks.start_up import ROOT, asked, prices
from tests.integration.engine_bench import wait_for

GOAL_PCT = 8.0


def percent(process: psutil.Process, seconds: float, wait: Callable[[float], object]) -> float:
    """CPU time of the process over wall time, percent of one core."""
    before = process.cpu_times()
    wait(seconds)
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / seconds * 100.0


def with_one_tab(url: str, process: psutil.Process, seconds: float) -> float:
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)
        page.wait_for_timeout(8_000)
        used = percent(process, seconds, lambda length: page.wait_for_timeout(length * 1_000))
        browser.close()
    return used


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--warm", type=float, default=120.0)
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--page", default="/")
    args = options.parse_args()
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "app.py", "--broker", "simulated", "--no-browser", "--port", str(port)]
        program = subprocess.Popen(
            [*command, "--data-dir", str(Path(folder) / "data")],
            cwd=ROOT,
            env=os.environ | {"HOME": folder},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(lambda: prices(port) >= 3, "prices", 90)
            threading.Event().wait(args.warm)
            process = psutil.Process(program.pid)
            alone = percent(process, args.seconds, threading.Event().wait)
            tab = with_one_tab(f"http://127.0.0.1:{port}{args.page}", process, args.seconds)
            lines = asked(port, "/api/v1/status")["lines"]["used"]
        finally:
            program.terminate()
            program.wait(10)
    print(f"{lines} lines; without a tab {alone:.1f} %, with one tab {tab:.1f} % of a core (goal <= {GOAL_PCT:g} %)")
    return 0 if tab <= GOAL_PCT else 1


if __name__ == "__main__":
    raise SystemExit(main())
