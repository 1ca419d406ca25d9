"""The bars on disk, read side: 1-minute bars per contract and session, for restarts, the API and the lab process.

`<data-dir>/<mode>-<account>/bars/bars.sqlite3`, written by `engine.bars.archive` alone. One row per contract and
trading day holds the day's columns, compressed; 10-second bars, of what streamed, lie in rows of an hour. Any process
may read while the engine writes (WAL). Pure functions of a folder; each opens and closes its own connection, so that
any thread may call.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.domain import Bar, BarSource, ContractRef
from engine.errors import StateError

Floats = NDArray[np.float64]

FILE_NAME = "bars.sqlite3"
VERSION = 1
LOCK_WAIT_S = 1.0
MINUTE_S = 60.0
TENS_S = 10.0
HOUR_S = 3_600.0
# How a bar came to be, as engine.bars.series counts: seen in part, visited, history, streamed whole.
SOURCES: tuple[BarSource, ...] = ("streamed", "sampled", "history", "streamed")
_PRICES = 5  # open, high, low, close, volume


class BarColumns(NamedTuple):
    """Closed bars of one length, oldest first. `time` = start, UTC epoch seconds; `volume` in shares, NaN = unknown.

    `quality`: 0 streamed in part, 1 sampled, 2 history, 3 streamed whole (an index into `SOURCES`).
    """

    time: Floats
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    quality: Floats

    def between(self, start: float, end: float) -> BarColumns:
        """The bars with start <= time < end."""
        first, last = np.searchsorted(self.time, (start, end))
        return BarColumns(*(column[first:last] for column in self))


NO_BARS = BarColumns(*(np.empty(0) for _ in range(7)))


class StoredSession(NamedTuple):
    """One trading day (YYYYMMDD of the exchange). `open`, `close`: its regular hours, None = were not known."""

    date: int
    open: float | None
    close: float | None
    bars: BarColumns


class StoredSymbol(NamedTuple):
    """What is kept of one contract. `dates` = its trading days, oldest first; `saved_market` = newest write."""

    con_id: int
    contract: ContractRef
    dates: tuple[int, ...]
    saved_market: float


def list_symbols(folder: Path) -> list[StoredSymbol]:
    """Every contract with bars in this folder, by name; [] = nothing was kept yet.

    Raises:
        StateError: the file is there and can't be read; the text says why.
    """
    with _reading(folder) as db:
        if db is None:
            return []
        days: dict[int, list[int]] = {}
        for con_id, date in db.execute("SELECT con_id, date FROM sessions ORDER BY con_id, date"):
            days.setdefault(con_id, []).append(date)
        found = []
        for con_id, text, saved in db.execute("SELECT con_id, contract, saved_market FROM symbols"):
            contract = _contract(text) if con_id in days else None
            if contract is not None:
                found.append(StoredSymbol(con_id, contract, tuple(days[con_id]), saved))
    return sorted(found, key=lambda symbol: symbol.contract.local_symbol)


def _contract(text: bytes) -> ContractRef | None:
    """None = damaged: its bars can't be called by a name until it is met again."""
    try:
        return msgspec.json.decode(text, type=ContractRef)
    except (ValueError, TypeError):
        return None


def read_sessions(folder: Path, con_id: int, newest: int | None = None) -> list[StoredSession]:
    """The trading days of one contract, oldest first, at most the `newest` ones; days that are damaged are left out.

    Raises:
        StateError: as in `list_symbols`.
    """
    with _reading(folder) as db:
        if db is None:
            return []
        rows = db.execute(
            "SELECT date, open, close, rows, data FROM sessions WHERE con_id = ? ORDER BY date DESC LIMIT ?",
            (con_id, -1 if newest is None else newest),
        ).fetchall()
    sessions = []
    for date, opens, closes, count, data in reversed(rows):
        bars = unpack(data, count)
        if bars is not None:
            sessions.append(StoredSession(date, opens, closes, bars))
    return sessions


def read_session_bars(folder: Path, con_id: int, newest: int | None = None) -> BarColumns:
    """All kept 1-minute bars of one contract in one set of columns (of the `newest` trading days); may be empty.

    Raises:
        StateError: as in `list_symbols`.
    """
    return joined([session.bars for session in read_sessions(folder, con_id, newest)])


class WantedTens(NamedTuple):
    """10-second bars of one trading day (YYYYMMDD) that begin at `since` or later."""

    con_id: int
    date: int
    since: float = float("-inf")


def read_ten_seconds(folder: Path, wanted: Sequence[WantedTens]) -> list[BarColumns]:
    """The 10-second bars of each wish, in that order; they may be empty.

    `quality` 3 = its line streamed for all of the 10 s. Damaged hours are left out.

    Raises:
        StateError: as in `list_symbols`.
    """
    with _reading(folder) as db:
        if db is None or not _has_tens(db):
            return [NO_BARS for _ in wanted]
        return [_tens_of(db, each) for each in wanted]


