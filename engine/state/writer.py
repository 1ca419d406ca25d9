"""The thread that writes changed sections to disk: at most once a second each, newest wins, errors are counted.

It looks at the bus' current snapshots, so there is no queue that could fill up, and no failure reaches the engine.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

from diskcache import Cache

from engine.clock import Clock
from engine.state.disk import open_cache
from engine.state.envelope import SEQS_KEY, SYMBOL_PREFIX, Envelope, unwrap_seqs, wrap, wrap_seqs
from engine.state.sections import AT_TIMES
from engine.state.source import Reading
from engine.storage.problems import behind, cure_of
from engine.storage.sqlite_damage import is_corruption
from engine.storage.steady_thread import SteadyThread

log = logging.getLogger(__name__)

WRITE_PERIOD_S = 1.0
REOPEN_PERIOD_S = 5.0


class StateWriter:
    """Keeps one folder equal to `current()`. Only `flush` and `close` touch the cache, in one thread."""

    def __init__(self, folder: Path, clock: Clock, current: Callable[[], Reading]) -> None:
        self.folder = folder
        self.write_errors = 0
        self.last_write_ms: float | None = None
        self.last_error = ""
        self._clock = clock
        self._current = current
        self._cache: Cache | None = None
        self._next_open_mono = 0.0
        self._written: dict[str, int] = {}
        self._refused: dict[str, int] = {}
        self.cure = ""  # what helps against `last_error`
        self._thread = SteadyThread("state-writer", self.flush, WRITE_PERIOD_S, self.close)

    def start(self) -> None:
        self._thread.start()

    def leave(self, last: Reading) -> None:
        """Write `last` and end the thread, without waiting for it: the state moves to another folder."""
        self._current = lambda: last
        self._thread.leave()

    def stop(self, timeout: float) -> None:
        """Write what is left and end the thread; waits at most `timeout` seconds."""
        self._thread.stop(timeout)

    @property
    def problem(self) -> str:
        """Why nothing can be written now; "" = all well."""
        return self.last_error or self._thread.problem

    def close(self) -> None:
        """Close this thread's connection."""
        if self._cache is not None:
            self._cache.close()
            self._cache = None

    def flush(self) -> bool:
        """Write every section whose seq is not the written one; False = something failed and was counted."""
        started = self._clock.mono()
        try:
            cache = self._opened(started)
            if cache is None:
                return False
            wrote = self._write_changes(cache, self._current())
        except Exception as error:  # a bug, too: it is said, and the next second tries again
            self._failed(error)
            return False
        if wrote:
            self.last_write_ms = (self._clock.mono() - started) * 1000.0
        if self.last_error:
            log.warning("State: writing to %s works again", self.folder)
            self.last_error = self.cure = ""
        return True

    def _opened(self, now_mono: float) -> Cache | None:
        if self._cache is None and now_mono >= self._next_open_mono:
            self._next_open_mono = now_mono + REOPEN_PERIOD_S
            self._cache = open_cache(self.folder, self._clock.wall())
            self._written = {}
            self._forget_passing(self._cache)
        return self._cache

    def _forget_passing(self, cache: Cache) -> None:
        """Symbols that pages had open, and what is there at times only, belong to the run that published them."""
        stored = cache.get(SEQS_KEY)  # looked at by `open_cache`
        for name in unwrap_seqs(stored)[1] if stored is not None else ():
            if name.startswith(SYMBOL_PREFIX) or name in AT_TIMES:
                cache.delete(name)

    def _write_changes(self, cache: Cache, now: Reading) -> bool:
        """All changed sections of one moment and their table, in one transaction."""
        current = now.sections
        values = self._encoded(now)  # before the lock is taken
        gone = [name for name in self._written if name not in current]
        if not values and not gone:
            return False
        kept = {name: seq for name, seq in self._written.items() if name in current}
        seqs = kept | {name: current[name].seq for name in values}
        with cache.transact():
            for name, value in values.items():
                cache.set(name, value)
            for name in gone:
                cache.delete(name)
            cache.set(SEQS_KEY, wrap_seqs(now.snapshot, seqs))
        self._written = seqs
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
        text = str(error) or str(behind(error)) or type(error).__name__  # a time-out of the cache has no words
        if not self.last_error:
            log.error("State: writing to %s failed: %s. The pages go on from memory.", self.folder, text)
        self.last_error, self.cure = text, cure_of(error)
        self._abandon()
        if is_corruption(error):
            self._next_open_mono = 0.0  # opening checks the file and its tables, and moves it aside

    def _abandon(self) -> None:
        """A connection after a failed commit may still be inside its transaction: begin with a fresh one."""
        try:
            self.close()
        except sqlite3.Error as error:
            log.warning("State: closing %s failed: %s", self.folder, error)
            self._cache = None
        self._next_open_mono = min(self._next_open_mono, self._clock.mono() + WRITE_PERIOD_S)
