"""Where the state lies outside of the engine's process: what a store is to engines and to dashboards.

A store is a place (a folder, a Redis or Valkey server) in which engines publish under their own names. Each engine has
an `Outlet` there, which its writer thread alone uses; each dashboard a `StoredView` of each engine. Made from a URL by
`engine.state.stores`. Whatever a library raises becomes a `StateError` here, with words that hold no password.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from engine.state.envelope import Envelope
from engine.state.roll import Roll

SHOWN_S = 86_400.0  # an engine that has written nothing for so long is not listed any more
CLAIM_S = 10.0  # an engine's name is free again so long after it died


class Sent(NamedTuple):
    """A command as a dashboard sent it; `waited_s` by the store's own clock."""

    body: bytes
    waited_s: float


class Heard(NamedTuple):
    """What dashboards want of an engine. `looked` = one of them has read, or is about to."""

    commands: tuple[Sent, ...] = ()
    looked: bool = False


class Outlet(Protocol):
    """One engine's part of a store. One thread at a time; methods raise StateError where nothing else is said."""

    @property
    def place(self) -> str:
        """Where that is, as it may be shown."""

    @property
    def folder(self) -> Path | None:
        """Where its files lie; None = it has none."""

    @property
    def pause_s(self) -> float:
        """How long to wait between two calls of `hear`."""

    def claim(self, wait_s: float) -> None:
        """Take the engine's name, waiting so long for one who died; nothing where it is ours.

        Raises:
            NameTaken: another engine publishes under it.
            StateError: the store can't be asked.
        """

    def open(self, at_wall: float) -> frozenset[str]:
        """Make it ready for writing, with the name claimed; names of the sections that an earlier run left there."""

    def write(self, values: Mapping[str, Envelope], gone: Iterable[str], table: Mapping[str, int]) -> None:
        """All of it at once, or nothing: sections, sections that are gone, the table (`envelope.wrap_seqs`)."""

    def hear(self) -> Heard:
        """What has come since the last call; may wait for a fraction of a second."""

    def close(self) -> None:
        """Let go of the store in this thread; it may be opened again."""

    def release(self) -> None:
        """Give the name back; harmless where it is not ours. Raises nothing."""


class StoredView(Protocol):
    """What an engine has written, as a dashboard reads it. Any thread; methods raise StateError."""

    @property
    def fresh_s(self) -> float:
        """A table that was read so long ago still counts as new."""

    @property
    def rest_s(self) -> float:
        """After a failure it is not asked for so long: who waits for a server that is away holds up a page."""

    def table(self) -> bytes | None:
        """The table of sequence numbers; None = the engine has written nothing."""

    def values(self, names: Iterable[str]) -> dict[str, bytes]:
        """Of these sections those that are there."""

    def send(self, command: bytes) -> None:
        """Hand a command to the engine."""

    def look(self) -> None:
        """Tell the engine that somebody looks."""

    def close(self) -> None:
        """Let go of the store in this thread."""


class StateStore(Protocol):
    """The place as a whole. Any thread; methods raise StateError."""

    @property
    def place(self) -> str:
        """Where that is, as it may be shown."""

    @property
    def folder(self) -> Path | None:
        """Where its files lie; None = it has none."""

    def engines(self) -> tuple[str, ...]:
        """Names of the engines that have written within `SHOWN_S`, in order."""

    def outlet(self, engine: str) -> Outlet: ...

    def view(self, engine: str) -> StoredView: ...

    def roll(self, group: str) -> Roll:
        """The list of a group that shares one universe. Raises ConfigError where the store keeps none."""
