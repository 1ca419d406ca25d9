"""Bigger bars: on the clock, gaps stay gaps, futures' days end in the evening."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.bars.aggregate import aggregate, daily
from engine.bars.hours import parse_hours
from engine.domain import Bar
from tests.unit.scanners.scanner_samples import OPEN


def minutes(count: int, start: float = OPEN, volume: float | None = 10.0) -> list[Bar]:
    return [Bar(start + 60.0 * n, n + 1.0, n + 1.5, n + 0.5, n + 1.2, volume) for n in range(count)]


@pytest.mark.parametrize(("size", "count"), [(5, 13), (15, 5), (30, 3), (60, 2)])
def test_bars_start_on_the_clock_and_add_up(size: int, count: int) -> None:
    bars = aggregate(minutes(65), size)
    assert len(bars) == count
    assert all(bar.time % (size * 60) == 0 for bar in bars)
    assert sum(bar.volume or 0 for bar in bars) == 650.0
    assert bars[0].open == 1.0 and bars[-1].close == 65.2
    assert max(bar.high for bar in bars) == 65.5
    assert all(bar.closed for bar in bars[:-1])


def test_the_last_bar_is_open_until_its_last_minute_is_there() -> None:
    assert [bar.closed for bar in aggregate(minutes(7), 5)] == [True, False]
    assert [bar.closed for bar in aggregate(minutes(10), 5)] == [True, True]


def test_gaps_stay_gaps_and_unknown_volume_stays_unknown() -> None:
    bars = aggregate(minutes(3) + minutes(3, OPEN + 1_800.0), 5)
    assert [bar.time - OPEN for bar in bars] == [0.0, 1_800.0]
    assert aggregate(minutes(5, volume=None), 5)[0].volume is None
    mixed = minutes(5)
    mixed[2] = Bar(mixed[2].time, 1, 1, 1, 1, None, "history")
    joined = aggregate(mixed, 5)[0]
    assert (joined.volume, joined.source) == (40.0, "history")


def test_days_of_a_stock_and_of_a_future() -> None:
    night = OPEN - 14 * 3_600.0  # 19:30 of the day before
    dates = [datetime.fromtimestamp(bar.time, UTC).strftime("%m%d %H") for bar in daily(minutes(2, night) + minutes(2))]
    assert dates == ["1104 00", "1105 00"]
    hours = parse_hours("20251104:1800-20251105:1700", "US/Eastern")
    (one,) = daily(minutes(2, night) + minutes(2), hours)
    assert datetime.fromtimestamp(one.time, UTC).strftime("%m%d") == "1105"
    assert one.volume == 40.0 and not one.closed


def test_nothing_gives_nothing() -> None:
    assert aggregate([], 5) == [] and daily([]) == []
