"""A really full disk: a small file system of its own, filled up and freed. Needs the right to mount; else skipped."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.clock import FakeClock, SystemClock
from engine.journal.reader import JournalReader
from engine.journal.writer import Journal
from engine.state.bus import StateBus
from engine.state.disk_store import DiskOutlet, DiskView
from engine.state.reader import StateReader
from engine.state.writer import StateWriter
from tests.app.sample_state import fill_sample, tick_sample
from tests.patience import DEADLINE_S, wait_for

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mounts a tmpfs")


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "small"
    disk.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if (
        not mount
        or subprocess.run([mount, "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], capture_output=True).returncode
    ):
        pytest.skip("no right to mount a tmpfs here")
    yield disk
    subprocess.run([umount, "-l", disk], check=True)  # lazily: a test that fails leaves its files open


def fill_up(disk: Path) -> Path:
    ballast = disk / "ballast"
    with pytest.raises(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 1024)
    return ballast


def test_the_state_goes_on_from_memory_and_is_written_once_there_is_room(small_disk, caplog):
    clock = FakeClock()
    bus = StateBus(None, clock)
    writer = StateWriter(DiskOutlet(small_disk / "state"), clock, bus.current)
    fill_sample(bus)
    assert writer.flush()
    ballast = fill_up(small_disk)
    for step in range(1, 6):
        tick_sample(bus, step, clock.wall(), clock.mono())
        clock.advance(1.0)
        assert not writer.flush()
        assert bus.read("positions").tradable[0].last is not None
    assert writer.write_errors == 5 and "full" in writer.last_error
    ballast.unlink()
    clock.advance(5.0)
    assert writer.flush()
    assert writer.last_error == ""
    writer.close()
    reader = StateReader(DiskView(small_disk / "state"))
    assert reader.read("positions") == bus.read("positions")
    reader.close()
    assert sum(record.levelname == "ERROR" for record in caplog.records) == 1


def test_journal_rows_wait_for_room(small_disk):
    journal = Journal(SystemClock(), reopen_s=0.3)
    journal.open(small_disk / "journal.db", "simulated", "DU1")
    journal.record_pnl(1.0, 1.0, 1.0, None, None)
    assert journal.flush(DEADLINE_S)
    ballast = fill_up(small_disk)
    for i in range(2, 5_000):
        journal.record_pnl(float(i), 1.0, 1.0, None, None)
    wait_for(lambda: "full" in journal.problem, "the word of the full disk")
    ballast.unlink()
    assert journal.flush(DEADLINE_S)
    journal.stop()
    reader = JournalReader()
    reader.open(small_disk / "journal.db", "simulated")
    assert [point.t for point in reader.pnl(0.0)] == [float(i) for i in range(1, 5_000)]
    reader.close()
