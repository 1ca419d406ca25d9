"""What the candle chart is given: a base when it is drawn, and the newest bars with each poll. Pure.

The base travels as columns (a third of the size of points); `pages/candles.mjs` makes the series of it. Times are
seconds of the page's clock (`app.figures.zones.shown`), because the library behind the chart
(`app/components/candles.py`) knows no zones; days are the exchange's dates.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, Final

from app.figures.bars import (
    DAY_S,
    Timeframe,
    bars_of,
    days_of,
    ema,
    holes,
    is_regular,
    letters,
    live_since,
    range_level,
    regular_of,
    session_starts,
    tail_of,
    vwap,
)
from app.figures.zones import exchange_zone, is_repeated, minute_text, shown, zone_word
from engine.clock import offset_s
from engine.domain import Bar
from engine.prices.decimals import contract_decimals
from engine.state.sections import SymbolSection

FINER: Final = 2  # decimals that averages have beyond the prices
WARM_UP_BARS: Final = 300  # before the first bar shown, so that its averages have settled


def decimals_of(section: SymbolSection) -> int:
    """Decimals of the contract's prices: those of its tick, at least those of its price."""
    quote = section.quote
    price = quote.price if quote else None
    return contract_decimals(section.min_tick, price, section.sec_type)


def chart_base(
    section: SymbolSection, frame: Timeframe, level_bars: int, page_zone: tzinfo, surge: float | None = None
) -> dict[str, Any]:
    """The bars of a chart as columns. Empty columns while there is no bar.

    `level_bars` = N of the breakout level; `surge` = how many times the mean volume of the bars before it a minute
    needs for a signal, None = not known; `page_zone` = whose clock the times are of.
    """
    where = exchange_zone(section.time_zone)
    bars = bars_of(section, frame)[-(frame.base + WARM_UP_BARS) :]
    skip = max(0, len(bars) - frame.base)
    daily = frame.size_s == DAY_S
    starts = session_starts(bars, section, where) if not daily else [False] * len(bars)
    decimals = decimals_of(section)
    closes = [bar.close for bar in bars]
    kept = bars[skip:]
    repeated = [] if daily else [i for i, bar in enumerate(kept) if is_repeated(bar.time, page_zone)]
    return {
        "con": section.con_id,
        "tf": frame.key,
        "size": frame.size_s,
        "stamp": stamp(section),
        "at": newest_at(section),
        "dec": decimals,
        "tick": section.min_tick or 10.0**-decimals,
        "surge": surge if frame.key == "1m" else None,
        "lens": [section.ema_fast_len, section.ema_slow_len],
        "zone": zone_word(bars[-1].time, page_zone) if bars and not daily else "",
        "t": _steps([round(bar.time) // DAY_S * DAY_S if daily else round(bar.time) for bar in kept], frame.size_s),
        "ahead": [] if daily else _offsets(kept, page_zone),
        "again": [[i, shown(kept[i].time, page_zone), minute_text(kept[i].time, page_zone)] for i in repeated],
        **_prices(kept, decimals),
        "f": _column(ema(closes, section.ema_fast_len)[skip:], decimals + FINER),
        "s": _column(ema(closes, section.ema_slow_len)[skip:], decimals + FINER),
        "w": [] if daily else _column(vwap(bars, starts)[skip:], decimals + FINER),
        "l": _column(range_level(bars, starts, level_bars)[skip:], decimals) if frame.key == "1m" else [],
        "cut": [] if daily else [i for i, start in enumerate(starts[skip:]) if start],
        "src": letters(kept, live_since(section)),
        "off": _closed_hours(kept, section, daily),
        "holes": [[_number(shown(first, page_zone)), missing] for first, missing in holes(kept, section, frame.size_s)],
    }


def chart_tail(section: SymbolSection, frame: Timeframe, page_zone: tzinfo) -> dict[str, Any]:
    """The newest bars by shown time: [open, high, low, close, volume, how it is known]; in an hour that the clocks
    repeat also its label.
    """
    decimals = decimals_of(section)
    daily = frame.size_s == DAY_S
    bars = tail_of(section, frame)
    known = letters(bars, live_since(section))
    return {
        str(round(bar.time) // DAY_S * DAY_S if daily else _number(shown(bar.time, page_zone))): [
            *(round(value, decimals) for value in (bar.open, bar.high, bar.low, bar.close)),
            _whole(bar.volume),
            letter,
            *([minute_text(bar.time, page_zone)] if not daily and is_repeated(bar.time, page_zone) else []),
        ]
        for bar, letter in zip(bars, known, strict=True)
    }


def stamp(section: SymbolSection) -> str:
    """Changes when bars other than the newest came or were corrected: the base has to be sent again."""
    from_history = sum(1 for bar in section.bars if bar.source == "history")
    longer = f"{len(section.daily)}.{len(section.half_hours)}"
    return f"{section.con_id}.{from_history}.{longer}.{section.ema_fast_len}.{section.ema_slow_len}"


def vwap_now(section: SymbolSection) -> float | None:
    """The VWAP of the session that the newest bar is of: the engine's is that of the regular one, over at night."""
    if not section.bars or section.session_start is None:
        return section.vwap
    newest = section.bars[-1].time
    if section.session_start <= newest and (section.closed_at is None or newest < section.closed_at):
        return section.vwap
    starts = session_starts(section.bars, section, exchange_zone(section.time_zone))
    return vwap(section.bars, starts)[-1]


def newest_at(section: SymbolSection) -> int | None:
    """Market time of the newest minute: when it jumps by more than the tail holds, the base has to be sent again."""
    return round(section.bars[-1].time) if section.bars else None


def _steps(times: list[int], size_s: int) -> list[int]:
    """The first market time, then how many bar sizes each lies after the one before (most are 1)."""
    return times[:1] + [(after - before) // size_s for before, after in zip(times, times[1:], strict=False)]


def _offsets(bars: list[Bar], page_zone: tzinfo) -> list[list[int]]:
    """[[index of a bar, seconds that the page's clock is ahead of UTC from it on]]."""
    found: list[list[int]] = []
    for i, bar in enumerate(bars):
        ahead = round(offset_s(bar.time, page_zone))
        if not found or found[-1][1] != ahead:
            found.append([i, ahead])
    return found


def _number(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _prices(bars: list[Bar], decimals: int) -> dict[str, list[float | int | None]]:
    return {
        "o": [round(bar.open, decimals) for bar in bars],
        "h": [round(bar.high, decimals) for bar in bars],
        "lo": [round(bar.low, decimals) for bar in bars],
        "c": [round(bar.close, decimals) for bar in bars],
        "v": [_whole(bar.volume) for bar in bars],
    }


def _whole(volume: float | None) -> int | None:
    return None if volume is None else round(volume)


def _column(values: list[float] | list[float | None], decimals: int) -> list[float | None]:
    return [None if value is None else round(value, decimals) for value in values]


def _closed_hours(bars: list[Bar], section: SymbolSection, daily: bool) -> str:
    """A letter a bar: "x" outside the regular hours; "" when none is."""
    if daily:
        return ""
    regular = regular_of(section)
    text = "".join("." if is_regular(bar, regular) else "x" for bar in bars)
    return text if "x" in text else ""


def shown_day(market: float, section: SymbolSection) -> str:
    """ "Wed 5 Nov": the trade date of a bar."""
    day = days_of(section).of(market)
    return f"{day.strftime('%a')} {day.day} {day.strftime('%b')}"
