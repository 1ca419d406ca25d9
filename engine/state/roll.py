"""The list of the engines that share one universe, as a store keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from engine.domain import ContractRef

EXPIRE_S = 10.0  # a place that was not renewed for so long is free


class Member(Struct, frozen=True, order=True):
    """An engine of a group that can look after symbols; `lines` = its market data lines, at least 1."""

    name: str
    lines: int


class Roll(Protocol):
    """A group's list. One thread at a time; methods raise StateError.

    Places that were not renewed for `EXPIRE_S` are gone; what scans have found lasts for the day it is told of.
    """

    @property
    def place(self) -> str:
        """Where that is, as it may be shown."""

    def members(self, own: Member | None) -> tuple[Member, ...]:
        """All members now; `own` = take or renew a place, None = give it back."""

    def exchange(self, found: Sequence[ContractRef], known: frozenset[int], day: str) -> list[ContractRef]:
        """Tell the group what was found, and hear what it has found that is not `known`."""

    def close(self) -> None:
        """Let go of the server. Raises nothing."""
