"""StateReader: the same state for a dashboard's process, read from where an engine writes it.

Values are decoded into their struct or refused; what is refused reads as "not there", and `problem` says why. While the
store can't be read, what was read last stays: its age grows by the engine's last heartbeat.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping

import msgspec

from engine.clock import Clock, SystemClock
from engine.errors import CommandRefused, StateError
from engine.state.commands import Command, OpenSymbol
from engine.state.door import checked
from engine.state.envelope import SEQS_KEY, kind_of, unwrap, unwrap_seqs
from engine.state.open_symbols import OPEN_FOR_S
from engine.state.sections import Section
from engine.state.source import Pulse, Reading
from engine.state.store import StoredView

log = logging.getLogger(__name__)

TRIES = 8  # the engine writes once a second for some milliseconds: a second try is rare, a third next to never
DEAD_S = 15.0  # an engine that was silent for so long takes no command
LOOK_EVERY_S = 2.0
OPEN_EVERY_S = OPEN_FOR_S / 3.0
_STORE = "store"

Table = tuple[int | None, Mapping[str, int]]


class StateReader:
    """Implements `StateSource` on what an engine named `engine` writes. Any thread; `close` in each that read."""

    def __init__(self, view: StoredView, clock: Clock | None = None, engine: str = "") -> None:
        self._view = view
        self._engine = engine
        self._clock = clock or SystemClock()
        self._pulse = Pulse(self._clock)
        self._lock = threading.Lock()
        self._last: Table = None, {}
        self._asked_mono = self._rest_until = self._looked_mono = float("-inf")
        self._decoded: dict[str, tuple[int, Section | None]] = {}
        self._problems: dict[str, str] = {}
        self._opened: dict[int, float] = {}  # con_id -> when the engine was told last, monotonic

    def read(self, name: str) -> Section | None:
        """The newest snapshot; the same object until its seq changes."""
        return self.read_many((name,)).sections.get(name)

    def read_many(self, names: Iterable[str]) -> Reading:
        """Sections and their table are written at once: who has the seqs of the table has one moment.

        A write between two of the reads shows as another seq; then it is read again.
        """
        wanted = tuple(names)
        for name in wanted:
            kind_of(name)
        self._look()
        return self.peek_many(wanted)

    def peek_many(self, names: Iterable[str]) -> Reading:
        wanted = tuple(names)
        for again in range(TRIES):
            snapshot, seqs = self._table(is_new=again > 0)
            there = [name for name in wanted if name in seqs]
            found = self._sections(there, seqs)
            if len(found) == len(there) and all(s is None or s.seq == seqs[name] for name, s in found.items()):
                break
        else:
            snapshot = None
        sections = {name: section for name, section in found.items() if section is not None}
        with self._lock:
            self._pulse.see(sections.get("heartbeat"))
            return self._pulse.reading(snapshot, sections)

    def seqs(self) -> dict[str, int]:
        return dict(self._table()[1])

    def submit(self, command: Command) -> None:
        """Hand it to the engine; its answer comes as state. A repeated `OpenSymbol` is sent now and then only.

        Raises:
            CommandRefused: not valid, the engine is silent, or the store can't be reached.
        """
        valid = checked(command)
        silent_s = self.read_many(("heartbeat",)).silent_s
        if silent_s is None or silent_s > DEAD_S:
            raise CommandRefused(f"{self._name} does not answer; nothing was changed. See the Health page.")
        if isinstance(valid, OpenSymbol) and not self._is_time_to_open(valid.con_id):
            return
        try:
            self._view.send(msgspec.json.encode(valid))
        except StateError as error:
            self._opened.clear()
            raise CommandRefused(f"{self._name} can't be reached; nothing was changed. {error}") from error

    @property
    def problem(self) -> str:
        with self._lock:
            return "; ".join(self._problems.values())

    def close(self) -> None:
        """Close this thread's connection."""
        self._view.close()

    @property
    def _name(self) -> str:
        return f"Engine {self._engine}" if self._engine else "The engine"

    def _is_time_to_open(self, con_id: int) -> bool:
        now = self._clock.mono()
        with self._lock:
            if now - self._opened.get(con_id, float("-inf")) < OPEN_EVERY_S:
                return False
            self._opened = {known: at for known, at in self._opened.items() if now - at < OPEN_FOR_S} | {con_id: now}
            return True

    def _look(self) -> None:
        """The engine works at a slower pace while nobody looks."""
        now = self._clock.mono()
        if now - self._looked_mono < LOOK_EVERY_S or now < self._rest_until:
            return
        self._looked_mono = now
        try:
            self._view.look()
        except StateError:
            return  # the read that follows says it

    def _table(self, *, is_new: bool = False) -> Table:
        now = self._clock.mono()
        if now < self._rest_until or (not is_new and now - self._asked_mono < self._view.fresh_s):
            return self._last
        try:
            stored = self._view.table()
        except StateError as error:
            self._is_away(error)
            return self._last
        self._is_back()
        if stored is None:
            return self._last  # nothing yet, or a server that forgot it all: the engine writes it anew in a moment
        try:
            table = unwrap_seqs(stored)
        except StateError as error:
            self._note(SEQS_KEY, str(error))
            return None, {}
        with self._lock:
            self._last, self._asked_mono = table, now
            self._problems.pop(SEQS_KEY, None)
            for gone in self._decoded.keys() - table[1].keys():
                del self._decoded[gone]
                self._problems.pop(gone, None)
        return table

    def _sections(self, names: Iterable[str], seqs: Mapping[str, int]) -> dict[str, Section | None]:
        """Those that could be read, each the one that the table means or a newer one; None = refused."""
        known = {name: self._decoded.get(name) for name in names}
        lacking = [name for name, had in known.items() if had is None or had[0] != seqs[name]]
        stored: dict[str, bytes] = {}
        if lacking and self._clock.mono() >= self._rest_until:
            try:
                stored = self._view.values(lacking)
            except StateError as error:
                self._is_away(error)
        found: dict[str, Section | None] = {}
        for name, had in known.items():
            if name in stored:
                found[name] = self._unwrapped(name, stored[name], seqs[name])
            elif had is not None:
                found[name] = had[1]
        return found

    def _unwrapped(self, name: str, stored: bytes, seq: int) -> Section | None:
        try:
            section = unwrap(name, stored)
        except StateError as error:
            self._note(name, str(error))
            section = None
        with self._lock:
            if section is not None:
                self._problems.pop(name, None)
            self._decoded[name] = (seq if section is None else section.seq, section)
        return section

    def _is_away(self, error: StateError) -> None:
        self._note(_STORE, str(error))
        self._rest_until = self._clock.mono() + self._view.rest_s

    def _is_back(self) -> None:
        with self._lock:
            was_away = self._problems.pop(_STORE, None)
        if was_away:
            log.warning("The state can be read again")

    def _note(self, key: str, problem: str) -> None:
        with self._lock:
            is_news = self._problems.get(key) != problem
            self._problems[key] = problem
        if is_news:
            log.warning("%s", problem)
