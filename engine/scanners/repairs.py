"""Which bars are worth a request of history: gaps of lines that stream, and minutes that visits did not see."""

from __future__ import annotations

from collections.abc import Set
from typing import NamedTuple

from engine.bars.history import RANK_POSITION, RANK_STREAMED, RANK_UNIVERSE
from engine.coverage.visits import Look
from engine.scanners.parts import Parts

CHECK_S = 30.0
SPARE_JOBS = 4  # waiting history requests below which others may be added
NEAR_FOR_S = 180.0  # the price has walked on: an older distance says nothing, the next visit measures anew


class _Thin(NamedTuple):
    """Too few minutes were seen, at this distance from the nearer level."""

    distance_atr: float
    seen_mono: float


class Repairs:
    """Engine thread only; times of the market."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._checked_mono = float("-inf")
        self._thin: dict[int, _Thin] = {}  # whose bars are worth a request to spare

    def after_look(self, look: Look) -> None:
        """A visit was judged: its bars are asked for where they decide."""
        if look.needs_bars:
            self._parts.desk.repair(look.con_id, self._parts.market(), RANK_STREAMED)
        elif look.is_thin and look.distance_atr is not None:
            self._thin[look.con_id] = _Thin(look.distance_atr, self._parts.clock.mono())

    def clear(self) -> None:
        self._thin.clear()

    def on_history(self, con_id: int) -> None:
        self._thin.pop(con_id, None)

    def forget(self, con_id: int) -> None:
        """It left the universe."""
        self._thin.pop(con_id, None)

    def streams(self, con_id: int) -> bool:
        entry = self._parts.store.get(con_id)
        return entry is not None and entry.streaming

    def step(self, now_market: float, exempt: Set[int]) -> None:
        """Look for gaps twice a minute: lines that were lost and came back. Requests to spare go to the nearest."""
        desk, mono = self._parts.desk, self._parts.clock.mono()
        self._thin = {con_id: thin for con_id, thin in self._thin.items() if mono - thin.seen_mono < NEAR_FOR_S}
        for _ in range(min(len(self._thin), max(0, SPARE_JOBS - desk.waiting))):
            nearest = min(self._thin, key=lambda con_id: self._thin[con_id].distance_atr)
            del self._thin[nearest]
            desk.repair(nearest, now_market, RANK_UNIVERSE)
        if mono - self._checked_mono < CHECK_S:
            return
        self._checked_mono = mono
        for con_id in self._parts.store.con_ids():
            if self.streams(con_id) and self._holds_line(con_id):
                desk.repair(con_id, now_market, RANK_POSITION if con_id in exempt else RANK_STREAMED)

    def _holds_line(self, con_id: int) -> bool:
        """It streams for longer than a visit: its gaps are worth a request."""
        quote = self._parts.quote(con_id)
        return quote is not None and quote.lane == "streaming"
