"""Back to the own client id: how often to look whether it is free, and when a reconnect disturbs nobody. Pure.

Right after the outage that cost the id another second without data is part of it; later the minutes around the open and
the close of New York are left alone. Reconnects that found the id taken again are few.
"""

from __future__ import annotations

import datetime as dt
from collections import deque

from engine.broker.timings import Timings
from engine.clock import NEW_YORK

_PER_HOUR = 3
_HOUR_S = 3600.0
# Minutes of the day in New York, from and until, on weekdays.
_BUSY = ((9 * 60 + 25, 9 * 60 + 45), (15 * 60 + 50, 16 * 60 + 5))


def is_busy(market: float) -> bool:
    """Whether a trader would notice a second without data. `market` is epoch seconds of the gateway's clock."""
    at = dt.datetime.fromtimestamp(market, NEW_YORK)
    minute = at.hour * 60 + at.minute
    return at.weekday() < 5 and any(begin <= minute < end for begin, end in _BUSY)


class WayBack:
    """Outlives the connections. `since_s` = seconds since the connection under the other id was made."""

    def __init__(self, timings: Timings) -> None:
        self._timings = timings
        self._went: deque[float] = deque()

    def look_in_s(self, since_s: float) -> float:
        """Seconds until TWS is asked again whether the id is free."""
        return self._timings.own_id_every_s if self._is_soon(since_s) else self._timings.own_id_later_s

    def may_go(self, since_s: float, market: float, now_mono: float) -> bool:
        while self._went and now_mono - self._went[0] >= _HOUR_S:
            self._went.popleft()
        return len(self._went) < _PER_HOUR and (self._is_soon(since_s) or not is_busy(market))

    def goes(self, now_mono: float) -> None:
        """The connection is given up for the own id."""
        self._went.append(now_mono)

    def _is_soon(self, since_s: float) -> bool:
        return since_s < self._timings.own_id_soon_s
