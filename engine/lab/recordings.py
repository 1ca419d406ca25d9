"""Recorded days turned into tapes: the day before warms up, earlier days give the usual and the average volume."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from engine.bars.hours import Hours, Session, parse_hours
from engine.bars.series import BarArrays
from engine.bars.sessions import ContractHours
from engine.bars.trading_day import US_STOCK_DAYS, trading_days
from engine.bars.us_calendar import us_regular_hours
from engine.bars.usual import MAX_SESSIONS, MIN_SESSIONS, SLOT_MIN, UsualVolume, usual_volume
from engine.clock import NEW_YORK
from engine.domain import Bar
from engine.lab.csv_days import list_csv_days, read_csv_day
from engine.lab.tape import Around, Tape, make_tape

EARLIEST, LATEST = 4 * 60, 20 * 60  # minutes of New York's day within which US stocks trade


class RecordedDay(NamedTuple):
    """The minutes of one symbol and day. `hours` with nothing in it = the bars must tell sessions apart.

    `is_visited` = more than half of the minutes come from visits of a few seconds, not from a line or history.
    """

    symbol: str
    day: str
    bars: BarArrays
    hours: ContractHours
    is_stock: bool
    is_visited: bool = False


class Recordings(Protocol):
    """Where recorded days come from. Both methods raise LabError with words for the user."""

    def days(self) -> Sequence[tuple[str, str]]:
        """All (symbol, day) that are there."""

    def load(self, symbol: str, day: str) -> RecordedDay: ...


class CsvRecordings:
    """A folder of CSV files (`engine.lab.csv_days`).

    The files don't say what a symbol is: one that trades outside 04:00-20:00 New York is taken for a future, whose
    sessions are parted by long gaps, without opening range and floors; any other for a stock of regular hours.
    """

    def __init__(self, folder: Path) -> None:
        self._files = list_csv_days(folder)

    def days(self) -> Sequence[tuple[str, str]]:
        return sorted(self._files)

    def load(self, symbol: str, day: str) -> RecordedDay:
        bars = read_csv_day(self._files[symbol, day])
        is_stock = trades_like_a_stock(bars)
        return RecordedDay(symbol, day, bars, stock_hours(day) if is_stock else ContractHours(), is_stock)


def trades_like_a_stock(bars: BarArrays) -> bool:
    """Whether every minute lies within 04:00-20:00 New York."""
    return all(EARLIEST <= minute < LATEST for minute in _minutes_seen(bars))


def _minutes_seen(bars: BarArrays) -> Iterable[int]:
    """Minute of New York's day of the first bar of each hour."""
    hours = np.unique(bars.time // 3_600.0) * 3_600.0
    for hour in hours.tolist():
        local = datetime.fromtimestamp(max(hour, float(bars.time[0])), NEW_YORK)
        yield local.hour * 60 + local.minute


def stock_hours(day: str) -> ContractHours:
    """Regular and extended hours of a US stock on this day (04:00 to 20:00, by the calendar of the exchanges)."""
    date = day.replace("-", "")
    trading = parse_hours(f"{date}:0400-{date}:2000", "America/New_York")
    regular = us_regular_hours(datetime.strptime(date, "%Y%m%d").date())  # noqa: DTZ007 - a date alone
    liquid = Hours((regular,) if regular is not None else (), trading.known_from, trading.known_to)
    return ContractHours(trading, liquid)


def regular_hours(bars: BarArrays, opens: float | None, closes: float | None) -> ContractHours:
    """Hours of one trading day of which the regular session is known."""
    if opens is None or closes is None or len(bars.time) == 0:
        return ContractHours()
    whole = Session(min(opens, float(bars.time[0])), max(closes, float(bars.time[-1]) + 60.0))
    return ContractHours(Hours((whole,), *whole), Hours((Session(opens, closes),), *whole))


def tapes_of(source: Recordings, symbols: Sequence[str], days: Sequence[str]) -> Iterator[tuple[str, Tape | None]]:
    """A tape per chosen symbol and day that was recorded, one at a time: (symbol, None) = read, but no bar in it.

    No symbols = all of them, no days = all of them.
    """
    recorded: dict[str, list[str]] = {}
    for symbol, day in source.days():
        recorded.setdefault(symbol, []).append(day)
    for symbol in symbols or sorted(recorded):
        loaded: dict[str, RecordedDay] = {}
        for at, day in enumerate(recorded.get(symbol, [])):
            if days and day not in days:
                continue
            earlier = recorded[symbol][max(0, at - MAX_SESSIONS) : at]
            for each in (*earlier, day):
                if each not in loaded:
                    loaded[each] = source.load(symbol, each)
            yield symbol, day_tape(loaded[day], [loaded[each] for each in earlier])


def day_tape(today: RecordedDay, earlier: Sequence[RecordedDay]) -> Tape | None:
    """The tape of one day; `earlier` = up to 20 recorded days before it, oldest first. None = the day has no bar."""
    if len(today.bars.time) == 0:
        return None
    before = earlier[-1].bars if earlier else None
    bars = today.bars if before is None else _joined(before, today.bars)
    first = len(bars.time) - len(today.bars.time)
    totals = [float(np.nansum(each.bars.volume)) for each in earlier]
    around = Around(
        hours=today.hours,
        us_stock=today.is_stock,
        usual=_usual(today, earlier),
        average_volume=sum(totals) / len(totals) if totals else None,
        floored=today.is_stock,
        is_visited=today.is_visited,
    )
    return make_tape(today.symbol, today.day, bars, first, around)


def _joined(before: BarArrays, today: BarArrays) -> BarArrays:
    kept = before.time < today.time[0]
    return BarArrays(*(np.concatenate([a[kept], b]) for a, b in zip(before, today, strict=True)))


def _usual(today: RecordedDay, earlier: Sequence[RecordedDay]) -> UsualVolume | None:
    """The base of relative volume from the days before; None with fewer than 10."""
    if len(earlier) < MIN_SESSIONS:
        return None
    quarters = [bar for each in earlier for bar in _quarters(each.bars)]
    days = US_STOCK_DAYS if today.is_stock else trading_days("FUT", today.hours.trading, today.hours.time_zone)
    return usual_volume(quarters, float(today.bars.time[0]), days, today.is_stock)


def _quarters(bars: BarArrays) -> Iterator[Bar]:
    """Volume per quarter of an hour; prices don't matter to the base."""
    starts, back = np.unique(bars.time // (SLOT_MIN * 60.0), return_inverse=True)
    totals = np.bincount(back, weights=np.nan_to_num(bars.volume), minlength=len(starts))
    for start, total in zip((starts * SLOT_MIN * 60.0).tolist(), totals.tolist(), strict=True):
        yield Bar(start, 1.0, 1.0, 1.0, 1.0, total)
