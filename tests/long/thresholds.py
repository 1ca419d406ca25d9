"""A threshold moved in a real browser on the whole program, through a restart (`_thresholds_case.py`): a minute."""

from __future__ import annotations

import time

import pytest

from tests.long.report import ROOT, finish

CASES = ROOT / "tests" / "long" / "_thresholds_case.py"


def main(arguments: list[str]) -> int:
    begun = time.monotonic()
    code = pytest.main([str(CASES), "-q", "-p", "no:cacheprovider", *arguments])
    seconds = round(time.monotonic() - begun, 1)
    passed = code == pytest.ExitCode.OK
    words = "moved, scanned, kept, taken back" if passed else "failed, see above"
    return finish("thresholds", passed, {"seconds": seconds}, f"{words}, {seconds:g} s")
