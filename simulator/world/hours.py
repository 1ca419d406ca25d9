"""Trading hours as IB writes them: `20251105:0400-20251105:2000;20251108:CLOSED`, in the instrument's zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from simulator.model import Instrument
from simulator.world.calendar import (
    FUTURES_OPEN,
    HALF_DAY_CLOSE,
    NEW_YORK,
    REGULAR_OPEN,
    STOCK_OPEN,
    TradingDay,
    is_trading_day,
    trading_day,
)

DAYS_SHOWN = 6
# Liquid hours of the futures, minutes after midnight in New York.
_LIQUID = {"CME": (570, 1020), "NYMEX": (540, 870), "COMEX": (500, 810)}


def session_minutes(one: Instrument, day: TradingDay, liquid: bool) -> tuple[int, int]:
    """First minute and end of a session, after midnight of its date in New York."""
    if one.sec_type != "FUT":
        return (REGULAR_OPEN, day.regular_close) if liquid else (STOCK_OPEN, day.stock_close)
    if not liquid:
        return FUTURES_OPEN, day.futures_close
    first, last = _LIQUID[one.exchange]
    return first, min(last, HALF_DAY_CLOSE) if day.is_half else last


def hours_text(one: Instrument, now: float, liquid: bool) -> str:
    """Hours of today and the days after it; days without a session are CLOSED."""
    zone = ZoneInfo(one.time_zone_id)
    today = datetime.fromtimestamp(now, NEW_YORK).date()
    return ";".join(_day_text(one, today + timedelta(n), zone, liquid) for n in range(DAYS_SHOWN))


def _day_text(one: Instrument, day: date, zone: ZoneInfo, liquid: bool) -> str:
    if not is_trading_day(day):
        return f"{day:%Y%m%d}:CLOSED"
    session = trading_day(day)
    first, last = session_minutes(one, session, liquid)
    begin, end = (datetime.fromtimestamp(session.at(minute), zone) for minute in (first, last))
    return f"{begin:%Y%m%d:%H%M}-{end:%Y%m%d:%H%M}"
