"""Bars to disk and back: what a restart finds, how little it asks the broker then, and a clock that was set back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.bars.archive import BarArchive
from engine.bars.bar_files import FILE_NAME, list_symbols, read_daily, read_session_bars, read_sessions
from engine.bars.history import RANK_POSITION, SETTLE_S, TWO_DAYS, HistoryQueue
from engine.bars.history_plan import missing_since
from engine.bars.keeper import SAVE_EVERY_S, BarKeeper
from engine.bars.kept_units import IN_SHARES
from engine.bars.store import BarStore
from engine.bars.volume_unit import VolumeUnits
from engine.broker.port import HistoryRequest
from engine.clock import FakeClock
from engine.domain import Bar, ContractInfo, ContractRef, Quote
from engine.errors import RequestRejected
from tests.unit.scanners.scanner_samples import TEN, FakeBroker

ACME = ContractRef(7, "ACME", "ACME", "STK", "SMART")
HOUR = 3_600.0
DAY = 86_400.0
YESTERDAY_OPEN = TEN - DAY - HOUR / 2
INFO = ContractInfo(
    ACME,
    time_zone="US/Eastern",
    trading_hours="20251105:0400-20251105:2000;20251106:0400-20251106:2000",
    liquid_hours="20251105:0930-20251105:1600;20251106:0930-20251106:1600",
)


class Run:
    """One run of the engine's bar rooms over one folder. `market` is wall time here."""

    def __init__(self, folder: Path, now: float) -> None:
        self.clock = FakeClock(wall=now)
        self.broker = FakeBroker()
        self.broker.bars = self.history
        self.store = BarStore()
        self.units = VolumeUnits()
        self.units.restore(IN_SHARES)
        self.keeper = BarKeeper(self.store, self.clock, self.clock.wall)
        self.desk = HistoryQueue(
            self.broker, self.store, self.units, self.clock, self.clock.wall, is_ready=self.keeper.is_ready
        )
        self.folder = folder

    def history(self, contract: ContractRef, request: HistoryRequest) -> list[Bar]:
        now = self.clock.wall()
        if request.bar_size == "1 day":
            return [Bar(20_390 * DAY, 9.0, 11.0, 8.0, 10.0, 5e6, "history")]
        start = YESTERDAY_OPEN if request == TWO_DAYS else now - float(request.duration.split()[0])
        return [Bar(t, 10.0, 11.0, 9.0, 10.0, 100.0, "history") for t in minutes(start, now)]

    async def begin(self) -> None:
        await self.keeper.open(self.folder)
        self.keeper.start_loading()
        self.desk.on_connected()
        self.units.know(ACME)
        self.store.add(ACME)
        self.store.set_hours(INFO)
        self.desk.want(ACME, RANK_POSITION)

    async def go(self, seconds: float = SAVE_EVERY_S) -> None:
        for _ in range(round(seconds / 0.5)):
            await self.keeper.step()
            self.desk.step()
            for _ in range(5):
                await asyncio.sleep(0)
            self.clock.advance(0.5)

    @property
    def asked(self) -> list[HistoryRequest]:
        return [request for _, request in self.broker.asked if request.bar_size == "1 min"]


