"""Quiet hours by this computer's clock: from when to when, and until when it is quiet now. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def minutes_of(text: str) -> int | None:
    """Minutes after midnight of "22:00"; None = it is no time of day."""
    found = _CLOCK.fullmatch(text.strip())
    return int(found[1]) * 60 + int(found[2]) if found else None


def quiet_until(from_text: str | None, to_text: str | None, wall: float, zone: tzinfo | None = None) -> float | None:
    """When the quiet hours that hold at `wall` end, UTC epoch seconds; None = none hold.

    `zone` None = this computer's. From and to alike, or one of them missing = never quiet.
    """
    begins, ends = minutes_of(from_text or ""), minutes_of(to_text or "")
    if begins is None or ends is None or begins == ends:
        return None
    local = datetime.fromtimestamp(wall, zone).astimezone(zone)
    minute = local.hour * 60 + local.minute
    inside = begins <= minute < ends if begins < ends else minute >= begins or minute < ends
    if not inside:
        return None
    end = local.replace(hour=ends // 60, minute=ends % 60, second=0, microsecond=0, fold=0)
    if end <= local:
        end += timedelta(days=1)
    if zone is None:
        end = end.replace(tzinfo=None)  # the offset of that moment, not of now
    return end.timestamp()
