"""Publisher: what the sections say of the clocks and of the engine's own faults; nothing is connected."""

import asyncio
import dataclasses
import io
from datetime import datetime
from pathlib import PurePath
from types import SimpleNamespace

import pytest
from msgspec import structs

from app.snapshots import Snapshots
from engine.broker.ib_broker import IBBroker
from engine.broker.port import Connected, LinkState, SystemNotice, Ticks
from engine.broker.session_states import Event
from engine.clock import NEW_YORK, FakeClock, in_zone
from engine.domain import ContractRef, Fill, Incident, TickUpdate
from engine.health.monitor import LINK_KEY
from engine.journal.reader import JournalReader
from engine.journal.writer import Journal
from engine.kernel.engine import Engine
from engine.kernel.playback import Playback
from engine.kernel.publisher import QUIET_EVERY
from engine.kernel.rooms import EngineSetup
from engine.lines.bus import Standing
from engine.lines.feed_watch import Blind, FeedState
from engine.logs.routing import route_logs
from engine.settings.effective import resolve
from engine.settings.sources import Layer
from engine.state.bus import StateBus
from engine.state.counter_sections import Tally
from engine.storage.build_id import BuildId
from engine.storage.sizes import database_bytes, folder_bytes
from tests.app import sample_state as sample
from tests.patience import DEADLINE_S


@pytest.fixture
def engine(tmp_path):
    clock = FakeClock()
    state, journal = StateBus(None, clock), Journal(clock)
    settings = resolve([Layer("command line"), Layer("environment"), Layer("saved"), Layer("config.yaml")])
    setup = EngineSetup(
        settings, "127.0.0.1", 1, tmp_path, state, journal, JournalReader(), BuildId("0.0", "abc"), tmp_path, clock
    )
    yield Engine(setup), state
    journal.stop()


@pytest.mark.parametrize("speed", [1.0, 5.0])
def test_pages_know_the_gateways_time_whatever_its_speed(engine, speed):
    engine, state = engine
    rooms, clock = engine.rooms, engine._setup.clock
    began = clock.wall()
    for _ in range(4):
        gateway_time = 1_000_000.0 + (clock.wall() - began) * speed
        rooms.market.learn(clock.wall(), gateway_time - clock.wall())
        clock.advance(8.0)
    engine.publisher.all()
    clock.advance(3.0)
    seen = Snapshots.read(state, ("broker",), "alive", clock.wall())
    assert seen.market_time(clock.wall()) == pytest.approx(1_000_000.0 + 35.0 * speed, abs=0.2)


def test_a_pass_is_one_snapshot(engine):
    engine, state = engine
    engine.publisher.all()
    for publish in (engine.publisher.step, engine.publisher.step, engine.publisher.all):
        before = state.current()
        engine._setup.clock.advance(1.0)
        publish()
        after = state.current()
        assert after.snapshot == before.snapshot + 1
        assert after.sections["heartbeat"] is not before.sections["heartbeat"]
        new = [section for name, section in after.sections.items() if section is not before.sections.get(name)]
        assert {section.as_of_wall for section in new} == {engine.rooms.clock.wall()}, "what is new is of one time"


def test_a_symbols_page_has_its_fills_however_many_others_came_since(engine):
    engine, state = engine
    rooms = engine.rooms
    rooms.login.use("DU1", ("DU1",))
    rooms.manager.keep_accounts(("DU1",))
    rooms.manager.set_view("DU1")
    contract = ContractRef(1, "TSLA", "TSLA", "STK", "SMART", "NASDAQ")
    rooms.bars.add(contract)
    rooms.watch.show([contract])
    for number in range(300):
        con_id = 1 if number < 20 else 2
        rooms.manager.book("DU1").on_fill(
            Fill(f"a.{number}.01", con_id, "X", "BOT", 1, 1.0, float(number), "E", account="DU1")
        )
    engine.publisher.all()
    section = state.read("symbol:1")
    assert section is not None and len(section.fills) == 20


