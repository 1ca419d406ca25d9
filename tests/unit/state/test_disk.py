"""The folder on disk: JSON only, complete after kill -9, damaged ones put aside, failures counted and survived."""

from __future__ import annotations

import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from diskcache import Cache, Disk

from engine.clock import FakeClock, SystemClock
from engine.errors import StateError
from engine.state.bus import StateBus
from engine.state.disk import INLINE_BELOW_BYTES, JsonDisk, open_cache
from engine.state.disk_store import DiskOutlet, DiskView
from engine.state.reader import StateReader
from engine.state.sections import SECTIONS, Heartbeat, PnlPoint, PnlSection, SettingRow, SettingsSection
from engine.state.writer import REOPEN_PERIOD_S, StateWriter
from engine.storage import rescues
from tests.app.sample_coverage import coverage_at
from tests.app.sample_state import CLIENTS, TSLA, WALL, fill_accounts, fill_sample, tick_sample
from tests.patience import DEADLINE_S, wait_for

ROOT = Path(__file__).resolve().parents[3]


def beat(at: float) -> Heartbeat:
    return Heartbeat(at_wall=at, at_market=at, started_wall=0.0, loop_lateness_p99_ms=1.0)


class Desk:
    """A memory bus and a writer that is driven by hand."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.bus = StateBus(None, self.clock)
        self.writer = StateWriter(DiskOutlet(folder), self.clock, self.bus.current)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def desk(folder):
    desk = Desk(folder)
    yield desk
    desk.writer.close()


@pytest.fixture
def read(folder):
    """Opens a reader as another process would; closed at the end."""
    readers = []

    def opened() -> StateReader:
        readers.append(StateReader(DiskView(folder)))
        return readers[-1]

    yield opened
    for reader in readers:
        reader.close()


def test_a_second_process_reads_the_very_same_sections(desk, read):
    fill_sample(desk.bus)
    desk.bus.publish("coverage", coverage_at(WALL, count=20))
    assert desk.writer.flush()
    reader = read()
    assert reader.seqs() == desk.bus.seqs()
    for name in desk.bus.seqs():
        assert reader.read(name) == desk.bus.read(name)
    assert set(SECTIONS) <= set(reader.seqs())
    assert reader.problem == ""


def test_a_reader_decodes_once_and_sees_changes_and_removals(desk, read):
    fill_sample(desk.bus)
    desk.writer.flush()
    reader = read()
    before = reader.read("lines")
    assert reader.read("lines") is before
    tick_sample(desk.bus, 1, desk.clock.wall(), desk.clock.mono())
    desk.bus.remove(f"symbol:{TSLA}")
    desk.writer.flush()
    assert reader.read("lines") is before
    assert reader.read("positions") == desk.bus.read("positions")
    assert reader.read(f"symbol:{TSLA}") is None


def test_only_changed_sections_are_written(desk, folder):
    fill_sample(desk.bus)
    desk.writer.flush()
    desk.bus.publish("heartbeat", beat(7.0))
    with closing(sqlite3.connect(folder / "cache.db")) as watcher:
        rows = dict(watcher.execute("SELECT key, store_time FROM Cache").fetchall())
        desk.writer.flush()
        changed = {k for k, stored in watcher.execute("SELECT key, store_time FROM Cache") if rows[k] != stored}
    assert changed == {"heartbeat", "seqs"}


def test_the_thread_writes_by_itself_and_at_stop(folder, read):
    bus = StateBus(DiskOutlet(folder), SystemClock())
    bus.publish("heartbeat", beat(1.0))
    wait_for(lambda: bus.last_write_ms is not None, "the first writing")
    assert read().read("heartbeat").at_wall == 1.0
    bus.publish("heartbeat", beat(2.0))
    bus.stop()
    assert read().read("heartbeat").at_wall == 2.0
    assert bus.write_errors == 0


def test_a_reader_of_nothing_says_what_to_do(tmp_path):
    reader = StateReader(DiskView(tmp_path / "main"))
    assert reader.read("heartbeat") is None
    assert "start the engine" in reader.problem
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ({"kind": "Heartbeat", "version": 99, "body": {}}, "is of version 99, this program reads version 1"),
        ({"kind": "PnlSection", "version": 1, "body": {"points": []}}, "found a PnlSection"),
        ({"kind": "Heartbeat", "version": 1, "body": {"at_wall": "soon"}}, "Expected `float`"),
        ({"kind": "Heartbeat", "version": 1, "body": {"at_wall": None}}, "Expected `float`"),
        ({"kind": "Heartbeat", "version": 1, "body": {}}, "missing required field"),
        ({"kind": "Heartbeat", "version": 1, "body": 5}, "Expected `object`"),
        ([1, 2, 3], "Expected `object`"),
        ("text", "Expected `object`"),
        (None, "Expected `object`"),
    ],
)
def test_a_value_of_another_build_or_type_reads_as_absent_and_is_said(desk, read, folder, stored, words):
    desk.bus.publish("heartbeat", beat(1.0))
    desk.writer.flush()
    reader = read()
    with closing(open_cache(folder, 0.0)) as cache:
        cache.set("heartbeat", stored)
    assert reader.read("heartbeat") is None
    assert words in reader.problem
    desk.bus.publish("heartbeat", beat(2.0))
    desk.writer.flush()
    assert reader.read("heartbeat").at_wall == 2.0
    assert reader.problem == ""


def test_a_refused_section_that_is_gone_is_no_problem_any_more(desk, read, folder):
    desk.bus.publish("heartbeat", beat(1.0))
    desk.writer.flush()
    reader = read()
    with closing(open_cache(folder, 0.0)) as cache:
        cache.set("heartbeat", [1, 2, 3])
    assert reader.read("heartbeat") is None
    assert reader.problem
    desk.bus.remove("heartbeat")
    desk.writer.flush()
    assert reader.read("heartbeat") is None
    assert reader.problem == ""


def test_a_planted_pickle_is_refused_and_never_run(desk, read, tmp_path, folder):
    canary = tmp_path / "canary"

    class Trap:
        def __reduce__(self):
            return (Path.touch, (canary,))

    desk.bus.publish("heartbeat", beat(1.0))
    desk.writer.flush()
    with closing(sqlite3.connect(folder / "cache.db")) as planted, planted:
        planted.execute("UPDATE Cache SET mode = 4, value = ? WHERE key = 'heartbeat'", [pickle.dumps(Trap())])
    reader = read()
    assert reader.read("heartbeat") is None
    assert "refused" in reader.problem
    assert not canary.exists()


def test_planted_pickles_are_removed_and_said_when_the_folder_is_opened(desk, tmp_path, folder):
    canary = tmp_path / "canary"

    class Trap:
        def __reduce__(self):
            return (Path.touch, (canary,))

    desk.bus.publish("heartbeat", beat(1.0))
    desk.writer.flush()
    desk.writer.close()
    with closing(sqlite3.connect(folder / "cache.db")) as planted, planted:
        row = "INSERT INTO Cache (key, raw, store_time, access_time, mode, value) VALUES (?, ?, 0, 0, ?, ?)"
        planted.execute(row, ["planted", 1, 4, pickle.dumps(Trap())])
        planted.execute(row, [pickle.dumps(Trap()), 0, 1, b"1"])
    rescues.take(tmp_path)
    open_cache(folder, 0.0).close()
    (told,) = rescues.take(tmp_path)
    assert "2 rows" in told.text and "removed unread" in told.text
    with closing(sqlite3.connect(folder / "cache.db")) as left:
        keys = [key for (key,) in left.execute("SELECT key FROM Cache")]
    assert "heartbeat" in keys and "planted" not in keys and all(isinstance(key, str) for key in keys)
    open_cache(folder, 0.0).close()
    assert rescues.take(tmp_path) == [] and not canary.exists()


def test_keys_and_values_are_text_only(folder):
    with closing(open_cache(folder, 0.0)) as cache:
        with pytest.raises(TypeError, match="state keys are str"):
            cache.set(("a", 1), "x")
        with pytest.raises(TypeError):
            cache.set("a", object())
        with pytest.raises(StateError, match="must be below"):
            JsonDisk(str(folder)).store("x" * INLINE_BELOW_BYTES, False, "big")


def test_a_folder_of_default_settings_is_put_right_when_opened(folder):
    with closing(Cache(str(folder), disk=Disk)):
        pass
    with closing(open_cache(folder, 0.0)) as cache:
        assert cache.eviction_policy == "none"
        assert cache.disk_min_file_size == INLINE_BELOW_BYTES
        assert type(cache.disk) is JsonDisk


def test_nothing_is_thrown_out_however_much_is_written(folder):
    """diskcache's own default is to drop the oldest keys, which are those of settings and positions, above 1 GB."""
    with closing(open_cache(folder, 0.0)) as cache:
        cache.reset("size_limit", 2**17)  # so that little data are too much
        for i in range(60):
            cache.set(f"key {i}", "x" * 8_192)
        kept = [f"key {i}" in cache for i in range(60)]
    assert sum(kept) == 60, f"{sum(kept)} of 60 keys kept"


