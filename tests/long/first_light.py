"""The first command of the README on a machine that has Python and nothing else: clone, install, run.

Seconds from the end of the installation until 3 positions have prices (at most 60) and both scanners have results (at
most 180). The clone is of what is committed; HOME is a fresh folder and PATH has only the system's own programs.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.launch.ports import free_port
from benchmarks.start_up import asked, prices
from tests.long.report import ROOT, finish

INSTALL_S = 900.0
PRICES_S, SCANNERS_S = 60.0, 180.0
MARKER = Path(".venv") / "qtrade-environment.json"  # start.py writes it last


def waited(condition: Callable[[], Any], program: subprocess.Popen[bytes], timeout_s: float) -> float | None:
    """Monotonic time at which the condition held; None when it did not in time, or the program ended."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and program.poll() is None:
        if condition():
            return time.monotonic()
        threading.Event().wait(0.1)
    return None


def have_results(port: int) -> bool:
    """Both scanners have found something."""
    scanners = (asked(port, "/api/v1/status") or {}).get("scanners", {})
    return all(scanners.get(name, {}).get("results", 0) > 0 for name in ("breakout", "market"))


def start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    environ = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    command = ["python3", str(folder / "q" / "start.py"), "--no-browser", "--port", str(port)]
    with (folder / "out.txt").open("wb") as out:
        return subprocess.Popen(command, cwd=folder, env=environ, stdout=out, stderr=subprocess.STDOUT)


def judge(folder: Path) -> tuple[bool, dict[str, float | None]]:
    port = free_port()
    begun = time.monotonic()
    program = start(folder, port)
    try:
        installed = waited(lambda: asked(port, "/healthz") is not None, program, INSTALL_S)
        if installed is None:
            return False, {"install_s": None}
        # The page answers when the installation is over and the program has started: counted from where pip ended.
        ended = _end_of_install(folder, begun)
        priced = waited(lambda: prices(port) == 3, program, PRICES_S)
        scanned = waited(lambda: have_results(port), program, SCANNERS_S)
    finally:
        program.terminate()
        try:
            program.wait(10)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
    figures = {
        "install_s": round(ended - begun, 1),
        "prices_s": None if priced is None else round(priced - ended, 1),
        "scanners_s": None if scanned is None else round(scanned - ended, 1),
    }
    in_time = priced is not None and scanned is not None
    return in_time and priced - ended <= PRICES_S and scanned - ended <= SCANNERS_S, figures


def _end_of_install(folder: Path, begun: float) -> float:
    """When start.py called its environment complete; monotonic seconds."""
    age_s = time.time() - (folder / "q" / MARKER).stat().st_mtime
    return max(begun, time.monotonic() - age_s)


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clone = ["git", "clone", "--quiet", str(ROOT), str(folder / "q")]
        subprocess.run(clone, check=True, capture_output=True)
        passed, figures = judge(folder)
        if not passed:
            print((folder / "out.txt").read_text(encoding="utf-8", errors="replace")[-3000:])
    shown = ", ".join(f"{key} {value}" for key, value in figures.items())
    return finish("first_light", passed, figures, shown)
