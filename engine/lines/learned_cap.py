"""How many lines TWS has left over: learned from error 101 (its windows took lines), and found again. Pure.

A minute after a refusal one line more is tried, and another as soon as TWS has answered that one, until it refuses or
the limit is reached: so a try costs one refusal at most. While TWS refuses the first already, tries become rarer.
"""

from __future__ import annotations

from collections.abc import Collection

from engine.clock import minute_told
from engine.lines.ledger import Line

TRY_AFTER_S = (60.0, 120.0, 240.0)  # since the last refusal, by how many tries in a row found nothing
UNHEARD_S = 5.0  # a line without a tick was not refused either: a refusal comes sooner
UNFILLED_S = 10.0  # nobody takes the line more: the try is over


class LearnedCap:
    """`cap` None = the configured limit holds. Times: monotonic seconds, and market seconds for the story.

    `buffer`: lines kept for positions. A try has to use more lines than were ever granted, so it lends them out, never
    beyond what others than positions may hold of the configured limit; a position that comes ends it.
    """

    def __init__(self, try_after_s: tuple[float, ...] = TRY_AFTER_S) -> None:
        self.cap: int | None = None
        self.try_after_s = try_after_s
        self._granted = 0  # so many were had at once
        self.is_trying = False
        self._has_found = False  # this try was granted a line
        self._in_vain = 0
        self._changed_mono = 0.0
        self._filled_mono: float | None = None
        self._since_market = 0.0

    def effective(self, limit: int) -> int:
        """Lines that may be used: the configured limit, or less where the gateway refused more."""
        return limit if self.cap is None else min(limit, self.cap)

    def buffer(self, limit: int, buffer: int) -> int:
        """Lines kept for positions now, of the `buffer` that is configured."""
        return max(0, buffer - (limit - self.effective(limit))) if self.is_trying else buffer

    def refused_at(self, count: int, limit: int, now_mono: float, market: float) -> None:
        """The gateway answered 101 to the line that would have been number `count` of ours."""
        self._in_vain = self._in_vain + 1 if self.is_trying and not self._has_found else 0
        self.cap = max(0, min(self.effective(limit), count - 1))
        self._since_market = market
        self._rest(now_mono)

    def end_try(self, now_mono: float) -> None:
        """Back to what was granted: the connection went, or a position needs a line that is sure."""
        if self.is_trying:
            self.cap = self._granted
            self._rest(now_mono)

    def look(self, lines: Collection[Line], limit: int, buffer: int, now_mono: float, *, position_waits: bool) -> None:
        """Begin a try, go on with it, or leave it. `position_waits`: every line is a position's, and one has none."""
        if self.cap is None:
            return
        if self.cap >= limit:
            self._forget()
            return
        positions = sum(line.line_class == "100" for line in lines)
        is_full = len(lines) >= min(self.cap, self.cap - self.buffer(limit, buffer) + positions)
        if not self.is_trying:
            wait_s = self.try_after_s[0 if position_waits else min(self._in_vain, len(self.try_after_s) - 1)]
            if is_full and now_mono - self._changed_mono >= wait_s:
                self.is_trying, self._has_found = True, False
                self._one_more(now_mono)
        elif self._filled_mono is None and not is_full:
            if now_mono - self._changed_mono >= UNFILLED_S:
                self.end_try(now_mono)
        else:
            self._filled_mono = now_mono if self._filled_mono is None else self._filled_mono
            if self._is_answered(lines, self._filled_mono) or now_mono - self._filled_mono >= UNHEARD_S:
                self._has_found = True
                self._one_more(now_mono)

    def _is_answered(self, lines: Collection[Line], filled_mono: float) -> bool:
        """Whether TWS has answered all lines of this step; answers come in order, so a refusal would be here."""
        return not any(
            line.first_tick_mono is None and self._changed_mono <= line.since_mono <= filled_mono for line in lines
        )

    def _one_more(self, now_mono: float) -> None:
        assert self.cap is not None
        self._granted, self.cap = self.cap, self.cap + 1
        self._changed_mono, self._filled_mono = now_mono, None

    def _rest(self, now_mono: float) -> None:
        self.is_trying, self._changed_mono, self._filled_mono = False, now_mono, None

    def _forget(self) -> None:
        self.cap, self.is_trying, self._in_vain = None, False, 0

    def story(self, limit: int) -> str:
        """The number and where it comes from; "" while nothing was learned."""
        if self.cap is None or self.cap >= limit:
            return ""
        at = minute_told(self._since_market)
        wait_s = self.try_after_s[min(self._in_vain, len(self.try_after_s) - 1)]
        more = "More are being tried" if self.is_trying else f"More are tried every {wait_s / 60.0:g} min"
        return (
            f"TWS allowed {self.cap} of {limit} lines at {at} (error 101): TWS windows use about {limit - self.cap}. "
            f"{more}"
        )
