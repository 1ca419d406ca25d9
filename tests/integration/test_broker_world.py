"""IBBroker against the simulator's world portfolio: a position of every kind gets its line, its mark and its bars."""

from __future__ import annotations

import asyncio

import pytest

from engine.broker.port import HistoryRequest, PositionUpdate, RequestError, Rerouted
from engine.broker.timings import Timings
from engine.broker.tradability import verdict
from tests.integration.broker_rig import Rig
from tests.integration.engine_bench import SimulatorRun

BARS = HistoryRequest("1 D", "15 mins")
MIDPOINT = {"CASH", "CMDTY", "CFD"}


@pytest.fixture(scope="module")
def world():
    run = SimulatorRun("--portfolio", "world")
    yield run
    run.stop()


def test_every_kind_of_position_is_asked_for_what_it_has(world):
    async def scenario():
        async with Rig(world.port, timings=Timings()) as rig:
            await rig.connected(timeout_s=20.0)
            refs = {event.record.contract.local_symbol: event.record.contract for event in rig.of(PositionUpdate)}
            lines = {
                rig.broker.subscribe(ref, urgent=True): ref
                for ref in refs.values()
                if ref.exchange and verdict(ref, None) is None
            }
            await rig.until(lambda: all((t := rig.last_tick(line)) and t.mark is not None for line in lines), 20.0)
            one_of_each = {ref.sec_type: ref for ref in lines.values() if ref.local_symbol != "LEZ5"}
            bars = {kind: await rig.broker.history(ref, BARS) for kind, ref in one_of_each.items() if kind != "OPT"}
            under = [line for line, ref in lines.items() if ref.sec_type in ("OPT", "FOP")]
            await rig.until(lambda: all((t := rig.last_tick(line)) and t.delta is not None for line in under), 20.0)
            return refs, {ref.local_symbol: rig.last_tick(line) for line, ref in lines.items()}, bars, rig

    refs, ticks, bars, rig = asyncio.run(scenario())
    assert {"STK", "FUT", "OPT", "FOP", "CASH", "CMDTY", "CRYPTO", "CFD", "BOND", "BAG", "SLB"} <= {
        ref.sec_type for ref in refs.values()
    }
    assert (refs["ZWZ5"].price_magnifier, refs["VOD"].price_magnifier, refs["TSLA"].price_magnifier) == (100, 100, 1)
    assert {kind for kind, rows in bars.items() if rows and rows[-1].volume is None} == MIDPOINT
    assert all(bars.values())
    worthless = next(tick for name, tick in ticks.items() if name.endswith("P00150000"))
    assert (worthless.mark, worthless.last, worthless.bid) == (0.0, None, None)
    far = next(tick for name, tick in ticks.items() if name.endswith("C00300000"))
    assert far.last == 5.0
    assert far.mark == pytest.approx((far.bid + far.ask) / 2.0)
    assert 0.0 < far.delta < 0.5 < ticks["AAPL  251219C00240000"].delta < 1.0
    assert -0.1 < worthless.delta <= 0.0
    assert far.under_price == pytest.approx(ticks["AAPL"].mark if "AAPL" in ticks else 270.0, rel=0.05)
    assert (ticks["TSLA"].delta, ticks["TSLA"].under_price) == (None, None)
    assert ticks["WCCZ5"].mark < 0.0
    assert (ticks["LEZ5"].bid, ticks["LEZ5"].ask) == (None, None), "-100 without a size is no quote"
    assert [event.exchange for event in rig.of(Rerouted)] == ["SMART", "SMART"]
    assert ticks["VODn"].mark == pytest.approx(ticks["VOD"].mark / 100, rel=0.02), "in pounds, the share in pence"
    assert rig.of(RequestError) == []
    assert refs["CLV5"].exchange == "", "an expired future has no details"
