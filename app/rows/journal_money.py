"""In which money the journal's sums are, and what they lack. Pure.

Every sum has one currency: that of the contracts where they share one or one is chosen, else the account's base, each
part at the rate of its own day. What has no rate is left out, and said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from app.format import plural
from engine.trades.carry import Lack
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


def lack_of_day(lack: Lack) -> str:
    """What the sums of a day miss of what is no trade."""
    return f"bookings in {lack.currency}" if lack.what == "currency" else f"{lack.what} of a booking in {lack.currency}"


def carry_lacks(lacks: Iterable[Lack]) -> str:
    """Which dividends, interest and fees are in no sum, with the cure; "" = all are."""
    words = [
        f"Dividends, interest and fees in {currency} are not in it: choose that currency to see them."
        for currency in _currencies(lacks, "currency")
    ]
    words += [
        f"Dividends, interest and fees in {currency} are not in it, their rate is not told ({days}): add the field FX"
        " Rate to Base to the section Cash Transactions of the Flex query, and import it again."
        for currency, days in _currencies(lacks, "rate").items()
    ]
    return " ".join(words)


def flow_lacks(lacks: Iterable[Lack]) -> str:
    """Which deposits and transfers are still in the curve, with the cure; "" = none is."""
    words = [
        f"Flows in {currency} are not taken out, their rate is not told ({days}): add the field FX Rate to Base to the"
        " sections Cash Transactions and Transfers of the Flex query, and import it again."
        for currency, days in _currencies(lacks, "rate").items()
    ]
    words += [
        f"Positions in {currency} that were transferred count as a result, their value is not told ({days}): add the"
        " field Position Amount to the section Transfers of the Flex query, and import it again."
        for currency, days in _currencies(lacks, "value").items()
    ]
    return " ".join(words)


def _currencies(lacks: Iterable[Lack], what: str) -> dict[str, str]:
    """Currency -> on which days, in words."""
    days: dict[str, list[str]] = {}
    for lack in lacks:
        if lack.what == what:
            days.setdefault(lack.currency or "a currency that is not told", []).append(lack.day.isoformat())
    more = {currency: f" and {plural(len(found) - 1, 'more day')}" for currency, found in days.items() if found[1:]}
    return {currency: f"{found[0]}{more.get(currency, '')}" for currency, found in days.items()}
