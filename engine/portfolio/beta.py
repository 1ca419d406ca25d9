"""How far a price goes with an index: beta of daily returns. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from engine.domain import Bar

WINDOW_DAYS = 60
LEAST_DAYS = 20


class Beta(NamedTuple):
    """`value` None = too few days; `days` = returns that both have, at most `WINDOW_DAYS`."""

    value: float | None
    days: int


def closes_of(daily: Sequence[Bar]) -> dict[float, float]:
    """Close by day, of days with a price above zero; a year holds what the window needs."""
    return {bar.time: bar.close for bar in daily if bar.close > 0.0}


def beta(asset: Mapping[float, float], index: Mapping[float, float]) -> Beta:
    """Covariance of the two's returns by the variance of the index's, over the newest days on which both closed.

    A day that one of them lacks makes the next return of both one of two days.
    """
    days = sorted(asset.keys() & index.keys())[-(WINDOW_DAYS + 1) :]
    count = max(0, len(days) - 1)
    if count < LEAST_DAYS:
        return Beta(None, count)
    mine, whole = (np.array([closes[day] for day in days]) for closes in (asset, index))
    moves, of_index = mine[1:] / mine[:-1] - 1.0, whole[1:] / whole[:-1] - 1.0
    spread = of_index - of_index.mean()
    variance = float(spread.dot(spread))
    if variance <= 0.0:
        return Beta(None, count)
    return Beta(float((moves - moves.mean()).dot(spread)) / variance, count)
