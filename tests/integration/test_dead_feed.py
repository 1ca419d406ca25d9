"""Green means that quotes come: a feed that falls silent behind a gateway that answers, whole or one position of it."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from app.api_views import healthz
from app.deps import AppDeps
from app.snapshots import Snapshots, engine_state
from engine.clock import SystemClock
from engine.config import AppConfig
from tests.integration.engine_bench import BRISK, running_engine, running_simulator, wait_for

CL = "CLZ5"


def health_of(bench) -> dict:
    """What /healthz says of this engine."""
    clock = SystemClock()
    deps = AppDeps(state=bench.state, journal=bench.reader, config=AppConfig(), clock=clock)
    reading = bench.state.read_many(("heartbeat", "broker", "health"))
    return healthz(Snapshots.of(reading, engine_state(reading.silent_s), clock.wall()), deps)


def row_of(bench, symbol):
    section = bench.read("positions")
    return next((row for row in section.tradable if row.local_symbol == symbol), None) if section else None


@pytest.mark.parametrize("whole", [True, False], ids=["all lines", "one position"])
def test_silence_is_red_soon_and_over_with_the_first_quote(whole, tmp_path):
    timings = replace(BRISK, dead_feed_s=8.0, feed_reconnect_s=90.0)
    with running_simulator() as simulator, running_engine(simulator.port, tmp_path, timings=timings) as bench:
        wait_for(lambda: row_of(bench, CL) and row_of(bench, CL).last is not None, "prices")
        con_id = row_of(bench, CL).con_id
        flow = bench.engine.rooms.bus.feed
        wait_for(lambda: flow.expects(con_id), "enough ticks to miss them")
        wait_for(lambda: health_of(bench)["status"] == "ok", "green")
        simulator.fault("mute_ticks", **({} if whole else {"con_id": con_id}))
        reasons = wait_for(lambda: health_of(bench)["reasons"], "red")
        if whole:
            assert "No quotes come" in reasons, json.dumps(reasons)
        else:
            assert any(f"{CL}: no price for " in reason and "valued by IB" in reason for reason in reasons)
            row = wait_for(lambda: row_of(bench, CL) if "no price" in row_of(bench, CL).message else None, "its row")
            assert "no price for over a minute" in row.message
        held = len(bench.read("positions").tradable)
        wait_for(lambda: simulator.ledger()["position_lines_renewed"] == (held if whole else 1), "asked for again")
        ledger = simulator.ledger()
        assert ledger["position_lines_cancelled"] == 0, ledger["position_cancels"]
        assert health_of(bench)["status"] == "degraded"
        simulator.fault("unmute_ticks", **({} if whole else {"con_id": con_id}))
        wait_for(lambda: health_of(bench)["status"] == "ok", "green again")
        assert simulator.ledger()["duplicate_lines"] == 0
