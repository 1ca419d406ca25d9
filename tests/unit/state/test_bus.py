"""StateBus: what is published is what is read, a seq moves only with the content, commands are bounded."""

from __future__ import annotations

import threading

import pytest
from msgspec.structs import replace

from engine.clock import FakeClock
from engine.errors import CommandRefused
from engine.state.bus import COMMANDS_WAITING_MAX, StateBus
from engine.state.commands import ApplySettings, FindSymbol, OpenSymbol, PinSymbol, ProbeBroker, Reconnect, RunLab
from engine.state.door import checked
from engine.state.lab_sections import MOST_RANGES, MOST_VALUES, Range
from engine.state.open_symbols import OPEN_FOR_S, OPEN_MAX
from engine.state.sections import SECTIONS, Heartbeat, PnlSection, QuotesSection
from tests.app.sample_coverage import coverage_at
from tests.app.sample_state import TSLA, fill_sample
from tests.patience import DEADLINE_S


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def bus(clock):
    return StateBus(None, clock)


def beat(at: float) -> Heartbeat:
    return Heartbeat(at_wall=at, at_market=at, started_wall=0.0, loop_lateness_p99_ms=1.0)


def test_a_section_is_read_as_it_was_published(bus, clock):
    seq = bus.publish("heartbeat", beat(5.0))
    read = bus.read("heartbeat")
    assert (read.at_wall, read.seq, read.as_of_wall) == (5.0, seq, clock.wall())
    assert bus.seqs() == {"heartbeat": seq}


def test_the_same_content_keeps_seq_time_and_object(bus, clock):
    first = bus.publish("heartbeat", beat(5.0))
    before = bus.read("heartbeat")
    clock.advance(10.0)
    assert bus.publish("heartbeat", beat(5.0)) == first
    assert bus.read("heartbeat") is before
    assert bus.publish("heartbeat", beat(6.0)) == first + 1


def test_a_seq_never_returns_after_removal_or_restart(bus, clock):
    first = bus.publish("heartbeat", beat(1.0))
    bus.remove("heartbeat")
    assert bus.read("heartbeat") is None
    assert bus.publish("heartbeat", beat(1.0)) > first
    clock.advance(1.0)
    again = StateBus(None, clock)
    assert again.publish("heartbeat", beat(1.0)) > first + 100


def test_another_struct_under_a_sections_name_is_a_bug_said_loudly(bus):
    with pytest.raises(TypeError, match="must be a Heartbeat, not a PnlSection"):
        bus.publish("heartbeat", PnlSection(points=()))
    with pytest.raises(Exception, match="no section 'weather'"):
        bus.publish("weather", PnlSection(points=()))


def test_the_sample_fills_every_section_and_three_symbols(bus, clock):
    fill_sample(bus, clock.wall(), clock.mono())
    bus.publish("coverage", coverage_at(clock.wall(), count=20))
    assert set(bus.seqs()) >= set(SECTIONS)
    assert len(bus.published_symbols()) == 3
    assert len(bus.read(f"symbol:{TSLA}").bars) == 390
    seqs = bus.seqs()
    fill_sample(bus, clock.wall(), clock.mono())
    assert bus.seqs() == seqs


def test_readers_in_other_threads_never_see_a_torn_section(bus):
    torn: list[int] = []
    done = threading.Event()

    def watch():
        while not done.is_set():
            section = bus.read("quotes")
            if section is not None and len({quote.price for quote in section.quotes}) > 1:
                torn.append(section.seq)

    fill_sample(bus)
    quotes = bus.read("quotes").quotes
    bus.publish("quotes", QuotesSection(quotes=()))
    threads = [threading.Thread(target=watch) for _ in range(3)]
    for thread in threads:
        thread.start()
    for step in range(400):
        bus.publish("quotes", QuotesSection(quotes=tuple(replace(q, price=float(step)) for q in quotes)))
    done.set()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert not torn


def test_commands_come_out_in_order_once(bus):
    commands = [
        Reconnect("a"),
        PinSymbol("b", 5, True),
        FindSymbol("c", "TSLA"),
        ApplySettings("d", {"lines.limit": 40}),
    ]
    for command in commands:
        bus.submit(command)
    assert bus.drain() == commands
    assert bus.drain() == []


def test_a_full_queue_is_a_message_and_loses_nothing(bus):
    for i in range(COMMANDS_WAITING_MAX):
        bus.submit(Reconnect(f"r{i}"))
    with pytest.raises(CommandRefused, match="100 commands are waiting"):
        bus.submit(Reconnect("one too many"))
    assert len(bus.drain()) == COMMANDS_WAITING_MAX
    bus.submit(Reconnect("again"))
    assert len(bus.drain()) == 1


