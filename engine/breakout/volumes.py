"""How much trades now, against what is usual: the volume half of the breakout rules. Pure."""

from __future__ import annotations

from typing import NamedTuple

from engine.bars.indicators import projected_volume
from engine.bars.usual import minute_of_day
from engine.breakout.facts import Facts

MINUTE_S = 60.0
JUDGED_AFTER_S = 15.0  # of a minute
MINUTE_BEFORE = "of the minute before"
LOOK_AHEAD_S = 10.0  # a streaming line knows so much later what a visit's pace foretells
LAST_60_S = "in the last 60 s"
COUNTED = "counted so far, not projected: the line is younger than a minute"


class Seen(NamedTuple):
    """What was seen of the running minute; the fields of `rules.Live`."""

    running_volume: float | None
    running_time: float | None
    seen_from: float
    visit_pace: float | None
    is_visit: bool
    volume_60s: float | None
    counted_60s: float | None

    @property
    def known_60s(self) -> float | None:
        """What traded in the last 60 s, as a line has streamed it or visits have counted it."""
        return self.counted_60s if self.volume_60s is None else self.volume_60s


class VolumeNow(NamedTuple):
    """A minute's volume (shares; None = not known), the start of the minute that it is compared with, and how it came
    about in words."""

    volume: float | None
    minute: float
    note: str = ""


def volume_now(facts: Facts, seen: Seen, now_market: float) -> VolumeNow:
    """What trades in a minute, now.

    Where the line has streamed for a minute, though it may have come as a visit: what traded in the last 60 s. Where it
    is younger: what it has counted of the running minute, as it is; a projection of some seconds would pass minutes
    that end far below their limit. In the first 15 s of a minute, too few to tell, the whole minute before it where
    that is more.
    """
    minute = now_market - now_market % MINUTE_S
    if seen.volume_60s is not None:
        return VolumeNow(seen.volume_60s, minute, LAST_60_S)
    if seen.is_visit:
        return VolumeNow(*_on_visit(facts, seen, minute, now_market))
    counted = seen.running_volume if seen.running_time == minute else 0.0
    before = facts.last_volume if facts.last_time == minute - MINUTE_S else None
    if before is not None and (counted is None or (now_market - minute < JUDGED_AFTER_S and before > counted)):
        return VolumeNow(before, minute - MINUTE_S, MINUTE_BEFORE)
    return VolumeNow(counted, minute, COUNTED)


def steady_volume(facts: Facts, seen: Seen, now_market: float) -> VolumeNow:
    """What a visit has to show when its breakout is confirmed: the last 60 s as they will be soon at its pace.

    A pace of some seconds alone may be a lone print. Where the last 60 s are not known it is all there is.
    """
    known = seen.counted_60s
    if known is None or seen.volume_60s is not None or not seen.is_visit:
        return volume_now(facts, seen, now_market)
    pace = known if seen.visit_pace is None else seen.visit_pace
    soon = known + max(0.0, pace - known) * LOOK_AHEAD_S / MINUTE_S
    return VolumeNow(soon, now_market - now_market % MINUTE_S)


def _on_visit(facts: Facts, seen: Seen, minute: float, now_market: float) -> tuple[float | None, float]:
    """The running minute's projected volume, in its first 15 s the last minute's; and that minute's start.

    What came between two visits is spread evenly, which hides a surge that has just begun: the visit's own pace counts
    where it is the greater, and so do the last 60 s, which hold one that is over.
    """
    running = seen.running_volume if seen.running_time == minute else 0.0
    volume, of_minute = projected_volume(running, now_market - max(minute, seen.seen_from)), minute
    if volume is None and facts.last_time == minute - MINUTE_S:
        volume, of_minute = facts.last_volume, minute - MINUTE_S
    for other in (seen.visit_pace, seen.counted_60s):
        if other is not None and other > (volume or 0.0):
            volume, of_minute = other, minute
    return volume, of_minute


def relative(facts: Facts, volume: float | None, minute: float) -> tuple[float | None, str]:
    """Volume against the same minute of other sessions, else against SMA20; and the name of the base."""
    base = facts.usual
    usual = base.at(minute_of_day(minute, base.zone)) if base is not None else None
    if usual is not None and base is not None:
        return ratio(volume, usual), f"{base.sessions} sessions"
    return ratio(volume, facts.sma_volume), "SMA20"


def ratio(value: float | None, base: float | None) -> float | None:
    """None where either is missing or the base is nothing."""
    return value / base if value is not None and base is not None and base > 0 else None
