"""What every store of states promises, held to each of them: a folder, and a real Redis."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace

from engine.clock import FakeClock, SystemClock
from engine.errors import CommandRefused, NameTaken
from engine.state.bus import COMMANDS_WAITING_MAX, LATE_S, StateBus
from engine.state.commands import ApplySettings, FindSymbol, OpenSymbol, PinSymbol, Reconnect
from engine.state.disk_store import DiskStore
from engine.state.open_symbols import OPEN_FOR_S
from engine.state.reader import LOOK_EVERY_S, StateReader
from engine.state.redis_store import RedisStore
from engine.state.sections import SECTIONS, Heartbeat, QuotesSection
from engine.state.store import StateStore
from engine.state.writer import StateWriter
from tests.app.sample_coverage import coverage_at
from tests.app.sample_state import TSLA, WALL, fill_sample, tick_sample
from tests.patience import DEADLINE_S, wait_for
from tests.servers import PASSWORD, RedisServer

pytestmark = pytest.mark.xdist_group("servers")
STORES = ("diskcache", "redis")


def beat(at: float) -> Heartbeat:
    return Heartbeat(at_wall=at, at_market=at, started_wall=0.0, loop_lateness_p99_ms=1.0)


@pytest.fixture(params=STORES)
def make_store(request: pytest.FixtureRequest, tmp_path) -> Iterator[Callable[[], StateStore]]:
    """As another process would open it: each call its own object, on the same place."""
    if request.param == "diskcache":
        yield lambda: DiskStore(tmp_path / "state")
        return
    server: RedisServer = request.getfixturevalue("redis_server")
    with server.client() as client:
        client.flushdb()
    yield lambda: RedisStore(server.url())


class Engine:
    """A bus and a writer that is driven by hand."""

    def __init__(self, store: StateStore, name: str = "main") -> None:
        self.clock = FakeClock()
        self.bus = StateBus(None, self.clock)
        self.outlet = store.outlet(name)
        self.writer = StateWriter(self.outlet, self.clock, self.bus.current, self.bus._on_heard)

    def publish(self, at: float | None = None) -> None:
        self.bus.publish("heartbeat", beat(self.clock.wall() if at is None else at))
        assert self.writer.flush(), self.writer.problem

    def hear(self, until: Callable[[], object]) -> None:
        def heard() -> object:
            self.writer.step()
            return until()

        wait_for(heard, "what a dashboard sent")

    def end(self) -> None:
        self.writer.close()


@pytest.fixture
def make_engine(make_store) -> Iterator[Callable[..., Engine]]:
    made: list[Engine] = []

    def make(name: str = "main") -> Engine:
        made.append(Engine(make_store(), name))
        return made[-1]

    yield make
    for engine in made:
        engine.end()


@pytest.fixture
def engine(make_engine) -> Engine:
    return make_engine()


@pytest.fixture
def read(make_store) -> Iterator[Callable[..., StateReader]]:
    """Opens a reader as a dashboard's process would, with a clock that only tests move."""
    made: list[StateReader] = []

    def opened(name: str = "main", clock: FakeClock | None = None) -> StateReader:
        made.append(StateReader(make_store().view(name), clock or FakeClock(), name))
        return made[-1]

    yield opened
    for reader in made:
        reader.close()


def test_a_dashboard_reads_the_very_same_sections(engine, read) -> None:
    fill_sample(engine.bus)
    engine.bus.publish("coverage", coverage_at(WALL, count=20))
    assert engine.writer.flush()
    reader = read()
    assert reader.seqs() == engine.bus.seqs()
    for name in engine.bus.seqs():
        assert reader.read(name) == engine.bus.read(name)
    assert set(SECTIONS) <= set(reader.seqs())
    assert reader.read_many(SECTIONS).snapshot == engine.bus.current().snapshot
    assert reader.problem == ""


def test_what_did_not_change_is_decoded_once_and_what_is_gone_is_gone(engine, read) -> None:
    fill_sample(engine.bus)
    engine.writer.flush()
    clock = FakeClock()
    reader = read(clock=clock)
    before = reader.read("lines")
    assert reader.read("lines") is before
    tick_sample(engine.bus, 1, engine.clock.wall(), engine.clock.mono())
    engine.bus.remove(f"symbol:{TSLA}")
    engine.writer.flush()
    clock.advance(1.0)
    assert reader.read("lines") is before
    assert reader.read("positions") == engine.bus.read("positions")
    assert reader.read(f"symbol:{TSLA}") is None and f"symbol:{TSLA}" not in reader.seqs()


