"""The worst second of arrivals at a gateway that stalls and reads all at once: paced by answers, and by time alone.

Visits as fast as they go (subscribe and cancel by turns) for some seconds a case. By time alone is what the pacer did
before: one message per 25 ms, at most 36 in any second where they leave. Argument: seconds a case.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from engine.broker.arrivals import Arrivals
from engine.broker.pacing import Bucket
from engine.broker.port import Connected
from engine.broker.timings import Timings
from engine.domain import ContractRef
from tests.integration.broker_rig import Rig
from tests.integration.fake_world import TSLA
from tests.integration.gateway_thread import GatewayThread, running_gateway
from tests.long.report import finish

SECONDS = 12.0
STALLS = ((0.0, 0.0), (0.3, 1.5), (1.0, 3.0), (3.0, 6.0))  # seconds, each so many
PATIENT = Timings(probe_timeout_s=60.0, silence_s=60.0)
LINE = ContractRef(TSLA.con_id, "TSLA", "TSLA", "STK", "SMART")
MOST = 45
PROMPT = 35.0  # messages a second when nothing stalls


class ByTime(Arrivals):
    """Nothing is counted: the bucket alone decides."""

    def count(self, now: float) -> int:
        return 0

    def wants_echo(self, now: float) -> bool:
        return False


async def case(stall_s: float, every_s: float, seconds: float, *, by_time: bool) -> dict[str, Any]:
    with running_gateway(message_limit=1000) as gateway:
        async with Rig(gateway.port, timings=PATIENT) as rig:
            pacer = rig.broker._pacer
            if by_time:
                pacer._arrivals, pacer._bucket = ByTime(), Bucket(per_second=36)
            await rig.connected()
            if stall_s:
                await asyncio.to_thread(gateway.fault, "stall", seconds=stall_s, every=every_s)
            rate = await visits(rig, gateway, seconds)
            await asyncio.to_thread(gateway.fault, "clear")
            connections = len(rig.of(Connected))
        worst = gateway.ledger()["worst_second"]
    return {
        "stall_s": stall_s, "by": "time" if by_time else "answers", "worst_second": worst,
        "messages_per_s": round(rate, 1), "connections": connections,
    }  # fmt: skip


async def visits(rig: Rig, gateway: GatewayThread, seconds: float) -> float:
    """Returns the lines' messages a second that the gateway met."""
    begun, before = time.monotonic(), await met(gateway)
    while time.monotonic() - begun < seconds:
        line = rig.broker.subscribe(LINE, urgent=False)
        await rig.until(lambda line=line: rig.broker.sent_at_mono(line) is not None)
        rig.broker.cancel(line)
    return (await met(gateway) - before) / (time.monotonic() - begun)


async def met(gateway: GatewayThread) -> int:
    messages = (await asyncio.to_thread(gateway.ledger))["messages"]
    return int(messages.get("1", 0)) + int(messages.get("2", 0))


def main(arguments: list[str]) -> int:
    seconds = float(arguments[0]) if arguments else SECONDS
    found = []
    for stall_s, every_s in STALLS:
        for by_time in (True, False):
            found.append(asyncio.run(case(stall_s, every_s, seconds, by_time=by_time)))
            print(", ".join(f"{key} {value}" for key, value in found[-1].items()), flush=True)
    ours = [row for row in found if row["by"] == "answers"]
    worst = max(row["worst_second"] for row in ours)
    before = max(row["worst_second"] for row in found if row["by"] == "time")
    prompt = ours[0]["messages_per_s"]
    passed = worst <= MOST and prompt >= PROMPT and all(row["connections"] == 1 for row in ours)
    words = f"worst second {worst} by answers, {before} by time alone; {prompt} messages/s when nothing stalls"
    return finish("stalls", passed, {"cases": found, "worst_second": worst}, words)
