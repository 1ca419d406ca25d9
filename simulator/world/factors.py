"""What moves many names at once, minute by minute: the market and the sectors, from 18:00 to 20:00 the next day."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from simulator.world.calendar import REGULAR_OPEN
from simulator.world.daily import MARKET_DAY, MARKET_GAP, SECTOR_DAY, SECTOR_GAP, Daily
from simulator.world.grid import FACTOR_MINUTES, FACTOR_OPEN
from simulator.world.noise import F64, bell, fold
from simulator.world.universe import SECTOR_NAMES

_KEPT_DAYS = 70  # 106 kB each


class Factors:
    """`levels(day)`: float32 [minute, 1 + sectors], logarithmic, 0 at 18:00, column 0 the market."""

    def __init__(self, daily: Daily) -> None:
        self._daily = daily
        self._kept: OrderedDict[int, NDArray[np.float32]] = OrderedDict()
        names = range(len(SECTOR_NAMES) + 1)
        self._keys = np.array([fold(daily.universe.seed, 903, n) for n in names], dtype=np.uint64)
        gaps = [MARKET_GAP] + [SECTOR_GAP] * len(SECTOR_NAMES)
        days = [MARKET_DAY] + [SECTOR_DAY] * len(SECTOR_NAMES)
        self._gap_size, self._day_size = np.array(gaps), np.array(days)

    def levels(self, day: int) -> NDArray[np.float32]:
        found = self._kept.get(day)
        if found is None:
            found = self._kept[day] = self._make(day)
            if len(self._kept) > _KEPT_DAYS:
                self._kept.popitem(last=False)
        return found

    def _make(self, day: int) -> NDArray[np.float32]:
        opening = REGULAR_OPEN - FACTOR_OPEN
        closing = self._daily.calendar.days[day].regular_close - FACTOR_OPEN
        minutes = np.arange(FACTOR_MINUTES, dtype=np.int64)
        counters = int(self._daily.ordinals[day]) * 2048 + minutes
        steps = bell(self._keys[None, :], counters[:, None])
        scale = np.empty((FACTOR_MINUTES, len(self._keys)))
        scale[:opening] = self._gap_size / np.sqrt(opening)
        scale[opening:closing] = self._day_size / np.sqrt(closing - opening)
        scale[closing:] = 0.1 * self._day_size / np.sqrt(closing - opening)
        raw = np.cumsum(steps * scale * 0.8, axis=0)
        return (raw + self._correction(raw, day, opening, closing)).astype(np.float32)

    def _correction(self, raw: F64, day: int, opening: int, closing: int) -> F64:
        """Bends the walk so that the open and the close are those of `Daily`."""
        daily = self._daily
        gap = np.concatenate([daily.market_gap[day : day + 1], daily.sector_gap[:, day]])
        move = np.concatenate([daily.market_day[day : day + 1], daily.sector_day[:, day]])
        at_open = gap - raw[opening - 1]
        at_close = gap + move - raw[closing - 1]
        minutes = np.arange(FACTOR_MINUTES)[:, None]
        first = np.clip((minutes + 1) / opening, 0.0, 1.0)
        second = np.clip((minutes + 1 - opening) / (closing - opening), 0.0, 1.0)
        bent: F64 = at_open * first + (at_close - at_open) * second
        return bent