@pytest.mark.parametrize("ahead_s", [90_000.0, 10.0 * 365.0 * 86_400.0], ids=["a day off", "a clock ten years ahead"])
def test_state_has_no_time_to_live_whatever_the_clock_says(ahead_s, desk, read, monkeypatch):
    fill_sample(desk.bus)
    assert desk.writer.flush()
    later = SimpleNamespace(time=lambda: time.time() + ahead_s, sleep=time.sleep)
    monkeypatch.setattr("diskcache.core.time", later)
    tick_sample(desk.bus, 1, desk.clock.wall(), desk.clock.mono())
    assert desk.writer.flush()  # a write is when diskcache looks for what is over
    reader = read()
    lost = [name for name in desk.bus.seqs() if reader.read(name) != desk.bus.read(name)]
    assert not lost, f"expired: {lost}"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX; on Windows the profile folder's ACL holds")
def test_the_folder_is_the_users_alone(folder):
    folder.mkdir(mode=0o755)
    open_cache(folder, 0.0).close()
    assert folder.stat().st_mode & 0o777 == 0o700


def _zero_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\0" * 100)


def _wreck_middle(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        for page in range(2, size // 4096):
            file.seek(page * 4096)
            file.write(b"\xa5" * 4096)


def _truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def _scribble(path: Path) -> None:
    path.write_text("{" * 5_000, encoding="utf-8")


@pytest.mark.parametrize("damage", [_zero_header, _wreck_middle, _truncate, _scribble])
def test_a_damaged_folder_is_moved_aside_and_begun_anew(folder, damage, caplog, read):
    first = Desk(folder)
    fill_sample(first.bus)
    first.writer.flush()
    first.writer.close()
    damage(folder / "cache.db")
    again = Desk(folder)
    fill_sample(again.bus)
    assert again.writer.flush()
    again.writer.close()
    aside = [path for path in folder.parent.iterdir() if ".corrupt-" in path.name]
    assert len(aside) == 1 and (aside[0] / "cache.db").exists()
    assert "Moved to" in caplog.text and "beginning with an empty one" in caplog.text
    assert read().read("positions") == again.bus.read("positions")


def test_damage_while_running_is_survived(desk, folder, read):
    fill_sample(desk.bus)
    desk.writer.flush()
    desk.writer.close()
    _wreck_middle(folder / "cache.db")
    for step in range(1, 6):
        tick_sample(desk.bus, step, desk.clock.wall(), desk.clock.mono())
        desk.clock.advance(REOPEN_PERIOD_S)
        desk.writer.flush()
    assert read().read("positions") == desk.bus.read("positions")
    assert read().read("universe") == desk.bus.read("universe")


def test_a_locked_or_vanished_disk_is_counted_and_recovers_with_the_newest_value(desk, folder, read, caplog):
    desk.bus.publish("heartbeat", beat(1.0))
    desk.writer.flush()
    with closing(sqlite3.connect(folder / "cache.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        desk.bus.publish("heartbeat", beat(2.0))
        assert not desk.writer.flush()
        desk.bus.publish("heartbeat", beat(3.0))
        assert not desk.writer.flush()
        assert desk.writer.write_errors >= 1 and desk.writer.last_error == "database is locked"
        assert "Close the program that holds the file" in desk.writer.cure
        other.execute("ROLLBACK")
    desk.clock.advance(REOPEN_PERIOD_S)
    assert desk.writer.flush()
    assert desk.writer.last_error == ""
    assert read().read("heartbeat").at_wall == 3.0
    assert caplog.text.count("can't be") + caplog.text.count("failed:") <= 2  # said once, not each second


def test_an_unusable_folder_leaves_the_bus_working_from_memory(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("not a folder", encoding="utf-8")
    desk = Desk(blocker / "state")
    desk.bus.publish("heartbeat", beat(1.0))
    assert not desk.writer.flush()
    assert desk.writer.write_errors == 1
    assert "the state can't be stored" in desk.writer.last_error
    assert "A file stands where a folder must be" in desk.writer.cure
    assert desk.bus.read("heartbeat").at_wall == 1.0
    blocker.unlink()
    desk.clock.advance(REOPEN_PERIOD_S)
    assert desk.writer.flush()
    desk.writer.close()


@pytest.mark.parametrize("error", [RuntimeError, SystemExit, MemoryError])
def test_whatever_writing_raises_the_writer_goes_on(folder, error):
    clock, failed = SystemClock(), []
    bus = StateBus(None, clock)
    bus.publish("heartbeat", beat(1.0))

    def current():
        if not failed:
            failed.append(1)
            raise error("planted")
        return bus.current()

    writer = StateWriter(DiskOutlet(folder), clock, current)
    writer.start()
    wait_for(lambda: writer.problem, "the problem is said")
    wait_for(lambda: writer.last_write_ms is not None, "written all the same")
    wait_for(lambda: not writer.problem, "all well again")
    writer.stop(DEADLINE_S)


def test_a_section_that_cannot_be_encoded_keeps_no_other_from_disk(desk, read):
    odd = SettingRow("a.b", object(), None, "default", False)
    desk.bus.publish("settings", SettingsSection(rows=(odd,), changes=()))
    desk.bus.publish("heartbeat", beat(1.0))
    desk.writer.flush()
    desk.writer.flush()
    assert desk.writer.write_errors == 1
    assert read().read("heartbeat").at_wall == 1.0
    assert read().read("settings") is None


def test_what_a_page_had_open_in_an_earlier_run_is_forgotten(folder, read):
    first = Desk(folder)
    fill_sample(first.bus)
    fill_accounts(first.bus, CLIENTS[1])
    first.writer.flush()
    first.writer.close()
    second = Desk(folder)
    second.bus.publish("heartbeat", beat(1.0))
    second.writer.flush()
    second.writer.close()
    with closing(open_cache(folder, 0.0)) as cache:
        assert not [key for key in cache.iterkeys() if key.startswith(("symbol:", "positions_all"))]


KILLED = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from engine.clock import SystemClock
from engine.state.bus import StateBus
from engine.state.disk_store import DiskOutlet
from engine.state.writer import StateWriter
from tests.app.sample_coverage import coverage_at
from tests.app.sample_state import fill_sample, tick_sample
clock = SystemClock()
bus = StateBus(None, clock)
writer = StateWriter(DiskOutlet(Path({folder!r})), clock, bus.current)
fill_sample(bus, 1.0, 1.0)
bus.publish("coverage", coverage_at(1.0, count=20))
step = 0
while True:
    writer.flush()
    step += 1
    tick_sample(bus, step, float(step), float(step))
    if step == 3:
        print("going", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_kill_9_in_the_middle_of_writing_loses_no_key(folder):
    code = KILLED.format(root=str(ROOT), folder=str(folder))
    for round_ in range(5):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "going\n"
        threading.Event().wait(0.013 * round_)
        process.send_signal(signal.SIGKILL)
        process.wait(DEADLINE_S)
        process.stdout.close()
        reader = StateReader(DiskView(folder))
        assert {name for name in SECTIONS if reader.read(name) is None} == set()
        assert reader.problem == ""
        reader.close()
        assert not [path for path in folder.parent.iterdir() if ".corrupt-" in path.name]


class Interrupted(DiskView):
    """The engine writes between the reader's first reads."""

    def __init__(self, folder: Path, between: list) -> None:
        super().__init__(folder)
        self.between = between

    def table(self):
        return self._then(super().table())

    def values(self, names):
        found = {}
        for name in names:
            found |= self._then(super().values([name]))
        return found

    def _then(self, value):
        if self.between:
            self.between.pop(0)()
        return value


def test_a_write_between_two_reads_is_never_seen_by_halves(desk, folder):
    def write(number):
        desk.bus.publish_all({"heartbeat": beat(number), "pnl": PnlSection(points=(PnlPoint(number, 0, 0, 0, 0),))})
        assert desk.writer.flush()

    write(1.0)
    for when in range(6):
        view = Interrupted(folder, [lambda: None] * when + [lambda when=when: write(10.0 + when)])
        reader = StateReader(view)
        for _ in range(3):
            reading = reader.read_many(("heartbeat", "pnl"))
            assert reading.sections["heartbeat"].at_wall == reading.sections["pnl"].points[0].t
            assert reading.snapshot is not None
        view.between.clear()
        assert reader.read_many(("pnl",)).snapshot == desk.bus.current().snapshot
        reader.close()


def test_a_folder_that_is_written_all_the_time_vouches_for_no_moment(desk, folder):
    numbers = iter(range(1, 1000))

    def write():
        desk.bus.publish_all({"heartbeat": beat(float(next(numbers)))})
        desk.writer.flush()

    write()
    reader = StateReader(Interrupted(folder, [write] * 200))
    assert reader.read_many(("heartbeat",)).snapshot is None
    reader.close()
