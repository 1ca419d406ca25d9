"""Since when the engine looked on each day: a signal of before that was no matter of lines."""

from __future__ import annotations

from engine.outcomes.scoreboard import day_name


class LookTimes:
    """Engine thread only. Days of New York; of each the earliest moment known, in market time."""

    def __init__(self) -> None:
        self._first: dict[str, float] = {}

    def note(self, at_market: float) -> None:
        """It looked at that moment."""
        day = day_name(at_market)
        self._first[day] = min(at_market, self._first.get(day, at_market))

    def since(self, day_market: float) -> float | None:
        """When it first looked on the day that holds this moment; None = nothing says that it did."""
        return self._first.get(day_name(day_market))

    def clear(self) -> None:
        self._first.clear()
