"""What the closed bars of one symbol say, computed once per closed bar: the slow half of the breakout rules.

Nothing here looks at the running minute, so that no rule can see the future of its own bar.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from engine.bars.indicators import KNOWN_SHARE, Floats, finite, sma_last
from engine.bars.series import BarArrays
from engine.bars.sessions import RunningSession
from engine.bars.usual import UsualVolume
from engine.config import BreakoutParams
from engine.scanners.carry import Carried, whole

SMA_BARS = 20
OPENING_LEVEL_S = 2 * 3_600.0  # the opening range is a level for the first two hours
OPENING_FRESH_BARS = 5  # and only if one of the last bars still closed inside it


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
    bars: BarArrays,
    session: RunningSession | None,
    params: BreakoutParams,
    usual: UsualVolume | None,
    rows_within: Callable[[int], int] | None = None,
    averages: Carried | None = None,
    known_opening: OpeningRange | None = None,
) -> Facts:
    """The facts of the closed `bars` for the running `session`; `averages` and opening range where known already.

    `rows_within(n)` = how many of the bars make up the last n when minutes without a visit count (None: all are there).
    A range needs n minutes of the session, 60 % of them seen.
    """
    averages = averages if averages is not None else whole(0, bars, params)
    count = len(bars.time)
    first = int(bars.time.searchsorted(session.start)) if session is not None else count
    mine = count - first
    known = params.bars_n if rows_within is None else rows_within(params.bars_n)
    newest = max(first, count - known)
    full = mine >= known >= params.bars_n * KNOWN_SHARE
    opening = known_opening if known_opening is not None else _opening(bars, first, session, params)
    last_closes = bars.close[max(first, count - OPENING_FRESH_BARS) :]
    needed = params.bars_n + params.atr_length
    sma_rows = SMA_BARS if rows_within is None else rows_within(SMA_BARS)
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
        atr=averages.atr,
        ema_fast=averages.ema_fast,
        ema_slow=averages.ema_slow,
        sma_volume=sma_last(bars.volume[max(first, count - sma_rows) :], SMA_BARS),
        last_volume=finite(bars.volume[-1]) if mine else None,
        last_time=float(bars.time[-1]) if count else None,
        usual=usual,
    )


def edges(facts: Facts, params: BreakoutParams, now: float) -> tuple[float | None, float | None]:
    """(low, high): between them no breakout can begin, whatever the other rules say. None = no level on that side."""
    low, high, opening = facts.range_low, facts.range_high, facts.opening
    buffer = params.buffer_atr * (facts.atr or 0.0)
    if opening is not None and now >= opening.complete_at:
        is_early = now < facts.opening_until
        if facts.opening_fresh_short and (is_early or low is None):
            low = opening.low if low is None else max(low, opening.low)
        if facts.opening_fresh_long and (is_early or high is None):
            high = opening.high if high is None else min(high, opening.high)
    return None if low is None else low - buffer, None if high is None else high + buffer


def _top(values: Floats) -> float:
    highest: float = max(values.tolist())  # a third of the cost of numpy's on arrays this short
    return highest


def _bottom(values: Floats) -> float:
    lowest: float = min(values.tolist())
    return lowest


def _opening(
    bars: BarArrays, first: int, session: RunningSession | None, params: BreakoutParams
) -> OpeningRange | None:
    """High and low of the session's first minutes; None when off, without an opening, or seen too thinly."""
    minutes = params.opening_range_min
    if minutes == 0 or session is None or not session.has_opening:
        return None
    complete_at = session.start + minutes * 60.0
    end = int(bars.time.searchsorted(complete_at))
    if end - first < minutes * KNOWN_SHARE:
        return None
    return OpeningRange(_top(bars.high[first:end]), _bottom(bars.low[first:end]), complete_at)
