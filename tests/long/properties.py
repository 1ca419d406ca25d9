"""Every property (hypothesis) with twenty times the examples of the default run: half an hour on two cores."""

from __future__ import annotations

import os
import time

import pytest

from tests.examples import VARIABLE
from tests.long.report import ROOT, finish

TIMES = 20


class Outcomes:
    """Counts what pytest reports of the tests themselves."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.passed += report.when == "call" and report.passed
        self.failed += report.failed


def main(arguments: list[str]) -> int:
    os.environ[VARIABLE] = str(TIMES)  # before the tests are imported, here and in the workers
    begun, outcomes = time.monotonic(), Outcomes()
    where = [str(ROOT / "tests" / room) for room in ("unit", "app")]
    options = ["-q", "-m", "hypothesis", "-n", "2", "--timeout", "3600", "-o", "faulthandler_timeout=3500"]
    code = pytest.main([*where, *options, "-p", "no:cacheprovider", *arguments], plugins=[outcomes])
    seconds = round(time.monotonic() - begun)
    passed = code == pytest.ExitCode.OK and outcomes.passed > 0
    figures = {"passed": outcomes.passed, "failed": outcomes.failed, "times": TIMES, "seconds": seconds}
    return finish(
        "properties", passed, figures, f"{outcomes.passed} properties, {TIMES} times the examples, {seconds} s"
    )
