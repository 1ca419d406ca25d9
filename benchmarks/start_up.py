"""From the start of the process to the first live number: `app.py` on the simulated gateway, each time a fresh folder.

    python -m benchmarks.start_up [--times 3]

Milestones, seconds from the start: the page answers, the broker is connected, one position has a price, all have one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.launch.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_S = 90.0
POSITIONS = 3


def asked(port: int, path: str) -> Any:
    """Decoded JSON, the text of a page, or None while nothing answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            body = answer.read()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode()


def prices(port: int) -> int:
    """How many tradable positions have a price."""
    answer = asked(port, "/api/v1/positions") or {"tradable": []}
    return sum(row["last"] is not None for row in answer["tradable"])


def milestones(port: int) -> list[tuple[str, Callable[[], bool]]]:
    return [
        ("page", lambda: asked(port, "/") is not None),
        ("connected", lambda: bool((asked(port, "/api/v1/status") or {}).get("broker", {}).get("connected"))),
        ("first price", lambda: prices(port) >= 1),
        ("all prices", lambda: prices(port) >= POSITIONS),
    ]


def one_start(folder: Path) -> dict[str, float]:
    port = free_port()
    command = [sys.executable, "app.py", "--broker", "simulated", "--no-browser", "--port", str(port)]
    environ = os.environ | {"HOME": str(folder)}
    begun = time.monotonic()
    process = subprocess.Popen(
        [*command, "--data-dir", str(folder / "data")],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    reached: dict[str, float] = {}
    try:
        for name, is_there in milestones(port):
            while not is_there():
                assert process.poll() is None, f"app.py ended before: {name}"
                assert time.monotonic() - begun < TIMEOUT_S, f"not within {TIMEOUT_S:g} s: {name}"
                threading.Event().wait(0.05)
            reached[name] = time.monotonic() - begun
        return reached
    finally:
        process.terminate()
        process.wait(10)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--times", type=int, default=3)
    args = options.parse_args()
    runs = []
    for number in range(args.times):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(one_start(Path(folder)))
        print(f"start {number + 1}: " + ", ".join(f"{name} {value:.1f} s" for name, value in runs[-1].items()))
    for name in runs[0]:
        print(f"{name:12} median {statistics.median(run[name] for run in runs):5.1f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
