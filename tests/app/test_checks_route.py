"""What the doctor found, over HTTP: shown clean, looked for again, not too often."""

from __future__ import annotations

from app.checks import Finding, Looked
from app.deps import AppDeps
from app.factory import create_app
from app.rates import Rates
from engine.clock import FakeClock
from engine.state.bus import StateBus
from tests.app.dash_client import HEADERS
from tests.app.sample_state import WALL

PATH = "/api/v1/checks"


class Desk:
    def __init__(self) -> None:
        self.looked = Looked(
            (Finding("wrong", "Data folder", "/x/paper-DU1234567 \x1b[1m is full.", "Free some."),), WALL
        )
        self.wishes = 0

    def last(self) -> Looked:
        return self.looked

    def look(self) -> None:
        self.wishes += 1
        self.looked = self.looked._replace(is_looking=True)


def test_it_is_shown_and_looked_for_again_but_not_too_often() -> None:
    desk, clock = Desk(), FakeClock(wall=WALL)
    deps = AppDeps(state=StateBus(None, clock), clock=clock, checks=desk, rates=Rates(clock.mono))
    client = create_app(deps).server.test_client()
    answer = client.get(PATH, headers=HEADERS).json
    assert answer == {
        "looking": False,
        "at": WALL,
        "findings": [
            {
                "verdict": "wrong",
                "what": "Data folder",
                "found": "/x/paper-DU***567 \\x1b[1m is full.",
                "cure": "Free some.",
            }
        ],
    }
    assert client.post(PATH, headers=HEADERS, json={}).json["looking"] is True
    assert client.post(PATH, headers=HEADERS, json={}).status_code == 429
    clock.advance(5.0)
    assert client.post(PATH, headers=HEADERS, json={}).status_code == 200
    assert desk.wishes == 2


def test_without_a_program_there_is_nothing_yet() -> None:
    clock = FakeClock(wall=WALL)
    client = create_app(AppDeps(state=StateBus(None, clock), clock=clock)).server.test_client()
    assert client.get(PATH, headers=HEADERS).json == {"looking": False, "at": None, "findings": []}
