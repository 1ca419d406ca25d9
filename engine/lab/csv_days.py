"""Recorded days as CSV files: `SYMBOL-YYYYMMDD.csv` or `.csv.gz`, one file a symbol and day.

Columns `time` (UTC, start of the minute, ISO 8601 or epoch seconds), `open`, `high`, `low`, `close`, `volume` (shares;
empty = unknown), in this order under a line of heads; minutes without a trade are missing, blank lines are none. A file
is held to what it claims: 1-minute bars of one symbol, of the day in its name, in UTC.

Whoever uses the page names the folder, so a file is read only where it is a regular one of this user (or of the
system), never through a link; and what is said of it names line and column, never what stands there.
"""

from __future__ import annotations

import csv
import errno
import gzip
import io
import itertools
import math
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TextIO, cast

import numpy as np

from engine.bars.build import BAR_S
from engine.bars.series import BarArrays
from engine.clock import NEW_YORK
from engine.errors import LabError
from engine.storage.atomic import reason_of
from engine.storage.places import is_network_path
from engine.storage.private import is_foreign, open_regular

HEADS = ["time", "open", "high", "low", "close", "volume"]
MOST_ROWS = 1_440  # minutes of a day
MOST_LINE = 400  # characters
MOST_LINES = 2 * (MOST_ROWS + 1)  # with those that are empty
MOST_FILES = 50_000
EARLIEST_YEAR, LATEST_YEAR = 1970, 2100
FEWEST_TO_TELL = 10  # rows from which a file's interval shows
JUMP, MOST_JUMPS = 1.5, 3  # a price that changes by half from one minute to the next, so many times, is two symbols'
EVENING_S = 6 * 3_600.0  # a future's day begins at 18:00 New York of the day before
_INTERVALS = (60, 30, 15, 10, 5, 3, 2)  # minutes
_NAME = re.compile(r"(?P<symbol>[A-Z0-9][A-Z0-9 ._-]{0,19})-(?P<day>\d{8})\.csv(\.gz)?", re.IGNORECASE)
_LAYOUT = "SYMBOL-YYYYMMDD.csv or .csv.gz with the columns time,open,high,low,close,volume"


class CsvFolder(NamedTuple):
    """(symbol, day as YYYY-MM-DD) -> file; and how many files have another name or one without a date."""

    files: dict[tuple[str, str], Path]
    left_out: int


def list_csv_days(folder: Path) -> CsvFolder:
    """The recorded days of a folder.

    Raises:
        LabError: no such folder, nothing of this layout in it, or two files for one symbol and day.
    """
    if is_network_path(str(folder), os.name == "nt"):
        raise LabError(f"{folder} is a network path. Copy the days to a folder of this computer, and give that.")
    try:
        if not folder.is_dir():
            raise LabError(f"{folder} is not a folder that can be read. Give the folder that holds {_LAYOUT}.")
        with os.scandir(folder) as entries:
            found = _days_of(folder, entries)
    except OSError as error:
        raise LabError(f"{folder} can't be read: {reason_of(error)}. Give the folder that holds {_LAYOUT}.") from error
    if not found.files:
        others = f" ({found.left_out:,} files of other names are there)" if found.left_out else ""
        raise LabError(f"No recorded day was found in {folder}{others}. Its files must be named {_LAYOUT}.")
    return found


def _days_of(folder: Path, entries: Iterator[os.DirEntry[str]]) -> CsvFolder:
    """The regular files with a name of the layout, and the number of others."""
    found: dict[tuple[str, str], Path] = {}
    left_out = 0
    for count, entry in enumerate(entries):
        if count >= MOST_FILES:
            raise LabError(f"{folder} holds more than {MOST_FILES:,} files. Move the days of interest elsewhere.")
        match = _NAME.fullmatch(entry.name)
        day = _day(match["day"]) if match else None
        is_file = entry.is_file(follow_symlinks=False)
        if not match or day is None or not is_file:
            left_out += (is_file or entry.is_symlink()) and not entry.name.startswith(".")
            continue
        key = match["symbol"].upper(), day
        if key in found:
            both = " and ".join(sorted((found[key].name, entry.name)))
            raise LabError(f"{folder} holds {both}, both for {key[0]} on {day}. Take one of them out of the folder.")
        found[key] = folder / entry.name
    return CsvFolder(found, left_out)


