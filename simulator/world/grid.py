"""The minutes of a session: where it opens and closes, how volume and movement are spread over it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from simulator.world.calendar import FUTURES_OPEN, REGULAR_OPEN, STOCK_OPEN, TradingDay
from simulator.world.noise import F64

FACTOR_OPEN, FACTOR_MINUTES = FUTURES_OPEN, 1560  # 18:00 of the evening before to 20:00


@dataclass(frozen=True)
class Grid:
    """The session of one class on one kind of day. Indices count minutes from `open_minute` (after midnight)."""

    is_future: bool
    is_half: bool
    open_minute: int
    size: int  # minutes of the array, the same on half days
    end: int  # first minute without trading
    regular_open: int
    regular_close: int
    volume_share: F64  # of the day's volume, per minute; sums to 1
    movement: F64  # volatility per minute, squares sum to 1 over the regular session

    @property
    def factor_offset(self) -> int:
        return self.open_minute - FACTOR_OPEN


def _u_shape(minutes: int) -> F64:
    x = np.linspace(0.0, 1.0, minutes)
    shape: F64 = 0.62 + 1.25 * np.exp(-x / 0.09) + 0.55 * np.exp(-(1.0 - x) / 0.05)
    return shape


def _stock_shares(size: int, end: int, opening: int, closing: int) -> F64:
    shares = np.zeros(size)
    pre = np.exp((np.arange(opening) - opening) / 75.0)
    shares[:opening] = 0.025 * pre / pre.sum()
    shares[opening:closing] = 0.905 * _u_shape(closing - opening) / _u_shape(closing - opening).sum()
    shares[opening] += 0.015
    shares[closing] = 0.04  # the closing auction prints a moment after the bell
    post = np.exp(-np.arange(end - closing - 1) / 45.0)
    shares[closing + 1 : end] = 0.015 * post / post.sum()
    return shares


def _future_shares(size: int, end: int, opening: int, closing: int) -> F64:
    shares = np.zeros(size)
    night = 0.5 + np.exp((np.arange(opening) - opening) / 200.0)
    shares[:opening] = 0.17 * night / night.sum()
    shares[opening:closing] = 0.80 * _u_shape(closing - opening) / _u_shape(closing - opening).sum()
    if end > closing:
        shares[closing:end] = 0.03 / (end - closing)
    shares /= shares.sum()
    return shares


def _movement(size: int, opening: int, closing: int) -> F64:
    x = np.linspace(0.0, 1.0, closing - opening)
    day = 0.8 + 1.1 * np.exp(-x / 0.07) + 0.35 * np.exp(-(1.0 - x) / 0.06)
    move = np.full(size, 0.3)
    move[opening:closing] = day
    scaled: F64 = move / np.sqrt(np.sum(day * day))
    return scaled


@lru_cache(maxsize=4)
def _grid(is_future: bool, is_half: bool, end_minute: int, close_minute: int) -> Grid:
    start = FUTURES_OPEN if is_future else STOCK_OPEN
    size = 1380 if is_future else 960
    end, opening, closing = end_minute - start, REGULAR_OPEN - start, close_minute - start
    shares = (_future_shares if is_future else _stock_shares)(size, end, opening, closing)
    return Grid(is_future, is_half, start, size, end, opening, closing, shares, _movement(size, opening, closing))


def grid_of(day: TradingDay, is_future: bool) -> Grid:
    end = day.futures_close if is_future else day.stock_close
    return _grid(is_future, day.is_half, end, day.regular_close)
