"""Recorded days turned into tapes: the day before warms up, earlier days give the usual and the average volume."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.bars.bar_files import BarColumns
from engine.bars.hours import Hours, Session, parse_hours
from engine.bars.series import BarArrays
from engine.bars.sessions import ContractHours
from engine.bars.trading_day import US_STOCK_DAYS, trading_days
from engine.bars.us_calendar import us_regular_hours
from engine.bars.usual import MAX_SESSIONS, MIN_SESSIONS, SLOT_S, UsualVolume, usual_volume
from engine.clock import NEW_YORK
from engine.domain import Bar
from engine.errors import LabError
from engine.lab.csv_days import list_csv_days, read_csv_day
from engine.lab.tape import Around, Tape, make_tape

MOST_NAMED = 5
EARLIEST, LATEST = 4 * 60, 20 * 60  # minutes of New York's day within which US stocks trade


class RecordedDay(NamedTuple):
    """The minutes of one symbol and day. `hours` with nothing in it = the bars must tell sessions apart.

    `is_visited` = more than half of the minutes come from visits of a few seconds, not from a line or history.
    `whole` marks the minutes that were seen from end to end; None = all were, and a missing one had no trade.
    `is_us` = a stock of US hours. `tens` = its 10-second bars; None = none are kept of this source.
    """

    symbol: str
    day: str
    bars: BarArrays
    hours: ContractHours
    is_stock: bool
    is_visited: bool = False
    whole: NDArray[np.bool_] | None = None
    is_us: bool = True
    tens: BarColumns | None = None


class Recordings(Protocol):
    """Where recorded days come from. Both methods raise LabError with words for the user.

    `left_out` = files of other names in the folder.
    """

    left_out: int

    def days(self) -> Sequence[tuple[str, str]]:
        """All (symbol, day) that are there."""

    def load(self, symbol: str, day: str) -> RecordedDay: ...


class CsvRecordings:
    """A folder of CSV files (`engine.lab.csv_days`).

    The files don't say what a symbol is: one that trades outside 04:00-20:00 New York is taken for a future, whose
    sessions are parted by long gaps, without opening range and floors; any other for a stock of regular hours.
    """

    def __init__(self, folder: Path) -> None:
        self._files, self.left_out = list_csv_days(folder)

    def days(self) -> Sequence[tuple[str, str]]:
        return sorted(self._files)

    def load(self, symbol: str, day: str) -> RecordedDay:
        bars = read_csv_day(self._files[symbol, day])
        is_stock = trades_like_a_stock(bars)
        hours = stock_hours(day) if is_stock else ContractHours()
        return RecordedDay(symbol, day, bars, hours, is_stock, is_us=is_stock)


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


class Coverage(NamedTuple):
    """Which hours of New York recorded days cover, in words; and each file that can't be used, with line and reason.

    `read` of `total` days were looked at.
    """

    hours: str
    refused: tuple[str, ...]
    read: int
    total: int


def coverage_of(source: Recordings, enough: Callable[[], bool]) -> Coverage:
    """Looks at the days spread over all of them, until `enough`."""
    days = source.days()
    refused: list[str] = []
    spans: list[tuple[int, int]] = []
    nights: set[str] = set()
    read = 0
    for symbol, day in (days[at] for at in _spread(len(days))):
        if read and enough():
            break
        read += 1
        try:
            found = source.load(symbol, day)
        except LabError as error:
            refused.append(str(error))
            continue
        if len(found.bars.time) and trades_like_a_stock(found.bars):
            spans.append(_minutes_of(found.bars))
        elif len(found.bars.time):
            nights.add(symbol)
    words = [f"{_clock(min(a for a, _ in spans))} to {_clock(max(b for _, b in spans))} New York"] if spans else []
    if nights:
        words.append(f"{', '.join(sorted(nights)[:MOST_NAMED])} by day and night")
    return Coverage("; ".join(words), tuple(refused), read, len(days))


def _spread(count: int) -> Iterator[int]:
    """0 to count - 1, far ones before near ones."""
    step, seen = max(1, count), set[int]()
    while len(seen) < count:
        for at in range(0, count, step):
            if at not in seen:
                seen.add(at)
                yield at
        step = max(1, step // 2)


def _minutes_of(bars: BarArrays) -> tuple[int, int]:
    """First minute and end of the last one, of New York's day."""
    first, last = (datetime.fromtimestamp(float(bars.time[at]), NEW_YORK) for at in (0, -1))
    return first.hour * 60 + first.minute, last.hour * 60 + last.minute + 1


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def tapes_of(
    source: Recordings, symbols: Sequence[str], days: Sequence[str], refused: dict[tuple[str, str], str] | None = None
) -> Iterator[tuple[str, Tape | None]]:
    """A tape per chosen symbol and day that was recorded, one at a time: (symbol, None) = read, but no bar in it.

    No symbols = all of them, no days = all of them. A day that can't be used goes into `refused` with the reason, and
    counts as one without bars.
    """
    recorded: dict[str, list[str]] = {}
    for symbol, day in source.days():
        recorded.setdefault(symbol, []).append(day)
    bad = refused if refused is not None else {}
    for symbol in symbols or sorted(recorded):
        loaded: dict[str, RecordedDay] = {}
        for at, day in enumerate(recorded.get(symbol, [])):
            if days and day not in days:
                continue
            earlier = recorded[symbol][max(0, at - MAX_SESSIONS) : at]
            for each in (*earlier, day):
                if each not in loaded and (symbol, each) not in bad:
                    try:
                        loaded[each] = source.load(symbol, each)
                    except LabError as error:
                        bad[symbol, each] = str(error)
            usable = [loaded[each] for each in earlier if each in loaded]
            yield symbol, day_tape(loaded[day], usable) if day in loaded else None


