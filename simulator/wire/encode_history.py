"""Historical bars, their live updates, real-time bars, head timestamp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.wire.fields import number, payload, price, size
from simulator.wire.versions import FRACTIONAL_SIZES


@dataclass(frozen=True, slots=True)
class BarRow:
    """One bar as it goes out: `date` already formatted, volume in the client's unit, -1 = not applicable."""

    date: str
    open: float
    high: float
    low: float
    close: float
    volume: float
    wap: float
    count: int
    decimals: int = 4


def historical_data(version: int, req_id: int, start: str, end: str, rows: Sequence[BarRow]) -> str:
    fractional = version >= FRACTIONAL_SIZES
    body = "".join([_bar_fields(row, fractional) for row in rows])
    return payload(17, req_id, start, end, len(rows)) + body


def _bar_fields(row: BarRow, fractional: bool) -> str:
    d = row.decimals
    return (
        f"{row.date}\0{row.open:.{d}f}\0{row.high:.{d}f}\0{row.low:.{d}f}\0{row.close:.{d}f}\0"
        f"{size(row.volume, fractional)}\0{wap_text(row.wap, d)}\0{row.count}\0"
    )


def historical_update(version: int, req_id: int, row: BarRow) -> str:
    """The order of the fields differs from `historical_data`: open, close, high, low."""
    prices = [price(value, row.decimals) for value in (row.open, row.close, row.high, row.low)]
    volume = size(row.volume, version >= FRACTIONAL_SIZES)
    return payload(90, req_id, row.count, row.date, *prices, wap_text(row.wap, row.decimals), volume)


def realtime_bar(version: int, req_id: int, row: BarRow, decimals: int) -> str:
    prices = [price(value, decimals) for value in (row.open, row.high, row.low, row.close)]
    volume = size(row.volume, version >= FRACTIONAL_SIZES)
    return payload(50, 3, req_id, row.date, *prices, volume, price(row.wap, decimals), row.count)


def historical_schedule(req_id: int, zone: str, rows: Sequence[tuple[str, str, str]]) -> str:
    """Rows of begin, end and date; the span is that of all rows."""
    first, last = (rows[0][0], rows[-1][1]) if rows else ("", "")
    return payload(106, req_id, first, last, zone, len(rows)) + "".join([payload(*row) for row in rows])


def head_timestamp(req_id: int, text: str) -> str:
    return payload(88, req_id, text)


def wap_text(value: float, decimals: int = 4) -> str:
    return number(round(value, decimals))
