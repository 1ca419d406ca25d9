"""The report file of a longer point: reports/NAME.json with the figure, the pass mark and the machine."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.storage.build_id import build_id

ROOT = Path(__file__).resolve().parents[2]


def write_report(name: str, passed: bool, figures: Mapping[str, Any]) -> Path:
    """Write reports/NAME.json; returns its path. `figures` must be JSON without NaN."""
    folder = ROOT / "reports"
    folder.mkdir(exist_ok=True)
    content = {
        "name": name,
        "passed": passed,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "build": build_id(ROOT).id,
        "python": platform.python_version(),
        "system": platform.system(),
        "cores": os.cpu_count(),
        "figures": dict(figures),
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return path


def finish(name: str, passed: bool, figures: Mapping[str, Any], figure: str) -> int:
    """Write the report, print `figure` as the last line; 0 when passed, else 1."""
    path = write_report(name, passed, figures)
    print(f"report: {path.relative_to(ROOT)}")
    print(f"{'PASS' if passed else 'FAIL'} {name}: {figure}", flush=True)
    return 0 if passed else 1
