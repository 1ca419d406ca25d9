"""The P&L curve as it grows: one point each 2 s, one empty point where data end. Engine thread only."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from engine.state.sections import PnlPoint, PnlSection

TAIL = 300
FLAT_S = 8.0  # a value that stays gets one point in so long, and one where it ends
Record = Callable[[float, float, float | None, float | None, float | None], None]


class PnlCurve:
    """Keeps the newest 300 points and hands each to the journal: (t wall, m market, unrealized, realized, daily)."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._tail: deque[PnlPoint] = deque(maxlen=TAIL)
        self._flat: PnlPoint | None = None  # the newest point of a flat stretch, not added yet

    def add(
        self, wall: float, market: float, unrealized: float | None, realized: float | None, daily: float | None
    ) -> None:
        """Add a point; a gap is one empty point, however long it lasts, and a flat stretch has few."""
        empty = unrealized is None and daily is None
        if empty and (not self._tail or _is_gap(self._tail[-1])):
            return
        point = (
            PnlPoint(wall, market, None, None, None) if empty else PnlPoint(wall, market, unrealized, realized, daily)
        )
        last = self._tail[-1] if self._tail else None
        is_same = last is not None and _money(last) == _money(point)
        if last is not None and is_same and 0.0 <= point.t - last.t < FLAT_S:
            self._flat = point
            return
        if self._flat is not None and not is_same:
            self._keep(self._flat)
        self._keep(point)

    def _keep(self, point: PnlPoint) -> None:
        self._flat = None
        self._tail.append(point)
        self._record(point.t, point.m, point.unrealized, point.realized, point.daily)

    def restart(self) -> None:
        """Another account or mode: its curve is another one."""
        self._tail.clear()
        self._flat = None

    def section(self) -> PnlSection:
        return PnlSection(points=tuple(self._tail))


def _money(point: PnlPoint) -> tuple[float | None, float | None, float | None]:
    return point.unrealized, point.realized, point.daily


def _is_gap(point: PnlPoint) -> bool:
    return point.unrealized is None and point.daily is None
