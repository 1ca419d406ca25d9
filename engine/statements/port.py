"""Importing statements, as the pages know it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from engine.errors import StatementError
from engine.statements.coverage import AccountCoverage
from engine.statements.verdicts import Report


class Reading(Struct, frozen=True):
    """The import that is under way. `since_wall` UTC epoch seconds."""

    file: str
    text: str
    since_wall: float


class WatchedFolder(Struct, frozen=True):
    """The folder whose files are imported; `problem` "" = it can be used."""

    path: str
    problem: str
    waiting: int  # files that are not read yet


class StatementDesk(Protocol):
    """Thread-safe. One import at a time."""

    def import_file(self, path: Path, name: str, answers: Mapping[str, str]) -> Report:
        """Import this file, which goes by `name`; waits for the report.

        Raises:
            StatementError: another one is under way, or the import failed; the text is for the user.
        """

    def cancel(self) -> bool:
        """End the import that is under way; what it has written stays. False = none is."""

    def reading(self) -> Reading | None:
        """None = no import is under way."""

    def folder(self) -> WatchedFolder: ...

    def reports(self, limit: int) -> list[Report]:
        """The newest imports, newest first."""

    def coverage(self, now_market: float) -> list[AccountCoverage]:
        """For which days until yesterday statements have been read, by account."""


class NoStatements:
    """Stands in where nothing can be imported: in tests, and while no journal is open."""

    def import_file(self, path: Path, name: str, answers: Mapping[str, str]) -> Report:
        raise StatementError("Statements can't be imported here.")

    def cancel(self) -> bool:
        return False

    def reading(self) -> Reading | None:
        return None

    def folder(self) -> WatchedFolder:
        return WatchedFolder("", "", 0)

    def reports(self, limit: int) -> list[Report]:
        return []

    def coverage(self, now_market: float) -> list[AccountCoverage]:
        return []
