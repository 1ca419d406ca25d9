"""Green means that quotes come: a feed that falls silent behind a gateway that answers, whole or one position of it."""

from __future__ import annotations

import json
import re

from msgspec.structs import replace

from app.api_views import healthz
from app.deps import AppDeps
from app.snapshots import Snapshots, engine_state
from engine.clock import SystemClock, in_zone
from tests.integration.engine_bench import BRISK, running_engine, running_simulator, wait_for

CL = "CLZ5"


def health_of(bench) -> dict:
    """What /healthz says of this engine."""
    clock = SystemClock()
    deps = AppDeps(state=bench.state, journal=bench.reader, clock=clock)
    reading = bench.state.read_many(("heartbeat", "broker", "health"))
    return healthz(Snapshots.of(reading, engine_state(reading.silent_s), clock.wall()), deps)


def row_of(bench, symbol):
    section = bench.read("positions")
    return next((row for row in section.tradable if row.local_symbol == symbol), None) if section else None


def silence_is_red_soon_and_over_with_the_first_quote(folder, whole):
    """Of every line, or of one position only."""
    timings = replace(BRISK, dead_feed_s=8.0, feed_reconnect_s=90.0)
    with running_simulator() as simulator, running_engine(simulator.port, folder, timings=timings) as bench:
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
            said = [in_zone(reason) for reason in reasons]
            assert any(re.search(rf"{CL}: no price since \d\d:\d\d:\d\d, valued by IB", reason) for reason in said)
            row = wait_for(lambda: row_of(bench, CL) if "no price" in row_of(bench, CL).message else None, "its row")
            assert "no price for over a minute" in row.message
            assert row.silent and row.mark_kind == "portfolio" and row.mark_wall > row.last_wall == row.price_wall
            oldest = next(age for age in bench.read("health").ages if age.part == "Position prices, the oldest")
            assert oldest.wall == row.last_wall
        held = len(bench.read("positions").tradable)
        wait_for(lambda: simulator.ledger()["position_lines_renewed"] == (held if whole else 1), "asked for again")
        ledger = simulator.ledger()
        assert ledger["position_lines_cancelled"] == 0, ledger["position_cancels"]
        assert health_of(bench)["status"] == "degraded"
        simulator.fault("unmute_ticks", **({} if whole else {"con_id": con_id}))
        wait_for(lambda: health_of(bench)["status"] == "ok", "green again")
        assert simulator.ledger()["duplicate_lines"] == 0


def test_silence_is_red_soon_and_over_with_the_first_quote(tmp_path):
    silence_is_red_soon_and_over_with_the_first_quote(tmp_path, whole=True)


def test_a_competing_session_is_red_at_once_by_its_own_name_and_no_reason_to_connect_anew(tmp_path):
    timings = replace(BRISK, dead_feed_s=2.0, feed_reconnect_s=1.0)
    with running_simulator() as simulator, running_engine(simulator.port, tmp_path, timings=timings) as bench:
        wait_for(lambda: health_of(bench)["status"] == "ok" and row_of(bench, CL).last is not None, "green")
        epoch = bench.engine.rooms.broker.link.epoch
        simulator.fault("competing", seconds=8.0)
        reasons = wait_for(lambda: health_of(bench)["reasons"], "red")
        assert "Another session has the market data" in reasons, json.dumps(reasons)
        seen = set()
        wait_for(lambda: seen.update(health_of(bench)["reasons"]) or health_of(bench)["status"] == "ok", "green again")
        assert "No quotes come" not in seen, json.dumps(sorted(seen))
        assert bench.engine.rooms.broker.link.epoch == epoch


def test_ibs_reset_is_amber_on_the_pages_and_never_green(tmp_path, monkeypatch):
    in_window = [True]
    monkeypatch.setattr("engine.kernel.engine.in_reset_window", lambda market: in_window[0])
    with running_simulator() as simulator, running_engine(simulator.port, tmp_path, timings=BRISK) as bench:
        wait_for(lambda: health_of(bench)["status"] == "ok", "green")
        simulator.fault("connection_lost")
        wait_for(lambda: bench.read("broker").state == "reset window", "the session's state")
        health = wait_for(lambda: health_of(bench) if health_of(bench)["reasons"] else None, "degraded all the same")
        assert health["reasons"] == ["broker: IB resets its servers", "TWS has lost its connection to IB"]
        lost = next(c for c in bench.read("health").conditions if c.code == 1100)
        assert (lost.severity, lost.open) == ("warning", True)
        (incident,) = wait_for(lambda: bench.read("incidents").newest, "its incident")
        assert incident.red_wall is None
        in_window[0] = False
        wait_for(lambda: health_of(bench)["reasons"] == ["TWS has lost its connection to IB"], "no excuse any more")
        assert bench.read("broker").state == "servers lost"
        wait_for(lambda: bench.read("incidents").newest[0].red_wall is not None, "red since")
        simulator.fault("drop")
        wait_for(lambda: bench.count("connected") == 2, "a new connection")
        wait_for(lambda: bench.read("broker").state == "servers lost", "which does not make them come back")
        assert health_of(bench)["reasons"] == ["TWS has lost its connection to IB"]
        simulator.fault("restored_kept")
        wait_for(lambda: health_of(bench)["status"] == "ok", "green again")
        (figures,) = wait_for(lambda: [f for f in bench.read("incidents").figures if f.median_s is not None], "its end")
        assert (figures.cause, figures.count) == ("track:IB servers", 1)
