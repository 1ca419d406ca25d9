"""The stores put anything aside that they can't go on with, tell it with a cure, and go on; the next start is quiet."""

from __future__ import annotations

import asyncio
import json
import pickle
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from diskcache import Cache

from engine.bars import day_cache, kept_units
from engine.bars.archive import BarArchive, Saved
from engine.bars.bar_files import list_symbols, read_daily, read_session_bars
from engine.clock import FakeClock, SystemClock
from engine.domain import Bar, ContractRef
from engine.errors import StateError
from engine.journal.reader import JournalReader
from engine.journal.rows import ConnectionEvent, SettingChange
from engine.journal.writer import Journal
from engine.lines.watch import SymbolWatch
from engine.logs.routing import route_logs
from engine.settings.saved import load_saved, write_saved
from engine.state.bus import StateBus
from engine.state.disk_store import DiskOutlet, DiskView
from engine.state.reader import StateReader
from engine.state.writer import StateWriter
from engine.storage import rescues
from engine.storage.atomic import copy_of, write_whole
from engine.storage.lockfile import EngineLock
from engine.storage.places import make_folder
from tests.app.sample_state import FILLS, MARKET, WALL, fill_sample, signals
from tests.patience import DEADLINE_S
from tests.unit.bars.test_bar_files import ACME, columns, session
from tests.unit.bars.test_bar_keeper import RANK_POSITION, SETTLE_S, TEN, Run

DATE = "20251105"
OTHER = ContractRef(8, "BETA", "BETA", "STK", "SMART")


def units(folder: Path) -> bool:
    """True = there was something; afterwards there is."""
    found = kept_units.load(folder)
    kept_units.save(folder, kept_units.IN_SHARES)
    return found is not None


def bases(folder: Path) -> bool:
    cache = day_cache.DayCache(folder)
    found = cache.load(DATE)
    cache.append(DATE, 7, [Bar(MARKET, 0, 0, 0, 0, 5.0, "history")])
    return bool(found)


def bars(folder: Path) -> bool:
    archive = BarArchive(folder, WALL)
    found = bool(archive.load([7], 2))
    archive.save([Saved(ACME, (session(20251105, columns(2)),), [[1.0, 2.0]], ())], MARKET)
    archive.close()
    return found


def state(folder: Path) -> bool:
    """A reader that was there before follows to the new file."""
    bus = StateBus(None, FakeClock())
    writer = StateWriter(DiskOutlet(folder / "state"), FakeClock(), bus.current)
    fill_sample(bus)
    assert writer.flush(), writer.last_error
    writer.close()
    reader = StateReader(DiskView(folder / "state"))
    try:
        assert reader.read("positions") == bus.read("positions")
    finally:
        reader.close()
    return True


STORES: dict[str, Callable[[Path], bool]] = {
    "volume-units.json": units, "usual-volume.jsonl": bases, "bars.sqlite3": bars, "state/cache.db": state,
}  # fmt: skip


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "x").write_text("not ours", encoding="utf-8")


def _other(path: Path) -> None:
    if path.suffix not in (".db", ".sqlite3"):
        path.write_bytes(b'{"version": [], "of": "another program"}')
        return
    path.unlink()
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in ("Cache", "Settings", "sessions"):
            connection.execute(f"CREATE TABLE {table} (a, b)")


def _link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "0 bytes": lambda path: path.write_bytes(b""),
    "zeros first": lambda path: path.write_bytes(b"\0" * 100 + path.read_bytes()[100:]),
    "random": lambda path: path.write_bytes(random.Random(1).randbytes(5_000)),
    "a folder": _folder,
    "another shape": _other,
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("file", STORES)
def test_a_damaged_store_is_told_kept_and_healed(file: str, damage: str, tmp_path: Path) -> None:
    store, path = STORES[file], tmp_path / file
    store(tmp_path)
    assert store(tmp_path) and rescues.take(tmp_path) == []
    DAMAGE[damage](path)
    store(tmp_path)
    (told,) = rescues.take(tmp_path)
    assert told.cure and told.title
    aside = [each.name for each in tmp_path.iterdir() if ".corrupt-" in each.name or ".bad-" in each.name]
    assert len(aside) == 1 and aside[0] in told.text
    assert store(tmp_path) and rescues.take(tmp_path) == [], "the second start"


