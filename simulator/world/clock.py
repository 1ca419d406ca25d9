"""The market's clock: runs from a moment of its own at a speed of its own."""

from __future__ import annotations

from collections.abc import Callable


class MarketClock:
    """Market time, UTC epoch seconds. `wall_clock` gives wall seconds; a monotonic one survives clock changes."""

    def __init__(self, start: float, speed: float, wall_clock: Callable[[], float]) -> None:
        if speed <= 0:
            raise ValueError(f"market clock: speed is {speed}; must be above 0. Use 1 for real time.")
        self._start, self.speed, self._wall_clock = start, speed, wall_clock
        self._wall_start = wall_clock()

    def now(self) -> float:
        return self._start + (self._wall_clock() - self._wall_start) * self.speed
