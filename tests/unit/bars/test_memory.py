"""What a symbol costs: hundreds of them each keep two days of minutes, and nothing else of what was asked or seen."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

import msgspec

from engine.bars.day_ratio import answer_of
from engine.bars.packed_bars import PackedBars
from engine.bars.series import HISTORY, BarSeries
from engine.bars.store import BARS_LIMIT, BarStore
from engine.bars.usual import UsualVolume, usual_volume
from engine.bars.volume_unit import VolumeUnits
from engine.domain import Bar
from tests.unit.scanners.scanner_samples import quote_of, stock

T0 = 1_762_354_800.0
TWO_DAYS = 1_072  # minutes of a stock with its early and late hours, at a start in the morning
ROW_BYTES = 31
VISITS = 200  # of some hours
VISIT_EVERY_S = 110.0
BESIDES = 7_000


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


def filled() -> BarSeries:
    series = BarSeries(BARS_LIMIT)
    series.merge(minutes(TWO_DAYS), HISTORY)
    return series


def test_bars_of_history_reserve_little_beyond_what_they_are() -> None:
    filled()  # what numpy keeps of a first call
    used, series = kept_bytes(filled)
    assert isinstance(series, BarSeries) and len(series) == TWO_DAYS
    assert used <= ROW_BYTES * TWO_DAYS * 1.1


def visited(con_id: int, usual: UsualVolume) -> BarStore:
    """A symbol with its history and the usual volume that has been visited for hours."""
    store = BarStore()
    store.add(stock(con_id))
    store.merge_history(con_id, minutes(TWO_DAYS), T0 + 60.0 * TWO_DAYS)
    store.set_usual(con_id, usual._replace(quarters=usual.quarters.copy()))
    for visit in range(VISITS):
        begins = T0 + 60.0 * TWO_DAYS + VISIT_EVERY_S * visit
        for second in range(8):
            at, volume = begins + second, 1_000.0 + 40.0 * visit + second
            quote = quote_of(stock(con_id), 10.0 + 0.01 * (visit % 9), volume, at)
            store.on_quote(msgspec.structs.replace(quote, lane="visited"), at)
        store.sync_lines([con_id], begins + 8.0)
        store.sync_lines([], begins + 9.0)
    return store


def test_a_symbol_that_was_visited_for_hours_costs_little_beyond_its_bars() -> None:
    quarters = [Bar(T0 - 900.0 * n, 10.0, 10.5, 9.5, 10.25, 1_000.0, "history") for n in range(20 * 96, 0, -1)]
    usual = usual_volume(quarters, T0)
    assert usual is not None
    visited(1, usual)
    used, store = kept_bytes(lambda: visited(2, usual))
    assert isinstance(store, BarStore)
    entry = store.get(2)
    assert entry is not None and len(entry.covered) > 60
    bars = len(entry.series)
    assert bars >= TWO_DAYS + VISITS - 1
    assert used <= ROW_BYTES * bars * 1.1 + BESIDES, f"{used / 1e3:.1f} kB for {bars} minutes"


def test_a_year_of_days_takes_a_quarter_of_what_bars_do() -> None:
    used, packed = kept_bytes(lambda: PackedBars(minutes(252)))
    assert isinstance(packed, PackedBars) and used <= 49 * 252 + 1_000


def test_a_symbols_volume_unit_keeps_nothing_of_the_bars_it_was_learned_by() -> None:
    bars = [Bar(b.time, b.open, b.high, b.low, b.close, (b.volume or 0.0) * 1.5) for b in minutes(TWO_DAYS)]
    units = VolumeUnits()
    for con_id in (1, 2):
        units.know(stock(con_id))

    def told(con_id: int) -> None:
        units.on_history(con_id, answer_of("bars", bars, T0 + 60.0 * TWO_DAYS))

    told(1)  # what is kept of a first call, and for all symbols
    used, _ = kept_bytes(lambda: told(2))
    assert used <= 3_000, "the volumes of the bars alone are 34 kB"
