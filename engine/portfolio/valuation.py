"""Arithmetic of a position, in one place: quote unit, money unit, multiplier, currency, mark. Pure.

Quotes are in the contract's quote unit (pence, cents, points, per cent of par), IB's avgCost and valuations in money:
one unit of quote is worth `multiplier / magnifier` of the contract's currency for each unit of quantity. So
P&L = quantity x (price / magnifier x multiplier - avgCost); avgCost already includes the multiplier and commissions.
Rounding: sums are made of unrounded parts, and rounded to the cent once, where they are said (`cents`); halves go away
from zero, as the pages round.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

from engine.domain import ContractRef, PriceKind, Quote

MARK_LATE_S = 60.0  # a mark price so far behind the quotes, and outside of them, is not IB's view any more
_PER_CENT = 100.0
_OFF_VALUE = 0.03  # decades between a power of ten and what a bond is worth by IB a moment ago: 7 %
_OFF_COST = 0.15  # and what it has cost: 40 %
PERCENT_QUOTED = frozenset({"BOND", "BILL", "FIXED"})
_WHOLE_QUOTED = frozenset({"CASH", "CRYPTO", "CMDTY"})  # never magnified
_MAGNIFIED_STOCKS = frozenset({"GBP", "GBX", "ZAR", "ILS"})  # quoted in pence, cents, agorot
_SMALL_UNITS = {"GBP": "p", "ILS": "ag"}


class Terms(Struct, frozen=True):
    """How a contract's quotes become money in `currency`; `unit` is what the quotes are in, "" = the currency."""

    per_point: float  # money that one unit of quantity gains when the quote rises by 1
    currency: str
    unit: str = ""


class Mark(NamedTuple):
    """What values a position, in the quote unit. `kind` None = nothing does."""

    price: float | None
    kind: PriceKind | None
    at_wall: float | None


NO_MARK = Mark(None, None, None)


def terms_of(contract: ContractRef) -> Terms | None:
    """The contract's terms; None while its details, and so its magnifier, are not known and might matter.

    None for a bond, too: whether a quantity of 10 is 10 of face value or 10 pieces of 1,000 stands in no field
    (`percent_terms`).
    """
    magnifier = contract.price_magnifier
    if contract.sec_type in PERCENT_QUOTED:
        return None
    if magnifier is None:
        if not _is_whole(contract):
            return None
        magnifier = 1.0
    return Terms(
        contract.multiplier / magnifier, contract.currency, unit_of(contract.sec_type, contract.currency, magnifier)
    )


def percent_terms(
    contract: ContractRef, price: float | None, value_of_one: float | None, cost_of_one: float | None
) -> Terms | None:
    """Terms of what is quoted in per cent of par, from what one unit of quantity is worth by IB, else has cost.

    Par is a power of ten. None while neither is known, where the price is far from what it was bought at, and where
    IB's value is no power of ten times the price (a bond tied to an index, or repaid in part).
    """
    of_one, off = (value_of_one, _OFF_VALUE) if value_of_one else (cost_of_one, _OFF_COST)
    if not price or not of_one or price * of_one < 0.0:
        return None
    decades = math.log10(of_one / price)
    if abs(decades - round(decades)) > off:
        return None
    return Terms(10.0 ** round(decades), contract.currency, "%")


def _is_whole(contract: ContractRef) -> bool:
    """Quoted in money for certain, whatever the details say."""
    if contract.sec_type in _WHOLE_QUOTED:
        return True
    return contract.sec_type == "STK" and contract.currency not in _MAGNIFIED_STOCKS


def unit_of(sec_type: str, currency: str, magnifier: float) -> str:
    """What quotes are in: "p", "c", "%"; "" = the currency itself."""
    if sec_type in PERCENT_QUOTED:
        return "%"
    if magnifier == 1.0:
        return ""
    if magnifier == _PER_CENT:
        return _SMALL_UNITS.get(currency, "c")
    return f"1/{magnifier:,.12g}" if magnifier > 1.0 else f"×{1.0 / magnifier:,.12g}"


