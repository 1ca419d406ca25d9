"""Which symbols' ticks need not be looked at again for the unit of volume."""

from __future__ import annotations

from engine.bars.day_ratio import Answer
from engine.bars.source_votes import SIZES_PER_SYMBOL
from engine.bars.volume_unit import VolumeUnits
from tests.unit.scanners.scanner_samples import stock


def heard(units: VolumeUnits, times: int, average: float | None = 40_000.0) -> None:
    for _ in range(times):
        units.on_ticks(1, 12_000.0, average, 50.0, 3.0, 4.0, 1.0)


def test_a_symbol_is_settled_when_its_ratio_average_and_sizes_are_known() -> None:
    units = VolumeUnits()
    units.know(stock(1))
    heard(units, SIZES_PER_SYMBOL)
    assert 1 not in units.settled, "its history has not come"
    units.on_history(1, Answer(day_raw=11_800.0, volumes=(100.0,) * 20, mean_raw=39_000.0))
    heard(units, 1)
    assert 1 in units.settled


def test_nothing_is_settled_without_an_average_or_after_a_new_connection() -> None:
    units = VolumeUnits()
    units.know(stock(1))
    units.on_history(1, Answer(day_raw=11_800.0, volumes=(100.0,) * 20, mean_raw=39_000.0))
    heard(units, SIZES_PER_SYMBOL, average=None)
    assert 1 not in units.settled
    heard(units, 1)
    assert 1 in units.settled
    units.on_connected(None)
    assert 1 not in units.settled
