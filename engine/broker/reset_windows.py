"""When IB resets its servers: the hours of its status page, as excuses that SessionMachine limits to 15 minutes. Pure.

North America daily 00:15-01:45 New York (23:45-00:45 until 2025: both are taken), Europe 06:25-07:45 Zurich (before:
05:45-06:45), all regions from Friday 23:00 to Saturday 03:00 New York. Asia's two windows lie in the trading hours of
New York, where a lost connection needs no excuse; they are left out.
"""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

from engine.clock import NEW_YORK, local_time

_EUROPE = ZoneInfo("Europe/Zurich")
_DAILY = (
    (NEW_YORK, time(23, 45), time.max),
    (NEW_YORK, time.min, time(1, 45)),
    (_EUROPE, time(5, 45), time(7, 45)),
)
_FRIDAY, _SATURDAY = 4, 5


def in_reset_window(market: float) -> bool:
    """`market`: the gateway's clock, UTC epoch seconds."""
    at = local_time(market, NEW_YORK)
    if (at.weekday() == _FRIDAY and at.hour >= 23) or (at.weekday() == _SATURDAY and at.hour < 3):
        return True
    return any(begin <= local_time(market, zone).time() < end for zone, begin, end in _DAILY)
