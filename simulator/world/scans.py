"""What IB's scanner would answer: rankings over the state of the market now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.model import ScanQuery

F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]
MAX_ROWS = 50


@dataclass(slots=True)
class ScanColumns:
    """The names that a scan ranks, a row each. Prices in USD (0: none yet), volumes in shares."""

    con_id: NDArray[np.int64]
    primary_exchange: NDArray[np.str_]
    is_etf: Bool
    is_adr: Bool
    market_cap_musd: F64
    avg_volume: F64
    last: F64
    close: F64
    open: F64
    high: F64
    low: F64
    volume: F64
    minute_pace: F64  # shares a minute, now
    usual_minute: F64  # of this minute of the day
    share_so_far: float  # of a usual day's volume
    five_min_ago: F64
    volatility: F64
    high_52w: F64
    low_52w: F64
    high_13w: F64
    low_13w: F64
    ema: dict[int, F64]  # of daily closes by length
    halted: Bool

    @property
    def change_pct(self) -> F64:
        return _percent(self.last, self.close)

    @property
    def change_open_pct(self) -> F64:
        return _percent(self.last, self.open)

    @property
    def gap_pct(self) -> F64:
        return _percent(self.open, self.close)


def _percent(price: F64, base: F64) -> F64:
    """NaN where either price is missing."""
    known = (price > 0) & (base > 0)
    out: F64 = np.where(known, (price / np.where(known, base, 1.0) - 1.0) * 100.0, np.nan)
    return out


def _place(last: F64, low: F64, high: F64) -> F64:
    """Where the price stands between the low (0) and the high (1); beyond them outside."""
    out: F64 = (last - low) / np.maximum(high - low, 1e-9)
    return out


def _usual_ratio(c: ScanColumns) -> F64:
    return c.volume / np.maximum(c.avg_volume * max(c.share_so_far, 1e-4), 200.0)


def _rate(c: ScanColumns) -> F64:
    """Pace of the last half minute against the usual of the clock minute; the constant keeps quiet names down."""
    return c.minute_pace / (c.usual_minute + 400.0)


def _range_pct(c: ScanColumns) -> F64:
    out: F64 = np.where(c.high > 0, (c.high - c.low) / c.close * 100.0, np.nan)
    return out


def _last_to_ema(length: int) -> Callable[[ScanColumns], F64]:
    return lambda c: _percent(c.last, c.ema[length])


def _lowest(score: Callable[[ScanColumns], F64]) -> Callable[[ScanColumns], F64]:
    return lambda c: -score(c)


# scan code -> score, best first; NaN leaves a name out
SCORES: dict[str, Callable[[ScanColumns], F64]] = {
    "TOP_PERC_GAIN": lambda c: c.change_pct,
    "TOP_PERC_LOSE": lambda c: -c.change_pct,
    "TOP_OPEN_PERC_GAIN": lambda c: c.change_open_pct,
    "TOP_OPEN_PERC_LOSE": lambda c: -c.change_open_pct,
    "HIGH_OPEN_GAP": lambda c: c.gap_pct,
    "LOW_OPEN_GAP": lambda c: -c.gap_pct,
    "HOT_BY_VOLUME": _usual_ratio,
    "TOP_VOLUME_RATE": _rate,
    "TOP_TRADE_RATE": lambda c: c.minute_pace,
    "TOP_TRADE_COUNT": lambda c: c.volume,
    "MOST_ACTIVE": lambda c: c.volume,
    "MOST_ACTIVE_USD": lambda c: c.volume * c.last,
    "MOST_ACTIVE_AVG_USD": lambda c: c.avg_volume * c.last,
    "HOT_BY_PRICE": lambda c: _percent(c.last, c.five_min_ago) / c.volatility,
    "TOP_PRICE_RANGE": _range_pct,
    "HOT_BY_PRICE_RANGE": lambda c: _range_pct(c) / c.volatility,
    "HIGH_VS_52W_HL": lambda c: _place(c.last, c.low_52w, c.high_52w),
    "LOW_VS_52W_HL": lambda c: -_place(c.last, c.low_52w, c.high_52w),
    "HIGH_VS_13W_HL": lambda c: _place(c.last, c.low_13w, c.high_13w),
    "LOW_VS_13W_HL": lambda c: -_place(c.last, c.low_13w, c.high_13w),
    "HALTED": lambda c: np.where(c.halted, c.volume, np.nan),
    **{f"HIGH_LAST_VS_EMA{n}": _last_to_ema(n) for n in (20, 50, 100, 200)},
    **{f"LOW_LAST_VS_EMA{n}": _lowest(_last_to_ema(n)) for n in (20, 50, 100, 200)},
}

# filter tag -> values that it bounds from below; the same with "Below" bounds from above
_BOUNDED: dict[str, Callable[[ScanColumns], F64]] = {
    "price": lambda c: c.last,
    "volume": lambda c: c.volume,
    "avgVolume": lambda c: c.avg_volume,
    "avgUsdVolume": lambda c: c.avg_volume * c.last,
    "usdVolume": lambda c: c.volume * c.last,
    "changePerc": lambda c: c.change_pct,
    "changeOpenPerc": lambda c: c.change_open_pct,
    "openGapPerc": lambda c: c.gap_pct,
    "volumeRate": lambda c: c.minute_pace,
}
_LOCATIONS = {"STK.NASDAQ": "NASDAQ", "STK.NYSE": "NYSE", "STK.AMEX": "AMEX", "STK.ARCA": "ARCA"}
_EVERYWHERE = {"STK.US", "STK.US.MAJOR", "FUT.US", "FUT.CME", "FUT.NYMEX", "FUT.COMEX"}


def rank(c: ScanColumns, query: ScanQuery) -> list[int]:
    """con_ids of the scan, best first. Unknown codes and locations find nothing."""
    score_of = SCORES.get(query.scan_code)
    if score_of is None:
        return []
    keep = _located(c, query.location) & _typed(c, query) & _bounded(c, query)
    score = np.where(keep, score_of(c), np.nan)
    order = np.lexsort((c.con_id, -np.nan_to_num(score, nan=-np.inf)))
    found = order[: int(np.count_nonzero(~np.isnan(score)))]
    return [int(con_id) for con_id in c.con_id[found[: max(0, min(query.rows, MAX_ROWS))]]]


def _located(c: ScanColumns, location: str) -> Bool:
    if location in _EVERYWHERE:
        return np.ones(len(c.con_id), dtype=bool)
    exchange = _LOCATIONS.get(location.removesuffix(".NMS").removesuffix(".SCM"))
    out: Bool = c.primary_exchange == (exchange or "nowhere")
    return out


def _is_type(c: ScanColumns, name: str) -> Bool:
    if name == "ETF":
        return c.is_etf
    if name in ("CORP", "STOCK", "COMMON"):
        return ~c.is_etf
    return c.is_adr if name == "ADR" else np.zeros(len(c.con_id), dtype=bool)


def _typed(c: ScanColumns, query: ScanQuery) -> Bool:
    keep = np.ones(len(c.con_id), dtype=bool)
    if query.stock_type not in ("", "ALL"):
        keep &= _is_type(c, query.stock_type)
    wanted = [value for tag, value in query.filters if tag == "stkTypes"]
    for word in ",".join(wanted).replace(";", ",").split(","):
        sense, _, name = word.strip().partition(":")
        if sense == "exc":
            keep &= ~_is_type(c, name)
        elif sense == "inc":
            keep &= _is_type(c, name)
    return keep


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _bounded(c: ScanColumns, query: ScanQuery) -> Bool:
    keep = np.ones(len(c.con_id), dtype=bool)
    limits: list[tuple[F64, float | None, bool]] = [
        (c.last, query.above_price, True),
        (c.last, query.below_price, False),
        (c.volume, query.above_volume, True),
        (c.market_cap_musd, query.market_cap_above, True),
        (c.market_cap_musd, query.market_cap_below, False),
    ]
    for tag, text in query.filters:
        above = "Above" in tag
        name = tag.replace("1e6", "").removesuffix("Above").removesuffix("Below")
        if name == "marketCap":
            limits.append((c.market_cap_musd, _number(text), above))
        elif name in _BOUNDED and name != tag:
            limits.append((_BOUNDED[name](c), _number(text), above))
    for values, limit, above in limits:
        if limit is not None:
            keep &= (values >= limit) if above else (values <= limit)
    return keep
