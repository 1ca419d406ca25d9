"""Which trading day a moment belongs to, and a day's regular hours: by the exchange's clock, DST included. Pure.

The evening session of a future belongs to the next day (18:00 New York on Sunday is Monday's). Known trading hours
say when that is; without them a future's day begins at 18:00 New York, everything else's at midnight.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from engine.bars.hours import NEW_YORK, Hours, Session
from engine.domain import ContractRef
from engine.zones import zone_of

DAY_S = 86_400
FUTURES_EVENING_S = 6 * 3_600
_FUTURES = frozenset({"FUT", "FOP", "CONTFUT"})
_OPENS, _CLOSES = timedelta(hours=9, minutes=30), timedelta(hours=16)


class TradingDays(NamedTuple):
    """`evening_s` before midnight (of the local clock) the next trading day begins; 0 = at midnight."""

    where: tzinfo = NEW_YORK
    evening_s: int = 0

    def of(self, at_market: float) -> date:
        """The trading day that holds this moment."""
        local = datetime.fromtimestamp(at_market, self.where)
        since_midnight = local.hour * 3_600 + local.minute * 60 + local.second
        return local.date() + timedelta(days=1) if since_midnight >= DAY_S - self.evening_s else local.date()

    def number(self, at_market: float) -> int:
        """The same as YYYYMMDD."""
        day = self.of(at_market)
        return day.year * 10_000 + day.month * 100 + day.day

    def begins(self, day: date) -> float:
        """Market time of the first moment of a trading day."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.where)
        if not self.evening_s:
            return midnight.timestamp()
        return (midnight - timedelta(seconds=self.evening_s)).timestamp()  # on the local clock, whatever DST does


def trading_days(sec_type: str, trading: Hours, time_zone: str) -> TradingDays:
    """The rule of one contract; its hours' overnight sessions tell when its day begins."""
    where = zone_of(time_zone) or NEW_YORK
    evenings = [evening for session in trading.sessions if (evening := _evening_s(session, where)) is not None]
    if evenings:
        return TradingDays(where, evenings[-1])
    if sec_type in _FUTURES:
        return TradingDays(NEW_YORK, FUTURES_EVENING_S)
    return TradingDays(where, 0)


def days_of(contract: ContractRef, trading: Hours, time_zone: str) -> TradingDays:
    """`trading_days` of a contract."""
    return trading_days(contract.sec_type, trading, time_zone)


def regular_hours(day: date, liquid: Hours, days: TradingDays, us_stock: bool) -> Session | None:
    """First opening to last close of the regular hours of one trading day; None = unknown, or a holiday.

    From the contract's own hours where they speak of that day (half days, holidays), else New York's of a weekday
    for US stocks.
    """
    begins = days.begins(day)
    ends = days.begins(day + timedelta(days=1))
    mine = [session for session in liquid.sessions if begins <= session.close - 1.0 < ends]
    if mine:
        return Session(mine[0].open, mine[-1].close)
    if liquid.knows(begins + DAY_S / 2) or not us_stock or day.weekday() >= 5:
        return None
    midnight = datetime(day.year, day.month, day.day, tzinfo=NEW_YORK)
    return Session((midnight + _OPENS).timestamp(), (midnight + _CLOSES).timestamp())


def midnight_utc(day: date) -> float:
    """How a daily bar tells its day: 00:00 UTC of the exchange's date."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def _evening_s(session: Session, where: tzinfo) -> int | None:
    """Seconds before midnight at which an overnight session opens; None for one within a day."""
    opens, closes = (datetime.fromtimestamp(at, where) for at in (session.open, session.close - 1.0))
    if opens.date() == closes.date() or opens.hour < 12:
        return None
    return DAY_S - (opens.hour * 3_600 + opens.minute * 60 + opens.second)
