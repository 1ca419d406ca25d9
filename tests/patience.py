"""How long a test waits: for the thing itself, up to a deadline that a busy machine does not reach, only a fault does.

A wait that is over early costs nothing, so there is one deadline for all of them. What a promise in wall-clock time
takes is measured by the longer points (tests/long), on a machine that does nothing else.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from typing import Any

DEADLINE_S = float(os.environ.get("QTRADE_TEST_DEADLINE_S") or 90.0)  # shorter where a bug is planted on purpose
EVERY_S = 0.02


def wait_for(condition: Callable[[], Any], what: str = "", timeout_s: float = 0.0, every_s: float = EVERY_S) -> Any:
    """The first true value of `condition`; fails with `what` at the deadline, which `timeout_s` only lengthens."""
    limit = _Limit(timeout_s)
    while not (value := condition()):
        limit.check(what)
        threading.Event().wait(every_s)
    return value


async def until(condition: Callable[[], Any], what: str = "", timeout_s: float = 0.0) -> Any:
    """As `wait_for`, in a running loop."""
    limit = _Limit(timeout_s)
    while not (value := condition()):
        limit.check(what)
        await asyncio.sleep(EVERY_S / 2)
    return value


class _Limit:
    def __init__(self, timeout_s: float) -> None:
        self.seconds = max(DEADLINE_S, timeout_s)
        self._end = time.monotonic() + self.seconds

    def check(self, what: str) -> None:
        assert time.monotonic() < self._end, f"not within {self.seconds:g} s: {what or 'what the test waits for'}"
