"""An engine whose thread ends by itself is started again, with the settings of now that need no new start."""

import asyncio

from app.launch.engine_wiring import EngineWithStores, as_started, gateway_of, of_no_gateway
from engine.clock import SystemClock
from engine.journal.writer import Journal
from engine.kernel.runtime import EngineThread
from engine.settings.effective import resolve
from engine.settings.sources import Layer
from engine.state.bus import StateBus
from engine.state.sections import Answer
from tests.patience import wait_for


class Owner:
    """Ends by an error as often as told, then runs until it is stopped."""

    def __init__(self, runs: list, errors: list) -> None:
        self.runs, self.errors = runs, errors

    async def run(self, stopping: asyncio.Event) -> None:
        self.runs.append(1)
        if self.errors:
            raise self.errors.pop()
        await stopping.wait()


def test_an_engine_that_ended_is_started_again_until_it_is_stopped(caplog):
    runs: list = []
    errors: list = [SystemExit("planted"), RuntimeError("planted")]
    thread = EngineThread(lambda: Owner(runs, errors))
    clock = SystemClock()
    engine = EngineWithStores(thread, StateBus(None, clock), Journal(clock), look_every_s=0.01)
    engine.start()
    wait_for(lambda: len(runs) == 3 and thread.is_alive, "the third start")
    assert engine.stop(5.0)
    assert "ended by itself (planted); it is started again" in caplog.text
    assert len(runs) == 3 and not thread.is_alive


def test_a_way_to_another_gateway_that_fails_is_tried_again(caplog):
    runs: list = []
    tries: list = [True, OSError("no port is free")]
    thread = EngineThread(lambda: Owner(runs, [] if runs else [RuntimeError("it left")]))
    clock = SystemClock()

    def move() -> bool:
        found = tries.pop() if tries else True
        if isinstance(found, OSError):
            raise found
        return found

    engine = EngineWithStores(thread, StateBus(None, clock), Journal(clock), look_every_s=0.01, move=move)
    engine.start()
    wait_for(lambda: len(runs) >= 2, "the engine at the other gateway")
    assert engine.stop(5.0) and not tries
    assert "The way to the other gateway failed; it is tried again" in caplog.text


def test_a_restart_takes_the_settings_of_now_but_not_those_of_the_next_start():
    at_start = resolve([Layer("command line"), Layer("environment"), Layer("saved"), Layer("config.yaml")])
    now = at_start.with_saved({"web.port": 9000, "broker.mode": "live", "lines.limit": 44})
    taken = as_started(now, at_start).config
    assert (taken.web.port, taken.broker.mode, taken.lines.limit) == (8052, "live", 44)


def test_what_was_found_at_one_gateway_is_no_answer_at_the_next():
    applied = Answer("a", True, "1 setting applied.", 1.0)
    found = Answer("b", True, "1 found.", 2.0, [[10_001, "XYZ", "STK", "NYSE", True]])
    nothing = Answer("c", False, "Nothing is called 'XYZ' here or at the broker.", 3.0, [])
    assert of_no_gateway((applied, found, nothing)) == (applied,)


def test_which_settings_name_another_gateway():
    at_start = resolve([Layer("command line"), Layer("environment"), Layer("saved"), Layer("config.yaml")])
    paper = at_start.with_saved({"broker.mode": "paper"})
    for now, changes, is_other in (
        (paper, {"broker.client_id": 77}, False),
        (paper, {"broker.port": 4002}, True),
        (paper, {"broker.host": "10.1.1.1"}, True),
        (paper, {"broker.mode": "live"}, True),
        (at_start, {"broker.client_id": 77}, False),
        (at_start, {"simulator.accounts": 3}, True),
    ):
        assert (gateway_of(now.config) != gateway_of(now.with_saved(changes).config)) is is_other, changes
