"""How late the engine loop runs: a short timer measures its own delay."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import deque

from engine.state.counter_sections import Spread

_PERIOD_S = 0.1
_SAMPLES = 600  # one minute
_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class LatenessProbe:
    """p99 of the loop's lateness over the last minute, in milliseconds, and how it has spread since the begin."""

    def __init__(self) -> None:
        self._late_ms: deque[float] = deque(maxlen=_SAMPLES)
        self._counts = [0] * (len(_BOUNDS_S) + 1)
        self._sum_s = 0.0

    async def run(self) -> None:
        """Measure for ever."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _PERIOD_S
            await asyncio.sleep(_PERIOD_S)
            self.note(max(0.0, loop.time() - due))

    def note(self, late_s: float) -> None:
        """One sample."""
        self._late_ms.append(late_s * 1000.0)
        self._counts[bisect_left(_BOUNDS_S, late_s)] += 1
        self._sum_s += late_s

    def spread(self) -> Spread:
        """Of all samples since the begin."""
        return Spread(_BOUNDS_S, tuple(self._counts), self._sum_s)

    def p99_ms(self) -> float:
        """0.0 until the first samples are in."""
        if not self._late_ms:
            return 0.0
        ordered = sorted(self._late_ms)
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 2)
