"""A session of the real engine, recorded and played to another engine: both keep the same journal."""

from __future__ import annotations

import time

import pytest

from simulator.world.build import build_world
from tests.integration.engine_bench import brisk_engine
from tests.integration.gateway_thread import running_gateway
from tests.integration.journal_compare import compare, session_of
from tests.integration.tape_rig import playing, recording, text_of
from tests.patience import wait_for

START = 1_762_354_800.0  # 2025-11-05 10:00 New York
PACE = 0.1


def folder(parent, name):
    path = parent / name
    path.mkdir()
    return path


def is_settled(bench):
    positions = bench.read("positions")
    return (
        bench.is_connected
        and positions is not None
        and positions.complete
        and bool(positions.fills)
        and all(row.unrealized_pnl is not None for row in positions.tradable)
    )


@pytest.mark.thorough
def test_the_journal_of_a_played_session_is_that_of_the_recorded_one(tmp_path):
    path = tmp_path / "session.tape.gz"
    world = build_world(
        seed=3, start=START, speed=PACE, wall_clock=time.monotonic, scenario="weekday", state_file=None, fresh=True
    )
    with (
        running_gateway(world=world, account_interval_s=1.0) as gateway,
        recording(gateway.port, path) as recorder,
        brisk_engine(recorder.port, folder(tmp_path, "live")) as bench,
    ):
        wait_for(lambda: is_settled(bench), "positions and the fill")
        settled = recorder.made.seconds()
        # The other engine may take as long again to settle: what both have seen must be some of a session.
        wait_for(lambda: recorder.made.seconds() > 2.0 * settled + 8.0, "some of a session")
        length_s = recorder.made.seconds()
        live = session_of(bench, time.time() - recorder.made.seconds())
    assert "1234567" not in text_of(path)
    with playing(path) as player, brisk_engine(player.port, folder(tmp_path, "played")) as bench:
        wait_for(lambda: is_settled(bench), "positions and the fill, again")
        wait_for(lambda: player.made.time.now() > length_s, "as much of it")
        played = session_of(bench, time.time() - player.made.time.now())
    found = compare(live, played, window_s=2.0, settled_s=max(2.0, settled - live.pnl[0][0]))
    assert found.broken == []
    assert found.fills >= 1 and found.positions == 3 and found.points >= 2