def test_while_nobody_looks_only_the_beat_and_own_faults_are_told(engine, monkeypatch):
    engine, state = engine
    publisher, clock = engine.publisher, engine._setup.clock
    publisher.all()
    beats, sampled = [], []
    monkeypatch.setattr(engine.rooms.manager, "sample", sampled.append)
    whole = 0
    for _ in range(20):
        clock.advance(1.0)
        before = state.current().sections
        publisher.step()
        after = state.current().sections
        beats.append(after["heartbeat"].at_wall)
        whole += after["health"] is not before["health"]
    assert len(set(beats)) == 20 and whole == 20 // QUIET_EVERY
    assert sorted(set(sampled)) == sorted(set(beats)), "the comparison with IB's P&L goes on"
    state.read("health")
    clock.advance(1.0)
    before = state.current().sections["health"]
    publisher.step()
    assert state.current().sections["health"] is not before, "somebody looked"


def test_of_the_passes_that_nobody_looks_at_few_make_the_long_sections(engine, monkeypatch):
    engine, state = engine
    publisher, clock = engine.publisher, engine._setup.clock
    publisher.all()
    made, served = [], []
    make_universe = publisher._universe
    monkeypatch.setattr(publisher, "_universe", lambda: made.append(clock.mono()) or make_universe())
    monkeypatch.setattr(state._audience, "served", lambda: served.append(clock.mono()))
    began = clock.mono()
    for _ in range(30):
        clock.advance(1.0)
        publisher.step()
    assert [moment - began for moment in made] == [15.0, 30.0]
    assert served == made, "who looks after any other pass has everything made anew"


def test_own_faults_are_journalled_whether_or_not_somebody_looks(engine, monkeypatch):
    engine, state = engine
    written = []
    monkeypatch.setattr(engine._setup.journal, "record_notice", lambda condition, _market: written.append(condition))
    publisher = engine.publisher
    publisher.all()
    publisher.set_changed_files(["engine/x.py"])
    engine._setup.clock.advance(1.0)
    publisher.step()
    assert not state.is_watched
    assert [condition.key for condition in written] == ["files"]


def test_another_client_id_than_the_own_one_is_said_until_the_own_one_is_back(engine, monkeypatch):
    engine, state = engine
    link = LinkState("connected", True, "paper", "127.0.0.1", 1, 53, "DU1", 176, 1, 0.0, busy_client_id=52)

    def said():
        engine._setup.clock.advance(1.0)
        engine.publisher.all()
        return [c for c in state.read("health").conditions if c.key == "client_id"]

    assert not said()
    monkeypatch.setattr(IBBroker, "link", link)
    (condition,) = said()
    assert condition.open and "52" in condition.title and "53" in condition.title and condition.cure
    monkeypatch.setattr(IBBroker, "link", structs.replace(link, phase="connecting", connected=False))
    assert said()[0].open, "not over before it is"
    monkeypatch.setattr(IBBroker, "link", structs.replace(link, client_id=52, busy_client_id=None))
    assert not said()[0].open


def test_the_age_of_position_prices_is_that_of_the_oldest_line(engine):
    """The newest of all positions stands for none."""
    engine, _ = engine
    section = sample.positions(sample.WALL)
    ages = (3.0, 500.0, 7.0)
    rows = [
        structs.replace(row, has_line=True, mark_wall=sample.WALL - age)
        for row, age in zip(section.tradable, ages, strict=False)
    ]
    rows[2] = structs.replace(rows[2], has_line=False, mark_wall=sample.WALL - 9_000.0)  # valued by IB
    shown = engine.publisher._ages(structs.replace(section, tradable=tuple(rows)))
    assert {row.part: row.wall for row in shown}["Position prices, the oldest"] == sample.WALL - 500.0


def test_a_silent_position_is_as_old_as_its_last_price_however_lately_ib_valued_it(engine):
    engine, _ = engine
    section = sample.positions(sample.WALL)
    first, *others = section.tradable
    mute = structs.replace(first, silent=True, last_wall=sample.WALL - 71.0, mark_kind="portfolio")
    mute = structs.replace(mute, mark_wall=sample.WALL - 0.1)  # younger than any price
    for has_line in (True, False):
        held = (structs.replace(mute, has_line=has_line), *others)
        shown = engine.publisher._ages(structs.replace(section, tradable=held))
        assert {row.part: row.wall for row in shown}["Position prices, the oldest"] == sample.WALL - 71.0


