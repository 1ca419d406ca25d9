"""Dates and times of the protocol: what TWS writes and what clients send."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulator.wire.versions import ZONED_TIMES

TWS_ZONE = "America/New_York"
NEW_YORK = ZoneInfo(TWS_ZONE)

_ABBREVIATIONS = {"EST": "America/New_York", "EDT": "America/New_York", "CST": "America/Chicago", "GMT": "UTC"}
_END = re.compile(r"(\d{8})(?:(-| +)(\d{1,2}:\d{2}(?::\d{2})?))?(?: +(\S+))?\Z")


class TimeFormatError(ValueError):
    """A date or time of a request that TWS would refuse."""


@lru_cache(maxsize=32)
def zone(name: str) -> tzinfo:
    """The zone of that name. Raises TimeFormatError for an unknown one."""
    try:
        return ZoneInfo(_ABBREVIATIONS.get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TimeFormatError(f"unknown time zone {name!r}") from None


def local(epoch_s: float, zone_name: str = TWS_ZONE) -> datetime:
    return datetime.fromtimestamp(epoch_s, zone(zone_name))


def local_date(epoch_s: float, zone_name: str = TWS_ZONE) -> date:
    return local(epoch_s, zone_name).date()


def midnight(day: date, zone_name: str = TWS_ZONE) -> float:
    """Epoch seconds of 0:00 in the zone."""
    return datetime(day.year, day.month, day.day, tzinfo=zone(zone_name)).timestamp()


def handshake_time(epoch_s: float) -> str:
    return f"{local(epoch_s):%Y%m%d %H:%M:%S} {TWS_ZONE}"


def stamp(version: int, epoch_s: float) -> str:
    """A moment: with the zone from 174 on, before with two blanks."""
    moment = local(epoch_s)
    if version >= ZONED_TIMES:
        return f"{moment:%Y%m%d %H:%M:%S} {TWS_ZONE}"
    return f"{moment:%Y%m%d  %H:%M:%S}"


def bar_date(version: int, epoch_s: float, format_date: int, daily: bool) -> str:
    """Daily bars are dates whatever the format; `epoch_s` of a daily bar is midnight UTC of its date."""
    if daily:
        return f"{datetime.fromtimestamp(epoch_s, UTC):%Y%m%d}"
    return str(int(epoch_s)) if format_date == 2 else stamp(version, epoch_s)


def schedule_time(epoch_s: float, zone_name: str) -> str:
    return f"{local(epoch_s, zone_name):%Y%m%d-%H:%M:%S}"


def head_text(epoch_s: float, format_date: int) -> str:
    if format_date == 2:
        return str(int(epoch_s))
    return f"{datetime.fromtimestamp(epoch_s, UTC):%Y%m%d-%H:%M:%S}"


def parse_end(text: str, now: float) -> float:
    """The end of a history request; empty = now. Raises TimeFormatError."""
    if not text.strip():
        return now
    match = _END.match(text.strip())
    if match is None:
        raise TimeFormatError(f"end date/time {text!r} is not yyyymmdd hh:mm:ss zone or yyyymmdd-hh:mm:ss")
    day, separator, clock, zone_name = match.groups()
    if clock is None:
        moment = _moment(day, "00:00:00") + timedelta(days=1)
    else:
        moment = _moment(day, clock if clock.count(":") == 2 else f"{clock}:00")
    where: tzinfo = UTC if separator == "-" else zone(zone_name or TWS_ZONE)
    return moment.replace(tzinfo=where).timestamp()


def _moment(day: str, clock: str) -> datetime:
    try:
        return datetime.strptime(f"{day} {clock}", "%Y%m%d %H:%M:%S")  # noqa: DTZ007 - the zone follows
    except ValueError:
        raise TimeFormatError(f"{day} {clock} is not a moment") from None
