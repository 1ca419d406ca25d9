"""Supervised tasks of the engine loop: one that dies is restarted, counted and shown (ARCHITECTURE rule 7)."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

log = logging.getLogger("qtrade.engine")

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 5.0
_WINDOW_S = 600.0


class Supervisor:
    """Runs named coroutines for ever; `restarts` counts by name, `recent` those of the last 10 minutes.

    `stretch` multiplies the periods of `every`.
    """

    def __init__(self, stretch: float = 1.0) -> None:
        self._stretch = stretch
        self.restarts: dict[str, int] = {}
        self._recent: deque[float] = deque(maxlen=100)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Start `run`; when it returns it is finished, when it raises it is started again."""
        self._tasks.append(asyncio.get_running_loop().create_task(self._keep(name, run), name=name))

    def every(self, name: str, period_s: float, step: Callable[[], object]) -> None:
        """Call `step` each `period_s` (stretched) seconds, never overlapping, without catching up after a stall."""

        async def run() -> None:
            loop = asyncio.get_running_loop()
            due = loop.time()
            while True:
                step()
                due = max(due + period_s * self._stretch, loop.time())
                await asyncio.sleep(due - loop.time())

        self.start(name, run)

    def recent(self, now: float) -> int:
        """Restarts in the last 10 minutes; 3 and more is an error for the health page."""
        return sum(1 for at in self._recent if now - at < _WINDOW_S)

    async def stop(self) -> None:
        """Cancel all tasks and wait until they are gone."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _keep(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        pause_s = _FIRST_PAUSE_S
        while True:
            started = loop.time()
            try:
                await run()
                return
            except asyncio.CancelledError:
                raise
            except Exception:  # the one place: whatever a task raises, the engine goes on
                self.restarts[name] = self.restarts.get(name, 0) + 1
                self._recent.append(loop.time())
                log.exception("Task %s died and is restarted", name)
            pause_s = _FIRST_PAUSE_S if loop.time() - started > 60 else min(pause_s * 2, _LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s)
