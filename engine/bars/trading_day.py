"""Which trade date a moment belongs to, by instrument and for the account; and a day's regular hours. Pure.

A trade date begins with the opening of its first session and lasts until the next one's begins: a future's evening
(18:00 New York on Sunday) is the next day's, an instant between two sessions is still the former's. The contract's own
hours say when that is. Where they don't speak (they begin with today):
- US stocks from 20:00 New York, as the overnight session (20:00-03:50) counts for the next date;
- currencies and crypto from 17:00 New York, IB's end of the day; crypto has a date for each day of the week;
- futures from the evening that their known hours tell, else from 18:00 New York; all others from midnight.

The account has no clock of its own: "P&L values are calculated based on the reset schedule specified in TWS Global
Configuration (by default an instrument-specific reset schedule)", interactivebrokers.github.io/tws-api/pnl.html. So its
day begins with the newest trade date of what it holds (`account_day`), and the curve looks for resets of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Literal, NamedTuple

from engine.bars.hours import Hours, Session
from engine.bars.us_calendar import is_trading_day, us_regular_hours
from engine.clock import NEW_YORK, zone_of

DAY_S = 86_400
FUTURES_EVENING_S = 6 * 3_600
US_STOCK_EVENING_S = 4 * 3_600
IB_EVENING_S = 7 * 3_600  # 17:00, when IB's day ends for currencies and crypto
LONGER_THAN_A_DAY_S = 25.5 * 3_600  # a session of a day that the clocks prolong is no longer than this
_FUTURES = frozenset({"FUT", "FOP", "CONTFUT", "FUT+CONTFUT"})
_US_SECURITIES = frozenset({"STK", "ETF", "OPT", "WAR", "IND", "CFD"})
_IB_DAY = frozenset({"CASH", "CRYPTO"})
_WEEKDAYS = frozenset(range(5))
_FRIDAY = 4

Week = Literal["US stocks", "weekdays", "weekdays and nights", "every day"]


class Begin(NamedTuple):
    """When a known trade date begins, market time."""

    at: float
    day: date


class TradingDays(NamedTuple):
    """The rule of one contract. `evening_s` before midnight (of the local clock) the next trade date begins.

    "weekdays and nights": Friday's evening begins Monday's, as in Asia's futures; of others Sunday's does.
    `begins_known` are those that its hours tell, in order, up to the date `known_day`; the rule stands around them.
    """

    where: tzinfo = NEW_YORK
    evening_s: int = 0
    week: Week = "US stocks"
    begins_known: tuple[Begin, ...] = ()
    known_day: date = date.min

    def of(self, at_market: float) -> date:
        """The trade date that holds this moment: the newest that has begun."""
        known = self.begins_known
        place = bisect_right(known, (at_market, date.max))
        if place < len(known):
            return known[place - 1].day if place else min(self._by_rule(at_market), self._before(known[0].day))
        day = self._by_rule(at_market)
        return known[-1].day if known and day <= self.known_day else day

    def number(self, at_market: float) -> int:
        """The same as YYYYMMDD."""
        day = self.of(at_market)
        return day.year * 10_000 + day.month * 100 + day.day

    def begins(self, day: date) -> float:
        """Market time of the first moment of a trade date (of any date: where it would begin)."""
        for known in self.begins_known:
            if known.day == day:
                return known.at
        if self.week == "weekdays and nights":
            day = self._before(day) + timedelta(days=1)
        wall = datetime(day.year, day.month, day.day) - timedelta(seconds=self.evening_s)  # noqa: DTZ001
        return wall.replace(tzinfo=self.where).timestamp()

    def ends(self, day: date) -> float:
        """Market time at which the next trade date begins."""
        known = self.begins_known
        following = next((each for each in known if each.day > day), None)
        after = self._after(day)
        if following is not None and (day >= known[0].day or after >= following.day):
            return following.at
        while following is None and known and after <= self.known_day:
            after = self._after(after)
        return self.begins(after)

    def started(self, at_market: float) -> float:
        """When the trade date of this moment began."""
        return self.begins(self.of(at_market))

    def _by_rule(self, at_market: float) -> date:
        local = datetime.fromtimestamp(at_market, UTC).astimezone(self.where).replace(tzinfo=None)
        day = (local + timedelta(seconds=self.evening_s)).date()
        if self._is_date(day):
            return day
        return self._after(day) if self.week == "weekdays and nights" else self._before(day)

    def _is_date(self, day: date) -> bool:
        if self.week == "US stocks":
            return is_trading_day(day)
        return self.week == "every day" or day.weekday() in _WEEKDAYS

    def _before(self, day: date) -> date:
        day -= timedelta(days=1)
        while not self._is_date(day):
            day -= timedelta(days=1)
        return day

    def _after(self, day: date) -> date:
        day += timedelta(days=1)
        while not self._is_date(day):
            day += timedelta(days=1)
        return day


US_STOCK_DAYS = TradingDays(NEW_YORK, US_STOCK_EVENING_S, "US stocks")


@lru_cache(maxsize=1_024)
def trading_days(sec_type: str, trading: Hours, time_zone: str) -> TradingDays:
    """The rule of one contract: its type, its trading hours, and the zone as its gateway names it ("" = not told)."""
    if sec_type in _IB_DAY:
        return TradingDays(NEW_YORK, IB_EVENING_S, "every day" if sec_type == "CRYPTO" else "weekdays")
    where = zone_of(time_zone) or NEW_YORK
    if where == NEW_YORK and sec_type in _US_SECURITIES:
        evening = US_STOCK_EVENING_S if sec_type in ("STK", "ETF") else 0
        return _told(TradingDays(where, evening, "US stocks"), trading, keeps_evening=sec_type in ("STK", "ETF"))
    evenings = [seconds for session in trading.sessions if (seconds := _evening_s(session, where)) is not None]
    if evenings:
        nights = any(
            _local(each.open, where).weekday() == _FRIDAY and _is_night(each, where) for each in trading.sessions
        )
        return _told(TradingDays(where, evenings[-1], "weekdays and nights" if nights else "weekdays"), trading)
    if sec_type in _FUTURES and not trading.sessions:
        return TradingDays(NEW_YORK, FUTURES_EVENING_S, "weekdays")
    return _told(TradingDays(where, 0, "weekdays"), trading)


def trade_date(sec_type: str, trading: Hours, time_zone: str, at_market: float) -> date:
    """The trade date for which something done in a contract at that moment counts."""
    return trading_days(sec_type, trading, time_zone).of(at_market)


def account_day(at_market: float, held: Iterable[TradingDays]) -> Begin:
    """The account's running day: the newest trade date of what it holds, a US stock's when it holds nothing."""
    dates = [(each.of(at_market), each) for each in set(held)] or [(US_STOCK_DAYS.of(at_market), US_STOCK_DAYS)]
    newest = max(day for day, _ in dates)
    return Begin(min(each.begins(day) for day, each in dates if day == newest), newest)


def regular_hours(day: date, liquid: Hours, days: TradingDays, us_stock: bool) -> Session | None:
    """First opening to last close of the regular hours of one trade date; None = unknown, or a holiday.

    From the contract's own hours where they speak of that day (half days, holidays), else the US calendar's for US
    stocks.
    """
    begins, ends = days.begins(day), days.ends(day)
    mine = [session for session in liquid.sessions if begins <= session.close - 1.0 < ends]
    if mine:
        return Session(mine[0].open, mine[-1].close)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=days.where).timestamp()
    if liquid.knows(noon) or not us_stock:
        return None
    return us_regular_hours(day)


def regular_sessions(
    from_market: float, to_market: float, liquid: Hours, days: TradingDays, us_stock: bool
) -> list[Session]:
    """The regular hours of the trade dates from one moment to another, in order; a holiday has none."""
    found: list[Session] = []
    day = days.of(from_market)
    while days.begins(day) <= to_market:
        hours = regular_hours(day, liquid, days, us_stock)
        if hours is not None:
            found.append(hours)
        day = days.of(days.ends(day))
    return found


def midnight_utc(day: date) -> float:
    """How a daily bar tells its day: 00:00 UTC of the exchange's date."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def _told(rule: TradingDays, trading: Hours, keeps_evening: bool = False) -> TradingDays:
    """The rule with the trade dates that the hours tell; `keeps_evening`: they begin when the rule says."""
    if not trading.sessions or trading.known_to is None:
        return rule
    found: dict[date, float] = {}
    for session, day in _dated(_joined(trading.sessions, rule.where), rule):
        found.setdefault(day, rule.begins(day) if keeps_evening else session.open)
    begins = sorted(Begin(at, day) for day, at in found.items())
    if rule.evening_s and not keeps_evening and _local(begins[0].at, rule.where).hour < 12:
        # A text that begins with this morning: the evening before is of this date as well.
        begins[0] = begins[0]._replace(at=min(begins[0].at, rule.begins(begins[0].day)))
    if any(one.day >= other.day for one, other in zip(begins, begins[1:], strict=False)):
        return rule  # a text that contradicts itself
    last = _local(trading.known_to - 1.0, rule.where).date()
    return rule._replace(begins_known=tuple(begins), known_day=max(last, begins[-1].day))


