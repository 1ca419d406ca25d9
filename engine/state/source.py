"""What a dashboard needs of the state, whoever holds it: the engine's own process or a second one."""

from __future__ import annotations

from typing import Protocol

from engine.state.commands import Command
from engine.state.sections import Section


class StateSource(Protocol):
    """Implemented by `StateBus` (memory of the engine's process) and `StateReader` (the folder on disk)."""

    @property
    def problem(self) -> str:
        """What is wrong with the store itself (not with the market), in words; "" = nothing."""

    def read(self, name: str) -> Section | None:
        """The newest snapshot of a section, from any thread; None = not published (or not readable)."""

    def seqs(self) -> dict[str, int]:
        """Section name -> seq of its newest snapshot; a seq differs if and only if the content does."""

    def submit(self, command: Command) -> None:
        """Hand a command to the engine.

        Raises:
            CommandRefused: the text is for the user.
        """
