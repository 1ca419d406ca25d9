"""Trading hours as IB's contract details tell them: parsing, the phase of a session, and the words for it.

The calendar labels, it never gates. Hours that are missing, cannot be read, or lie wholly in the past mean
"unknown", and nobody may suppress anything for it.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from engine.clock import NEW_YORK, zone_of
from engine.domain import SessionPhase

LONGEST_S = 8 * 86_400.0  # a market that never rests may be told as one session a week
_MOMENT = re.compile(r"(?:(\d{8}):)?(\d{2}):?(\d{2})$")


class Session(NamedTuple):
    """One stretch of trading, market epoch seconds, [open, close)."""

    open: float
    close: float


class Hours(NamedTuple):
    """Sessions in order, and the span of time that the text speaks about (None = nothing known).

    `unread` = days within it whose text nobody could read.
    """

    sessions: tuple[Session, ...]
    known_from: float | None
    known_to: float | None
    unread: tuple[Session, ...] = ()

    def knows(self, at_market: float) -> bool:
        if self.known_from is None or self.known_to is None or not self.known_from <= at_market < self.known_to:
            return False
        return not any(day.open <= at_market < day.close for day in self.unread)

    def at(self, at_market: float) -> Session | None:
        """The session that holds this moment."""
        return next((session for session in self.sessions if session.open <= at_market < session.close), None)

    def next(self, at_market: float) -> Session | None:
        """The first session that opens after this moment."""
        return next((session for session in self.sessions if session.open > at_market), None)

    def last(self, at_market: float) -> Session | None:
        """The newest session that had ended by this moment."""
        return next((session for session in reversed(self.sessions) if session.close <= at_market), None)


UNKNOWN_HOURS = Hours((), None, None)


HOLIDAY = "holiday, "  # before the words of a weekday without regular hours


class PhaseNow(NamedTuple):
    """`ends_market` is when the phase changes; None = not known."""

    phase: SessionPhase
    text: str
    ends_market: float | None


@lru_cache(maxsize=512)
def parse_hours(text: str, zone_name: str) -> Hours:
    """IB's text in both spellings; days that cannot be read are unknown.

    `20251105:0400-20251105:2000;20251108:CLOSED` and the older `20251105:0930-1600,1630-2000;...`. A session may run
    over midnight, a weekend or a change of the clocks; an end at 23:59 means midnight.
    """
    where = zone_of(zone_name)
    if where is None:
        return UNKNOWN_HOURS
    sessions: list[Session] = []
    days: list[float] = []
    unread: list[Session] = []
    for part in text.split(";"):
        day, _, rest = part.strip().partition(":")
        start, end = _moment("0000", day, where), _moment("2400", day, where)
        if start is None or end is None or not rest:
            continue
        found = [] if rest.upper() == "CLOSED" else _day_sessions(day, rest, where)
        if not found and rest.upper() != "CLOSED":
            unread.append(Session(start, end))
            continue
        days += [start, end]
        sessions += found
    if not days:
        return UNKNOWN_HOURS
    sessions = sorted(set(sessions))
    edges = days + [session.open for session in sessions] + [session.close for session in sessions]
    return Hours(tuple(sessions), min(edges), max(edges), tuple(unread))


def phase(now_market: float, trading: Hours, liquid: Hours, where: tzinfo = NEW_YORK) -> PhaseNow:
    """Where the market stands: `trading` is the whole day, `liquid` its regular hours (may be the same).

    "opens in" always means the regular opening, "pre-market in" the first trade before it.
    """
    if not trading.sessions or not trading.knows(now_market):
        return PhaseNow("unknown", "session unknown", None)
    whole = trading.at(now_market)
    if whole is None:
        return _closed(now_market, trading, liquid, where)
    regular = liquid.at(now_market)
    if regular is not None:
        word = "half day, " if _is_short(regular, liquid, where) else ""
        return PhaseNow("open", f"{word}closes in {span(regular.close - now_market)}", regular.close)
    coming = liquid.next(now_market)
    if coming is not None and coming.open < whole.close:
        return PhaseNow("pre", f"opens in {span(coming.open - now_market)}", coming.open)
    if any(whole.open <= session.open < whole.close for session in liquid.sessions):
        return PhaseNow("post", f"after hours, ends in {span(whole.close - now_market)}", whole.close)
    if _same_day_before(now_market, whole, liquid, where):
        return PhaseNow("post", f"after hours, ends in {span(whole.close - now_market)}", whole.close)
    if coming is not None:
        return PhaseNow("pre", f"opens in {span(coming.open - now_market)}", whole.close)
    return PhaseNow("pre", f"before hours, ends in {span(whole.close - now_market)}", whole.close)


def span(seconds: float) -> str:
    """A length of time in words: "5 h 17 min", "25 min", "40 s", "2 d 3 h"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def _closed(now_market: float, trading: Hours, liquid: Hours, where: tzinfo) -> PhaseNow:
    first, regular = trading.next(now_market), liquid.next(now_market)
    local = datetime.fromtimestamp(now_market, where)
    name: SessionPhase = "weekend" if local.weekday() >= 5 or _after_friday(local, first, where) else "closed"
    ends = first.open if first is not None else None
    if regular is not None:
        word = HOLIDAY if name == "closed" and _is_holiday(local, liquid) else ""
        return PhaseNow(name, f"{word}opens in {span(regular.open - now_market)}", ends)
    if first is not None:
        return PhaseNow(name, f"pre-market in {span(first.open - now_market)}", ends)
    return PhaseNow(name, "closed", None)


