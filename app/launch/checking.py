"""Looks at this computer while the program runs: once after the start, then whenever somebody asks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable

from app.checks import Finding, Looked

FIRST_S = 60.0  # after the start, which has better things to do

log = logging.getLogger("qtrade.app")


class Checking:
    """Args:
    findings: looks; may take seconds. Called in the thread of this object alone.
    wall: UTC epoch seconds.
    first_s: when it looks by itself, seconds after `start`.
    """

    def __init__(
        self, findings: Callable[[], Iterable[Finding]], wall: Callable[[], float], first_s: float = FIRST_S
    ) -> None:
        self._findings = findings
        self._wall = wall
        self._first_s = first_s
        self._lock = threading.Lock()
        self._last = Looked()
        self._wish = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="checks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """A look that is under way is not waited for longer than that; the thread dies with the process."""
        self._stopping = True
        self._wish.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def last(self) -> Looked:
        with self._lock:
            return self._last

    def look(self) -> None:
        with self._lock:
            self._last = self._last._replace(is_looking=True)
        self._wish.set()

    def _run(self) -> None:
        self._wish.wait(self._first_s)
        while not self._stopping:
            self._wish.clear()
            with self._lock:
                self._last = self._last._replace(is_looking=True)
            found = tuple(self._findings())
            with self._lock:
                self._last = Looked(found, self._wall(), self._wish.is_set())
            for each in found:
                if each.verdict == "wrong":
                    log.warning("A look at this computer: %s", each)
            self._wish.wait()
