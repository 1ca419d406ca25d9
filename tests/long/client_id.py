"""The client id is in use for 5, 30 and 90 s (326): one fallback, connected meanwhile, and back on the own id in time.

With the timings of real use, on the simulated gateway. Arguments: the seconds.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from engine.broker.port import Connected
from engine.broker.timings import Timings
from tests.integration.broker_rig import Rig
from tests.integration.gateway_thread import running_gateway
from tests.long.report import finish

BUSY_S = (5.0, 30.0, 90.0)
OWN, OTHER = 52, 53
BACK_WITHIN_S = 10.0  # of the id's release
GAP_S = 3.0  # without a connection, when it goes back


async def one(busy_s: float) -> dict[str, Any]:
    with running_gateway() as gateway:
        gateway.fault("client_id_busy", client_id=OWN, seconds=busy_s)
        begun = time.monotonic()
        async with Rig(gateway.port, timings=Timings(), client_id=OWN) as rig:
            first = await rig.connected(timeout_s=busy_s + 60.0)
            connected_s = time.monotonic() - begun
            await rig.until(lambda: rig.of(Connected)[-1].client_id == OWN, busy_s + 60.0)
            back_s = time.monotonic() - begun
            ids = [event.client_id for event in rig.of(Connected)]
            walls = [event.at_wall for event in rig.of(Connected)]
            lost = [
                event.at_wall for event in rig.events if type(event).__name__ == "Disconnected" and event.retry_at_mono
            ]
            gap_s = walls[-1] - lost[-1] if len(walls) > 1 and lost else 0.0
    return {
        "busy_s": busy_s, "first_id": first.client_id, "connected_s": round(connected_s, 2),
        "own_id_s": round(back_s, 2), "fallbacks": ids.count(OTHER), "gap_s": round(gap_s, 2),
    }  # fmt: skip


def main(arguments: list[str]) -> int:
    found = [asyncio.run(one(float(seconds))) for seconds in (arguments or BUSY_S)]
    for row in found:
        print(", ".join(f"{key} {value}" for key, value in row.items()))
    passed = all(
        row["fallbacks"] <= 1 and row["own_id_s"] <= row["busy_s"] + BACK_WITHIN_S and row["gap_s"] <= GAP_S
        for row in found
    )
    worst = max(row["own_id_s"] - row["busy_s"] for row in found)
    figures = {"cases": found, "latest_after_release_s": round(worst, 2)}
    most = max(row["fallbacks"] for row in found)
    words = f"own id back at most {worst:.1f} s after its release, {most} fallback at most"
    return finish("client_id", passed, figures, words)
