"""Whether somebody looks at the state. While nobody does, the engine makes its sections at a slower pace.

Who looks again gets values of this moment, not of the last slow pass: the engine is asked for them, and the look waits
for as long as that takes, some milliseconds. Any thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.clock import Clock

WATCHED_S = 10.0  # after the last look; pages look each 2 s
STALE_S = 2.0  # older than this and a look asks for new values: a pass is made each second while somebody looks
WAIT_S = 0.5
PATIENCE_S = 5.0  # an engine that did not answer a look is not waited for again for so long


class Audience:
    """Looks on the one side, whole passes on the other."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ask: Callable[[], None] | None = None
        self._engine_thread: int | None = None
        self._looked_mono = float("-inf")
        self._served_mono = float("-inf")
        self._gave_up_mono = float("-inf")
        self._passes = 0
        self._served = threading.Condition()

    def listen(self, ask: Callable[[], None] | None) -> None:
        """The engine, in its thread: `ask` is called by who looks when the values are old; None = it ends."""
        self._ask, self._engine_thread = ask, threading.get_ident()

    @property
    def is_there(self) -> bool:
        """Somebody has looked in the last `WATCHED_S`."""
        return self._clock.mono() - self._looked_mono < WATCHED_S

    def look(self) -> None:
        """Somebody is about to read; waits for new values where the ones that are there are old."""
        now = self._clock.mono()
        self._looked_mono = now
        ask = self._ask
        if ask is None or now - self._served_mono <= STALE_S or now - self._gave_up_mono < PATIENCE_S:
            return
        if threading.get_ident() == self._engine_thread:
            return
        with self._served:
            seen = self._passes
            ask()
            if not self._served.wait_for(lambda: self._passes != seen, WAIT_S):
                self._gave_up_mono = now

    def look_from_afar(self) -> None:
        """Somebody in another process reads, or is about to: nobody waits here."""
        now = self._clock.mono()
        self._looked_mono = now
        if self._ask is not None and now - self._served_mono > STALE_S:
            self._ask()

    def served(self) -> None:
        """A whole pass was published."""
        with self._served:
            self._served_mono = self._clock.mono()
            self._gave_up_mono = float("-inf")
            self._passes += 1
            self._served.notify_all()
