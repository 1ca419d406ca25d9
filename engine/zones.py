"""Time zones as gateways name them, in any of their words. Pure."""

from __future__ import annotations

import re
from datetime import timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

# Older gateways name zones in words, those on Windows sometimes in that system's; zoneinfo knows the rest
# ("US/Eastern", "MET", "Universal", "America/Chicago").
_WORDS = {
    "est (eastern standard time)": "America/New_York",
    "est": "America/New_York",
    "edt": "America/New_York",
    "est5edt": "America/New_York",
    "eastern standard time": "America/New_York",
    "cst (central standard time)": "America/Chicago",
    "cst": "America/Chicago",
    "cdt": "America/Chicago",
    "cst6cdt": "America/Chicago",
    "central standard time": "America/Chicago",
    "mst (mountain standard time)": "America/Denver",
    "mst7mdt": "America/Denver",
    "mdt": "America/Denver",
    "mountain standard time": "America/Denver",
    "pst (pacific standard time)": "America/Los_Angeles",
    "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles",
    "pst8pdt": "America/Los_Angeles",
    "pacific standard time": "America/Los_Angeles",
    "jst (japan standard time)": "Asia/Tokyo",
    "jst": "Asia/Tokyo",
    "japan standard time": "Asia/Tokyo",
    "tokyo standard time": "Asia/Tokyo",
    "hkt": "Asia/Hong_Kong",
    "hkt (hong kong time)": "Asia/Hong_Kong",
    "hong kong time": "Asia/Hong_Kong",
    "china standard time": "Asia/Shanghai",
    "sgt": "Asia/Singapore",
    "singapore standard time": "Asia/Singapore",
    "kst": "Asia/Seoul",
    "india standard time": "Asia/Kolkata",
    "aest": "Australia/Sydney",
    "aedt": "Australia/Sydney",
    "aus eastern standard time": "Australia/Sydney",
    "gmt (greenwich mean time)": "Europe/London",
    "gmt standard time": "Europe/London",
    "bst": "Europe/London",
    "gb": "Europe/London",
    "greenwich mean time": "Europe/London",
    "met (middle europe time)": "Europe/Berlin",
    "met": "Europe/Berlin",
    "mest": "Europe/Berlin",
    "cet": "Europe/Berlin",
    "cest": "Europe/Berlin",
    "central european time": "Europe/Berlin",
    "central european standard time": "Europe/Berlin",
    "w. europe standard time": "Europe/Berlin",
    "romance standard time": "Europe/Paris",
    "eet": "Europe/Helsinki",
    "z": "UTC",
    "coordinated universal time": "UTC",
}
_OFFSET = re.compile(r"(?:UTC|GMT)? ?([+-])(\d{1,2})(?::?(\d{2}))?$", re.IGNORECASE)
_NO_ZONES = frozenset({"localtime", "posixrules", "factory", "tzfile"})  # in some folders of zones: this machine's own


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo | None:
    """The time zone that a gateway names; None when nobody knows it. Never this machine's."""
    text = " ".join(name.split())
    if not text or text.lower() in _NO_ZONES:
        return None
    offset = _OFFSET.match(text)
    if offset is not None:
        span = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return timezone(-span if offset[1] == "-" else span) if span < timedelta(hours=24) else None
    known = _WORDS.get(text.lower(), text)
    try:
        return ZoneInfo(known)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        in_other_case = _by_lower_case().get(known.lower())
        return ZoneInfo(in_other_case) if in_other_case else None


@lru_cache(maxsize=1)
def _by_lower_case() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}
