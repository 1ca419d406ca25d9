"""The exchange's time zone by the name that a gateway gives it, and market times as its clock shows them. Pure."""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

from engine.zones import NEW_YORK, local_time, zone_of

_SHORT: Final = {"EST": "ET", "EDT": "ET", "CST": "CT", "CDT": "CT"}


def exchange_zone(name: str) -> tzinfo:
    """The zone; New York's when the name is empty or nobody knows it."""
    return zone_of(name) or NEW_YORK


def shifted(market: float, where: tzinfo) -> int:
    """A market time as the seconds that a chart without time zones shows as the exchange's clock."""
    offset = local_time(market, where).utcoffset()
    return round(market + (offset.total_seconds() if offset else 0.0))


def zone_word(market: float, where: tzinfo) -> str:
    """ "ET", "CT", "JST": how a trader calls the zone."""
    name = local_time(market, where).tzname() or ""
    return _SHORT.get(name, name)


def clock_text(market: float, where: tzinfo, now_market: float | None = None) -> str:
    """ "10:07:22"; with the date in front ("3 Nov 10:07") when `now_market` is another day there."""
    local = local_time(market, where)
    if now_market is None or local.date() == local_time(now_market, where).date():
        return local.strftime("%H:%M:%S")
    return f"{local.day} {local.strftime('%b %H:%M')}"
