"""The archive of years (`archive.url`): days that are over, out of the bars on disk, and ticks, as Parquet files.

A thread of its own, which the engine never waits for: bars are read from the account's file (`engine.bars.bar_files`),
where they stay for 20 days, so that an archive that was away for a week loses none; ticks wait in a bounded buffer. The
packages are imported when an archive is configured.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import Struct

from engine.archive.due import Due, due_days, key_of, still_kept
from engine.archive.names import KINDS, MINUTES, TEN_SECONDS, bar_path, day_of, iso_day, tick_path
from engine.archive.tick_buffer import TickBuffer
from engine.bars.bar_files import WantedTens, list_symbols, read_sessions, read_ten_seconds
from engine.clock import Clock
from engine.config import ArchiveSettings
from engine.domain import Quote
from engine.errors import StateError
from engine.storage.atomic import write_whole
from engine.storage.problems import cure_of
from engine.storage.steady_thread import SteadyThread
from engine.storage.urls import not_installed, shown_url

if TYPE_CHECKING:
    from pyarrow import Table

    from engine.archive.store import ArchiveStore

log = logging.getLogger("qtrade.archive")

STEP_S = 2.0
LOOK_EVERY_S = 300.0  # for days that are over
MEASURE_EVERY_S = 6 * 3_600.0
AGAIN_S = 30.0  # after the place refused
DAYS_A_STEP = 20
PART_S, PART_TICKS = 300.0, 200_000  # a file of ticks: so long, or so many
TICKS_AT_ONCE = 500  # the interpreter's lock is held for a millisecond or two
LEAVE_S = 1.0
NOTES = "archive.json"  # in the account's folder: what was written


class Size(NamedTuple):
    """What the archive holds of this mode. `first` = its oldest day, None = there is none."""

    bytes: int
    files: int
    first: str | None


class _Notes(Struct, frozen=True):
    """What was written to a place, as `engine.archive.due` keeps it."""

    place: str
    written: dict[str, float]


class _Part(NamedTuple):
    """Ticks of one day that are not written yet. `first` = market time of the first one."""

    first: float
    tables: list[Table]


class Archive:
    """`open`, `note` and the properties from the engine's loop, the rest in its thread. Idle without `archive.url`."""

    def __init__(
        self, settings: ArchiveSettings, mode: str, engine: str, clock: Clock, market: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._mode = mode
        self._engine = engine
        self._clock = clock
        self._market = market
        self._bars: Path | None = None  # the account's folder of bars
        self._ticks = TickBuffer()
        self._keeps_ticks = settings.url is not None and settings.ticks
        self._lacks = "" if settings.url is None else _missing()
        self._store: ArchiveStore | None = None
        self._written: dict[str, float] | None = None  # None = the notes were not read yet
        self._notes_of: Path | None = None
        self._part: dict[str, _Part] = {}  # by day
        self._count = 0  # of the ticks in it
        self._part_mono = 0.0
        self._looked_mono = self._measured_mono = self._again_mono = float("-inf")
        self._thread = SteadyThread("archive", self._step, STEP_S)
        self._is_started = False
        self.size: Size | None = None  # None = not looked yet
        self.problem = ""
        self.cure = ""

    @property
    def words(self) -> str:
        """Size and retention for Health; "" = none is configured."""
        if self._settings.url is None:
            return ""
        kept = "for ever" if self._settings.keep_days is None else f"for {self._settings.keep_days:,} days"
        lost = f", {self._ticks.lost:,} ticks lost" if self._ticks.lost else ""
        if self.size is None:
            return f"archive kept {kept}{lost}"
        return f"archive {_amount(self.size.bytes)} since {self.size.first or 'today'}, kept {kept}{lost}"

    def open(self, folder: Path) -> None:
        """Write what this account's folder of bars holds from now on."""
        if self._settings.url is None:
            return
        self._bars = folder
        if not self._is_started:
            self._is_started = True
            self._thread.start()
        self._thread.wake()

    def note(self, quote: Quote, at_market: float, is_trade: bool) -> None:
        """Each quote of the bus."""
        if self._keeps_ticks:
            self._ticks.note(quote, at_market, is_trade)

    def close(self) -> bool:
        """Write the ticks that wait; False where that takes longer than a second. Blocks."""
        return not self._is_started or self._thread.stop(LEAVE_S)

    # --- its thread -------------------------------------------------------------------------------------------

    def _step(self) -> None:
        now = self._clock.mono()
        if now < self._again_mono and self._thread.is_going:
            return
        if self._lacks:
            self._refused(not_installed("archive.url", str(self._settings.url), self._lacks), "")
            return
        try:
            store = self._opened()
            self._write_ticks(store, now)
            if self._thread.is_going:
                self._write_days(store, now)
                self._look_after(store, now)
        except (StateError, OSError) as error:
            self._refused(str(error), cure_of(error))
        else:
            if self.problem:
                log.warning("The archive is written again")
            self.problem = self.cure = ""

    def _refused(self, problem: str, cure: str) -> None:
        self._again_mono = self._clock.mono() + AGAIN_S
        if problem != self.problem:
            log.warning("The archive can't be written: %s", problem)
        self.problem, self.cure = problem, cure

    def _opened(self) -> ArchiveStore:
        if self._store is None:
            from engine.archive.store import ArchiveStore

            assert self._settings.url is not None
            self._store = ArchiveStore(self._settings.url)
        return self._store

    # --- ticks

    def _write_ticks(self, store: ArchiveStore, now: float) -> None:
        from engine.archive.parquet import ticks_file

        self._take_ticks(now)
        is_due = self._count >= PART_TICKS or now - self._part_mono >= PART_S or not self._thread.is_going
        for day in sorted(self._part) if is_due else ():
            first, tables = self._part[day]
            clock = datetime.fromtimestamp(first, UTC).strftime("%H%M%S")
            store.put(tick_path(self._mode, day, clock, self._engine), ticks_file(tables))
            del self._part[day]
        if not self._part:
            self._count = 0

    def _take_ticks(self, now: float) -> None:
        """What waits, by days, until the part is full: while the place is away the rest stays in the bounded buffer."""
        from engine.archive.parquet import ticks_table

        if not self._count:
            self._part_mono = now
        while self._count < PART_TICKS and (ticks := self._ticks.take(TICKS_AT_ONCE)):
            for day, group in groupby(ticks, key=lambda tick: datetime.fromtimestamp(tick.time, UTC).date()):
                found = list(group)
                part = self._part.setdefault(day.isoformat(), _Part(found[0].time, []))
                part.tables.append(ticks_table(found))
            self._count += len(ticks)

    # --- days

    def _write_days(self, store: ArchiveStore, now: float) -> None:
        folder = self._bars
        if folder is None or now - self._looked_mono < LOOK_EVERY_S:
            return
        symbols = list_symbols(folder)
        written = self._notes(folder)
        done = 0
        for due in due_days(symbols, written, self._market()):
            if done >= DAYS_A_STEP or not self._thread.is_going:
                break
            self._write_day(store, folder, due)
            written[key_of(due.symbol.con_id, due.date)] = due.stage
            done += 1
        if done:
            self._written = still_kept(symbols, written)
            write_whole(folder / NOTES, msgspec.json.encode(_Notes(self._place(), self._written)))
        if done < DAYS_A_STEP:
            self._looked_mono = now

    def _notes(self, folder: Path) -> dict[str, float]:
        """What was written to this place; damaged, missing or of another place, all is written anew."""
        if self._written is None or self._notes_of != folder:
            self._notes_of = folder
            try:
                notes = msgspec.json.decode((folder / NOTES).read_bytes(), type=_Notes)
            except (OSError, ValueError):
                notes = _Notes("", {})
            self._written = notes.written if notes.place == self._place() else {}
        return self._written

    def _place(self) -> str:
        return f"{shown_url(str(self._settings.url))}/{self._mode} by {self._engine}"

    def _write_day(self, store: ArchiveStore, folder: Path, due: Due) -> None:
        from engine.archive.parquet import About, Day, bars_file

        con_id, contract, day = due.symbol.con_id, due.symbol.contract, iso_day(due.date)
        session = next((each for each in read_sessions(folder, con_id) if each.date == due.date), None)
        if session is None:  # damaged, or gone since the list was made
            return
        (tens,) = read_ten_seconds(folder, [WantedTens(con_id, due.date)])
        about = About(contract, session.open, session.close)
        for kind, bars in ((MINUTES, session.bars), (TEN_SECONDS, tens)):
            if len(bars.time):
                path = bar_path(self._mode, kind, day, con_id, contract.local_symbol, self._engine)
                store.put(path, bars_file(Day(about, bars)))

    # --- what it holds

    def _look_after(self, store: ArchiveStore, now: float) -> None:
        """Let days go that are older than they are to be kept, and measure the rest."""
        if now - self._measured_mono < MEASURE_EVERY_S:
            return
        keep = self._settings.keep_days
        today = datetime.fromtimestamp(self._market(), UTC).date()
        oldest = date.min if keep is None else today - timedelta(days=keep)
        total, count, first = 0, 0, None
        for kind in KINDS:
            for each in store.files(f"{self._mode}/{kind}"):
                day = day_of(each.path)
                if day is not None and day < oldest.isoformat():
                    store.remove(each.path)
                    continue
                total, count = total + each.bytes, count + 1
                first = day if first is None or (day is not None and day < first) else first
        self.size = Size(total, count, first)
        self._measured_mono = now


def _missing() -> str:
    """The package that lacks, "" = none. Imported here, before the engine's loop runs: pyarrow's library is large, and
    the interpreter's lock is held while it is loaded."""
    try:
        import engine.archive.parquet
        import engine.archive.store  # noqa: F401
    except ImportError as error:
        return str(error.name)
    return ""


def _amount(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"
