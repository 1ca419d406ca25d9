"""Recorded days out of the app's own bar files (`engine.bars.bar_files`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from engine.bars.bar_files import (
    NO_BARS,
    SOURCES,
    BarColumns,
    StoredSession,
    StoredSymbol,
    WantedTens,
    list_symbols,
    read_sessions,
    read_ten_seconds,
)
from engine.bars.series import BarArrays
from engine.bars.sessions import is_us_stock
from engine.errors import LabError
from engine.lab.recordings import RecordedDay, regular_hours, stock_hours

SAMPLED, HISTORY = SOURCES.index("sampled"), SOURCES.index("history")


class AppRecordings:
    """The folder `bars/` of one account. Raises LabError while nothing was kept there yet."""

    left_out = 0

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        found = list_symbols(folder)
        if not found:
            raise LabError(
                f"No day is recorded yet in {folder}. Days are kept as they are traded; a folder of CSV files can be "
                "used until then."
            )
        self._symbols = _by_name(found)
        self._read: tuple[str, dict[str, StoredSession]] = ("", {})  # the newest symbol alone

    def days(self) -> Sequence[tuple[str, str]]:
        return sorted((name, _iso(number)) for name, stored in self._symbols.items() for number in stored.dates)

    def load(self, symbol: str, day: str) -> RecordedDay:
        stored = self._symbols[symbol]
        try:
            date.fromisoformat(day)
        except ValueError as error:
            raise LabError(f"{symbol}: a day of the bars on disk is called {day}: {error}. It is left out.") from error
        if self._read[0] != symbol:
            sessions = read_sessions(self._folder, stored.con_id)
            self._read = (symbol, {_iso(each.date): each for each in sessions})
        session = self._read[1].get(day)
        is_stock = stored.contract.sec_type == "STK"
        if session is None:  # damaged, or gone since the list was made
            return RecordedDay(symbol, day, BarArrays(*NO_BARS[:6]), stock_hours(day), is_stock)
        bars = BarArrays(*session.bars[:6])
        hours = regular_hours(bars, session.open, session.close)
        if not hours.liquid.sessions and is_us_stock(stored.contract):
            hours = stock_hours(day)
        whole = session.bars.quality >= HISTORY
        (tens,) = read_ten_seconds(self._folder, [WantedTens(stored.con_id, session.date)])
        is_us = is_us_stock(stored.contract)
        return RecordedDay(symbol, day, bars, hours, is_stock, _is_visited(session.bars), whole, is_us, tens)


def _is_visited(bars: BarColumns) -> bool:
    return int(np.count_nonzero(bars.quality == SAMPLED)) * 2 > len(bars.time)


def _iso(number: int) -> str:
    return f"{number // 10_000:04d}-{number // 100 % 100:02d}-{number % 100:02d}"


def _by_name(found: Sequence[StoredSymbol]) -> dict[str, StoredSymbol]:
    """Local symbols as names; where two contracts share one, the con_id stands behind it."""
    names = [stored.contract.local_symbol for stored in found]
    return {
        name if names.count(name) == 1 else f"{name} #{stored.con_id}": stored
        for name, stored in zip(names, found, strict=True)
    }
