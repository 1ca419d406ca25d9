"""What a symbol's history costs: hundreds of symbols each keep two days of minutes, and nothing else of the answer."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

from engine.bars.day_ratio import answer_of
from engine.bars.series import HISTORY, BarSeries
from engine.bars.store import BARS_LIMIT
from engine.bars.volume_unit import VolumeUnits
from engine.domain import Bar
from tests.unit.scanners.scanner_samples import stock

T0 = 1_762_354_800.0
TWO_DAYS = 1_072  # minutes of a stock with its early and late hours, at a start in the morning
ROW_BYTES = 31
FIRST_CALLS = 2_000  # what numpy keeps of a first use


def kept_bytes(make: Callable[[], object]) -> tuple[int, object]:
    gc.collect()
    tracemalloc.start()
    try:
        kept = make()
        gc.collect()
        return tracemalloc.get_traced_memory()[0], kept
    finally:
        tracemalloc.stop()


def minutes(count: int) -> list[Bar]:
    return [Bar(T0 + 60.0 * n, 10.0, 10.5, 9.5, 10.25, 1_000.0 + n, "history") for n in range(count)]


def test_bars_of_history_reserve_little_beyond_what_they_are() -> None:
    bars = minutes(TWO_DAYS)

    def filled() -> BarSeries:
        series = BarSeries(BARS_LIMIT)
        series.merge(bars, HISTORY)
        return series

    used, series = kept_bytes(filled)
    assert isinstance(series, BarSeries) and len(series) == TWO_DAYS
    assert used <= ROW_BYTES * TWO_DAYS * 1.1 + FIRST_CALLS


def test_a_symbols_volume_unit_keeps_nothing_of_the_bars_it_was_learned_by() -> None:
    bars = minutes(TWO_DAYS)
    units = VolumeUnits()
    units.know(stock(1))

    def told() -> None:
        units.on_history(1, answer_of("bars", [Bar(b.time, b.open, b.high, b.low, b.close, (b.volume or 0.0) * 1.5)
                                               for b in bars], T0 + 60.0 * TWO_DAYS))  # fmt: skip

    used, _ = kept_bytes(told)
    assert used <= 10_000, "the volumes of the bars alone are 34 kB; what libraries keep of a first call is some 4"
