"""Bars on disk: what is written is read again, days are bounded, damage costs a day and never the program."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.archive import SESSIONS_KEPT, BarArchive, Saved
from engine.bars.bar_files import (
    FILE_NAME,
    NO_BARS,
    BarColumns,
    StoredSession,
    as_bars,
    list_symbols,
    pack,
    read_daily,
    read_session_bars,
    read_sessions,
    unpack,
)
from engine.bars.series import BarSeries
from engine.domain import Bar, ContractRef
from engine.errors import StateError
from engine.storage import rescues

T0 = 1_762_353_000.0  # 2025-11-05 09:30 New York
ACME = ContractRef(7, "ACME", "ACME", "STK", "SMART")
NAN = float("nan")


def columns(count: int, start: float = T0, price: float = 10.0, quality: int = 3) -> BarColumns:
    times = start + 60.0 * np.arange(count)
    flat = np.full(count, price)
    return BarColumns(times, flat, flat + 1, flat - 1, flat + 0.5, flat * 100, np.full(count, float(quality)))


def session(date: int, bars: BarColumns) -> StoredSession:
    return StoredSession(date, T0, T0 + 23_400.0, bars)


def keep(folder: Path, *sessions: StoredSession, daily: tuple[Bar, ...] = (), at: float = T0) -> None:
    archive = BarArchive(folder, 0.0)
    archive.save([Saved(ACME, sessions, [[T0, T0 + 600.0]], daily)], at)
    archive.close()


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    keep(tmp_path, session(20251104, columns(3, T0 - 86_400.0)), session(20251105, columns(2)))
    (symbol,) = list_symbols(tmp_path)
    assert (symbol.con_id, symbol.contract, symbol.dates) == (7, ACME, (20251104, 20251105))
    bars = read_session_bars(tmp_path, 7)
    assert bars.time.tolist() == [T0 - 86_400.0 + 60 * i for i in range(3)] + [T0, T0 + 60.0]
    assert bars.volume.tolist() == [1_000.0] * 5 and bars.quality.tolist() == [3] * 5
    assert [day.date for day in read_sessions(tmp_path, 7, newest=1)] == [20251105]
    assert read_sessions(tmp_path, 7)[0].open == T0
    assert len(read_session_bars(tmp_path, 8).time) == 0


def test_a_folder_without_bars_is_empty(tmp_path: Path) -> None:
    assert list_symbols(tmp_path / "none") == []
    assert len(read_session_bars(tmp_path, 7).time) == 0
    assert read_daily(tmp_path, 7) == []


@given(
    st.lists(
        st.tuples(
            st.floats(1e-4, 1e6), st.one_of(st.just(NAN), st.floats(0, 1e12)), st.integers(0, 3), st.integers(1, 900)
        ),
        max_size=50,
    )
)
def test_packing_loses_nothing(rows: list[tuple[float, float, int, int]]) -> None:
    times = T0 + 60.0 * np.cumsum([row[3] for row in rows], dtype=np.float64)
    prices = np.array([row[0] for row in rows])
    volumes = np.array([row[1] for row in rows], dtype=np.float64)
    qualities = np.array([row[2] for row in rows], np.float64)
    before = BarColumns(times, prices, prices, prices, prices, volumes, qualities)
    after = unpack(pack(before), len(rows))
    assert after is not None
    for mine, theirs in zip(before, after, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@given(st.binary(max_size=200), st.integers(-2, 40))
def test_any_bytes_are_bars_or_nothing(data: bytes, count: int) -> None:
    unpack(data, count)
    whole = bytearray(pack(columns(20)))
    whole[len(data) % len(whole)] ^= 0x55
    unpack(bytes(whole), 20)


def test_a_day_grows_and_corrections_win(tmp_path: Path) -> None:
    keep(tmp_path, session(20251105, columns(5, price=10.0, quality=2)))
    keep(tmp_path, session(20251105, columns(3, T0 + 180.0, price=20.0)))
    bars = read_session_bars(tmp_path, 7)
    assert bars.open.tolist() == [10.0, 10.0, 10.0, 20.0, 20.0, 20.0]
    assert [bar.source for bar in as_bars(bars)] == ["history"] * 3 + ["streamed"] * 3


def test_only_twenty_days_are_kept(tmp_path: Path) -> None:
    keep(tmp_path, *(session(20251000 + n, columns(2, T0 + 86_400.0 * n)) for n in range(1, 31)))
    dates = [day.date for day in read_sessions(tmp_path, 7)]
    assert dates == [20251000 + n for n in range(11, 31)] and len(dates) == SESSIONS_KEPT


def test_contracts_that_nobody_wants_are_forgotten(tmp_path: Path) -> None:
    keep(tmp_path, session(20251105, columns(2)))
    archive = BarArchive(tmp_path, 0.0)
    assert archive.prune(T0 - 60.0) == archive.prune(T0 + 29 * 86_400.0) == 0
    assert archive.prune(T0 + 31 * 86_400.0) == 1
    archive.close()
    assert list_symbols(tmp_path) == [] and len(read_session_bars(tmp_path, 7).time) == 0


def test_daily_bars_are_kept(tmp_path: Path) -> None:
    days = (Bar(T0 // 86_400 * 86_400, 1.0, 2.0, 0.5, 1.5, None, "history"),)
    keep(tmp_path, daily=days)
    assert read_daily(tmp_path, 7) == list(days)


def test_a_damaged_file_is_moved_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database at all" * 100)
    with pytest.raises(StateError, match="can't be read"):
        list_symbols(tmp_path)
    keep(tmp_path, session(20251105, columns(2)))
    assert len(read_session_bars(tmp_path, 7).time) == 2
    assert [path.name for path in tmp_path.glob("*.corrupt-*")] == [f"{FILE_NAME}.corrupt-0"]
    assert "Moved to" in caplog.text


def test_a_damaged_day_costs_that_day_and_what_was_known(tmp_path: Path) -> None:
    keep(tmp_path, session(20251104, columns(3, T0 - 86_400.0)), session(20251105, columns(2)))
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("UPDATE sessions SET data = x'00ff' WHERE date = 20251105")
    db.close()
    assert read_session_bars(tmp_path, 7).time.tolist() == [T0 - 86_400.0 + 60 * i for i in range(3)]
    archive = BarArchive(tmp_path, 0.0)
    loaded = archive.load([7, 8], 2)
    archive.close()
    assert set(loaded) == {7} and len(loaded[7].bars.time) == 3
    assert loaded[7].spans == [], "a gap that nobody knows of would never be repaired"


def test_a_newer_file_is_kept_and_bars_go_on_in_another(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StateError, match="version 99"):
        list_symbols(tmp_path)
    keep(tmp_path, session(20251105, columns(2)))
    assert [each.contract for each in list_symbols(tmp_path)] == [ACME]
    with sqlite3.connect(tmp_path / f"{FILE_NAME}.newer-0") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (99,)
    db.close()
    (told,) = rescues.take(tmp_path)
    assert "a newer QTrade wrote it (version 99" in told.text


def test_the_lab_reads_while_the_engine_writes(tmp_path: Path) -> None:
    archive = BarArchive(tmp_path, 0.0)
    for n in range(5):
        archive.save([Saved(ACME, (session(20251105, columns(n + 1)),), [], ())], T0)
        assert len(read_session_bars(tmp_path, 7).time) == n + 1
    archive.close()
    assert len(NO_BARS.time) == 0


def test_gaps_between_visits_stay_gaps_over_a_restart() -> None:
    series = BarSeries(100)
    sampled = np.vstack([[T0, T0 + 180.0, T0 + 240.0, T0 + 7_200.0], *np.ones((5, 4)), [1.0, 1.0, 3.0, 1.0]])
    series.merge_rows(sampled)
    assert [bar.source for bar in series.bars()] == ["sampled", "sampled", "streamed", "sampled"]
    assert series.rows_within(20) == 1, "half an hour before the newest bar was not seen"
    assert series.rows().tolist() == sampled.tolist()
    streamed = BarSeries(100)
    streamed.merge_rows(np.vstack([[T0, T0 + 180.0], *np.ones((5, 2)), [3.0, 2.0]]))
    assert streamed.rows_within(20) == 20, "minutes without a trade are no gap"
