"""What a look at this computer found (`app.py doctor`), as the Health page shows it. Who looks is handed in."""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

from msgspec import Struct

Verdict = Literal["ok", "look", "wrong"]


class Finding(Struct, frozen=True):
    """`cure` "" = nothing needs to be done."""

    verdict: Verdict
    what: str
    found: str
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.verdict:<5} {self.what}: {self.found}{f' {self.cure}' if self.cure else ''}"


class Looked(NamedTuple):
    """`at_wall` of the last look, UTC epoch seconds; None = there was none yet."""

    findings: tuple[Finding, ...] = ()
    at_wall: float | None = None
    is_looking: bool = False


class Checks(Protocol):
    """Looks in a thread of its own. Any thread may ask."""

    def last(self) -> Looked:
        """What the last look found; does not wait."""

    def look(self) -> None:
        """Look again soon, once, however often it is asked for meanwhile; does not wait."""


class NoChecks:
    """Pages without a program."""

    def last(self) -> Looked:
        return Looked()

    def look(self) -> None:
        return None
