"""A statement's price beside the one that is held: in the same unit or in another one, the same or corrected. Pure.

Where pence or cents are quoted, the API tells quotes with a magnifier, and a statement the same or pounds; and a point
of such a quote is worth the multiplier of its own source. What both say of the money of one unit joins them.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from engine.statements.fields import Values

_ONE, _HUNDRED = Decimal(1), Decimal(100)
LEAST_DECIMALS = 2  # "410" may be 410.00: zeros at the end are not written


class Told(NamedTuple):
    """What a statement says of price and multiplier, as the held row has them; None = it is the same, or not told."""

    price: Decimal | None
    multiplier: Decimal | None
    magnifier: Decimal | None  # where the held row has none


def told(known: Values, new: Values, decimals: int) -> Told:
    """`decimals` = of the statement's prices of this kind: what rounds to its price is that price."""
    if all(known.get(name) == new[name] for name in ("price", "multiplier", "magnifier")):
        return _SAME
    factor = _factor(known, new)
    there, here = known["price"] / factor, new["price"]
    is_same = abs(there - here) <= _ONE.scaleb(-decimals) / 2
    mine, theirs = known.get("multiplier"), new["multiplier"]
    magnifier = multiplier = None
    if not known.get("magnifier"):
        magnifier = factor * new["magnifier"] * (mine / theirs if mine and theirs else 1)
    elif mine and theirs and factor == 1 and mine != theirs:
        own = theirs / new["magnifier"] * known["magnifier"]
        multiplier = None if own == mine else own
    return Told(None if is_same else _plain(here * factor), multiplier, magnifier)


_SAME = Told(None, None, None)


def decimals_of(prices: Iterable[Decimal]) -> int:
    """How many a source writes at most."""
    return max((-int(price.as_tuple().exponent) for price in prices), default=LEAST_DECIMALS)


def _factor(known: Values, new: Values) -> Decimal:
    """How many of the held row's quotes one of the statement's is: 1 where both are in one unit."""
    there, here = known["price"], new["price"]
    if not there or not here or there * here < 0:
        return _ONE
    mine, theirs = known.get("multiplier") or _ONE, new["multiplier"] or _ONE
    held = known.get("magnifier")
    found: list[Decimal] = [_ONE, theirs / new["magnifier"] * (held or _ONE) / mine]
    if not held or _HUNDRED in (held, new["magnifier"]):
        found += [_HUNDRED, 1 / _HUNDRED]
    return min(found, key=lambda each: max(here * each / there, there / (here * each)))


def _plain(price: Decimal) -> Decimal:
    return price.normalize() + 0
