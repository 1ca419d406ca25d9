"""StateBus: the engine publishes immutable snapshots, everybody reads them, pages send commands back."""

from __future__ import annotations

import logging
import queue
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace

from engine.clock import Clock, steady
from engine.errors import CommandRefused
from engine.state.audience import Audience
from engine.state.commands import AnyCommand, Command, OpenSymbol
from engine.state.door import checked, received
from engine.state.envelope import SYMBOL_PREFIX, kind_of
from engine.state.open_symbols import OPEN_FOR_S, OpenSymbols
from engine.state.sections import Section
from engine.state.source import Pulse, Reading
from engine.state.store import Heard, Outlet, Sent
from engine.state.writer import StateWriter

COMMANDS_WAITING_MAX = 100
LATE_S = 60.0  # what waited longer in the store is not done any more: who asked has gone on

log = logging.getLogger(__name__)


def _nobody() -> None:
    """No engine is there to be told."""


class StateBus:
    """The state of one engine. `outlet` = where it is published for other processes, None = nowhere.

    Threads: `publish`, `remove` and `drain` on the engine thread; `read`, `seqs`, `submit` and the counters on any.
    What is current is one `Reading` that is replaced, never changed, so a reader needs no lock: it holds one and has
    all sections of one moment.
    """

    def __init__(self, outlet: Outlet | None, clock: Clock) -> None:
        self._clock = clock = steady(clock)
        self._outlet = outlet
        # A tab from before a restart must not meet its old cursor again: all numbers begin at the wall time.
        self._first_seq = int(clock.wall() * 1000)
        self._current = Reading(self._first_seq, MappingProxyType({}))
        self._pulse = Pulse(clock)
        self._audience = Audience(clock)
        self._on_command: Callable[[], None] = _nobody
        self._last_seqs: dict[str, int] = {}
        self._commands: queue.Queue[AnyCommand] = queue.Queue(COMMANDS_WAITING_MAX)
        self._open = OpenSymbols()
        self._refused: deque[tuple[str, str]] = deque(maxlen=COMMANDS_WAITING_MAX)  # request id, why
        self._writer = None if outlet is None else StateWriter(outlet, self._clock, self.current, self._on_heard)
        if self._writer is not None:
            self._writer.start()

    def begin_anew(self, kept: Iterable[str]) -> None:
        """Another engine comes, on another gateway: no page shows what is published any more, but for the sections
        `kept`. No engine is there.
        """
        self._pulse = Pulse(self._clock)
        sections = {name: self._current.sections[name] for name in kept if name in self._current.sections}
        number = (self._current.snapshot or self._first_seq) + 1
        self._current = Reading(number, MappingProxyType(sections))

    def publish(self, name: str, snapshot: Section) -> int:
        """Make `snapshot` the section's value unless it says the same as the last; returns the section's seq.

        Raises:
            TypeError: the snapshot is not the struct of this section (a bug of the caller).
        """
        self.publish_all({name: snapshot})
        return self._current.sections[name].seq

    def listen(self, on_look: Callable[[], None], on_command: Callable[[], None]) -> None:
        """The engine, in its thread: told when somebody wants newer values than there are, and of new commands."""
        self._audience.listen(on_look)
        self._on_command = on_command

    def end_listening(self) -> None:
        """The engine is gone: nobody waits for it."""
        self._audience.listen(None)
        self._on_command = _nobody

    @property
    def is_watched(self) -> bool:
        """Somebody has read in the last seconds, here or in another process."""
        return self._audience.is_there

    def publish_all(self, snapshots: Mapping[str, Section], gone: Iterable[str] = (), *, whole: bool = False) -> int:
        """Publish what belongs to one moment, drop the sections `gone`: all at once, so that no reader sees a part.

        `whole` = a pass over all that pages show: who waits for new values has them.

        Returns the number of the moment; it stays when no section says anything new.

        Raises:
            TypeError: a snapshot is not the struct of its section (a bug of the caller); nothing was published.
        """
        for name, snapshot in snapshots.items():
            if type(snapshot) is not kind_of(name):
                raise TypeError(f"section {name} must be a {kind_of(name).__name__}, not a {type(snapshot).__name__}")
        sections, wall, is_news = dict(self._current.sections), self._clock.wall(), False
        for name in gone:
            is_news |= sections.pop(name, None) is not None
        for name, snapshot in snapshots.items():
            before = sections.get(name)
            if before is not None and replace(snapshot, seq=before.seq, as_of_wall=before.as_of_wall) == before:
                continue
            self._last_seqs[name] = seq = self._last_seqs.get(name, self._first_seq) + 1
            sections[name] = replace(snapshot, seq=seq, as_of_wall=wall)
            is_news = True
        number = self._current.snapshot or self._first_seq
        if is_news:
            number += 1
            self._pulse.see(sections.get("heartbeat"))
            self._current = Reading(number, MappingProxyType(sections))
        if whole:
            self._audience.served()
            if self._writer is not None:
                self._writer.wake()
        return number

    def remove(self, name: str) -> None:
        """Drop a section; unknown names are ignored."""
        self.publish_all({}, gone=(name,))

    def current(self) -> Reading:
        """All sections of this moment."""
        return self._current

    def read(self, name: str) -> Section | None:
        self._audience.look()
        return self._current.sections.get(name)

    def read_many(self, names: Iterable[str]) -> Reading:
        self._audience.look()
        return self.peek_many(names)

    def peek_many(self, names: Iterable[str]) -> Reading:
        now = self._current
        found = {name: now.sections[name] for name in names if name in now.sections}
        return self._pulse.reading(now.snapshot, found)

    def seqs(self) -> dict[str, int]:
        return self._current.seqs()

    def published_symbols(self) -> frozenset[int]:
        """con_ids that have a `symbol:<con_id>` section now."""
        return frozenset(
            int(name.removeprefix(SYMBOL_PREFIX)) for name in self._current.sections if name.startswith(SYMBOL_PREFIX)
        )

    def open_symbols(self, within_s: float = OPEN_FOR_S) -> frozenset[int]:
        """con_ids that a page has shown in the last `within_s` seconds (monotonic)."""
        return self._open.since(self._clock.mono() - within_s)

    def submit(self, command: Command) -> None:
        """Queue a command for the engine. A repeated `OpenSymbol` only renews the symbol's place in `open_symbols`.

        Raises:
            CommandRefused: not valid, or 100 commands are waiting; the text is for the user.
        """
        valid = checked(command)
        if isinstance(valid, OpenSymbol) and not self._open.renew(valid.con_id, self._clock.mono()):
            return
        try:
            self._commands.put_nowait(valid)
        except queue.Full:
            raise CommandRefused(
                f"{COMMANDS_WAITING_MAX} commands are waiting already; the engine is busy. Try again in a few seconds."
            ) from None
        self._on_command()

    def drain(self) -> list[AnyCommand]:
        """Take all waiting commands, oldest first; never blocks."""
        taken: list[AnyCommand] = []
        while len(taken) < COMMANDS_WAITING_MAX:
            try:
                taken.append(self._commands.get_nowait())
            except queue.Empty:
                break
        return taken

    def drain_refused(self) -> list[tuple[str, str]]:
        """Commands of other processes that were not taken: their request ids, and why not, for the user."""
        taken = []
        while self._refused:
            taken.append(self._refused.popleft())
        return taken

    def _on_heard(self, heard: Heard) -> None:
        """The writer's thread: what came from other processes."""
        if heard.looked:
            self._audience.look_from_afar()
        for sent in heard.commands:
            self._take(sent)

    def _take(self, sent: Sent) -> None:
        try:
            command = received(sent.body)
        except CommandRefused as error:
            log.warning("State: a command of another process was refused. %s", error)
            return
        try:
            if sent.waited_s > LATE_S:
                raise CommandRefused(f"It came {sent.waited_s:.0f} s late; nothing was done. Ask again.")
            self.submit(command)
        except CommandRefused as error:
            self._refused.append((command.request_id, str(error)))
            self._on_command()

    @property
    def write_errors(self) -> int:
        """Failed attempts to write the store."""
        return 0 if self._writer is None else self._writer.write_errors

    @property
    def problem(self) -> str:
        """Why the store can't be written now; "" = all well. Pages and engine go on from memory meanwhile."""
        return "" if self._writer is None else self._writer.problem

    @property
    def cure(self) -> str:
        """What helps against `problem`."""
        return "" if self._writer is None else self._writer.cure

    @property
    def last_write_ms(self) -> float | None:
        """How long the last write took; None = nothing written yet."""
        return None if self._writer is None else self._writer.last_write_ms

    @property
    def folder(self) -> Path | None:
        """Where the store's files lie; None = in memory, or on a server."""
        return self._outlet.folder if self._outlet is not None else None

    def stop(self, timeout: float = 2.0) -> None:
        """Write what is left and end the writer thread; waits at most `timeout` seconds."""
        if self._writer is not None:
            self._writer.stop(timeout)
