"""The poll over HTTP: who may ask, what another build's page is told, and what the browser's code must spell alike."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.deps import AppDeps
from app.factory import create_app
from app.feed_route import BUILD_HEADER, FEED_PATH
from app.wire import WIRE_FILE, wire_module
from engine.clock import FakeClock
from engine.state.bus import StateBus
from tests.app.dash_client import HEADERS, poll
from tests.app.sample_state import WALL, fill_sample

BUILD = "0.1.0+5a1c9e77"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    clock = FakeClock(wall=WALL)
    bus = StateBus(None, clock)
    fill_sample(bus, WALL, clock.mono())
    return create_app(AppDeps(state=bus, clock=clock, build_id=BUILD)).server.test_client()


def test_the_whole_view_then_nothing(client: FlaskClient) -> None:
    first = poll(client, "/positions")
    assert first.status_code == 200 and first.headers["Cache-Control"] == "no-store"
    delta = first.get_json()
    assert (delta["path"], delta["page"], delta["since"], delta["full"]) == ("/positions", "positions", None, True)
    again = poll(client, "/positions", delta["cursor"])
    assert (again.status_code, again.data) == (204, b"")
    assert again.headers["X-QT-Build"] == BUILD


def test_parts_on_demand_travel_while_they_are_in_sight(client: FlaskClient) -> None:
    assert "heatwide" not in poll(client, "/scanners").get_json()["set"]
    assert "heatwide" in poll(client, "/scanners", sight="scanners heatwide").get_json()["set"]


def test_a_page_of_another_build_is_told_which_one_is_here(client: FlaskClient) -> None:
    asked = {**HEADERS, BUILD_HEADER: "0.0.9+old"}
    answer = client.get(FEED_PATH, query_string={"path": "/"}, headers=asked)
    assert (answer.status_code, answer.headers["X-QT-Build"]) == (409, BUILD)
    assert answer.get_json()["reload"] is True
    assert client.get(FEED_PATH, headers={**HEADERS, BUILD_HEADER: BUILD}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil.example"}],
)
def test_a_page_of_another_site_is_refused(client: FlaskClient, headers: dict[str, str]) -> None:
    """A poll tells the engine which symbol is open: it is no plain reading."""
    assert client.get(FEED_PATH, headers={**HEADERS, **headers}).status_code == 403


@pytest.mark.parametrize(
    "words", [{"cursor": "9" * 5000}, {"path": "x" * 5000}, {"sight": "\x00 \U0001f600"}, {"path": ""}]
)
def test_strange_questions_are_answered_whole(client: FlaskClient, words: dict[str, str]) -> None:
    answer = client.get(FEED_PATH, query_string=words, headers=HEADERS)
    assert answer.status_code == 200 and answer.get_json()["full"] is True


def test_the_browser_spells_as_python_does() -> None:
    assert WIRE_FILE.read_text(encoding="utf-8") == wire_module(), "run: python -m app.wire"
