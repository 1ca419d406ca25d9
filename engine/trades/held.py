"""What was held before the journal began, and changes of a position that no execution explains. Pure.

The broker's positions are noted when they change. Each note is compared with what the executions come to; reports of
both travel apart: a position may be told some time after its execution (`LATE_S`), or a little before (`EARLY_S`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate
from typing import NamedTuple

from msgspec.structs import replace

from engine.journal.rows import PositionSeen
from engine.trades.execution import ZERO, Contract, Execution, exact, in_order
from engine.trades.trip import Unexplained

LATE_S, EARLY_S = 600.0, 120.0
BOOKED_S = 3 * 86_400.0  # a statement's time of an assignment or a transfer and that of the position are so far apart
SKEW_S = 5.0
_OTHER_COST = frozenset({"split", "corporate action"})  # one unit costs something else afterwards
EVERYTHING = 0  # the con_id of a note that all positions are known by now: what was never named is not held


class Before(NamedTuple):
    """What was held before the first execution; `cost` is money of one unit, None = not known."""

    quantity: Decimal
    cost: Decimal | None


NOTHING = Before(ZERO, None)


def held_before(executions: Sequence[Execution], seen: Sequence[PositionSeen], known_from: float | None) -> Before:
    """`executions` and `seen` of one contract in their order; `known_from`: when all positions were known first."""
    first = seen[0] if seen and (known_from is None or seen[0].at_market <= known_from) else None
    if first is None and known_from is None:
        return _as_told(executions)
    at = first.at_market if first is not None else (known_from or 0.0)
    earlier = [e for e in executions if e.time <= (at + SKEW_S if _agrees(first, executions) else at)]
    now = exact(first.quantity) if first is not None else ZERO
    quantity = now - sum((e.quantity for e in earlier), ZERO)
    if not quantity:
        return NOTHING
    only_closed = all(e.quantity * quantity < 0 and e.kind not in _OTHER_COST for e in earlier)
    cost = first.avg_cost if first is not None and only_closed and first.quantity else None
    return Before(quantity, None if cost is None else exact(cost))


def reconciled(
    key: Contract, executions: Sequence[Execution], seen: Sequence[PositionSeen], before: Decimal
) -> tuple[list[Execution], list[Unexplained]]:
    """The executions in the order in which the position followed them, and the steps that none explains.

    What a statement books without a trade counts from the moment at which the position changed, which may be hours
    before or after the time that it is booked at.
    """
    begins = seen[0].at_market if seen else float("inf")
    booked = [e for e in executions if e.source != "api" and e.kind != "trade" and e.time > begins - BOOKED_S]
    if not booked:
        return list(executions), unexplained(key, executions, seen, before)
    beside = set(map(id, booked))
    told = [e for e in executions if id(e) not in beside]
    found = list(told)
    for step in unexplained(key, told, seen, before):
        near = [e for e in booked if e.quantity == step.quantity and abs(e.time - step.time) <= BOOKED_S]
        if near:
            nearest = min(near, key=lambda e: abs(e.time - step.time))
            booked = [e for e in booked if e is not nearest]
            found.append(replace(nearest, time=step.time))
    found = sorted([*found, *booked], key=in_order)
    return found, unexplained(key, found, seen, before)


def unexplained(
    key: Contract, executions: Sequence[Execution], seen: Sequence[PositionSeen], before: Decimal
) -> list[Unexplained]:
    """Steps of the position that executions leave open, oldest first."""
    found: list[Unexplained] = []
    times = [e.time for e in executions]
    sums = [ZERO, *accumulate(e.quantity for e in executions)]
    names = [e.name for e in executions] + [note.local_symbol for note in seen]
    name = next((each for each in reversed(names) if each), "")  # what went while nobody looked is noted without one
    missing, last, counted = ZERO, seen[0].at_market if seen else 0.0, 0
    for place, note in enumerate(seen):
        if place + 1 < len(seen) and seen[place + 1].at_market - note.at_market <= EARLY_S:
            continue  # it is still moving
        at = note.at_market
        wanted = exact(note.quantity) - before - missing
        # While reports are on their way it may be that after any execution about then, none of before the last note.
        first, end = max(counted, bisect_right(times, at - LATE_S)), bisect_right(times, at + EARLY_S) + 1
        if wanted in sums[first:end]:
            counted = sums.index(wanted, first, end)
        else:
            counted = bisect_right(times, at)
            step = wanted - sums[counted]
            found.append(Unexplained(key, note.con_id, name, note.sec_type, step, last, at))
            missing += step
        last = at
    return found


def _agrees(first: PositionSeen | None, executions: Sequence[Execution]) -> bool:
    """Whether the first note has what was dealt in the same seconds, so that nothing was held before."""
    if first is None:
        return False
    within = sum((e.quantity for e in executions if e.time <= first.at_market + SKEW_S), ZERO)
    exactly = sum((e.quantity for e in executions if e.time <= first.at_market), ZERO)
    return within != exactly and exact(first.quantity) == within


def _as_told(executions: Sequence[Execution]) -> Before:
    """Without any note: the least that must have been held where IB or the statement says that executions closed."""
    trades = [e for e in executions if e.is_trade]
    if not trades or trades[0].opening not in ("close", "flip"):
        return NOTHING
    sign = -1 if trades[0].quantity > 0 else 1
    needed = running = ZERO
    for e in trades:
        running += e.quantity
        if e.quantity * sign < 0:
            if e.opening == "open":
                break
            if e.opening == "close":
                needed = max(needed, -running * sign)
    return Before(needed * sign, None)
