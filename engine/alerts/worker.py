"""A thread for each channel: sends one message at a time, so that a slow service holds up nobody but itself."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import NamedTuple

from engine.alerts.outbox import Outcome
from engine.state.alert_sections import Delivery

log = logging.getLogger("qtrade.alerts")


class Job(NamedTuple):
    """`work` blocks and answers; `deliveries` = what it carries, () = a test or a sign of life."""

    what: str
    work: Callable[[], Outcome]
    deliveries: tuple[Delivery, ...] = ()


class ChannelWorker:
    """`done(job, outcome)` is called in this thread, for whoever hands it on to the engine's loop.

    The thread is a daemon: at the end of the program nothing waits for a service; what it was sending is uncertain.
    """

    def __init__(self, name: str, done: Callable[[Job, Outcome], None]) -> None:
        self._done = done
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._is_busy = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"alerts-{name}"[:15], daemon=True)
        self._has_started = self._has_left = False

    @property
    def is_busy(self) -> bool:
        return self._is_busy.is_set()

    def offer(self, job: Job) -> bool:
        """Take a job unless one is under way; never blocks."""
        if self._is_busy.is_set() or self._has_left:
            return False
        self._is_busy.set()
        if not self._has_started:
            self._has_started = True
            self._thread.start()
        self._jobs.put(job)
        return True

    def leave(self) -> None:
        """No more jobs; the one under way is not waited for."""
        self._has_left = True
        self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                outcome = job.work()
            except Exception as error:
                log.error("A channel of alerts failed at %s (%s)", job.what, type(error).__name__)
                outcome = Outcome("uncertain", f"Failed ({type(error).__name__})")
            self._done(job, outcome)
            self._is_busy.clear()
