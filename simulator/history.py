"""What a history request asks for: bar size, duration, the span of time. Pure but for the bars of the world."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from simulator.contracts import Refusal, validation
from simulator.market_time import TimeFormatError, local_date, midnight, parse_end
from simulator.model import Bar, BarKind, Instrument
from simulator.texts import HMDS, ONLY_DAILY_SCHEDULE
from simulator.trade_date import EVENING_S
from simulator.wire.encode_history import BarRow
from simulator.wire.requests import HistoricalData

DAY_S = 86400
WEEK_S, MONTH_S = 7 * DAY_S, 30 * DAY_S

BAR_SIZES = {
    **{f"{n} secs": n for n in (1, 5, 10, 15, 30)},
    "1 sec": 1,
    "1 min": 60,
    **{f"{n} mins": 60 * n for n in (1, 2, 3, 5, 10, 15, 20, 30)},
    "1 hour": 3600,
    **{f"{n} hours": 3600 * n for n in (1, 2, 3, 4, 8)},
    "1 day": DAY_S,
    "1 week": WEEK_S,
    "1W": WEEK_S,
    "1 month": MONTH_S,
    "1M": MONTH_S,
}
KINDS: dict[str, BarKind] = {
    **dict.fromkeys(("TRADES", "ADJUSTED_LAST", "AGGTRADES"), "TRADES"),
    "MIDPOINT": "MIDPOINT",
    "BID": "BID",
    "ASK": "ASK",
    "BID_ASK": "BID_ASK",
}
# Known to TWS, and of nothing in this market.
NO_DATA = frozenset(
    {"HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY", "FEE_RATE", "REBATE_RATE", "YIELD_BID", "YIELD_ASK",
     "YIELD_BID_ASK", "YIELD_LAST"}
)  # fmt: skip
WHAT = frozenset(KINDS) | NO_DATA | {"SCHEDULE"}
QUOTE_BARS = frozenset({"MIDPOINT", "BID", "ASK", "BID_ASK"})
MAX_SMALL_SPAN_S = 14400  # of bars under 30 s in one request
HISTORY_RATIO = 0.97  # history leaves out some trade conditions that the ticks count

_DURATION = re.compile(r"(\d+) +([SDWMY])\Z")


Bars = Callable[[int, int, float, float, bool], list[Bar]]


class WorldBars(Protocol):
    """The bars of the world: see `simulator.model.World.bars`."""

    def __call__(
        self, con_id: int, bar_size_s: int, start: float, end: float, rth: bool, kind: BarKind = "TRADES"
    ) -> list[Bar]: ...


@dataclass(frozen=True, slots=True)
class Span:
    """A checked request: bar size in seconds, duration as count and unit, end in epoch seconds."""

    bar_s: int
    count: int
    unit: str
    end: float
    what: str


def check(request: HistoricalData, now: float) -> Span:
    """The request as values. Raises Refusal with the gateway's words."""
    bar_s = BAR_SIZES.get(request.bar_size.strip())
    if bar_s is None:
        raise validation(f"Historical data bar size setting is invalid. Legal ones are: {', '.join(BAR_SIZES)}")
    match = _DURATION.match(request.duration.strip())
    if match is None:
        raise validation(f"Historical data query duration '{request.duration}' is invalid")
    count, unit = int(match.group(1)), match.group(2)
    _check_kind(request, bar_s)
    if request.format_date not in (1, 2):
        raise validation("Format date must be 1 or 2")
    _check_span(bar_s, count, unit)
    try:
        end = parse_end(request.end, now)
    except TimeFormatError as problem:
        raise validation(f"Invalid End Date/Time: {problem}") from None
    return Span(bar_s, count, unit, min(end, now), request.what.upper())


def _check_kind(request: HistoricalData, bar_s: int) -> None:
    what = request.what.upper()
    if what not in WHAT:
        raise validation(f"Invalid what to show '{request.what}'")
    if what == "SCHEDULE" and bar_s != DAY_S:
        raise Refusal(10295, ONLY_DAILY_SCHEDULE)
    if what == "SCHEDULE" and request.keep_up_to_date:
        raise validation("Schedule requests are not kept up to date")
    if what == "ADJUSTED_LAST" and request.end:
        raise validation("End Date/Time is not supported with adjusted last")
    if request.keep_up_to_date and request.end:
        raise validation("End Date/Time must not be specified with keepUpToDate")
    if request.keep_up_to_date and bar_s > DAY_S:
        raise validation("keepUpToDate is for bars of one day and less")


def _check_span(bar_s: int, count: int, unit: str) -> None:
    if unit == "S" and count > DAY_S:
        raise validation("Historical data requests for durations longer than 86400 seconds must be made in days")
    if unit == "D" and count > 365:
        raise validation("Historical data requests for durations longer than 365 days must be made in years")
    seconds = count if unit == "S" else count * DAY_S
    if count == 0 or (bar_s < 30 and seconds > MAX_SMALL_SPAN_S):
        raise Refusal(162, HMDS + "Time length exceed max")