def test_a_silent_line_is_said_with_the_time_of_its_last_price(engine):
    """By the market's clock; a count of seconds would stand still in the headline."""
    engine, _ = engine
    rooms, clock = engine.rooms, engine.rooms.clock
    ten_o_two = datetime(2025, 11, 5, 10, 2, 10, tzinfo=NEW_YORK).timestamp()
    rooms.market.restart()
    rooms.market.learn(clock.wall(), ten_o_two + 61.0 - clock.wall())
    engine.publisher._tell_silent(Blind(7, "CLZ5", clock.mono() - 61.0), clock.mono(), clock.wall())
    (told,) = [each for each in rooms.health.conditions.newest_first() if each.key == "silent:7"]
    assert in_zone(told.title) == "CLZ5: no price since 10:02:10"


def test_a_tick_handler_that_fails_400_times_a_second_is_said_counted_and_folded(engine, monkeypatch, tmp_path):
    engine, _ = engine
    routing = route_logs(tmp_path / "logs", console=io.StringIO())

    def fail(ticks):
        raise ValueError(f"planted at {ticks}")

    async def storm():
        for second in range(25):
            for number in range(400):
                update = TickUpdate(req_id=number, received_mono=second + number / 400.0)
                engine._on_event(Ticks((update,) * 10))
            await asyncio.sleep(0)
        return asyncio.get_running_loop().time()

    monkeypatch.setattr(engine.rooms.bus, "on_ticks", fail)
    try:
        now = asyncio.run(storm())
    finally:
        routing.close()
    assert engine.rooms.supervisor.restarts == {"events of the broker, Ticks": 10_000}
    (part,) = engine.rooms.supervisor.failing(now)
    assert part.error.startswith("ValueError: planted at") and len(part.error) <= 300
    assert routing.file is not None and routing.file.stat().st_size < 50_000


def test_a_try_to_connect_in_a_reset_window_is_no_error(engine):
    engine, _ = engine
    rooms = engine.rooms
    rooms.broker._in_reset_window = True
    live = (Event.CONNECT, Event.OPENED, Event.SHAKEN, Event.ANNOUNCED)
    for event in (*live, Event.FAILED, Event.CONNECT, Event.OPENED):
        rooms.broker._take(event)
    rooms.health.conditions.raise_(LINK_KEY, 1.0, "Not connected to TWS", "refused", severity="warning")
    engine.publisher.all()
    (link,) = [each for each in rooms.health.conditions.newest_first() if each.key == LINK_KEY]
    assert (rooms.broker.link.phase, link.severity) == ("connecting", "warning")
    rooms.broker._take(Event.BUSY)
    engine.publisher.all()
    (link,) = [each for each in rooms.health.conditions.newest_first() if each.key == LINK_KEY]
    assert link.severity == "error", "no reset explains that the client id is in use"


@pytest.mark.parametrize(("logins_after", "taken"), [(("DU1",), 1), (("DU2",), 0)])
def test_outages_of_another_login_are_not_taken_over(engine, monkeypatch, logins_after, taken):
    engine, _ = engine
    rooms = engine.rooms
    rooms.login.use("DU1", ("DU1",))

    def read(limit):
        """Another login comes while the journal is read."""
        rooms.login.use(logins_after[0], logins_after)
        return [Incident("feed", "feed", None, "", 50.0, 50.0, 60.0, 90.0, "No quotes come", True)]

    monkeypatch.setattr(engine._setup.reader, "incidents", read)
    asyncio.run(engine._restore_incidents())
    assert len(rooms.incidents.section().newest) == taken


@pytest.mark.parametrize(("silent_since", "state"), [(None, "live"), (5.0, "half-open suspected")])
def test_a_probe_without_an_answer_before_the_positions_came_is_not_forgotten(engine, silent_since, state):
    broker = engine[0].rooms.broker
    broker._session = SimpleNamespace(liveness=SimpleNamespace(silent_since_wall=silent_since))
    broker._sink = lambda event: None
    for event in (Event.CONNECT, Event.OPENED, Event.SHAKEN):
        broker._take(event)
    broker._on_event(Connected(epoch=1, account="DU1", server_version=176, at_wall=6.0, client_id=52))
    assert broker._machine.state == state


