"""The P&L curve by session: what regular hours made, and what the hours around them did. Pure.

Regular hours are those of the US exchanges, half days and holidays as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from engine.bars.us_calendar import us_regular_hours
from engine.clock import NEW_YORK
from engine.journal.rows import PnlRow


class BySession(NamedTuple):
    """Money by where it came: each step of the curve counts for the session in which it ended.

    `untold` came over gaps: nobody knows when.
    """

    regular: float
    extended: float
    untold: float


def is_regular(at_market: float) -> bool:
    hours = us_regular_hours(datetime.fromtimestamp(at_market, UTC).astimezone(NEW_YORK).date())
    return hours is not None and hours.open <= at_market < hours.close


def by_session(points: Iterable[PnlRow]) -> BySession:
    """Of one account's day P&L, oldest first. Where the day began anew the step is none."""
    sums = {True: 0.0, False: 0.0}
    untold, before, is_over_gap = 0.0, 0.0, False
    for point in points:
        if point.daily is None:
            is_reset = point.realized is not None and point.unrealized is None
            before, is_over_gap = (0.0, False) if is_reset else (before, True)
            continue
        step, before = point.daily - before, point.daily
        if is_over_gap:
            untold, is_over_gap = untold + step, False
        else:
            sums[is_regular(point.m)] += step
    return BySession(sums[True], sums[False], untold)
