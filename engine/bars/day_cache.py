"""The relative-volume bases of one day on disk, so that a restart does not spend the history allowance again.

One file of JSON lines: a head with version and New York's date, then a line per symbol with the 15-minute bars as the
gateway sent them (its unit of volume). A file of another day counts for nothing, a damaged one is moved aside.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.bars.packed_bars import PackedBars
from engine.domain import Bar
from engine.storage.atomic import read_cached
from engine.storage.places import free_for_file
from engine.storage.private import open_regular

VERSION = 1
FILE_NAME = "usual-volume.jsonl"


class _Head(Struct, frozen=True):
    version: int
    date: str


class _Line(Struct, frozen=True, array_like=True):
    con_id: int
    times: tuple[float, ...]
    volumes: tuple[float | None, ...]


class DayCache:
    """Reads once, then appends; safe to call from worker threads. Raises OSError when the disk refuses."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._lock = threading.Lock()
        self._date = ""

    def load(self, date: str) -> dict[int, PackedBars]:
        """What was kept on this date (YYYYMMDD), by con_id. Only time and volume of the bars mean something."""
        with self._lock:
            found = read_cached(self._path, _taken_apart, time.time())
            if found is None or (found[0].version, found[0].date) != (VERSION, date):
                return {}
            self._date = date
            return dict(filter(None, map(_read, found[1])))

    def append(self, date: str, con_id: int, bars: Sequence[Bar]) -> None:
        """Keep one symbol's bars; the first of a new day begins the file anew."""
        line = _Line(con_id, tuple(bar.time for bar in bars), tuple(bar.volume for bar in bars))
        with self._lock:
            free_for_file(self._path)
            fresh = date != self._date or not self._path.exists()
            if fresh:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(self._path, "wb" if fresh else "ab", opener=open_regular) as file:
                if fresh:
                    file.write(msgspec.json.encode(_Head(VERSION, date)) + b"\n")
                file.write(msgspec.json.encode(line) + b"\n")
            self._date = date


def _taken_apart(raw: bytes) -> tuple[_Head, list[bytes]]:
    lines = raw.splitlines()
    return msgspec.json.decode(lines[0] if lines else b"", type=_Head), lines[1:]


def _read(line: bytes) -> tuple[int, PackedBars] | None:
    """One symbol; None for a line that was cut off by a crash."""
    try:
        kept = msgspec.json.decode(line, type=_Line)
    except ValueError:
        return None
    pairs = zip(kept.times, kept.volumes, strict=False)
    return kept.con_id, PackedBars(Bar(time, 0.0, 0.0, 0.0, 0.0, volume, "history") for time, volume in pairs)
