"""Longer bars from 1-minute bars: the one place for charts, the API and the lab. Pure.

A longer bar is known as well as its weakest minute: sampled if one of them is, else history if one of them is, else
streamed; its volume is unknown if a minute's is. Minutes of an hour and less are counted from the full hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from msgspec.structs import replace

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


class Day(NamedTuple):
    """The minute bars of one trading day, and its regular hours (None = unknown, or a holiday)."""

    date: date
    regular: Session | None
    minutes: Sequence[Bar]


def by_day(minutes: Sequence[Bar], days: TradingDays, liquid: Hours, us_stock: bool) -> list[Day]:
    """1-minute bars cut into trading days, oldest first."""
    found: list[Day] = []
    first, ends = 0, float("-inf")
    for place, bar in enumerate(minutes):
        if bar.time >= ends:
            if place > first:
                found.append(_day(minutes[first:place], days, liquid, us_stock))
            first, ends = place, days.ends(days.of(bar.time))
    if len(minutes) > first:
        found.append(_day(minutes[first:], days, liquid, us_stock))
    return found


def daily(days: Sequence[Day], regular_only: bool) -> list[Bar]:
    """A bar a trading day at midnight UTC of its date, oldest first; `regular_only` for stocks, as brokers do.

    The newest is not closed while its regular hours (where unknown: its day) may bring more.
    """
    out = []
    for place, day in enumerate(days):
        hours, minutes = day.regular, day.minutes
        if regular_only:
            minutes = [bar for bar in minutes if hours is not None and hours.open <= bar.time < hours.close]
        if minutes:
            over = hours is not None and minutes[-1].closed and minutes[-1].time + MINUTE_S >= hours.close
            out.append(_merged(midnight_utc(day.date), minutes, over or place < len(days) - 1))
    return out


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
        elif known is not None and not bar.closed:
            by_day[bar.time] = replace(known, closed=False)
    return [by_day[day] for day in sorted(by_day)]


def weakest(sources: Iterable[BarSource]) -> BarSource:
    """How a bar made of several is known."""
    present = set(sources)
    return "sampled" if "sampled" in present else "history" if "history" in present else "streamed"


def _day(minutes: Sequence[Bar], days: TradingDays, liquid: Hours, us_stock: bool) -> Day:
    day = days.of(minutes[0].time)
    return Day(day, regular_hours(day, liquid, days, us_stock), minutes)


def _merged(start: float, group: Sequence[Bar], closed: bool) -> Bar:
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
