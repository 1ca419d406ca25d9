"""Whom the spare lines visit: the engine's own rotation, and what it is measured against."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from engine.coverage.rotation import Rotation
from engine.coverage.urgency import CoveragePolicy, Place
from engine.domain import Demand, Stay
from engine.lines.ledger import Line

REFRESH_S = 60.0


class RoundRobin(Rotation):
    """The longest wait first. Like every policy it keeps a line while a breakout is being confirmed."""

    def order(self, waiting: Sequence[Place], now_mono: float, since_mark: float, count: int) -> list[Place]:
        return sorted(waiting, key=lambda place: (place.held_mono or 0.0, place.contract.con_id))[:count]


class _Chosen(Rotation):
    """Lines for a list of symbols, and for nobody else."""

    chosen: Collection[int] = ()

    def order(self, waiting: Sequence[Place], now_mono: float, since_mark: float, count: int) -> list[Place]:
        return [place for place in waiting if place.contract.con_id in self.chosen][:count]

    def _staying(self, visitors: Sequence[Line], needed: int, now_mono: float, now_market: float) -> list[Demand]:
        self.confirming = tuple(line.con_id for line in visitors if self._stays(line.con_id, now_market))
        return [self._stay(line) for line in visitors if line.con_id in self.chosen or line.con_id in self.confirming]


class Fixed(_Chosen):
    """The first symbols of the universe hold their lines for ever."""

    def demands(
        self,
        lines: Sequence[Line],
        seats: int,
        barred: Collection[int],
        now_mono: float,
        now_market: float,
        *,
        paused: bool = False,
    ) -> list[Demand]:
        if not self.chosen:
            self.chosen = [place.contract.con_id for place in self.places()][:seats]
        return super().demands(lines, seats, barred, now_mono, now_market, paused=paused)


class Gainers(_Chosen):
    """What the predecessor did: lines for the top gainers, looked up each 60 s. `top` = their con_ids, best first."""

    def __init__(self, policy: CoveragePolicy, stays: Callable[[int], Stay], top: Callable[[], list[int]]) -> None:
        super().__init__(policy, stays)
        self._top = top
        self._looked_mono = float("-inf")

    def demands(
        self,
        lines: Sequence[Line],
        seats: int,
        barred: Collection[int],
        now_mono: float,
        now_market: float,
        *,
        paused: bool = False,
    ) -> list[Demand]:
        if now_mono - self._looked_mono >= REFRESH_S:
            self._looked_mono = now_mono
            self.chosen = self._top()[:seats]
        return super().demands(lines, seats, barred, now_mono, now_market, paused=paused)
