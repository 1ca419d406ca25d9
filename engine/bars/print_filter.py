"""The out-of-market rule: a lone print far outside the bid and ask makes no high, low or close, but its volume counts.

Late reports, average-price trades and typing errors are printed cents or dollars away from the market; the exchange's
own bars leave most of them out (the condition codes that say so are not in a market-data line). A print is outside
by `engine.prices.live_price.outside`. It counts after all when a second print on that side follows within 10 s, or the
bid and ask come to where it was: then the market did move.
"""

from __future__ import annotations

from engine.domain import Quote
from engine.prices.live_price import outside

REPEAT_S = 10.0


class PrintFilter:
    """One line's prints; `price` with each quote. `ignored` counts the prints that were left out until now."""

    __slots__ = ("_at", "_last", "_side", "_taken", "_volume", "ignored")

    def __init__(self) -> None:
        self._last: float | None = None  # of the newest print
        self._side = 0  # where it lay; 0 = in the market
        self._taken = True
        self._at = 0.0  # of the newest print on that side that began or went on with the proof
        self._volume: float | None = None
        self.ignored = 0

    def price(self, quote: Quote, now_market: float, has_trade: bool) -> float | None:
        """The traded price that bars may use; None = the newest print is out of the market until proven.

        `has_trade` = a print came with this quote: bid and ask that move away leave the last print what it was.
        """
        last = quote.last
        if last is None:
            return None
        if has_trade or last != self._last:
            self._judge(last, outside(last, quote.bid, quote.ask), quote.volume, now_market)
        elif not self._taken:
            self._volume = quote.volume
            if outside(last, quote.bid, quote.ask) == 0:
                self._believe()  # the market came to it
        return last if self._taken else None

    def _judge(self, last: float, side: int, volume: float | None, now_market: float) -> None:
        same_side = side != 0 and side == self._side and now_market - self._at <= REPEAT_S
        is_another = self._is_another(last, volume)
        self._last, self._volume = last, volume
        if side == 0:
            if not self._taken and not is_another:
                self._believe()
            self._side, self._taken = 0, True
        elif not same_side:
            self._side, self._at, self._taken = side, now_market, False
            self.ignored += 1
        elif is_another:
            self._at = now_market
            if not self._taken:
                self._believe()

    def _is_another(self, last: float, volume: float | None) -> bool:
        """A second print: its size comes with the volume of the day (the same one's may come a packet later)."""
        if volume is None or self._volume is None:
            return last != self._last
        return volume > self._volume

    def _believe(self) -> None:
        self._taken = True
        self.ignored -= 1
