"""The pace over TCP against a gateway that stalls and reads what waited at once: its own ledger counts."""

from __future__ import annotations

import asyncio

import pytest

from engine.broker.port import Disconnected
from engine.domain import ContractRef
from tests.integration.broker_rig import Rig, Timings
from tests.integration.fake_world import TSLA
from tests.integration.gateway_thread import GatewayThread, running_gateway

LINE = ContractRef(TSLA.con_id, "TSLA", "TSLA", "STK", "SMART")
PATIENT = Timings(probe_every_s=1.0, probe_timeout_s=60.0, silence_s=60.0)
VISITS = 45


async def visits(rig: Rig, gateway: GatewayThread) -> None:
    """Every line is asked for and given back, all at once: twice as many messages as a second takes."""
    lines = [rig.broker.subscribe(LINE, urgent=n % 9 == 0) for n in range(VISITS)]
    await rig.until(lambda: all(rig.broker.sent_at_mono(line) is not None for line in lines))
    for line in lines:
        rig.broker.cancel(line)
    await rig.until(lambda: all(rig.broker.cancel_sent_at_mono(line) is not None for line in lines))
    await rig.until(lambda: gateway.ledger()["messages"].get("2", 0) == VISITS)


@pytest.mark.parametrize(("stall_s", "every_s"), [(0.3, 0.7), (1.0, 1.3), (3.0, 0.0)])
def test_a_gateway_that_stalls_never_meets_more_than_45_messages_in_a_second(stall_s: float, every_s: float) -> None:
    with running_gateway() as gateway:

        async def work() -> None:
            async with Rig(gateway.port, timings=PATIENT) as rig:
                await rig.connected()
                gateway.fault("stall", seconds=stall_s, every=every_s)
                await visits(rig, gateway)
                gateway.fault("clear")
                assert not rig.of(Disconnected)

        asyncio.run(work())
        ledger = gateway.ledger()
    assert ledger["worst_second"] <= 45 and "100" not in ledger["errors"]


def test_into_a_gateway_that_reads_nothing_leave_45_messages_and_no_more() -> None:
    with running_gateway() as gateway:

        async def work() -> None:
            async with Rig(gateway.port, timings=PATIENT) as rig:
                await rig.connected()
                before = sum(gateway.ledger()["messages"].values())
                gateway.fault("stall", seconds=600)
                lines = [rig.broker.subscribe(LINE, urgent=False) for _ in range(80)]
                await rig.until(lambda: sum(rig.broker.sent_at_mono(line) is not None for line in lines) >= 35)
                await asyncio.sleep(2.0)  # more would have left by now
                sent = sum(rig.broker.sent_at_mono(line) is not None for line in lines)
                gateway.fault("clear")
                await rig.until(lambda: sum(gateway.ledger()["messages"].values()) >= before + sent)
                assert 35 <= sent <= 42, "positions and the probe keep their room"
                await rig.until(lambda: all(rig.broker.sent_at_mono(line) is not None for line in lines))

        asyncio.run(work())
        ledger = gateway.ledger()
    assert ledger["worst_second"] <= 45 and "100" not in ledger["errors"]
