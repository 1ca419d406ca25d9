"""IBBroker against `python -m simulator`: the same basics as on the second gateway, and coming back after a restart."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.broker.port import (
    AccountPnl,
    ClockSample,
    Disconnected,
    FillReport,
    HistoryRequest,
    PortfolioMark,
    PositionPnl,
    PositionUpdate,
    RequestError,
    ScanRows,
    ScanSpec,
    SystemNotice,
)
from engine.broker.timings import Timings
from engine.broker.tradability import verdict
from tests.integration.broker_rig import Rig
from tests.patience import DEADLINE_S

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def simulator(port: int = 0, *more: str):
    command = [sys.executable, "-m", "simulator", "--fresh", "--port", str(port), "--scan-interval", "1", *more]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield json.loads(child.stdout.readline())["port"]
        finally:
            child.stdin.close()
            child.wait(DEADLINE_S)


@pytest.fixture(scope="module")
def port():
    with simulator() as listening:
        yield listening


def connected(port, work):
    async def scenario():
        async with Rig(port, mode="simulated", timings=Timings()) as rig:
            await rig.connected(timeout_s=10.0)
            return await work(rig)

    return asyncio.run(scenario())


def held(rig) -> dict[str, PositionUpdate]:
    return {event.record.contract.local_symbol: event.record for event in rig.of(PositionUpdate)}


def test_the_farms_that_tws_names_in_its_greeting_are_heard(port):
    async def work(rig):
        await rig.until(lambda: len(rig.of(SystemNotice)) >= 4)
        assert {(notice.code, notice.farm) for notice in rig.of(SystemNotice)} >= {
            (2104, "usfarm"), (2104, "usfuture"), (2106, "ushmds"), (2158, "secdefnj")
        }  # fmt: skip

    connected(port, work)


def test_the_users_portfolio(port):
    async def work(rig):
        positions = held(rig)
        assert len(positions) == 12
        nq, tsla, cl = positions["NQZ5"], positions["TSLA"], positions["CLZ5"]
        assert (nq.quantity, nq.avg_cost, nq.contract.multiplier, nq.contract.exchange) == (1.0, 501327.25, 20.0, "CME")
        assert (tsla.quantity, tsla.avg_cost, tsla.contract.exchange) == (100.0, 462.76, "SMART")
        assert (cl.avg_cost, cl.contract.multiplier, cl.contract.exchange) == (61732.37, 1000.0, "NYMEX")
        tradable = []
        for name, record in positions.items():
            infos = await rig.broker.contract_info(record.contract)
            if verdict(record.contract, infos[0] if infos else None) is None:
                tradable.append(name)
        assert sorted(tradable) == ["CLZ5", "NQZ5", "TSLA"]
        await rig.until(lambda: rig.of(AccountPnl) and rig.of(FillReport) and len(rig.of(PortfolioMark)) >= 12)
        assert rig.of(ClockSample)[0].offset_s < -86400, "the simulator has a clock of its own"

    connected(port, work)


def test_ticks_history_scans_and_pnl(port):
    async def work(rig):
        positions = held(rig)
        lines = [rig.broker.subscribe(positions[name].contract, urgent=True) for name in ("NQZ5", "TSLA", "CLZ5")]
        await rig.until(lambda: all(rig.last_tick(line) and rig.last_tick(line).last for line in lines))
        tsla = positions["TSLA"].contract
        bars = await rig.broker.history(tsla, HistoryRequest("2 D", "1 min"))
        assert len(bars) > 390 and bars[0].time < bars[-1].time
        assert abs(bars[-1].close / rig.last_tick(lines[1]).last - 1.0) < 0.01
        rig.broker.request_position_pnl(rig.broker.link.account, tsla.con_id)
        await rig.until(lambda: any(event.con_id == tsla.con_id for event in rig.of(PositionPnl)))
        scan = rig.broker.open_scan(ScanSpec("Momentum", "TOP_PERC_GAIN", "STK", "STK.US.MAJOR"))
        await rig.until(lambda: rig.of(ScanRows), 10.0)
        row = rig.of(ScanRows)[0].rows[0].contract
        visited = rig.broker.subscribe(row, urgent=False)
        await rig.until(lambda: rig.last_tick(visited))
        rig.broker.close_scan(scan)
        for line in (*lines, visited):
            rig.broker.cancel(line)
        await rig.until(lambda: all(rig.broker.cancel_sent_at_mono(line) is not None for line in (*lines, visited)))
        await asyncio.sleep(0.3)
        assert not rig.of(RequestError)

    connected(port, work)


def test_back_after_a_restart_on_the_same_port():
    async def scenario():
        with simulator() as port:
            rig = Rig(port, mode="simulated", timings=Timings())
            await rig.__aenter__()
            await rig.connected(timeout_s=10.0)
        await rig.until(lambda: rig.of(Disconnected))
        with simulator(port):
            await rig.connected(2, timeout_s=8.0)
            line = rig.broker.subscribe(held(rig)["TSLA"].contract, urgent=True)
            await rig.until(lambda: rig.last_tick(line))
            await rig.__aexit__(None)

    asyncio.run(scenario())
