"""Recorded days out of the archive of years (`engine.archive`), asked for by DuckDB.

Where several engines wrote the same symbol and day, of each bar the best seen one counts. A file that can't be read is
set aside under the name `<file>.bad`, and said; its day is left out.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from engine.archive.names import MINUTES, TEN_SECONDS, BarFile, Bars, bar_file
from engine.archive.parquet import KEY, About, about_of
from engine.archive.store import ArchiveStore
from engine.bars.bar_files import NO_BARS, SOURCES, BarColumns
from engine.bars.series import BarArrays
from engine.bars.sessions import is_us_stock
from engine.errors import LabError, StateError
from engine.lab.recordings import RecordedDay, regular_hours, stock_hours

log = logging.getLogger("qtrade.lab")

SAMPLED, HISTORY = SOURCES.index("sampled"), SOURCES.index("history")
AT_ONCE = 32  # days of one symbol that are read together
_BARS = f"""
SELECT filename, epoch_ms(time) / 1000.0 AS time, {", ".join(NO_BARS._fields[1:6])}, quality::DOUBLE AS quality
FROM read_parquet($files, filename = true, hive_partitioning = false)
ORDER BY filename, time
"""  # noqa: S608 - our own names
_ABOUT = "SELECT file_name, value FROM parquet_kv_metadata($files) WHERE key = $key"


class _Read(NamedTuple):
    about: About
    bars: BarColumns


class ArchiveRecordings:
    """One mode's days. Raises LabError while nothing was written there yet, or the place can't be reached."""

    def __init__(self, url: str) -> None:
        root, _, self._mode = url.rstrip("/").rpartition("/")
        self._db = duckdb.connect(":memory:")
        self._db.execute("SET threads = 1")  # a run leaves the other cores to the program
        try:
            self._store = ArchiveStore(root)
            if not self._store.is_folder:
                self._db.register_filesystem(self._store.system)
            minutes, self.left_out = self._listed(MINUTES)
            tens, _ = self._listed(TEN_SECONDS)
        except StateError as error:
            raise LabError(f"The archive can't be read: {error}. {error.cure}") from error
        if not minutes:
            raise LabError(f"No day is in the archive {root} yet: each is written once it is over.")
        self._minutes, self._tens = _by_day(minutes), _by_day(tens)
        self._days = sorted(self._minutes)
        self._kept: dict[tuple[str, str], RecordedDay | LabError] = {}  # of one symbol

    def days(self) -> Sequence[tuple[str, str]]:
        return self._days

    def load(self, symbol: str, day: str) -> RecordedDay:
        if (symbol, day) not in self._kept:
            first = self._days.index((symbol, day))
            wanted = [each for each in self._days[first : first + AT_ONCE] if each[0] == symbol]
            recent = {key: kept for key, kept in self._kept.items() if key[0] == symbol}
            self._kept = {**recent, **self._loaded(wanted)}
        found = self._kept[symbol, day]
        if isinstance(found, LabError):
            raise found
        return found

    def _listed(self, kind: Bars) -> tuple[list[BarFile], int]:
        names = [bar_file(path) for path in self._paths(f"{self._mode}/{kind}")]
        return [name for name in names if name is not None], sum(name is None for name in names)

    def _paths(self, folder: str) -> list[str]:
        """All files below it. Of a folder on disk DuckDB lists a million in some seconds."""
        root = self._store.full("")
        if not self._store.is_folder or set(root) & set("*?[]"):
            return [each.path for each in self._store.files(folder)]
        found = self._db.execute("SELECT file FROM glob($files)", {"files": f"{root}{folder}/*/*"}).fetchall()
        return sorted(str(name).replace("\\", "/")[len(root) :] for (name,) in found)

    def _loaded(self, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], RecordedDay | LabError]:
        files = [each for key in wanted for where in (self._minutes, self._tens) for each in where.get(key, ())]
        read, bad = self._read(files)
        found: dict[tuple[str, str], RecordedDay | LabError] = {}
        for symbol, day in wanted:
            minutes = [read[each.path] for each in self._minutes[symbol, day] if each.path in read]
            tens = [read[each.path] for each in self._tens.get((symbol, day), ()) if each.path in read]
            if minutes:
                found[symbol, day] = _recorded(symbol, day, minutes, tens)
            else:
                words = " ".join(bad.get(each.path, "it holds nothing") for each in self._minutes[symbol, day])
                found[symbol, day] = LabError(f"{symbol}, {day}: {words}.")
        return found

    def _read(self, files: Sequence[BarFile]) -> tuple[dict[str, _Read], dict[str, str]]:
        """All files in one question; where one is damaged, each by itself. By path: what was read, and why not."""
        try:
            return self._asked(files), {}
        except (duckdb.Error, ValueError):
            read: dict[str, _Read] = {}
            bad: dict[str, str] = {}
            for file in files:
                try:
                    read |= self._asked([file])
                except (duckdb.Error, ValueError) as error:
                    bad[file.path] = self._set_aside(file, error)
            return read, bad

    def _asked(self, files: Sequence[BarFile]) -> dict[str, _Read]:
        """Raises duckdb.Error or ValueError: damaged, none of ours, or away."""
        path_of = {self._store.address(file.path): file.path for file in files}
        abouts = dict(self._db.execute(_ABOUT, {"files": list(path_of), "key": KEY}).fetchall())
        columns = self._db.execute(_BARS, {"files": list(path_of)}).fetchnumpy()
        names = columns.pop("filename")
        bars = BarColumns(*(_plain(columns[name]) for name in NO_BARS._fields))
        found = {}
        for name, path in path_of.items():
            if name not in abouts:
                raise ValueError(f"{path} is none of QTrade's")
            mine = names == name
            found[path] = _Read(about_of(bytes(abouts[name])), BarColumns(*(column[mine] for column in bars)))
        return found

    def _set_aside(self, file: BarFile, error: Exception) -> str:
        """Only a file that is there and can't be understood: a place that is away says nothing of it."""
        words = str(error).splitlines()[0]
        if isinstance(error, duckdb.IOException | duckdb.HTTPException):
            return f"{file.path} can't be read: {words}"
        try:
            aside = self._store.set_aside(file.path)
        except StateError as refused:
            return f"{file.path} is damaged ({words}) and can't be set aside: {refused}"
        log.error("%s is damaged (%s): set aside as %s", file.path, words, aside)
        return f"{file.path} is damaged: set aside as {aside.rpartition('/')[2]}"


