"""The usual volume of a symbol at each minute of the day: the base of relative volume.

Made of 20 days of 15-minute history: the mean of each quarter of an hour over the sessions before today, spread over
its minutes by interpolation between the quarters' middles (not across the edge of what the history covers).
Minutes are New York's, whose daylight saving the US futures exchanges share.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.bars.hours import NEW_YORK
from engine.domain import Bar

SLOT_MIN = 15
MIN_SESSIONS = 10
MAX_SESSIONS = 20
DAY_MIN = 1_440


class UsualVolume(NamedTuple):
    """`per_minute` has 1,440 entries, NaN where there is no base; `daily` is the mean volume of a whole day."""

    per_minute: NDArray[np.float32]
    sessions: int
    daily: float

    def at(self, minute: int) -> float | None:
        """Usual volume of this minute of New York's day; None without a base."""
        value = float(self.per_minute[minute % DAY_MIN])
        return value if value > 0 else None


def minute_of_day(at_market: float) -> int:
    """Minute of New York's day, 0-1439."""
    local = datetime.fromtimestamp(at_market, NEW_YORK)
    return local.hour * 60 + local.minute


def usual_volume(bars: Sequence[Bar], now_market: float) -> UsualVolume | None:
    """The base from 15-minute bars (volume in shares); None with fewer than 10 sessions before today."""
    days = _by_day(bars, datetime.fromtimestamp(now_market, NEW_YORK).date())
    kept = [days[day] for day in sorted(days)][-MAX_SESSIONS:]
    if len(kept) < MIN_SESSIONS:
        return None
    slots = np.zeros((len(kept), DAY_MIN // SLOT_MIN))
    for row, entries in enumerate(kept):
        for slot, volume in entries:
            slots[row, slot] += volume
    mean = slots.mean(axis=0)
    return UsualVolume(_per_minute(mean), len(kept), float(slots.sum(axis=1).mean()))


def _by_day(bars: Sequence[Bar], today: date) -> dict[date, list[tuple[int, float]]]:
    days: dict[date, list[tuple[int, float]]] = defaultdict(list)
    for bar in bars:
        if bar.volume is None:
            continue
        local = datetime.fromtimestamp(bar.time, NEW_YORK)
        if local.date() < today:
            days[local.date()].append(((local.hour * 60 + local.minute) // SLOT_MIN, bar.volume))
    return days


def _per_minute(mean: NDArray[np.float64]) -> NDArray[np.float32]:
    covered = np.flatnonzero(mean > 0)
    out = np.full(DAY_MIN, np.nan, dtype=np.float32)
    if len(covered) == 0:
        return out
    for stretch in np.split(covered, np.flatnonzero(np.diff(covered) > 1) + 1):
        first, last = int(stretch[0]) * SLOT_MIN, (int(stretch[-1]) + 1) * SLOT_MIN
        middles = stretch * SLOT_MIN + SLOT_MIN / 2.0
        out[first:last] = np.interp(np.arange(first, last) + 0.5, middles, mean[stretch] / SLOT_MIN)
    return out
