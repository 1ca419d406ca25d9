"""How long P&L points are kept: each of the newest five days, one a minute of the newest year, none before.

Days are those on which there are points, counted back from the newest: neither a long pause nor a machine whose clock
jumps ahead takes anything away. A stretch of a few hours is thinned at a time, so that no transaction lasts; what a
program that ended left undone is done by the next one. Journal thread only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select

from engine.journal.rows import PnlRow
from engine.journal.tables import pnl_points
from engine.journal.thinning import by_the_minute

WHOLE_DAYS = 5
DAYS = 366
STRETCH_S = 6 * 3_600.0
_DAY_S = 86_400.0
_AGAIN_S = 3_600.0
_MINUTES = STRETCH_S / 60.0
_AT_ONCE = 500


class Retention:
    """One database's curve of one account."""

    def __init__(self, mode: str, account: str) -> None:
        c = pnl_points.c
        self._mode, self._account = mode, account
        self._mine = (c.mode == mode, c.account == account)
        self._done_to = 0.0
        self._edge: float | None = None  # what is older is thinned; None = to be found anew
        self._rest_until = float("-inf")

    def step(self, engine: Engine, now_mono: float) -> bool:
        """Thin the next stretch, or rest an hour when all are done: True = it begins to rest."""
        if now_mono < self._rest_until:
            return False
        with engine.begin() as connection:
            if self._edge is None:
                self._edge = self._day_back(connection, WHOLE_DAYS)
            begin = self._oldest_since(connection, self._done_to) if self._edge is not None else None
            if begin is None or self._edge is None or begin + STRETCH_S > self._edge:
                self._forget(connection)
                self._edge, self._rest_until = None, now_mono + _AGAIN_S
                return True
            self._thin(connection, begin)
        self._done_to = begin + STRETCH_S
        return False

    def _day_back(self, connection: Connection, days: int) -> float | None:
        """Where the oldest of the newest so many days with points begins; None = there are not more than those."""
        c = pnl_points.c
        begin = float("inf")
        for _ in range(days):
            newest = self._value(connection, func.max(c.t), c.t < begin)
            if newest is None:
                return None
            begin = newest // _DAY_S * _DAY_S
        return begin

    def _oldest_since(self, connection: Connection, since: float) -> float | None:
        """Where the stretch of the oldest point since then begins."""
        oldest = self._value(connection, func.min(pnl_points.c.t), pnl_points.c.t >= since)
        return None if oldest is None else oldest // STRETCH_S * STRETCH_S

    def _value(self, connection: Connection, what: Any, where: Any) -> float | None:
        found: float | None = connection.execute(select(what).where(*self._mine, where)).scalar()
        return found

    def _forget(self, connection: Connection) -> None:
        begin = self._day_back(connection, DAYS)
        if begin is not None:
            connection.execute(delete(pnl_points).where(*self._mine, pnl_points.c.t < begin))

    def _thin(self, connection: Connection, begin: float) -> None:
        c = pnl_points.c
        asked = select(c.t, c.market_time, c.unrealized, c.realized, c.daily)
        asked = asked.where(*self._mine, c.t >= begin, c.t < begin + STRETCH_S).order_by(c.t)
        rows = [tuple(row) for row in connection.execute(asked)]
        if len(rows) <= _MINUTES:
            return
        points = [PnlRow(t, m, u, r, d, self._mode, self._account) for t, m, u, r, d in rows]
        kept = by_the_minute(points)
        self._delete(connection, [row[0] for i, row in enumerate(rows) if i not in kept])

    def _delete(self, connection: Connection, times: Sequence[float]) -> None:
        for first in range(0, len(times), _AT_ONCE):
            some = times[first : first + _AT_ONCE]
            connection.execute(delete(pnl_points).where(*self._mine, pnl_points.c.t.in_(some)))
