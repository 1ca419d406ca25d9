"""What the scanners tell the rotation of the spare lines: a port, so that neither room needs to know the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from engine.domain import ContractRef


class Cover(Protocol):
    """`engine.coverage.rotation.Rotation`, as far as the scanners need it."""

    def universe(self, contracts: Iterable[ContractRef], now_mono: float) -> None: ...

    def hint(self, hints: Mapping[int, float], now_mono: float) -> None: ...

    def judged(self, con_id: int, distance_atr: float | None) -> None: ...


class NoCover:
    """Nobody rotates: for replays in which every symbol has a line."""

    def universe(self, contracts: Iterable[ContractRef], now_mono: float) -> None:
        pass

    def hint(self, hints: Mapping[int, float], now_mono: float) -> None:
        pass

    def judged(self, con_id: int, distance_atr: float | None) -> None:
        pass