def _pickled(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE Cache SET mode = 4, value = ?", [pickle.dumps({"health": 1})])


def _by_the_library(path: Path) -> None:
    path.unlink()
    with closing(Cache(str(path.parent))) as cache:
        cache.set("seqs", {"health": 1})
        cache.set(("a", 1), 2)


@pytest.mark.parametrize("damage", [_pickled, _by_the_library])
def test_a_state_of_pickles_is_put_aside_and_begun_anew(damage: Callable[[Path], object], tmp_path: Path) -> None:
    state(tmp_path)
    damage(tmp_path / "state" / "cache.db")
    state(tmp_path)
    assert "Moved to state.corrupt-" in rescues.take(tmp_path)[0].text


def test_a_reader_of_the_state_follows_to_the_new_file(tmp_path: Path) -> None:
    clock = FakeClock()
    bus = StateBus(None, clock)
    writer = StateWriter(DiskOutlet(tmp_path / "state"), clock, bus.current)
    fill_sample(bus)
    assert writer.flush()
    reader = StateReader(DiskView(tmp_path / "state"))
    assert reader.read("positions") is not None
    writer.close()
    path = tmp_path / "state" / "cache.db"
    path.write_bytes(b"\xa5" * path.stat().st_size)
    again = StateWriter(DiskOutlet(tmp_path / "state"), clock, bus.current)
    fill_sample(bus, 2.0, 2.0)
    assert again.flush()
    assert reader.read("positions") == bus.read("positions") and reader.problem == ""
    reader.close()
    again.close()


def test_bars_that_are_damaged_while_they_are_written_are_begun_anew(tmp_path: Path) -> None:
    def spoil() -> None:
        path = tmp_path / "bars.sqlite3"
        with closing(sqlite3.connect(path)) as other:  # what the writer still knows of its pages is old from now on
            with other:
                other.execute("UPDATE symbols SET saved_market = saved_market + 1")
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:
            file.write(b"\xa5" * path.stat().st_size)

    async def play() -> Run:
        run = Run(tmp_path, TEN)
        await run.begin()
        await run.go(SETTLE_S)
        spoil()
        run.store.add(OTHER)
        run.desk.want(OTHER, RANK_POSITION)
        await run.go(2.0 * SETTLE_S)
        await run.keeper.close()
        return run

    run = asyncio.run(play())
    assert run.keeper.problem == ""
    assert {each.con_id for each in list_symbols(tmp_path)} == {7, 8}, "what is in memory is written again"
    assert "Moved to bars.sqlite3.corrupt-" in rescues.take(tmp_path)[0].text


def test_a_good_copy_is_not_written_over_by_a_file_that_reads_in_part(tmp_path: Path) -> None:
    watch = SymbolWatch()
    watch.attach(tmp_path)
    for number in (1, 2, 3):
        watch.pin(ContractRef(number, f"S{number}", f"S{number}", "STK", "SMART"), True)
    path = tmp_path / "pins.json"
    path.write_bytes(path.read_bytes().replace(b'"S2"', b'"\xa52"'))
    for _ in range(2):
        again = SymbolWatch()
        again.attach(tmp_path)
        assert again.pinned_ids() == [1, 2, 3]
    for each, name in ((path, b'"S2"'), (copy_of(path), b'"S3"')):
        each.write_bytes(each.read_bytes().replace(name, b'"\xa5"'))
    for _ in range(2):
        again = SymbolWatch()
        again.attach(tmp_path)
        assert sorted(again.pinned_ids()) == [1, 2, 3], "each has what the other lacks"


def test_a_copy_that_is_damaged_or_behind_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    write_saved(path, {"lines.limit": 40})
    behind = copy_of(path).read_bytes()
    write_saved(path, {"lines.limit": 41})
    for content, is_told in ((b"{", True), (behind, False)):  # the latter as a kill between the two leaves it
        copy_of(path).write_bytes(content)
        assert load_saved(path).values == {"lines.limit": 41}
        assert bool(rescues.take(tmp_path)) is is_told
        path.write_bytes(b"")
        assert load_saved(path).values == {"lines.limit": 41}
        rescues.take(tmp_path)


def test_a_folder_in_the_way_of_a_file_of_ours_is_moved(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for place in (path, tmp_path / "x.json.new"):
        place.mkdir()
        (place / "theirs").write_bytes(b"1")
    write_whole(path, b"one")
    assert path.read_bytes() == b"one"
    assert len(list(tmp_path.glob("x.json*.corrupt-*/theirs"))) == 2


@pytest.mark.parametrize("where", ["logs", "logs/qtrade.log"])
def test_logs_begin_whatever_stands_in_their_place(where: str, tmp_path: Path) -> None:
    path = tmp_path / where
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"a file") if where == "logs" else path.mkdir()
    routing = route_logs(tmp_path / "logs")
    try:
        assert routing.file is not None
        rescues.tell(path, "A test", "is written")
    finally:
        routing.close()
    assert "is written" in (tmp_path / "logs" / "qtrade.log").read_text(encoding="utf-8")
    assert "moved to" in rescues.take(tmp_path)[0].text


def test_a_folder_in_the_place_of_the_lock_is_moved(tmp_path: Path) -> None:
    (tmp_path / "engine.lock").mkdir()
    lock = EngineLock(tmp_path)
    lock.acquire(WALL)
    assert json.loads((tmp_path / "engine.lock").read_bytes())["started"] == int(WALL)
    lock.release()
    rescues.take(tmp_path)


@pytest.mark.parametrize("is_link", [False, True])
def test_a_file_in_the_place_of_a_folder_is_moved(is_link: bool, tmp_path: Path) -> None:
    path = tmp_path / "bars"
    path.symlink_to("bars") if is_link else path.write_bytes(b"1")
    make_folder(path)
    assert path.is_dir() and len(list(tmp_path.glob("bars.corrupt-*"))) + is_link >= 1


# --- rows ------------------------------------------------------------------------------------------------------------


def test_rows_of_damaged_values_are_left_out_and_told_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(SystemClock())
    journal.open(path, "simulated", "DU1")
    for item in signals().signals:
        journal.record_signal(item)
    for number in range(3):
        journal.record_pnl(WALL + number, MARKET, 1.0, None, None)
        journal.record_change(SettingChange(number, WALL, MARKET, "page", "a.b", 1, 2))
        journal.record_connection(ConnectionEvent(WALL + number, MARKET, "lost", "x"))
    for fill in FILLS:
        journal.record_fill(fill)
    assert journal.flush(DEADLINE_S)
    journal.stop()
    with closing(sqlite3.connect(path)) as connection, connection:
        for change in (
            "UPDATE signals SET body = x'a5a5' WHERE row_id = 1",
            "UPDATE pnl_points SET unrealized = 'abc' WHERE row_id = 1",
            "UPDATE setting_changes SET new = '{' WHERE row_id = 1",
            "UPDATE connection_events SET text = x'00' WHERE row_id = 1",
            "UPDATE fills SET price = 'x', liquidation = 'y'",
        ):
            connection.execute(change)
    reader = JournalReader()
    reader.open(path, "simulated")
    for _ in range(2):
        assert len(reader.signals(0.0, 2e9)) == len(signals().signals) - 1
        assert len(reader.pnl(0.0)) == len(reader.changes()) == len(reader.connection_events(0.0)) == 2
        assert reader.fills(0.0) == []
        assert reader.problem == ""
    assert len(rescues.take(tmp_path)) == 5, "each table once"
    reader.close()


@pytest.mark.parametrize("seed", range(6))
def test_a_few_wrong_bytes_anywhere_raise_nothing(seed: int, tmp_path: Path) -> None:
    """What the check of the file does not see, the readers meet."""
    rng, path = random.Random(seed), tmp_path / "journal.db"
    journal = Journal(SystemClock())
    journal.open(path, "simulated", "DU1")
    for item in signals().signals:
        journal.record_signal(item)
    for number in range(300):
        journal.record_pnl(WALL + number, MARKET, 1.0, None, None)
        journal.record_change(SettingChange(number, WALL, MARKET, "page", "a.b", [1, "x"], {"a": 2}))
    assert journal.flush(DEADLINE_S)
    journal.stop()
    bars(tmp_path)
    for each in (path, tmp_path / "bars.sqlite3"):
        content = bytearray(each.read_bytes())
        for _ in range(40):
            content[rng.randrange(100, len(content))] = rng.randrange(256)
        each.write_bytes(content)
    reader = JournalReader()
    reader.open(path, "simulated", "DU1")
    for opened in (False, True):  # as it is, then after a start has looked at it
        if opened:
            again = Journal(SystemClock())
            again.open(path, "simulated", "DU1")
            again.record_pnl(WALL + 1e6, MARKET, 1.0, None, None)
            assert again.flush(DEADLINE_S), again.problem
            again.stop()
            assert WALL + 1e6 in [point.t for point in reader.pnl(0.0)]
            bars(tmp_path)
        reader.pnl(0.0)
        reader.signals(0.0, 2e9)
        reader.changes()
        reader.fills(0.0)
        for read in (list_symbols, lambda folder: read_session_bars(folder, 7), lambda folder: read_daily(folder, 7)):
            try:
                read(tmp_path)
            except StateError:
                assert not opened, "in words before, not at all afterwards"
    reader.close()
    rescues.take(tmp_path)