def mark_of(quote: Quote | None) -> Mark:
    """IB's own rule: its mark price where it is sent, else the last trade if the book holds it, else the mid, else the
    prior close; where a one-sided book contradicts that or the trade, its side.

    A price outside of bid and ask values nothing; a crossed book holds nothing.
    """
    if quote is None:
        return NO_MARK
    if quote.mark is not None and not _is_left_behind(quote):
        return Mark(quote.mark, "mark", quote.mark_wall)
    at, last, bid, ask = quote.received_wall, quote.last, quote.bid, quote.ask
    if bid is not None and ask is not None and bid > ask:
        bid = ask = None
    if last is not None and (bid is None or last >= bid) and (ask is None or last <= ask):
        return Mark(last, "last", at)
    if bid is not None and ask is not None and not quote.halted:
        return Mark((bid + ask) / 2.0, "mid", at)
    price = last if last is not None else quote.close
    if price is None:
        return NO_MARK
    if last is None and quote.halted:
        bid = ask = None
    if bid is not None and price < bid:
        return Mark(bid, "bid", at)
    if ask is not None and price > ask:
        return Mark(ask, "ask", at)
    return Mark(price, "close", at)


def _is_left_behind(quote: Quote) -> bool:
    """An old mark price that the book has left, or where there is no book, that trades go on without."""
    if quote.mark is None or quote.mark_wall is None or quote.received_wall - quote.mark_wall <= MARK_LATE_S:
        return False
    if quote.bid is None and quote.ask is None:
        return quote.last is not None
    below = quote.bid is not None and quote.mark < quote.bid
    return below or (quote.ask is not None and quote.mark > quote.ask)


def unrealized_pnl(quantity: float, price: float | None, terms: Terms | None, avg_cost: float | None) -> float | None:
    """quantity x (price x per point - avg_cost) in the contract's currency; None when any part is not known."""
    if price is None or terms is None or avg_cost is None:
        return None
    return quantity * (price * terms.per_point - avg_cost)


def exposure(quantity: float, price: float | None, terms: Terms | None) -> float | None:
    """|quantity x price x per point|: what moves with the market, in the contract's currency."""
    if price is None or terms is None:
        return None
    return abs(quantity * price * terms.per_point)


def average_price(avg_cost: float | None, terms: Terms | None) -> float | None:
    """Cost in the quote unit: commissions are in it, so it need not lie on the tick grid."""
    if avg_cost is None or terms is None or not terms.per_point:
        return None
    return float(f"{avg_cost / terms.per_point:.12g}")  # no dust of the division


def implied_price(quantity: float, market_value: float | None, terms: Terms | None) -> float | None:
    """The quote at which a position has this value in money."""
    if market_value is None or terms is None or not quantity or not terms.per_point:
        return None
    return market_value / (quantity * terms.per_point)


def tick_value(min_tick: float | None, terms: Terms | None) -> float | None:
    """Money that one tick moves one unit of quantity."""
    return min_tick * terms.per_point if min_tick and terms is not None else None


def cents(money: float | None) -> float | None:
    """Money as it is said: two decimals, halves away from zero (a hair of tolerance for binary fractions)."""
    if money is None or not math.isfinite(money):
        return None
    whole = math.floor(abs(money) * 100.0 + 0.5 + 1e-6) / 100.0
    return -whole if money < 0.0 and whole else whole


def total(parts: Iterable[float | None]) -> float | None:
    """Sum of what is known, to the cent; None when nothing is."""
    known = [part for part in parts if part is not None]
    return cents(sum(known)) if known else None


def share_pct(part: float | None, whole: float | None) -> float | None:
    """`part` of a positive `whole` in per cent; None without either: of a debt there is no share."""
    if part is None or whole is None or whole <= 0.0:
        return None
    return part / whole * 100.0
