"""StateReader: the same state for a dashboard process without an engine, read from the folder.

Values are decoded into their struct or refused; what is refused reads as "not there", and `problem` says why.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path

from diskcache import Cache, Timeout

from engine.errors import CommandRefused, StateError
from engine.state.commands import Command
from engine.state.disk import open_existing
from engine.state.envelope import SEQS_KEY, kind_of, unwrap, unwrap_seqs
from engine.state.sections import Section

log = logging.getLogger(__name__)


class StateReader:
    """Implements `StateSource` on a folder that an engine writes. Any thread; `close` in each thread that read.

    Raises:
        StateError: there is no state in the folder, or it can't be opened.
    """

    def __init__(self, folder: Path) -> None:
        self._cache: Cache = open_existing(folder)
        self._lock = threading.Lock()
        self._decoded: dict[str, tuple[int, Section | None]] = {}
        self._problems: dict[str, str] = {}

    def read(self, name: str) -> Section | None:
        """The newest snapshot; the same object until its seq changes."""
        kind_of(name)
        seq = self.seqs().get(name)
        if seq is None:
            return None
        known = self._decoded.get(name)
        if known is not None and known[0] == seq:
            return known[1]
        section = self._decode(name)
        with self._lock:
            self._decoded[name] = (section.seq if section is not None else seq, section)
        return section

    def seqs(self) -> dict[str, int]:
        stored = self._get(SEQS_KEY)
        if stored is None:
            return {}
        try:
            seqs = unwrap_seqs(stored)
        except StateError as error:
            self._note(SEQS_KEY, str(error))
            return {}
        with self._lock:
            self._problems.pop(SEQS_KEY, None)
            for gone in self._decoded.keys() - seqs.keys():
                del self._decoded[gone]
                self._problems.pop(gone, None)
        return seqs

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

    def _decode(self, name: str) -> Section | None:
        stored = self._get(name)
        if stored is None:
            return None
        try:
            section = unwrap(name, stored)
        except StateError as error:
            self._note(name, str(error))
            return None
        with self._lock:
            self._problems.pop(name, None)
        return section

    def _get(self, name: str) -> bytes | None:
        try:
            stored: bytes | None = self._cache.get(name)
        except (StateError, sqlite3.Error, Timeout, OSError) as error:
            self._note("folder", str(error) or type(error).__name__)
            return None
        with self._lock:
            self._problems.pop("folder", None)
        return stored

    def _note(self, key: str, problem: str) -> None:
        with self._lock:
            is_news = self._problems.get(key) != problem
            self._problems[key] = problem
        if is_news:
            log.warning("%s", problem)
