"""Counting free lines, now and soon: one place that knows both limits, so that nothing is promised twice."""

from __future__ import annotations

from typing import Literal

When = Literal["now", "soon"]


class Room:
    """`limit` for all lines, `capacity` for those that are not positions.

    "now" may be subscribed at once; "soon" is a line whose cancel is under way: it is reserved for whoever asked
    first (the strongest), and the request goes out when the gateway can have freed it.
    """

    def __init__(self, limit: int, capacity: int, used: int, used_other: int) -> None:
        self._limit = limit
        self.capacity = capacity
        self._now = self._soon = limit - used
        self._other_now = self._other_soon = capacity - used_other

    def closing(self, *, position: bool) -> None:
        """A line that still counts is on its way out."""
        self._soon += 1
        if not position:
            self._other_soon += 1

    def take(self, *, position: bool, own_line_closing: bool = False) -> When | None:
        """Reserve one line. `own_line_closing` = the same contract's old line must be freed first."""
        soon = self._soon if position else min(self._soon, self._other_soon)
        if soon <= 0:
            return None
        now = self._now if position else min(self._now, self._other_now)
        when: When = "now" if now > 0 and not own_line_closing else "soon"
        self._spend(position=position, at_once=when == "now")
        return when

    def _spend(self, *, position: bool, at_once: bool) -> None:
        self._soon -= 1
        self._now -= at_once
        if not position:
            self._other_soon -= 1
            self._other_now -= at_once

    @property
    def free_soon(self) -> int:
        """Lines that may still be taken by whoever is no position, those on their way out included."""
        return max(0, min(self._soon, self._other_soon))

    @property
    def used_now(self) -> int:
        """Lines used when this plan has been carried out, those on their way out included."""
        return self._limit - self._now

    @property
    def excess(self) -> int:
        """Lines to give back before limit and capacity hold."""
        return max(0, -self._soon, -self._other_soon)