def _joined(sessions: Sequence[Session], where: tzinfo) -> list[Session]:
    """Sessions that a text cuts at midnight, made whole: an evening and what follows it without a break."""
    out: list[Session] = []
    for session in sessions:
        if out and session.open == out[-1].close and _local(out[-1].open, where).hour >= 12:
            opens = _local(session.open, where)
            if (opens.hour, opens.minute) == (0, 0):
                out[-1] = Session(out[-1].open, session.close)
                continue
        out.append(session)
    return out


def _dated(sessions: Sequence[Session], rule: TradingDays) -> Iterable[tuple[Session, date]]:
    """Each session with its trade date: that of its close; one longer than a day has several."""
    for session in sessions:
        start = session.open
        opened = _local(start, rule.where).replace(tzinfo=None)
        while session.close - start > LONGER_THAN_A_DAY_S:
            opened += timedelta(days=1)
            cut = opened.replace(tzinfo=rule.where).timestamp()
            yield Session(start, cut), _label(start, cut, rule)
            start = cut
        yield Session(start, session.close), _label(start, session.close, rule)


def _label(opens: float, closes: float, rule: TradingDays) -> date:
    first, last = _local(opens, rule.where), _local(closes - 1.0, rule.where)
    day = last.date()
    if rule.week == "every day" or (first.date() == day and first.hour < 12):
        return day  # a session within a weekend's day is that day's: some exchanges trade on Sundays
    while day.weekday() not in _WEEKDAYS:
        day += timedelta(days=1)
    return day


def _local(at_market: float, where: tzinfo) -> datetime:
    return datetime.fromtimestamp(at_market, where)


def _is_night(session: Session, where: tzinfo) -> bool:
    return _evening_s(session, where) is not None


def _evening_s(session: Session, where: tzinfo) -> int | None:
    """Seconds before midnight at which an overnight session opens; None for one within a day."""
    opens, closes = _local(session.open, where), _local(session.close - 1.0, where)
    if opens.date() == closes.date() or opens.hour < 12:
        return None
    return DAY_S - (opens.hour * 3_600 + opens.minute * 60 + opens.second)
