"""On which trading day a moment counts, by the kind of contract. Pure.

By default every contract has the reset of its own: its trade date begins with the first session of that date and lasts
until the next one's begins. US shares count for the next date from 20:00 New York, currencies and coins from 17:00. An
account that is told a reset time has that one for everything.
"""

from __future__ import annotations

from datetime import date, timedelta

from simulator.market_time import local_date
from simulator.model import Instrument
from simulator.world.calendar import is_trading_day
from simulator.world.kind_hours import HoursKind, date_of

EVENING_S = {"FUT": 6 * 3600.0, "FOP": 6 * 3600.0, "CASH": 7 * 3600.0, "CMDTY": 7 * 3600.0}
_US_SHARE_EVENING_S = 4 * 3600.0
_IB_EVENING_S = 7 * 3600.0


def trade_date(instrument: Instrument, moment: float, hours: HoursKind | None, reset_s: float | None = None) -> date:
    """`hours` None = US share or CME future; `reset_s`: seconds after New York's midnight, for the whole account."""
    kind = instrument.sec_type
    if reset_s is not None:
        return local_date(moment - reset_s)
    if kind == "CRYPTO":
        return local_date(moment + _IB_EVENING_S)
    if kind == "CASH":
        return _last(local_date(moment + _IB_EVENING_S), holidays_too=False)
    if kind == "BOND":
        return _last(local_date(moment), holidays_too=False)
    if hours is None and kind != "FUT":
        return _last(local_date(moment + _US_SHARE_EVENING_S), holidays_too=True)
    return date_of(hours or "future", moment)


def _last(day: date, *, holidays_too: bool) -> date:
    """The newest date that is one."""
    while not is_trading_day(day) if holidays_too else day.weekday() >= 5:
        day -= timedelta(1)
    return day
