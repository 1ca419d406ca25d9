"""The learned cap: error 101 says that TWS windows took lines; how many are left is learned and slowly unlearned."""

from __future__ import annotations

from engine.lines.words import clock_text

PROBE_EVERY_S = 300.0
PROBE_FOR_POSITION_S = 60.0


class LearnedCap:
    """`cap` None = the configured limit holds. Times: monotonic seconds, and market seconds for the story."""

    def __init__(self) -> None:
        self.cap: int | None = None
        self._changed_mono = 0.0
        self._since_market = 0.0

    def effective(self, limit: int) -> int:
        """Lines that may be used: the configured limit, or less where the gateway refused more."""
        return limit if self.cap is None else min(limit, self.cap)

    def refused_at(self, count: int, limit: int, now_mono: float, market: float) -> None:
        """The gateway answered 101 to the line that would have been number `count` of ours."""
        self.cap = max(0, min(self.effective(limit), count - 1))
        self._changed_mono = now_mono
        self._since_market = market

    def probe(self, used: int, limit: int, now_mono: float, *, position_waits: bool) -> None:
        """Allow one line more every 5 minutes (every minute for a position), once all that are allowed are used."""
        if self.cap is None:
            return
        if self.cap >= limit:
            self.cap = None
            return
        every_s = PROBE_FOR_POSITION_S if position_waits else PROBE_EVERY_S
        if used >= self.cap and now_mono - self._changed_mono >= every_s:
            self.cap += 1
            self._changed_mono = now_mono

    def story(self, limit: int) -> str:
        """The number and where it comes from; "" while nothing was learned."""
        if self.cap is None or self.cap >= limit:
            return ""
        at = clock_text(self._since_market)
        return (
            f"TWS allowed {self.cap} of {limit} lines at {at} (error 101): TWS windows use about {limit - self.cap}. "
            "One more is tried every 5 min"
        )
