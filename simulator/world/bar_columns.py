"""Bars as columns: joining, merging, and daily bars of long ago."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.world.daily import Daily
from simulator.world.noise import F64, bell, keys_of

DAY_S = 86_400
EXACT_DAYS = 22  # daily bars of so many last sessions are made of their minutes, older ones are sketched
_UNIX_EPOCH = 719_163  # date(1970, 1, 1).toordinal()
_REGULAR_SHARE = 0.93  # of the day's volume


@dataclass(slots=True)
class Columns:
    """Bars as columns, prices in ticks; `volume` above 0 in all of them."""

    time: F64
    open: F64
    high: F64
    low: F64
    close: F64
    volume: F64
    value: F64  # volume x typical price

    def take(self, mask: NDArray[np.bool_]) -> Columns:
        return Columns(*(getattr(self, name)[mask] for name in self.__slots__))


def join(parts: list[Columns]) -> Columns:
    return Columns(*(np.concatenate([getattr(part, name) for part in parts]) for name in Columns.__slots__))


def columns(time: F64, o: F64, h: F64, low: F64, c: F64, volume: F64) -> Columns:
    o, h, low, c, volume = (np.asarray(x, dtype=np.float64) for x in (o, h, low, c, volume))
    return Columns(np.asarray(time, dtype=np.float64), o, h, low, c, volume, volume * (o + h + low + c) / 4.0)


def merge(rows: Columns, bucket: F64) -> Columns:
    """One bar for each run of equal `bucket`, which becomes its time."""
    if not len(bucket):
        return rows
    first = np.flatnonzero(np.concatenate([[True], np.diff(bucket) != 0]))
    last = np.concatenate([first[1:] - 1, [len(bucket) - 1]])
    return Columns(
        bucket[first],
        rows.open[first],
        np.maximum.reduceat(rows.high, first),
        np.minimum.reduceat(rows.low, first),
        rows.close[last],
        np.add.reduceat(rows.volume, first),
        np.add.reduceat(rows.value, first),
    )


def utc_midnight(daily: Daily, day: int) -> float:
    """The time of a daily bar."""
    return (int(daily.ordinals[day]) - _UNIX_EPOCH) * float(DAY_S)


def sketch_days(daily: Daily, row: int, days: range) -> Columns:
    """Daily bars of long ago: the open and close of `Daily`, high and low drawn, no minutes made.

    A year of minutes for one name would take a third of a second.
    """
    u, span = daily.universe, slice(days.start, days.stop)
    numbers, tick = daily.ordinals[span], u.tick[row]
    o, c = (np.rint(np.exp(walk[row, span]) / tick) for walk in (daily.log_open, daily.log_close))
    keys = u.path_key[row : row + 1]
    wide = 0.4 * u.volatility[row] * np.maximum(o, c)
    high = np.maximum(o, c) + np.rint(np.abs(bell(keys_of(keys, 61), numbers)) * wide)
    low = np.maximum(np.minimum(o, c) - np.rint(np.abs(bell(keys_of(keys, 62), numbers)) * wide), 1.0)
    volume = np.rint(u.avg_volume[row] * daily.volume_factor[row, span] * _REGULAR_SHARE) + 1.0
    time: F64 = (numbers - _UNIX_EPOCH).astype(np.float64) * DAY_S
    return columns(time, o, high, low, c, volume)


def period(days: F64, size: int) -> F64:
    """First date, in `days`, of each week (604800) or month (anything longer)."""
    ordinal = days / DAY_S
    if size <= 7 * DAY_S:
        key = np.floor((ordinal + 3) / 7)  # 1970-01-01 was a Thursday
    else:
        key = days.astype("datetime64[s]").astype("datetime64[M]").astype(np.float64)
    first = np.concatenate([[True], np.diff(key) != 0]) if len(key) else np.empty(0, dtype=bool)
    return days[np.maximum.accumulate(np.where(first, np.arange(len(key)), 0))] if len(key) else days
