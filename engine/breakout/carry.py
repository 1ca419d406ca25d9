"""Averages carried on from bar to bar: a closed minute adds to EMA and ATR for two microseconds instead of forty. Pure.

Exponential averages need nothing but their last value. They are worked out from all bars when bars were corrected,
came from history, or the lengths changed; between those times the result differs from that by rounding alone.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.bars.build import BAR_S
from engine.bars.indicators import Floats, ema_last, settled, true_range, wilder_last
from engine.bars.series import BarArrays, BarSeries, Recent
from engine.bars.sessions import QUIET_S, session_starts
from engine.config import BreakoutParams

MOST_NEW = 5


class Carried(NamedTuple):
    """Averages up to the bar that begins at `newest`; None = too few bars. `grown`: bars were only added since."""

    version: int
    revision: int
    newest: float
    close: float
    ema_fast: float | None
    ema_slow: float | None
    atr: float | None
    grown: bool


def carry(before: Carried | None, series: BarSeries, recent: Recent, params: BreakoutParams) -> Carried:
    """The averages of the bars of `series`, whose newest are `recent` (more than `MOST_NEW` of them)."""
    added = series.version - before.version if before is not None else 0
    if before is None or not _goes_on(before, series.revision, recent, added):
        return whole(series.version, series.arrays(), params, series.revision)
    fast, slow, atr, close, newest = before.ema_fast, before.ema_slow, before.atr, before.close, before.newest
    if fast is None or slow is None or atr is None:
        return whole(series.version, series.arrays(), params, series.revision)
    for place in range(-added, 0):
        time, high, low = recent.time[place], recent.high[place], recent.low[place]
        spread = high - low if time - newest > QUIET_S else max(high, close) - min(low, close)
        newest, close = time, recent.close[place]
        fast += 2.0 / (params.ema_fast + 1.0) * (close - fast)
        slow += 2.0 / (params.ema_slow + 1.0) * (close - slow)
        atr += (spread - atr) / params.atr_length
    return Carried(series.version, series.revision, newest, close, fast, slow, atr, True)


def _goes_on(before: Carried, revision: int, recent: Recent, added: int) -> bool:
    """Whether `added` bars came since, and nothing else."""
    if before.revision != revision or not 0 < added <= MOST_NEW or added >= len(recent.time):
        return False
    return before.newest == recent.time[-added - 1] and before.close == recent.close[-added - 1]


def whole(version: int, bars: BarArrays, params: BreakoutParams, revision: int = 0) -> Carried:
    """The averages from all bars."""
    count = len(bars.time)
    return Carried(
        version,
        revision,
        float(bars.time[-1]) if count else float("-inf"),
        float(bars.close[-1]) if count else 0.0,
        ema_last(bars.close, params.ema_fast),
        ema_last(bars.close, params.ema_slow),
        atr_of(bars, params.atr_length),
        False,
    )


def atr_of(bars: BarArrays, length: int) -> float | None:
    """Wilder's average over as many bars as still weigh something; overnight gaps are no range."""
    tail = slice(max(0, len(bars.time) - settled(length, 1.0 / length) - length - 1), None)
    times: Floats = bars.time[tail]
    no_gap = len(times) > 0 and times[-1] - times[0] == BAR_S * (len(times) - 1)  # the usual case
    starts = None if no_gap else session_starts(times)
    return wilder_last(true_range(bars.high[tail], bars.low[tail], bars.close[tail], starts), length)