def _tens_of(db: sqlite3.Connection, wanted: WantedTens) -> BarColumns:
    rows = db.execute(
        "SELECT rows, data FROM ten_seconds WHERE con_id = ? AND date = ? AND hour > ? ORDER BY hour",
        (wanted.con_id, wanted.date, wanted.since - HOUR_S),
    ).fetchall()
    hours = [bars for count, data in rows if (bars := unpack(data, count, TENS_S)) is not None]
    return joined(hours).between(wanted.since, float("inf"))


def _has_tens(db: sqlite3.Connection) -> bool:
    """Files of programs before the 10-second bars have none."""
    return db.execute("SELECT 1 FROM sqlite_master WHERE name = 'ten_seconds'").fetchone() is not None


def read_daily(folder: Path, con_id: int) -> list[Bar]:
    """The history's daily bars of one contract, oldest first, at midnight UTC of their dates; [] = none kept.

    Raises:
        StateError: as in `list_symbols`.
    """
    with _reading(folder) as db:
        row = None if db is None else db.execute("SELECT bars FROM daily WHERE con_id = ?", (con_id,)).fetchone()
    try:
        return [] if row is None else msgspec.json.decode(row[0], type=list[Bar])
    except (ValueError, TypeError):
        return []


class BarFiles:
    """The bars of the account in use, for the pages' threads: the engine names the folder once it knows it."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def open(self, folder: Path | None) -> None:
        """Read this folder from now on; None = no account is in use."""
        self._folder = folder

    def symbols(self) -> list[StoredSymbol]:
        """As `list_symbols`."""
        return list_symbols(self._folder) if self._folder is not None else []

    def sessions(self, con_id: int, newest: int) -> list[StoredSession]:
        """As `read_sessions`."""
        return read_sessions(self._folder, con_id, newest) if self._folder is not None else []

    def daily(self, con_id: int) -> list[Bar]:
        """As `read_daily`."""
        return read_daily(self._folder, con_id) if self._folder is not None else []


def joined(parts: list[BarColumns]) -> BarColumns:
    """Columns one after the other; the parts are in the order of time and don't overlap."""
    if not parts:
        return NO_BARS
    return BarColumns(*(np.concatenate([part[row] for part in parts]) for row in range(7)))


def as_bars(columns: BarColumns) -> list[Bar]:
    """The same bars as values."""
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [
        Bar(time, open_, high, low, close, None if volume != volume else volume, SOURCES[int(quality)])
        for time, open_, high, low, close, volume, quality in rows
    ]


def pack(bars: BarColumns, bar_s: float = MINUTE_S) -> bytes:
    """Columns as compressed bytes: number of the bar since the epoch, five columns of doubles, one of small numbers."""
    numbers = np.round(bars.time / bar_s).astype("<i4")
    prices = np.ascontiguousarray(bars[1 : 1 + _PRICES], dtype="<f8")
    whole = numbers.tobytes() + prices.tobytes() + bars.quality.astype(np.uint8).tobytes()
    return zlib.compress(whole, 1)


def unpack(data: bytes, count: int, bar_s: float = MINUTE_S) -> BarColumns | None:
    """The columns of `pack`; None when the bytes are not those of `count` bars in order."""
    try:
        whole = zlib.decompress(data)
    except (zlib.error, TypeError):
        return None
    if not isinstance(count, int) or count < 0 or len(whole) != count * (4 + 8 * _PRICES + 1):
        return None
    numbers = np.frombuffer(whole, "<i4", count)
    prices = np.frombuffer(whole, "<f8", count * _PRICES, 4 * count).reshape(_PRICES, count)
    quality = np.frombuffer(whole, np.uint8, count, len(whole) - count)
    in_order = count < 2 or bool(np.all(np.diff(numbers) > 0))
    if not in_order or not np.isfinite(prices[:4]).all() or (count and quality.max() >= len(SOURCES)):
        return None
    opens, highs, lows, closes, volumes = prices
    return BarColumns(numbers * bar_s, opens, highs, lows, closes, volumes, quality.astype(np.float64))


@contextmanager
def _reading(folder: Path) -> Iterator[sqlite3.Connection | None]:
    """A connection that can't write; None when there is no file. WAL needs write access to its side files to read."""
    path = folder / FILE_NAME
    if not path.exists():
        yield None
        return
    db = None
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=LOCK_WAIT_S)
        db.execute("PRAGMA query_only=ON")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise StateError(f"{path} is of version {version}, this program reads {VERSION}; start the newer program")
        yield db if version else None  # 0 = the engine is just making it
    except (sqlite3.Error, ValueError) as error:
        raise StateError(f"{path} can't be read: {error}; it is made anew when the engine starts") from error
    finally:
        if db is not None:
            db.close()
