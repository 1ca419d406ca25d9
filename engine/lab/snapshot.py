"""Today's bars as the lab process is given them: plain columns, of the symbols that changed. Engine thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import numpy as np

from engine.bars.hours import Hours
from engine.bars.sessions import ContractHours, is_us_stock
from engine.bars.store import BarStore, SymbolBars
from engine.clock import NEW_YORK
from engine.domain import Quote
from engine.lab.messages import SymbolMinutes

WARM_BARS = 600  # before today: enough for every average to settle but the very slow


class TodaySnapshot:
    """Remembers what was sent. `quote`, `exempt` and `unit_known` as for the breakout scanner."""

    def __init__(
        self,
        store: BarStore,
        quote: Callable[[int], Quote | None],
        exempt: Callable[[int], bool],
        unit_known: Callable[[int], bool],
    ) -> None:
        self._store = store
        self._quote = quote
        self._exempt = exempt
        self._unit_known = unit_known
        self._sent: dict[int, tuple[int, bool, bool]] = {}
        self.day_start: float | None = None
        self.bars_to: float | None = None  # end of the newest minute

    def forget(self) -> None:
        """The process knows nothing (any more)."""
        self._sent.clear()
        self.day_start = None

    def drop(self, con_id: int) -> None:
        """Its bars were removed: if it comes back, they are others."""
        self._sent.pop(con_id, None)

    def begin(self) -> bool:
        """Find out what "today" is; True = the process has to begin anew (call before `changed`)."""
        newest = max((entry.series.last_time or 0.0 for entry in self._entries()), default=0.0)
        self.bars_to = newest + 60.0 if newest else None
        start = _midnight(newest) if newest else 0.0
        if start == self.day_start:
            return False
        self.forget()
        self.day_start = start
        return True

    def changed(self) -> Iterator[SymbolMinutes | None]:
        """Each symbol whose bars changed since they were sent; None = looked at one that did not."""
        start = self.day_start or 0.0
        for entry in list(self._entries()):
            con_id = entry.contract.con_id
            mark = (entry.series.version, self._exempt(con_id), self._unit_known(con_id))
            if self._sent.get(con_id) == mark:
                yield None
                continue
            self._sent[con_id] = mark
            yield self._minutes(entry, start)

    def _entries(self) -> Iterator[SymbolBars]:
        for con_id in self._store.con_ids():
            entry = self._store.get(con_id)
            if entry is not None and len(entry.series):
                yield entry

    def _dates_of(self, entry: SymbolBars, start: float) -> tuple[int, ...]:
        """The trading days from midnight to the last bar: a future's evening belongs to tomorrow."""
        days = self._store.trading_days(entry.contract.con_id)
        found = {days.of(start), days.of(max(start, entry.series.last_time or 0.0))}
        return tuple(day.year * 10_000 + day.month * 100 + day.day for day in sorted(found))

    def _minutes(self, entry: SymbolBars, start: float) -> SymbolMinutes:
        contract, usual = entry.contract, entry.usual
        stock = is_us_stock(contract)
        hours = entry.hours or (self._store.us_hours if stock else None) or ContractHours()
        bars = entry.series.arrays()
        first = max(0, int(np.searchsorted(bars.time, start)) - WARM_BARS)
        columns = np.stack([column[first:] for column in bars])
        if not self._unit_known(contract.con_id):
            columns[5] = np.nan
        quote = self._quote(contract.con_id)
        average = quote.avg_volume if quote is not None else None
        return SymbolMinutes(
            con_id=contract.con_id,
            symbol=contract.local_symbol,
            is_us_stock=stock,
            floored=contract.sec_type == "STK" and not self._exempt(contract.con_id),
            average_volume=average if average is not None or usual is None else usual.daily,
            columns=columns.astype("<f8").tobytes(),
            usual=b"" if usual is None else usual.quarters.astype("<f4").tobytes(),
            usual_sessions=0 if usual is None else usual.sessions,
            usual_daily=0.0 if usual is None else usual.daily,
            usual_zone="" if usual is None else usual.zone,
            dates=self._dates_of(entry, start),
            tens_from=entry.ten_seconds.known_from if entry.ten_seconds is not None else 0.0,
            trading=hours.trading.sessions,
            liquid=hours.liquid.sessions,
            trading_known=_known(hours.trading),
            liquid_known=_known(hours.liquid),
        )


def _known(hours: Hours) -> tuple[float, float] | None:
    if hours.known_from is None or hours.known_to is None:
        return None
    return hours.known_from, hours.known_to


def _midnight(at_market: float) -> float:
    """Start of New York's day."""
    local = datetime.fromtimestamp(at_market, NEW_YORK)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