def minutes(start: float, end: float) -> list[float]:
    first = start - start % 60.0
    return [first + 60.0 * n for n in range(int((end - first) // 60.0) + 1)]


def quote(price: float, volume: float) -> Quote:
    day = (None, None, None, None, None, False, "live", "streaming", 0.0, 0.0, 1)
    return Quote(7, "ACME", price, "last", price, price, 1, 1, price, 1, volume, *day)


async def first_run(folder: Path, now: float = TEN) -> Run:
    run = Run(folder, now)
    await run.begin()
    await run.go(SETTLE_S)
    await run.keeper.close()
    return run


def test_history_is_kept_by_trading_day(tmp_path: Path) -> None:
    run = asyncio.run(first_run(tmp_path))
    (symbol,) = list_symbols(tmp_path)
    assert (symbol.contract, symbol.dates) == (ACME, (20251104, 20251105))
    kept = read_session_bars(tmp_path, 7)
    assert kept.time.tolist() == run.store.arrays(7).time.tolist()
    assert set(kept.quality.tolist()) == {2.0}
    today = read_sessions(tmp_path, 7)[-1]
    assert (today.open, today.close) == (TEN - HOUR / 2, TEN + 6 * HOUR), "the contract's regular hours"
    assert [bar.close for bar in read_daily(tmp_path, 7)] == [10.0]


def test_streamed_minutes_are_on_disk_within_seconds(tmp_path: Path) -> None:
    async def play() -> None:
        run = Run(tmp_path, TEN)
        await run.begin()
        await run.go(SETTLE_S)
        for second in range(0, 190, 5):
            run.store.on_quote(quote(10.0 + second / 100, 1_000.0 + second), run.clock.wall())
            run.clock.advance(5.0)
        run.store.close_due(run.clock.wall())
        await run.go()
        assert read_session_bars(tmp_path, 7).quality.tolist()[-2:] == [3.0, 3.0]
        await run.keeper.close()

    asyncio.run(play())


def test_a_restart_asks_only_for_the_time_since(tmp_path: Path) -> None:
    asyncio.run(first_run(tmp_path))
    second = asyncio.run(first_run(tmp_path, TEN + HOUR))
    assert second.asked == [HistoryRequest("4200 S", "1 min")], "an hour and a little more, not two days"
    times = second.store.arrays(7).time
    assert times[0] == YESTERDAY_OPEN - YESTERDAY_OPEN % 60 and (times[1:] - times[:-1] == 60.0).all(), "no gap"
    assert len(second.store.get(7).covered) == 1


def test_an_early_line_does_not_lose_what_the_disk_knows(tmp_path: Path) -> None:
    async def play() -> Run:
        run = Run(tmp_path, TEN + HOUR)
        await run.begin()
        run.store.on_quote(quote(10.0, 1_000.0), run.clock.wall())
        await run.go()
        await run.keeper.close()
        return run

    asyncio.run(first_run(tmp_path))
    assert [request.duration for request in asyncio.run(play()).asked] == ["4200 S"]


def test_nothing_is_asked_when_the_market_was_closed_since(tmp_path: Path) -> None:
    evening = TEN + 10 * HOUR + 60.0  # 20:01
    asyncio.run(first_run(tmp_path, evening))
    later = asyncio.run(first_run(tmp_path, evening + 5 * HOUR))
    assert later.asked == []
    assert later.store.arrays(7).time[-1] >= evening - 60.0
    assert later.store.get(7).message == ""


def test_no_data_since_is_no_failure(tmp_path: Path) -> None:
    async def play() -> Run:
        run = Run(tmp_path, TEN + HOUR)
        run.broker.fails = {}
        await run.begin()

        def nothing(contract: ContractRef, request: HistoryRequest) -> list[Bar]:
            raise RequestRejected(162, "HMDS query returned no data: ACME@SMART Trades")

        run.broker.bars = nothing
        await run.go()
        await run.keeper.close()
        return run

    asyncio.run(first_run(tmp_path))
    run = asyncio.run(play())
    assert len(run.asked) == 1 and run.store.get(7).message == ""


def test_bars_of_a_clock_that_was_set_back_are_not_taken(tmp_path: Path) -> None:
    asyncio.run(first_run(tmp_path, TEN + 3 * DAY))
    run = asyncio.run(first_run(tmp_path, TEN))
    assert run.asked == [TWO_DAYS]
    assert run.store.arrays(7).time[-1] <= TEN + SETTLE_S
    assert read_session_bars(tmp_path, 7).time[-1] <= TEN + SETTLE_S, "nor are they left to be shown"


def test_a_disk_that_refuses_costs_only_requests(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "blocked").write_text("a file where the folder should be")
    run = asyncio.run(first_run(tmp_path / "blocked" / "bars"))
    assert run.asked == [TWO_DAYS] and len(run.store.arrays(7).time) > 0
    assert "Bars are not kept on disk" in run.keeper.problem and "Bars are not kept on disk" in caplog.text


def test_another_account_gets_its_own_file(tmp_path: Path) -> None:
    async def play() -> None:
        run = Run(tmp_path / "first", TEN)
        await run.begin()
        await run.go(SETTLE_S)
        await run.keeper.open(tmp_path / "second")
        await run.go()
        await run.keeper.close()

    asyncio.run(play())
    one, other = (read_session_bars(tmp_path / name, 7) for name in ("first", "second"))
    assert one.time.tolist() == other.time.tolist()[: len(one.time)] and len(one.time)


def test_a_damaged_day_is_asked_for_again(tmp_path: Path) -> None:
    asyncio.run(first_run(tmp_path))
    archive = BarArchive(tmp_path, 0.0)
    with archive._db:
        archive._db.execute("UPDATE sessions SET data = x'00' WHERE date = 20251104")
    archive.close()
    run = asyncio.run(first_run(tmp_path, TEN + HOUR))
    assert run.asked == [TWO_DAYS]
    assert (tmp_path / FILE_NAME).exists() and len(read_sessions(tmp_path, 7)) == 2


@pytest.mark.parametrize(
    ("spans", "since"),
    [
        ([], None),
        ([[TEN - DAY, TEN - HOUR]], TEN - HOUR),
        ([[TEN - DAY, TEN - HOUR], [TEN - 5, TEN]], TEN - HOUR),  # a line has just begun
        ([[TEN - HOUR, TEN - 60]], None),  # no earlier session
        ([[TEN - 5 * DAY, TEN - 2 * DAY]], None),
        ([[TEN - DAY, TEN + HOUR]], None),  # the clock was set back
    ],
)
def test_from_when_on_bars_are_missing(spans: list[list[float]], since: float | None) -> None:
    assert missing_since(spans, TEN) == since
