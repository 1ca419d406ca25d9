"""The days: where each session opens and closes, which names are in play, how much volume a day has.

A random walk in the logarithm, anchored at the catalogue's price of 2025-11-05 10:00 New York and going both ways
from there, so that the length of the calendar changes nothing.
"""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from simulator.world.calendar import Calendar
from simulator.world.noise import F64, U64, fold, keys_of, normal, uniform
from simulator.world.universe import SECTOR_NAMES, Universe

ANCHOR_DATE = date(2025, 11, 5)
ANCHOR_MINUTE = 600  # 10:00
# Prior close over the price of 10:00 for the paths of the three positions: the day's change that the trader saw.
PINNED = {"NQ": 24802.50 / 24688.25, "TSLA": 412.36 / 408.08, "CL": 58.64 / 58.88}
MARKET_GAP, MARKET_DAY = 0.0035, 0.0075
SECTOR_GAP, SECTOR_DAY = 0.0025, 0.006
NORMAL, IN_PLAY, LEADER = 0, 1, 2


class Daily:
    """Arrays [row, day] over the calendar: `log_open`, `log_close`, `kind`, `volume_factor`."""

    def __init__(self, universe: Universe, calendar: Calendar) -> None:
        self.universe, self.calendar = universe, calendar
        self.ordinals = np.array([day.date.toordinal() for day in calendar.days], dtype=np.int64)
        self.anchor = calendar.position(ANCHOR_DATE)
        market = np.array([fold(universe.seed, 901)], dtype=np.uint64)
        sectors = np.array([fold(universe.seed, 902, n) for n in range(len(SECTOR_NAMES))], dtype=np.uint64)
        self.market_gap: F64 = MARKET_GAP * normal(keys_of(market, 1), self.ordinals)
        self.market_day: F64 = MARKET_DAY * normal(keys_of(market, 2), self.ordinals)
        self.sector_gap: F64 = SECTOR_GAP * normal(keys_of(sectors, 1)[:, None], self.ordinals[None, :])
        self.sector_day: F64 = SECTOR_DAY * normal(keys_of(sectors, 2)[:, None], self.ordinals[None, :])
        self.kind = self._kinds()
        self.volume_factor: NDArray[np.float32] = self._volume_factors()
        self._walk()

    def _stream(self, n: int, keys: U64) -> F64:
        return normal(keys_of(keys, n)[:, None], self.ordinals[None, :])

    def _kinds(self) -> NDArray[np.int8]:
        """Which names are in play on a day: watched and liquid ones more often."""
        u = self.universe
        liquid = (u.avg_volume >= 500_000) & (u.price >= 5.0) & ~u.is_etf & ~u.is_future & ~u.is_thin
        leader = np.where(liquid, np.where(u.is_watched, 0.12, 0.035), 0.004)[:, None]
        in_play = np.where(liquid, np.where(u.is_watched, 0.30, 0.13), 0.02)[:, None]
        eligible = ~(u.is_future | u.is_etf | u.is_thin)[:, None]
        draw = uniform(keys_of(u.path_key, 11)[:, None], self.ordinals[None, :])
        kind = np.where(draw < leader, LEADER, np.where(draw < leader + in_play, IN_PLAY, NORMAL))
        kind = np.where(eligible, kind, NORMAL).astype(np.int8)
        kind[self._pinned_rows(), self.anchor] = NORMAL
        return kind

    def is_pinned(self, row: int, day: int) -> bool:
        """Whether the price of ANCHOR_MINUTE is fixed: the main positions on the anchor day."""
        return day == self.anchor and bool(self.universe.is_held[row])

    def _pinned_rows(self) -> list[int]:
        return [int(row) for row in self.universe.rows_where(self.universe.is_held)]

    def _volume_factors(self) -> NDArray[np.float32]:
        draw = self._stream(12, self.universe.own_key)
        lift = uniform(keys_of(self.universe.own_key, 13)[:, None], self.ordinals[None, :])
        more = np.where(self.kind == LEADER, 2.4 + 1.8 * lift, np.where(self.kind == IN_PLAY, 1.5 + 1.0 * lift, 0.92))
        return (np.exp(0.18 * draw) * more).astype(np.float32)

    def _walk(self) -> None:
        u = self.universe
        own_gap = self._stream(14, u.path_key) * u.own_volatility[:, None] * 0.45
        own_day = self._stream(15, u.path_key) * u.own_volatility[:, None] * 0.85
        wide = np.where(self.kind == LEADER, 4.2, np.where(self.kind == IN_PLAY, 2.3, 1.0))
        gap = np.clip(own_gap * wide, -0.25, 0.3)
        gap += u.market_beta[:, None] * self.market_gap + u.sector_beta[:, None] * self.sector_gap[u.sector]
        day = np.clip(own_day * np.sqrt(wide), -0.25, 0.3)
        day += u.market_beta[:, None] * self.market_day + u.sector_beta[:, None] * self.sector_day[u.sector]
        a = self.anchor
        anchor_log = np.log(u.price)
        early = day[:, a] * 0.25  # what of the anchor day's move is done by 10:00
        opening, before = anchor_log - early, anchor_log - early - gap[:, a]
        for row in self._pinned_rows():
            before[row] = anchor_log[row] + np.log(PINNED[u.listings[row].path_name])
            opening[row] = before[row] + 0.7 * (anchor_log[row] - before[row])
        self.anchor_log = anchor_log
        self.log_open, self.log_close = np.empty_like(day), np.empty_like(day)
        self.log_open[:, a], self.log_close[:, a] = opening, opening + day[:, a]
        self._forward(gap, day)
        self._backward(gap, day, before)

    def _forward(self, gap: F64, day: F64) -> None:
        a = self.anchor
        closes = self.log_close[:, a : a + 1] + np.cumsum(gap[:, a + 1 :] + day[:, a + 1 :], axis=1)
        self.log_close[:, a + 1 :] = closes
        self.log_open[:, a + 1 :] = closes - day[:, a + 1 :]

    def _backward(self, gap: F64, day: F64, before: F64) -> None:
        a = self.anchor
        steps = (gap[:, 1:a] + day[:, 1:a])[:, ::-1]
        closes = np.concatenate([before[:, None], before[:, None] - np.cumsum(steps, axis=1)], axis=1)[:, ::-1]
        self.log_close[:, :a] = closes
        self.log_open[:, :a] = closes - day[:, :a]

    def prior_log_close(self, rows: NDArray[np.int64], days: NDArray[np.int64]) -> F64:
        """The close before each session; before the first day, its own open."""
        prior: F64 = np.where(days > 0, self.log_close[rows, np.maximum(days - 1, 0)], self.log_open[rows, days])
        return prior
