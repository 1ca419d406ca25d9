"""The looks at one recorded day: every 10 s where its line streamed, else once a minute. Pure.

A 10-second bar tells what the live detector saw at its end: the last price, the volume of the last 60 s, and in its
high and low whether the price was back inside meanwhile. The live cycle falls on the same clock
(`engine.scanners.coordinator`). Minutes without 10-second bars are looked at as `engine.lab.tape` says.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.bars.bar_files import BarColumns
from engine.bars.indicators import Floats
from engine.bars.series import STREAMED, BarArrays
from engine.bars.ten_second import TEN_S, WINDOW_S

BAR_S = 60.0
LOOK_S = 59.999  # after the start of a minute that is looked at once
SUMMED = int(WINDOW_S / TEN_S)


class Looks(NamedTuple):
    """One entry a look, oldest first. `bar` = how many bars of the tape had closed before it: the first that its facts
    don't know. `low` and `high` since the look before. `volume` = of the last 60 s (of the minute where `is_ten` is
    false), NaN = not known; `counted` = of the running minute until then."""

    time: Floats
    bar: NDArray[np.int64]
    price: Floats
    low: Floats
    high: Floats
    volume: Floats
    counted: Floats
    is_ten: NDArray[np.bool_]


def looks_of(bars: BarArrays, first: int, tens: BarColumns) -> Looks | None:
    """The looks from bar `first` on; None = no 10 s was streamed whole, so that all looks are those of minutes."""
    ten = _at_tens(bars, first, tens)
    if len(ten.time) == 0:
        return None
    seen = np.zeros(len(bars.time), dtype=np.bool_)
    minute = np.searchsorted(bars.time, ten.time, side="left") - 1  # a look at :00 ends the minute before
    seen[minute[(minute >= 0) & (ten.time <= bars.time[minute] + BAR_S)]] = True
    seen[:first] = True
    at = np.flatnonzero(~seen)
    close, volume = bars.close[at], bars.volume[at]
    once = Looks(bars.time[at] + LOOK_S, at, close, close, close, volume, volume, np.zeros(len(at), dtype=np.bool_))
    order = np.argsort(np.concatenate([ten.time, once.time]), kind="stable")
    return Looks(*(np.concatenate(pair)[order] for pair in zip(ten, once, strict=True)))


def _at_tens(bars: BarArrays, first: int, tens: BarColumns) -> Looks:
    """At the end of each 10 s that was streamed whole; none after the last bar has closed."""
    kept = tens.quality == STREAMED
    kept &= tens.time + TEN_S < (bars.time[-1] + BAR_S if len(bars.time) else 0.0)
    ends = tens.time + TEN_S
    closed = np.searchsorted(bars.time + BAR_S, ends, side="right")
    kept &= closed >= first
    time, low, high, close, volume = (column[kept] for column in (ends, tens.low, tens.high, tens.close, tens.volume))
    return Looks(
        time, closed[kept], close, low, high, _of_the_last_minute(time, volume), _counted(time, volume),
        np.ones(len(time), dtype=np.bool_),
    )  # fmt: skip


def _of_the_last_minute(time: Floats, volume: Floats) -> Floats:
    """Sums of six that follow each other; NaN where not all of them are there."""
    out = np.full(len(time), np.nan)
    if len(time) >= SUMMED:
        sums = np.lib.stride_tricks.sliding_window_view(volume, SUMMED).sum(axis=1)
        follow = time[SUMMED - 1 :] - time[: -(SUMMED - 1)] == WINDOW_S - TEN_S
        out[SUMMED - 1 :] = np.where(follow, sums, np.nan)
    return out


def _counted(time: Floats, volume: Floats) -> Floats:
    """Of the minute that runs at each look, as far as it was streamed; at its very start nothing."""
    minute = time // BAR_S
    total = np.cumsum(volume)
    inside = (time - TEN_S) // BAR_S == minute  # the 10 s before the look are of the running minute
    opening = np.flatnonzero(np.concatenate([[True], minute[1:] != minute[:-1]])) if len(time) else np.empty(0, int)
    base = np.zeros(len(time))
    for number, start in enumerate(opening.tolist()):
        end = opening[number + 1] if number + 1 < len(opening) else len(time)
        before = total[start] if not inside[start] else total[start] - volume[start]
        base[start:end] = before
    return total - base
