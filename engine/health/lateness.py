"""How late the engine loop runs: a short timer measures its own delay."""

from __future__ import annotations

import asyncio
from collections import deque

_PERIOD_S = 0.1
_SAMPLES = 600  # one minute


class LatenessProbe:
    """p99 of the loop's lateness over the last minute, in milliseconds."""

    def __init__(self) -> None:
        self._late_ms: deque[float] = deque(maxlen=_SAMPLES)

    async def run(self) -> None:
        """Measure for ever."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _PERIOD_S
            await asyncio.sleep(_PERIOD_S)
            self._late_ms.append(max(0.0, (loop.time() - due) * 1000.0))

    def p99_ms(self) -> float:
        """0.0 until the first samples are in."""
        if not self._late_ms:
            return 0.0
        ordered = sorted(self._late_ms)
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 2)
