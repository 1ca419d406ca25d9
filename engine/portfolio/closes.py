"""Closes of the last minutes, one each minute: what a sparkline and an EMA read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.bars.build import OpenBar
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


class BarSource(Protocol):
    """The bar store, as far as it is read here."""

    def bars(self, con_id: int, count: int | None = None) -> list[Bar]: ...

    def running(self, con_id: int) -> OpenBar | None: ...

    def version(self, con_id: int) -> int: ...


class MinuteCloses:
    """`minute_closes` of a store, asked each second: worked out once a minute, only the running close moves."""

    def __init__(self, source: BarSource) -> None:
        self._source = source
        self._known: dict[tuple[int, int], tuple[tuple[int, bool, int], list[float | None]]] = {}

    def last(self, con_id: int, minutes: int, now_market: float) -> list[float | None]:
        """As `minute_closes`; the list is the caller's."""
        running, minute = self._source.running(con_id), int(now_market // _MINUTE_S)
        if running is not None and int(running.time // _MINUTE_S) != minute:  # it is about to be closed
            return minute_closes(self._source.bars(con_id, minutes), now_market, minutes)
        key = (self._source.version(con_id), running is not None, minute)
        known = self._known.get((con_id, minutes))
        if known is None or known[0] != key:
            known = (key, minute_closes(self._source.bars(con_id, minutes), now_market, minutes))
            self._known[con_id, minutes] = known
        closes = list(known[1])
        if running is not None:
            closes[-1] = running.close
        return closes
