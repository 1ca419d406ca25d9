"""Longer bars from 1-minute bars: the one place for charts, the API and the lab. Pure.

A longer bar is known as well as its weakest minute: sampled if one of them is, else history if one of them is, else
streamed; its volume is unknown if a minute's is. Minutes of an hour and less are counted from the full hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from engine.bars.hours import Hours, Session
from engine.bars.trading_day import DAY_S, TradingDays, midnight_utc, regular_hours
from engine.domain import Bar, BarSource

MINUTE_S = 60
SIZES_S = {"1m": 60, "2m": 120, "5m": 300, "15m": 900, "30m": 1_800, "60m": 3_600, "1h": 3_600, "1d": DAY_S}
DAILY = "1d"


def aggregated(minutes: Sequence[Bar], size_s: int) -> list[Bar]:
    """Bars of `size_s` (60-3,600) from 1-minute bars, oldest first; the newest is closed when its last minute is."""
    if size_s == MINUTE_S:
        return list(minutes)
    groups: dict[float, list[Bar]] = {}
    for bar in minutes:
        groups.setdefault(bar.time // size_s * size_s, []).append(bar)
    newest = max(groups, default=0.0)
    out = []
    for start, group in groups.items():
        is_full = group[-1].time + MINUTE_S >= start + size_s
        out.append(_merged(start, group, start < newest or (is_full and group[-1].closed)))
    return out


def daily(minutes: Sequence[Bar], days: TradingDays, liquid: Hours, us_stock: bool) -> list[Bar]:
    """A bar a trading day at midnight UTC of its date, oldest first; of a US stock from its regular hours alone.

    The newest is not closed while its regular hours (where unknown: its day) may bring more.
    """
    groups: dict[date, list[Bar]] = {}
    regular: dict[date, Session | None] = {}
    for bar in minutes:
        day = days.of(bar.time)
        if day not in regular:
            regular[day] = regular_hours(day, liquid, days, us_stock)
        hours = regular[day]
        if not us_stock or (hours is not None and hours.open <= bar.time < hours.close):
            groups.setdefault(day, []).append(bar)
    newest = max(groups, default=None)
    return [_merged(midnight_utc(day), group, _is_over(day, newest, group, regular)) for day, group in groups.items()]


def with_history(history: Sequence[Bar], made: Sequence[Bar]) -> list[Bar]:
    """The broker's daily bars continued by those made of minutes, oldest first.

    Of a day that both have, the one that knows more volume counts: the history's newest day may have been asked for
    while it ran.
    """
    by_day = {bar.time // DAY_S * DAY_S: bar for bar in history}
    newest = max(by_day, default=float("-inf"))
    for bar in made:
        known = by_day.get(bar.time)
        if bar.time > newest or (known is not None and (bar.volume or 0.0) > (known.volume or 0.0)):
            by_day[bar.time] = bar
    return [by_day[day] for day in sorted(by_day)]


def weakest(sources: Iterable[BarSource]) -> BarSource:
    """How a bar made of several is known."""
    present = set(sources)
    return "sampled" if "sampled" in present else "history" if "history" in present else "streamed"


def _is_over(day: date, newest: date | None, group: list[Bar], regular: dict[date, Session | None]) -> bool:
    hours = regular[day]
    last = group[-1]
    return day != newest or (hours is not None and last.closed and last.time + MINUTE_S >= hours.close)


def _merged(start: float, group: list[Bar], closed: bool) -> Bar:
    volumes = [bar.volume for bar in group if bar.volume is not None]
    return Bar(
        time=start,
        open=group[0].open,
        high=max(bar.high for bar in group),
        low=min(bar.low for bar in group),
        close=group[-1].close,
        volume=sum(volumes) if len(volumes) == len(group) else None,
        source=weakest(bar.source for bar in group),
        closed=closed,
    )
