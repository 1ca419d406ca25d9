"""A recorded day as a world: reading, stepping, pacing, and what is no recording."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from simulator.replay import read_events, replay_world
from tests.unit.simulator.world_samples import Wall

HEAD = "time,kind,price,size,bid,bid_size,ask,ask_size,exchange\n"
ROWS = (
    "2013-10-08T13:30:00.100Z,Q,,,13.82,1000,,0,P\n"
    "2013-10-08T13:30:00.100Z,Q,,,,0,13.84,500,P\n"
    "2013-10-08T13:30:01.000Z,T,13.83,200,,,,,D\n"
    "2013-10-08T13:30:59.900Z,T,13.85,100,,,,,D\n"
    "2013-10-08T13:31:00.100Z,T,13.81,300,,,,,N\n"
)


def recording(folder: Path, text: str = HEAD + ROWS, name: str = "BAC-20131008.csv") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def test_steps_are_the_rows_of_the_file(tmp_path: Path) -> None:
    world = replay_world(recording(tmp_path, name="BAC-20131008.csv.gz"), 0.0, Wall())
    (stock,) = world.instruments()
    assert (stock.symbol, world.find("BAC", "STK"), world.search("ba")) == ("BAC", [stock], [stock])
    assert world.quote(stock.con_id) is None, "nothing was traded yet"
    world.advance()
    assert world.quote(stock.con_id) is None, "without a speed only steps move it"
    times = []
    while (event := world.step()) is not None:
        times.append(event.time)
        assert world.now() == event.time
    assert len(times) == 5 and world.is_over and world.step() is None
    quote = world.quote(stock.con_id)
    assert quote is not None
    assert (quote.last, quote.last_size, quote.volume, quote.bid, quote.ask) == (13.81, 300.0, 600.0, 13.82, 13.84)
    assert (quote.bid_size, quote.ask_size, quote.seq) == (1000.0, 500.0, 5)
    first, second = world.bars(stock.con_id, 60, 0.0, 2e9, True)
    assert (first.open, first.high, first.low, first.close, first.volume, first.count) == (
        13.83, 13.85, 13.83, 13.85, 300.0, 2,
    )  # fmt: skip
    assert second.time == first.time + 60.0
    assert world.trading_hours(stock.con_id, liquid=True) == "20131008:0930-20131008:1600"


def test_at_a_speed_the_clock_plays_it(tmp_path: Path) -> None:
    wall = Wall()
    world = replay_world(recording(tmp_path), 10.0, wall)
    began = world.now()
    wall.seconds = 6.15  # the recording begins after a minute of its own clock
    world.advance()
    assert world.now() == began + 61.5
    quote = world.quote(world.instruments()[0].con_id)
    assert quote is not None and quote.volume == 200.0
    wall.seconds = 13.0
    world.advance()
    assert world.is_over


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("BAC.csv", HEAD + ROWS, "must be called SYMBOL-YYYYMMDD"),
        ("BAC-20131008.csv", "a,b\n1,2\n", "first row must name the columns"),
        ("BAC-20131008.csv", "", "first row must name the columns"),
        ("BAC-20131008.csv", HEAD + "yesterday,T,1,1,,,,,D\n", "row 2"),
        ("BAC-20131008.csv", HEAD + ROWS + "2013-10-08T13:32:00Z,T,x,1,,,,,D\n", "row 7"),
    ],
)
def test_what_is_no_recording_says_why(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = recording(tmp_path, text, name)
    with pytest.raises(ValueError, match=said):
        world = replay_world(path, 0.0, Wall())
        while world.step() is not None:
            pass


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        list(read_events(tmp_path / "none.csv"))
