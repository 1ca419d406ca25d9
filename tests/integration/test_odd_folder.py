"""A data folder and a folder of CSV files whose names are no UTF-8: everything is stored, shown and found."""

from __future__ import annotations

import gzip

import orjson
import pytest

from engine.settings.saved import load_saved
from engine.state.commands import ApplySettings, LookForDays, PinSymbol
from engine.state.disk_store import DiskView
from engine.state.reader import StateReader
from engine.storage.encodable import encodable
from tests.integration.engine_bench import brisk_engine, wait_for
from tests.integration.second_gateway import HELD, SecondGateway

RAW = "caf\udce9 d\udcffta"
SHOWN = "caf\\xe9 d\\xffta"


@pytest.fixture
def folder(tmp_path):
    odd = tmp_path / RAW
    try:
        odd.mkdir()
    except (OSError, UnicodeError):
        pytest.skip("this file system takes no such names")
    return odd


def test_everything_works_in_a_folder_whose_name_is_no_utf8(folder):
    minutes = "".join(f"2013-10-07T14:{n:02d}:00Z,10,11,9,10,{n}\n" for n in range(60))
    with gzip.open(folder / "ACME-20131007.csv.gz", "wt") as file:
        file.write("time,open,high,low,close,volume\n" + minutes)
    with SecondGateway() as gateway, brisk_engine(gateway.port, folder) as bench:
        wait_for(lambda: bench.is_connected, "connected")
        bench.send(ApplySettings("r1", {"lines.limit": 40}))
        bench.send(PinSymbol("r2", HELD[0].con_id, True))
        settings = wait_for(
            lambda: (s := bench.read("settings")) and any(r.value == 40 for r in s.rows) and s, "the change"
        )
        assert settings.folder.endswith(SHOWN)
        state = folder / "state" / "main"
        for section in ("settings", "health", "positions", "broker"):
            wait_for(lambda name=section: stored(state, name), f"{section} on disk")
            orjson.dumps(repr(bench.read(section)))
        bench.send(LookForDays("r3", "csv", encodable(str(folder))))
        source = wait_for(lambda: (s := bench.read("lab_source")) and s.kind == "csv" and s.days and s, "the days", 30)
        assert source.folder.endswith(SHOWN) and not source.problem
        bench.send(LookForDays("r4", "app"))
        source = wait_for(lambda: (s := bench.read("lab_source")) and s.kind == "app" and s, "our own days", 30)
        source.folder.encode()
    assert list(folder.glob("*/pins.json")) and list(folder.glob("*/journal.sqlite3"))
    assert load_saved(folder / "settings.json").values == {"lines.limit": 40}


def stored(folder, name):
    reader = StateReader(DiskView(folder))
    try:
        return reader.read(name)
    finally:
        reader.close()
