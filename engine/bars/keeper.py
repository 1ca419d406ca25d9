"""BarKeeper: brings the bars of the store to disk and back, off the event loop.

What an earlier run kept of a contract is joined to its bars when it is admitted, so that the broker has to be asked
only for the time since; every closed minute is on disk within seconds, and its 10-second bars with it (they stay there:
only the Lab reads them). A disk that refuses costs the next start some requests and nothing else. Engine loop only; the
disk's work runs in a worker thread.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.bars.archive import BarArchive, Loaded, Saved, Spans
from engine.bars.bar_files import BarColumns, StoredSession
from engine.bars.build import BAR_S
from engine.bars.hours import Hours
from engine.bars.sessions import is_us_stock
from engine.bars.store import REWIND_S, BarStore, SymbolBars
from engine.bars.ten_second import TenSecondBars
from engine.bars.trading_day import TradingDays, regular_hours
from engine.clock import Clock
from engine.domain import Bar, ContractRef
from engine.errors import StateError
from engine.storage.problems import cure_of
from engine.storage.sqlite_damage import is_corruption

log = logging.getLogger("qtrade.history")

STEP_S = 0.25
SAVE_EVERY_S = 2.0
LOAD_AT_ONCE = 100
SAVE_AT_ONCE = 100
SESSIONS_LOADED = 2
AGAIN_S = 30.0  # after the disk refused
_REFUSALS = (OSError, sqlite3.Error, StateError)


class _State(NamedTuple):
    """What was saved last of one contract."""

    version: int
    newest: float
    daily: Sequence[Bar]
    newest_ten: float = float("-inf")
    tens_revision: int = 0
    tens_known_from: float = 0.0

    def holds(self, tens: TenSecondBars) -> bool:
        """Whether all of them were saved as they are."""
        saved = self.newest_ten, self.tens_revision, self.tens_known_from
        return saved == (_or_never(tens.series.last_time), tens.series.revision, tens.known_from)


_NO_ROWS = np.empty((7, 0))
_UNSAVED = _State(-1, float("-inf"), ())


class _Copy(NamedTuple):
    """What the worker thread is given: values and a copy of the changed columns, nothing that the loop changes."""

    contract: ContractRef
    rows: NDArray[np.float64]
    spans: Spans
    daily: Sequence[Bar]
    days: TradingDays
    liquid: Hours
    tens: NDArray[np.float64]
    wrong_tens: tuple[float, float] | None


class BarKeeper:
    """`open` a folder, then `run`; `is_ready` tells whether what the disk knows of a contract is in the store."""

    def __init__(self, store: BarStore, clock: Clock, market: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._market = market
        self._archive: BarArchive | None = None
        self._kept: set[int] = set()  # contracts of the file
        self._pruned = False
        self._loaded: set[int] = set()
        self._saved: dict[int, _State] = {}
        self._clock_known = False
        self._save_due_mono = 0.0
        self._busy = asyncio.Lock()
        self._folder: Path | None = None
        self._again_mono = float("-inf")
        self.problem = ""
        self.cure = ""  # what helps against it

    async def open(self, folder: Path) -> None:
        """Use this folder from now on; what is not saved yet goes to the former one first."""
        await self.close()
        async with self._busy:
            self._folder = folder
            await self._begin(folder)

    async def _begin(self, folder: Path) -> None:
        try:
            self._archive = await asyncio.to_thread(BarArchive, folder, self._clock.wall())
        except _REFUSALS as error:
            await self._refused(error)
            return
        self._pruned = False
        self._loaded.clear()
        self._saved.clear()
        if self.problem:
            self.problem = self.cure = ""
            log.warning("Bars are kept on disk again")

    def start_loading(self) -> None:
        """The market clock is known: what is on disk may be judged by it."""
        self._clock_known = True

    def is_ready(self, con_id: int) -> bool:
        """False while the disk's bars of this contract are on their way."""
        return self._archive is None or con_id in self._loaded

    async def run(self) -> None:
        """Load what is admitted, save what changed, for ever. Cancel it to stop."""
        while True:
            await self.step()
            await asyncio.sleep(STEP_S)

    async def step(self) -> None:
        """One round."""
        async with self._busy:
            if self._archive is None and self._folder is not None and self._clock.mono() >= self._again_mono:
                await self._begin(self._folder)
            if self._archive is None or not self._clock_known:
                return
            try:
                if not self._pruned:
                    self._kept = await asyncio.to_thread(_prune, self._archive, self._market())
                    self._pruned = True
                await self._load(self._archive)
                if self._clock.mono() >= self._save_due_mono:
                    self._save_due_mono = self._clock.mono() + SAVE_EVERY_S
                    await self._save(self._archive, SAVE_AT_ONCE)
            except _REFUSALS as error:
                await self._refused(error)

    async def close(self) -> None:
        """Save what is left and let the file go."""
        async with self._busy:
            archive, self._archive, self._folder = self._archive, None, None
            self._loaded, loaded = set(), self._loaded
            if archive is None:
                return
            try:
                await self._save(archive, len(self._store), loaded)
                await asyncio.to_thread(archive.close)
            except _REFUSALS as error:
                log.warning("The newest bars could not be kept on disk: %s", error)
            self._saved.clear()

    # --- loading --------------------------------------------------------------------------------------------

    async def _load(self, archive: BarArchive) -> None:
        new = [con_id for con_id in self._store.con_ids() if con_id not in self._loaded]
        if not new:
            return
        wanted = [con_id for con_id in new if con_id in self._kept][:LOAD_AT_ONCE]
        found = await asyncio.to_thread(archive.load, wanted, SESSIONS_LOADED) if wanted else {}
        now = self._market()
        for con_id, loaded in found.items():
            if self._is_of_the_past(loaded, now):
                self._store.restore(con_id, np.vstack(loaded.bars), loaded.spans, loaded.daily)
        done = (con_id for con_id in new if con_id not in self._kept)
        self._loaded.update(wanted, done)

    @staticmethod
    def _is_of_the_past(loaded: Loaded, now: float) -> bool:
        """A market clock that was set back (a fresh simulator) makes kept bars ones of another world."""
        newest = max((span[1] for span in loaded.spans), default=0.0)
        if len(loaded.bars.time):
            newest = max(newest, float(loaded.bars.time[-1]))
        return newest <= now + REWIND_S

    # --- saving ---------------------------------------------------------------------------------------------

    async def _save(self, archive: BarArchive, most: int, loaded: set[int] | None = None) -> None:
        ready = self._loaded if loaded is None else loaded
        least_s, now = BAR_S if loaded is None else 0.0, self._market()
        copies: list[_Copy] = []
        states: dict[int, _State] = {}
        for con_id in self._store.con_ids():
            entry = self._store.get(con_id)
            if len(copies) >= most or entry is None or con_id not in ready or not len(entry.series):
                continue
            state = self._saved.get(con_id, _UNSAVED)
            if (
                state.version != entry.series.version
                or state.daily is not entry.daily
                or _tens_due(entry, state, least_s, now)
            ):
                copies.append(self._copy(entry, state))
                states[con_id] = _state(entry)
        if copies:
            await asyncio.to_thread(_write, archive, copies, self._market())
            self._kept |= states.keys()
            self._saved |= states
        self._let_tens_go()
        for con_id in self._saved.keys() - set(self._store.con_ids()):
            del self._saved[con_id]
        self._loaded.intersection_update(self._store.con_ids())

    def _let_tens_go(self) -> None:
        """The 10-second bars of lines that have gone, once they are on disk: in memory nobody reads them."""
        now = self._market()
        for con_id, state in self._saved.items():
            entry = self._store.get(con_id)
            tens = entry.ten_seconds if entry is not None else None
            if tens is not None and tens.is_idle(now) and state.holds(tens):
                tens.let_go()

    def _copy(self, entry: SymbolBars, state: _State) -> _Copy:
        """Only the new minutes where nothing else changed."""
        series = entry.series
        fresh = series.rows(state.newest)
        rows = fresh if series.version - state.version == fresh.shape[1] else series.rows()
        hours = self._store.hours_of(entry)
        daily = entry.daily if entry.daily is not state.daily else ()
        days = self._store.trading_days(entry.contract.con_id)
        spans = [list(span) for span in entry.covered]
        tens, wrong = _new_tens(entry, state), _wrong_tens(entry, state)
        return _Copy(entry.contract, rows, spans, daily, days, hours.liquid, tens, wrong)

    async def _refused(self, error: Exception) -> None:
        """Bars live on in memory; the folder is tried again, at once where opening it puts damage aside."""
        archive, self._archive = self._archive, None
        self._again_mono = self._clock.mono() + (0.0 if archive is not None and is_corruption(error) else AGAIN_S)
        problem = f"Bars are not kept on disk: {error}"
        if problem != self.problem:
            log.warning("%s", problem)
        self.problem, self.cure = problem, cure_of(error)
        if archive is not None:
            with suppress(sqlite3.Error):
                await asyncio.to_thread(archive.close)


