"""How far a trip went for and against its trader before it ended: from the bars of its contract that are held. Pure.

While its market is closed nothing is missing: what must be there are the regular hours of the days that it was held on.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from engine.bars.hours import Session
from engine.bars.us_calendar import is_trading_day, us_regular_hours
from engine.domain import Bar
from engine.trades.execution import ZERO, exact
from engine.trades.trip import Trip

LEAST_COVERED = 0.9
_TIME = attrgetter("time")


class Excursion(NamedTuple):
    """In money of the contract's currency before fees: `worst` at most 0, `best` at least 0. None = `why` says it.

    `covered` is the share of the trip's trading time of which there are bars.
    """

    worst: Decimal | None
    best: Decimal | None
    covered: float
    why: str = ""


def excursion(trip: Trip, bars: Sequence[Bar], hours: Sequence[Session] = (), bar_s: float = 60.0) -> Excursion:
    """Bars of the contract in order, in the unit of its quotes; of a bar in which it was dealt only the fills count.

    `hours`: the sessions of the contract in order (`hours_of`), of which there must be bars; () = not known: all time.
    """
    if trip.opened_at is None or trip.is_before:
        return Excursion(None, None, 0.0, "opened before the journal")
    if not trip.shares or any(share.execution.per_point is None for share in trip.shares):
        return Excursion(None, None, 0.0, "what a point of its price is worth is not known")
    if any(not share.execution.is_trade for share in trip.shares):
        return Excursion(None, None, 0.0, "its position was changed by something else than trades")
    end = trip.closed_at if trip.closed_at is not None else (bars[-1].time + bar_s if bars else trip.opened_at)
    first = bisect_right(bars, trip.opened_at - bar_s, key=_TIME)  # a day trader's month: not all for each trip
    inside = bars[first : bisect_right(bars, end, key=_TIME)]
    whole = [bar for bar in inside if not _was_dealt_in(trip, bar, bar_s)]
    covered = _covered(_open_time(trip.opened_at, end, hours), inside, bar_s)
    if not inside or covered < LEAST_COVERED:
        words = "no bars of that time are held"
        if inside:
            words = f"bars of only {covered:.0%} of its trading time are held"
        return Excursion(None, None, covered, words)
    values = [ZERO, *_at_fills(trip)]
    for bar in whole:
        values += [_value(trip, bar.time, exact(price)) for price in (bar.low, bar.high)]
    return Excursion(min(values), max(values), covered)


def _was_dealt_in(trip: Trip, bar: Bar, bar_s: float) -> bool:
    return any(bar.time <= share.execution.time < bar.time + bar_s for share in trip.shares)


def hours_of(days: Iterable[date], known: Mapping[date, Session], currency: str, sec_type: str) -> list[Session]:
    """The regular hours of these dates, in order: as they were kept with the bars, else those of the US exchanges where
    the contract is theirs, else as on the nearest day that is known. [] = nothing is known of any of them.
    """
    is_us = currency == "USD" and sec_type in _US
    found = []
    for day in sorted(days):
        session = known.get(day)
        if session is None and is_us:
            session = us_regular_hours(day) if is_trading_day(day) else None
        elif session is None and known and day.weekday() < _SATURDAY:
            nearest = _nearest(day, known)
            away = (day - nearest).total_seconds()
            session = Session(known[nearest].open + away, known[nearest].close + away)
        if session is not None:
            found.append(session)
    return found


def _nearest(day: date, known: Iterable[date]) -> date:
    return min(known, key=lambda each: (abs((each - day).days), each))


_US = frozenset({"STK", "ETF", "OPT", "WAR"})
_SATURDAY = 5


def _open_time(begin: float, end: float, hours: Sequence[Session]) -> list[Session]:
    """The stretches of its time of which there must be bars; one that lies outside of all hours is its own."""
    inside = [Session(max(begin, each.open), min(end, each.close)) for each in hours]
    return [each for each in inside if each.close > each.open] or [Session(begin, end)]


def _covered(wanted: Sequence[Session], bars: Sequence[Bar], bar_s: float) -> float:
    whole = sum(each.close - each.open for each in wanted)
    if whole <= 0.0:
        return 1.0 if bars else 0.0
    times, known = [bar.time for bar in bars], 0.0
    for stretch in wanted:
        for time in times[bisect_left(times, stretch.open - bar_s) : bisect_left(times, stretch.close)]:
            known += max(0.0, min(stretch.close, time + bar_s) - max(stretch.open, time))
    return min(1.0, max(0.0, known / whole))


def _value(trip: Trip, at: float, price: Decimal) -> Decimal:
    """What the trip has made by then if the rest were closed at this price."""
    point = next(s.execution.per_point for s in trip.shares) or ZERO
    dealt = [share for share in trip.shares if share.execution.time <= at]
    held = sum((share.quantity for share in dealt), ZERO)
    return held * price * point - sum(
        (share.quantity * share.execution.price * (share.execution.per_point or ZERO) for share in dealt), ZERO
    )


def _at_fills(trip: Trip) -> list[Decimal]:
    return [_value(trip, share.execution.time, share.execution.price) for share in trip.shares]
