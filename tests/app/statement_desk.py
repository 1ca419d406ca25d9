"""A desk for statements that imports nothing: it asks for the account once, and then tells a report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.errors import StatementError
from engine.statements.coverage import AccountCoverage, Gap
from engine.statements.port import Reading, WatchedFolder
from engine.statements.verdicts import Choice, Correction, Question, RefusedRow, Report

COUNTS = {"new": 12, "known": 3, "enriched": 4, "superseded": 0, "refused": 1}


class FakeDesk:
    """`seen` = what was imported: bytes, name, answers."""

    def __init__(self) -> None:
        self.seen: list[tuple[bytes, str, dict[str, str]]] = []
        self.problem = ""
        self.under_way: Reading | None = None
        self.last_path = Path()

    def import_file(self, path: Path, name: str, answers: Mapping[str, str]) -> Report:
        if self.problem:
            raise StatementError(self.problem)
        self.last_path = path
        self.seen.append((path.read_bytes(), name, dict(answers)))
        report = Report(len(self.seen), 1_762_600_000.0, name, "ab", 3, "read", kind="Flex XML", accounts=("U1",))
        if b"My IRA" in self.seen[-1][0] and not answers:
            report.status = "asks"
            choices = (Choice("U1", "It is U1"), Choice("-", "Leave its rows out"))
            report.questions = (Question("account:My IRA", "The file speaks of 'My IRA'.", choices),)
            return report
        report.counts, report.taken, report.rows = COUNTS, 20, 22
        report.sections = {"Trades": COUNTS}
        report.refused = (RefusedRow(56, "Trades", "quantity is '1O0'; must be a number"),)
        report.corrected = (Correction("U1", "TSLA", "20251105", "commission", "1.5", "1.02"),)
        report.corrected_count = 1
        report.from_day, report.to_day = "20251103", "20251107"
        return report

    def cancel(self) -> bool:
        return True

    def reading(self) -> Reading | None:
        return self.under_way

    def folder(self) -> WatchedFolder:
        return WatchedFolder("/data/import", "", 0)

    def reports(self, limit: int) -> list[Report]:
        return [Report(1, 1_762_600_000.0, "week.xml", "ab", 3, "read", counts=COUNTS)]

    def coverage(self, now_market: float) -> list[AccountCoverage]:
        return [AccountCoverage("U1", "20251103", "20251110", 6, 5, (Gap("20251110", "20251110", 1),))]
