"""What an option's model says of it: delta by Black and Scholes without interest. Pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from simulator.model import Instrument

VOLATILITY = 0.35
YEAR_S = 365.0 * 86_400.0
SHORTEST_S = 3_600.0  # an option in its last hour is as one of an hour


def delta(option: Instrument, under_price: float, now: float) -> float:
    """For a rise of the underlying by 1; 0 to 1 of a call, -1 to 0 of a put."""
    sigma = VOLATILITY * math.sqrt(max(SHORTEST_S, _expiry(option) - now) / YEAR_S)
    d1 = math.log(under_price / option.strike) / sigma + sigma / 2.0
    of_call = 0.5 * (1.0 + math.erf(d1 / math.sqrt(2.0)))
    return of_call if option.right == "C" else of_call - 1.0


def _expiry(option: Instrument) -> float:
    day = datetime.strptime(option.last_trade_date, "%Y%m%d").replace(tzinfo=UTC)
    return day.timestamp() + 21.0 * 3_600.0  # 16:00 New York
