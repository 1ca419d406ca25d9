"""What the scanners' page can ask for, and other units of volume, in the whole engine on the simulator: a minute."""

from __future__ import annotations

import time

import pytest

from tests.long.report import ROOT, finish

CASES = ROOT / "tests" / "long" / "_scanners_case.py"


def main(arguments: list[str]) -> int:
    begun = time.monotonic()
    code = pytest.main([str(CASES), "-q", "-p", "no:cacheprovider", *arguments])
    seconds = round(time.monotonic() - begun, 1)
    passed = code == pytest.ExitCode.OK
    words = "every answer came" if passed else "failed, see above"
    return finish("scanners", passed, {"seconds": seconds}, f"{words}, {seconds:g} s")
