"""One position that falls silent, and a feed that stays dead, in the whole engine over TCP: run by `dead_feed.py`."""

from __future__ import annotations

from msgspec.structs import replace

from tests.integration.engine_bench import BRISK, running_engine, running_simulator, wait_for
from tests.integration.test_dead_feed import (
    CL,
    health_of,
    row_of,
    silence_is_red_soon_and_over_with_the_first_quote,
)


def test_one_positions_silence_is_red_soon_and_over_with_its_first_quote(tmp_path):
    silence_is_red_soon_and_over_with_the_first_quote(tmp_path, whole=False)


def test_a_feed_that_stays_dead_is_met_by_a_new_connection(tmp_path):
    timings = replace(BRISK, dead_feed_s=6.0, feed_reconnect_s=2.0)
    with running_simulator() as simulator, running_engine(simulator.port, tmp_path, timings=timings) as bench:
        wait_for(lambda: row_of(bench, CL) and row_of(bench, CL).last is not None, "prices")
        flow = bench.engine.rooms.bus.feed
        wait_for(lambda: flow.expects(row_of(bench, CL).con_id), "enough ticks to miss them")
        simulator.fault("mute_ticks")
        wait_for(lambda: bench.read("broker").state == "feed dead", "the session's state")
        wait_for(lambda: bench.count("connected") >= 2, "a new connection")
        assert health_of(bench)["status"] == "degraded", "a new connection alone proves no feed"
        simulator.fault("unmute_ticks")
        wait_for(lambda: health_of(bench)["status"] == "ok" and bench.read("broker").state == "live", "green again")
