"""The three clocks of ARCHITECTURE rule 12: monotonic, wall, and the gateway's own (market) clock."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Where every room gets its time from."""

    def mono(self) -> float:
        """Monotonic seconds: ages, time-outs, dwell, pacing."""

    def wall(self) -> float:
        """UTC epoch seconds of this machine: logs, journal, "since"."""


class SystemClock:
    """The machine's own clocks."""

    def mono(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()


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
