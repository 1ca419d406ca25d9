"""Bars over the API for symbols that no page shows, from the files that the engine keeps, without a line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from msgspec.structs import replace

from app import api
from app.deps import AppDeps
from engine.bars.archive import BarArchive, Saved
from engine.bars.bar_files import FILE_NAME, BarColumns, BarFiles, StoredSession
from engine.clock import FakeClock
from engine.domain import Bar, ContractRef
from engine.state.bus import StateBus
from tests.app.sample_state import CL, SESSION_OPEN, TSLA, WALL, broker, fill_sample, minute_bars

ACME = ContractRef(4_711, "ACME", "ACME", "STK", "SMART", "NYSE")
KEPT_TSLA = ContractRef(TSLA, "TSLA", "TSLA", "STK", "SMART", "NASDAQ")
DAY = 86_400.0


def session(days_ago: int, count: int, price: float, quality: float = 3.0) -> StoredSession:
    start = SESSION_OPEN - DAY * days_ago
    times = start + 60.0 * np.arange(count)
    flat = np.full(count, price)
    volumes = np.where(np.arange(count) == 4, np.nan, 100.0) if quality == 1.0 else np.full(count, 100.0)
    bars = BarColumns(times, flat, flat + 1, flat - 1, flat, volumes, np.full(count, quality))
    return StoredSession(20251105 - days_ago, start, start + 23_400.0, bars)


class Desk:
    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock(wall=WALL)
        self.bus = StateBus(None, self.clock)
        server = Flask("test")
        self.files = BarFiles()
        self.files.open(folder)
        api.register(server, AppDeps(state=self.bus, bars=self.files, clock=self.clock))
        self.client = server.test_client()

    def get(self, path: str, code: int = 200):
        answer = self.client.get(f"/api/v1/bars/{path}")
        assert answer.status_code == code, answer.text
        return answer.get_json()


@pytest.fixture
def desk(tmp_path):
    archive = BarArchive(tmp_path, 0.0)
    sessions = (session(2, 390, 20.0, 2.0), session(1, 390, 21.0), session(0, 61, 22.0, 1.0))
    daily = (Bar(1_761_177_600.0, 1.0, 2.0, 0.5, 1.5, 7.0, "history"),)
    archive.save([Saved(ACME, sessions, [], daily), Saved(KEPT_TSLA, sessions[:2], [], ())], SESSION_OPEN)
    archive.close()
    return Desk(tmp_path)


def test_a_symbol_that_the_state_does_not_know_but_the_files_do(desk):
    answer = desk.get("acme?n=2000")
    assert (answer["con_id"], answer["size"], answer["message"]) == (4_711, "1m", "")
    bars = answer["bars"]
    assert len(bars) == 841 and [bars[0]["source"], bars[400]["source"], bars[-1]["source"]] == [
        "history", "streamed", "sampled",
    ]  # fmt: skip
    assert bars[-1] == {
        "time": SESSION_OPEN + 3_600.0, "open": 22.0, "high": 23.0, "low": 21.0, "close": 22.0, "volume": 100.0,
        "source": "sampled", "closed": True,
    }  # fmt: skip
    assert len(desk.get("ACME")["bars"]) == 390
    assert desk.get(f"{ACME.con_id}?n=1")["bars"] == bars[-1:]
    desk.get("NOPE", 404)


@pytest.mark.parametrize(
    ("size", "seconds"), [("5m", 300), ("15m", 900), ("30m", 1_800), ("60m", 3_600), ("1h", 3_600)]
)
def test_longer_bars_begin_on_their_own_clock(desk, size, seconds):
    bars = desk.get(f"ACME?size={size}&n=2000")["bars"]
    assert all(bar["time"] % seconds == 0 for bar in bars)
    assert sum(bar["volume"] or 0.0 for bar in bars[:-10]) > 0
    unknown = [bar for bar in bars if bar["volume"] is None]
    assert len(unknown) == 1 and unknown[0]["source"] == "sampled"
    assert bars[-1]["closed"] is False, "the newest minute is 10:30, the first of its bar"


def test_days_are_the_brokers_and_after_them_those_of_the_minutes(desk):
    days = desk.get("ACME?size=1d")["bars"]
    assert [bar["close"] for bar in days] == [1.5, 20.0, 21.0, 22.0]
    assert [bar["closed"] for bar in days] == [True, True, True, False]
    assert [bar["volume"] for bar in days] == [7.0, 39_000.0, 39_000.0, None]
    assert all(bar["time"] % DAY == 0 for bar in days)


def test_an_open_symbol_goes_on_before_its_section(desk):
    fill_sample(desk.bus, desk.clock.wall(), desk.clock.mono())
    shown = minute_bars(TSLA)
    bars = desk.get("TSLA?n=2000")["bars"]
    assert len(bars) == len(shown) + 780
    assert [bar["close"] for bar in bars[:780]] == [20.0] * 390 + [21.0] * 390
    assert bars[-1]["time"] == shown[-1].time and bars[-1]["closed"] is False
    assert desk.get("TSLA?n=10")["bars"] == bars[-10:]


def test_a_position_without_bars_says_so(desk):
    fill_sample(desk.bus, desk.clock.wall(), desk.clock.mono())
    answer = desk.get(str(CL))
    assert answer["bars"] == [] and "come with the history" in answer["message"]


def test_at_the_weekend_the_bars_are_marked(desk):
    desk.bus.publish("broker", replace(broker(WALL), session="weekend"))
    answer = desk.get("ACME?n=5")
    assert len(answer["bars"]) == 5 and answer["message"] == "The market is closed: the last session's bars."


def test_a_file_that_cannot_be_read_is_said_and_costs_nothing_else(desk, tmp_path):
    fill_sample(desk.bus, desk.clock.wall(), desk.clock.mono())
    folder = tmp_path / "damaged"
    folder.mkdir()
    (folder / FILE_NAME).write_bytes(b"nothing of the kind" * 99)
    desk.files.open(folder)
    answer = desk.get("TSLA?n=2000")
    assert len(answer["bars"]) == 390 and "can't be read" in answer["message"]
    desk.get("ACME", 404)


def test_no_folder_yet_is_no_error():
    desk = Desk(Path("none"))
    desk.files = BarFiles()
    desk.get("ACME", 404)
    assert AppDeps(state=desk.bus).bars.symbols() == []
