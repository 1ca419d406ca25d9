"""In which money the journal's sums are, and what they lack. Pure.

Every sum has one currency: that of the contracts where they share one or one is chosen, else the account's base, each
part at the rate of its own day. What has no rate is left out, and said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from app.format import plural
from engine.trades.figures import Money, why_left_out
from engine.trades.trip import Trip


def money_of(trips: Sequence[Trip], currency: str, base: str) -> Money:
    """`currency` = the one chosen, "" = none; `base` = the account's, "" = not known."""
    if currency:
        return Money(currency)
    found = Counter(trip.currency for trip in trips if trip.currency)
    if len(found) <= 1:
        return Money(next(iter(found), base))
    bases = Counter(trip.base_currency for trip in trips if trip.base_currency and trip.net_base is not None)
    most = bases.most_common(1)
    return Money(most[0][0], is_base=True) if most else Money(found.most_common(1)[0][0])


def words_of(money: Money) -> str:
    """What every headline says."""
    return f"net, {money.currency}{' (base currency)' if money.is_base else ''}, by closing day"


def told(money: Money) -> dict[str, str]:
    """The same for the browser."""
    return {"currency": money.currency, "words": words_of(money)}


def left_out(trips: Iterable[Trip], money: Money) -> str:
    """ "Without 3 trades in EUR: choose that currency to see them"; "" = nothing is."""
    others: Counter[str] = Counter()
    whys: Counter[str] = Counter()
    for trip in trips:
        if not money.fits(trip):
            others[trip.currency or "a currency not known"] += 1
        elif not trip.is_open and (why := why_left_out(trip, money)):
            whys[why] += 1
    words = [f"{plural(count, 'trade')} in {name}: choose that currency to see them" for name, count in others.items()]
    words += [f"{plural(count, 'trade')}: {why}" for why, count in whys.items()]
    return f"Without {'; '.join(words)}." if words else ""
