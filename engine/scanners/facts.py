"""What the closed bars of one symbol say, computed once per closed bar: the slow half of the breakout rules.

Nothing here looks at the running minute, so that no rule can see the future of its own bar.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.bars.build import BAR_S
from engine.bars.indicators import Floats, ema_last, finite, settled, sma_last, true_range, wilder_last
from engine.bars.series import BarArrays
from engine.bars.sessions import RunningSession, session_starts
from engine.bars.usual import UsualVolume
from engine.config import BreakoutParams

SMA_BARS = 20
OPENING_LEVEL_S = 2 * 3_600.0  # the opening range is a level for the first two hours
OPENING_FRESH_BARS = 5  # and only if one of the last bars still closed inside it
OPENING_KNOWN_SHARE = 0.6


class OpeningRange(NamedTuple):
    """High and low of the first minutes. `complete_at` tells when it counts."""

    high: float
    low: float
    complete_at: float


class Facts(NamedTuple):
    """None = not enough bars (or unknown volume). `warm` counts the bars of all sessions, at most `warm_needed`."""

    warm: int
    warm_needed: int
    session_bars: int
    range_high: float | None
    range_low: float | None
    opening: OpeningRange | None
    opening_until: float
    opening_fresh_long: bool
    opening_fresh_short: bool
    atr: float | None
    ema_fast: float | None
    ema_slow: float | None
    sma_volume: float | None
    last_volume: float | None
    last_time: float | None
    usual: UsualVolume | None


def read_bars(
    bars: BarArrays, session: RunningSession | None, params: BreakoutParams, usual: UsualVolume | None
) -> Facts:
    """The facts of the closed `bars` for the running `session`."""
    count = len(bars.time)
    first = int(np.searchsorted(bars.time, session.start)) if session is not None else count
    mine = count - first
    newest = max(first, count - params.bars_n)
    full = mine >= params.bars_n
    opening = _opening(bars, first, session, params)
    last_closes = bars.close[max(first, count - OPENING_FRESH_BARS) :]
    needed = params.bars_n + params.atr_length
    return Facts(
        warm=min(count, needed),
        warm_needed=needed,
        session_bars=mine,
        range_high=_top(bars.high[newest:]) if full else None,
        range_low=_bottom(bars.low[newest:]) if full else None,
        opening=opening,
        opening_until=session.start + OPENING_LEVEL_S if session is not None else 0.0,
        opening_fresh_long=opening is not None and _bottom(last_closes) <= opening.high,
        opening_fresh_short=opening is not None and _top(last_closes) >= opening.low,
        atr=atr_of(bars, params.atr_length),
        ema_fast=ema_last(bars.close, params.ema_fast),
        ema_slow=ema_last(bars.close, params.ema_slow),
        sma_volume=sma_last(bars.volume[max(first, count - SMA_BARS) :], SMA_BARS),
        last_volume=finite(bars.volume[-1]) if mine else None,
        last_time=float(bars.time[-1]) if count else None,
        usual=usual,
    )


def _top(values: Floats) -> float:
    return float(np.maximum.reduce(values))  # half the cost of .max() on short arrays


def _bottom(values: Floats) -> float:
    return float(np.minimum.reduce(values))


def atr_of(bars: BarArrays, length: int) -> float | None:
    """Wilder's average over as many bars as still weigh something; overnight gaps are no range."""
    tail = slice(max(0, len(bars.time) - settled(length, 1.0 / length) - length - 1), None)
    times = bars.time[tail]
    whole = len(times) > 0 and times[-1] - times[0] == BAR_S * (len(times) - 1)  # no gap at all: the usual case
    starts = None if whole else session_starts(times)
    return wilder_last(true_range(bars.high[tail], bars.low[tail], bars.close[tail], starts), length)


def _opening(
    bars: BarArrays, first: int, session: RunningSession | None, params: BreakoutParams
) -> OpeningRange | None:
    """High and low of the session's first minutes; None when off, without an opening, or seen too thinly."""
    minutes = params.opening_range_min
    if minutes == 0 or session is None or not session.has_opening:
        return None
    complete_at = session.start + minutes * 60.0
    end = int(np.searchsorted(bars.time, complete_at))
    if end - first < minutes * OPENING_KNOWN_SHARE:
        return None
    return OpeningRange(_top(bars.high[first:end]), _bottom(bars.low[first:end]), complete_at)
