"""The account's recorded P&L curve by trade date: what each day came to, and its points.

A day's result is the last one before it ended, as recorded; where QTrade did not run until then it is what was known.
Points are read once and added to: a year of them takes a while.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from engine.bars.trading_day import US_STOCK_DAYS
from engine.journal.rows import PnlRow
from engine.journal.source import JournalSource

DENSE_S = 6 * 86_400.0  # so long all points are kept, before that one a minute
SLICE_S, LONG_SLICE_S = 86_400.0, 20 * 86_400.0
REACHES_BACK_S = 400 * 86_400.0
_QUARTER_S = 900.0
POINTS_MOST = 600  # of the curve of one day


class DayEnd(NamedTuple):
    """What a trade date came to by the broker's figures; wall times of its first and last point."""

    day: str  # YYYYMMDD
    daily: float
    realized: float | None
    first_wall: float
    last_wall: float

    @property
    def change(self) -> float | None:
        """Of the unrealised result."""
        return None if self.realized is None else self.daily - self.realized


@dataclass
class _Read:
    until: float
    ends: dict[str, DayEnd] = field(default_factory=dict)


class Curves:
    """Any thread."""

    def __init__(self, journal: JournalSource) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._read: dict[tuple[JournalSource, str], _Read] = {}  # of several to choose from, each has its own

    def ends(self, account: str, now_wall: float) -> dict[str, DayEnd]:
        """By trade date; `account` as in `JournalSource.pnl`."""
        with self._lock:
            journal = self._journal.now()
            known = self._read.setdefault((journal, account), _Read(now_wall - REACHES_BACK_S))
            while known.until < now_wall:
                slice_s = LONG_SLICE_S if known.until < now_wall - DENSE_S - LONG_SLICE_S else SLICE_S
                until = min(now_wall, known.until + slice_s)
                unread = journal.unread
                rows = journal.pnl(known.until, until, account=account)
                if journal.unread != unread:
                    break  # the server is away: these days are read when it is back
                _add(known.ends, rows)
                known.until = until
            return dict(known.ends)

    def points(self, account: str, end: DayEnd) -> list[tuple[float, float | None]]:
        """The curve of one day: market time and result, None = a gap."""
        rows = self._journal.pnl(
            end.first_wall, end.last_wall + 0.001, max_points=POINTS_MOST, mark_gaps_s=90.0, account=account
        )
        return [
            (round(row.m, 1), row.daily)
            for row in rows
            if not (row.daily is None and row.realized is not None) and day_of(row.m) == end.day
        ]


def day_of(market: float) -> str:
    """The account's trade date, YYYYMMDD: a US stock's."""
    return _day_of(int(market // _QUARTER_S))


@lru_cache(maxsize=50_000)
def _day_of(quarter: int) -> str:
    """Trade dates begin on whole quarters of an hour."""
    return US_STOCK_DAYS.of(quarter * _QUARTER_S).strftime("%Y%m%d")


def _add(ends: dict[str, DayEnd], rows: Sequence[PnlRow]) -> None:
    for row in rows:
        if row.daily is None:
            continue
        day = day_of(row.m)
        before = ends.get(day)
        first = row.t if before is None else min(before.first_wall, row.t)
        ends[day] = DayEnd(day, row.daily, row.realized, first, row.t)