def _day(text: str) -> str | None:
    try:
        found = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
    return found.isoformat() if EARLIEST_YEAR < found.year < LATEST_YEAR else None


def read_csv_day(path: Path) -> BarArrays:
    """The minutes of one file, oldest first.

    Raises:
        LabError: says file, line, what was found and what must be there.
    """
    try:
        with _opened(path) as text:
            rows = list(_rows(path, csv.reader(_lines(path, text))))
    except (OSError, EOFError, zlib.error, UnicodeError, csv.Error) as error:
        why = _reason(error)
        raise LabError(f"{path} can't be read: {why}. Replace the file or take it out of the folder.") from error
    _hold_to_claims(path, rows)
    columns = np.array([row.values for row in rows], dtype=np.float64).reshape(len(rows), len(HEADS)).T
    return BarArrays(*(np.ascontiguousarray(column) for column in columns))


def _reason(error: Exception) -> str:
    """Why, without a byte of the file: the words of some errors show what they met."""
    if isinstance(error, UnicodeError):
        return "it is no UTF-8 text"
    if isinstance(error, OSError) and error.errno is not None:
        return reason_of(error)
    return "it is no CSV" if isinstance(error, csv.Error) else "it is damaged"


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """As text, without the mark that Excel puts in front. Raises OSError: a link, a pipe, a file of another user."""
    with os.fdopen(open_regular(path, os.O_RDONLY), "rb") as raw:
        found = os.fstat(raw.fileno())
        if is_foreign(found, path) and found.st_uid != 0:
            raise OSError(errno.EACCES, "it belongs to another user")
        packed = cast(BinaryIO, gzip.open(raw, "rb")) if path.suffix.lower() == ".gz" else raw
        with io.TextIOWrapper(packed, encoding="utf-8-sig", newline="") as text:
            yield text


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


class _Row(NamedTuple):
    """`line` of the file; `has_zone`: its time said which zone it is in."""

    line: int
    values: list[float]
    has_zone: bool


def _rows(path: Path, lines: Any) -> Iterator[_Row]:
    """`lines` is a csv reader, which counts the lines it has read."""
    full = (line for line in lines if any(cell.strip() for cell in line))
    heads = [head.strip().lower() for head in next(full, [])]
    if heads != HEADS:
        where = max(1, lines.line_num)
        raise LabError(f"{path}, line {where}: other columns; must be {','.join(HEADS)!r}.")
    last = -math.inf
    for count, line in enumerate(full, start=1):
        number = lines.line_num
        row = _row(path, number, line)
        if row.values[0] <= last:
            raise LabError(f"{path}, line {number}: its time is not after the one before it. Sort the file by time.")
        if count > MOST_ROWS:
            raise LabError(f"{path}, line {number}: a day has at most {MOST_ROWS:,} minutes. Split the file by days.")
        last = row.values[0]
        yield row


def _row(path: Path, number: int, line: list[str]) -> _Row:
    if len(line) != len(HEADS):
        raise LabError(f"{path}, line {number}: {len(line)} values; must be {len(HEADS)} ({','.join(HEADS)}).")
    try:
        time, has_zone = _time(line[0].strip())
    except (ValueError, OverflowError, OSError):
        span = f"{EARLIEST_YEAR + 1} to {LATEST_YEAR - 1}"
        raise LabError(
            f"{path}, line {number}, column time: no time of the years {span}, written like 2013-10-07T13:30:00Z or as "
            "epoch seconds."
        ) from None
    numbers = [_number(text) for text in (*line[1:5], line[5] if line[5].strip() else "nan")]
    wrong = next((name for name, found in zip(HEADS[1:], numbers, strict=True) if found is None), None)
    if wrong is not None:
        raise LabError(f"{path}, line {number}, column {wrong}: no number. Numbers and a UTC time are needed.")
    if time % BAR_S:
        raise LabError(f"{path}, line {number}: its time is not the start of a minute. Bars of 1 minute are needed.")
    open_, high, low, close, volume = (found for found in numbers if found is not None)
    prices = (open_, high, low, close)
    if not all(math.isfinite(price) and price > 0 for price in prices) or math.isinf(volume) or volume < 0:
        raise LabError(f"{path}, line {number}: prices must be above 0, the volume 0 or more.")
    if high < max(open_, close) or low > min(open_, close):
        raise LabError(f"{path}, line {number}: open and close must lie between low and high.")
    return _Row(number, [time, open_, high, low, close, volume], has_zone)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _time(text: str) -> tuple[float, bool]:
    """Epoch seconds, and whether the text said its zone. Raises ValueError: no time of the years 1971 to 2099."""
    if re.fullmatch(r"\d{1,12}(\.\d+)?", text):
        seconds, has_zone = float(text), False
    else:
        moment = datetime.fromisoformat(text)
        has_zone = moment.tzinfo is not None and moment.utcoffset() != timedelta(0)
        seconds = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    if not EARLIEST_YEAR < datetime.fromtimestamp(seconds, UTC).year < LATEST_YEAR:
        raise ValueError("another year")
    return seconds, has_zone


