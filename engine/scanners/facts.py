"""What the closed bars of one symbol say, computed once per closed bar: the slow half of the breakout rules.

Nothing here looks at the running minute, so that no rule can see the future of its own bar.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.bars.indicators import ema_last, finite, sma_last, true_range, wilder_last
from engine.bars.series import BarArrays
from engine.bars.sessions import RunningSession, session_starts
from engine.bars.usual import UsualVolume
from engine.config import BreakoutParams

SMA_BARS = 20
OPENING_LEVEL_S = 2 * 3_600.0  # the opening range is a level for the first two hours
OPENING_FRESH_BARS = 5  # and only if one of the last bars still closed inside it
OPENING_KNOWN_SHARE = 0.6
_LOOKBACK = 1_500  # bars enough for every average at its longest setting


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
    closes_above: NDArray[np.float64]  # closes of the newest bars, for the confirmation by bars
    usual: UsualVolume | None


def read_bars(
    bars: BarArrays, session: RunningSession | None, params: BreakoutParams, usual: UsualVolume | None
) -> Facts:
    """The facts of the closed `bars` for the running `session`."""
    bars = bars.tail(_LOOKBACK)
    count = len(bars.time)
    mine = bars.since(session.start) if session is not None else bars.tail(0)
    newest = mine.tail(params.bars_n)
    full = len(newest.time) >= params.bars_n
    opening = _opening(mine, session, params)
    closes = mine.close[-OPENING_FRESH_BARS:]
    ranges = true_range(bars.high, bars.low, bars.close, session_starts(bars.time))
    needed = params.bars_n + params.atr_length
    return Facts(
        warm=min(count, needed),
        warm_needed=needed,
        session_bars=len(mine.time),
        range_high=finite(newest.high.max()) if full else None,
        range_low=finite(newest.low.min()) if full else None,
        opening=opening,
        opening_until=session.start + OPENING_LEVEL_S if session is not None else 0.0,
        opening_fresh_long=opening is not None and len(closes) > 0 and bool(closes.min() <= opening.high),
        opening_fresh_short=opening is not None and len(closes) > 0 and bool(closes.max() >= opening.low),
        atr=wilder_last(ranges, params.atr_length),
        ema_fast=ema_last(bars.close, params.ema_fast),
        ema_slow=ema_last(bars.close, params.ema_slow),
        sma_volume=sma_last(mine.volume, SMA_BARS),
        last_volume=finite(mine.volume[-1]) if len(mine.volume) else None,
        last_time=float(bars.time[-1]) if count else None,
        closes_above=bars.close[-4:].copy(),
        usual=usual,
    )


def _opening(mine: BarArrays, session: RunningSession | None, params: BreakoutParams) -> OpeningRange | None:
    """High and low of the session's first minutes; None when off, without an opening, or seen too thinly."""
    minutes = params.opening_range_min
    if minutes == 0 or session is None or not session.has_opening or len(mine.time) == 0:
        return None
    complete_at = session.start + minutes * 60.0
    first = int(np.searchsorted(mine.time, complete_at))
    if first < minutes * OPENING_KNOWN_SHARE:
        return None
    return OpeningRange(float(mine.high[:first].max()), float(mine.low[:first].min()), complete_at)
