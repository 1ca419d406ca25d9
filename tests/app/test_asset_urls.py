"""What a browser keeps of a build, and what it asks for anew."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from app.deps import AppDeps
from app.factory import create_app
from engine.clock import FakeClock
from engine.state.bus import StateBus
from tests.app.dash_client import HEADERS
from tests.app.sample_state import WALL, fill_sample

BUILD = "0.1.0+5a1c9e77"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    clock = FakeClock(wall=WALL)
    bus = StateBus(None, clock)
    fill_sample(bus, WALL)
    return create_app(AppDeps(state=bus, clock=clock, build_id=BUILD)).server.test_client()


def kept(client: FlaskClient, url: str) -> tuple[int, str]:
    with client.get(url, headers=HEADERS) as answer:
        return answer.status_code, str(answer.headers["Cache-Control"])


def test_files_of_this_build_are_kept_and_no_others(client: FlaskClient) -> None:
    own = re.findall(r'"(/assets/[^"]+)"', client.get("/", headers=HEADERS).text)
    assert len(own) > 20 and all(url.startswith(f"/assets/@{BUILD}/") for url in own)
    assert {kept(client, url) for url in own} == {(200, "private, max-age=31536000, immutable")}
    assert kept(client, "/assets/core/model.mjs") == (200, "no-cache")
    assert kept(client, "/assets/@0.0.9+old/core/model.mjs") == (200, "no-cache")
    assert kept(client, f"/assets/@{BUILD}/nothing.mjs") == (404, "no-store")
    assert kept(client, f"/assets/@{BUILD}/../app.py")[0] == 404
    assert kept(client, "/") == (200, "no-store")


def test_what_dash_loads_later_is_asked_for_anew_and_not_sent_again(client: FlaskClient) -> None:
    url = "/_dash-component-suites/dash/dcc/async-graph.js"
    first = client.get(url, headers=HEADERS)
    again = client.get(url, headers={**HEADERS, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "no-cache"
