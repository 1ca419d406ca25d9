"""A Redis that goes away and comes back, empty: the engine writes all anew, pages keep what they had and say so."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from engine.clock import FakeClock, SystemClock
from engine.errors import ConfigError
from engine.state import redis_store, stores
from engine.state.bus import StateBus
from engine.state.commands import KeepChannel, Reconnect
from engine.state.disk_store import DiskStore
from engine.state.reader import StateReader
from engine.state.redis_store import RedisStore
from tests.app.sample_state import fill_sample
from tests.patience import wait_for
from tests.servers import PASSWORD, RedisServer
from tests.unit.stores.test_state_stores import Engine, beat

pytestmark = pytest.mark.xdist_group("servers")


@pytest.fixture
def store(redis_server: RedisServer) -> RedisStore:
    with redis_server.client() as client:
        client.flushall()
    return RedisStore(redis_server.url())


@pytest.fixture
def engine(store: RedisStore) -> Iterator[Engine]:
    made = Engine(store)
    yield made
    made.end()


def test_a_server_that_comes_back_empty_gets_everything_again(engine, store, redis_server, caplog) -> None:
    fill_sample(engine.bus)
    assert engine.writer.flush()
    clock = FakeClock()
    reader = StateReader(store.view("main"), clock, "main")
    before = reader.read_many(("heartbeat", "positions"))
    redis_server.restart()
    engine.bus.publish("heartbeat", beat(7.0))
    assert not engine.writer.flush(), "a half of the state must not be taken for the whole"
    clock.advance(3.0)
    meanwhile = reader.read_many(("heartbeat", "positions"))
    assert meanwhile.sections == before.sections and meanwhile.silent_s == before.silent_s + 3.0
    engine.clock.advance(1.0)
    assert engine.writer.flush() and engine.writer.problem == ""
    clock.advance(1.0)
    assert reader.seqs() == engine.bus.seqs()
    assert all(reader.read(name) == engine.bus.read(name) for name in engine.bus.seqs())
    reader.submit(Reconnect("a"))
    taken: list = []
    engine.hear(lambda: taken.extend(engine.bus.drain()) or taken)
    assert taken == [Reconnect("a")]
    assert PASSWORD not in caplog.text and "works again" in caplog.text


def test_while_the_server_is_away_the_last_values_stay_and_it_is_said(engine, store, redis_server) -> None:
    fill_sample(engine.bus)
    engine.writer.flush()
    clock = FakeClock()
    reader = StateReader(store.view("main"), clock, "main")
    before = reader.read_many(("heartbeat", "positions"))
    redis_server.stop()
    try:
        engine.bus.publish("heartbeat", beat(7.0))
        assert not engine.writer.flush() and "127.0.0.1" in engine.writer.problem
        assert "See that the Redis or Valkey server of state.url runs" in engine.writer.cure
        clock.advance(20.0)
        reading = reader.read_many(("heartbeat", "positions", "lines"))
        assert reading.sections["positions"] == before.sections["positions"]
        assert reading.snapshot is None, "the lines were never read"
        assert reading.silent_s >= 20.0 and "redis://" in reader.problem and PASSWORD not in reader.problem
        with pytest.raises(Exception, match="does not answer"):
            reader.submit(Reconnect("a"))
    finally:
        redis_server.start()
    engine.clock.advance(10.0)
    assert engine.writer.flush()
    clock.advance(redis_store.REST_S)
    assert reader.read("heartbeat").at_wall == 7.0 and reader.problem == ""
    assert reader.read_many(("heartbeat",)).silent_s < 20.0


def test_the_threads_of_a_running_engine_find_back_by_themselves(store, redis_server) -> None:
    bus = StateBus(store.outlet("main"), SystemClock())
    try:
        bus.publish("heartbeat", beat(1.0))
        wait_for(lambda: store.view("main").table() is not None, "the first writing")
        redis_server.restart()
        bus.publish("heartbeat", beat(2.0))
        wait_for(lambda: bus.write_errors, "the failure is counted")
        reader = StateReader(store.view("main"), None, "main")
        wait_for(lambda: (beat := reader.read("heartbeat")) and beat.at_wall == 2.0, "written again")
        wait_for(lambda: not bus.problem, "all well again")
    finally:
        bus.stop(5.0)
    with redis_server.client() as client:
        assert client.get("qtrade:{main}:lock") is None, "the name is given back"


def test_who_has_died_gives_its_name_back_and_who_slept_too_long_writes_nothing(
    store, redis_server, monkeypatch
) -> None:
    monkeypatch.setattr(redis_store, "CLAIM_S", 0.2)
    first, second = Engine(store), Engine(store)
    first.publish(1.0)
    second.outlet.claim(5.0)
    second.publish(2.0)
    first.bus.publish("heartbeat", beat(3.0))
    assert not first.writer.flush()
    assert StateReader(store.view("main")).read("heartbeat").at_wall == 2.0
    second.end()
    first.clock.advance(10.0)
    assert first.writer.flush()
    first.end()


def test_what_a_command_holds_does_not_stay_on_the_server(engine, store, redis_server) -> None:
    engine.publish()
    reader = StateReader(store.view("main"), FakeClock(), "main")
    reader.submit(KeepChannel("a", "phone", "ntfys://my-secret-topic"))
    reader.submit(Reconnect("b"))
    taken: list = []
    engine.hear(lambda: taken.extend(engine.bus.drain()) or len(taken) == 2)
    with redis_server.client() as client:
        assert client.xlen("qtrade:commands") == 0
        assert client.xpending("qtrade:commands", "main")["pending"] == 0


def test_rubbish_in_the_stream_is_left_out_and_said(engine, store, redis_server, caplog) -> None:
    engine.publish()
    with redis_server.client() as client:
        client.xadd("qtrade:commands", {"to": "main", "command": b"\xff{"})
        client.xadd("qtrade:commands", {"to": "main"})
        client.xadd("qtrade:commands", {"x": "y"})
    StateReader(store.view("main"), FakeClock(), "main").submit(Reconnect("a"))
    taken: list = []
    engine.hear(lambda: taken.extend(engine.bus.drain()) or taken)
    assert taken == [Reconnect("a")]
    assert caplog.text.count("was refused") == 2


def test_the_package_is_asked_for_when_its_url_is_used(monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "redis", None)
    monkeypatch.delitem(__import__("sys").modules, "engine.state.redis_store")
    with pytest.raises(ConfigError, match=r"redis is not installed.*pip install -r requirements-scale\.txt") as refused:
        stores.open_store("redis://:hidden@host:6379/0")
    assert "hidden" not in str(refused.value)
    assert isinstance(stores.open_store("diskcache:///tmp/x"), DiskStore)


def test_an_option_that_the_client_does_not_know_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigError, match=r"Correct state\.url"):
        stores.open_store("redis://host:6379/0?health_check_interval=soon")


def test_the_log_has_one_line_of_an_outage(engine, redis_server, caplog) -> None:
    engine.publish()
    redis_server.stop()
    try:
        with caplog.at_level(logging.INFO):
            for step in range(5):
                engine.bus.publish("heartbeat", beat(float(step)))
                assert not engine.writer.flush()
                engine.clock.advance(5.0)
    finally:
        redis_server.start()
    assert caplog.text.count("failed") == 1