def _prune(archive: BarArchive, now_market: float) -> set[int]:
    """Forget what nobody wants any more; returns the contracts that are kept."""
    archive.prune(now_market)
    return set(archive.spans())


def _state(entry: SymbolBars) -> _State:
    newest, tens = _or_never(entry.series.last_time), entry.ten_seconds
    if tens is None:
        return _State(entry.series.version, newest, entry.daily)
    newest_ten = _or_never(tens.series.last_time)
    return _State(entry.series.version, newest, entry.daily, newest_ten, tens.series.revision, tens.known_from)


def _or_never(time: float | None) -> float:
    return time if time is not None else float("-inf")


def _tens_due(entry: SymbolBars, state: _State, least_s: float, now_market: float) -> bool:
    """More than `least_s` of them that no closed minute took along: nothing traded, or its line has gone. Where it has
    for long the last ones, too."""
    tens = entry.ten_seconds
    newest = tens.series.last_time if tens is not None else None
    if tens is None or newest is None:
        return False
    return newest - state.newest_ten > (0.0 if tens.is_idle(now_market) else least_s)


def _new_tens(entry: SymbolBars, state: _State) -> NDArray[np.float64]:
    """The 10-second bars that were not saved yet; all when some were corrected."""
    if entry.ten_seconds is None:
        return _NO_ROWS
    series = entry.ten_seconds.series
    return series.rows(state.newest_ten if series.revision == state.tens_revision else None)


