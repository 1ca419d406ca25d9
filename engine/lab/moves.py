"""What became of many signals of one stack at once: the figures of `engine.outcomes.outcome`, row by row. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.bars.indicators import Floats
from engine.lab.stack import Stack
from engine.lab.stepwise import LabSignal
from engine.outcomes.outcome import COLUMNS, HORIZONS_MIN

BAR_S = 60.0
WIDEST = max(HORIZONS_MIN)  # bars that can lie within the longest horizon


def price_rows(stack: Stack, signals: Sequence[LabSignal]) -> Floats:
    """One row a signal: best, worst and last move in price per horizon, positive = towards its side; NaN = not known.

    The rest of the minute in which a signal comes does not count: the next bar is the first that does.
    """
    tape = np.array([each.tape for each in signals], dtype=np.int64)
    first = np.array([each.bar for each in signals], dtype=np.int64) + 1
    at = np.array([each.at for each in signals]).reshape(-1, 1)
    entry = np.array([each.last for each in signals]).reshape(-1, 1)
    sign = np.array([1.0 if each.side == "long" else -1.0 for each in signals])
    lengths = np.array([len(each.bars.time) for each in stack.tapes], dtype=np.int64)
    ends_at = np.array([float(each.bars.time[-1]) + BAR_S if len(each.bars.time) else -np.inf for each in stack.tapes])
    places = first.reshape(-1, 1) + np.arange(WIDEST)
    there = places < lengths[tape].reshape(-1, 1)
    where = tape.reshape(-1, 1), np.minimum(places, max(0, stack.width - 1))
    time = np.where(there, stack.time[where], np.inf)
    high = np.fmax.accumulate(np.where(there, stack.high[where], -np.inf), axis=1) - entry
    low = np.fmin.accumulate(np.where(there, stack.low[where], np.inf), axis=1) - entry
    close = stack.close[where] - entry
    out = np.full((len(signals), COLUMNS), np.nan)
    rows = np.arange(len(signals))
    for number, minutes in enumerate(HORIZONS_MIN):
        count = (time < at + (minutes * 60.0 - BAR_S + 0.5)).sum(axis=1)
        known = (count > 0) & (at[:, 0] + minutes * 60.0 <= ends_at[tape])
        last = np.maximum(count, 1) - 1
        top, bottom = high[rows, last], low[rows, last]
        best, worst = np.where(sign > 0, top, -bottom), np.where(sign > 0, bottom, -top)
        moves = np.stack([np.maximum(best, 0.0), np.minimum(worst, 0.0), sign * close[rows, last]], axis=1)
        out[:, 3 * number : 3 * number + 3] = np.where(known.reshape(-1, 1), moves, np.nan)
    return out
