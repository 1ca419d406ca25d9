"""The usual volume of a symbol at each minute of the day: the one base of relative volume, for live rules and the Lab.

Made of 20 days of 15-minute volumes: the mean of each quarter of an hour over the trade dates before the running one,
spread over its minutes by interpolation between the quarters' middles (not across the edge of what the history covers).
Of US stocks only regular hours count. Half days and shortened sessions are left out: their rush before an early close
is no usual volume of noon, and their afternoon none of nothing. A quarter whose volume is not known (the Lab's: not all
of it was recorded) is left out of its mean. Minutes are those of the exchange's clock, so that they stay where they are
when clocks change here and not there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.bars.trading_day import US_STOCK_DAYS, TradingDays
from engine.bars.us_calendar import us_regular_hours
from engine.clock import NEW_YORK, local_time, zone_of
from engine.domain import Bar

SLOT_MIN = 15
SLOT_S = SLOT_MIN * 60
MIN_SESSIONS = 10
MAX_SESSIONS = 20
MIN_KNOWN = 5  # days on which a quarter of an hour must be known
DAY_MIN = 1_440
SLOTS = DAY_MIN // SLOT_MIN
SHORT_SLOTS = 4  # a day that ends an hour before the others ended early, whatever the calendar says
NEW_YORK_NAME = "America/New_York"


class UsualVolume(NamedTuple):
    """`quarters`: mean volume a minute of each of the 96 quarters of an hour by the clock of `zone`, 0 = no base there;
    `daily` is the mean volume of a whole day.
    """

    quarters: NDArray[np.float32]
    sessions: int
    daily: float
    zone: str = NEW_YORK_NAME

    def at(self, minute: int) -> float | None:
        """Usual volume of this minute of the exchange's day; None without a base."""
        quarter = minute % DAY_MIN // SLOT_MIN
        mine = self.quarters.item(quarter)
        if mine <= 0:
            return None
        ahead = minute % SLOT_MIN + 0.5 - SLOT_MIN / 2.0  # of the quarter's middle
        first = quarter if ahead >= 0 else quarter - 1
        if first < 0 or first + 1 >= SLOTS:
            return mine
        before, after = self.quarters.item(first), self.quarters.item(first + 1)
        if before <= 0 or after <= 0:
            return mine
        return (after - before) / SLOT_MIN * (ahead if ahead >= 0 else ahead + SLOT_MIN) + before

    def per_minute(self) -> NDArray[np.float64]:
        """What `at` says of each of the 1,440 minutes, NaN where there is no base."""
        covered = np.flatnonzero(self.quarters > 0)
        out = np.full(DAY_MIN, np.nan)
        for stretch in np.split(covered, np.flatnonzero(np.diff(covered) > 1) + 1) if len(covered) else ():
            first, last = int(stretch[0]) * SLOT_MIN, (int(stretch[-1]) + 1) * SLOT_MIN
            middles = stretch * SLOT_MIN + SLOT_MIN / 2.0
            out[first:last] = np.interp(np.arange(first, last) + 0.5, middles, self.quarters[stretch])
        return out


@lru_cache(maxsize=64)
def minute_of_day(at_market: float, zone: str = NEW_YORK_NAME) -> int:
    """Minute of the exchange's day, 0-1439. All symbols of a scan ask for the same two minutes."""
    local = local_time(at_market, zone_of(zone) or NEW_YORK)
    return local.hour * 60 + local.minute


def usual_volume(
    bars: Sequence[Bar], now_market: float, days: TradingDays = US_STOCK_DAYS, us_stock: bool = True
) -> UsualVolume | None:
    """The base from 15-minute bars (volume in shares, None = not known; a bar that is missing is no volume).

    None with fewer than 10 whole trade dates before the running one, or without any known volume.
    """
    today = days.of(now_market)
    by_date = _regular(bars, today) if us_stock else _by_date(bars, days, today)
    kept = _whole_days([(day, by_date[day]) for day in sorted(by_date)][-MAX_SESSIONS:], days, us_stock)
    if len(kept) < MIN_SESSIONS:
        return None
    slots = np.zeros((len(kept), SLOTS))
    for row, (_, mine) in enumerate(kept):
        for at, volume in mine:
            slots[row, _slot(at, days)] += np.nan if volume is None else volume
    known = ~np.isnan(slots)
    seen = known.sum(axis=0)
    mean = np.where(seen >= MIN_KNOWN, np.nansum(slots, axis=0) / np.maximum(seen, 1), 0.0)
    if not mean.any():
        return None  # no volume is known, or there was none
    zone = getattr(days.where, "key", NEW_YORK_NAME)
    return UsualVolume((mean / SLOT_MIN).astype(np.float32), len(kept), float(mean.sum()), zone)


Quarters = list[tuple[float, float | None]]  # (start of the bar, volume)


def _by_date(bars: Sequence[Bar], days: TradingDays, today: date) -> dict[date, Quarters]:
    found: dict[date, Quarters] = defaultdict(list)
    day, ends = date.min, float("-inf")
    for bar in sorted(bars, key=lambda bar: bar.time):
        if bar.time >= ends:
            day = days.of(bar.time)
            ends = days.ends(day)
        if day < today:
            found[day].append((bar.time, bar.volume))
    return found


def _regular(bars: Sequence[Bar], today: date) -> dict[date, Quarters]:
    """Those within the regular hours of US stocks; of a day on which the calendar has none, all."""
    found: dict[date, Quarters] = defaultdict(list)
    for bar in bars:
        day = local_time(bar.time, NEW_YORK).date()
        if day >= today:
            continue
        hours = us_regular_hours(day)
        if hours is None or hours.open <= bar.time < hours.close:
            found[day].append((bar.time, bar.volume))
    return found


def _whole_days(
    found: Sequence[tuple[date, Quarters]], days: TradingDays, us_stock: bool
) -> list[tuple[date, Quarters]]:
    """Without those that began late or ended early: told by the calendar, else by their first and last bar."""
    if not found:
        return []
    spans = [_span(day, mine, days, us_stock) for day, mine in found]
    first, last = median(span[0] for span in spans), median(span[1] for span in spans)
    return [
        each
        for each, (begins, ends) in zip(found, spans, strict=True)
        if begins < first + SHORT_SLOTS and ends > last - SHORT_SLOTS
    ]


def _span(day: date, quarters: Quarters, days: TradingDays, us_stock: bool) -> tuple[int, int]:
    """First and last quarter of a day, counted from its beginning."""
    hours = us_regular_hours(day) if us_stock else None
    opens, closes = (hours.open, hours.close - 1.0) if hours is not None else (quarters[0][0], quarters[-1][0])
    start = days.begins(day)
    return int((opens - start) // SLOT_S), int((closes - start) // SLOT_S)


def _slot(at_market: float, days: TradingDays) -> int:
    local = local_time(at_market, days.where)
    return (local.hour * 60 + local.minute) // SLOT_MIN
