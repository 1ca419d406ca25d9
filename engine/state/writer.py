"""The thread between the bus and its store: it writes changed sections, at most once a second each, newest wins, and
takes what dashboards send back. Errors are counted.

It looks at the bus' current snapshots, so there is no queue that could fill up, and no failure reaches the engine.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable

from engine.clock import Clock
from engine.errors import StateError
from engine.state.envelope import Envelope, wrap, wrap_seqs
from engine.state.source import Reading
from engine.state.store import Heard, Outlet
from engine.storage.problems import behind, cure_of
from engine.storage.sqlite_damage import is_corruption
from engine.storage.steady_thread import SteadyThread

log = logging.getLogger(__name__)

WRITE_PERIOD_S = 1.0
REOPEN_PERIOD_S = 5.0


def _unheard(heard: Heard) -> None:
    """Nobody takes what dashboards send."""


class StateWriter:
    """Keeps an engine's part of a store equal to `current()`. Only `step`, `flush`, `close` touch it, in one thread.

    `on_heard` is given what dashboards want, in that thread.
    """

    def __init__(
        self,
        outlet: Outlet,
        clock: Clock,
        current: Callable[[], Reading],
        on_heard: Callable[[Heard], None] = _unheard,
    ) -> None:
        self.write_errors = 0
        self.last_write_ms: float | None = None
        self.last_error = ""
        self._outlet = outlet
        self._clock = clock
        self._current = current
        self._on_heard = on_heard
        self._is_open = False
        self._next_open_mono = self._next_flush_mono = float("-inf")
        self._written: dict[str, int] = {}
        self._left: frozenset[str] = frozenset()  # sections of an earlier run, until the first write
        self._refused: dict[str, int] = {}
        self.cure = ""  # what helps against `last_error`
        self._thread = SteadyThread("state-writer", self.step, outlet.pause_s, self._finish)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Something new is worth being written at once. Any thread."""
        self._next_flush_mono = float("-inf")
        self._thread.wake()

    def stop(self, timeout: float) -> None:
        """Write what is left and end the thread; waits at most `timeout` seconds."""
        self._thread.stop(timeout)

    @property
    def problem(self) -> str:
        """Why nothing can be written now; "" = all well."""
        return self.last_error or self._thread.problem

    def step(self) -> None:
        """Write when it is time, and hear what dashboards want."""
        now = self._clock.mono()
        if now >= self._next_flush_mono:
            self._next_flush_mono = now + WRITE_PERIOD_S
            self.flush()
        if not self._is_open:
            self._thread.rest(WRITE_PERIOD_S)
            return
        try:
            heard = self._outlet.hear()
        except Exception as error:
            self._failed(error)
            return
        if heard.commands or heard.looked:
            self._on_heard(heard)

    def close(self) -> None:
        """Close this thread's connection, and give the engine's name back."""
        self._is_open = False
        self._outlet.close()
        self._outlet.release()

    def flush(self) -> bool:
        """Write every section whose seq is not the written one; False = something failed and was counted."""
        started = self._clock.mono()
        try:
            if not self._opened(started):
                return False
            wrote = self._write_changes(self._current())
        except Exception as error:  # a bug, too: it is said, and the next second tries again
            self._failed(error)
            return False
        if wrote:
            self.last_write_ms = (self._clock.mono() - started) * 1000.0
        if self.last_error:
            log.warning("State: writing to %s works again", self._outlet.place)
            self.last_error = self.cure = ""
        return True

    def _finish(self) -> None:
        self.flush()
        self.close()

    def _opened(self, now_mono: float) -> bool:
        if not self._is_open and now_mono >= self._next_open_mono:
            self._next_open_mono = now_mono + REOPEN_PERIOD_S
            self._left = self._outlet.open(self._clock.wall())
            self._is_open, self._written = True, {}
        return self._is_open

    def _write_changes(self, now: Reading) -> bool:
        """All changed sections of one moment and their table, in one transaction."""
        current = now.sections
        values = self._encoded(now)  # before the lock is taken
        gone = [name for name in {**dict.fromkeys(self._left), **self._written} if name not in current]
        if not values and not gone:
            return False
        kept = {name: seq for name, seq in self._written.items() if name in current}
        seqs = kept | {name: current[name].seq for name in values}
        self._outlet.write(values, gone, wrap_seqs(now.snapshot, seqs))
        self._written, self._left = seqs, frozenset()
        return True

    def _encoded(self, now: Reading) -> dict[str, Envelope]:
        """The changed sections, ready to store; one that is no JSON (a bug) must not keep the others from disk."""
        values = {}
        for name, snapshot in now.sections.items():
            if snapshot.seq in (self._written.get(name), self._refused.get(name)):
                continue
            try:
                values[name] = wrap(snapshot)
            except (TypeError, ValueError, OverflowError) as error:
                self._refused[name] = snapshot.seq
                self.write_errors += 1
                log.error("State: section %s can't be stored: %s", name, error)
        return values

    def _failed(self, error: Exception) -> None:
        self.write_errors += 1
        text = str(error) or str(behind(error)) or type(error).__name__
        if not self.last_error:
            log.error("State: writing to %s failed: %s. The pages go on from memory.", self._outlet.place, text)
        self.last_error, self.cure = text, cure_of(error)
        self._abandon()
        if is_corruption(behind(error)):
            self._next_open_mono = float("-inf")  # opening checks the file and its tables, and moves it aside

    def _abandon(self) -> None:
        """A connection after a failed commit may still be inside its transaction: begin with a fresh one."""
        self._is_open = False
        try:
            self._outlet.close()
        except (StateError, sqlite3.Error) as error:
            log.warning("State: closing %s failed: %s", self._outlet.place, error)
        self._next_open_mono = min(self._next_open_mono, self._clock.mono() + WRITE_PERIOD_S)