# --- what a file claims ---------------------------------------------------------------------------------------------


def _hold_to_claims(path: Path, rows: Sequence[_Row]) -> None:
    """Day, interval, zone and one symbol. Raises LabError."""
    match = _NAME.fullmatch(path.name)
    day = _day(match["day"]) if match else None
    if day is not None:
        _hold_to_day(path, rows, day)
    _hold_to_minutes(path, rows)
    _hold_to_utc(path, rows)
    _hold_to_one_symbol(path, rows)


def _hold_to_day(path: Path, rows: Sequence[_Row], day: str) -> None:
    """New York's date; what trades in the night begins on the evening before."""
    begin = datetime.fromisoformat(day).replace(tzinfo=NEW_YORK)
    first, end = begin.timestamp() - EVENING_S, (begin + timedelta(days=1)).timestamp()
    for row in rows:
        if not first <= row.values[0] < end:
            local = datetime.fromtimestamp(row.values[0], NEW_YORK)
            raise LabError(
                f"{path}, line {row.line}: {local:%Y-%m-%d %H:%M} in New York is not of {day}, the day in the file's "
                "name. Correct the name, or the times (they must be UTC)."
            )


def _hold_to_minutes(path: Path, rows: Sequence[_Row]) -> None:
    if len(rows) < FEWEST_TO_TELL:
        return
    apart = next((n for n in _INTERVALS if all(row.values[0] % (n * BAR_S) == 0 for row in rows)), None)
    if apart is not None:
        raise LabError(f"{path}, line {rows[1].line}: bars of {apart} minutes. Bars of 1 minute are needed.")


def _hold_to_utc(path: Path, rows: Sequence[_Row]) -> None:
    """A stock's regular day under New York's own clock would be 05:30 to 12:00 there (04:30 to 11:00 in winter)."""
    if len(rows) < FEWEST_TO_TELL or any(row.has_zone for row in rows):
        return
    opens, closes = (datetime.fromtimestamp(rows[at].values[0], UTC) for at in (0, -1))
    if (opens.hour, opens.minute) == (9, 30) and (closes.hour, closes.minute) in ((15, 59), (12, 59)):
        local = datetime.fromtimestamp(rows[0].values[0], NEW_YORK)
        raise LabError(
            f"{path}, line {rows[0].line}: {local:%H:%M} in New York, if {opens:%H:%M} is UTC: these look like New "
            "York's own times. Times must be UTC, or say their zone (2013-10-07T09:30:00-04:00)."
        )


def _hold_to_one_symbol(path: Path, rows: Sequence[_Row]) -> None:
    jumps = [
        (one, other)
        for one, other in itertools.pairwise(rows)
        if not 1 / JUMP <= other.values[1] / one.values[4] <= JUMP
    ]
    if len(jumps) >= MOST_JUMPS:
        one, other = jumps[0]
        raise LabError(
            f"{path}, line {other.line}: from {one.values[4]:g} to {other.values[1]:g} at once, and {len(jumps) - 1} "
            "more of that kind: bars of more than one symbol. One file holds one symbol."
        )
