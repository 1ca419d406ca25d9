"""The page's clock: all times of a page are told in the zone that its reader chose (`app/display_zone.py`), the
exchange's own clock is named beside them where it differs. Pure.

Charts know no zones: they are given seconds as if the clock of the zone were UTC. Each moment has its own offset, and
the order of moments stays theirs: the second pass of an hour that the clocks repeat is pressed into the last half
second of the first (`shown`), with its true time as a label.
"""

from __future__ import annotations

from datetime import timedelta, tzinfo
from functools import lru_cache
from typing import Final

from engine.clock import NEW_YORK, is_ambiguous, local_time, offset_s, zone_of

PRESSED_S: Final = 0.5
_SHORT: Final = {
    "EST": "ET", "EDT": "ET", "CST": "CT", "CDT": "CT", "MST": "MT", "MDT": "MT", "PST": "PT", "PDT": "PT",
}  # fmt: skip
_SHIFTS_AHEAD_S: Final = 3 * 86_400.0


def exchange_zone(name: str) -> tzinfo:
    """The zone; New York's when the name is empty or nobody knows it."""
    return zone_of(name) or NEW_YORK


def shifted(market: float, where: tzinfo) -> int:
    """A market time as its clock's seconds since 1970, as if that were UTC. The same twice where clocks go back."""
    return round(market + offset_s(market, where))


def shown(market: float, where: tzinfo) -> float:
    """A market time for a chart without zones: the clock's seconds, strictly rising; whole but in a repeated hour."""
    local = local_time(market, where)
    at = market + offset_s(market, where)
    if not local.fold:
        return at
    first = (local.replace(fold=0).utcoffset() or timedelta()).total_seconds()
    longer = first - offset_s(market, where)
    begins = _turned_back(round(market), round(longer), where)
    return round(begins + first - PRESSED_S + PRESSED_S * (market - begins) / longer, 4)


def is_repeated(market: float, where: tzinfo) -> bool:
    """Whether the clock shows this moment for the second time."""
    return local_time(market, where).fold == 1


def shifts(from_market: float, to_market: float, where: tzinfo) -> list[list[float]]:
    """[[market time, seconds ahead of UTC from then on]]: for a browser that goes on by itself, days ahead as well."""
    found = [[from_market, offset_s(from_market, where)]]
    at, end = from_market, to_market + _SHIFTS_AHEAD_S
    while at < end:
        at = min(at + 43_200.0, end)
        if offset_s(at, where) != found[-1][1]:
            found.append([_change(at - 43_200.0, at, where), offset_s(at, where)])
    return found


def zone_word(market: float, where: tzinfo) -> str:
    """ "ET", "CT", "JST", "UTC+08": how a trader calls the zone."""
    name = local_time(market, where).tzname() or ""
    return _SHORT.get(name, f"UTC{name}" if name[:1] in ("+", "-") else name)


def clock_text(market: float, where: tzinfo, now_market: float | None = None) -> str:
    """ "10:07:22"; with the date in front ("3 Nov 10:07") when `now_market` is another day there.

    A time that the clocks show twice names its zone: "01:17:00 EST".
    """
    local = local_time(market, where)
    zone = f" {local.tzname()}" if is_ambiguous(local) else ""
    if now_market is None or local.date() == local_time(now_market, where).date():
        return local.strftime("%H:%M:%S") + zone
    return f"{local.day} {local.strftime('%b %H:%M')}{zone}"


def minute_text(market: float, where: tzinfo) -> str:
    """ "10:07"; "01:17 EST" where the clocks show it twice."""
    local = local_time(market, where)
    return local.strftime("%H:%M") + (f" {local.tzname()}" if is_ambiguous(local) else "")


def exchange_words(market: float, name: str, where: tzinfo) -> str:
    """ "12:07:22 CT", the clock of the exchange in zone `name` where it differs from the page's; "" where not."""
    there = exchange_zone(name)
    if offset_s(market, there) == offset_s(market, where):
        return ""
    return f"{clock_text(market, there)} {zone_word(market, there)}"


@lru_cache(maxsize=4_096)
def _turned_back(market: int, longer: int, where: tzinfo) -> int:
    """When the clock began to repeat itself, for a moment of the repetition."""
    early, late = market - longer, market  # the first is before the change, the second after it
    while late - early > 1:
        middle = (early + late) // 2
        early, late = (early, middle) if local_time(middle, where).fold else (middle, late)
    return late


def _change(early: float, late: float, where: tzinfo) -> float:
    """The second from which the offset is that of `late`."""
    ahead = offset_s(late, where)
    while late - early > 1.0:
        middle = (early + late) // 2
        early, late = (early, middle) if offset_s(middle, where) == ahead else (middle, late)
    return float(round(late))
