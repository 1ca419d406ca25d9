"""What the candle chart is given: a base when it is drawn, and the newest bars with each poll. Pure.

The base travels as columns (a third of the size of points); `assets/qt55-candles.js` makes the series of it. Times are
seconds of the exchange's clock, because the library behind the chart (`app/components/candles.py`) knows no zones.
"""

from __future__ import annotations

from typing import Any, Final

from app.figures.bars import (
    DAY_S,
    Timeframe,
    bars_of,
    ema,
    holes,
    is_regular,
    letters,
    live_since,
    range_level,
    session_starts,
    tail_of,
    vwap,
)
from app.figures.zones import exchange_zone, shifted, zone_word
from app.format import price_decimals, tick_decimals
from engine.domain import Bar
from engine.state.sections import SymbolSection
from engine.zones import local_time

FINER: Final = 2  # decimals that averages have beyond the prices
WARM_UP_BARS: Final = 300  # before the first bar shown, so that its averages have settled


def decimals_of(section: SymbolSection) -> int:
    """Decimals of the contract's prices: those of its tick, at least those of its price."""
    quote = section.quote
    price = quote.price if quote else None
    return max(tick_decimals(section.min_tick), price_decimals(price, section.sec_type))


def chart_base(section: SymbolSection, frame: Timeframe, level_bars: int) -> dict[str, Any]:
    """The bars of a chart as columns; `level_bars` = N of the breakout level. Empty columns while there is no bar."""
    where = exchange_zone(section.time_zone)
    bars = bars_of(section, frame)[-(frame.base + WARM_UP_BARS) :]
    skip = max(0, len(bars) - frame.base)
    daily = frame.size_s == DAY_S
    starts = session_starts(bars, section, where) if not daily else [False] * len(bars)
    decimals = decimals_of(section)
    closes = [bar.close for bar in bars]
    shown = bars[skip:]
    times = [_shown_time(bar, daily, section) for bar in shown]
    return {
        "con": section.con_id,
        "tf": frame.key,
        "size": frame.size_s,
        "stamp": stamp(section),
        "at": newest_at(section),
        "dec": decimals,
        "tick": section.min_tick or 10.0**-decimals,
        "lens": [section.ema_fast_len, section.ema_slow_len],
        "zone": zone_word(bars[-1].time, where) if bars and not daily else "",
        "t": _steps(times, frame.size_s),
        **_prices(shown, decimals),
        "f": _column(ema(closes, section.ema_fast_len)[skip:], decimals + FINER),
        "s": _column(ema(closes, section.ema_slow_len)[skip:], decimals + FINER),
        "w": [] if daily else _column(vwap(bars, starts)[skip:], decimals + FINER),
        "l": _column(range_level(bars, starts, level_bars)[skip:], decimals) if frame.key == "1m" else [],
        "cut": [] if daily else [i for i, start in enumerate(starts[skip:]) if start],
        "src": letters(shown, live_since(section)),
        "off": _closed_hours(shown, section, daily),
        "holes": [[shifted(first, where), missing] for first, missing in holes(shown, section, frame.size_s, where)],
    }


def chart_tail(section: SymbolSection, frame: Timeframe) -> dict[str, Any]:
    """The newest bars by time: [open, high, low, close, volume, how it is known]."""
    decimals = decimals_of(section)
    daily = frame.size_s == DAY_S
    bars = tail_of(section, frame)
    known = letters(bars, live_since(section))
    return {
        str(_shown_time(bar, daily, section)): [
            *(round(value, decimals) for value in (bar.open, bar.high, bar.low, bar.close)),
            _whole(bar.volume),
            letter,
        ]
        for bar, letter in zip(bars, known, strict=True)
    }


def stamp(section: SymbolSection) -> str:
    """Changes when bars other than the newest came or were corrected: the base has to be sent again."""
    from_history = sum(1 for bar in section.bars if bar.source == "history")
    return f"{section.con_id}.{from_history}.{len(section.daily)}.{section.ema_fast_len}.{section.ema_slow_len}"


def newest_at(section: SymbolSection) -> int | None:
    """Shown time of the newest minute: when it jumps by more than the tail holds, the base has to be sent again."""
    return shifted(section.bars[-1].time, exchange_zone(section.time_zone)) if section.bars else None


def _shown_time(bar: Bar, daily: bool, section: SymbolSection) -> int:
    return round(bar.time) // DAY_S * DAY_S if daily else shifted(bar.time, exchange_zone(section.time_zone))


def _steps(times: list[int], size_s: int) -> list[int]:
    """The first time, then how many bar sizes each lies after the one before (most are 1)."""
    return times[:1] + [(after - before) // size_s for before, after in zip(times, times[1:], strict=False)]


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
    where = exchange_zone(section.time_zone)
    text = "".join("." if is_regular(bar, section, where) else "x" for bar in bars)
    return text if "x" in text else ""


def shown_day(market: float, section: SymbolSection) -> str:
    """ "Wed 5 Nov": the exchange's date of a bar."""
    local = local_time(market, exchange_zone(section.time_zone))
    return f"{local.strftime('%a')} {local.day} {local.strftime('%b')}"
