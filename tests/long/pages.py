"""Every page by dash[testing]: drawn, live, an empty console (tests/browser/test_dash_duo.py on all paths)."""

from __future__ import annotations

import os

import pytest

from tests.browser.test_dash_duo import DRAWN
from tests.long.report import ROOT, finish

CASES = ROOT / "tests" / "browser" / "test_dash_duo.py"


class Outcomes:
    """Counts what pytest reports of the tests themselves."""

    def __init__(self) -> None:
        self.passed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.passed += report.when == "call" and report.passed


def main(arguments: list[str]) -> int:
    os.environ["QTRADE_DUO_PATHS"] = " ".join(DRAWN)
    outcomes = Outcomes()
    code = pytest.main([str(CASES), "-q", "-p", "no:cacheprovider", *arguments], plugins=[outcomes])
    passed = code == pytest.ExitCode.OK and outcomes.passed == len(DRAWN)  # a skipped page is none
    figures = {"pages": len(DRAWN), "passed": outcomes.passed}
    return finish("pages", passed, figures, f"{outcomes.passed} of {len(DRAWN)} pages drawn, live and silent")