def _wrong_tens(entry: SymbolBars, state: _State) -> tuple[float, float] | None:
    """As far back as the minutes that were forgotten with them; more than is in memory may be on disk."""
    tens = entry.ten_seconds
    if tens is None or tens.known_from == state.tens_known_from:
        return None
    return float(entry.series.arrays().time[0]), tens.known_from


def _write(archive: BarArchive, copies: list[_Copy], now_market: float) -> None:
    saved = [Saved(c.contract, tuple(split(c)), c.spans, c.daily, tuple(_tens(c)), c.wrong_tens) for c in copies]
    archive.save(saved, now_market)


def split(copy: _Copy) -> list[StoredSession]:
    """The columns cut into trading days, each with its regular hours."""
    sessions = []
    for day, bars in _by_day(copy.rows, copy.days):
        hours = regular_hours(day, copy.liquid, copy.days, is_us_stock(copy.contract))
        sessions.append(
            StoredSession(_number(day), hours.open if hours else None, hours.close if hours else None, bars)
        )
    return sessions


def _tens(copy: _Copy) -> Iterator[tuple[int, BarColumns]]:
    for day, bars in _by_day(copy.tens, copy.days):
        yield _number(day), bars


def _by_day(rows: NDArray[np.float64], days: TradingDays) -> Iterator[tuple[date, BarColumns]]:
    times = rows[0]
    first = 0
    while first < len(times):
        day = days.of(float(times[first]))
        end = max(int(np.searchsorted(times, days.ends(day))), first + 1)
        yield day, BarColumns(*(rows[row, first:end] for row in range(7)))
        first = end


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day
