"""Futures rolls: one month closed and another opened of one root, side and quantity. Offered, never taken. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import takewhile

from engine.journal.rows import TripLink
from engine.trades.execution import ZERO
from engine.trades.trip import Roll, Share, Trip

WITHIN_S = 600.0
_MONTH = re.compile(r"[FGHJKMNQUVXZ]\d{1,2}$")


def rolls_of(trips: Sequence[Trip], links: Iterable[TripLink] = ()) -> tuple[Roll, ...]:
    """Each closing with the next opening: in one order, or within ten minutes; with what the trader decided of it."""
    decided = {(link.account, link.model, link.closed_root, link.opened_root): link.joined for link in links}
    families: dict[tuple[str, str, str, str], list[Trip]] = defaultdict(list)
    for trip in trips:
        if trip.sec_type == "FUT":
            families[trip.account, trip.key.model, root_symbol(trip), trip.side].append(trip)
    found: list[Roll] = []
    for family in families.values():
        taken: set[str] = set()
        begun = _Begun(family)
        for closed in family:
            opened = next((t for t in begun.near(closed) if t.id not in taken and _follows(closed, t)), None)
            if opened is not None:
                taken.add(opened.id)
                ends, begins = closed.shares[-1].execution.root, opened.root
                choice = decided.get((closed.account, closed.key.model, ends, begins))
                found.append(Roll(closed.id, opened.id, ends, begins, choice))
    return tuple(found)


class _Begun:
    """Trips of one family by when and by which order they were opened: years of them are not compared one by one."""

    def __init__(self, family: Iterable[Trip]) -> None:
        self._trips = [trip for trip in family if trip.opened_at is not None and trip.shares]
        self._trips.sort(key=lambda trip: trip.opened_at or 0.0)
        self._times = [trip.opened_at or 0.0 for trip in self._trips]
        self._of_order: dict[str, list[int]] = defaultdict(list)
        for place, trip in enumerate(self._trips):
            self._of_order[trip.shares[0].execution.order].append(place)

    def near(self, closed: Trip) -> list[Trip]:
        """What may follow it, oldest first."""
        if closed.closed_at is None or not closed.shares:
            return []
        first, end = (bisect_left(self._times, closed.closed_at - WITHIN_S),
                      bisect_right(self._times, closed.closed_at + WITHIN_S))  # fmt: skip
        order = closed.shares[-1].execution.order
        places = {*range(first, end), *(self._of_order.get(order, ()) if order else ())}
        return [self._trips[place] for place in sorted(places)]


def root_symbol(trip: Trip) -> str:
    """ESZ5 and ESH6 are both ES. A statement that does not name the underlying has the month in its symbol, too."""
    is_told = trip.symbol and trip.symbol != trip.name
    return trip.symbol if is_told else _MONTH.sub("", trip.name.split(" ")[0])


def campaigns(rolls: Iterable[Roll]) -> dict[str, str]:
    """Trip id -> the id of the first trip of its campaign, of the rolls that were joined."""
    before = {roll.opened: roll.closed for roll in rolls if roll.joined}
    found: dict[str, str] = {}
    for trip in {*before, *before.values()}:
        first = trip
        while first in before:
            first = before[first]
        found[trip] = first
    return found


def _follows(closed: Trip, opened: Trip) -> bool:
    if closed.key == opened.key or closed.closed_at is None or opened.opened_at is None:
        return False
    if closed.opened_at is not None and closed.opened_at >= opened.opened_at:
        return False
    if not closed.shares or _of_order(closed.shares[::-1]) != -_of_order(opened.shares):
        return False
    ends, begins = closed.shares[-1].execution, opened.shares[0].execution
    return (bool(ends.order) and ends.order == begins.order) or abs(opened.opened_at - closed.closed_at) <= WITHIN_S


def _of_order(shares: Sequence[Share]) -> Decimal:
    """What the first order of these dealt in the contract, signed."""
    first = shares[0].execution.order
    mine = takewhile(lambda share: share.execution.order == first, shares) if first else shares[:1]
    return sum((share.quantity for share in mine), ZERO)
