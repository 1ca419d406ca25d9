"""The archive of years: which days are due, what is written and when, what the Lab reads back, what is said."""

from __future__ import annotations

import sys
from pathlib import Path

import fsspec
import numpy as np
import pytest
from msgspec.structs import replace

from engine.archive.due import CLOSED, FINAL, due_days, key_of, still_kept
from engine.archive.names import bar_file, bar_path, day_of, iso_day, tick_path
from engine.archive.tick_buffer import TickBuffer
from engine.archive.writer import NOTES, Archive
from engine.bars.archive import BarArchive, Saved
from engine.bars.bar_files import BarColumns, StoredSession, StoredSymbol, list_symbols
from engine.config import ArchiveSettings
from engine.domain import ContractRef, Quote
from engine.errors import LabError
from engine.lab import shares
from engine.lab.app_days import AppRecordings
from engine.lab.messages import SweepAnswer
from engine.lab.recordings import RecordedDay
from engine.lab.sources import recordings
from engine.lab.sweep import sweep
from engine.state.lab_sections import Range
from tests.patience import wait_for
from tests.unit.lab.lab_samples import DAY_S, OPEN, ask_sweep, walk

duckdb = pytest.importorskip("duckdb", reason="requirements-scale.txt is not installed")
pq = pytest.importorskip("pyarrow.parquet", reason="requirements-scale.txt is not installed")

STOCK = ContractRef(con_id=265598, symbol="BRK B", local_symbol="BRK B", sec_type="STK", exchange="SMART",
                    currency="USD", multiplier=1.0)  # fmt: skip
DATES = (20131007, 20131008, 20131009)
NOW = OPEN + 2 * DAY_S + 12 * 3_600.0


class _Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def mono(self) -> float:
        return self.now

    def wall(self) -> float:
        return NOW


def columns(seed: int, start: float, count: int = 390, every_s: float = 60.0) -> BarColumns:
    bars = walk(seed, count, start)
    volume = bars.volume.copy()
    volume[3] = np.nan
    times = start + every_s * np.arange(count)
    return BarColumns(times, *bars[1:5], volume, np.full(count, 3.0))


def keep(folder: Path, *dates: int, saved: float = OPEN + 2 * DAY_S, contract: ContractRef = STOCK) -> None:
    """Bars on disk as the engine keeps them, of these days."""
    sessions, tens = [], []
    for number, date in enumerate(DATES):
        if date in dates:
            start = OPEN + number * DAY_S
            sessions.append(StoredSession(date, start, start + 390 * 60.0, columns(number, start)))
            tens.append((date, columns(50 + number, start, 120, 10.0)))
    archive = BarArchive(folder, NOW)
    archive.save([Saved(contract, tuple(sessions), [], (), tuple(tens))], saved)
    archive.close()


def archive_of(url: str, engine: str = "main", clock: _Clock | None = None, **more: object) -> Archive:
    settings = ArchiveSettings.model_construct(**{"url": url, "ticks": False, "keep_days": None, **more})
    return Archive(settings, "paper", engine, clock or _Clock(), lambda: NOW)


def write(archive: Archive, folder: Path) -> None:
    """What the thread does, to its end."""
    archive.open(folder)
    wait_for(lambda: archive.size is not None or archive.problem, "the archive's first round")
    assert archive.close()


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    keep(tmp_path / "bars", *DATES)
    return tmp_path / "bars"


def same(one: RecordedDay, other: RecordedDay) -> bool:
    ours = (*one.bars, *(one.tens or ()), one.whole)
    theirs = (*other.bars, *(other.tens or ()), other.whole)
    plain = one[:2] + one[3:6] + (one.is_us,) == other[:2] + other[3:6] + (other.is_us,)
    return plain and all(np.array_equal(a, b, equal_nan=True) for a, b in zip(ours, theirs, strict=True))


def test_names_are_read_back_whatever_the_symbol():
    for symbol in ("AAPL", "BRK B", "A.B/C%20", "ÄÖ?*[x]"):
        path = bar_path("paper", "minutes", "2026-12-01", -7, symbol, "west-1")
        found = bar_file(path)
        assert found == ("2026-12-01", -7, symbol, path) and not set(path.rpartition("/")[2]) & set("?*[] ")
    assert bar_file("paper/minutes/date=2026-12-01/notes.txt") is None
    assert day_of(tick_path("paper", "2026-12-01", "093000", "main")) == "2026-12-01" and day_of("a/b") is None
    assert iso_day(20261201) == "2026-12-01"


