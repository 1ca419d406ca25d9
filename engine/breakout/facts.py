"""What the closed bars of one symbol say, computed once per closed bar: the slow half of the breakout rules.

Nothing here looks at the running minute, so that no rule can see the future of its own bar.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from engine.bars.indicators import KNOWN_SHARE, finite, sma_last
from engine.bars.series import BarArrays, Recent, recent_of
from engine.bars.sessions import RunningSession
from engine.bars.usual import UsualVolume
from engine.breakout.carry import Carried, whole
from engine.config import BreakoutParams

SMA_BARS = 20
OPENING_LEVEL_S = 2 * 3_600.0  # the opening range is a level for the first two hours
OPENING_FRESH_BARS = 5  # and only if one of the last bars still closed inside it


class OpeningRange(NamedTuple):
    """High and low of the first minutes. `complete_at` tells when it counts."""

    high: float
    low: float
    complete_at: float


class Facts(NamedTuple):
    """None = not enough bars (or unknown volume). `warm` counts the bars of all sessions, at most `warm_needed`.

    `is_thin`: less than 60 % of the range's minutes were seen. Its edges are where a visit asks for the broker's bars,
    but they are no level.
    """

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
    is_thin: bool = False


def read_bars(
    bars: BarArrays, session: RunningSession | None, params: BreakoutParams, usual: UsualVolume | None
) -> Facts:
    """The facts of the closed `bars`, of which none is missing, for the running `session`."""
    first = int(bars.time.searchsorted(session.start)) if session is not None else len(bars.time)
    opening = opening_of(bars, first, session, params)
    return facts_of(recent_of(bars, span(params)), first, session, params, usual, whole(0, bars, params), opening)


def span(params: BreakoutParams) -> int:
    """How many of the newest bars the facts are made of, averages and opening range aside."""
    return max(params.bars_n, SMA_BARS, OPENING_FRESH_BARS)


def facts_of(
    recent: Recent,
    first: int,
    session: RunningSession | None,
    params: BreakoutParams,
    usual: UsualVolume | None,
    averages: Carried,
    opening: OpeningRange | None,
    rows_within: Callable[[int], int] | None = None,
) -> Facts:
    """The facts out of the newest bars (`span` of them), the averages and the opening range.

    `first` = number of the session's first bar. `rows_within(n)` = how many of the bars make up the last n when minutes
    without a visit count (None: all are there). A range needs n minutes of the session; with less than 60 % of them
    seen it is thin.
    """
    count = recent.total
    mine = count - first
    known = params.bars_n if rows_within is None else rows_within(params.bars_n)
    in_range = min(mine, known)
    full = mine >= known > 0
    last_closes = _newest(recent.close, min(mine, OPENING_FRESH_BARS))
    needed = params.bars_n + params.atr_length
    sma_rows = SMA_BARS if rows_within is None else rows_within(SMA_BARS)
    return Facts(
        warm=min(count, needed),
        warm_needed=needed,
        session_bars=mine,
        range_high=max(_newest(recent.high, in_range)) if full else None,
        range_low=min(_newest(recent.low, in_range)) if full else None,
        opening=opening,
        opening_until=session.start + OPENING_LEVEL_S if session is not None else 0.0,
        opening_fresh_long=opening is not None and min(last_closes) <= opening.high,
        opening_fresh_short=opening is not None and max(last_closes) >= opening.low,
        atr=averages.atr,
        ema_fast=averages.ema_fast,
        ema_slow=averages.ema_slow,
        sma_volume=sma_last(_newest(recent.volume, min(mine, sma_rows)), SMA_BARS),
        last_volume=finite(recent.volume[-1]) if mine else None,
        last_time=recent.time[-1] if count else None,
        usual=usual,
        is_thin=known < params.bars_n * KNOWN_SHARE,
    )


def levels_before(
    recent: Recent, before: float, facts: Facts, session: RunningSession | None, params: BreakoutParams
) -> Facts:
    """The facts with the levels that the bars of before the minute `before` make, where those are nearer: what has
    closed since may be the breakout itself. `recent` holds the newest bars, `bars_n` of before that minute among them.
    """
    if session is None or facts.range_high is None or facts.range_low is None:
        return facts
    first = max(session.start, before - 60.0 * params.bars_n)
    rows = [row for row, time in enumerate(recent.time) if first <= time < before]
    if not rows or rows[-1] == len(recent.time) - 1:
        return facts  # nothing has closed since
    closes = [recent.close[row] for row in rows[-OPENING_FRESH_BARS:]]
    opening = facts.opening
    return facts._replace(
        range_high=min(facts.range_high, max(recent.high[row] for row in rows)),
        range_low=max(facts.range_low, min(recent.low[row] for row in rows)),
        opening_fresh_long=facts.opening_fresh_long or (opening is not None and min(closes) <= opening.high),
        opening_fresh_short=facts.opening_fresh_short or (opening is not None and max(closes) >= opening.low),
    )


def _newest(values: list[float], count: int) -> list[float]:
    return values[-count:] if count > 0 else []


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


def opening_of(
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
    return OpeningRange(float(bars.high[first:end].max()), float(bars.low[first:end].min()), complete_at)
