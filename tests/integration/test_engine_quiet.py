"""An engine that nobody looks at: its heart beats, and the first look gets values of this moment."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import uuid4

import pytest

from engine.kernel import engine as engine_module
from engine.state import audience
from engine.state.commands import FindSymbol
from tests.integration.engine_bench import brisk_engine, running_engine, wait_for
from tests.integration.test_dead_feed import health_of


def test_the_first_look_after_a_quiet_while_is_of_this_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience, "WATCHED_S", 0.5)
    monkeypatch.setattr(audience, "STALE_S", 0.2)
    with running_engine(1, tmp_path) as bench:
        state = bench.state
        wait_for(lambda: state.current().sections.get("health"), "the first pass")

        def is_behind() -> bool:
            """By what no look is: the current reading."""
            now = state.current().sections
            return now["heartbeat"].as_of_wall - now["health"].as_of_wall > 1.5

        wait_for(is_behind, "passes at the slower pace while the heart beats")
        old = state.current().sections["health"]
        looked_at = time.time()
        health = bench.read("health")
        assert health.seq != old.seq and health.as_of_wall >= looked_at - 0.05, "made for who looked"


def test_commands_are_heard_and_not_only_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "COMMANDS_S", 3_600.0)  # nobody would look for them
    with running_engine(1, tmp_path) as bench:
        wait_for(lambda: bench.read("answers") is not None, "the first pass")
        for _ in range(5):
            request_id = uuid4().hex
            bench.send(FindSymbol(request_id, "nonesuch"))
            wait_for(lambda wanted=request_id: any(a.request_id == wanted for a in bench.read("answers").answers))


def test_the_heart_beats_without_a_gateway_and_health_says_what_is_missing(tmp_path: Path) -> None:
    """A heartbeat of the connection instead of the engine would call an engine dead that only waits for TWS."""
    with brisk_engine(1, tmp_path) as bench:  # nothing listens there
        first = wait_for(lambda: bench.read("heartbeat"), "the first beat")
        wait_for(
            lambda: bench.read("heartbeat").at_wall > first.at_wall + 1.0, "the heart beats though nothing listens"
        )
        wait_for(lambda: len(health_of(bench)["reasons"]) == 2, "the first try has failed, which is said as well")
        health = health_of(bench)
        assert health["status"] == "degraded" and health["heartbeat_age_s"] < 10.0
        assert all("onnect" in reason for reason in health["reasons"]), health
