"""Which price of a quote is the market's: a print outside of it is none, and what never trades has its mid. Pure."""

from __future__ import annotations

from engine.domain import Quote

OUTSIDE_SHARE = 0.001
FAR_TIMES = 5.0  # spreads that a fast market's prints lead its book by, four updates a second
LOCKED_SHARE = 0.02  # stands for the spread that a locked book doesn't tell
MID_QUOTED = frozenset({"CASH", "CMDTY", "CFD"})  # types whose lines may bring no trade at all


def outside(price: float, bid: float | None, ask: float | None) -> int:
    """+1 above the market, -1 below it, 0 in or near it; 0 too where no two-sided market is known.

    Outside is beyond the bid or ask by more than the spread and more than 0.1 % of the price.
    """
    if bid is None or ask is None or bid > ask:
        return 0
    return _beyond(price, bid, ask, max(ask - bid, OUTSIDE_SHARE * abs(price)))


def is_far(price: float, bid: float, ask: float) -> bool:
    """Whether a print is so many times `outside` an uncrossed book that it says nothing of the market."""
    spread = ask - bid or LOCKED_SHARE * abs(price)
    return _beyond(price, bid, ask, FAR_TIMES * max(spread, OUTSIDE_SHARE * abs(price))) != 0


def _beyond(price: float, bid: float, ask: float, limit: float) -> int:
    edge = limit + 1e-9 * abs(price)  # prices are sums of ticks: 13.88 - 13.86 is a little more than 0.02
    if price > ask + edge:
        return 1
    return -1 if price < bid - edge else 0


def live_price(quote: Quote | None, sec_type: str) -> float | None:
    """What rules judge: the last trade; the mid where that lies far outside the market, and for types that are only
    quoted. None = there is neither; a prior close never is.
    """
    if quote is None:
        return None
    if quote.price_kind == "mid" and (quote.last is not None or sec_type in MID_QUOTED):
        return quote.price
    return quote.last