def test_the_end_of_a_recording_is_said_with_its_cure_and_is_no_outage(engine, monkeypatch):
    idle, state = engine
    clock = idle._setup.clock
    played = Playback(PurePath("bad.tape.gz"), 1.0, clock.wall)
    engine = Engine(dataclasses.replace(idle._setup, playback=played))
    rooms, seen = engine.rooms, []
    monkeypatch.setattr(rooms.broker, "observe", seen.append)
    rooms.bus.connected = True

    def look():
        rooms.bus.feed.state = FeedState(dead_since=clock.mono())
        engine._look_after_session()
        engine.publisher.all()
        return {item.key for item in state.read("health").conditions if item.open}

    assert "feed" in look() and seen[-1].feed_dead
    assert len(state.read("incidents").newest) == 1
    played.hear({"over": True})
    assert look() == {"recording"} and not seen[-1].feed_dead
    (told,) = (item for item in state.read("health").conditions if item.key == "recording")
    assert told.title == "The recording is over" and "bad.tape.gz" in told.text and "Start QTrade again" in told.cure
    assert told.severity == "warning", "no fault: /healthz stays ok"
    (outage,) = state.read("incidents").newest
    assert outage.ended_wall is not None and outage.key == "feed"
    assert state.read("broker").recording.over_wall == clock.wall()
    played.hear({"day": "2026-11-30"})
    assert "recording" not in look()


def test_a_farm_that_is_down_is_said_at_once_with_what_it_hits_and_red_within_the_minute(engine, monkeypatch):
    engine, state = engine
    rooms, clock = engine.rooms, engine._setup.clock
    held = [ContractRef(con_id, name, name, "STK", "SMART", "") for con_id, name in ((1, "TSLA"), (2, "MSFT"))]
    monkeypatch.setattr(rooms.manager, "contracts", lambda: held)
    monkeypatch.setattr(rooms.manager, "tradable_ids", lambda: [1, 2])
    rooms.bus.connected = True
    places = {1: Standing(("usfarm",), 0.0, False), 2: Standing(("usfarm",), 0.0, False)}
    monkeypatch.setattr(rooms.bus, "standing", places.get)

    def said():
        engine.publisher.all()
        (told,) = [each for each in state.read("health").conditions if each.key == "track:usfarm"]
        return told.severity, told.title, told.open

    engine._on_event(SystemNotice(2103, "Market data farm connection is broken:usfarm", "usfarm"))
    assert said() == ("warning", "Market data farm usfarm is down: prices may stand still", True)
    clock.advance(6.0)
    places[1] = Standing(("usfarm",), 0.0, True)
    del places[2]
    assert said() == ("warning", "Market data farm usfarm is down: no price of TSLA", True)
    clock.advance(50.0)
    assert said()[0] == "error"
    engine._on_event(SystemNotice(2104, "Market data farm connection is OK:usfarm", "usfarm"))
    assert not said()[2] and not rooms.bus.farms_down


def test_state_and_journal_that_cannot_be_written_are_two_conditions_with_their_own_cures_and_one_outage(
    engine, monkeypatch
):
    engine, state = engine
    rooms = engine.rooms

    def said():
        engine._setup.clock.advance(1.0)
        engine.publisher.all()
        return {c.key: (c.title, c.text, c.cure) for c in rooms.health.conditions.newest_first() if c.open}

    monkeypatch.setattr(type(state), "problem", "disk is full")
    monkeypatch.setattr(type(state), "cure", "Free space.")
    assert said() == {"disk:state": ("The state can't be written", "disk is full", "Free space.")}
    monkeypatch.setattr(type(engine._setup.journal), "problem", "database is locked")
    monkeypatch.setattr(type(engine._setup.journal), "cure", "Close the backup.")
    title, text, cure = said()["disk:journal"]
    assert (title, cure) == ("History can't be written", "Close the backup.")
    assert text == "database is locked. Some rows wait in memory; there is room for 20,000 of an account."
    monkeypatch.setattr(type(state), "problem", "")
    assert list(said()) == ["disk:journal"]
    (outage,) = rooms.incidents.section().newest
    assert outage.ended_wall is None and outage.cause == "disk"
    monkeypatch.setattr(type(engine._setup.journal), "problem", "")
    assert not said()
    assert rooms.incidents.section().newest[0].ended_wall is not None


