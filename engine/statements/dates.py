"""Dates and times as statements write them: format and separator are the user's, and dd/MM looks like MM/dd. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from engine.clock import NEW_YORK, zone_of

DateOrder = Literal["day first", "month first"]

_DATE = (
    r"(?P<date>\d{8}|\d{4}-\d{1,2}-\d{1,2}|\d{1,2}/\d{1,2}/\d{2}(?:\d{2})?"
    r"|\d{1,2}[- ][^\W\d]{3}[- ]\d{2}(?:\d{2})?|\d{1,2}\.\d{1,2}\.\d{4})"
)
_TIME = r"(?P<time>\d{6}|\d{1,2}:\d{2}:\d{2}|\d{1,2}:\d{2}|\d{4})(?:\.\d{1,6})?"
_ZONE = r"(?P<zone>[A-Za-z][A-Za-z/_+\-0-9]*|[+-]\d{2}:?\d{2})"
_MOMENT = re.compile(rf"{_DATE}(?:[;, T]*{_TIME}(?: ?(?P<half>[AaPp])[Mm](?![A-Za-z]))?)?(?: ?{_ZONE})?")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})")
_MONTHS = {
    name: n for n, names in enumerate("jan feb mar/mär/mrz apr may/mai jun jul aug sep oct/okt nov dec/dez".split(), 1)
    for name in names.split("/")
}  # fmt: skip
# Abbreviations that statements have been seen with; of those that mean several zones, IB's.
_HOURS = {
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "UTC": 0, "GMT": 0, "Z": 0,
    "BST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "MET": 1, "MEST": 2, "EET": 2, "EEST": 3, "IST": 5.5, "HKT": 8,
    "SGT": 8, "JST": 9, "AEST": 10, "AEDT": 11,
}  # fmt: skip
_PLAIN = len("20260918;093000")  # as most queries write it: there may be hundreds of thousands
_EARLIEST, _LATEST = date(1980, 1, 1), date(2099, 12, 31)


class Dated(Exception):
    """A text is no date or time that a statement writes; in words."""


class Terms(Struct, frozen=True):
    """How the dates of one file are read: `order` where slashes part them, `zone` where a time names none.

    `order` None = not to be told: no such date may be read.
    """

    order: DateOrder | None = None
    zone: tzinfo = NEW_YORK


class Moment(NamedTuple):
    """A day, and the UTC epoch seconds where a time of day stood beside it."""

    day: date
    at: float | None

    @property
    def label(self) -> str:
        """YYYYMMDD."""
        return label(self.day)


def label(day: date) -> str:
    """YYYYMMDD."""
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"


def day_of(text: str) -> date:
    """The day that a label of ours means."""
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def moment(text: str, terms: Terms) -> Moment:
    """Raises Dated: it is no date, is of no calendar, or which it is can't be told."""
    if len(text) == _PLAIN and text[8] == ";" and text[:8].isdecimal() and text[9:].isdecimal() and text.isascii():
        day, midnight = _whole_day(text[:8], terms)
        hours, minutes, seconds = int(text[9:11]), int(text[11:13]), int(text[13:])
        if midnight is not None and hours < 24 and minutes < 60 and seconds < 60:
            return Moment(day, midnight + 3_600 * hours + 60 * minutes + seconds)
    return _moment(text, terms)


@lru_cache(maxsize=4_096)
def _whole_day(digits: str, terms: Terms) -> tuple[date, float | None]:
    """The day, and when it began where it has 24 hours: else the clocks are changed, and each time is looked up."""
    day = _moment(digits, terms).day
    midnight = datetime(day.year, day.month, day.day, tzinfo=terms.zone)
    following = datetime.combine(day + timedelta(days=1), midnight.timetz())
    begins = midnight.timestamp()
    return day, begins if following.timestamp() - begins == 86_400.0 else None


@lru_cache(maxsize=65_536)
def _moment(text: str, terms: Terms) -> Moment:
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        raise Dated("must be a date, e.g. 20260918 or 2026-09-18, with a time or without")
    day = _day(found["date"], terms.order)
    if found["time"] is None:
        return Moment(day, None)
    digits = found["time"].replace(":", "").rjust(4, "0")
    digits = digits.rjust(6, "0") if len(digits) > 4 else digits + "00"
    try:
        hours = _of_24(int(digits[:2]), found["half"])
        wall = datetime(day.year, day.month, day.day, hours, int(digits[2:4]), int(digits[4:6]))  # noqa: DTZ001
    except ValueError:
        raise Dated("has no such time of day") from None
    return Moment(day, wall.replace(tzinfo=_zone(found["zone"], terms.zone)).timestamp())


def _of_24(hours: int, half: str | None) -> int:
    """ "1:30 PM" is 13:30, "12:30 AM" 0:30. Raises ValueError: no clock of twelve hours shows it."""
    if half is None:
        return hours
    if not 1 <= hours <= 12:
        raise ValueError(hours)
    return hours % 12 + (12 if half in "pP" else 0)


