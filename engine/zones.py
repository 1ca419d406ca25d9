"""Time zones by the names that gateways give them: IANA names, older links, abbreviations and words. Pure.

Contract details and executions name zones alike, each gateway in its own way ("US/Eastern", "MET", "EST (Eastern
Standard Time)", "China Standard Time"). A bare "EST" means the clock of New York, summer time included.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

NEW_YORK: Final = ZoneInfo("America/New_York")

# Abbreviations that are no IANA name, or one of a clock without summer time; and the words that Java and Windows use.
_WORDS: Final = {
    "America/New_York": ("est", "edt", "et", "est5edt", "eastern standard time", "eastern time", "us/eastern"),
    "America/Chicago": ("cst", "cdt", "ct", "cst6cdt", "central standard time", "central time", "us/central"),
    "America/Denver": ("mst", "mdt", "mst7mdt", "mountain standard time", "mountain time", "us/mountain"),
    "America/Los_Angeles": ("pst", "pdt", "pst8pdt", "pacific standard time", "pacific time", "us/pacific"),
    "America/Sao_Paulo": ("brt", "brasilia time", "e. south america standard time"),
    "Europe/London": ("gmt (greenwich mean time)", "greenwich mean time", "bst", "british summer time", "gb",
                      "gmt standard time"),
    "Europe/Berlin": ("met", "mest", "middle europe time", "cet", "cest", "central european time",
                      "central european standard time", "w. europe standard time", "romance standard time"),
    "Europe/Athens": ("eet", "eest", "eastern european time", "gtb standard time"),
    "Europe/Moscow": ("msk", "moscow standard time", "russian standard time"),
    "Asia/Tokyo": ("jst", "japan standard time", "japan time", "tokyo standard time"),
    "Asia/Seoul": ("kst", "korea standard time"),
    "Asia/Hong_Kong": ("hkt", "hong kong time", "hong kong standard time"),
    "Asia/Shanghai": ("china standard time", "china time"),
    "Asia/Singapore": ("sgt", "singapore time", "singapore standard time"),
    "Asia/Kolkata": ("india standard time",),  # a bare "IST" may be Israel's or Ireland's
    "Asia/Jerusalem": ("israel standard time", "israel time"),
    "Asia/Taipei": ("taipei standard time",),
    "Australia/Sydney": ("aest", "aedt", "aest (australian eastern standard time)", "australian eastern standard time",
                         "australian eastern time", "aus eastern standard time"),
    "Africa/Johannesburg": ("sast", "south africa standard time"),
    "UTC": ("utc", "gmt", "z", "zulu", "universal", "coordinated universal time"),
}  # fmt: skip
_NAMES: Final = {word: name for name, words in _WORDS.items() for word in words}


_OFFSET: Final = re.compile(r"(?:utc|gmt)? ?([+-])(\d{1,2})(?::?(\d{2}))?$")
_NO_ZONES: Final = frozenset({"localtime", "posixrules", "factory"})  # among the zones of some machines: their own


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo | None:
    """The zone that a gateway means; None when nobody knows it. Never this machine's.

    Words in brackets are tried with their abbreviation, then alone: an abbreviation may mean several zones.
    """
    text = " ".join(name.split())
    lowered = text.lower()
    head, _, words = lowered.partition(" (")
    for known in (lowered, words.rstrip(") "), head):
        if known in _NAMES:
            return ZoneInfo(_NAMES[known])
        if offset := _OFFSET.match(known):
            return _fixed(offset)
    if not head or head in _NO_ZONES:
        return None
    for candidate in (text, text.partition(" (")[0]):
        try:
            return ZoneInfo(candidate)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    in_other_case = _by_lower_case().get(head)
    return ZoneInfo(in_other_case) if in_other_case else None


def _fixed(offset: re.Match[str]) -> tzinfo | None:
    """ "GMT+2", "-05:30": ahead of UTC where the sign is plus."""
    span = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
    return timezone(-span if offset[1] == "-" else span) if span < timedelta(hours=24) else None


@lru_cache(maxsize=1)
def _by_lower_case() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


def local_time(at: float, where: tzinfo) -> datetime:
    """UTC epoch seconds on a zone's clock; `fold` 1 = the second pass of an hour that the clocks repeat."""
    return datetime.fromtimestamp(at, UTC).astimezone(where)


def offset_s(at: float, where: tzinfo) -> float:
    """Seconds that a zone's clock is ahead of UTC at that moment."""
    offset = local_time(at, where).utcoffset()
    return offset.total_seconds() if offset is not None else 0.0