@pytest.mark.parametrize(
    "command",
    [
        PinSymbol("a", "5", True),
        PinSymbol("a", 5, "yes"),
        PinSymbol("a", -5, True),
        OpenSymbol("a", 0, "p"),
        OpenSymbol("a", 1.5, "p"),
        FindSymbol("a", "   "),
        FindSymbol("a", "x" * 1_000),
        FindSymbol("", "TSLA"),
        ProbeBroker("a", "127.0.0.1", 70_000),
        ProbeBroker("a", "127.0.0.1", 0),
        ApplySettings("a", {}),
        ApplySettings("a", {"x": float("nan")}),
        ApplySettings("a", {"x": float("inf")}),
        ApplySettings("a", {"x": {"nested": 1}}),
        ApplySettings("a", {str(i): i for i in range(101)}),
        ApplySettings("a", {"x": "y" * 20_000}),
        ApplySettings("a", {"x": object()}),
        "not a command",
        None,
    ],
)
def test_what_is_no_command_is_refused_in_words(bus, command):
    with pytest.raises(CommandRefused) as refused:
        bus.submit(command)
    assert len(str(refused.value)) < 500
    assert bus.drain() == []


def test_a_polling_page_keeps_its_symbol_open_without_filling_the_queue(bus, clock):
    for _ in range(50):
        bus.submit(OpenSymbol("a", TSLA, "page"))
        clock.advance(2.0)
    assert len(bus.drain()) == 1
    assert bus.open_symbols() == {TSLA}


def test_a_symbol_closes_when_its_page_stops_polling_and_opens_again(bus, clock):
    bus.submit(OpenSymbol("a", TSLA, "page"))
    clock.jump_wall(3_600.0)  # only monotonic time counts
    assert bus.open_symbols() == {TSLA}
    clock.advance(OPEN_FOR_S + 0.1)
    assert bus.open_symbols() == frozenset()
    bus.drain()
    bus.submit(OpenSymbol("a", TSLA, "page"))
    assert len(bus.drain()) == 1


def test_open_symbols_are_bounded(bus):
    for con_id in range(1, OPEN_MAX + 1):
        bus.submit(OpenSymbol("a", con_id, "page"))
    with pytest.raises(CommandRefused, match="symbols are open already"):
        bus.submit(OpenSymbol("a", 99_999, "page"))
    bus.submit(OpenSymbol("a", 1, "page"))
    assert len(bus.open_symbols()) == OPEN_MAX


def test_a_run_is_let_in_up_to_the_limits_that_form_and_lab_keep():
    def run(ranges, values):
        return RunLab("r", "app", ranges=tuple(Range(f"n{n}", tuple(map(float, range(values)))) for n in range(ranges)))

    assert checked(run(MOST_RANGES, 1)) and checked(run(1, MOST_VALUES))
    with pytest.raises(CommandRefused, match="at most 4 different"):
        checked(run(MOST_RANGES + 1, 1))
    with pytest.raises(CommandRefused, match="takes 1-60 values"):
        checked(run(1, MOST_VALUES + 1))


def test_a_pass_is_published_at_once_or_not_at_all(bus):
    first = bus.publish_all({"heartbeat": beat(1.0), "pnl": PnlSection(points=())})
    reading = bus.read_many(("heartbeat", "pnl", "quotes"))
    assert reading.snapshot == first and set(reading.sections) == {"heartbeat", "pnl"}
    with pytest.raises(TypeError):
        bus.publish_all({"heartbeat": beat(2.0), "pnl": beat(2.0)})
    assert bus.read_many(("heartbeat", "pnl")) == bus.read_many(("heartbeat", "pnl"))
    assert bus.read("heartbeat").at_wall == 1.0, "the good half of a bad pass is not published"


def test_a_snapshot_has_a_new_number_exactly_when_it_says_something_new(bus):
    first = bus.publish_all({"heartbeat": beat(1.0)})
    held = bus.read_many(("heartbeat",))
    assert bus.publish_all({"heartbeat": beat(1.0)}) == first
    assert bus.publish_all({"heartbeat": beat(2.0)}, gone=("nothing",)) == first + 1
    assert held.sections["heartbeat"].at_wall == 1.0, "a reading stays what it was"
    bus.remove("heartbeat")
    assert bus.current().snapshot == first + 2 and not bus.current().sections
