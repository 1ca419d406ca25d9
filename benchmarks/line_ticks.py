"""What one update of a line costs in the bus: ticks -> quote -> listener (goal: <= 10 us), and one step and snapshot.

Run: python -m benchmarks.line_ticks. Last figure (2 cores, Python 3.11): 2 us an update, step 0.4 ms, snapshot 0.2 ms.
"""

from __future__ import annotations

import gc
import statistics
import time

from engine.broker.port import Ticks
from engine.domain import ContractRef, Demand, TickUpdate
from tests.unit.lines.fake_gateway import FakeGateway

LINES = 45
UPDATES = 20_000


def gateway() -> FakeGateway:
    gateway = FakeGateway()
    gateway.all_mute = True
    contracts = [ContractRef(i, f"S{i}", f"S{i}", "STK", "SMART") for i in range(1, 401)]
    gateway.bus.demand("scanners", [Demand(c, "50", "bench", "bench", c.con_id / 1_000) for c in contracts])
    gateway.connect()
    gateway.run(3.0)
    return gateway


def ticks_of(req_ids: list[int]) -> list[Ticks]:
    packets = []
    for i in range(UPDATES // 4):
        updates = [
            TickUpdate(
                req_ids[(4 * i + k) % len(req_ids)],
                1_000.0 + i,
                bid=99.99,
                ask=100.01,
                bid_size_raw=3.0,
                ask_size_raw=4.0,
                last=100.0 + i % 7,
                last_size_raw=1.0,
                volume_raw=1_000.0 + i,
                open=99.0,
                high=101.0,
                low=98.0,
                close=99.5,
                has_trade=True,
            )
            for k in range(4)
        ]
        packets.append(Ticks(tuple(updates)))
    return packets


def per_call(call: object, times: int) -> float:
    """Median microseconds of one call."""
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        call()  # type: ignore[operator]
        took.append((time.perf_counter() - begun) * 1e6)
    return statistics.median(took)


def main() -> int:
    model = gateway()
    packets = ticks_of(sorted(model.open))
    gc.freeze()  # the prepared packets are no garbage of the bus
    begun = time.process_time()
    for packet in packets:
        model.bus.on_ticks(packet)
    update_us = (time.process_time() - begun) / UPDATES * 1e6
    step_us = per_call(lambda: model.bus.step(model.clock.mono()), 200)
    snapshot_us = per_call(model.report.snapshot, 200)
    print(f"one step with 400 demands and {LINES} lines: {step_us:.0f} us; one snapshot: {snapshot_us:.0f} us")
    print(f"one update: {update_us:.2f} us (goal <= 10 us); 200 a second take {update_us * 200 / 1e4:.2f} % of a core")
    return 0 if update_us <= 10.0 else 1


if __name__ == "__main__":
    raise SystemExit(main())