def test_a_day_is_due_when_it_rests_when_the_next_has_begun_and_when_history_is_done_with_it():
    def due(written: dict[str, float], saved: float, now: float) -> list[tuple[int, float]]:
        symbol = StoredSymbol(7, STOCK, DATES, saved)
        return [(each.date, each.stage) for each in due_days([symbol], written, now)]

    assert due({}, 1_000.0, 1_100.0) == [(20131008, CLOSED), (20131007, FINAL)], "the newest still runs"
    done = {key_of(7, 20131008): CLOSED, key_of(7, 20131007): FINAL}
    assert due(done, 1_000.0, 1_100.0) == []
    assert due(done, 1_000.0, 1_000.0 + 6 * 3_600.0) == [(20131009, 1_000.0)]
    done[key_of(7, 20131009)] = 1_000.0
    assert due(done, 1_000.0, 90_000.0) == [] and due(done, 2_000.0, 90_000.0) == [(20131009, 2_000.0)]
    assert still_kept([StoredSymbol(7, STOCK, DATES[1:], 0.0)], done).keys() == done.keys() - {key_of(7, 20131007)}


def test_what_the_lab_reads_from_the_archive_is_what_it_reads_from_the_bars_on_disk(bars: Path, tmp_path: Path):
    url = f"file://{tmp_path}/archive"
    archive = archive_of(url)
    write(archive, bars)
    assert archive.problem == "" and archive.size is not None
    assert (archive.size.files, archive.size.first) == (6, "2013-10-07")
    assert archive.words.startswith("archive 0.") and archive.words.endswith("MB since 2013-10-07, kept for ever")
    own, kept = AppRecordings(bars), recordings("archive", f"{url}/paper")
    assert kept.days() == own.days() and len(kept.days()) == 3
    for symbol, day in own.days():
        assert same(kept.load(symbol, day), own.load(symbol, day)), day


def test_a_run_on_the_archive_by_a_clusters_worker_is_that_on_the_bars_on_disk(bars: Path, tmp_path: Path):
    url = f"file://{tmp_path}/archive"
    write(archive_of(url), bars)
    ask = ask_sweep(1, bars, Range("rel_volume", (0.5, 1.5)), Range("bars_n", (10.0, 20.0)))
    own = list(sweep(replace(ask, kind="app"), AppRecordings(bars)))[-1]
    sent = shares.write(replace(ask, kind="archive", folder=f"{url}/paper"))
    found = shares.read_share(shares.piece("run", shares.code_hash(), sent, 0, 4))
    assert isinstance(found, shares.Piece) and None not in found.results
    whole = shares.read_share(shares.finish("run", shares.code_hash(), sent, shares.write(found.results)))
    assert isinstance(whole, shares.Whole) and isinstance(own, SweepAnswer)
    assert whole.answer.result == replace(own.result, took_s=0.0) and own.result.signals_total > 0


def test_other_tools_read_it_without_us(bars: Path, tmp_path: Path):
    write(archive_of(f"file://{tmp_path}/archive"), bars)
    rows = duckdb.sql(
        f"SELECT symbol, date::VARCHAR AS date, count(*), count(volume) "
        f"FROM '{tmp_path}/archive/paper/ten_seconds/*/*.parquet' GROUP BY ALL ORDER BY date"
    ).fetchall()
    assert [row[:3] for row in rows] == [("BRK B", iso_day(date), 120) for date in DATES]
    assert all(row[3] == 119 for row in rows), "an unknown volume is NULL"


def test_what_is_written_is_not_written_again_and_what_is_lost_is(bars: Path, tmp_path: Path):
    url = f"file://{tmp_path}/archive"
    write(archive_of(url), bars)
    files = sorted((tmp_path / "archive").rglob("*.parquet"))
    stamps = [path.stat().st_mtime_ns for path in files]
    write(archive_of(url), bars)
    assert [path.stat().st_mtime_ns for path in files] == stamps
    write(archive_of(f"file://{tmp_path}/other"), bars)
    assert len(list((tmp_path / "other").rglob("*.parquet"))) == len(files), "a new place gets all that is there"
    (bars / NOTES).write_text("{broken")
    write(archive_of(url), bars)
    assert all(new.stat().st_mtime_ns > old for new, old in zip(files, stamps, strict=True))


def test_an_object_store_holds_the_same(bars: Path, tmp_path: Path):
    """By fsspec's memory: the way that s3:// goes, too."""
    write(archive_of("memory://bucket/qtrade"), bars)
    own, kept = AppRecordings(bars), recordings("archive", "memory://bucket/qtrade/paper")
    try:
        assert kept.days() == own.days()
        assert all(same(kept.load(*each), own.load(*each)) for each in own.days())
    finally:
        fsspec.filesystem("memory").rm("/bucket", recursive=True)


def test_two_engines_that_saw_parts_of_a_day_make_one(tmp_path: Path):
    url = f"file://{tmp_path}/archive"
    whole = columns(0, OPEN)
    for engine, quality, rows in (("west", 1.0, slice(0, 300)), ("east", 3.0, slice(200, 390))):
        folder = tmp_path / engine
        part = BarColumns(*(column[rows] for column in whole[:6]), np.full(rows.stop - rows.start, quality))
        archive = BarArchive(folder, NOW)
        archive.save([Saved(STOCK, (StoredSession(DATES[0], None, None, part),), [], ())], OPEN)
        archive.close()
        write(archive_of(url, engine), folder)
    found = recordings("archive", f"{url}/paper").load("BRK B", "2013-10-07")
    assert np.array_equal(found.bars.time, whole.time) and np.array_equal(found.bars.close, whole.close)
    assert found.whole is not None and found.whole.sum() == 190 and found.is_visited


