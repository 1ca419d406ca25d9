"""The best score of each symbol per 5 minutes, for the heatmap over time. Bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

COLUMN_S = 300.0
COLUMNS = 24
ROWS = 40


class HeatHistory:
    """Columns of market time, oldest first; a symbol that was no candidate then has None."""

    def __init__(self) -> None:
        self._columns: deque[tuple[float, dict[int, float]]] = deque(maxlen=COLUMNS)

    def note(self, scores: dict[int, float], now_market: float) -> None:
        """Take one cycle's scores."""
        start = now_market - now_market % COLUMN_S
        if self._columns and start < self._columns[-1][0]:
            self._columns.clear()  # the market clock was set back
        if not self._columns or self._columns[-1][0] != start:
            self._columns.append((start, {}))
        column = self._columns[-1][1]
        for con_id, value in scores.items():
            if value > column.get(con_id, -1.0):
                column[con_id] = value

    def times(self) -> tuple[float, ...]:
        return tuple(start for start, _ in self._columns)

    def rows(self, symbols: Sequence[tuple[int, str]]) -> tuple[tuple[str, tuple[float | None, ...]], ...]:
        """Scores of these (con_id, name) in their order, one per column."""
        return tuple(
            (name, tuple(_rounded(column.get(con_id)) for _, column in self._columns))
            for con_id, name in symbols[:ROWS]
        )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
