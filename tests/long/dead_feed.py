"""A position that falls silent alone, and a feed that stays dead: each red in time and green with the first quote."""

from __future__ import annotations

import time

import pytest

from tests.long.report import ROOT, finish

CASES = ROOT / "tests" / "long" / "_dead_feed_case.py"


def main(arguments: list[str]) -> int:
    begun = time.monotonic()
    code = pytest.main([str(CASES), "-q", "-p", "no:cacheprovider", *arguments])
    seconds = round(time.monotonic() - begun, 1)
    passed = code == pytest.ExitCode.OK
    words = "red in time, green with the first quote" if passed else "failed, see above"
    return finish("dead_feed", passed, {"seconds": seconds}, f"{words}, {seconds:g} s")
