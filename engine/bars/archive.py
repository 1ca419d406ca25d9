"""The bars on disk, write side: 20 trading days of 1-minute bars per contract in one SQLite file (see `bar_files`).

10-second bars are kept for the same days.

A damaged file is moved aside and begun anew: bars can be asked for again. Every method blocks on the disk; call them
from worker threads, one at a time (a lock sees to it).
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from engine.bars.bar_files import (
    FILE_NAME,
    HOUR_S,
    LOCK_WAIT_S,
    TENS_S,
    VERSION,
    BarColumns,
    StoredSession,
    joined,
    pack,
    unpack,
)
from engine.bars.series import HISTORY
from engine.domain import Bar, ContractRef
from engine.storage import rescues
from engine.storage.encodable import to_json
from engine.storage.places import make_folder
from engine.storage.sqlite_damage import fault_of, make_usable, move_aside

SESSIONS_KEPT = 20
SYMBOLS_KEPT = 3_000
UNUSED_S = 30 * 86_400.0  # a contract that nobody wanted for so long is forgotten
AHEAD_S = 120.0
_NEWER = "a newer QTrade"
_TABLES = f"""
CREATE TABLE IF NOT EXISTS symbols (con_id INTEGER PRIMARY KEY, contract BLOB NOT NULL, spans BLOB NOT NULL,
    saved_market REAL NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (con_id INTEGER NOT NULL, date INTEGER NOT NULL, open REAL, close REAL,
    rows INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (con_id, date)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ten_seconds (con_id INTEGER NOT NULL, date INTEGER NOT NULL, hour INTEGER NOT NULL,
    rows INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (con_id, date, hour)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS daily (con_id INTEGER PRIMARY KEY, bars BLOB NOT NULL);
PRAGMA user_version = {VERSION};
"""

Spans = list[list[float]]


class Saved(NamedTuple):
    """What is to be kept of one contract: the days that changed, and the spans of time whose bars are known.

    `tens` = new 10-second bars, with their trading day (YYYYMMDD). `wrong_tens` = span of market time whose 10-second
    volumes, kept before, were counted in a wrong unit; None = none were.
    """

    contract: ContractRef
    sessions: tuple[StoredSession, ...]
    spans: Spans
    daily: Sequence[Bar]
    tens: tuple[tuple[int, BarColumns], ...] = ()
    wrong_tens: tuple[float, float] | None = None


class Loaded(NamedTuple):
    """What was kept: the newest days' bars, the known spans, the daily bars."""

    bars: BarColumns
    spans: Spans
    daily: list[Bar]


class BarArchive:
    """One folder's file. Raises OSError or sqlite3.Error when the disk refuses; nothing of a failed save is kept."""

    def __init__(self, folder: Path, at_wall: float) -> None:
        self._path = folder / FILE_NAME
        self._lock = threading.Lock()
        make_folder(folder)
        make_usable(self._path)
        why = _fault(self._path)
        if why:
            aside = move_aside(self._path, at_wall, "newer" if why.startswith(_NEWER) else "corrupt")
            rescues.tell(
                self._path,
                "The bars on disk could not be gone on with",
                f"{self._path}: {why}. Moved to {aside.name}, beginning with an empty file; history is asked for again",
            )
        self._db = sqlite3.connect(self._path, timeout=LOCK_WAIT_S, check_same_thread=False)
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def spans(self) -> dict[int, Spans]:
        """Which stretches of market time are known, per contract, oldest first."""
        with self._lock:
            rows = self._db.execute("SELECT con_id, spans FROM symbols").fetchall()
        found = {}
        for con_id, text in rows:
            try:
                found[con_id] = msgspec.json.decode(text, type=Spans)
            except (ValueError, TypeError):  # damaged bytes may be of any type
                continue
        return found

    def load(self, con_ids: Iterable[int], newest: int) -> dict[int, Loaded]:
        """The `newest` days of each contract that is kept. A day that is damaged is left out, and deleted."""
        found = {}
        known = self.spans()
        with self._lock:
            for con_id in con_ids:
                if con_id in known:
                    bars, damaged = self._days(con_id, newest)
                    spans = [] if damaged else known[con_id]
                    found[con_id] = Loaded(bars, spans, self._daily(con_id))
        return found

    def save(self, contracts: Sequence[Saved], at_market: float) -> None:
        """Write these days over what is kept of them, minute by minute; the oldest days beyond 20 go."""
        with self._lock, self._db:
            for saved in contracts:
                con_id = saved.contract.con_id
                text = to_json(saved.contract)
                row = (con_id, text, msgspec.json.encode(saved.spans), at_market)
                self._db.execute("INSERT OR REPLACE INTO symbols VALUES (?, ?, ?, ?)", row)
                for session in saved.sessions:
                    self._put(con_id, session)
                if saved.wrong_tens is not None:
                    self._forget_tens(con_id, *saved.wrong_tens)
                for date, bars in saved.tens:
                    self._put_tens(con_id, date, bars)
                if saved.daily:
                    self._db.execute("INSERT OR REPLACE INTO daily VALUES (?, ?)", (con_id, _text(saved.daily)))
                for table in ("sessions", "ten_seconds"):
                    self._db.execute(
                        f"DELETE FROM {table} WHERE con_id = ? AND date < (SELECT MIN(date) FROM"  # noqa: S608 - ours
                        " (SELECT date FROM sessions WHERE con_id = ? ORDER BY date DESC LIMIT ?))",
                        (con_id, con_id, SESSIONS_KEPT),
                    )

    def prune(self, now_market: float) -> int:
        """Forget contracts unused for 30 days and the longest unused beyond 3,000; returns how many went.

        Those saved after now are of another world: the gateway's clock was set back (a fresh simulator).
        """
        with self._lock, self._db:
            rows = self._db.execute("SELECT con_id, saved_market FROM symbols ORDER BY saved_market DESC").fetchall()
            gone = [
                (con_id,)
                for place, (con_id, saved) in enumerate(rows)
                if place >= SYMBOLS_KEPT or not now_market - UNUSED_S <= saved <= now_market + AHEAD_S
            ]
            for table in ("symbols", "sessions", "ten_seconds", "daily"):
                self._db.executemany(f"DELETE FROM {table} WHERE con_id = ?", gone)  # noqa: S608 - our own names
        return len(gone)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    # --- inside ---------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")  # a power cut may cost the last minutes: history has them
        self._db.execute("PRAGMA journal_size_limit=16777216")
        self._db.executescript(_TABLES)
        if os.name == "posix":
            self._path.chmod(0o600)

    def _days(self, con_id: int, newest: int) -> tuple[BarColumns, bool]:
        rows = self._db.execute(
            "SELECT date, rows, data FROM sessions WHERE con_id = ? ORDER BY date DESC LIMIT ?", (con_id, newest)
        ).fetchall()
        parts = []
        damaged = []
        for date, count, data in reversed(rows):
            bars = unpack(data, count)
            parts += [bars] if bars is not None else []
            damaged += [(con_id, date)] if bars is None else []
        if damaged:
            with self._db:
                self._db.executemany("DELETE FROM sessions WHERE con_id = ? AND date = ?", damaged)
        return joined(parts), bool(damaged)

    def _daily(self, con_id: int) -> list[Bar]:
        row = self._db.execute("SELECT bars FROM daily WHERE con_id = ?", (con_id,)).fetchone()
        try:
            return [] if row is None else msgspec.json.decode(row[0], type=list[Bar])
        except (ValueError, TypeError):
            return []

    def _put(self, con_id: int, session: StoredSession) -> None:
        row = self._db.execute(
            "SELECT open, close, rows, data FROM sessions WHERE con_id = ? AND date = ?", (con_id, session.date)
        ).fetchone()
        bars, opens, closes = session.bars, session.open, session.close
        if row is not None:
            kept = unpack(row[3], row[2])
            bars = bars if kept is None else _laid_over(kept, bars)
            opens, closes = (row[0], row[1]) if opens is None else (opens, closes)
        self._db.execute(
            "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?)",
            (con_id, session.date, opens, closes, len(bars.time), pack(bars)),
        )

    def _put_tens(self, con_id: int, date: int, new: BarColumns) -> None:
        """Each hour's row is written anew: an hour is small."""
        hours = new.time // HOUR_S
        for hour in np.unique(hours).tolist():
            key = (con_id, date, int(hour * HOUR_S))
            bars = BarColumns(*(column[hours == hour] for column in new))
            row = self._db.execute(
                "SELECT rows, data FROM ten_seconds WHERE con_id = ? AND date = ? AND hour = ?", key
            ).fetchone()
            kept = unpack(row[1], row[0], TENS_S) if row is not None else None
            bars = bars if kept is None else _laid_over(kept, bars)
            self._db.execute(
                "INSERT OR REPLACE INTO ten_seconds VALUES (?, ?, ?, ?, ?)", (*key, len(bars.time), pack(bars, TENS_S))
            )

    def _forget_tens(self, con_id: int, start: float, end: float) -> None:
        """Their volume is unknown: nothing tells it later, as history does for minutes."""
        hours = self._db.execute(
            "SELECT date, hour, rows, data FROM ten_seconds WHERE con_id = ? AND hour > ? AND hour < ?",
            (con_id, start - HOUR_S, end),
        ).fetchall()
        for date, hour, count, data in hours:
            bars = unpack(data, count, TENS_S)
            if bars is None:
                continue
            wrong = (bars.time >= start) & (bars.time < end)
            bars = bars._replace(
                volume=np.where(wrong, np.nan, bars.volume),
                quality=np.where(wrong, np.minimum(bars.quality, HISTORY), bars.quality),
            )
            self._db.execute(
                "UPDATE ten_seconds SET data = ? WHERE con_id = ? AND date = ? AND hour = ?",
                (pack(bars, TENS_S), con_id, date, hour),
            )


def _fault(path: Path) -> str:
    """Why the file can't be gone on with; "" = it can, or there is none. Raises as `is_damaged`."""
    if fault := fault_of(path):
        return f"it {fault}"
    if not path.exists():
        return ""
    with closing(sqlite3.connect(path, timeout=LOCK_WAIT_S)) as db, closing(sqlite3.connect(":memory:")) as ours:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            return f"{_NEWER} wrote it (version {version}, this one writes {VERSION})"
        ours.executescript(_TABLES)
        db.text_factory = bytes  # a damaged name can't be read as text
        for (name,) in ours.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            there, wanted = _columns(db, name), _columns(ours, name)
            if there and there != wanted:
                return f"its table {name} is none of ours"
    return ""


def _columns(db: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    """Name and place in the key of each; [] = there is no such table."""
    return [
        (row[1] if isinstance(row[1], bytes) else row[1].encode(), row[5])
        for row in db.execute(f'PRAGMA table_info("{table}")')
    ]


def _laid_over(kept: BarColumns, new: BarColumns) -> BarColumns:
    """Both in the order of time; of a minute that both have the new one counts, for it knew the kept one."""
    if len(new.time) == 0:
        return kept
    elsewhere = ~np.isin(kept.time, new.time)
    if not elsewhere.any():
        return new
    order = np.argsort(np.concatenate([kept.time[elsewhere], new.time]), kind="stable")
    return BarColumns(*(np.concatenate([kept[row][elsewhere], new[row]])[order] for row in range(len(kept))))


def _text(bars: Sequence[Bar]) -> bytes:
    return msgspec.json.encode(list(bars))
