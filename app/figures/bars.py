"""Bars for display: timeframes, what is a gap and what a closed exchange, averages over what is shown. Pure.

Times in here are market time, UTC epoch seconds, unless a name says `shown`: those are shifted to the exchange's zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Final, NamedTuple

from app.figures.zones import shifted
from engine.bars.aggregate import aggregated, by_day, daily, with_history
from engine.bars.hours import Session, parse_hours
from engine.bars.trading_day import TradingDays, midnight_utc, regular_sessions, trading_days
from engine.clock import local_time
from engine.domain import Bar
from engine.state.sections import SymbolSection

MINUTE_S: Final = 60
HALF_HOUR_S: Final = 1_800
DAY_S: Final = 86_400
BREAK_S: Final = 55 * 60  # a hole of this length is a closed exchange when the hours are not known


class Timeframe(NamedTuple):
    """`size_s` of a bar; `base` = bars sent when the chart is drawn, `tail` = newest bars that each poll repeats."""

    key: str
    label: str
    size_s: int
    base: int
    tail: int


TIMEFRAMES: Final = (
    Timeframe("1m", "1m", 60, 720, 5),
    Timeframe("5m", "5m", 300, 600, 2),
    Timeframe("15m", "15m", 900, 600, 2),
    Timeframe("30m", "30m", 1800, 600, 2),
    Timeframe("60m", "60m", 3600, 600, 2),
    Timeframe("1D", "1D", DAY_S, 260, 1),
)
BY_KEY: Final = {frame.key: frame for frame in TIMEFRAMES}


def bars_of(section: SymbolSection, frame: Timeframe) -> list[Bar]:
    """All bars of one timeframe, oldest first, the running one last; a day's bar begins at midnight UTC of its date."""
    if frame.size_s == DAY_S:
        return daily_bars(section)
    return aggregated([*_before_the_minutes(section, frame.size_s), *section.bars], frame.size_s)


def _before_the_minutes(section: SymbolSection, size_s: int) -> Sequence[Bar]:
    """The history's half hours of the days of which there are no minutes; for longer bars alone.

    Minutes that begin within a bar of theirs tell all that they can of it, so the history's half hours of it go first.
    """
    if size_s < HALF_HOUR_S or not section.bars:
        return ()
    first = section.bars[0].time // HALF_HOUR_S * HALF_HOUR_S
    return [bar for bar in section.half_hours if bar.time < first]


def tail_of(section: SymbolSection, frame: Timeframe) -> list[Bar]:
    """The newest `frame.tail` bars without making the others."""
    if frame.size_s == DAY_S:
        today = _today(section)
        return [today] if today is not None and frame.tail == 1 else daily_bars(section)[-frame.tail :]
    if not section.bars:
        return []
    since = section.bars[-1].time // frame.size_s * frame.size_s - (frame.tail - 1) * frame.size_s
    first = len(section.bars)
    while first > 0 and section.bars[first - 1].time >= since:
        first -= 1
    return aggregated(section.bars[first:], frame.size_s)