def _recorded(symbol: str, day: str, minutes: Sequence[_Read], tens: Sequence[_Read]) -> RecordedDay:
    about = next((each.about for each in minutes if each.about.open is not None), minutes[0].about)
    found = _best(each.bars for each in minutes)
    bars = BarArrays(*found[:6])
    hours = regular_hours(bars, about.open, about.close)
    is_us = is_us_stock(about.contract)
    if not hours.liquid.sessions and is_us:
        hours = stock_hours(day)
    visited = int(np.count_nonzero(found.quality == SAMPLED)) * 2 > len(found.time)
    is_stock = about.contract.sec_type == "STK"
    whole = found.quality >= HISTORY
    return RecordedDay(symbol, day, bars, hours, is_stock, visited, whole, is_us, _best(each.bars for each in tens))


def _best(parts: Iterable[BarColumns]) -> BarColumns:
    """In the order of time; of a bar that several engines saw the best seen one."""
    told = [part for part in parts if len(part.time)]
    if len(told) < 2:
        return told[0] if told else NO_BARS
    bars = BarColumns(*(np.concatenate([part[row] for part in told]) for row in range(len(NO_BARS))))
    order = np.lexsort((-bars.quality, bars.time))
    ordered = BarColumns(*(column[order] for column in bars))
    first = np.concatenate([[True], np.diff(ordered.time) > 0])
    return BarColumns(*(column[first] for column in ordered))


def _plain(column: Any) -> NDArray[np.float64]:
    """Without DuckDB's mask: what is missing is NaN."""
    return np.ascontiguousarray(np.ma.filled(column.astype(np.float64), np.nan))


def _by_day(files: Iterable[BarFile]) -> dict[tuple[str, str], list[BarFile]]:
    """By name and day; where two contracts share a name, the con_id stands behind it, as among the own days."""
    told = list(files)
    ids: dict[str, set[int]] = {}
    for file in told:
        ids.setdefault(file.symbol, set()).add(file.con_id)
    found: dict[tuple[str, str], list[BarFile]] = {}
    for file in told:
        name = file.symbol if len(ids[file.symbol]) == 1 else f"{file.symbol} #{file.con_id}"
        found.setdefault((name, file.day), []).append(file)
    return found
