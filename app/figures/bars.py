"""Bars for display: timeframes, what is a gap and what a closed exchange, averages over what is shown. Pure.

Times in here are market time, UTC epoch seconds, unless a name says `shown`: those are shifted to the exchange's zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Final, NamedTuple

from app.figures.zones import shifted
from engine.bars.aggregate import aggregated, by_day, daily, with_history
from engine.bars.hours import UNKNOWN_HOURS
from engine.bars.trading_day import TradingDays, midnight_utc, trading_days
from engine.domain import Bar
from engine.state.sections import SymbolSection
from engine.zones import local_time

MINUTE_S: Final = 60
DAY_S: Final = 86_400
OPEN_MIN, CLOSE_MIN = 9 * 60 + 30, 16 * 60  # regular hours of US stocks, minutes of the exchange's day
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
    return daily_bars(section) if frame.size_s == DAY_S else aggregated(section.bars, frame.size_s)


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
    days = by_day(section.bars, days_of(section), UNKNOWN_HOURS, stock)
    known = with_history(section.daily, daily(days, regular_only=stock))
    today = _today(section)
    if today is None:
        return known
    return [*(bar for bar in known if bar.time // DAY_S * DAY_S < today.time), today]


def days_of(section: SymbolSection) -> TradingDays:
    """Which trading day a moment belongs to."""
    return trading_days(section.sec_type, UNKNOWN_HOURS, section.time_zone)


def _today(section: SymbolSection) -> Bar | None:
    """The day of the newest minute as the quote tells it."""
    quote = section.quote
    if not section.bars or quote is None or quote.open is None or quote.last is None:
        return None
    start = midnight_utc(days_of(section).of(section.bars[-1].time))
    prices = [value for value in (quote.open, quote.high, quote.low, quote.last) if value is not None]
    return Bar(start, quote.open, max(prices), min(prices), quote.last, quote.volume, "streamed", closed=False)


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


def is_regular(bar: Bar, section: SymbolSection, where: tzinfo) -> bool:
    """Inside the regular hours of a US stock; everything else has no shaded hours."""
    if not _is_us_stock(section):
        return True
    local = local_time(bar.time, where)
    return OPEN_MIN <= local.hour * 60 + local.minute < CLOSE_MIN


def _is_us_stock(section: SymbolSection) -> bool:
    return section.sec_type in ("STK", "ETF") and section.currency == "USD"


def holes(bars: Sequence[Bar], section: SymbolSection, size_s: int, where: tzinfo) -> list[tuple[float, int]]:
    """(first missing start, missing bars) of each hole inside trading hours; closed hours take no room."""
    if size_s >= DAY_S:
        return []
    found = []
    for before, after in zip(bars, bars[1:], strict=False):
        missing = round((after.time - before.time) / size_s) - 1
        if missing > 0 and _is_hole(before, after, section, where):
            found.append((before.time + size_s, missing))
    return found


def _is_hole(before: Bar, after: Bar, section: SymbolSection, where: tzinfo) -> bool:
    if not _is_us_stock(section):
        return after.time - before.time < BREAK_S
    same_day = local_time(before.time, where).date() == local_time(after.time, where).date()
    return same_day and is_regular(before, section, where) and is_regular(after, section, where)


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
    starts = []
    for i, bar in enumerate(bars):
        if i == 0 or (section.session_start is not None and days[i] != days[i - 1]):
            starts.append(True)
        elif _is_us_stock(section):
            starts.append(_opens(bars[i - 1], bar, section, where))
        else:
            starts.append(bar.time - bars[i - 1].time >= BREAK_S)
    return starts


def _opens(before: Bar, bar: Bar, section: SymbolSection, where: tzinfo) -> bool:
    if local_time(before.time, where).date() != local_time(bar.time, where).date():
        return True
    return is_regular(bar, section, where) != is_regular(before, section, where)


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
