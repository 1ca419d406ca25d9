"""The watched folder: a file is imported once it stands still, and moved to done/ or refused/ with its report."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from engine.clock import Clock
from engine.errors import StatementError
from engine.statements.port import WatchedFolder
from engine.statements.verdicts import VERDICTS, Report
from engine.storage.encodable import encodable

log = logging.getLogger("qtrade.statements")

STILL_S = 5.0
SUFFIXES = frozenset({".xml", ".csv", ".txt"})
DONE, REFUSED = "done", "refused"
NOTE = ".why.txt"

_Seen = tuple[int, int]  # size, time of the last change


class ImportFolder:
    """`look` from one thread, again and again; `section` from any.

    `bring` imports one file: its report, None = not now. `own` = the folder is QTrade's own, and is made.
    """

    def __init__(
        self, path: Callable[[], Path], own: Callable[[], bool], clock: Clock, bring: Callable[[Path], Report | None]
    ) -> None:
        self._path, self._own, self._clock, self._bring = path, own, clock, bring
        self._seen: dict[Path, tuple[_Seen, float]] = {}
        self._section = WatchedFolder("", "", 0)

    def section(self) -> WatchedFolder:
        return self._section

    def look(self) -> None:
        """Take up what has stood still."""
        folder = self._path()
        problem, files = "", list[Path]()
        try:
            if self._own():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            files = sorted(path for path in folder.iterdir() if _is_candidate(path))
        except OSError as error:
            problem = f"{encodable(str(folder))} can't be read: {error.strerror or error}"
        self._section = WatchedFolder(encodable(str(folder)), problem, len(files))
        self._seen = {path: seen for path, seen in self._seen.items() if path in files}
        for path in files:
            if self._stands_still(path):
                self._take(path)

    def _stands_still(self, path: Path) -> bool:
        now = self._clock.mono()
        try:
            stat = path.stat()
        except OSError:
            return False
        seen = (stat.st_size, stat.st_mtime_ns)
        known = self._seen.get(path)
        if known is None or known[0] != seen:
            self._seen[path] = (seen, now)
            return False
        return now - known[1] >= STILL_S

    def _take(self, path: Path) -> None:
        try:
            report = self._bring(path)
        except (StatementError, OSError) as error:
            self._move(path, REFUSED, f"{error}")
            return
        if report is None:
            return
        if report.status in ("read", "already read"):
            self._move(path, DONE, _refused_words(report))
        elif report.status == "refused":
            self._move(path, REFUSED, report.why)
        else:  # given up half way: it is tried again when it changes
            self._seen[path] = (self._seen[path][0], float("inf"))

    def _move(self, path: Path, where: str, words: str) -> None:
        """Beside it a note, where there is something to say."""
        folder = path.parent / where
        target = folder / path.name
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            number = 1
            while target.exists():
                number += 1
                target = folder / f"{path.stem}-{number}{path.suffix}"
            path.rename(target)
            if words:
                stamp = datetime.fromtimestamp(self._clock.wall(), UTC).strftime("%Y-%m-%d %H:%M UTC")
                target.with_name(target.name + NOTE).write_text(f"{stamp}\n{encodable(words)}\n", encoding="utf-8")
        except OSError as error:
            log.error("Statements: %s can't be moved to %s: %s", path, folder, error)
            self._seen[path] = (self._seen.get(path, ((0, 0), 0.0))[0], float("inf"))
        self._seen.pop(target, None)


def _is_candidate(path: Path) -> bool:
    hidden = path.name.startswith((".", "~"))
    return not hidden and path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink()


def _refused_words(report: Report) -> str:
    if not report.counts.get("refused"):
        return ""
    counts = ", ".join(f"{report.counts[name]:,} {name}" for name in VERDICTS)
    lines = [f"line {row.line}, {row.section}: {row.reason}" for row in report.refused]
    return "\n".join([counts, *lines])
