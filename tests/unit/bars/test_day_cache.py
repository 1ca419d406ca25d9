"""Bases of the day on disk: back after a restart, of today only, damage counts for nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

from engine.bars.day_cache import FILE_NAME, DayCache
from engine.bars.history import HistoryQueue, usual_request
from engine.bars.kept_units import IN_SHARES
from engine.bars.store import BarStore
from engine.bars.volume_unit import VolumeUnits
from engine.broker.port import HistoryRequest
from engine.clock import FakeClock
from engine.domain import Bar, ContractRef
from tests.unit.scanners.scanner_samples import TEN, FakeBroker, stock

TODAY = "20251105"
ACME = stock(7, "ACME")


def quarters(contract: ContractRef, request: HistoryRequest) -> list[Bar]:
    if request.bar_size != "15 mins":
        return []
    return [Bar(TEN - 86_400.0 * day + 900.0 * n, 1, 1, 1, 1, 1_500.0) for day in range(14, 0, -1) for n in range(8)]


def test_what_was_kept_comes_back_on_the_same_day_only(tmp_path: Path) -> None:
    bars = [Bar(1.0, 2, 3, 1, 2, 10.5), Bar(901.0, 2, 3, 1, 2, None)]
    DayCache(tmp_path / "bars").append(TODAY, 7, bars)
    DayCache(tmp_path / "bars").load(TODAY)
    cache = DayCache(tmp_path / "bars")
    kept = cache.load(TODAY)
    assert [(bar.time, bar.volume) for bar in kept[7]] == [(1.0, 10.5), (901.0, None)]
    cache.append(TODAY, 8, bars)
    assert set(DayCache(tmp_path / "bars").load(TODAY)) == {7, 8}
    assert DayCache(tmp_path / "bars").load("20251106") == {}
    DayCache(tmp_path / "bars").append("20251106", 9, bars)
    assert set(DayCache(tmp_path / "bars").load("20251106")) == {9}


def test_damage_counts_for_nothing(tmp_path: Path) -> None:
    cache = DayCache(tmp_path)
    assert cache.load(TODAY) == {}
    cache.append(TODAY, 7, [Bar(1.0, 2, 3, 1, 2, 10.0)])
    cache.append(TODAY, 8, [Bar(1.0, 2, 3, 1, 2, 10.0)])
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes()[:-9])
    assert set(DayCache(tmp_path).load(TODAY)) == {7}
    path.write_bytes(b"\x00\xff nonsense")
    assert DayCache(tmp_path).load(TODAY) == {}
    path.write_bytes(b"")
    assert DayCache(tmp_path).load(TODAY) == {}


async def run(broker: FakeBroker, folder: Path, attach_late: bool = False) -> tuple[BarStore, FakeBroker]:
    clock, store, units = FakeClock(wall=TEN), BarStore(), VolumeUnits()
    units.restore(IN_SHARES)
    desk = HistoryQueue(broker, store, units, clock, clock.wall)
    if not attach_late:
        await desk.open_cache(folder)
    desk.on_connected()
    store.add(ACME)
    units.know(ACME)
    desk.want(ACME, 0)
    if attach_late:
        await desk.open_cache(folder)
    for _ in range(40):
        desk.step()
        await asyncio.sleep(0.005)
        clock.advance(0.5)
    return store, broker


def asked(broker: FakeBroker) -> int:
    return sum(1 for _, request in broker.asked if request == usual_request(ACME))


def test_a_restart_does_not_ask_again(tmp_path: Path) -> None:
    broker = FakeBroker()
    broker.bars = quarters
    store, _ = asyncio.run(run(broker, tmp_path))
    assert asked(broker) == 1 and store.get(7).usual is not None
    for late in (False, True):
        second = FakeBroker()
        second.bars = quarters
        again, _ = asyncio.run(run(second, tmp_path, late))
        assert asked(second) == 0
        assert again.get(7).usual.at(600) == store.get(7).usual.at(600) is not None


def test_a_disk_that_refuses_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file where the folder should be")
    broker = FakeBroker()
    broker.bars = quarters
    store, _ = asyncio.run(run(broker, tmp_path / "blocked" / "bars"))
    assert store.get(7).usual is not None
