"""Equity as it was marked to market, deposits taken out: how deep it fell from its peak and for how long. Pure.

Curves are floats: their points are estimates by the prices of a moment. Times are UTC epoch seconds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

Point = tuple[float, float]


class Drawdown(NamedTuple):
    """One fall from a peak. `recovered_at` None = it goes on. `share` of the peak, None where that is no capital."""

    depth: float
    share: float | None
    peak_at: float
    trough_at: float
    recovered_at: float | None
    until: float  # recovery, else the last point

    @property
    def length_s(self) -> float:
        return self.until - self.peak_at


def drawdowns(curve: Sequence[Point]) -> list[Drawdown]:
    """Every fall from a peak to its recovery, oldest first; the first peak is the value that the curve begins with.

    Of an equity curve `share` is told, of a curve of P&L from zero it is not: its peak is no capital.
    """
    found: list[Drawdown] = []
    if not curve:
        return found
    peak_at, peak = curve[0]
    trough_at, trough = curve[0]
    for at, value in curve[1:]:
        if value >= peak:
            if trough < peak:
                found.append(_of(peak_at, peak, trough_at, trough, at, at))
            peak_at, peak = at, value
            trough_at, trough = at, value
        elif value < trough:
            trough_at, trough = at, value
    if trough < peak:
        found.append(_of(peak_at, peak, trough_at, trough, None, curve[-1][0]))
    return found


def deepest(found: Iterable[Drawdown]) -> Drawdown | None:
    return max(found, key=lambda each: each.depth, default=None)


def longest(found: Iterable[Drawdown]) -> Drawdown | None:
    """A running one counts to the last point."""
    return max(found, key=lambda each: each.length_s, default=None)


def without_flows(equity: Sequence[Point], flows: Iterable[Point]) -> list[Point]:
    """The equity less what was deposited since the first point, and with what was withdrawn."""
    ordered = sorted(flows)
    times = [at for at, _ in ordered]
    sums = [0.0, *accumulate(amount for _, amount in ordered)]
    if not equity:
        return []
    first = sums[bisect_right(times, equity[0][0])]
    return [(at, value - (sums[bisect_right(times, at)] - first)) for at, value in equity]


def chained_return(equity: Sequence[Point], flows: Iterable[Point]) -> float | None:
    """Product of (V_end - flow) / V_start over the stretches between points; None when a start is not above zero."""
    ordered = sorted(flows)
    times = [at for at, _ in ordered]
    sums = [0.0, *accumulate(amount for _, amount in ordered)]
    grown = 1.0
    for (from_, start), (to, end) in zip(equity, equity[1:], strict=False):
        if start <= 0.0:
            return None
        grown *= (end - (sums[bisect_right(times, to)] - sums[bisect_right(times, from_)])) / start
    return grown - 1.0 if len(equity) > 1 else None


def _of(
    peak_at: float, peak: float, trough_at: float, trough: float, recovered_at: float | None, until: float
) -> Drawdown:
    return Drawdown(
        peak - trough, (peak - trough) / peak if peak > 0.0 else None, peak_at, trough_at, recovered_at, until
    )
