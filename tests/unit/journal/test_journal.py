"""The journal: nothing twice, nothing acknowledged lost, and no failure of the disk reaches the caller."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError, StatementError

from engine.alerts.outbox import queued
from engine.clock import FakeClock, SystemClock
from engine.domain import Incident, LineSpan
from engine.errors import StateError
from engine.journal import tables
from engine.journal.database import file_of, in_words, open_for_writing, url_of
from engine.journal.reader import JournalReader
from engine.journal.rows import (
    ConnectionEvent,
    DayNote,
    PositionSeen,
    SettingChange,
    SignalOutcome,
    TripLink,
    TripNote,
    TripStop,
)
from engine.journal.source import EmptyJournal
from engine.journal.statements import REPLACED, all_tables, unique_columns, upsert
from engine.journal.writer import ROWS_WAITING_MAX, Journal, _Store
from engine.state.alert_sections import Rule
from engine.storage import rescues
from tests.app.sample_alerts import occurrence
from tests.app.sample_state import FILLS, MARKET, WALL, health, signals
from tests.patience import DEADLINE_S, wait_for

ROOT = Path(__file__).resolve().parents[3]


def span(con_id: int, from_s: float, to_s: float) -> LineSpan:
    """A line at 25 of that stretch, in seconds before MARKET."""
    name = f"S{con_id}"
    return LineSpan(con_id, name, "25", MARKET - from_s, MARKET - to_s, "Momentum #3", "evicted by SMCI", "SMCI")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "simulated-DU1" / "journal.db"


@pytest.fixture
def make_journal():
    made = []

    def make(clock=None, **more) -> Journal:
        made.append(Journal(clock or SystemClock(), **more))
        return made[-1]

    yield make
    for journal in made:
        journal.stop()


@pytest.fixture
def make_reader():
    made = []

    def make(path, mode="simulated", account=None) -> JournalReader:
        made.append(JournalReader())
        made[-1].open(path, mode, account)
        return made[-1]

    yield make
    for reader in made:
        reader.close()


def rows_of(path: Path, table: str) -> list[dict]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]


def test_every_kind_of_row_is_kept_with_mode_account_and_both_times(path, make_journal):
    journal = make_journal(FakeClock(wall=WALL))
    journal.open(path, "simulated", "DU1")
    journal.record_pnl(WALL, MARKET, -5.0, 1.0, None)
    for item in signals().signals:
        journal.record_signal(item)
        journal.record_shadow("Loose", item)
    journal.record_outcome(SignalOutcome("", "1-long-1", MARKET, 30, 1.5, -0.5, 1.0))
    journal.record_change(SettingChange(1, WALL, MARKET, "page", "a.b", 20, [1, "x"]))
    journal.record_connection(ConnectionEvent(WALL, MARKET, "connected", "to TWS", 1102))
    for fill in FILLS:
        journal.record_fill(fill)
    for condition in health(WALL).conditions:
        journal.record_notice(condition, MARKET)
    journal.record_line_span(span(1, 60.0, 10.0))
    journal.record_incident(Incident("feed", "feed", None, "", WALL, MARKET, WALL, None, "No quotes", seen=True))
    journal.record_trip_note(TripNote("DU1", "", 1, "a.01", "early", ("gap",), WALL), MARKET)
    journal.record_day_note(DayNote("DU1", "20251105", "calm", (), WALL), MARKET)
    journal.record_stop(TripStop("DU1", "", 1, "a.01", 9.5, WALL), MARKET)
    journal.record_link(TripLink("DU1", "", "a.01", "b.01", True, WALL), MARKET)
    journal.record_position(PositionSeen("DU1", 1, "X", "STK", 5.0, None, MARKET))
    found = occurrence(1, WALL)
    accepted = replace(queued(found, "phone", "raised", WALL, None), state="accepted")
    journal.record_rule(Rule(1, 1, "disk", {"gb": 2.0}, (), "warning", 15.0, WALL), MARKET)
    journal.record_occurrence(found)
    journal.record_deliveries([accepted])
    assert journal.flush(DEADLINE_S)
    for table in all_tables():
        rows = rows_of(path, table.name)
        assert rows, table.name
        for row in rows:
            owner = FILLS[0].account if table is tables.fills else "DU1"
            assert (row["mode"], row["account"], row["recorded_at"]) == ("simulated", owner, WALL)
            assert row["market_time"] > 1e9


def test_what_was_recorded_comes_back(path, make_journal, make_reader):
    journal = make_journal()
    journal.open(path, "simulated", "DU1")
    change = SettingChange(journal.next_change_id(), WALL, MARKET, "page", "breakout.bars_n", 20, None)
    event = ConnectionEvent(WALL, MARKET, "lost", "socket closed", None)
    for item in signals().signals:
        journal.record_signal(item)
    journal.record_change(change)
    journal.record_connection(event)
    journal.record_pnl(WALL, MARKET, -5.0, 1.0, None)
    journal.flush(DEADLINE_S)
    reader = make_reader(path)
    assert reader.signals(0.0, 2e9) == list(signals().signals)
    assert reader.signals(MARKET - 3_000.0, MARKET - 2_999.0) == list(signals().signals[:1])
    assert reader.changes() == [change]
    assert reader.connection_events(0.0) == [event]
    (point,) = reader.pnl(0.0)
    assert (point.t, point.m, point.unrealized, point.realized, point.daily) == (WALL, MARKET, -5.0, 1.0, None)
    assert (point.mode, point.account) == ("simulated", "DU1")


def test_later_states_replace_and_repeats_add_nothing(path, make_journal, make_reader):
    journal = make_journal()
    journal.open(path, "simulated", "DU1")
    active = signals().signals[-1]
    ended = replace(active, state="ended", ended_at=MARKET)
    change = SettingChange(7, WALL, MARKET, "page", "a.b", 1, 2)
    for _ in range(3):
        journal.record_pnl(WALL, MARKET, -5.0, 1.0, 2.0)
        journal.record_signal(active)
        journal.record_change(change)
        journal.record_fill(FILLS[1])
        journal.record_connection(ConnectionEvent(WALL, MARKET, "lost", "x"))
    journal.record_signal(ended)
    journal.record_change(replace(change, reverted=True))
    journal.record_fill(replace(FILLS[1], commission=2.5, realized_pnl=10.0))
    journal.flush(DEADLINE_S)
    reader = make_reader(path)
    assert len(reader.pnl(0.0)) == 1
    assert reader.signals(0.0, 2e9) == [ended]
    assert [item.reverted for item in reader.changes()] == [True]
    assert [row["commission"] for row in rows_of(path, "fills")] == [2.5]
    assert len(reader.connection_events(0.0)) == 1


def test_modes_and_accounts_never_meet(path, make_journal, make_reader):
    journal = make_journal()
    for mode, account, value in (("simulated", "DU1", 1.0), ("paper", "DU1", 2.0), ("paper", "DU2", 3.0)):
        journal.open(path, mode, account)
        journal.record_pnl(WALL, MARKET, value, None, None)
    journal.flush(DEADLINE_S)

    def seen(mode, account=None):
        return [point.unrealized for point in make_reader(path, mode, account).pnl(0.0)]

    assert seen("simulated") == [1.0]
    assert sorted(seen("paper")) == [2.0, 3.0]
    assert seen("paper", "DU2") == [3.0]
    assert seen("live") == []


def test_rows_wait_until_the_account_is_known_and_follow_it_when_it_changes(tmp_path, make_journal, make_reader):
    journal = make_journal()
    journal.record_pnl(WALL, MARKET, 1.0, None, None)
    assert not journal.flush(0.1)
    journal.open(tmp_path / "a.db", "paper", "DU1")
    assert journal.flush(DEADLINE_S)
    journal.record_pnl(WALL + 2.0, MARKET, 2.0, None, None)
    journal.open(tmp_path / "b.db", "paper", "DU2")
    journal.record_pnl(WALL + 4.0, MARKET, 3.0, None, None)
    assert journal.flush(DEADLINE_S)
    assert [p.unrealized for p in make_reader(tmp_path / "a.db", "paper").pnl(0.0)] == [1.0, 2.0]
    assert [p.unrealized for p in make_reader(tmp_path / "b.db", "paper").pnl(0.0)] == [3.0]


def test_change_ids_are_unique_over_restarts(make_journal):
    clock = FakeClock()
    first = make_journal(clock)
    ids = [first.next_change_id() for _ in range(50)]
    clock.advance(1.0)
    ids += [make_journal(clock).next_change_id() for _ in range(1)]
    assert len(set(ids)) == 51 and ids == sorted(ids)


def test_since_and_until_cut_and_max_points_thins(path, make_journal, make_reader):
    journal = make_journal()
    journal.open(path, "simulated", "DU1")
    for i in range(1_000):
        journal.record_pnl(WALL + 2.0 * i, MARKET + 2.0 * i, float(i % 100), None, None)
    journal.flush(DEADLINE_S)
    reader = make_reader(path)
    assert len(reader.pnl(WALL + 1_000.0)) == 500
    assert len(reader.pnl(WALL, WALL + 1_000.0)) == 500
    assert len(reader.pnl(WALL, None, 100)) <= 100
    journal.record_pnl(WALL + 5_000.0, MARKET + 5_000.0, 7.0, None, None)
    journal.flush(DEADLINE_S)
    gaps = [p for p in reader.pnl(WALL, None, 100, mark_gaps_s=30.0) if p.unrealized is None]
    assert len(gaps) == 1


def test_a_locked_database_is_waited_for(path, make_journal, make_reader):
    journal = make_journal(reopen_s=0.3)
    journal.open(path, "simulated", "DU1")
    journal.record_pnl(WALL, MARKET, 1.0, None, None)
    assert journal.flush(DEADLINE_S)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        journal.record_pnl(WALL + 2.0, MARKET, 2.0, None, None)
        assert wait_for(lambda: journal.write_errors > 0)
        assert "locked" in journal.problem
        journal.record_pnl(WALL + 4.0, MARKET, 3.0, None, None)
        other.execute("ROLLBACK")
    assert journal.flush(DEADLINE_S)
    assert journal.problem == ""
    assert [p.unrealized for p in make_reader(path).pnl(0.0)] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("error", [RuntimeError, SystemExit, MemoryError, ValueError])
def test_whatever_writing_raises_no_row_is_lost_and_the_thread_goes_on(
    path, make_journal, make_reader, error, monkeypatch
):
    write, failed = _Store.write, []

    def fails_twice(store, scope, batch):
        if len(failed) < 2:
            failed.append(1)
            raise error("planted")
        return write(store, scope, batch)

    monkeypatch.setattr(_Store, "write", fails_twice)
    journal = make_journal(reopen_s=0.1)
    journal.open(path, "simulated", "DU1")
    journal.record_pnl(WALL, MARKET, 1.0, None, None)
    assert wait_for(lambda: any(said in journal.problem for said in ("planted", error.__name__))) and journal.cure
    journal.record_pnl(WALL + 2.0, MARKET, 2.0, None, None)
    assert journal.flush(DEADLINE_S)
    assert wait_for(lambda: (journal.problem, journal.cure) == ("", ""))
    assert [p.unrealized for p in make_reader(path).pnl(0.0)] == [1.0, 2.0]


def test_an_impossible_row_is_named_and_does_not_hold_up_the_others(path, make_journal, make_reader, caplog):
    journal = make_journal()
    journal.open(path, "simulated", "DU1")
    journal.record_pnl(WALL, MARKET, 1.0, None, None)
    journal.record_pnl(None, MARKET, -1_234.56, None, None, "DU7654321")
    journal.record_change(SettingChange(1, WALL, MARKET, "page", "a.b", 1, 2))
    assert journal.flush(DEADLINE_S)
    assert journal.dropped == 1
    assert "a row of pnl_points was not taken" in caplog.text
    assert "1234" not in caplog.text and "DU7654321" not in caplog.text, "the log is no place for money"
    assert len(make_reader(path).pnl(0.0)) == 1
    assert len(make_reader(path).changes()) == 1


def test_what_a_database_says_of_an_error_holds_no_row():
    row = 'null value in column "t"\nDETAIL:  Failing row contains (7, DU7654321, -1234.56).'
    assert in_words(IntegrityError("INSERT", (-1_234.56,), sqlite3.IntegrityError(row))) == 'null value in column "t"'
    assert in_words(StatementError("x", "INSERT", (-1_234.56,), TypeError("float() of '-1234.56'"))) == "TypeError"
    assert in_words(ValueError("could not convert string to float: '-1234.56'")) == "ValueError"
    assert in_words(StateError("journal x is of a newer QTrade")) == "journal x is of a newer QTrade"
    assert in_words(OSError(28, "No space left on device")) == "[Errno 28] No space left on device"


def test_a_full_queue_drops_the_newest_and_counts_them(make_journal):
    journal = make_journal()
    for i in range(ROWS_WAITING_MAX + 5):
        journal.record_pnl(float(i), 0.0, None, None, None)
    assert (journal.waiting, journal.dropped) == (ROWS_WAITING_MAX, 5)


@pytest.mark.parametrize("content", [b"\0" * 5_000, b"{" * 5_000])
def test_a_damaged_file_is_moved_aside(path, content, make_journal, make_reader, caplog):
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    journal = make_journal()
    journal.open(path, "simulated", "DU1")
    journal.record_pnl(WALL, MARKET, 1.0, None, None)
    assert journal.flush(DEADLINE_S)
    assert "is damaged: moved to" in caplog.text
    assert len([p for p in path.parent.iterdir() if ".corrupt-" in p.name]) == 1
    assert len(make_reader(path).pnl(0.0)) == 1


def recorded(path, make_journal, points: int) -> None:
    journal = make_journal()
    journal.open(path, "simulated", "DU1")
    for i in range(points):
        journal.record_pnl(WALL + i, MARKET + i, 1.0, None, None)
    assert journal.flush(DEADLINE_S)
    journal.stop()


def spoil(path, first_page: int, pages: int) -> None:
    with path.open("r+b") as file:
        file.seek(first_page * 4096)
        file.write(b"\xa5" * 4096 * pages)


@pytest.mark.parametrize("where", [0.3, 0.6, 0.9])
def test_damage_inside_the_file_costs_its_own_rows_and_is_said(path, make_journal, make_reader, where):
    recorded(path, make_journal, 10_000)
    spoil(path, int(where * path.stat().st_size / 4096), 2)
    again = make_journal()
    again.open(path, "simulated", "DU1")
    again.record_pnl(WALL - 1.0, MARKET, 2.0, None, None)
    assert again.flush(DEADLINE_S)
    kept = make_reader(path).pnl(0.0)
    assert kept[0].unrealized == 2.0 and len(kept) > 9_000
    assert len({point.t for point in kept}) == len(kept), "none twice"
    (said,) = rescues.take(path.parent)
    assert "is damaged: moved to" in said.text and "rows of it are kept" in said.text
    again.stop()
    open_for_writing(url_of(path), WALL).dispose()
    assert rescues.take(path.parent) == []


def test_of_a_file_without_a_readable_page_nothing_is_kept_and_that_is_said(path, make_journal, make_reader):
    recorded(path, make_journal, 100)
    spoil(path, 0, path.stat().st_size // 4096)
    again = make_journal()
    again.open(path, "simulated", "DU1")
    again.record_pnl(WALL, MARKET, 2.0, None, None)
    assert again.flush(DEADLINE_S)
    assert [p.unrealized for p in make_reader(path).pnl(0.0)] == [2.0]
    assert "nothing of it can be read" in rescues.take(path.parent)[0].text


def test_an_empty_file_and_a_folder_in_its_place_are_said_and_gone_on_from(path, make_journal, make_reader):
    path.parent.mkdir(parents=True)
    for make, words in ((lambda: path.write_bytes(b""), "0 bytes"), (path.mkdir, "was a folder")):
        make()
        journal = make_journal()
        journal.open(path, "simulated", "DU1")
        journal.record_pnl(WALL, MARKET, 2.0, None, None)
        assert journal.flush(DEADLINE_S)
        assert words in rescues.take(path.parent)[0].text
        journal.stop()
        for file in path.parent.glob(f"{path.name}*"):
            if file.is_file():
                file.unlink()


def test_line_spans_of_a_stretch_are_those_that_reach_into_it(path, make_journal, make_reader):
    journal = make_journal()
    journal.open(path, "simulated", "DU1")
    before, across, inside = span(1, 900.0, 600.0), span(2, 900.0, 300.0), span(3, 200.0, 100.0)
    after = span(4, 40.0, 10.0)
    for _ in range(2):
        for each in (across, before, after, inside):
            journal.record_line_span(each)
    assert journal.flush(DEADLINE_S)
    reader = make_reader(path)
    assert reader.line_spans(MARKET - 600.0, MARKET - 50.0) == [across, inside]
    assert reader.line_spans(MARKET - 600.0) == [across, inside, after]
    assert reader.line_spans(0.0, None, 2) == [inside, after], "the newest"
    assert reader.first_line(across.from_market + 1.0, after.from_market + 1.0) == inside.from_market
    assert reader.first_line(after.from_market + 1.0, MARKET + 86_400.0) is None
    assert make_reader(path, "paper").line_spans(0.0) == []


def test_an_incident_is_one_row_from_its_beginning_to_its_end(path, make_journal, make_reader):
    began = Incident("silent:1", "silent:", 1, "CLZ5", WALL, MARKET, None, None, "no price", seen=True)
    red, other = replace(began, red_wall=WALL + 60.0), replace(began, key="link", cause="link", con_id=None, symbol="")
    over = replace(red, ended_wall=WALL + 71.5, words="It ticks again.")
    journal = make_journal()
    journal.open(path, "simulated", "DU1")
    for each in (began, replace(other, began_wall=WALL - 5.0), red, over):
        journal.record_incident(each)
    assert journal.flush(DEADLINE_S)
    reader = make_reader(path)
    assert reader.incidents(10) == [replace(other, began_wall=WALL - 5.0), over]
    assert reader.incidents(1) == [over], "the newest"
    assert make_reader(path, "paper").incidents(10) == []


def test_a_reader_neither_makes_nor_writes_the_file(path, make_journal, make_reader):
    reader = make_reader(path)
    assert reader.pnl(0.0) == [] and reader.problem == ""
    assert not path.parent.exists()
    journal = make_journal()
    journal.open(path, "simulated", "DU1")
    journal.record_pnl(WALL, MARKET, 1.0, None, None)
    journal.flush(DEADLINE_S)
    assert len(reader.pnl(0.0)) == 1


def test_a_reader_on_rubbish_is_empty_and_says_so(path, make_reader):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"{" * 5_000)
    reader = make_reader(path)
    assert reader.pnl(0.0) == []
    assert "not a database" in reader.problem


def test_readers_in_many_threads(path, make_journal, make_reader):
    journal = make_journal()
    journal.open(path, "simulated", "DU1")
    for i in range(500):
        journal.record_pnl(WALL + i, MARKET, 1.0, None, None)
    journal.flush(DEADLINE_S)
    reader = make_reader(path)
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(len(reader.pnl(0.0)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert counts == [500] * 8


def test_outcomes_come_back_and_the_shadow_stays_apart(path, make_journal, make_reader):
    journal = make_journal()
    journal.open(path, "simulated", "DU1")
    first = signals().signals[0]
    journal.record_shadow("Loose", first)
    mine = SignalOutcome("", first.id, first.at, 5, 1.5, -0.5, 1.0)
    for outcome in (mine, SignalOutcome("Loose", first.id, first.at, 5, 2.0, 0.0, 2.0), mine):
        journal.record_outcome(outcome)
    assert journal.flush(DEADLINE_S)
    reader = make_reader(path)
    assert reader.signals(0.0, 1e12) == []
    assert reader.outcomes(0.0, 1e12) == [mine]
    assert [each.move for each in reader.outcomes(0.0, 1e12, "Loose")] == [2.0]
    assert reader.outcomes(first.at + 1.0, 1e12) == []


def test_the_stand_in_is_empty():
    empty = EmptyJournal()
    assert (empty.pnl(0.0), empty.signals(0.0, 1.0), empty.changes(), empty.connection_events(0.0)) == ([], [], [], [])
    assert empty.line_spans(0.0) == []


@pytest.mark.parametrize("table", all_tables(), ids=lambda table: table.name)
def test_postgresql_gets_the_same_statement(table):
    text = str(upsert(table, "postgresql").compile(dialect=postgresql.dialect()))
    assert f"ON CONFLICT ({', '.join(unique_columns(table))})" in text
    assert ("DO UPDATE" in text) is (table.name in REPLACED)


def test_urls_and_paths():
    assert file_of(url_of("postgresql+psycopg://me@db/qtrade")) is None
    assert file_of(url_of(Path("a b/ä%20.db"))) == Path("a b/ä%20.db")


def test_odd_folder_names_are_read(tmp_path, make_journal, make_reader):
    path = tmp_path / "a b %20 #1 ä?" / "journal.db"
    journal = make_journal()
    journal.open(path, "simulated", "DU1")
    journal.record_pnl(WALL, MARKET, 1.0, None, None)
    assert journal.flush(DEADLINE_S)
    reader = make_reader(path)
    assert len(reader.pnl(0.0)) == 1, reader.problem


KILLED = """
import sys
sys.path.insert(0, {root!r})
from engine.clock import SystemClock
from engine.journal.writer import Journal
journal = Journal(SystemClock())
journal.open({path!r}, "simulated", "DU1")
t = {start}
while True:
    t += 1.0
    journal.record_pnl(t, t, t, None, None)
    if t % 10 == 0 and journal.flush():
        print(t, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_kill_9_loses_no_acknowledged_point_and_doubles_none(path, make_reader):
    acknowledged = 1e9
    for _ in range(4):
        code = KILLED.format(root=str(ROOT), path=str(path), start=acknowledged)
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(5):
            acknowledged = float(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        process.wait(DEADLINE_S)
        acknowledged = max([acknowledged, *map(float, process.stdout.read().split())])
        process.stdout.close()
        times = [point.t for point in make_reader(path).pnl(0.0)]
        assert len(times) == len(set(times))
        assert times[: int(acknowledged - 1e9)] == [1e9 + 1.0 + i for i in range(int(acknowledged - 1e9))]


def test_money_of_several_accounts_lies_with_each(tmp_path, make_journal, make_reader):
    files = {name: tmp_path / f"paper-{name}" / "journal.db" for name in ("DF1", "DU2", "DU3")}
    journal, reader = make_journal(FakeClock(wall=WALL)), make_reader(files["DF1"], "paper", "DF1")
    journal.open(files["DF1"], "paper", "DF1")
    for name, file in ("DU2", files["DU2"]), ("DU3", files["DU3"]), ("all", files["DF1"]):
        journal.also(file, "paper", name)
        reader.also(file, "paper", name)
    for n, name in enumerate(("DF1", "DU2", "DU3", "all")):
        journal.record_pnl(WALL, MARKET, float(n), None, 10.0 * n, name)
    journal.record_fill(replace(FILLS[0], account="DU3"))
    journal.record_connection(ConnectionEvent(WALL, MARKET, "connected", "to TWS", None))
    assert journal.flush(DEADLINE_S)
    for n, name in enumerate(("DF1", "DU2", "DU3", "all")):
        (point,) = reader.pnl(WALL - 1.0, account=name)
        assert (point.account, point.unrealized, point.daily) == (name, n, 10.0 * n)
    assert [point.account for point in reader.pnl(WALL - 1.0)] == ["DF1"], "home alone, not the sum beside it"
    assert reader.pnl(WALL - 1.0, account="DU9") == [], "nothing of an account that is not of this login"
    assert rows_of(files["DF1"], "fills") == rows_of(files["DU2"], "fills") == []
    assert rows_of(files["DU3"], "fills")[0]["account"] == "DU3"
    assert [row.fill.account for row in reader.fills(0.0)] == ["DU3"], "of all accounts"
    assert [row.fill.account for row in reader.fills(0.0, account="all")] == ["DU3"]
    assert reader.fills(0.0, account="DU2") == reader.fills(0.0, account="DU9") == []
    whole = make_reader(files["DF1"], "paper")
    assert [point.account for point in whole.pnl(WALL - 1.0)] == ["DF1"], "the sum is no account's"
    assert [point.account for point in whole.pnl(WALL - 1.0, account="all")] == ["all"]
    assert reader.connection_events(0.0), "what belongs to no single account is read at home"
    assert rows_of(files["DU2"], "connection_events") == []


def test_another_login_leaves_the_files_of_the_former(tmp_path, make_journal):
    journal = make_journal()
    journal.open(tmp_path / "a" / "journal.db", "paper", "DF1")
    journal.also(tmp_path / "b" / "journal.db", "paper", "DU2")
    journal.record_pnl(WALL, MARKET, 1.0, None, None, "DU2")
    journal.open(tmp_path / "c" / "journal.db", "paper", "DU4")
    journal.record_pnl(WALL + 2.0, MARKET, 2.0, None, None, "DU4")
    assert journal.flush(DEADLINE_S)
    assert [row["unrealized"] for row in rows_of(tmp_path / "b" / "journal.db", "pnl_points")] == [1.0]
    assert [row["unrealized"] for row in rows_of(tmp_path / "c" / "journal.db", "pnl_points")] == [2.0]


def test_what_a_gateway_that_never_answered_left_comes_under_no_other_name(tmp_path, make_journal, make_reader):
    """Paper without TWS: its outage is none of the simulator's, while a change of a setting is the program's."""
    journal = make_journal()
    journal.leave()
    journal.record_incident(Incident("link", "link", None, "", WALL, MARKET, WALL, None, "Nothing listens", seen=True))
    journal.record_connection(ConnectionEvent(WALL, MARKET, "refused", "Nothing listens on 127.0.0.1:7497"))
    change = SettingChange(journal.next_change_id(), WALL, MARKET, "page", "broker.mode", "paper", "simulated")
    journal.record_change(change)
    journal.leave()
    journal.open(tmp_path / "journal.db", "simulated", "DU1")
    assert journal.flush()
    reader = make_reader(tmp_path / "journal.db", "simulated", "DU1")
    assert reader.incidents(10) == [] and reader.connection_events(0.0) == []
    assert reader.changes(10) == [change]


def test_one_accounts_broken_file_is_moved_aside_and_the_others_go_on(tmp_path, make_journal):
    journal = make_journal()
    journal.open(tmp_path / "a" / "journal.db", "paper", "DF1")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "journal.db").write_bytes(b"not a database, whatever its name says" * 40)
    journal.also(tmp_path / "b" / "journal.db", "paper", "DU2")
    journal.record_pnl(WALL, MARKET, 1.0, None, None, "DU2")
    journal.record_pnl(WALL, MARKET, 2.0, None, None, "DF1")
    assert journal.flush(DEADLINE_S)
    assert [row["unrealized"] for row in rows_of(tmp_path / "a" / "journal.db", "pnl_points")] == [2.0]
    assert [row["unrealized"] for row in rows_of(tmp_path / "b" / "journal.db", "pnl_points")] == [1.0]


def test_a_file_that_cannot_be_written_holds_up_no_other(tmp_path, make_journal):
    journal = make_journal()
    (tmp_path / "b").write_text("a file where the folder should be", encoding="utf-8")
    journal.open(tmp_path / "a" / "journal.db", "paper", "DF1")
    journal.also(tmp_path / "b" / "journal.db", "paper", "DU2")
    journal.also(tmp_path / "c" / "journal.db", "paper", "DU3")
    for name in ("DU2", "DF1", "DU3"):
        journal.record_pnl(WALL, MARKET, 1.0, None, None, name)
    assert wait_for(lambda: journal.waiting == 1 and journal.problem)
    for name in ("a", "c"):
        assert len(rows_of(tmp_path / name / "journal.db", "pnl_points")) == 1
    journal.record_pnl(WALL + 2.0, MARKET + 2.0, 2.0, None, None, "DF1")
    assert wait_for(lambda: len(rows_of(tmp_path / "a" / "journal.db", "pnl_points")) == 2)
    assert journal.problem, "the other one is still said"
    (tmp_path / "b").unlink()
    assert journal.flush(30.0)
    assert journal.problem == ""
    assert len(rows_of(tmp_path / "b" / "journal.db", "pnl_points")) == 1