def fetch(instrument: Instrument, span: Span, rth: bool, world_bars: WorldBars) -> list[Bar]:
    """The bars of the request; days are sessions, so a weekend gives the last sessions."""
    con_id = instrument.con_id
    bars = _of_kind(world_bars, KINDS[span.what])
    if span.bar_s >= DAY_S:
        return _daily(con_id, span, rth, bars)
    if span.unit == "D":
        return bars(con_id, span.bar_s, _sessions_start(instrument, span, bars), span.end, rth)
    if span.unit != "S":
        return bars(con_id, span.bar_s, _calendar_start(span), span.end, rth)
    found = bars(con_id, span.bar_s, span.end - span.count, span.end, rth)
    return found or _last_seconds(instrument, span, rth, bars)


def schedule(
    span: Span, rth: bool, sessions: Callable[[date, bool], list[tuple[float, float]]]
) -> list[tuple[float, float, date]]:
    """Begin, end and date of the sessions in the span, the oldest first; a duration in days counts sessions."""
    day = local_date(span.end)
    oldest = local_date(_calendar_start(span)) if span.unit not in ("S", "D") else date.min
    wanted = max(1, span.count // DAY_S) if span.unit == "S" else span.count
    found: list[tuple[float, float, date]] = []
    for back in range(int(wanted * 1.6) + 10 if oldest == date.min else (day - oldest).days + 1):
        on = day - timedelta(days=back)
        spans = [one for one in sessions(on, rth) if one[0] <= span.end]
        found += [(begin, end, on) for begin, end in reversed(spans)]
        if oldest == date.min and len({one[2] for one in found}) >= wanted:
            break
    return found[::-1]


def _of_kind(world_bars: WorldBars, kind: BarKind) -> Bars:
    def bars(con_id: int, bar_size_s: int, start: float, end: float, rth: bool) -> list[Bar]:
        return world_bars(con_id, bar_size_s, start, end, rth, kind)

    return bars


def _sessions_start(instrument: Instrument, span: Span, bars: Bars) -> float:
    """Where the first of the last `count` sessions before the end began."""
    look_back = (span.count * 1.6 + 8) * DAY_S
    days = bars(instrument.con_id, DAY_S, span.end - look_back, span.end, False)
    if not days:
        return span.end - span.count * DAY_S
    first = days[-min(span.count, len(days))]
    start = midnight(datetime.fromtimestamp(first.time, UTC).date())
    return start - EVENING_S.get(instrument.sec_type, 0.0)


def _calendar_start(span: Span) -> float:
    days = {"S": 0, "D": 1, "W": 7, "M": 31, "Y": 366}[span.unit] * span.count
    return span.end - days * DAY_S


def _last_seconds(instrument: Instrument, span: Span, rth: bool, bars: Bars) -> list[Bar]:
    """The same length of time at the end of the last session, when the market is closed at the end."""
    start = _sessions_start(instrument, Span(span.bar_s, 1, "D", span.end, span.what), bars)
    found = bars(instrument.con_id, max(span.bar_s, 60), start, span.end, rth)
    if not found:
        return []
    last = found[-1].time + max(span.bar_s, 60)
    return bars(instrument.con_id, span.bar_s, last - span.count, last, rth)


def _daily(con_id: int, span: Span, rth: bool, bars: Bars) -> list[Bar]:
    if span.unit in ("S", "D"):
        wanted = max(1, span.count // DAY_S) if span.unit == "S" else span.count
        days = bars(con_id, DAY_S, span.end - (wanted * 1.6 + 8) * DAY_S, span.end, rth)[-wanted:]
    else:
        days = bars(con_id, DAY_S, _calendar_start(span), span.end, rth)
    if span.bar_s == DAY_S:
        return days
    return _merge(days, _week_of if span.bar_s == WEEK_S else _month_of)


def _week_of(bar: Bar) -> object:
    day = datetime.fromtimestamp(bar.time, UTC).date()
    return day - timedelta(days=day.weekday())


def _month_of(bar: Bar) -> object:
    return datetime.fromtimestamp(bar.time, UTC).strftime("%Y%m")


def _merge(days: list[Bar], key: Callable[[Bar], object]) -> list[Bar]:
    groups: dict[object, list[Bar]] = {}
    for bar in days:
        groups.setdefault(key(bar), []).append(bar)
    return [_merged(group) for group in groups.values()]


def _merged(group: list[Bar]) -> Bar:
    volume = sum(bar.volume for bar in group)
    wap = sum(bar.wap * bar.volume for bar in group) / volume if volume else group[-1].close
    return Bar(
        time=group[-1].time,
        open=group[0].open,
        high=max(bar.high for bar in group),
        low=min(bar.low for bar in group),
        close=group[-1].close,
        volume=volume,
        wap=wap,
        count=sum(bar.count for bar in group),
    )


def to_row(bar: Bar, date: str, what: str, stock: bool, divisor: int, decimals: int = 4) -> BarRow:
    """A bar in the client's unit; quote bars have neither volume nor count."""
    if what in QUOTE_BARS:
        return BarRow(date, bar.open, bar.high, bar.low, bar.close, -1, -1, -1, decimals)
    ratio = HISTORY_RATIO if stock else 1.0
    volume = math.floor(bar.volume * ratio) / divisor if stock else bar.volume / divisor
    return BarRow(date, bar.open, bar.high, bar.low, bar.close, volume, bar.wap, bar.count, decimals)
