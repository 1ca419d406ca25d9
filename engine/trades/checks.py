"""What a trip realised beside what IB says of the same executions: a check, never the source. Pure.

A statement's figure goes first in first out like ours, commissions of both sides netted, unless its codes name another
tax method. Of an option that was assigned or exercised IB counts the premium with the stock; only both together agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from engine.trades.execution import ZERO, Execution
from engine.trades.trip import Trip

TOLERANCE = Decimal("0.01")
OTHER_METHODS = frozenset({"LI", "HC", "ML", "MLG", "MLL", "MSG", "MSL", "SL"})
_FOLDED = frozenset({"assignment", "exercise"})


class IbDiffers(NamedTuple):
    """One closing execution; `why` "" = nothing explains it."""

    trip: str
    execution: str
    ours: Decimal
    ibs: Decimal
    why: str


def differences(trips: Iterable[Trip]) -> tuple[IbDiffers, ...]:
    """Closing executions whose statement tells another result, by more than a cent."""
    nets: dict[tuple[str, str], Decimal | None] = defaultdict(lambda: ZERO)
    closers: dict[tuple[str, str], tuple[Trip, Execution]] = {}
    for trip in trips:
        for part in trip.closings:
            key = (trip.account, part.closed_by)
            before = nets[key]
            nets[key] = None if before is None or part.net is None or part.is_pending else before + part.net
        for share in trip.shares:
            e = share.execution
            if e.statement_id and e.ib_realized is not None:
                closers.setdefault((trip.account, e.id), (trip, e))
    found = []
    for key, (trip, e) in closers.items():
        ours = nets.get(key)
        if ours is None or e.ib_realized is None or abs(ours - e.ib_realized) <= TOLERANCE:
            continue
        why = ""
        if others := [code for code in e.codes if code in OTHER_METHODS]:
            why = f"another tax method ({', '.join(others)})"
        elif e.kind in _FOLDED or any(share.execution.kind in _FOLDED for share in trip.shares):
            why = "IB counts the option's premium with the stock"
        elif trip.is_before:
            why = "opened before the journal"
        found.append(IbDiffers(trip.id, e.id, ours, e.ib_realized, why))
    return tuple(found)
