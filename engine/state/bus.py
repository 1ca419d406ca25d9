"""StateBus: the engine publishes immutable snapshots, everybody reads them, pages send commands back."""

from __future__ import annotations

import queue
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace

from engine.clock import Clock
from engine.errors import CommandRefused
from engine.state.commands import AnyCommand, Command, OpenSymbol
from engine.state.door import checked
from engine.state.envelope import SYMBOL_PREFIX, kind_of
from engine.state.open_symbols import OPEN_FOR_S, OpenSymbols
from engine.state.sections import Section
from engine.state.writer import StateWriter

COMMANDS_WAITING_MAX = 100


class StateBus:
    """The state of one engine. `folder` None = memory only (tests, and until the account is known).

    Threads: `publish`, `remove` and `drain` on the engine thread; `read`, `seqs`, `submit` and the counters on any.
    The current snapshots are one mapping that is replaced, never changed, so a reader needs no lock.
    """

    def __init__(self, folder: Path | None, clock: Clock) -> None:
        self._clock = clock
        self._current: MappingProxyType[str, Section] = MappingProxyType({})
        # A tab from before a restart must not meet its old cursor again: sequence numbers begin at the wall time.
        self._first_seq = int(clock.wall() * 1000)
        self._last_seqs: dict[str, int] = {}
        self._commands: queue.Queue[AnyCommand] = queue.Queue(COMMANDS_WAITING_MAX)
        self._open = OpenSymbols()
        self._writer: StateWriter | None = None
        self.use_folder(folder)

    def use_folder(self, folder: Path | None) -> None:
        """Keep the state in another folder from now on (the account became known); writes all sections there."""
        if self._writer is not None:
            self._writer.leave(self._current)
        self._writer = None if folder is None else StateWriter(folder, self._clock, lambda: self._current)
        if self._writer is not None:
            self._writer.start()

    def publish(self, name: str, snapshot: Section) -> int:
        """Make `snapshot` the section's value unless it says the same as the last; returns the section's seq.

        Raises:
            TypeError: the snapshot is not the struct of this section (a bug of the caller).
        """
        if type(snapshot) is not kind_of(name):
            raise TypeError(f"section {name} must be a {kind_of(name).__name__}, not a {type(snapshot).__name__}")
        before = self._current.get(name)
        if before is not None and replace(snapshot, seq=before.seq, as_of_wall=before.as_of_wall) == before:
            return before.seq
        seq = self._last_seqs.get(name, self._first_seq) + 1
        self._last_seqs[name] = seq
        stamped = replace(snapshot, seq=seq, as_of_wall=self._clock.wall())
        self._current = MappingProxyType({**self._current, name: stamped})
        return seq

    def remove(self, name: str) -> None:
        """Drop a section (`symbol:<con_id>` when its last page closed); unknown names are ignored."""
        self._current = MappingProxyType({key: value for key, value in self._current.items() if key != name})

    def read(self, name: str) -> Section | None:
        return self._current.get(name)

    def seqs(self) -> dict[str, int]:
        return {name: snapshot.seq for name, snapshot in self._current.items()}

    def published_symbols(self) -> frozenset[int]:
        """con_ids that have a `symbol:<con_id>` section now."""
        return frozenset(
            int(name.removeprefix(SYMBOL_PREFIX)) for name in self._current if name.startswith(SYMBOL_PREFIX)
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

    def drain(self) -> list[AnyCommand]:
        """Take all waiting commands, oldest first; never blocks."""
        taken: list[AnyCommand] = []
        while len(taken) < COMMANDS_WAITING_MAX:
            try:
                taken.append(self._commands.get_nowait())
            except queue.Empty:
                break
        return taken

    @property
    def write_errors(self) -> int:
        """Failed attempts to write the folder since it was opened."""
        return 0 if self._writer is None else self._writer.write_errors

    @property
    def problem(self) -> str:
        """Why the folder can't be written now; "" = all well. Pages and engine go on from memory meanwhile."""
        return "" if self._writer is None else self._writer.last_error

    @property
    def last_write_ms(self) -> float | None:
        """How long the last write took; None = nothing written yet."""
        return None if self._writer is None else self._writer.last_write_ms

    def stop(self, timeout: float = 2.0) -> None:
        """Write what is left and end the writer thread; waits at most `timeout` seconds."""
        if self._writer is not None:
            self._writer.stop(timeout)