@pytest.mark.parametrize("began_before_s", [0.0, 300.0])
def test_the_time_line_says_since_when_qtrade_was_not_running_until_the_program_began(engine, tmp_path, began_before_s):
    """Not until this engine did: the program may have gone to another gateway, or started its engine again."""
    idle, _ = engine
    clock, journal, reader = idle._setup.clock, idle._setup.journal, idle._setup.reader
    clock.advance(1_000.0)
    began = clock.wall() - began_before_s
    for module in (journal, reader):
        module.open(tmp_path / "journal.db", "simulated", "DU1")
    journal.record_pnl(began - 120.0, 0.0, 1.0, 0.0, 0.0)
    journal.record_pnl(began + 1.0, 0.0, 1.0, 0.0, 0.0)  # of this program
    assert journal.flush(DEADLINE_S), journal.problem
    for _ in range(2):
        made = Engine(dataclasses.replace(idle._setup, began_wall=began))
        asyncio.run(made._say_when_away())
        assert journal.flush(DEADLINE_S), journal.problem
        (span,) = made.rooms.health.timeline.spans()
        assert (span.state, span.from_wall, span.to_wall) == ("off", began - 120.0, began)
    noted = [(event.kind, event.at_wall) for event in reader.connection_events(0.0)]
    assert noted == [("stopped", began - 120.0), ("started", began)], "once, for the time lines to come"
    reader.close()


def test_a_room_that_fails_over_a_notice_keeps_it_from_nobody(engine, monkeypatch):
    engine, state = engine

    def fail(notice):
        raise ValueError("planted")

    monkeypatch.setattr(engine.rooms.bus, "on_notice", fail)
    monkeypatch.setattr(engine, "_look_after_session", lambda: fail(None))

    async def told():
        engine._on_event(SystemNotice(1100, "Connectivity lost"))

    asyncio.run(told())
    engine.publisher.all()
    assert [c.code for c in state.read("health").conditions if c.open] == [1100]
    assert set(engine.rooms.supervisor.restarts) == {"notices of TWS at the lines", "notices of TWS at the session"}


def test_what_the_rooms_count_is_published_with_what_is_whole_and_not_with_a_beat(engine):
    engine, state = engine
    rooms, clock = engine.rooms, engine._setup.clock
    rooms.bus.ticks, rooms.bus.refusals.late_ticks = 1_000, 40
    rooms.bus.diary.opened.update({"100": 2, "coverage": 7})
    rooms.bus.diary.refused.update(["101", "no line", "no line"])
    rooms.post.outcomes["phone", "failed"] += 3
    for late_s in (0.0004, 0.004, 0.004, 9.0):
        rooms.lateness.note(late_s)
    engine.publisher.sizes = (5, 7)
    engine.publisher.all()
    found = state.read("counters")
    assert (found.ticks, found.late_ticks, found.state_bytes, found.journal_bytes) == (960, 40, 5, 7)
    assert found.opened == (Tally("100", 2), Tally("coverage", 7))
    assert found.refused == (Tally("101", 1), Tally("no line", 2))
    assert found.messages_out == (Tally("phone", 3, "failed"),)
    assert sum(found.loop_late.counts) == 4 and found.loop_late.counts[0] == found.loop_late.counts[-1] == 1
    assert found.loop_late.sum_s == pytest.approx(9.0084)
    assert (found.connections, found.messages, found.round_trip_s, found.ends) == (0, 0, None, ())
    clock.advance(60.0)
    rooms.bus.ticks += 1
    engine.publisher.step()  # nobody looks
    assert state.current().sections["counters"] is found


def test_sizes_are_those_of_files_and_what_is_not_there_takes_nothing(tmp_path):
    (tmp_path / "state" / "deep").mkdir(parents=True)
    (tmp_path / "state" / "a").write_bytes(b"12345")
    (tmp_path / "state" / "deep" / "b").write_bytes(b"123")
    (tmp_path / "state" / "link").symlink_to(tmp_path / "state" / "a")
    assert folder_bytes(tmp_path / "state") == 8 and folder_bytes(tmp_path / "missing") == 0
    (tmp_path / "journal.sqlite3").write_bytes(b"12")
    (tmp_path / "journal.sqlite3-wal").write_bytes(b"1234")
    assert database_bytes([tmp_path / "journal.sqlite3", tmp_path / "other.sqlite3"]) == 6
