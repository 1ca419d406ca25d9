"""A thread that goes on whatever its step raises: what writes to disk must not die of a bug or of an exit."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0


class SteadyThread:
    """Calls `step` each `period_s` seconds, or when woken, and a last time when it is stopped; then `last`.

    An exception of any kind, `SystemExit` too, is contained: counted in `failures`, kept as `problem` until a step
    succeeds again, and the next step waits longer each time, 5 s at most.
    """

    def __init__(
        self, name: str, step: Callable[[], object], period_s: float, last: Callable[[], object] = lambda: None
    ) -> None:
        self._step = step
        self._last = last
        self._period_s = period_s
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.failures = 0
        self.problem = ""

    def start(self) -> None:
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def is_going(self) -> bool:
        """Whether another step will follow: False in the last one."""
        return not self._stopping.is_set()

    def wake(self) -> None:
        """Take the next step now."""
        self._wake.set()

    def rest(self, seconds: float) -> None:
        """Within a step: there is nothing to do for so long, unless woken."""
        self._wake.wait(seconds)

    def leave(self) -> None:
        """Take a last step and end, without waiting for it."""
        self._stopping.set()
        self._wake.set()

    def stop(self, timeout_s: float) -> bool:
        """The same, waiting at most so long; False when it has not ended by then."""
        self.leave()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            self._wake.wait(self._period_s)
            self._wake.clear()
            if self._contained(self._step):
                pause_s = FIRST_PAUSE_S
            else:
                self._stopping.wait(pause_s)
                pause_s = min(2.0 * pause_s, LONGEST_PAUSE_S)
        self._contained(self._step)
        self._contained(self._last)

    def _contained(self, step: Callable[[], object]) -> bool:
        try:
            step()
        except BaseException as error:  # noqa: BLE001 - the thread's one frame: nothing may end it
            self.failures += 1
            problem = f"{type(error).__name__}: {error}".rstrip(": ")
            if problem != self.problem:
                log.exception("A step of the thread %s failed and is taken again", self._thread.name)
            self.problem = problem
            return False
        if self.problem:
            log.warning("The thread %s works again", self._thread.name)
            self.problem = ""
        return True
