"""The price of a kind at any moment, as a pure function of seed, contract and time: no state, any order.

Sums of smooth noise over periods from seconds to months, anchored so that the price is the listed one at the anchor.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np

from simulator.world.calendar import NEW_YORK
from simulator.world.kinds import Kind
from simulator.world.noise import F64, fold, uniform

ANCHOR = datetime(2025, 11, 5, 10, 0, tzinfo=NEW_YORK).timestamp()
_PERIODS_S = (20.0, 90.0, 420.0, 2_400.0, 14_400.0, 86_400.0, 604_800.0, 4_000_000.0)
_LIMIT = 0.25  # of the quote that long periods may move it: a book of options stays a book of options


class Path:
    """One contract's price. Quotes are on its grid."""

    def __init__(self, seed: int, name: str, price: float, volatility: float, tick: float, additive: bool) -> None:
        self._keys = [np.uint64(fold(seed, *name.encode(), n)) for n in range(len(_PERIODS_S))]
        self._price, self._volatility, self._tick, self._additive = price, volatility, tick, additive
        self._shift = self._noise(np.array([ANCHOR]))[0] if volatility else 0.0

    def _noise(self, times: F64) -> F64:
        """In days' standard deviations."""
        total: F64 = np.zeros(len(times))
        for key, period in zip(self._keys, _PERIODS_S, strict=True):
            place = times / period
            knot = np.floor(place)
            u = place - knot
            smooth = u * u * (3.0 - 2.0 * u)
            low = uniform(np.array([key]), knot.astype(np.int64))
            high = uniform(np.array([key]), knot.astype(np.int64) + 1)
            total += (low + (high - low) * smooth - 0.5) * 2.0 * (min(period, 604_800.0) / 86_400.0) ** 0.5
        return total

    def ticks(self, times: F64) -> F64:
        """Whole ticks at the moments."""
        if not self._volatility:
            return np.full(len(times), float(round(self._price / self._tick)))
        moved = (self._noise(times) - self._shift) * self._volatility
        price = self._price + moved if self._additive else self._price * np.exp(np.clip(moved, -_LIMIT, _LIMIT))
        whole: F64 = np.rint(price / self._tick)
        return whole if self._additive else np.maximum(whole, 1.0)

    def at(self, moment: float) -> int:
        return int(self.ticks(np.array([moment]))[0])


def path_of(seed: int, kind: Kind) -> Path:
    it = kind.instrument
    return Path(seed, it.local_symbol, kind.price, kind.volatility, it.min_tick, kind.additive)
