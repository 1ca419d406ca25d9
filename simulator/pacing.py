"""Counting in sliding windows: messages a second, and IB's rules for historical requests of small bars."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass

SMALL_BAR_S = 30

Key = tuple[object, ...]


class SlidingWindow:
    """How much happened in the last `span_s` seconds, and the most there ever was."""

    def __init__(self, span_s: float) -> None:
        self.span_s = span_s
        self.worst = 0
        self._times: deque[float] = deque()

    def add(self, now: float, weight: int = 1) -> int:
        """Counts one event; returns the count within the window that ends at `now`."""
        self._times.extend([now] * weight)
        count = self.count(now)
        self.worst = max(self.worst, count)
        return count

    def count(self, now: float) -> int:
        while self._times and now - self._times[0] >= self.span_s:
            self._times.popleft()
        return len(self._times)


class Windows:
    """A sliding window a key; keys without an event in theirs are forgotten."""

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._by_key: dict[Key, tuple[float, SlidingWindow]] = {}  # last use and window, the one used last at the end

    def __len__(self) -> int:
        return len(self._by_key)

    def add(self, key: Key, now: float, weight: int = 1) -> int:
        """Counts one event; returns the count of this key within the window that ends at `now`."""
        _, window = self._by_key.pop(key, (now, None))
        if window is None:
            window = SlidingWindow(self._span_s)
        self._by_key[key] = now, window
        while (oldest := next(iter(self._by_key.items())))[1][0] <= now - self._span_s:
            del self._by_key[oldest[0]]
        return window.add(now, weight)


class HistoryPacing:
    """The three rules for bars of 30 s and less; larger bars only count. Wall seconds."""

    IDENTICAL_S = 15.0
    SAME_CONTRACT_S = 2.0
    SAME_CONTRACT_MAX = 5
    TOTAL_S = 600.0
    TOTAL_MAX = 60

    def __init__(self) -> None:
        self._total = SlidingWindow(self.TOTAL_S)
        self._same_contract = Windows(self.SAME_CONTRACT_S)
        self._identical = Windows(self.IDENTICAL_S)

    def violation(self, now: float, contract: Key, request: Key, weight: int) -> str | None:
        """Counts a small-bar request; the rule that it breaks, or None. `weight` is 2 for BID_ASK."""
        total = self._total.add(now, weight)
        same_contract = self._same_contract.add(contract, now, weight)
        if self._identical.add(request, now) > 1:
            return f"identical request within {self.IDENTICAL_S:.0f} s"
        if same_contract > self.SAME_CONTRACT_MAX:
            return f"{same_contract} requests for one contract within {self.SAME_CONTRACT_S:.0f} s"
        if total > self.TOTAL_MAX:
            return f"{total} requests within {self.TOTAL_S / 60:.0f} min"
        return None


@dataclass(slots=True)
class HabitFigures:
    """The worst so far. Windows end at a request; "identical" means all fields but the reqId."""

    worst_minute: int = 0
    worst_small_10_min: int = 0
    worst_contract_2_s: int = 0
    identical_within_15_s: int = 0


class HistoryHabits:
    """How a client spreads its historical requests, whatever the gateway allows. Wall seconds."""

    def __init__(self) -> None:
        self.figures = HabitFigures()
        self._minute = SlidingWindow(60.0)
        self._small = SlidingWindow(600.0)
        self._contracts = Windows(2.0)
        self._identical = Windows(15.0)

    def note(self, now: float, contract: Key, request: Key, small_bars: bool) -> None:
        figures = self.figures
        figures.worst_minute = max(figures.worst_minute, self._minute.add(now))
        if small_bars:
            figures.worst_small_10_min = max(figures.worst_small_10_min, self._small.add(now))
        figures.worst_contract_2_s = max(figures.worst_contract_2_s, self._contracts.add(contract, now))
        figures.identical_within_15_s += self._identical.add(request, now) > 1

    def report(self) -> dict[str, int]:
        return asdict(self.figures)
