"""Which days of the bars on disk are to be written to the archive, and what has been. Pure.

The running day is written once its bars rest, and again where they went on after all; a day once the next one has
begun; and a last time when two later ones have come, for until then the broker's history may correct it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from engine.bars.bar_files import StoredSymbol

REST_S = 6 * 3_600.0
CLOSED, FINAL = 1e18, 2e18  # beyond any market time
CORRECTED = 2  # newest days of a contract that history may still change


class Due(NamedTuple):
    """A day of one contract (YYYYMMDD). `stage` = what is noted of it once it is written: the market time of the bars
    of a running day, CLOSED or FINAL."""

    symbol: StoredSymbol
    date: int
    stage: float


def key_of(con_id: int, date: int) -> str:
    return f"{con_id}/{date}"


def due_days(symbols: Sequence[StoredSymbol], written: Mapping[str, float], now_market: float) -> Iterator[Due]:
    """In the order of the symbols, the newest day of each first."""
    for symbol in symbols:
        for place, date in enumerate(reversed(symbol.dates)):
            stage = FINAL if place >= CORRECTED else CLOSED if place else symbol.saved_market
            if place == 0 and now_market - symbol.saved_market < REST_S:
                continue
            if written.get(key_of(symbol.con_id, date), 0.0) < stage:
                yield Due(symbol, date, stage)


def still_kept(symbols: Sequence[StoredSymbol], written: Mapping[str, float]) -> dict[str, float]:
    """What was written of the days that are still on disk: nothing else is asked about again."""
    keys = {key_of(symbol.con_id, date) for symbol in symbols for date in symbol.dates}
    return {key: stage for key, stage in written.items() if key in keys}
