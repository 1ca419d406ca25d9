"""What a position has made since a moment, minute by minute, with the size that it had at each of them. Pure.

What is held now less what was dealt since is what was held before: so a curve needs no more of the journal than the
executions within it, and a fill changes its slope, never its height.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from engine.trades.execution import Execution


class Close(NamedTuple):
    """A price of the contract in the unit of its quotes, at a moment of the market's clock."""

    at: float
    price: float


class ResultCurve(NamedTuple):
    """`points` = (market time, money of the contract's currency since `begins`), None = no price for a while before the
    next one; `fills` = (market time, signed quantity, price) of what was dealt since.
    """

    begins: float
    points: tuple[tuple[float, float | None], ...]
    fills: tuple[tuple[float, float, float], ...]


def result_curve(
    held_now: float,
    executions: Sequence[Execution],
    closes: Sequence[Close],
    begins: Close,
    per_point: float,
    gap_s: float,
) -> ResultCurve:
    """`executions` of one position, those in force, in the order of time; `closes` rise in time.

    `begins` is when the counting starts, and the price then. A step of the position that was no trade (a transfer, an
    assignment) brings no money of its own: its quantity counts from the last price before it. Commissions and taxes
    count from their fill on, as far as they are known.
    """
    within = [e for e in executions if e.time > begins.at]
    held = list(accumulate((-float(e.quantity) for e in reversed(within)), initial=held_now))[::-1]
    paid = list(accumulate((_paid(e, closes, begins, per_point) for e in within), initial=0.0))
    times = [e.time for e in within]
    points: list[tuple[float, float | None]] = [(begins.at, 0.0)]
    for close in closes:
        if close.at <= begins.at:
            continue
        if close.at - points[-1][0] > gap_s:
            points.append(((points[-1][0] + close.at) / 2.0, None))
        place = bisect_right(times, close.at)
        worth = held[place] * close.price - held[0] * begins.price
        points.append((close.at, worth * per_point - paid[place]))
    return ResultCurve(
        begins.at,
        tuple(points),
        tuple((e.time, float(e.quantity), float(e.price)) for e in within if e.is_trade),
    )


def _paid(e: Execution, closes: Sequence[Close], begins: Close, per_point: float) -> float:
    """Money that an execution took, its fees included."""
    if e.is_trade:
        return float(e.quantity) * float(e.price) * per_point + float(e.fee or 0)
    known = [begins.price, *(close.price for close in closes if begins.at < close.at <= e.time)]
    return float(e.quantity) * known[-1] * per_point
