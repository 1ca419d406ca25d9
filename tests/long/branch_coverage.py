"""Branch coverage of engine/, app/ and simulator/ over the whole default run, at least 85 %; pure modules shown too."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.long.report import ROOT, finish

AT_LEAST_PCT = 85.0


def main(arguments: list[str]) -> int:
    result = ROOT / "reports" / "coverage.json"
    result.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-m", "", "--cov", "--cov-branch"]
    tests = subprocess.run([*command, "--cov-report", f"json:{result}", *arguments], cwd=ROOT, check=False)
    covered = json.loads(result.read_text(encoding="utf-8"))
    percent = round(covered["totals"]["percent_covered"], 1)
    lowest = sorted((file["summary"]["percent_covered"], name) for name, file in covered["files"].items())[:15]
    for share, name in lowest:
        print(f"{share:5.1f} %  {name}")
    passed = tests.returncode == 0 and percent >= AT_LEAST_PCT
    figures = {"percent": percent, "lowest": [[name, round(share, 1)] for share, name in lowest]}
    return finish("branch_coverage", passed, figures, f"{percent} % of lines and branches (at least {AT_LEAST_PCT} %)")