def test_sections_of_an_earlier_run_are_gone_with_the_first_write(make_engine, read) -> None:
    first = make_engine()
    fill_sample(first.bus)
    first.writer.flush()
    first.end()
    second = make_engine()
    second.publish(7.0)
    reader = read()
    assert reader.seqs().keys() == {"heartbeat"} and reader.read("positions") is None


def test_what_is_read_together_is_of_one_moment_while_an_engine_writes(engine, read) -> None:
    fill_sample(engine.bus)
    quotes = engine.bus.read("quotes").quotes[:3]
    done, torn, moments = threading.Event(), [], set()

    def publish(at: float) -> None:
        prices = QuotesSection(quotes=tuple(replace(quote, price=at) for quote in quotes))
        engine.bus.publish_all({"heartbeat": beat(at), "quotes": prices})

    def watch(reader: StateReader) -> None:
        while not done.is_set():
            reading = reader.read_many(("heartbeat", "quotes"))
            if reading.snapshot is None:
                continue
            found = {quote.price for quote in reading.sections["quotes"].quotes}
            moments.add(reading.snapshot)
            if found != {reading.sections["heartbeat"].at_wall}:
                torn.append(reading)
        reader.close()

    publish(0.5)
    engine.writer.flush()
    threads = [threading.Thread(target=watch, args=(read(clock=SystemClock()),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    step = 0
    while len(moments) < 3 or step < 20:
        step += 1
        publish(float(step))
        assert engine.writer.flush()
    done.set()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert not torn


def test_commands_come_in_order_once_and_are_answered_where_they_are_not_taken(engine, read) -> None:
    engine.publish()
    reader = read()
    commands = [Reconnect("a"), PinSymbol("b", 5, True), FindSymbol("c", "TSLA"), ApplySettings("d", {"a.b": 40})]
    for command in commands:
        reader.submit(command)
    taken: list = []
    engine.hear(lambda: taken.extend(engine.bus.drain()) or len(taken) == len(commands))
    assert taken == commands
    for number in range(COMMANDS_WAITING_MAX + 1):
        reader.submit(Reconnect(f"r{number}"))
    refused: list = []
    engine.hear(lambda: refused.extend(engine.bus.drain_refused()) or refused)
    assert refused == [(f"r{COMMANDS_WAITING_MAX}", refused[0][1])] and "100 commands are waiting" in refused[0][1]
    assert len(engine.bus.drain()) == COMMANDS_WAITING_MAX


def test_a_command_that_waited_for_an_engine_too_long_is_not_done(make_engine, read, monkeypatch) -> None:
    engine = make_engine()
    engine.publish()
    reader = read()
    reader.submit(Reconnect("late"))
    monkeypatch.setattr("engine.state.bus.LATE_S", -1.0)
    refused: list = []
    engine.hear(lambda: refused.extend(engine.bus.drain_refused()) or refused)
    assert refused[0][0] == "late" and "late; nothing was done" in refused[0][1]
    assert engine.bus.drain() == [] and LATE_S > 0


def test_what_was_sent_while_the_engine_was_started_again_is_taken(make_engine, read) -> None:
    first = make_engine()
    first.publish()
    reader = read()
    first.end()
    reader.submit(Reconnect("a"))
    second = make_engine()
    second.publish()
    taken: list = []
    second.hear(lambda: taken.extend(second.bus.drain()) or taken)
    assert taken == [Reconnect("a")]


def test_commands_go_to_the_engine_that_they_are_for(make_engine, read) -> None:
    engines = {name: make_engine(name) for name in ("east", "west")}
    for engine in engines.values():
        engine.publish()
    read("west").submit(Reconnect("w"))
    taken: list = []
    engines["west"].hear(lambda: taken.extend(engines["west"].bus.drain()) or taken)
    engines["east"].writer.step()
    assert taken == [Reconnect("w")] and engines["east"].bus.drain() == []


def test_a_reader_of_a_silent_engine_refuses_in_words(engine, read) -> None:
    clock = FakeClock()
    reader = read(clock=clock)
    with pytest.raises(CommandRefused, match="Engine main does not answer"):
        reader.submit(Reconnect("a"))
    engine.publish(clock.wall())
    clock.advance(2.0)
    reader.submit(Reconnect("a"))
    clock.advance(60.0)
    with pytest.raises(CommandRefused, match="nothing was changed"):
        reader.submit(Reconnect("b"))


def test_a_page_that_polls_keeps_its_symbol_open_with_few_commands(engine, read) -> None:
    clock, opened = FakeClock(), []
    engine.publish(clock.wall())
    reader = read(clock=clock)
    submit = engine.bus.submit
    engine.bus.submit = lambda command: opened.append(command) or submit(command)
    for _ in range(6):
        engine.publish(clock.wall())
        reader.submit(OpenSymbol("a", TSLA, "page"))
        engine.writer.step()
        clock.advance(5.0)
        engine.clock.advance(5.0)
    engine.hear(lambda: len(opened) == 3)
    assert engine.bus.open_symbols() == {TSLA} and len(engine.bus.drain()) == 1
    engine.clock.advance(OPEN_FOR_S + 0.1)
    assert engine.bus.open_symbols() == frozenset()


def test_an_engine_hears_that_somebody_looks(engine, read) -> None:
    engine.publish()
    engine.writer.step()
    engine.clock.advance(60.0)
    assert not engine.bus.is_watched
    clock = FakeClock()
    reader = read(clock=clock)
    asked: list[int] = []
    engine.bus.listen(lambda: asked.append(1), lambda: None)
    reader.read("heartbeat")
    engine.hear(lambda: engine.bus.is_watched)
    assert asked, "new values are made for who looks again"
    engine.clock.advance(60.0)
    reader.read("heartbeat")
    engine.writer.step()
    assert not engine.bus.is_watched, "not at each read"
    clock.advance(LOOK_EVERY_S)
    reader.read("heartbeat")
    engine.hear(lambda: engine.bus.is_watched)


def test_engines_are_listed_by_name_and_lie_apart(make_engine, make_store, read) -> None:
    assert make_store().engines() == ()
    for name, at in (("west", 1.0), ("east", 2.0), ("desk-3_b", 3.0)):
        make_engine(name).publish(at)
    assert make_store().engines() == ("desk-3_b", "east", "west")
    assert [read(name).read("heartbeat").at_wall for name in ("west", "east", "desk-3_b")] == [1.0, 2.0, 3.0]


def test_two_engines_of_one_name_the_second_is_refused_and_writes_nothing(make_engine, read) -> None:
    first = make_engine()
    first.publish(1.0)
    second = make_engine()
    with pytest.raises(NameTaken, match="an engine named main publishes there already.*process"):
        second.outlet.claim(0.0)
    second.bus.publish("heartbeat", beat(2.0))
    assert not second.writer.flush() and "give this one another engine.name" in second.writer.problem
    assert read().read("heartbeat").at_wall == 1.0
    first.outlet.claim(0.0)  # it is ours already
    first.publish(3.0)
    first.end()
    second.outlet.claim(0.0)


def test_no_password_is_in_what_is_shown(make_engine, make_store, read, caplog) -> None:
    first, second = make_engine(), make_engine()
    first.publish()
    second.bus.publish("heartbeat", beat(2.0))
    second.writer.flush()
    shown = [make_store().place, first.outlet.place, second.writer.problem, second.writer.cure, read("x").problem]
    assert not any(part in text for text in [*shown, caplog.text] for part in (PASSWORD, "s3cret"))


def test_nothing_there_is_said_and_nothing_is_made(read, make_store) -> None:
    reader = read("nobody")
    reading = reader.read_many(("heartbeat", "positions"))
    assert not reading.sections and reading.silent_s is None and make_store().engines() == ()


def test_values_of_another_build_read_as_absent_and_are_said(engine, read, monkeypatch) -> None:
    engine.publish()
    monkeypatch.setattr(Heartbeat, "VERSION", 99)
    engine.bus.publish("heartbeat", beat(2.0))
    engine.writer.flush()
    monkeypatch.setattr(Heartbeat, "VERSION", 1)
    clock = FakeClock()
    reader = read(clock=clock)
    assert reader.read("heartbeat") is None
    assert "is of version 99, this program reads version 1" in reader.problem
    engine.publish(3.0)
    clock.advance(1.0)
    assert reader.read("heartbeat").at_wall == 3.0 and reader.problem == ""