def test_a_damaged_file_is_set_aside_and_said_and_the_other_days_are_read(bars: Path, tmp_path: Path):
    url = f"file://{tmp_path}/archive"
    write(archive_of(url), bars)
    (hurt,) = (tmp_path / "archive" / "paper" / "minutes" / "date=2013-10-08").iterdir()
    hurt.write_bytes(hurt.read_bytes()[:-40])
    kept = recordings("archive", f"{url}/paper")
    with pytest.raises(LabError, match=r"BRK B, 2013-10-08: .*is damaged: set aside as .*\.parquet\.bad"):
        kept.load("BRK B", "2013-10-08")
    assert len(kept.load("BRK B", "2013-10-07").bars.time) == 390
    assert not hurt.exists() and hurt.with_name(hurt.name + ".bad").exists()
    assert [day for _symbol, day in recordings("archive", f"{url}/paper").days()] == ["2013-10-07", "2013-10-09"]


def test_days_older_than_they_are_to_be_kept_go(bars: Path, tmp_path: Path):
    old = tmp_path / "archive" / "paper" / "minutes" / "date=2013-08-01"
    old.mkdir(parents=True)
    (old / "1.AAA.main.parquet").write_bytes(b"x")
    archive = archive_of(f"file://{tmp_path}/archive", keep_days=30)
    write(archive, bars)
    assert not any(old.iterdir()) and archive.words.endswith("since 2013-10-07, kept for 30 days")


def quote(con_id: int, last: float) -> Quote:
    return Quote(
        con_id, f"S{con_id}", last, "last", last - 0.01, None, 300.0, 200.0, last, 100.0, 5_000.0, None, None, None,
        None, None, False, "live", "streaming", 0.0, 0.0, 1,
    )  # fmt: skip


def test_ticks_wait_bounded_and_are_written_by_symbol_and_time(bars: Path, tmp_path: Path):
    archive = archive_of(f"file://{tmp_path}/archive", ticks=True)
    midnight = 1_381_190_400.0
    for n in range(10):
        archive.note(quote(2 - n % 2, 50.0 + n), midnight - 5.0 + n, n % 3 == 0)
    write(archive, bars)
    first, second = sorted((tmp_path / "archive" / "paper" / "ticks").rglob("*.parquet"))
    assert (first.parent.name, first.name) == ("date=2013-10-07", "235955.main.parquet")
    assert (second.parent.name, second.name) == ("date=2013-10-08", "000000.main.parquet")
    rows = pq.read_table(first).to_pylist()
    assert [(row["con_id"], row["last"]) for row in rows] == [(1, 51.0), (1, 53.0), (2, 50.0), (2, 52.0), (2, 54.0)]
    assert rows[2]["time"].timestamp() == midnight - 5.0 and rows[2]["is_trade"] and rows[2]["ask"] is None
    assert (rows[2]["symbol"], rows[2]["data"], rows[2]["bid_size"]) == ("S2", "live", 300.0)


def test_a_full_buffer_loses_the_newest_and_counts_them():
    buffer = TickBuffer(most=3)
    for n in range(5):
        buffer.note(quote(n, 1.0), float(n), True)
    assert (len(buffer), buffer.lost) == (3, 2)
    assert [tick.con_id for tick in buffer.take(2)] == [0, 1] and [tick.con_id for tick in buffer.take(9)] == [2]


def test_a_place_that_refuses_is_said_and_tried_again(bars: Path, tmp_path: Path):
    place = tmp_path / "archive"
    place.write_text("in the way")
    clock = _Clock()
    archive = archive_of(f"file://{place}/deeper", clock=clock)
    archive.open(bars)
    wait_for(lambda: archive.problem)
    assert str(place) in archive.problem and "tried again by itself" in archive.cure
    place.unlink()
    clock.now += 60.0
    archive.open(bars)
    wait_for(lambda: archive.size is not None and not archive.problem, every_s=0.1)
    assert archive.close() and len(list(place.rglob("*.parquet"))) == 6


def test_without_the_packages_the_cure_is_said(bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "engine.archive.store", None)
    archive = archive_of(f"file://{tmp_path}/archive")
    write(archive, bars)
    assert "requirements-scale.txt" in archive.problem
    monkeypatch.setitem(sys.modules, "engine.lab.archive_days", None)
    with pytest.raises(LabError, match=r"archive\.url .* requirements-scale\.txt"):
        recordings("archive", f"file://{tmp_path}/archive/paper")


def test_nothing_is_kept_where_none_is_configured(bars: Path):
    archive = Archive(ArchiveSettings(), "paper", "main", _Clock(), lambda: NOW)
    archive.open(bars)
    assert archive.words == "" and archive.close() and not (bars / NOTES).exists() and list_symbols(bars)
