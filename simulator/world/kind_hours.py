"""When each kind of contract trades: its sessions by date, and IB's text of them. Pure.

A session belongs to the date on which it ends. Days are laid out in the exchange's own zone, so that both changes of
the clocks come out right by themselves. Simplified: London closes for Christmas, New Year and Good Friday only, and
futures keep the equity holidays.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from simulator.world.calendar import half_days, holidays, is_trading_day

HoursKind = Literal["stock", "option", "future", "grain", "livestock", "london", "fx", "crypto", "bond"]
Session = tuple[float, float]  # start and end, UTC epoch seconds

ZONES: dict[HoursKind, str] = {
    "stock": "US/Eastern",
    "option": "US/Eastern",
    "future": "US/Central",
    "grain": "US/Central",
    "livestock": "US/Central",
    "london": "Europe/London",
    "fx": "US/Eastern",
    "crypto": "US/Eastern",
    "bond": "US/Eastern",
}
DAYS_SHOWN = 6
_LOOK_BACK_DAYS = 12
# (days before the date, hh:mm) to (days before, hh:mm); whole and half days, all hours and liquid ones.
_Span = tuple[int, str, int, str]
_WHOLE: dict[tuple[HoursKind, bool], tuple[_Span, ...]] = {
    ("stock", False): ((0, "04:00", 0, "20:00"),),
    ("stock", True): ((0, "09:30", 0, "16:00"),),
    ("option", False): ((0, "09:30", 0, "16:00"),),
    ("option", True): ((0, "09:30", 0, "16:00"),),
    ("future", False): ((1, "17:00", 0, "16:00"),),
    ("future", True): ((0, "08:30", 0, "16:00"),),
    ("grain", False): ((1, "19:00", 0, "07:45"), (0, "08:30", 0, "13:20")),
    ("grain", True): ((0, "08:30", 0, "13:20"),),
    ("livestock", False): ((0, "08:30", 0, "13:05"),),
    ("livestock", True): ((0, "08:30", 0, "13:05"),),
    ("london", False): ((0, "08:00", 0, "16:35"),),
    ("london", True): ((0, "08:00", 0, "16:30"),),
    ("fx", False): ((1, "17:15", 0, "17:00"),),
    ("fx", True): ((1, "17:15", 0, "17:00"),),
    ("crypto", False): ((0, "00:00", -1, "00:00"),),
    ("crypto", True): ((0, "00:00", -1, "00:00"),),
    ("bond", False): ((0, "08:00", 0, "17:00"),),
    ("bond", True): ((0, "08:00", 0, "17:00"),),
}
_HALF: dict[tuple[HoursKind, bool], tuple[_Span, ...]] = {
    ("stock", False): ((0, "04:00", 0, "17:00"),),
    ("stock", True): ((0, "09:30", 0, "13:00"),),
    ("option", False): ((0, "09:30", 0, "13:00"),),
    ("option", True): ((0, "09:30", 0, "13:00"),),
    ("future", False): ((1, "17:00", 0, "12:15"),),
    ("future", True): ((0, "08:30", 0, "12:15"),),
    ("grain", False): ((1, "19:00", 0, "07:45"), (0, "08:30", 0, "12:05")),
    ("grain", True): ((0, "08:30", 0, "12:05"),),
    ("livestock", False): ((0, "08:30", 0, "12:05"),),
    ("livestock", True): ((0, "08:30", 0, "12:05"),),
    ("bond", False): ((0, "08:00", 0, "14:00"),),
    ("bond", True): ((0, "08:00", 0, "14:00"),),
}


def trades_on(kind: HoursKind, day: date) -> bool:
    """Whether a session of that date exists."""
    if kind == "crypto":
        return True
    if kind == "fx":
        return day.weekday() < 5
    if kind == "london":
        closed = {(12, 25), (12, 26), (1, 1)}
        good_friday = next((one for one in holidays(day.year) if one.month in (3, 4)), None)
        return day.weekday() < 5 and (day.month, day.day) not in closed and day != good_friday
    return is_trading_day(day)


@lru_cache(maxsize=4096)
def sessions(kind: HoursKind, day: date, liquid: bool) -> tuple[Session, ...]:
    """The sessions of one date; none where the market is closed."""
    if not trades_on(kind, day):
        return ()
    spans = _WHOLE[kind, liquid]
    if day in half_days(day.year):
        spans = _HALF.get((kind, liquid), spans)
    return tuple((_at(kind, day, span[0], span[1]), _at(kind, day, span[2], span[3])) for span in spans)


def _at(kind: HoursKind, day: date, days_before: int, clock: str) -> float:
    hour, minute = (int(part) for part in clock.split(":"))
    on = day - timedelta(days_before)
    return datetime(on.year, on.month, on.day, hour, minute, tzinfo=ZoneInfo(ZONES[kind])).timestamp()


def local_day(kind: HoursKind, moment: float) -> date:
    return datetime.fromtimestamp(moment, ZoneInfo(ZONES[kind])).date()


def date_of(kind: HoursKind, moment: float) -> date:
    """The date of the session that runs, else of the last one."""
    today = local_day(kind, moment)
    for back in range(-1, _LOOK_BACK_DAYS):
        day = today - timedelta(back)
        found = sessions(kind, day, False)
        if found and found[0][0] <= moment:
            return day
    return today


def session_before(kind: HoursKind, day: date) -> Session:
    """The last session of the dates before `day`."""
    for back in range(1, _LOOK_BACK_DAYS):
        found = sessions(kind, day - timedelta(back), False)
        if found:
            return found[-1]
    raise ValueError(f"{kind}: no session in the {_LOOK_BACK_DAYS} days before {day}")


def settled_moment(kind: HoursKind, moment: float) -> float:
    """The moment itself while the market is open, else the end of the last session."""
    for start, end in reversed(sessions(kind, date_of(kind, moment), False)):
        if start <= moment:
            return min(moment, end - 1.0)
    return session_before(kind, date_of(kind, moment))[1] - 1.0


def hours_text(kind: HoursKind, now: float, liquid: bool) -> str:
    """IB's text of today and the days after it, in the exchange's zone."""
    zone, today = ZoneInfo(ZONES[kind]), local_day(kind, now)
    parts: list[str] = []
    for n in range(DAYS_SHOWN):
        day = today + timedelta(n)
        found = sessions(kind, day, liquid)
        if found:
            parts += [f"{_text(start, zone)}-{_text(end, zone)}" for start, end in found]
        elif not _begins_on(kind, day, liquid):
            parts.append(f"{day:%Y%m%d}:CLOSED")
    return ";".join(parts)


def _begins_on(kind: HoursKind, day: date, liquid: bool) -> bool:
    """Whether the next date's session begins on the evening of this one."""
    return any(local_day(kind, start) == day for start, _ in sessions(kind, day + timedelta(1), liquid))


def _text(moment: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(moment, zone):%Y%m%d:%H%M}"
