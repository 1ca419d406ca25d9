"""What a dashboard needs of the state, whoever holds it: the engine's own process or a second one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from engine.state.commands import Command
from engine.state.sections import Section


@dataclass(frozen=True, slots=True)
class Reading:
    """Sections of one moment: nothing was published between any two of them.

    `snapshot` is that moment's number: readings of one number hold the same values, a later one has a higher number.
    None = the sections could not be proved to be of one moment (a folder on disk that can't be read).
    """

    snapshot: int | None
    sections: Mapping[str, Section]

    def seqs(self) -> dict[str, int]:
        return {name: section.seq for name, section in self.sections.items()}


class StateSource(Protocol):
    """Implemented by `StateBus` (memory of the engine's process) and `StateReader` (the folder on disk)."""

    @property
    def problem(self) -> str:
        """What is wrong with the store itself (not with the market), in words; "" = nothing."""

    def read(self, name: str) -> Section | None:
        """The newest snapshot of a section, from any thread; None = not published (or not readable)."""

    def read_many(self, names: Iterable[str]) -> Reading:
        """The named sections as they were at one moment; those that are not there are left out. Any thread."""

    def seqs(self) -> dict[str, int]:
        """Section name -> seq of its newest snapshot; a seq differs if and only if the content does."""

    def submit(self, command: Command) -> None:
        """Hand a command to the engine.

        Raises:
            CommandRefused: the text is for the user.
        """
