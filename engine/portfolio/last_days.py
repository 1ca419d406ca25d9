"""The last days of what expires: trading days to the last trade, and when holders may get notice of delivery. Pure.

IB's contract details tell the last trade, never the first notice: that is the exchange's rule for each product, told
here for the usual ones. Days are counted by the calendar of the US exchanges for those, else by weekdays.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

from engine.bars.us_calendar import is_trading_day

Notice = Literal["day", "cash", "after", "unknown"]
US_EXCHANGES = frozenset("CME GLOBEX CBOT ECBOT NYMEX COMEX CFE NYBOT SMART AMEX CBOE NASDAQ NYSE ARCA".split())
_CASH = frozenset(
    "ES MES NQ MNQ YM MYM RTY M2K EMD NKD NIY VIX VXM HE GF ZQ SR3 GE BRR MBT BFF ETHUSDRR MET DAX DAXM ESTX50 Z BZ QM "
    "MCL QG".split()
)
# The last trading day of the month before that of the delivery (rulebooks of CBOT and COMEX, "notice of intention").
_MONTH_BEFORE = frozenset(
    "ZC ZS ZW ZM ZL ZO ZR KE XC XK XW YC YK YW ZN ZB ZF ZT Z3N TN UB GC MGC QO SI SIL QI HG MHG QC PL PA".split()
)
# Trading has ended before the first notice can be given (NYMEX energy, CME currencies).
_AFTER_LAST_TRADE = frozenset("CL NG HO RB EUR GBP JPY CHF CAD AUD NZD MXP M6E M6B M6A E7 J7".split())


class LastDays(NamedTuple):
    """`trade_left` = trading days after today up to the last one: 0 = it is today, below it has passed, None = unknown.

    `notice`: "day" = by the rule first on `notice_day`, "cash" = settled in cash, "after" = not before the last trade.
    `is_counted` = by the exchanges' calendar, else by weekdays.
    """

    last_trade: str
    trade_left: int | None
    notice: Notice
    notice_day: str
    notice_left: int | None
    is_counted: bool


@lru_cache(maxsize=2_048)  # each holding is asked about with every publish, and years of days are counted
def last_days(
    sec_type: str, symbol: str, exchange: str, last_trade_date: str, contract_month: str, today: date
) -> LastDays | None:
    """Of a contract that expires; None of one that does not. `contract_month` YYYYMM, "" = not told."""
    last = day_of(last_trade_date)
    if last is None or sec_type in ("BOND", "BILL", "FIXED"):
        return None
    is_us = exchange in US_EXCHANGES
    is_open: Callable[[date], bool] = is_trading_day if is_us else is_weekday
    left = days_between(today, last, is_open)
    if sec_type not in ("FUT", "CONTFUT"):
        return LastDays(f"{last:%Y%m%d}", left, "unknown", "", None, is_us)
    notice, day = first_notice(symbol, contract_month or f"{last:%Y%m}", is_open)
    return LastDays(
        f"{last:%Y%m%d}",
        left,
        notice,
        f"{day:%Y%m%d}" if day is not None else "",
        days_between(today, day, is_open) if day is not None else None,
        is_us,
    )


def first_notice(symbol: str, contract_month: str, is_open: Callable[[date], bool]) -> tuple[Notice, date | None]:
    """By the product's rule; the day only where the rule names one."""
    if symbol in _CASH:
        return "cash", None
    if symbol in _AFTER_LAST_TRADE:
        return "after", None
    first = day_of(f"{contract_month}01")
    if symbol not in _MONTH_BEFORE or first is None:
        return "unknown", None
    day = first - timedelta(days=1)
    while not is_open(day):
        day -= timedelta(days=1)
    return "day", day


def days_between(today: date, day: date, is_open: Callable[[date], bool]) -> int:
    """Trading days after `today` up to `day`; negative = `day` has passed, so many calendar days ago."""
    if day < today:
        return (day - today).days
    return sum(is_open(today + timedelta(days=n)) for n in range(1, (day - today).days + 1))


def is_weekday(day: date) -> bool:
    return day.weekday() < 5


def day_of(text: str) -> date | None:
    """YYYYMMDD, with or without a time behind it."""
    digits = text[:8]
    if len(digits) < 8 or not digits.isdecimal():
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
