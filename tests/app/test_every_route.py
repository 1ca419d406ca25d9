"""Whatever is sent to any route or callback of the program, also to one that is added tomorrow: never a 5xx."""

from __future__ import annotations

import logging
import random

import pytest

from app.deps import AppDeps
from app.factory import create_app
from engine.clock import FakeClock
from engine.state.bus import StateBus
from tests.app.dash_client import HEADERS
from tests.app.sample_state import WALL, fill_sample
from tests.clients.hostile import asks

COUNT = 500


@pytest.mark.parametrize("has_engine", [True, False])
def test_nothing_that_is_sent_makes_a_5xx(has_engine: bool) -> None:
    bus = StateBus(None, FakeClock(wall=WALL))
    if has_engine:
        fill_sample(bus, WALL)
    app = create_app(AppDeps(state=bus, clock=FakeClock(wall=WALL)))
    client = app.server.test_client()
    rules = [(rule.rule, sorted(rule.methods or ())) for rule in app.server.url_map.iter_rules()]
    callbacks = [
        each for each in client.get("/_dash-dependencies", headers=HEADERS).json if not each["clientside_function"]
    ]
    assert len(rules) > 20 and len(callbacks) > 10
    logging.disable(logging.CRITICAL)
    try:
        for ask in asks(random.Random(7 + has_engine), rules, callbacks, COUNT):
            path = f"/{ask.path.lstrip('/')}"  # Flask's client takes what begins with // for a host
            with client.open(path, method=ask.method, data=ask.body, headers={**HEADERS, **ask.headers}) as answer:
                assert answer.status_code < 500, str(ask)
                assert b"Traceback" not in answer.data, str(ask)
            bus.drain()
    finally:
        logging.disable(logging.NOTSET)
