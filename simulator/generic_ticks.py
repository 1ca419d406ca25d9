"""The generic ticks that a line may ask for, and their values. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from simulator import texts
from simulator.contracts import validation
from simulator.model import Bar, Instrument, QuoteState, mark_of
from simulator.ticks import TickFormat
from simulator.wire import encode_ticks as tk

LEGAL = {
    "100": "Option Volume",
    "101": "Option Open Interest",
    "104": "Historical Volatility",
    "105": "Average Option Volume",
    "106": "Implied Volatility",
    "162": "Index Future Premium",
    "165": "Miscellaneous Stats",
    "221": "Mark Price",
    "225": "Auction values",
    "232": "Mark Price",
    "233": "RTVolume",
    "236": "Shortable",
    "258": "Fundamental Ratios",
    "292": "News",
    "293": "Trade Count",
    "294": "Trade Rate",
    "295": "Volume Rate",
    "318": "Last RTH Trade",
    "375": "RT Trade Volume",
    "411": "Realtime Historical Volatility",
    "456": "IB Dividends",
    "588": "Futures Open Interest",
    "595": "Short-Term Volume X Mins",
}

HISTORICAL_VOLATILITY = 23
WEEKS = ((13, 15, 16), (26, 17, 18), (52, 19, 20))  # weeks, tick type of the low, of the high


def check(ticks: Sequence[str], snapshot: bool) -> None:
    """Raises Refusal for ticks that TWS does not know, and for any on a snapshot."""
    if snapshot and ticks:
        raise validation(texts.SNAPSHOT_GENERIC)
    unknown = [tick for tick in ticks if tick.split(":")[0] not in LEGAL]
    if unknown:
        legal = ",".join(f"{number}({name})" for number, name in LEGAL.items())
        raise validation(texts.GENERIC_TICKS.format(ticks=",".join(unknown), legal=legal))


def stats(instrument: Instrument, days: Sequence[Bar], fmt: TickFormat) -> list[str]:
    """Generic tick 165: highs and lows of 13, 26 and 52 weeks and the average volume. `days` = a year of daily bars."""
    messages = []
    for weeks, low_type, high_type in WEEKS:
        span = days[-5 * weeks :]
        if span:
            messages.append(fmt.price(low_type, min(bar.low for bar in span), None))
            messages.append(fmt.price(high_type, max(bar.high for bar in span), None))
    if instrument.avg_volume:
        messages.append(fmt.volume(tk.AVG_VOLUME, instrument.avg_volume))
    return messages


def volatility(days: Sequence[Bar], fmt: TickFormat) -> list[str]:
    """Generic tick 104: annualised standard deviation of 30 daily returns."""
    closes = [bar.close for bar in days[-31:] if bar.close > 0]
    moves = [after / before - 1 for before, after in zip(closes, closes[1:], strict=False)]
    if len(moves) < 2:
        return []
    mean = sum(moves) / len(moves)
    variance = sum((move - mean) ** 2 for move in moves) / (len(moves) - 1)
    return [tk.tick_generic(fmt.req_id, HISTORICAL_VOLATILITY, f"{(252 * variance) ** 0.5:.6f}")]


def shortable(fmt: TickFormat) -> list[str]:
    """Generic tick 236: more than 2.5 = at least 1,000 shares can be borrowed."""
    return [tk.tick_generic(fmt.req_id, tk.SHORTABLE, "3.0")]


def mark(quote: QuoteState, fmt: TickFormat) -> list[str]:
    """Generic ticks 221 and 232: the price that values a position."""
    price = mark_of(quote)
    return [] if price is None else [fmt.mark(price)]
