"""What became of each row of a file, and the report of all of them. Values only."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

Verdict = Literal["new", "known", "enriched", "superseded", "refused"]
Status = Literal["read", "already read", "refused", "asks", "cancelled"]
VERDICTS: tuple[Verdict, ...] = ("new", "known", "enriched", "superseded", "refused")
MOST_LISTED = 200  # of refused rows and of corrections; all are counted


class RefusedRow(Struct, frozen=True):
    """A row that was not taken: its line in the file, and why."""

    line: int
    section: str
    reason: str


class Correction(Struct, frozen=True):
    """Money of an execution that the statement tells otherwise than it was held."""

    account: str
    symbol: str
    day: str
    what: str
    was: str
    told: str


class Choice(Struct, frozen=True):
    """One answer to a question: `value` goes back to the import, `words` are for the user."""

    value: str
    words: str


class Question(Struct, frozen=True):
    """What the file does not say. `name` = of the answer: dates, zone, or account:<as it stands in the file>."""

    name: str
    words: str
    choices: tuple[Choice, ...]


class Report(Struct):
    """What an import came to. Times: wall, UTC epoch seconds; days YYYYMMDD.

    `counts` add up to `taken`, the rows of the level and the sections that are read; `other_level` (the same trade as
    order, lot or sum) and `beside` (sections that nothing is read of) are counted apart: together they are `rows`.
    """

    id: int
    at_wall: float
    file: str
    sha256: str
    size: int
    status: Status
    why: str = ""
    kind: str = ""
    accounts: tuple[str, ...] = ()
    from_day: str = ""
    to_day: str = ""
    rows: int = 0
    taken: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    sections: dict[str, dict[str, int]] = field(default_factory=dict)
    other_level: int = 0
    beside: dict[str, int] = field(default_factory=dict)
    withdrawn: int = 0
    refused: tuple[RefusedRow, ...] = ()
    corrected: tuple[Correction, ...] = ()
    corrected_count: int = 0
    notes: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    answers: dict[str, str] = field(default_factory=dict)
    took_s: float = 0.0
    read_by: str = ""  # what the reading went by, to tell whether the same file would be read alike
    first_read_wall: float | None = None  # of the earlier import, where the file was already read

    def count(self, section: str, verdict: Verdict, number: int = 1) -> None:
        self.counts[verdict] += number
        self.taken += number
        self.sections.setdefault(section, dict.fromkeys(VERDICTS, 0))[verdict] += number
