"""Closes of the last minutes, one each minute: what a sparkline and an EMA read. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from engine.domain import Bar

_MINUTE_S = 60.0


def minute_closes(bars: Sequence[Bar], now_market: float, minutes: int) -> list[float | None]:
    """Closes of the last `minutes` minutes up to now, oldest first, None where no bar is.

    In a closed session the minutes before the last bar are given instead: the last hour that was traded.
    """
    if not bars:
        return []
    end = bars[-1].time
    if now_market - end < 15 * _MINUTE_S:
        end = max(end, now_market // _MINUTE_S * _MINUTE_S)
    by_minute = {int(bar.time // _MINUTE_S): bar.close for bar in bars}
    last = int(end // _MINUTE_S)
    closes = [by_minute.get(minute) for minute in range(last - minutes + 1, last + 1)]
    known = next((index for index, close in enumerate(closes) if close is not None), len(closes))
    return closes[known:]
