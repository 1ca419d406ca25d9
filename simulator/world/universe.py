"""Everything that moves, as arrays: row n of each is the same contract."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.model import Instrument
from simulator.world.catalogue import SECTORS, Listing
from simulator.world.manner import USUAL_MANNER, Manner
from simulator.world.noise import F64, U64, fold

SECTOR_NAMES = tuple(SECTORS)
HELD_PATHS = frozenset({"TSLA", "NQ", "CL"})  # of the main positions


def _floats(values: list[float]) -> F64:
    return np.array(values, dtype=np.float64)


class Universe:
    """Rows of the world; stocks first, then futures."""

    def __init__(self, seed: int, listings: list[Listing], manner: Manner = USUAL_MANNER) -> None:
        self.seed = seed
        self.manner = manner  # of its breakouts
        self.listings = listings
        self.instruments: list[Instrument] = [one.instrument for one in listings]
        self.row = {one.con_id: n for n, one in enumerate(self.instruments)}
        self.price = _floats([one.price for one in listings])
        self.tick = _floats([one.min_tick for one in self.instruments])
        self.avg_volume = _floats([one.avg_volume for one in self.instruments])
        self.market_beta = _floats([one.market_beta for one in listings])
        self.sector_beta = _floats([one.sector_beta for one in listings])
        self.own_volatility = _floats([one.own_volatility for one in listings])
        self.sector = np.array([SECTOR_NAMES.index(one.sector) for one in listings], dtype=np.int64)
        self.is_future = np.array([one.kind == "FUT" for one in listings])
        self.is_etf = np.array([one.sector == "ETF" and one.kind == "STK" for one in listings])
        self.is_thin = np.array([one.instrument.behaviour != "normal" for one in listings])
        self.is_held = np.array([one.path_name in HELD_PATHS for one in listings])
        self.is_watched = np.array([one.watched for one in listings])
        # What the price follows is keyed by the root, so that all months of a future agree.
        self.path_key: U64 = self._keys([one.path_name for one in listings])
        self.own_key: U64 = self._keys([one.instrument.local_symbol for one in listings])
        self.spread_ticks = np.maximum(
            1, np.rint(2e-4 * self.price * _floats([one.half_spread_bps for one in listings]) / self.tick)
        ).astype(np.int64)
        self.lot = np.where(self.is_future, 1, 100).astype(np.int64)

    def _keys(self, names: list[str]) -> U64:
        return np.array([fold(self.seed, *name.encode()) for name in names], dtype=np.uint64)

    def __len__(self) -> int:
        return len(self.listings)

    @property
    def volatility(self) -> F64:
        """Of a regular session, all parts together."""
        shared = (0.0075 * self.market_beta) ** 2 + (0.006 * self.sector_beta) ** 2
        out: F64 = np.sqrt(shared + self.own_volatility**2)
        return out

    def rows_where(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        found: NDArray[np.int64] = np.flatnonzero(mask).astype(np.int64)
        return found

    def attributes(self, name: str) -> list[Any]:
        return [getattr(one, name) for one in self.instruments]