def daily_bars(section: SymbolSection) -> list[Bar]:
    """The history's days, those made of minutes after them, and the running one by the day's own prices and volume."""
    stock = _is_us_stock(section)
    liquid = parse_hours(section.liquid_hours, section.time_zone)
    days = by_day(section.bars, days_of(section), liquid, stock)
    known = with_history(section.daily, daily(days, regular_only=stock))
    today = _today(section)
    if today is None:
        return known
    return [*(bar for bar in known if bar.time // DAY_S * DAY_S < today.time), today]


def days_of(section: SymbolSection) -> TradingDays:
    """Which trading day a moment belongs to."""
    trading = parse_hours(section.trading_hours, section.time_zone)
    return trading_days(section.sec_type, trading, section.time_zone)


def regular_of(section: SymbolSection) -> list[Session] | None:
    """The regular hours of the days that have bars, half days and holidays included; None = nothing is shaded.

    Only US stocks have hours outside them that a chart shades.
    """
    if not _is_us_stock(section) or not section.bars:
        return None
    liquid = parse_hours(section.liquid_hours, section.time_zone)
    first = min(section.bars[0].time, *(bar.time for bar in section.half_hours[:1]), section.bars[-1].time)
    return regular_sessions(first, section.bars[-1].time, liquid, days_of(section), us_stock=True)


def _today(section: SymbolSection) -> Bar | None:
    """The day of the newest minute as the quote tells it."""
    quote = section.quote
    if not section.bars or quote is None or quote.open is None or quote.price is None or quote.price_kind == "close":
        return None
    start = midnight_utc(days_of(section).of(section.bars[-1].time))
    prices = [value for value in (quote.open, quote.high, quote.low, quote.price) if value is not None]
    return Bar(start, quote.open, max(prices), min(prices), quote.price, quote.volume, "streamed", closed=False)


def live_since(section: SymbolSection) -> float | None:
    """When the first bar of the section was streamed; None = none was."""
    return next((bar.time for bar in section.bars if bar.source == "streamed"), None)


def letters(bars: Sequence[Bar], since: float | None) -> str:
    """How each bar is known: s streamed, v visited, h history, r history that filled a hole after `since`."""
    return "".join(_letter(bar, since) for bar in bars)


def _letter(bar: Bar, since: float | None) -> str:
    if bar.source == "history":
        return "r" if since is not None and bar.time > since else "h"
    return "v" if bar.source == "sampled" else "s"


def is_regular(bar: Bar, regular: Sequence[Session] | None) -> bool:
    """Inside the regular hours (`regular_of`)."""
    return regular is None or any(hours.open <= bar.time < hours.close for hours in regular)


def _is_us_stock(section: SymbolSection) -> bool:
    is_stock = section.sec_type in ("STK", "ETF") and section.currency == "USD"
    return is_stock and days_of(section).week == "US stocks"


def holes(bars: Sequence[Bar], section: SymbolSection, size_s: int) -> list[tuple[float, int]]:
    """(first missing start, missing bars) of each hole inside trading hours; closed hours take no room."""
    if size_s >= DAY_S:
        return []
    regular = regular_of(section)
    found = []
    for before, after in zip(bars, bars[1:], strict=False):
        missing = round((after.time - before.time) / size_s) - 1
        if missing > 0 and _is_hole(before, after, regular):
            found.append((before.time + size_s, missing))
    return found


def _is_hole(before: Bar, after: Bar, regular: Sequence[Session] | None) -> bool:
    if regular is None:
        return after.time - before.time < BREAK_S
    return any(hours.open <= before.time and after.time < hours.close for hours in regular)


def ema(closes: Sequence[float], length: int) -> list[float]:
    """Exponential average, alpha 2/(length + 1), begun with the first value."""
    out: list[float] = []
    alpha = 2.0 / (length + 1.0)
    for close in closes:
        out.append(close if not out else out[-1] + alpha * (close - out[-1]))
    return out


def session_starts(bars: Sequence[Bar], section: SymbolSection, where: tzinfo) -> list[bool]:
    """True where a session begins: each day at the engine's time of day, at a US stock's opening and close, and
    elsewhere after a closed exchange."""
    begins = shifted(section.session_start, where) % DAY_S if section.session_start is not None else 0
    days = [(shifted(bar.time, where) - begins) // DAY_S for bar in bars]
    regular = regular_of(section)
    starts = []
    for i, bar in enumerate(bars):
        if i == 0 or (section.session_start is not None and days[i] > days[i - 1]):
            starts.append(True)
        elif regular is not None:
            starts.append(_opens(bars[i - 1], bar, regular, where))
        else:
            starts.append(bar.time - bars[i - 1].time >= BREAK_S)
    return starts


def _opens(before: Bar, bar: Bar, regular: Sequence[Session], where: tzinfo) -> bool:
    if local_time(before.time, where).date() != local_time(bar.time, where).date():
        return True
    return is_regular(bar, regular) != is_regular(before, regular)


def vwap(bars: Sequence[Bar], starts: Sequence[bool]) -> list[float | None]:
    """Volume-weighted average since each session's start, by the typical price; None until there is volume."""
    out: list[float | None] = []
    value = total = 0.0
    for bar, start in zip(bars, starts, strict=True):
        if start:
            value = total = 0.0
        if bar.volume:
            value += (bar.high + bar.low + bar.close) / 3.0 * bar.volume
            total += bar.volume
        out.append(value / total if total else None)
    return out


def range_level(bars: Sequence[Bar], starts: Sequence[bool], count: int) -> list[float | None]:
    """Highest high of the `count` bars before each bar of the newest session: the breakout level as it stood then."""
    first = max((i for i, start in enumerate(starts) if start), default=0)
    out: list[float | None] = [None] * min(first + count, len(bars))
    return out + [max(bar.high for bar in bars[i - count : i]) for i in range(len(out), len(bars))]
