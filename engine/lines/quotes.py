"""The quote book: one packet's values of a line -> the symbol's newest Quote, by the rule last -> mid -> close.

Called for every update of every line (about 200 a second at 50 lines), so it does little and does it once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import structs

from engine.domain import Lane, PriceKind, Quote, TickUpdate
from engine.prices.live_price import is_far

_LAST: PriceKind = "last"
DAY_VALUES_S = 600.0  # so long open and prior close of the line before stand for what a new one has not told yet
QUOTES_MAX = 2_500  # the universe of 2,000 and some; the longest unheard goes first


def price_of(
    last: float | None, bid: float | None, ask: float | None, close: float | None, halted: bool
) -> tuple[float | None, PriceKind | None]:
    """The price and its kind. A crossed or one-sided book has no mid, nor has that of a halted symbol.

    A last price far outside of a book that has a mid is a late report, an error, or older than the market.
    """
    if bid is not None and ask is not None and bid <= ask and not halted:
        if last is None or is_far(last, bid, ask):
            return (bid + ask) / 2.0, "mid"
    if last is not None:
        return last, "last"
    if close is not None:
        return close, "close"
    return None, None


class QuoteBook:
    """Newest quote per con_id; survives its line, then labelled "visited". Engine thread only.

    `volume_unit(con_id)` = shares (contracts) per unit of the gateway's volumes, None = not known yet; `size_unit` that
    of its bid, ask and last sizes, None = they are counted like volumes.
    """

    def __init__(
        self, volume_unit: Callable[[int], float | None], size_unit: Callable[[int], float | None] | None = None
    ) -> None:
        self._volume_unit = volume_unit
        self._size_unit = size_unit or volume_unit
        self._quotes: dict[int, Quote] = {}
        self._values: dict[int, tuple[object, ...]] = {}

    def take(
        self, con_id: int, local_symbol: str, lane: Lane, epoch: int, update: TickUpdate, wall: float
    ) -> tuple[Quote, bool]:
        """The new quote, and whether anything but its time changed."""
        u = update
        factor, size_factor = self._volume_unit(con_id), self._size_unit(con_id)
        last, bid, ask, close = u.last, u.bid, u.ask, u.close
        bid_size, ask_size, last_size = u.bid_size_raw, u.ask_size_raw, u.last_size_raw
        volume, avg_volume, halted, data_type = u.volume_raw, u.avg_volume_raw, u.halted, u.data_type
        # fmt: off
        values = (
            last, bid, ask, volume, bid_size, ask_size, last_size, u.high, u.low, u.open, close,
            avg_volume, halted, data_type, factor, size_factor, lane, epoch,
        )
        # fmt: on
        changed = u.has_mark or self._values.get(con_id) != values  # a mark that came again is younger
        mark, mark_wall = u.mark, wall
        if mark is not None and not u.has_mark:
            before = self._quotes.get(con_id)
            mark_wall = wall if before is None or before.mark_wall is None else before.mark_wall
        price: float | None
        kind: PriceKind | None
        if last is not None and (bid is None or ask is None or bid <= last <= ask):
            price, kind = last, _LAST
        else:
            price, kind = price_of(last, bid, ask, close, halted)
        if size_factor is None:
            bid_size = ask_size = last_size = None
        elif size_factor != 1.0:
            bid_size = None if bid_size is None else bid_size * size_factor
            ask_size = None if ask_size is None else ask_size * size_factor
            last_size = None if last_size is None else last_size * size_factor
        if factor is None:
            volume = avg_volume = None
        elif factor != 1.0:
            volume = None if volume is None else volume * factor
            avg_volume = None if avg_volume is None else avg_volume * factor
        opened = u.open
        if close is None or opened is None:
            before = self._quotes.get(con_id)
            if before is not None and before.epoch == epoch and wall - before.received_wall <= DAY_VALUES_S:
                close = before.close if close is None else close
                opened = before.open if opened is None else opened
        # By position, in the order of the fields of Quote: half the time of naming them.
        # fmt: off
        quote = Quote(
            con_id, local_symbol, price, kind, bid, ask, bid_size, ask_size, last, last_size, volume, avg_volume,
            opened, u.high, u.low, close, halted, data_type, lane, u.received_mono, wall, epoch,
            mark, None if mark is None else mark_wall, u.delta, u.under_price,
        )
        # fmt: on
        self._store(con_id, quote, values)
        return quote, changed

    def _store(self, con_id: int, quote: Quote, values: tuple[object, ...]) -> None:
        if con_id not in self._quotes and len(self._quotes) >= QUOTES_MAX:
            stalest = min(self._quotes.values(), key=lambda q: q.received_mono).con_id
            del self._quotes[stalest], self._values[stalest]
        self._quotes[con_id] = quote
        self._values[con_id] = values

    def set_lane(self, con_id: int, lane: Lane) -> None:
        """The line is gone or changed its class: the price stays, with another label."""
        quote = self._quotes.get(con_id)
        if quote is not None and quote.lane != lane:
            self._quotes[con_id] = structs.replace(quote, lane=lane)

    def rename(self, con_id: int, local_symbol: str) -> None:
        """The symbol is called otherwise now."""
        quote = self._quotes.get(con_id)
        if quote is not None:
            self._quotes[con_id] = structs.replace(quote, local_symbol=local_symbol)

    def get(self, con_id: int) -> Quote | None:
        return self._quotes.get(con_id)

    def all(self) -> Iterable[Quote]:
        """Every symbol that was heard of, also those without a price."""
        return self._quotes.values()
