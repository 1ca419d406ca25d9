"""Trading hours as IB's contract details tell them: parsing, the phase of a session, and the words for it.

The calendar labels, it never gates. Hours that are missing, cannot be read, or lie wholly in the past mean
"unknown", and nobody may suppress anything for it.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from engine.domain import SessionPhase
from engine.zones import zone_of

NEW_YORK = ZoneInfo("America/New_York")
_MOMENT = re.compile(r"(?:(\d{8}):)?(\d{2}):?(\d{2})$")


class Session(NamedTuple):
    """One stretch of trading, market epoch seconds, [open, close)."""

    open: float
    close: float


class Hours(NamedTuple):
    """Sessions in order, and the span of time that the text speaks about (None = nothing known)."""

    sessions: tuple[Session, ...]
    known_from: float | None
    known_to: float | None

    def knows(self, at_market: float) -> bool:
        return (
            self.known_from is not None and self.known_to is not None and (self.known_from <= at_market < self.known_to)
        )

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


class PhaseNow(NamedTuple):
    """`ends_market` is when the phase changes; None = not known."""

    phase: SessionPhase
    text: str
    ends_market: float | None


@lru_cache(maxsize=512)
def parse_hours(text: str, zone_name: str) -> Hours:
    """IB's text in both spellings; days that cannot be read are left out.

    `20251105:0400-20251105:2000;20251108:CLOSED` and the older `20251105:0930-1600,1630-2000;...`.
    """
    where = zone_of(zone_name)
    if where is None:
        return UNKNOWN_HOURS
    sessions: list[Session] = []
    days: list[float] = []
    for part in text.split(";"):
        day, _, rest = part.strip().partition(":")
        start = _day_start(day, where)
        if start is None or not rest:
            continue
        days += [start, start + 86_400.0]
        if rest.upper() != "CLOSED":
            sessions += _day_sessions(day, rest, where)
    if not days:
        return UNKNOWN_HOURS
    sessions = sorted(set(sessions))
    edges = days + [session.open for session in sessions] + [session.close for session in sessions]
    return Hours(tuple(sessions), min(edges), max(edges))


def phase(now_market: float, trading: Hours, liquid: Hours, where: tzinfo = NEW_YORK) -> PhaseNow:
    """Where the market stands: `trading` is the whole day, `liquid` its regular hours (may be the same)."""
    if not trading.sessions or not trading.knows(now_market):
        return PhaseNow("unknown", "session unknown", None)
    whole = trading.at(now_market)
    if whole is None:
        return _closed(now_market, trading, where)
    regular = liquid.at(now_market)
    if regular is not None:
        return PhaseNow("open", f"closes in {span(regular.close - now_market)}", regular.close)
    coming = liquid.next(now_market)
    if coming is not None and coming.open < whole.close:
        return PhaseNow("pre", f"opens in {span(coming.open - now_market)}", coming.open)
    if any(whole.open <= session.open < whole.close for session in liquid.sessions):
        return PhaseNow("post", f"after hours, ends in {span(whole.close - now_market)}", whole.close)
    kind: SessionPhase = "post" if _same_day_before(now_market, whole, liquid, where) else "pre"
    words = "after hours, ends in" if kind == "post" else "before hours, ends in"
    return PhaseNow(kind, f"{words} {span(whole.close - now_market)}", whole.close)


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


def _closed(now_market: float, trading: Hours, where: tzinfo) -> PhaseNow:
    coming = trading.next(now_market)
    local = datetime.fromtimestamp(now_market, where)
    name: SessionPhase = "weekend" if local.weekday() >= 5 or _after_friday(local, coming, where) else "closed"
    if coming is None:
        return PhaseNow(name, "closed", None)
    return PhaseNow(name, f"opens in {span(coming.open - now_market)}", coming.open)


def _after_friday(local: datetime, coming: Session | None, where: tzinfo) -> bool:
    """Friday after the close, with nothing before Sunday."""
    if local.weekday() != 4 or coming is None:
        return False
    return datetime.fromtimestamp(coming.open, where).date() >= local.date() + timedelta(days=2)


def _same_day_before(now_market: float, whole: Session, liquid: Hours, where: tzinfo) -> bool:
    before = liquid.last(now_market)
    if before is None:
        return False
    day = datetime.fromtimestamp(whole.open, where).date()
    return datetime.fromtimestamp(before.close - 1.0, where).date() == day


def _day_start(day: str, where: tzinfo) -> float | None:
    try:
        return datetime.strptime(day, "%Y%m%d").replace(tzinfo=where).timestamp()
    except (ValueError, OverflowError):
        return None


def _day_sessions(day: str, text: str, where: tzinfo) -> list[Session]:
    found: list[Session] = []
    for stretch in text.split(","):
        first, _, last = stretch.strip().partition("-")
        opens, closes = _moment(first, day, where), _moment(last, day, where)
        if opens is None or closes is None:
            continue
        if closes <= opens and ":" not in last:  # the older spelling leaves the day out when it runs past midnight
            closes += 86_400.0
        if opens < closes <= opens + 3 * 86_400.0:
            found.append(Session(opens, closes))
    return found


def _moment(text: str, day: str, where: tzinfo) -> float | None:
    match = _MOMENT.match(text.strip())
    if match is None:
        return None
    start_day: Literal[""] | str = match[1] or day
    try:
        at = datetime.strptime(start_day, "%Y%m%d").replace(tzinfo=where)
        hour, minute = int(match[2]), int(match[3])
        at = at + timedelta(days=1) if hour == 24 else at.replace(hour=hour)
        return at.replace(minute=minute).timestamp()
    except (ValueError, OverflowError):
        return None
