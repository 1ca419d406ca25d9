"""Round trips on the chart of their symbol: where they were entered and left, and what came of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from typing import Any

from app.figures.zones import shown
from app.format import quantity, redacted, signed
from engine.trades.trip import Trip

MOST = 120


def trip_marks(trips: Iterable[Trip], con_id: int, zone: tzinfo) -> list[list[Any]]:
    """[kind, shown time, price, text] of each entry and exit in that contract, oldest first, the newest `MOST`.

    `kind` = entry, gain, loss or exit (a result that is not known, or nothing). What only changes the size of a trip is
    no mark.
    """
    mine = [trip for trip in trips if trip.con_id == con_id]
    several = len({trip.account for trip in mine}) > 1
    marks = [mark for trip in mine for mark in _of(trip, several, zone)]
    return sorted(marks, key=lambda mark: float(mark[1]))[-MOST:]


def _of(trip: Trip, name_account: bool, zone: tzinfo) -> list[list[Any]]:
    whose = f", {redacted(trip.account)}" if name_account else ""
    out: list[list[Any]] = []
    opened = next((share for share in trip.shares if share.quantity * (1 if trip.side == "long" else -1) > 0), None)
    if opened is not None and not trip.is_before:
        text = f"{trip.side} {quantity(float(trip.quantity))}{whose}"
        out.append(["entry", shown(opened.execution.time, zone), float(opened.execution.price), text])
    if trip.closed_at is not None and trip.shares:
        last = trip.shares[-1].execution
        net = trip.net
        kind = "exit" if net is None or not net else "gain" if net > 0 else "loss"
        result = "" if net is None else f" net {signed(float(net))} {trip.currency}"
        pending = ", fee pending" if trip.is_pending else ""
        out.append([kind, shown(trip.closed_at, zone), float(last.price), f"out{result}{pending}{whose}"])
    return out