def _is_holiday(local: datetime, liquid: Hours) -> bool:
    """A weekday without regular hours."""
    noon = local.replace(hour=12, minute=0, second=0, microsecond=0)
    days = {datetime.fromtimestamp(session.open, local.tzinfo).date() for session in liquid.sessions}
    return local.weekday() < 5 and local.date() not in days and liquid.knows(noon.timestamp())


def _is_short(regular: Session, liquid: Hours, where: tzinfo) -> bool:
    """It closes an hour or more before another session does that opens at the same time of day."""
    opens, closes = (_of_day(at, where) for at in regular)
    return any(
        _of_day(each.open, where) == opens and _of_day(each.close, where) - closes >= 3600.0 for each in liquid.sessions
    )


def _of_day(at: float, where: tzinfo) -> float:
    local = datetime.fromtimestamp(at, where)
    return local.hour * 3600.0 + local.minute * 60.0


def _after_friday(local: datetime, coming: Session | None, where: tzinfo) -> bool:
    """Friday after the close, with nothing before Sunday."""
    if local.weekday() != 4 or coming is None:
        return False
    return datetime.fromtimestamp(coming.open, where).date() >= local.date() + timedelta(days=2)


def _same_day_before(now_market: float, whole: Session, liquid: Hours, where: tzinfo) -> bool:
    before = liquid.last(now_market)
    day = datetime.fromtimestamp(whole.open, where).date()
    if before is None or datetime.fromtimestamp(whole.close - 1.0, where).date() != day:
        return False  # an overnight session belongs to the next day
    return datetime.fromtimestamp(before.close - 1.0, where).date() == day


def _day_sessions(day: str, text: str, where: tzinfo) -> list[Session]:
    found: list[Session] = []
    for stretch in text.split(","):
        first, _, last = stretch.strip().partition("-")
        if last.endswith("2359"):
            last = f"{last[:-4]}2400"
        opens, closes = _moment(first, day, where), _moment(last, day, where)
        if opens is None or closes is None:
            continue
        if closes <= opens and ":" not in last:  # the older spelling leaves the day out when it runs past midnight
            closes = _moment(last, day, where, days=1) or closes
        if opens < closes <= opens + LONGEST_S:
            found.append(Session(opens, closes))
    return found


def _moment(text: str, day: str, where: tzinfo, days: int = 0) -> float | None:
    """UTC epoch seconds of "20251105:1600" or "1600" of `day`, by the zone's clock; `days` later."""
    match = _MOMENT.match(text.strip())
    if match is None:
        return None
    on: str = match[1] or day
    try:
        start = datetime.strptime(on, "%Y%m%d")  # noqa: DTZ007 - a wall clock, its zone comes below
        wall = start + timedelta(days=days, hours=int(match[2]), minutes=int(match[3]))
        if int(match[2]) > 24 or int(match[3]) > 59:
            return None
        return wall.replace(tzinfo=where).timestamp()
    except (ValueError, OverflowError):
        return None
