"""Quotes on their way from the engine's loop to the archive: bounded, and never waited for.

`note` runs in the engine's loop with each quote, `take` in the archive's thread; a deque's ends are safe between two.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from engine.domain import Quote

MOST = 400_000  # ticks that wait: some 100 MB, a quarter of an hour of 450 a second


class Tick(NamedTuple):
    """A quote as it is kept. `time` = market time; sizes and volume in shares (contracts), None = not known."""

    time: float
    con_id: int
    symbol: str
    last: float | None
    last_size: float | None
    bid: float | None
    bid_size: float | None
    ask: float | None
    ask_size: float | None
    volume: float | None  # of the day
    is_trade: bool
    data: str  # as of `DataType`


FIELDS = {
    "time": float, "con_id": int, "symbol": str, "last": float, "last_size": float, "bid": float, "bid_size": float,
    "ask": float, "ask_size": float, "volume": float, "is_trade": bool, "data": str,
}  # fmt: skip


class TickBuffer:
    """`lost` counts the ticks that found it full: the newest ones, so that what waits stays in one piece."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._waiting: deque[Tick] = deque()
        self.lost = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def note(self, quote: Quote, at_market: float, is_trade: bool) -> None:
        """One quote. Engine loop only."""
        if len(self._waiting) >= self._most:
            self.lost += 1
            return
        self._waiting.append(
            Tick(
                at_market, quote.con_id, quote.local_symbol, quote.last, quote.last_size, quote.bid, quote.bid_size,
                quote.ask, quote.ask_size, quote.volume, is_trade, quote.data_type,
            )
        )  # fmt: skip

    def take(self, most: int) -> list[Tick]:
        """The oldest ones, at most so many. One thread only."""
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
