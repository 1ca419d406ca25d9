"""The three clocks of ARCHITECTURE rule 12 (monotonic, wall, the gateway's own market clock), and zones by name.

Time zones come by the names that gateways give them: IANA names, older links, abbreviations and words. Contract details
and executions name zones alike, each gateway in its own way ("US/Eastern", "MET", "EST (Eastern Standard Time)", "China
Standard Time"). A bare "EST" means the clock of New York, summer time included.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final, Protocol
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


class Clock(Protocol):
    """Where every room gets its time from."""

    def mono(self) -> float:
        """Monotonic seconds: ages, time-outs, dwell, pacing."""

    def wall(self) -> float:
        """UTC epoch seconds of this machine: journal, "since", and stamps whose age is shown (`SteadyClock`)."""


class SystemClock:
    """The machine's own clocks."""

    def mono(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()


_FOLLOWS = 0.001  # of the time that passes: more than any monotonic clock drifts, less than an age would show


_LASTING = getattr(time, "CLOCK_BOOTTIME", None)  # None = the monotonic clock counts sleep itself, or nothing does


def lasting_s() -> float:
    """Monotonic seconds that go on while this machine sleeps."""
    return time.monotonic() if _LASTING is None else time.clock_gettime(_LASTING)


class SteadyClock:
    """A clock whose wall time goes on from where it began: nothing looks younger or older because somebody set the
    machine's clock. Sleep of the machine counts as time. It follows the machine's wall clock by a thousandth of the
    time that passes, which makes up for the drift of the monotonic one. Any thread.
    """

    def __init__(self, clock: Clock, lasting: Callable[[], float] | None = None) -> None:
        self.mono = clock.mono
        self._machine = clock.wall
        self._lasting = lasting or (lasting_s if isinstance(clock, SystemClock) else clock.mono)
        self._base = (self._lasting(), clock.wall())

    def wall(self) -> float:
        """Asked some hundred times a second."""
        (began, wall), now = self._base, self._lasting()
        passed = now - began
        steady = wall + passed
        ahead, most = self._machine() - steady, _FOLLOWS * (1.0 + passed) if passed > 0.0 else _FOLLOWS
        steady += most if ahead > most else ahead if ahead > -most else -most
        if passed > 1.0:
            self._base = (now, steady)
        return steady


def steady(clock: Clock) -> SteadyClock:
    """The clock itself where it is steady already."""
    return clock if isinstance(clock, SteadyClock) else SteadyClock(clock)


class FakeClock:
    """A clock for tests: both hands move only when told to."""

    def __init__(self, mono: float = 1_000.0, wall: float = 1_762_354_800.0) -> None:
        self._mono = mono
        self._wall = wall

    def mono(self) -> float:
        return self._mono

    def wall(self) -> float:
        return self._wall

    def advance(self, seconds: float) -> None:
        self._mono += seconds
        self._wall += seconds

    def jump_wall(self, seconds: float) -> None:
        """The user or NTP sets the wall clock; monotonic time does not move."""
        self._wall += seconds


class MarketClock:
    """market = wall + offset, and wall x rate for a gateway whose clock runs faster; learned from the probe.

    A skew of more than a minute is "the gateway runs on its own clock", not an error. Until the first sample the
    market clock is the wall clock.
    """

    def __init__(self) -> None:
        self._anchor_wall = 0.0
        self._anchor_market = 0.0
        self._rate = 1.0
        self._first: tuple[float, float] | None = None
        self.known = False

    @property
    def rate(self) -> float:
        """Market seconds a wall second."""
        return self._rate

    def offset_s(self, wall: float) -> float:
        """Market minus wall, now."""
        return self.now(wall) - wall

    def now(self, wall: float) -> float:
        """Market time, UTC epoch seconds, at the wall time `wall`."""
        return self._anchor_market + (wall - self._anchor_wall) * self._rate

    def wall_at(self, market: float) -> float:
        """The wall time of a market time."""
        return self._anchor_wall + (market - self._anchor_market) / self._rate

    def restart(self) -> None:
        """A new connection: the next sample starts a new baseline."""
        self._first = None

    def learn(self, wall: float, offset_s: float) -> None:
        """Take one probe: the gateway's clock stood at `wall + offset_s`."""
        market = wall + offset_s
        if self._first is None:
            self._first = (wall, market)
            self._anchor(wall, market)
            return
        elapsed = wall - self._first[0]
        if elapsed <= 0:
            self._first = (wall, market)
            self._anchor(wall, market)
            return
        rate = (market - self._first[1]) / elapsed
        if abs(rate - 1.0) * elapsed <= 2.5:  # within the whole-second answers' error of a real-time clock
            rate = 1.0
        if rate <= 0:  # the gateway's clock was set back: begin anew
            self._first, rate = (wall, market), 1.0
        self._rate = rate
        # A real-time clock keeps its first anchor unless it really moved: whole seconds must not make it wobble.
        if rate != 1.0 or abs(self.now(wall) - market) > 2.0:
            self._anchor(wall, market)
        if elapsed > 1_000.0:
            self._first = (wall, market)

    def _anchor(self, wall: float, market: float) -> None:
        self._anchor_wall = wall
        self._anchor_market = market
        self.known = True


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


# A moment inside a text that is kept or published: who reads it may have another zone than who wrote it.
_TOLD: Final = re.compile(r"\{(hms?)@(-?\d{1,12})\}")
_CLOCKS: Final = {"hm": "%H:%M", "hms": "%H:%M:%S"}


def second_told(market: float) -> str:
    """The mark of a moment inside a text, "{hms@1763999999}"; `in_zone` puts the clock's HH:MM:SS there."""
    return f"{{hms@{int(market)}}}"


def minute_told(market: float) -> str:
    """The same for HH:MM."""
    return f"{{hm@{int(market)}}}"


def in_zone(text: str, where: tzinfo = NEW_YORK) -> str:
    """The text with its moments on the clock of a zone; a time that the clocks show twice names its offset's name."""
    if "@" not in text:
        return text
    return _TOLD.sub(lambda found: _clock(int(found[2]), _CLOCKS[found[1]], where), text)


def _clock(at: int, style: str, where: tzinfo) -> str:
    local = local_time(at, where)
    return local.strftime(style) + (f" {local.tzname()}" if is_ambiguous(local) else "")


def is_ambiguous(local: datetime) -> bool:
    """Whether the clock shows this time twice, now or at the other pass."""
    first, second = (local.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    return first > second  # in the hole of spring it is the other way round


def local_time(at: float, where: tzinfo) -> datetime:
    """UTC epoch seconds on a zone's clock; `fold` 1 = the second pass of an hour that the clocks repeat."""
    return datetime.fromtimestamp(at, UTC).astimezone(where)


def offset_s(at: float, where: tzinfo) -> float:
    """Seconds that a zone's clock is ahead of UTC at that moment."""
    offset = local_time(at, where).utcoffset()
    return offset.total_seconds() if offset is not None else 0.0