def day_tape(today: RecordedDay, earlier: Sequence[RecordedDay]) -> Tape | None:
    """The tape of one day; `earlier` = up to 20 recorded days before it, oldest first. None = the day has no bar."""
    if len(today.bars.time) == 0:
        return None
    before = earlier[-1].bars if earlier else None
    bars = today.bars if before is None else _joined(before, today.bars)
    first = len(bars.time) - len(today.bars.time)
    usual = _usual(today, earlier)
    totals = [_day_volume(each) for each in earlier]
    average = usual.daily if usual is not None else sum(totals) / len(totals) if totals else None
    around = Around(
        hours=today.hours,
        us_stock=today.is_us,
        usual=usual,
        average_volume=average,
        floored=today.is_stock,
        is_visited=today.is_visited,
        tens=today.tens,
    )
    return make_tape(today.symbol, today.day, bars, first, around)


def _joined(before: BarArrays, today: BarArrays) -> BarArrays:
    kept = before.time < today.time[0]
    return BarArrays(*(np.concatenate([a[kept], b]) for a, b in zip(before, today, strict=True)))


def _day_volume(day: RecordedDay) -> float:
    """Of the regular hours where they are known, as the daily bars of history count it."""
    bars = day.bars
    inside = np.zeros(len(bars.time), dtype=np.bool_)
    for session in day.hours.liquid.sessions:
        inside |= (bars.time >= session.open) & (bars.time < session.close)
    return float(np.nansum(bars.volume[inside] if day.hours.liquid.sessions else bars.volume))


def _usual(today: RecordedDay, earlier: Sequence[RecordedDay]) -> UsualVolume | None:
    """The base of relative volume from the days before, by the live rules' function; None with fewer than 10."""
    if len(earlier) < MIN_SESSIONS:
        return None
    quarters = [bar for each in earlier for bar in _quarters(each)]
    days = US_STOCK_DAYS if today.is_us else trading_days("FUT", today.hours.trading, today.hours.time_zone)
    return usual_volume(quarters, float(today.bars.time[0]), days, today.is_us)


def _quarters(day: RecordedDay) -> Iterator[Bar]:
    """Volume per quarter of an hour, None where some of it was not seen; prices don't matter to the base."""
    bars = day.bars
    if len(bars.time) == 0:
        return
    known = np.isfinite(bars.volume) if day.whole is None else np.isfinite(bars.volume) & day.whole
    starts, back = np.unique(bars.time // SLOT_S, return_inverse=True)
    totals = np.bincount(back, weights=np.where(known, bars.volume, 0.0), minlength=len(starts))
    unseen = np.bincount(back, weights=~known, minlength=len(starts))
    found = {float(start * SLOT_S): (total, gaps) for start, total, gaps in zip(starts, totals, unseen, strict=True)}
    for start in _slots_of(day, min(found), max(found)):
        total, gaps = found.get(start, (0.0, 0 if day.whole is None and min(found) < start < max(found) else 1))
        yield Bar(start, 1.0, 1.0, 1.0, 1.0, None if gaps else total)


def _slots_of(day: RecordedDay, first: float, last: float) -> Iterator[float]:
    """Starts of all quarters that the day should have: those of its regular hours and those with bars."""
    for session in day.hours.liquid.sessions:
        first, last = min(first, session.open), max(last, session.close - SLOT_S)
    for number in range(round((last - first) / SLOT_S) + 1):
        yield first + number * SLOT_S
