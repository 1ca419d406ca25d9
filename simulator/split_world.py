"""A market in which some contracts were split: prices divided, sizes and volumes multiplied."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulator.model import Bar, BarKind, QuoteState, World

_PRICES = ("bid", "ask", "last", "open", "high", "low", "close", "mark")
_SIZES = ("bid_size", "ask_size", "last_size", "volume")


class SplitWorld:
    """Implements `World` on top of `market`; what has no split passes through."""

    def __init__(self, market: World) -> None:
        self.market = market
        self._ratios: dict[int, float] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.market, name)

    def split(self, con_id: int, ratio: float) -> None:
        """`ratio` shares for one, on top of earlier splits."""
        self._ratios[con_id] = self._ratios.get(con_id, 1.0) * ratio

    def quote(self, con_id: int) -> QuoteState | None:
        quote, ratio = self.market.quote(con_id), self._ratios.get(con_id)
        if quote is None or ratio is None:
            return quote
        changed: dict[str, Any] = {name: self._price(con_id, getattr(quote, name)) for name in _PRICES}
        changed |= {name: None if (size := getattr(quote, name)) is None else size * ratio for name in _SIZES}
        return replace(quote, **changed)

    def _price(self, con_id: int, price: float | None) -> float | None:
        instrument = self.market.instrument(con_id)
        if price is None or instrument is None:
            return price
        tick = instrument.min_tick
        return round(max(1.0, round(price / self._ratios[con_id] / tick)) * tick, 8) if price else price

    def bars(
        self, con_id: int, bar_size_s: int, start: float, end: float, rth: bool, kind: BarKind = "TRADES"
    ) -> list[Bar]:
        """Adjusted back to the beginning, as TWS does it."""
        bars, ratio = self.market.bars(con_id, bar_size_s, start, end, rth, kind), self._ratios.get(con_id)
        if ratio is None:
            return bars
        fields = ("open", "high", "low", "close", "wap")
        return [
            replace(bar, volume=bar.volume * ratio, **{name: round(getattr(bar, name) / ratio, 4) for name in fields})
            for bar in bars
        ]
