"""Known faults of the installed packages, by pip-audit's database. Skipped, in words, where it can't be reached.

`python start.py test --long audit`. Judged is what the locks want of the Python that runs this; a fault that is known
and harmless here is excused below, with the reason.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.long.report import ROOT, finish

LOCKS = ("requirements.txt", "requirements-scale.txt", "requirements-dev.txt")
# diskcache unpickles what it stores; engine/state/disk.py stores text, and removes a pickled row unread.
KNOWN = {"CVE-2025-69872": "diskcache"}
# What dash[testing] holds back; no user installs it, and in the tests it talks to this computer alone.
HELD_BACK = {"requirements-dev.txt": ("selenium", "urllib3")}
LIMIT_S = 600


def audited(lock: str) -> tuple[dict[str, Any] | None, str]:
    """pip-audit's report; None and its last words when it has none."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(ROOT / lock), "--require-hashes"]
    command += ["--disable-pip", "--format", "json", "--progress-spinner", "off", "--timeout", "20"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_S)
        report = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return None, f"no end within {LIMIT_S} s"
    except ValueError:
        return None, (done.stderr.strip().splitlines() or ["it said nothing"])[-1][-300:]
    return report, ""


def judge(lock: str, report: dict[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """(faults that nobody has looked at, excused ones, packages that were not found in the database)."""
    new, known, unseen = [], [], []
    for package in report["dependencies"]:
        if "skip_reason" in package:
            unseen.append(f"{package['name']}: {package['skip_reason']}")
        for fault in package.get("vulns", ()):
            names = {fault["id"], *fault.get("aliases", ())}
            excused = package["name"] in HELD_BACK.get(lock, ()) or any(KNOWN.get(n) == package["name"] for n in names)
            words = f"{package['name']} {package['version']}: {', '.join(sorted(names))}"
            (known if excused else new).append(words)
    return new, known, unseen


def main(arguments: list[str]) -> int:
    figures: dict[str, Any] = {}
    for lock in LOCKS:
        report, why = audited(lock)
        new, known, unseen = judge(lock, report) if report is not None else ([], [], [])
        count = len(report["dependencies"]) if report is not None else 0
        if report is None or len(unseen) == count:
            print(f"SKIPPED audit: its database can't be reached from here ({(unseen or [why])[0]})")
            return 0
        for each in (*new, *unseen):
            print(f"{lock}: {each}")
        figures[lock] = {"packages": count, "new": new, "known": known, "unseen": unseen}
    passed = not any(each["new"] or each["unseen"] for each in figures.values())
    shown = "; ".join(f"{lock}: {len(each['new'])} new faults in {each['packages']}" for lock, each in figures.items())
    return finish("audit", passed, figures, shown)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
