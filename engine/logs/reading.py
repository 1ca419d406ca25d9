"""The log read back out of its files (`routing.JSON_NAME` and those before it): newest first, filtered, page by page.

Whatever an earlier build or somebody else has written there, it leaves as the log writes it: redacted, printable.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec
from msgspec import Struct

from engine.logs.redaction import redact
from engine.logs.routing import JSON_COUNT, JSON_NAME
from engine.storage.encodable import printable, to_json
from engine.storage.private import open_regular

_LEVELS = logging.getLevelNamesMapping()
_BLOCK = 1 << 16
_LINE_MOST = 1 << 20  # what is longer is no line of ours


class LogEntry(Struct, omit_defaults=True):
    """One record. `at` UTC epoch seconds; `error` the exception's name and `trace` its lines, where there was one.

    `place`: where it stands, no two records have the same; "" in a file.
    """

    at: float
    level: str
    logger: str
    text: str
    thread: str = ""
    error: str = ""
    trace: list[str] = []
    place: str = ""


class Wanted(NamedTuple):
    """`level`: at least this one of logging's numbers, 0 = all; `text`: anywhere in it, in small or capital letters."""

    level: int = 0
    text: str = ""

    def takes(self, entry: LogEntry) -> bool:
        if self.level and _LEVELS.get(entry.level, logging.CRITICAL) < self.level:
            return False
        if not self.text:
            return True
        return (
            self.text in entry.text
            or self.text.casefold() in "\n".join((entry.text, entry.logger, entry.error, *entry.trace)).casefold()
        )


class Found(NamedTuple):
    """Newest first; `older` = where to read on, "" = nothing is older."""

    entries: list[LogEntry]
    older: str


_decoder = msgspec.json.Decoder(LogEntry)


class LogFiles:
    """Args: folder of the log files; None = there are none (pages without a program). Any thread."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def page(self, wanted: Wanted, before: str = "", most: int = 100) -> Found:
        """The newest `most` that are wanted, older than the place that `before` names ("" = the end)."""
        entries: list[LogEntry] = []
        for entry in self._backwards(before):
            if not wanted.takes(entry):
                continue
            if len(entries) == most:
                return Found(entries, entries[-1].place)
            entries.append(_cleaned(entry))
        return Found(entries, "")

    def lines(self, wanted: Wanted) -> Iterator[bytes]:
        """All that are wanted as JSON lines, oldest first."""
        with _Opened(self._folder) as files:
            for file in reversed(files):
                while line := file.readline(_LINE_MOST):
                    entry = _entry(line)
                    if entry is not None and wanted.takes(entry):
                        yield to_json(_cleaned(entry)) + b"\n"

    def _backwards(self, before: str) -> Iterator[LogEntry]:
        """Each record with its place: a file, however it is called by now, and where the line begins in it."""
        with _Opened(self._folder) as files:
            names = [str(os.fstat(file.fileno()).st_ino) for file in files]
            name, _, offset = before.partition("-")
            first = names.index(name) if name in names else 0
            if before and (name not in names or not offset.isdecimal()):
                return  # of a file that is gone: what was older is gone as well
            for number in range(first, len(files)):
                size = files[number].seek(0, os.SEEK_END)
                end = min(size, int(offset)) if before and number == first else size
                for line, at in _lines_before(files[number], end):
                    entry = _entry(line)
                    if entry is not None:
                        entry.place = f"{names[number]}-{at}"
                        yield entry


class _Opened:
    """The log's files, newest first, each once although they may be renamed meanwhile."""

    def __init__(self, folder: Path | None) -> None:
        ends = ("", *(f".{n}" for n in range(1, JSON_COUNT))) if folder is not None else ()
        self._paths = [folder / f"{JSON_NAME}{end}" for end in ends] if folder is not None else []
        self._files: list[BinaryIO] = []

    def __enter__(self) -> list[BinaryIO]:
        seen: set[int] = set()
        for path in self._paths:
            try:
                file = os.fdopen(open_regular(path, os.O_RDONLY), "rb")
            except OSError:
                continue
            self._files.append(file)
            inode = os.fstat(file.fileno()).st_ino
            if inode in seen:
                self._files.pop().close()
            seen.add(inode)
        return self._files

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()


def _lines_before(file: BinaryIO, end: int) -> Iterator[tuple[bytes, int]]:
    """Lines that begin before `end`, the last one first, each with its offset."""
    rest, at = b"", end
    while at > 0:
        size = min(_BLOCK, at)
        at -= size
        file.seek(at)
        block = file.read(size) + rest
        rest, *lines = block.split(b"\n")
        end_of = at + len(block)
        for line in reversed(lines):
            end_of -= len(line)
            yield line, end_of
            end_of -= 1
        if len(rest) > _LINE_MOST:
            rest = b""
    yield rest, 0


def _entry(line: bytes) -> LogEntry | None:
    """None = it is no record: a line that is being written, or that somebody else wrote."""
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _cleaned(found: LogEntry) -> LogEntry:
    found.level, found.logger, found.text = _clean(found.level), _clean(found.logger), _clean(found.text)
    found.thread, found.error = _clean(found.thread), _clean(found.error)
    found.trace = [_clean(each, "\t") for each in found.trace]
    return found


def _clean(text: str, keep: str = "") -> str:
    return printable(redact(text), keep)
