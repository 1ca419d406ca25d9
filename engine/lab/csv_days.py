"""Recorded days as CSV files: `SYMBOL-YYYYMMDD.csv` or `.csv.gz`, one file a symbol and day.

Columns `time` (UTC, start of the minute, ISO 8601 or epoch seconds), `open`, `high`, `low`, `close`, `volume` (shares;
empty = unknown), in this order under a line of heads; minutes without a trade are missing.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import math
import os
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TextIO, cast

import numpy as np

from engine.bars.series import BarArrays
from engine.errors import LabError

HEADS = ["time", "open", "high", "low", "close", "volume"]
MOST_ROWS = 1_440  # minutes of a day
MOST_LINE = 400  # characters
MOST_LINES = 2 * (MOST_ROWS + 1)  # with those that are empty
MOST_FILES = 50_000
_NAME = re.compile(r"(?P<symbol>[A-Z0-9][A-Z0-9 ._-]{0,19})-(?P<day>\d{8})\.csv(\.gz)?", re.IGNORECASE)
_LAYOUT = "SYMBOL-YYYYMMDD.csv or .csv.gz with the columns time,open,high,low,close,volume"


def list_csv_days(folder: Path) -> dict[tuple[str, str], Path]:
    """(symbol, day as YYYY-MM-DD) -> file.

    Raises:
        LabError: no such folder, nothing of this layout in it, or two files for one symbol and day.
    """
    try:
        if not folder.is_dir():
            raise LabError(f"{folder} is not a folder that can be read. Give the folder that holds {_LAYOUT}.")
        with os.scandir(folder) as entries:
            found = _days_of(folder, entries)
    except OSError as error:
        raise LabError(f"{folder} can't be read: {error}. Give the folder that holds {_LAYOUT}.") from error
    if not found:
        raise LabError(f"No recorded day was found in {folder}. Its files must be named {_LAYOUT}.")
    return found


def _days_of(folder: Path, entries: Iterator[os.DirEntry[str]]) -> dict[tuple[str, str], Path]:
    """The regular files with a name of the layout."""
    found: dict[tuple[str, str], Path] = {}
    for count, entry in enumerate(entries):
        if count >= MOST_FILES:
            raise LabError(f"{folder} holds more than {MOST_FILES:,} files. Move the days of interest elsewhere.")
        match = _NAME.fullmatch(entry.name)
        day = _day(match["day"]) if match else None
        if not match or day is None or not entry.is_file():
            continue
        key = match["symbol"].upper(), day
        if key in found:
            both = " and ".join(sorted((found[key].name, entry.name)))
            raise LabError(f"{folder} holds {both}, both for {key[0]} on {day}. Take one of them out of the folder.")
        found[key] = folder / entry.name
    return found


def _day(text: str) -> str | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()
    except ValueError:
        return None


def read_csv_day(path: Path) -> BarArrays:
    """The minutes of one file, oldest first.

    Raises:
        LabError: says file, line, what was found and what must be there.
    """
    try:
        if not path.is_file():  # a pipe would be waited for without end
            raise LabError(f"{path} is not a file that can be read. Replace it or take it out of the folder.")
        with _opened(path) as text:
            rows = list(_rows(path, csv.reader(_lines(path, text))))
    except (OSError, EOFError, zlib.error, UnicodeError, csv.Error) as error:
        raise LabError(f"{path} can't be read: {error}. Replace the file or take it out of the folder.") from error
    columns = np.array(rows, dtype=np.float64).reshape(len(rows), len(HEADS)).T
    return BarArrays(*(np.ascontiguousarray(column) for column in columns))


def _opened(path: Path) -> TextIO:
    """As text, without the mark that Excel puts in front."""
    if path.suffix.lower() == ".gz":
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8-sig", newline=""))
    return path.open(encoding="utf-8-sig", newline="")


def _lines(path: Path, text: TextIO) -> Iterator[str]:
    """Line by line, never more of a file than a day can have."""
    for number in itertools.count(1):
        line = text.readline(MOST_LINE + 1)
        if not line:
            return
        if len(line) > MOST_LINE:
            raise LabError(f"{path}, line {number}: longer than {MOST_LINE} characters. Replace the file.")
        if number > MOST_LINES:
            raise LabError(f"{path}: more than {MOST_LINES:,} lines. Take the empty ones out, or split it by days.")
        yield line


def _rows(path: Path, lines: Iterator[list[str]]) -> Iterator[list[float]]:
    heads = [head.strip().lower() for head in next(lines, [])]
    if heads != HEADS:
        raise LabError(f"{path}, line 1: found {','.join(heads)[:80]!r}; must be {','.join(HEADS)!r}.")
    last = -math.inf
    for number, line in enumerate(lines, start=2):
        if not line:
            continue
        row = _row(path, number, line)
        if row[0] <= last:
            raise LabError(f"{path}, line {number}: {line[0]} is not after the time before it. Sort the file by time.")
        if number > MOST_ROWS + 1:
            raise LabError(f"{path}, line {number}: a day has at most {MOST_ROWS:,} minutes. Split the file by days.")
        last = row[0]
        yield row


def _row(path: Path, number: int, line: list[str]) -> list[float]:
    if len(line) != len(HEADS):
        raise LabError(f"{path}, line {number}: {len(line)} values; must be {len(HEADS)} ({','.join(HEADS)}).")
    try:
        time = _time(line[0].strip())
        prices = [float(text) for text in line[1:5]]
        volume = float(line[5]) if line[5].strip() else math.nan
    except (ValueError, OverflowError) as error:
        raise LabError(f"{path}, line {number}: {error}. Numbers and a UTC time are needed.") from error
    open_, high, low, close = prices
    if not all(math.isfinite(price) and price > 0 for price in prices) or math.isinf(volume) or volume < 0:
        found = ",".join(line[1:])
        raise LabError(f"{path}, line {number}: prices must be above 0, the volume 0 or more; found {found}.")
    if high < max(open_, close) or low > min(open_, close):
        found = ",".join(line[1:5])
        raise LabError(f"{path}, line {number}: open and close must lie between low and high; found {found}.")
    return [time, open_, high, low, close, volume]


def _time(text: str) -> float:
    """Start of the minute, epoch seconds."""
    if re.fullmatch(r"\d{9,10}(\.\d+)?", text):
        seconds = float(text)
    else:
        moment = datetime.fromisoformat(text)
        seconds = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    return seconds - seconds % 60.0
