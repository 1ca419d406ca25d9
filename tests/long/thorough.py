"""The tests that the default run leaves out for its eight minutes (marked `thorough`); arguments go to pytest."""

from __future__ import annotations

import time

import pytest

from start import WORKERS
from tests.long.properties import Outcomes
from tests.long.report import ROOT, finish


def main(arguments: list[str]) -> int:
    begun, outcomes = time.monotonic(), Outcomes()
    options = ["-q", "-m", "thorough", "-p", "no:cacheprovider", *WORKERS]
    code = pytest.main([str(ROOT / "tests"), *options, *arguments], plugins=[outcomes])
    passed = code == pytest.ExitCode.OK and outcomes.passed > 0
    figures = {
        "passed": outcomes.passed, "failed": outcomes.failed, "seconds": round(time.monotonic() - begun)
    }  # fmt: skip
    return finish("thorough", passed, figures, f"{outcomes.passed} tests passed, {outcomes.failed} failed")
