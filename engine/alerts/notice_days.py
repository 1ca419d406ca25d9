"""Days to the end of a contract: last trade as IB says it, first notice by the exchanges' rule. Pure.

The API tells no first notice. COMEX metals, CBOT grains and Treasury futures have it on the last business day of the
month before the month of delivery, which is the month of their last trade; crude oil and gas have it after their last
trade, where it warns of nothing. For all others it is not known here. Days are those on which US stocks trade.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from engine.bars.us_calendar import is_trading_day

_MONTH_BEFORE = frozenset("GC SI HG PL PA MGC SIL QO QI ZC ZS ZW ZM ZL ZO ZR KE XC XK XW ZB UB ZN TN ZF ZT Z3N".split())
_LOCAL = re.compile(r"([A-Z0-9]+?)[FGHJKMNQUVXZ]\d{1,2}")
_FURTHEST_DAYS = 400


def last_trade(last_trade_date: str) -> date | None:
    """Of IB's text, which may go on with a time; None = it says no day."""
    try:
        return datetime.strptime(last_trade_date[:8], "%Y%m%d").date()  # noqa: DTZ007 - a date of the exchange
    except ValueError:
        return None


def first_notice(local_symbol: str, sec_type: str, last: date) -> date | None:
    """None = there is none before the last trade, or it is not known here."""
    if sec_type != "FUT":
        return None
    word = local_symbol.split()[0] if local_symbol.strip() else ""
    found = _LOCAL.fullmatch(word)
    if (found[1] if found else word) not in _MONTH_BEFORE:
        return None
    day = last.replace(day=1) - timedelta(days=1)
    while not is_trading_day(day):
        day -= timedelta(days=1)
    return day


def trading_days_to(today: date, day: date) -> int:
    """0 on the day itself, below 0 after it; what is further off than a year counts as that."""
    step = 1 if day >= today else -1
    count, at = 0, today
    while at != day and abs(count) < _FURTHEST_DAYS:
        at += timedelta(days=step)
        count += step * is_trading_day(at)
    return count
