"""The supervisor restarts what dies, the thread starts and stops cleanly, the market clock follows its samples."""

import asyncio
import threading

import pytest

from engine.clock import FakeClock, MarketClock
from engine.health.lateness import LatenessProbe
from engine.kernel.runtime import EngineThread
from engine.kernel.supervisor import Supervisor
from tests.patience import DEADLINE_S


def test_a_task_that_dies_is_restarted_and_counted(caplog):
    async def scenario() -> int:
        supervisor, runs = Supervisor(), []

        async def flaky() -> None:
            runs.append(1)
            if len(runs) < 2:
                raise ValueError("planted")

        supervisor.start("flaky", flaky)
        async with asyncio.timeout(DEADLINE_S):
            while len(runs) < 2:
                await asyncio.sleep(0.01)
        assert supervisor.restarts == {"flaky": 1}
        assert supervisor.failing(asyncio.get_running_loop().time()) == ()
        await supervisor.stop()
        return len(runs)

    assert asyncio.run(scenario()) == 2
    assert "flaky died and is restarted" in caplog.text


def test_whatever_a_step_raises_the_part_goes_on_and_is_red_after_three_failures():
    async def scenario(error: type[BaseException]) -> None:
        supervisor, calls, others = Supervisor(), [], []

        def step() -> None:
            calls.append(1)
            if len(calls) <= 3:
                raise error("planted")

        supervisor.every("step", 0.01, step)
        supervisor.every("other", 0.01, lambda: others.append(1))
        async with asyncio.timeout(DEADLINE_S):
            while len(calls) < 4:
                await asyncio.sleep(0.01)
        now = asyncio.get_running_loop().time()
        assert [(part.name, part.times) for part in supervisor.failing(now)] == [("step", 3)]
        assert error.__name__ in supervisor.failing(now)[0].error
        assert supervisor.failing(now + 61.0) == ()
        assert len(others) > 3 and supervisor.restarts == {"step": 3}
        await supervisor.stop()

    async def each_alone() -> None:
        errors = (asyncio.CancelledError, SystemExit, KeyboardInterrupt, RuntimeError, BaseException)
        await asyncio.gather(*(scenario(error) for error in errors))

    asyncio.run(each_alone())


def test_a_task_that_somebody_cancels_goes_on():
    async def scenario() -> None:
        supervisor, calls = Supervisor(), []
        supervisor.every("step", 0.01, lambda: calls.append(1))
        async with asyncio.timeout(DEADLINE_S):
            while not calls:
                await asyncio.sleep(0.01)
            next(task for task in asyncio.all_tasks() if task.get_name() == "step").cancel()
            seen = len(calls)
            while len(calls) < seen + 3:
                await asyncio.sleep(0.01)
        await supervisor.stop()
        assert not [task for task in asyncio.all_tasks() if task.get_name() == "step"]

    asyncio.run(scenario())


def test_a_part_that_is_cancelled_while_it_waits_to_go_on_goes_on_all_the_same():
    async def scenario() -> None:
        supervisor, calls = Supervisor(), []
        supervisor.every("step", 0.01, lambda: calls.append(1))

        def task():
            return next(task for task in asyncio.all_tasks() if task.get_name() == "step")

        async with asyncio.timeout(DEADLINE_S):
            while not calls:
                await asyncio.sleep(0.01)
            task().cancel()
            await asyncio.sleep(0.05)
            task().cancel()
            seen = len(calls)
            while len(calls) < seen + 3:
                await asyncio.sleep(0.01)
        assert supervisor.restarts == {"step": 2}
        await supervisor.stop()

    asyncio.run(scenario())


def test_a_failure_with_every_tick_is_logged_once_a_minute(caplog):
    async def scenario() -> None:
        supervisor = Supervisor()
        for number in range(500):
            supervisor.note("ticks", ValueError(f"planted {number % 2}"))
        assert supervisor.restarts == {"ticks": 500}

    asyncio.run(scenario())
    assert len(caplog.records) == 1 and "planted" in caplog.text


def test_every_does_not_catch_up_after_a_stall():
    async def scenario() -> int:
        supervisor, calls = Supervisor(), []

        def step() -> None:
            calls.append(1)
            if len(calls) == 1:
                threading.Event().wait(0.2)  # stalls the loop for ten periods

        supervisor.every("step", 0.02, step)
        await asyncio.sleep(0.25)
        await supervisor.stop()
        return len(calls)

    assert 2 <= asyncio.run(scenario()) <= 8


class _Owner:
    def __init__(self, seen: list[str]) -> None:
        self.seen = seen

    async def run(self, stopping: asyncio.Event) -> None:
        self.seen.append(threading.current_thread().name)
        asyncio.get_running_loop().create_task(asyncio.sleep(60))  # left behind on purpose
        await stopping.wait()
        self.seen.append("closed")


def test_an_engine_thread_starts_and_stops_again_and_again():
    before = threading.active_count()
    for _ in range(4):
        seen: list[str] = []
        thread = EngineThread(lambda seen=seen: _Owner(seen))
        thread.start()
        assert thread.is_alive
        assert thread.stop(DEADLINE_S)
        assert seen == ["engine", "closed"]
        assert thread.failure is None
    assert threading.active_count() == before


def test_a_failing_build_is_kept_as_failure(caplog):
    def build():
        raise OSError("planted")

    thread = EngineThread(build)
    thread.start()
    assert thread.stop(DEADLINE_S)
    assert isinstance(thread.failure, OSError)


def test_lateness_probe_measures():
    async def scenario() -> float:
        probe = LatenessProbe()
        task = asyncio.get_running_loop().create_task(probe.run())
        await asyncio.sleep(0.2)
        threading.Event().wait(0.2)
        await asyncio.sleep(0.2)
        task.cancel()
        return probe.p99_ms()

    assert asyncio.run(scenario()) >= 100.0


@pytest.mark.parametrize("offset", [0.0, -3600.0, -33_000_000.0])
def test_a_real_time_gateway_keeps_rate_one(offset):
    clock, market = FakeClock(), MarketClock()
    assert market.now(clock.wall()) == clock.wall()
    for _ in range(200):
        truncated = float(int(clock.wall() + offset))
        market.learn(clock.wall(), truncated - clock.wall())
        assert market.rate == 1.0
        assert abs(market.now(clock.wall()) - (clock.wall() + offset)) <= 2.0
        clock.advance(8.3)


def test_a_faster_gateway_teaches_its_rate():
    clock, market = FakeClock(), MarketClock()
    start = clock.wall()
    for _ in range(30):
        true = start - 1000.0 + (clock.wall() - start) * 20.0
        market.learn(clock.wall(), float(int(true)) - clock.wall())
        clock.advance(8.0)
    assert market.rate == pytest.approx(20.0, rel=0.01)
    assert market.now(clock.wall()) == pytest.approx(start - 1000.0 + (clock.wall() - start) * 20.0, abs=3.0)
    assert market.wall_at(market.now(clock.wall())) == pytest.approx(clock.wall())
