"""What the pages show that is not of the engine's state: lines of the log, and what a look at the computer found."""

from __future__ import annotations

import json
from pathlib import Path

from app.checks import Finding, Looked
from engine.logs.reading import LogFiles
from tests.app.sample_state import health

FAILED = {"error": "KeyError", "trace": ["Traceback (most recent call last):", "  File a.py, line 7", "KeyError: 'x'"]}
FINDINGS = (
    Finding("ok", "Python", "3.11, 64 bit, Linux"),
    Finding("ok", "Packages", "50 as they are listed, each file as it was installed"),
    Finding("look", "Disk", "1.4 GB are free at /.", "Free some space, or use --data-dir."),
    Finding("wrong", "Clock", "this computer is 40 s ahead of TWS.", "Let it set its time by network."),
)


def fill_log(folder: Path, wall: float) -> LogFiles:
    """The lines of the sample's health section in a file, a failure with its trace, and 150 older ones."""
    old = [(wall - 20_000.0 + n, "INFO", f"Looked at minute {n}") for n in range(150)]
    lines = [
        {"at": at, "level": level, "logger": "qtrade.lines", "thread": "engine", "text": text}
        for at, level, text in (*old, *health(wall).log_tail)
    ]
    failed = {"at": wall - 5.0, "level": "ERROR", "logger": "qtrade.x", "thread": "engine", "text": "A step failed"}
    written = "".join(json.dumps(line) + "\n" for line in (*lines, failed | FAILED))
    (folder / "qtrade.jsonl").write_text(written, encoding="utf-8")
    return LogFiles(folder)


class SampleChecks:
    """Has looked, and looks again at once."""

    def __init__(self, wall: float) -> None:
        self.looked = Looked(FINDINGS, wall)
        self.wishes = 0

    def last(self) -> Looked:
        return self.looked

    def look(self) -> None:
        self.wishes += 1
