"""What the cards of the desk ask for: right types reach the engine, all else is refused in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.callbacks.requests import reply_to
from app.deps import AppDeps
from engine.clock import FakeClock
from engine.state.bus import StateBus
from engine.state.commands import AskNews, InspectSignal
from engine.state.sections import Heartbeat
from tests.app.sample_state import TSLA

ID = "a" * 32


@pytest.fixture
def deps(tmp_path: Path) -> AppDeps:
    clock = FakeClock()
    bus = StateBus(None, clock)
    now = clock.wall()
    bus.publish("heartbeat", Heartbeat(at_wall=now, at_market=now, started_wall=now, loop_lateness_p99_ms=0.1))
    return AppDeps(state=bus, clock=clock)


@pytest.mark.parametrize(
    ("asked", "command"),
    [
        ({"action": "signal", "signal": "1-long-2", "con": TSLA}, InspectSignal(ID, "1-long-2", TSLA)),
        ({"action": "signal", "signal": "", "con": TSLA}, InspectSignal(ID, "", TSLA)),
        ({"action": "news", "con": TSLA}, AskNews(ID, TSLA)),
    ],
)
def test_what_is_asked_reaches_the_engine(deps: AppDeps, asked: dict[str, Any], command: Any) -> None:
    assert reply_to(deps, {"id": ID, **asked})["text"] == ""
    assert list(deps.state.drain()) == [command]


@pytest.mark.parametrize(
    "asked",
    [
        {"action": "signal"},
        {"action": "signal", "signal": 7, "con": 1},
        {"action": "signal", "signal": "x" * 101},
        {"action": "signal", "con": "1"},
        {"action": "signal", "con": True},
        {"action": "news", "con": 0},
        {"action": "news", "con": -1},
        {"action": "news", "con": 10**11},
        {"action": "news", "con": None},
    ],
    ids=str,
)
def test_nonsense_is_refused_in_words(deps: AppDeps, asked: dict[str, Any]) -> None:
    assert reply_to(deps, {"id": ID, **asked})["text"]
    assert list(deps.state.drain()) == []
