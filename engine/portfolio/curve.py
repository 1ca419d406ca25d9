"""The P&L curve as it grows: one point each 2 s, one empty point where data end. Engine thread only."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from engine.state.sections import PnlPoint, PnlSection

TAIL = 300
Record = Callable[[float, float, float | None, float | None, float | None], None]


class PnlCurve:
    """Keeps the newest 300 points and hands each to the journal: (t wall, m market, unrealized, realized, daily)."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._tail: deque[PnlPoint] = deque(maxlen=TAIL)

    def add(
        self, wall: float, market: float, unrealized: float | None, realized: float | None, daily: float | None
    ) -> None:
        """Add a point; a gap is one empty point, however long it lasts."""
        empty = unrealized is None and daily is None
        if empty and (not self._tail or _is_gap(self._tail[-1])):
            return
        point = (
            PnlPoint(wall, market, None, None, None) if empty else PnlPoint(wall, market, unrealized, realized, daily)
        )
        self._tail.append(point)
        self._record(point.t, point.m, point.unrealized, point.realized, point.daily)

    def restart(self) -> None:
        """Another account or mode: its curve is another one."""
        self._tail.clear()

    def section(self) -> PnlSection:
        return PnlSection(points=tuple(self._tail))


def _is_gap(point: PnlPoint) -> bool:
    return point.unrealized is None and point.daily is None
