"""Supervised tasks of the engine loop: one that dies is restarted, counted and shown (ARCHITECTURE rule 7)."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

log = logging.getLogger("qtrade.engine")

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 5.0
_LASTED_S = 60.0  # who ran for so long begins with the shortest pause again
_FAILING_S = 60.0
FAILURES_ARE_BAD = 3  # of one part within a minute
_KEPT = 20  # failures of a part
SAID_MOST = 300  # characters of an error: some hold the values that they failed at


class Failing(NamedTuple):
    """A part that keeps failing: how often within the last minute, and why the last time."""

    name: str
    times: int
    error: str


class Supervisor:
    """Runs named coroutines for ever; `restarts` counts failures by name, `failing` says which parts keep failing.

    `stretch` multiplies the periods of `every`.
    """

    def __init__(self, stretch: float = 1.0) -> None:
        self._stretch = stretch
        self.restarts: dict[str, int] = {}
        self._failed: dict[str, deque[float]] = {}
        self._errors: dict[str, str] = {}
        self._said: dict[str, float] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._is_stopping = False

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

    def failing(self, now: float) -> tuple[Failing, ...]:
        """Parts with several failures within the last minute: red, while the rest goes on."""
        counted = ((name, sum(1 for at in times if now - at < _FAILING_S)) for name, times in self._failed.items())
        return tuple(Failing(name, n, self._errors[name]) for name, n in counted if n >= FAILURES_ARE_BAD)

    def note(self, name: str, error: BaseException) -> None:
        """A failure that its part has survived, such as that of an event's handler. Engine loop."""
        self._note(name, error, "failed")

    async def stop(self) -> None:
        """Cancel all tasks and wait until they are gone."""
        self._is_stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _keep(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        pause_s = 0.0
        while True:
            begun = loop.time()
            try:
                if pause_s:
                    await asyncio.sleep(pause_s)  # in here, so that nothing ends the part while it waits
                begun = loop.time()
                await run()
                return
            except BaseException as error:  # noqa: BLE001 - the one place: whatever a task raises, the engine goes on
                if isinstance(error, GeneratorExit) or self._is_stopping:
                    raise
                _stay_alive(error)
                self._note(name, error, "died and is restarted")
            pause_s = 0.0 if loop.time() - begun > _LASTED_S else pause_s
            pause_s = min(max(2.0 * pause_s, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)

    def _note(self, name: str, error: BaseException, what: str) -> None:
        """Count a failure. The log has its traceback once a minute and part: some fail with every tick."""
        now, text = asyncio.get_running_loop().time(), f"{type(error).__name__}: {error}".rstrip(": ")[:SAID_MOST]
        times = self._failed.setdefault(name, deque(maxlen=_KEPT))
        is_news = now - self._said.get(name, float("-inf")) >= _FAILING_S  # whatever it says: some alternate
        self.restarts[name] = self.restarts.get(name, 0) + 1
        times.append(now)
        self._errors[name] = text
        if is_news:
            self._said[name] = now
            log.error("The part %s %s", name, what, exc_info=error)


def _stay_alive(error: BaseException) -> None:
    """A task that somebody cancelled can only wait again once the cancellation is taken back."""
    task = asyncio.current_task()
    while isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
        task.uncancel()
