"""HistoryQueue: IB's allowance is kept whatever is wanted; order, retries, pauses, units that come later."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.history import (
    MONTH_OF_HALF_HOURS,
    ONE_YEAR,
    RANK_POSITION,
    RANK_STREAMED,
    RANK_UNIVERSE,
    SETTLE_S,
    TWO_DAYS,
    HistoryQueue,
)
from engine.bars.history_plan import Allowance, Job, next_jobs
from engine.bars.kept_units import IN_SHARES, KeptSymbol, KeptUnits
from engine.bars.known_spans import KnownSpans
from engine.bars.store import BarStore
from engine.bars.volume_unit import VolumeUnits
from engine.broker.port import HistoryRequest
from engine.clock import NEW_YORK, FakeClock
from engine.domain import Bar, ContractRef
from engine.errors import BrokerUnavailable, RequestRejected, RequestTimeout
from tests.unit.scanners.scanner_samples import TEN, FakeBroker, flat_history, stock


def fifteen(contract: ContractRef, request: HistoryRequest) -> list[Bar]:
    """20 sessions of 15-minute bars for the base, 30 minutes for the rest."""
    if request.bar_size != "15 mins":
        return flat_history(100.0, TEN, minutes=30)
    opening = datetime(2025, 11, 5, 9, 30, tzinfo=NEW_YORK)
    before = [opening - timedelta(days=day) for day in range(28, 0, -1)]
    days = [day.timestamp() for day in before if day.weekday() < 5]
    return [Bar(start + 900.0 * n, 1, 1, 1, 1, 15_000.0 + 1_500 * n) for start in days for n in range(26)]


class Bench:
    def __init__(self) -> None:
        self.clock = FakeClock(wall=TEN)
        self.broker = FakeBroker()
        self.broker.bars = fifteen
        self.store = BarStore()
        self.units = VolumeUnits()
        self.units.restore(IN_SHARES)
        self.unknown: list[int] = []
        self.desk = HistoryQueue(
            self.broker, self.store, self.units, self.clock, self.clock.wall, on_unknown_contract=self.unknown.append
        )
        self.desk.on_connected()
        self.clock.advance(SETTLE_S)

    def want(self, contract: ContractRef, rank: int = RANK_UNIVERSE, score: float = 0.0) -> None:
        self.units.know(contract)
        self.store.add(contract)
        self.desk.want(contract, rank, score)

    async def go(self, seconds: float = 0.25, step: float = 0.25) -> None:
        for _ in range(max(1, round(seconds / step))):
            self.desk.step()
            for _ in range(5):
                await asyncio.sleep(0)
            self.clock.advance(step)


def test_positions_go_first_and_get_everything() -> None:
    async def play() -> Bench:
        bench = Bench()
        for con_id in range(1, 10):
            bench.want(stock(con_id), score=con_id / 10)
        bench.want(stock(50), RANK_STREAMED)
        bench.want(stock(99), RANK_POSITION)
        assert bench.desk.is_filling(99)
        await bench.go(2)
        return bench

    bench = asyncio.run(play())
    assert not bench.desk.is_filling(99), "all of it is here"
    first = bench.broker.asked[:5]
    assert [con_id for con_id, _ in first] == [99, 99, 99, 99, 50]
    assert {request for con_id, request in first[:4]} >= {TWO_DAYS, ONE_YEAR, MONTH_OF_HALF_HOURS}
    assert [con_id for con_id, _ in bench.broker.asked[6:9]] == [9, 8, 7], "then by score, bars before bases"
    assert len(bench.store.bars(99)) == 30
    assert bench.store.get(99).daily and bench.store.get(99).half_hours
    assert bench.store.get(99).usual is not None and bench.store.get(99).usual.sessions == 20


def test_after_a_connect_the_universe_waits_for_those_that_get_a_line() -> None:
    async def play() -> None:
        bench = Bench()
        bench.desk.on_connected()
        bench.want(stock(1))
        bench.want(stock(2), RANK_STREAMED)
        await bench.go(SETTLE_S - 1)
        assert {con_id for con_id, _ in bench.broker.asked} == {2}
        await bench.go(2)
        assert {con_id for con_id, _ in bench.broker.asked} == {1, 2}

    asyncio.run(play())


def test_a_symbol_that_has_just_got_a_line_does_not_wait_behind_the_universe() -> None:
    async def play() -> None:
        bench = Bench()
        for con_id in range(1, 100):
            bench.want(stock(con_id))
        await bench.go(20)
        asked = len(bench.broker.asked)
        await bench.go(5)
        assert len(bench.broker.asked) == asked, "the universe has used its part of the minute"
        bench.want(stock(500), RANK_STREAMED)
        await bench.go(1)
        assert {con_id for con_id, _ in bench.broker.asked[asked:]} == {500}

    asyncio.run(play())


def test_never_more_than_six_open_or_sixty_a_minute() -> None:
    async def play() -> None:
        bench = Bench()
        for con_id in range(1, 201):
            bench.want(stock(con_id))
        bench.broker.gate = asyncio.Event()
        await bench.go(3)
        assert len(bench.broker.asked) == 6
        bench.broker.gate.set()
        times: list[float] = []
        for _ in range(180 * 4):
            before = len(bench.broker.asked)
            await bench.go()
            times += [bench.clock.mono()] * (len(bench.broker.asked) - before)
        for index, at in enumerate(times):
            assert sum(1 for other in times[index:] if other < at + 60.0) <= 60
        assert len(times) > 120, "and the allowance is used"

    asyncio.run(play())


@given(
    st.lists(
        st.tuples(
            st.integers(1, 3), st.sampled_from(["bars", "usual", "daily", "half hours", "repair"]), st.integers(0, 3)
        ),
        min_size=1,
        max_size=40,
    ),
    st.lists(st.floats(0.1, 8.0), min_size=1, max_size=60),
)
def test_the_allowance_holds_for_any_wishes(wishes: list[tuple[int, str, int]], steps: list[float]) -> None:
    allowance, now = Allowance(), 0.0
    log: list[tuple[float, int, HistoryRequest]] = []
    jobs = [
        Job(stock(con_id), kind, HistoryRequest(f"{number % 3 + 1} D", "1 min"), rank)  # type: ignore[arg-type]
        for number, (con_id, kind, rank) in enumerate(wishes)
    ]
    for step in steps:
        now += step
        for job in next_jobs(jobs, allowance, now):
            allowance.note_sent(job, now)
            log.append((now, job.contract.con_id, job.request))
        assert len(allowance.open) <= 6
        allowance.open.clear()
    for index, (at, con_id, request) in enumerate(log):
        later = log[index + 1 :]
        assert sum(1 for other in later if other[0] < at + 60.0) + 1 <= 60
        assert not any(other[1] == con_id and other[2] == request and other[0] < at + 15.0 for other in later)
        assert sum(1 for other in later if other[1] == con_id and other[0] < at + 2.0) + 1 <= 5


def test_a_pacing_answer_pauses_everything_for_a_minute() -> None:
    async def play() -> None:
        bench = Bench()
        bench.broker.failure = RequestRejected(
            162, "Historical Market Data Service error message:Historical data request pacing violation"
        )
        bench.want(stock(1))
        await bench.go(1)
        asked = len(bench.broker.asked)
        bench.broker.failure = None
        await bench.go(50)
        assert len(bench.broker.asked) == asked and "pacing pause" in bench.desk.text()
        await bench.go(30)
        assert len(bench.store.bars(1)) == 30

    asyncio.run(play())


@pytest.mark.parametrize(
    ("failure", "tries"),
    [
        (RequestTimeout("history", 60.0), 3),
        (RequestRejected(162, "Historical Market Data Service error message:HMDS query returned no data: S1@SMART"), 2),
        (RequestRejected(162, "Historical Market Data Service error message:No market data permissions for NYSE"), 1),
    ],
)
def test_failures_are_tried_again_as_often_as_it_makes_sense(failure: Exception, tries: int) -> None:
    async def play() -> Bench:
        bench = Bench()
        bench.broker.failure = failure
        bench.want(stock(1))
        await bench.go(300, 1.0)
        bench.desk.want(stock(1))
        await bench.go(60, 1.0)
        return bench

    bench = asyncio.run(play())
    assert sum(1 for _, request in bench.broker.asked if request == TWO_DAYS) == tries
    assert bench.store.get(1).message
    assert bench.desk.text() == ""


def test_an_unknown_contract_is_reported() -> None:
    async def play() -> Bench:
        bench = Bench()
        bench.broker.failure = RequestRejected(200, "No security definition has been found for the request")
        bench.want(stock(4))
        await bench.go(1)
        return bench

    assert 4 in asyncio.run(play()).unknown


def test_without_a_connection_everything_waits() -> None:
    async def play() -> None:
        bench = Bench()
        bench.desk.on_disconnected()
        bench.want(stock(1))
        bench.want(stock(2))
        await bench.go(5)
        assert bench.broker.asked == []
        assert bench.desk.text() == "warming: history queued, 2 of 2"
        bench.desk.on_connected()
        bench.broker.failure = BrokerUnavailable("Not connected to TWS")
        await bench.go(1)
        bench.broker.failure = None
        await bench.go(20)
        assert bench.desk.text() == "" and len(bench.store.bars(1)) == 30

    asyncio.run(play())


def test_what_was_answered_on_another_day_is_not_counted_among_the_warming() -> None:
    async def play() -> None:
        bench = Bench()
        bench.want(stock(1))
        bench.want(stock(2))
        await bench.go(5)
        assert bench.desk.text() == ""
        bench.desk.on_disconnected()
        bench.clock.advance(86_400.0)
        bench.want(stock(3))
        assert bench.desk.text() == "warming: history queued, 1 of 1"

    asyncio.run(play())


def test_an_answer_whose_unit_is_unknown_is_merged_again_when_it_is_known() -> None:
    async def play() -> None:
        bench = Bench()
        bench.units.on_connected(176)
        bench.units.on_connected(177)  # another version: to be learned anew
        bench.want(stock(1))
        await bench.go(3)
        assert {bar.volume for bar in bench.store.bars(1)} == {None}
        assert bench.store.get(1).usual is None
        lots = KeptSymbol(1, 100.0, 100.0, 100.0, "measured", "2025-11-05")
        bench.units.restore(KeptUnits(177, "", {"ticks": "lots", "history": "lots"}, (lots,)))
        bench.desk.on_units_known({1})
        plain = flat_history(100.0, TEN, minutes=30)
        assert [bar.volume for bar in bench.store.bars(1)] == [pytest.approx((bar.volume or 0) * 100) for bar in plain]
        assert bench.store.get(1).usual is not None

    asyncio.run(play())


def test_the_base_is_the_mean_of_the_same_minutes() -> None:
    async def play() -> None:
        bench = Bench()
        bench.want(stock(1), RANK_POSITION)
        await bench.go(3)
        usual = bench.store.get(1).usual
        assert usual.at(9 * 60 + 37) == pytest.approx(1_000.0, rel=0.01)  # 15,000 shares in 9:30-9:45, at its middle
        assert usual.at(9 * 60 + 45) == pytest.approx(1_053.0, rel=0.01)  # halfway to 16,500
        assert usual.at(9 * 60 + 29) is None and usual.at(16 * 60) is None
        assert usual.daily == pytest.approx(sum(15_000.0 + 1_500 * n for n in range(26)))

    asyncio.run(play())


def test_a_gap_is_repaired_by_one_request_for_its_length() -> None:
    async def play() -> None:
        bench = Bench()
        bench.want(stock(1), RANK_POSITION)
        await bench.go(3)
        entry = bench.store.get(1)
        entry.covered = KnownSpans([[TEN - 1_800.0, TEN], [TEN + 700.0, TEN + 760.0]])
        bench.desk.repair(1, TEN + 760.0)
        bench.desk.repair(1, TEN + 760.0)
        await bench.go(2)
        assert [request.duration for _, request in bench.broker.asked if request.duration.endswith("S")] == ["1200 S"]

    asyncio.run(play())


@pytest.mark.parametrize("failure", [None, RequestRejected(162, "HMDS query returned no data: S1@SMART Trades")])
def test_a_gap_without_bars_is_not_asked_for_ever(failure: Exception | None) -> None:
    async def play() -> None:
        bench = Bench()
        bench.want(stock(1), RANK_POSITION)
        await bench.go(3)
        bench.clock.advance(800.0)
        bench.store.get(1).covered = KnownSpans([[TEN - 1_800.0, TEN], [TEN + 700.0, TEN + 760.0]])
        bench.broker.bars = lambda contract, request: []
        bench.broker.failure = failure
        asked = len(bench.broker.asked)
        for _ in range(20):
            bench.desk.repair(1, bench.clock.wall())
            await bench.go(30, 1.0)
        assert len(bench.broker.asked) - asked <= 2
        assert bench.store.get(1).message == "", "the symbol itself has bars"

    asyncio.run(play())


def test_what_was_taken_in_a_wrong_lot_is_asked_again_and_corrected() -> None:
    async def play() -> None:
        bench = Bench()
        bench.units.on_connected(176)
        bench.units.on_connected(177)
        lots = {"ticks": "lots", "history": "lots"}
        bench.units.restore(KeptUnits(177, "", lots, (KeptSymbol(1, 100.0, None, 100.0, "price", "2025-11-05"),)))
        bench.want(stock(1))
        await bench.go(3)
        plain = flat_history(100.0, TEN, minutes=30)
        assert [bar.volume for bar in bench.store.bars(1)] == [pytest.approx((bar.volume or 0) * 100) for bar in plain]
        asked = len(bench.broker.asked)
        bench.store.on_unit_changed({1}, {1})
        assert {bar.volume for bar in bench.store.bars(1)} == {None}
        bench.units.on_connected(176)
        bench.units.on_connected(177)
        bench.units.restore(KeptUnits(177, "", lots, (KeptSymbol(1, 40.0, None, 40.0, "measured", "2025-11-05"),)))
        bench.desk.ask_again({1})
        await bench.go(20)
        assert len(bench.broker.asked) == asked + 2, "minute bars and the base, 15 s after the same request"
        assert [bar.volume for bar in bench.store.bars(1)] == [pytest.approx((bar.volume or 0) * 40) for bar in plain]

    asyncio.run(play())
