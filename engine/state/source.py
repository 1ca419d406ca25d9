"""What a dashboard needs of the state, whoever holds it: the engine's own process or a second one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from engine.clock import Clock
from engine.state.commands import Command
from engine.state.sections import Heartbeat, Section


@dataclass(frozen=True, slots=True)
class Reading:
    """Sections of one moment: nothing was published between any two of them.

    `snapshot` is that moment's number: readings of one number hold the same values, a later one has a higher number.
    None = the sections could not be proved to be of one moment (a store that can't be read).

    `silent_s` = since the engine's last heartbeat, by this process's monotonic clock; None = none has been seen.
    `engine_wall` = the engine's wall clock now, which all stamps of the sections are of, whatever this process's says.
    """

    snapshot: int | None
    sections: Mapping[str, Section]
    silent_s: float | None = None
    engine_wall: float | None = None

    def seqs(self) -> dict[str, int]:
        return {name: section.seq for name, section in self.sections.items()}


class Pulse:
    """When the engine's newest heartbeat was seen: its age grows with the monotonic clock, whatever is done to the
    wall clock meanwhile. A lock is the owner's affair."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: tuple[Heartbeat, float, float] | None = None  # the beat, its age when it was seen, monotonic moment
        self._looked_mono: float | None = None

    def see(self, beat: Section | None) -> None:
        """The heartbeat as it stands now. One that is new since the last look can't be older than that look."""
        if not isinstance(beat, Heartbeat):
            return
        now, looked = self._clock.mono(), self._looked_mono
        if self._seen is None or self._seen[0].seq != beat.seq:
            age_s = max(0.0, self._clock.wall() - beat.at_wall)
            self._seen = beat, age_s if looked is None else min(age_s, max(0.0, now - looked)), now
        self._looked_mono = now

    def reading(self, snapshot: int | None, sections: Mapping[str, Section]) -> Reading:
        """What was read, with the engine's pulse at this moment. Any thread."""
        seen = self._seen
        if seen is None:
            return Reading(snapshot, sections)
        silent_s = seen[1] + max(0.0, self._clock.mono() - seen[2])
        return Reading(snapshot, sections, silent_s, seen[0].at_wall + silent_s)


class StateSource(Protocol):
    """Implemented by `StateBus` (memory of the engine's process) and `StateReader` (what it has put into a store)."""

    @property
    def problem(self) -> str:
        """What is wrong with the store itself (not with the market), in words; "" = nothing."""

    def read(self, name: str) -> Section | None:
        """The newest snapshot of a section, from any thread; None = not published (or not readable)."""

    def read_many(self, names: Iterable[str]) -> Reading:
        """The named sections as they were at one moment; those that are not there are left out. Any thread."""

    def peek_many(self, names: Iterable[str]) -> Reading:
        """As `read_many`, but nobody is taken for one who looks: the engine makes nothing new for it."""

    def seqs(self) -> dict[str, int]:
        """Section name -> seq of its newest snapshot; a seq differs if and only if the content does."""

    def submit(self, command: Command) -> None:
        """Hand a command to the engine.

        Raises:
            CommandRefused: the text is for the user.
        """
