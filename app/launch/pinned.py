"""The requirement files as values: requirements.in and -dev.in (by hand), requirements.txt and -dev.txt (installed)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name


class Pin(NamedTuple):
    """One line: name as the index spells it, version, for which Pythons and systems, and the files that may be taken.

    `hashes` () = it is a line written by hand.
    """

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        return str(canonicalize_name(self.requirement.name))

    @property
    def holds_here(self) -> bool:
        """Whether this Python on this system wants it."""
        marker = self.requirement.marker
        return marker is None or marker.evaluate()


def pins(text: str) -> Iterator[Pin]:
    """Every requirement of such a file; lines that are none (options, what nobody can read) are left out."""
    for line in text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines():
        written, *hashes = line.partition("#")[0].split("--hash=")
        try:
            requirement = Requirement(written.strip())
        except InvalidRequirement:
            continue
        yield Pin(requirement, tuple(each.strip() for each in hashes))
