"""How far a trip went for and against its trader before it ended: from the bars of its contract that are held. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from engine.domain import Bar
from engine.trades.execution import ZERO, exact
from engine.trades.trip import Trip

LEAST_COVERED = 0.9


class Excursion(NamedTuple):
    """In money of the contract's currency before fees: `worst` at most 0, `best` at least 0. None = `why` says it.

    `covered` is the share of the trip's time of which there are bars.
    """

    worst: Decimal | None
    best: Decimal | None
    covered: float
    why: str = ""


def excursion(trip: Trip, bars: Sequence[Bar], bar_s: float = 60.0) -> Excursion:
    """Bars of the contract in order, in the unit of its quotes; of a bar in which it was dealt only the fills count."""
    if trip.opened_at is None or trip.is_before:
        return Excursion(None, None, 0.0, "opened before the journal")
    if not trip.shares or any(share.execution.per_point is None for share in trip.shares):
        return Excursion(None, None, 0.0, "what a point of its price is worth is not known")
    if any(not share.execution.is_trade for share in trip.shares):
        return Excursion(None, None, 0.0, "its position was changed by something else than trades")
    end = trip.closed_at if trip.closed_at is not None else (bars[-1].time + bar_s if bars else trip.opened_at)
    inside = [bar for bar in bars if bar.time + bar_s > trip.opened_at and bar.time <= end]
    whole = [bar for bar in inside if not _was_dealt_in(trip, bar, bar_s)]
    covered = _covered(trip.opened_at, end, inside, bar_s)
    if not inside or covered < LEAST_COVERED:
        words = "no bars of that time are held" if not inside else f"bars of only {covered:.0%} of its time are held"
        return Excursion(None, None, covered, words)
    values = [ZERO, *_at_fills(trip)]
    for bar in whole:
        values += [_value(trip, bar.time, exact(price)) for price in (bar.low, bar.high)]
    return Excursion(min(values), max(values), covered)


def curve_of(trip: Trip, bars: Sequence[Bar], bar_s: float = 60.0) -> list[tuple[float, Decimal]]:
    """What the trip had made by the end of each bar of its time, before fees: a position's own curve.

    [] where `excursion` would say that its money is not known.
    """
    if trip.opened_at is None or any(s.execution.per_point is None or not s.execution.is_trade for s in trip.shares):
        return []
    end = trip.closed_at if trip.closed_at is not None else float("inf")
    closes = [(bar.time + bar_s, bar.close) for bar in bars if trip.opened_at < bar.time + bar_s <= end]
    return [(at, _value(trip, at, exact(close))) for at, close in closes]


def _was_dealt_in(trip: Trip, bar: Bar, bar_s: float) -> bool:
    return any(bar.time <= share.execution.time < bar.time + bar_s for share in trip.shares)


def _covered(begin: float, end: float, bars: Sequence[Bar], bar_s: float) -> float:
    if end <= begin:
        return 1.0 if bars else 0.0
    known = sum(min(end, bar.time + bar_s) - max(begin, bar.time) for bar in bars)
    return min(1.0, max(0.0, known / (end - begin)))


def _value(trip: Trip, at: float, price: Decimal) -> Decimal:
    """What the trip has made by then if the rest were closed at this price."""
    point = next(s.execution.per_point for s in trip.shares) or ZERO
    dealt = [share for share in trip.shares if share.execution.time <= at]
    held = sum((share.quantity for share in dealt), ZERO)
    return held * price * point - sum(
        (share.quantity * share.execution.price * (share.execution.per_point or ZERO) for share in dealt), ZERO
    )


def _at_fills(trip: Trip) -> list[Decimal]:
    return [_value(trip, share.execution.time, share.execution.price) for share in trip.shares]
