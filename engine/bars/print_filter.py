"""The out-of-market rule: a lone print far outside the bid and ask makes no high, low or close, but its volume counts.

Late reports, average-price trades and typing errors are printed cents or dollars away from the market; the exchange's
own bars leave most of them out (the condition codes that say so are not in a market-data line). A print is outside by
`engine.prices.live_price.outside`. It counts after all when a second print on that side follows within 10 s, whatever
ordinary prints come between (a fast market's prints lead its book), or when the bid and ask come to where it was: then
the market did move.
"""

from __future__ import annotations

from engine.domain import Quote
from engine.prices.live_price import outside

REPEAT_S = 10.0


class PrintFilter:
    """One line's prints; `price` with each quote. `ignored` counts the prints that were left out until now."""

    __slots__ = ("_at", "_doubted", "_last", "_volume", "ignored")

    def __init__(self) -> None:
        self._last: float | None = None  # of the newest print
        self._volume: float | None = None
        self._doubted = 0  # the side on which the newest print lies while it is not believed; 0 = it is
        self._at = {1: float("-inf"), -1: float("-inf")}  # of the newest print outside on that side
        self.ignored = 0

    @property
    def is_doubted(self) -> bool:
        """Whether the newest print lies out of the market, and nothing has proven it."""
        return self._doubted != 0

    def price(self, quote: Quote, now_market: float, has_trade: bool) -> float | None:
        """The traded price that bars may use; None = the newest print is out of the market until proven.

        `has_trade` = a print came with this quote: bid and ask that move away leave the last print what it was.
        """
        last = quote.last
        if last is None:
            return None
        if has_trade or last != self._last:
            self._judge(last, outside(last, quote.bid, quote.ask), quote.volume, now_market)
        elif self._doubted:
            self._volume = quote.volume
            if outside(last, quote.bid, quote.ask) == 0:
                self._believe()  # the market came to it
        return None if self._doubted else last

    def _judge(self, last: float, side: int, volume: float | None, now_market: float) -> None:
        is_another = self._is_another(last, volume)
        self._last, self._volume = last, volume
        if side == 0:
            if self._doubted and not is_another:
                self._believe()
            self._doubted = 0
        elif now_market - self._at[side] > REPEAT_S:
            self._at[side], self._doubted = now_market, side
            self.ignored += 1
        elif is_another:
            self._at[side] = now_market
            if self._doubted == side:
                self._believe()
            self._doubted = 0

    def _is_another(self, last: float, volume: float | None) -> bool:
        """A second print: at another price, or with a size of its own (the same one's may come a packet later)."""
        if last != self._last:
            return True
        return volume is not None and self._volume is not None and volume > self._volume

    def _believe(self) -> None:
        self._doubted = 0
        self.ignored -= 1
