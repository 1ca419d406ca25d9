"""Rows of a CSV file with the line each begins in: whatever its encoding mark, line ends and quotes are."""

from __future__ import annotations

import csv
from codecs import getincrementaldecoder
from collections.abc import Iterator
from pathlib import Path

from engine.errors import StatementError
from engine.statements.raw import CHUNK_BYTES, Tick, no_tick

_TICK_EACH = 500
_LONGEST_CELL = 2**20
_ENCODINGS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


def csv_rows(path: Path, tick: Tick = no_tick) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each row that is not empty; cells without the blanks around them.

    Raises:
        StatementError: no text, or a cell without end.
    """
    encoding = _encoding(path)
    csv.field_size_limit(_LONGEST_CELL)
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        reader = csv.reader(text, delimiter=_delimiter(path, encoding))
        line = read = 0
        try:
            for count, cells in enumerate(reader):
                begins, line = line + 1, reader.line_num
                read += sum(map(len, cells)) + len(cells)
                if count % _TICK_EACH == 0:
                    tick(read)
                if any(cells):
                    yield begins, [cell.strip().strip("\ufeff") for cell in cells]
        except (csv.Error, UnicodeError) as error:
            raise StatementError(f"The file can't be read as CSV from line {line + 1:,} on: {error}.") from error


def _encoding(path: Path) -> str:
    """By its mark; without one UTF-8, and what is none is as a spreadsheet saves it under Windows."""
    decoder = getincrementaldecoder("utf-8")()
    with path.open("rb") as raw:
        mark = raw.read(3)
        if marked := _ENCODINGS.get(mark) or _ENCODINGS.get(mark[:2]):
            return marked
        raw.seek(0)
        try:
            while chunk := raw.read(CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _delimiter(path: Path, encoding: str) -> str:
    """A comma, or what a spreadsheet of another country or a Flex setting put in its place."""
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        first = text.readline(10_000)
    return max(",;\t|", key=first.count)  # of equally many the comma
