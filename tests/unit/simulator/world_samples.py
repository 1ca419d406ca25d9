"""Markets for the tests, on a wall clock that the test turns."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from simulator.world.build import build_world
from simulator.world.calendar import NEW_YORK
from simulator.world.market import Market

SEED = 11


class Wall:
    """A wall clock that stands still until told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def new_york(text: str) -> float:
    """Epoch of a New York time such as `2025-11-05 10:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()


def market_at(text: str | None = None, seed: int = SEED, scenario: str = "weekday") -> tuple[Market, Wall]:
    wall = Wall()
    start = new_york(text) if text else None
    return build_world(seed, start, 1.0, wall, scenario, None, True), wall


@lru_cache(maxsize=4)
def still_market(text: str) -> Market:
    """A market that nobody moves; shared by the tests that only read."""
    return market_at(text)[0]


def con_id(market: Market, local_symbol: str) -> int:
    return next(one.con_id for one in market.instruments() if one.local_symbol == local_symbol)
