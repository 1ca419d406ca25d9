"""Bigger bars out of 1-minute bars. Bars start on the clock (a 60-min bar at the full hour); gaps stay gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta, tzinfo

from engine.bars.hours import NEW_YORK, Hours
from engine.domain import Bar, BarSource

SIZES_MIN = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "60m": 60}


def aggregate(bars: Sequence[Bar], minutes: int) -> list[Bar]:
    """`minutes`-bars of 1-minute bars, oldest first. The last one is closed only if its last minute is there."""
    size = minutes * 60.0
    out = _group(bars, lambda bar: bar.time - bar.time % size)
    if out and bars and bars[-1].time + 60.0 < out[-1].time + size:
        out[-1] = _reopened(out[-1])
    return out


def daily(bars: Sequence[Bar], hours: Hours | None = None, where: tzinfo = NEW_YORK) -> list[Bar]:
    """Bars of the exchange's dates, at midnight UTC of the date, as IB's daily history has them.

    A session that begins in the evening (futures) belongs to the date on which it ends.
    """
    out = _group(bars, lambda bar: _date_of(bar.time, hours, where))
    if out:
        out[-1] = _reopened(out[-1])
    return out


def _date_of(at: float, hours: Hours | None, where: tzinfo) -> float:
    session = hours.at(at) if hours is not None else None
    local = datetime.fromtimestamp(at if session is None else session.close - 1.0, where)
    midnight = datetime(local.year, local.month, local.day, tzinfo=where)
    return (midnight + timedelta(seconds=(midnight.utcoffset() or timedelta()).total_seconds())).timestamp()


def _group(bars: Iterable[Bar], key: Callable[[Bar], float]) -> list[Bar]:
    out: list[Bar] = []
    members: list[Bar] = []
    start = 0.0
    for bar in bars:
        mine = key(bar)
        if members and mine != start:
            out.append(_joined(start, members))
            members = []
        start = mine
        members.append(bar)
    if members:
        out.append(_joined(start, members))
    return out


def _joined(start: float, members: Sequence[Bar]) -> Bar:
    volumes = [bar.volume for bar in members if bar.volume is not None]
    return Bar(
        start,
        members[0].open,
        max(bar.high for bar in members),
        min(bar.low for bar in members),
        members[-1].close,
        sum(volumes) if volumes else None,
        _weakest(members),
        all(bar.closed for bar in members),
    )


def _weakest(members: Sequence[Bar]) -> BarSource:
    """The least direct way in which a part of the bar is known."""
    sources = {bar.source for bar in members}
    return "history" if "history" in sources else "sampled" if "sampled" in sources else "streamed"


def _reopened(bar: Bar) -> Bar:
    return Bar(bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.source, False)