def _zone(text: str | None, usual: tzinfo) -> tzinfo:
    if not text:
        return usual
    hours = _HOURS.get(text.upper())
    if hours is not None:
        return zone_of(f"UTC{'+' if hours >= 0 else '-'}{int(abs(hours))}:{int(abs(hours) * 60) % 60:02d}") or UTC
    zone = zone_of(text)
    if zone is None:
        raise Dated(f"names a zone that is not known: {text!r}")
    return zone


def _day(text: str, order: DateOrder | None) -> date:
    year, month, day = _parts(text, order)
    try:
        found = date(year if year >= 100 else 2000 + year, month, day)
    except ValueError:
        raise Dated("is of no calendar") from None
    if not _EARLIEST <= found <= _LATEST:
        raise Dated(f"must lie between {_EARLIEST.year} and {_LATEST.year}")
    return found


def _parts(text: str, order: DateOrder | None) -> tuple[int, int, int]:
    if text.isdigit():
        return int(text[:4]), int(text[4:6]), int(text[6:])
    if slashed := _SLASHED.fullmatch(text):
        first, second, year = (int(each) for each in slashed.groups())
        if order is None and first != second:
            raise Dated("does not tell whether the day or the month stands first")
        return (year, first, second) if order == "month first" else (year, second, first)
    parts = re.split("[- .]", text)
    if parts[1].isalpha():
        return int(parts[2]), _MONTHS.get(parts[1].lower(), 0), int(parts[0])
    if "." in text:  # as spreadsheets write it where the day stands first
        return int(parts[2]), int(parts[1]), int(parts[0])
    return int(parts[0]), int(parts[1]), int(parts[2])


def needs_order(texts: Iterable[str]) -> bool:
    """Whether some date among them means two days."""
    return any(a != b for a, b, _ in _slashed(texts))


def decide_order(
    texts: Iterable[str],
    pairs: Iterable[tuple[str, str]],
    bounded: Iterable[tuple[str, str, str]],
    weekdays: Iterable[str] = (),
) -> DateOrder | None:
    """Which of day and month stands first in this file; None = it does not say.

    Args:
        texts: all dates of the file, times beside them or not.
        pairs: (earlier, later): from and to of each statement, to and when it was made.
        bounded: (from, day, to): days that must lie within their statement.
        weekdays: days on which an exchange was open.
    """
    slashed = list(_slashed(texts))
    first = sum(1 for a, b, _ in slashed if a > 12 >= b)
    second = sum(1 for a, b, _ in slashed if b > 12 >= a)
    if first or second:
        return "day first" if first >= second else "month first"  # a damaged date must not outvote all others
    pairs, bounded, weekdays = tuple(pairs), tuple(bounded), tuple(weekdays)
    faults = [_faults(order, pairs, bounded, weekdays) for order in _ORDERS]
    if faults[0] == faults[1]:
        return None
    return _ORDERS[0] if faults[0] < faults[1] else _ORDERS[1]


_ORDERS: tuple[DateOrder, DateOrder] = ("day first", "month first")
_SLACK = timedelta(days=5)  # a weekend, a cut-off, a late booking
_SATURDAY = 5


def _faults(
    order: DateOrder,
    pairs: Iterable[tuple[str, str]],
    bounded: Iterable[tuple[str, str, str]],
    weekdays: Iterable[str],
) -> int:
    """How much would be impossible under this order."""
    terms = Terms(order)

    def days(*texts: str) -> list[date] | None:
        try:
            return [moment(text, terms).day for text in texts]
        except Dated:
            return None

    broken = 0
    for early, late in pairs:
        found = days(early, late)
        broken += found is None or found[0] > found[1]
    for start, text, end in bounded:
        found = days(start, text, end)
        broken += found is None or not found[0] - _SLACK <= found[1] <= found[2] + _SLACK
    for text in weekdays:
        found = days(text)
        broken += found is None or found[0].weekday() >= _SATURDAY
    return broken


def _slashed(texts: Iterable[str]) -> Iterable[tuple[int, int, str]]:
    for text in texts:
        if "/" in text and (found := _SLASHED.match(text)):
            yield int(found[1]), int(found[2]), found[3]


ZONES = (  # whose clocks a statement may be in, where it is not New York's
    "America/Chicago", "America/Los_Angeles", "UTC", "Europe/London", "Europe/Berlin", "Europe/Athens", "Asia/Dubai",
    "Asia/Kolkata", "Asia/Singapore", "Asia/Hong_Kong", "Asia/Tokyo", "Australia/Sydney",
)  # fmt: skip


def zones_that_fit(shared: Iterable[tuple[float, float]], tolerance_s: float) -> list[str]:
    """Zones in which times read as New York's would be the true ones. `shared`: (as read, true) of the same fills."""
    walls = [(datetime.fromtimestamp(read, NEW_YORK).replace(tzinfo=None), true) for read, true in shared]
    return [
        name
        for name in ZONES
        if all(abs(wall.replace(tzinfo=ZoneInfo(name)).timestamp() - true) <= tolerance_s for wall, true in walls)
    ]
