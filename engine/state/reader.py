"""StateReader: the same state for a dashboard process without an engine, read from the folder.

Values are decoded into their struct or refused; what is refused reads as "not there", and `problem` says why.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from diskcache import Cache, Timeout

from engine.clock import Clock, SystemClock
from engine.errors import CommandRefused, StateError
from engine.state.commands import Command
from engine.state.disk import DATABASE, open_existing
from engine.state.envelope import SEQS_KEY, kind_of, unwrap, unwrap_seqs
from engine.state.sections import Section
from engine.state.source import Pulse, Reading

log = logging.getLogger(__name__)

TRIES = 8  # the engine writes once a second for some milliseconds: a second try is rare, a third next to never


class StateReader:
    """Implements `StateSource` on a folder that an engine writes. Any thread; `close` in each thread that read.

    Raises:
        StateError: there is no state in the folder, or it can't be opened.
    """

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self._cache: Cache = open_existing(folder)
        self._file = folder / DATABASE
        self._mine = threading.local()
        self._pulse = Pulse(clock or SystemClock())
        self._lock = threading.Lock()
        self._decoded: dict[str, tuple[int, Section | None]] = {}
        self._problems: dict[str, str] = {}

    def read(self, name: str) -> Section | None:
        """The newest snapshot; the same object until its seq changes."""
        return self.read_many((name,)).sections.get(name)

    def read_many(self, names: Iterable[str]) -> Reading:
        """Sections and their table are written in one transaction: who has the seqs of the table has one moment.

        A write between two of the reads shows as another seq; then it is read again.
        """
        wanted = tuple(names)
        for name in wanted:
            kind_of(name)
        for _ in range(TRIES):
            snapshot, seqs = self._table()
            found = [self._section(name, seqs[name]) for name in wanted if name in seqs]
            if all(is_of_moment for _, _, is_of_moment in found):
                break
        else:
            snapshot = None
        sections = {name: section for name, section, _ in found if section is not None}
        with self._lock:
            self._pulse.see(sections.get("heartbeat"))
            return self._pulse.reading(snapshot, sections)

    def seqs(self) -> dict[str, int]:
        return self._table()[1]

    def _table(self) -> tuple[int | None, dict[str, int]]:
        self._follow()
        stored = self._get(SEQS_KEY)
        if stored is None:
            return None, {}
        try:
            snapshot, seqs = unwrap_seqs(stored)
        except StateError as error:
            self._note(SEQS_KEY, str(error))
            return None, {}
        with self._lock:
            self._problems.pop(SEQS_KEY, None)
            for gone in self._decoded.keys() - seqs.keys():
                del self._decoded[gone]
                self._problems.pop(gone, None)
        return snapshot, seqs

    def submit(self, command: Command) -> None:
        raise CommandRefused(
            "This dashboard only shows: there is no engine in this process. Use the engine's own page."
        )

    @property
    def problem(self) -> str:
        with self._lock:
            return "; ".join(self._problems.values())

    def close(self) -> None:
        """Close this thread's connection."""
        self._cache.close()

    def _section(self, name: str, seq: int) -> tuple[str, Section | None, bool]:
        """The section, and whether it is the one that the table means; a refused one is as good as not there."""
        known = self._decoded.get(name)
        if known is not None and known[0] == seq:
            return name, known[1], True
        stored = self._get(name)
        if stored is None:
            return name, None, False
        try:
            section = unwrap(name, stored)
        except StateError as error:
            self._note(name, str(error))
            section = None
        with self._lock:
            if section is not None:
                self._problems.pop(name, None)
            self._decoded[name] = (seq if section is None else section.seq, section)
        return name, section, section is None or section.seq == seq

    def _follow(self) -> None:
        """The engine has begun a new file in the place of a damaged one: this thread's connection reads the old one."""
        try:
            now = self._file.stat().st_ino
        except OSError:
            return
        if getattr(self._mine, "file", now) != now:
            self._cache.close()
        self._mine.file = now

    def _get(self, name: str) -> bytes | None:
        try:
            stored: bytes | None = self._cache.get(name)
        except (StateError, sqlite3.Error, Timeout, OSError) as error:
            self._note("folder", str(error) or type(error).__name__)
            self._let_go()
            return None
        with self._lock:
            self._problems.pop("folder", None)
        return stored

    def _let_go(self) -> None:
        """A file that is held open can't be moved aside on Windows."""
        with suppress(sqlite3.Error):
            self._cache.close()

    def _note(self, key: str, problem: str) -> None:
        with self._lock:
            is_news = self._problems.get(key) != problem
            self._problems[key] = problem
        if is_news:
            log.warning("%s", problem)
