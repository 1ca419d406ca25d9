"""The journal's revisions: older files come up, newer ones are kept and gone on beside, each step goes both ways."""

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
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from msgspec.structs import replace
from sqlalchemy import Connection, create_engine

from engine.clock import SystemClock
from engine.domain import Fill
from engine.journal import baseline, migrations, tables
from engine.journal.database import open_for_writing, url_of
from engine.journal.reader import JournalReader
from engine.journal.standing import Standing, standing
from engine.journal.writer import Journal
from engine.storage import rescues
from tests.app.sample_state import MARKET
from tests.patience import DEADLINE_S
from tests.unit.journal.old_journal import OLD_FILLS, make_old_journal
from tests.unit.journal.test_fills import BOUGHT, read, rows_of

ROOT = Path(__file__).resolve().parents[3]
NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("pnl_points", sa.Column("drawdown", sa.Float))
    op.create_table("recoveries", sa.Column("cause", sa.String(64), primary_key=True))


def downgrade():
    op.drop_table("recoveries")
    op.drop_column("pnl_points", "drawdown")
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "simulated-DU1" / "journal.db"


@pytest.fixture
def written(path):
    """Records these fills and returns a reader of the account."""
    made = []

    def write(*fills: Fill, points: int = 0) -> JournalReader:
        journal = Journal(SystemClock())
        made.append(journal)
        open_for_writing(url_of(path), MARKET).dispose()  # else the first row would
        journal.open(path, "simulated", "DU1")
        for fill in fills:
            journal.record_fill(fill)
        for n in range(points):
            journal.record_pnl(MARKET + n, MARKET + n, float(n), None, None)
        assert journal.flush(DEADLINE_S), journal.problem
        assert journal.dropped == 0
        journal.stop()
        return read(path)

    yield write
    for journal in made:
        journal.stop()


@pytest.fixture
def newer(tmp_path) -> Path:
    """The scripts of a program that is one revision ahead."""
    scripts = tmp_path / "an odd % folder" / "revisions"
    (scripts / "versions").mkdir(parents=True)
    for script in [migrations.SCRIPTS / "env.py", *migrations.SCRIPTS.glob("versions/r*.py")]:
        (scripts / script.relative_to(migrations.SCRIPTS)).write_bytes(script.read_bytes())
    (scripts / "versions" / "r9999_next.py").write_text(NEXT.format(head=tables.REVISION), encoding="utf-8")
    return scripts


def change(path: Path, step, revision: str, scripts: Path = migrations.SCRIPTS) -> None:
    engine = create_engine(url_of(path))
    with migrations.ONE_AT_A_TIME, engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        step(connection, revision, scripts)
    engine.dispose()


def dump(path: Path) -> list[str]:
    """Everything in the file but the notes of its revision; SQLAlchemy makes indexes in any order."""
    with closing(sqlite3.connect(path)) as connection:
        return sorted(line for line in connection.iterdump() if "alembic_version" not in line)


# --- Alembic ----------------------------------------------------------------------------------------------------------


def test_the_program_knows_its_own_scripts():
    assert migrations.known_revisions() == tables.REVISIONS


def test_the_scripts_come_to_the_tables_that_a_new_file_has(path, tmp_path):
    """In both ways: what Alembic finds to do is nothing, and the tables are the same letter by letter."""
    open_for_writing(url_of(path), MARKET).dispose()
    stepped = tmp_path / "stepped.db"
    change(stepped, migrations.upgrade, tables.REVISION)

    def differences(connection: Connection) -> list:
        return compare_metadata(MigrationContext.configure(connection), tables.metadata)

    for file in (path, stepped):
        engine = create_engine(url_of(file))
        with engine.connect() as connection:
            assert differences(connection) == []
            assert standing(connection).standing is Standing.CURRENT
        engine.dispose()


@pytest.mark.parametrize("number", range(len(tables.REVISIONS)))
def test_each_revision_goes_both_ways_and_loses_no_row_of_what_both_have(path, written, number):
    written(BOUGHT, points=5)
    before = dump(path)
    down = (tables.REVISIONS[number - 1]) if number else "base"
    change(path, migrations.downgrade, down)
    assert len(rows_of(path)) == 1 and len(rows_of(path, "pnl_points")) == 5
    change(path, migrations.upgrade, tables.REVISION)
    assert dump(path) == before
    assert len(written(points=6).pnl(0.0)) == 6


def test_a_file_of_the_last_program_before_alembic_is_taken_as_it_is(path, written):
    written(BOUGHT, points=5)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE alembic_version")
    before = dump(path)
    assert len(written().pnl(0.0)) == 5
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(tables.REVISION,)]
    assert dump(path) == before
    backup = path.with_name(f"{path.name}.before-{tables.REVISION}")
    assert dump(backup) == before, "as it was before"
    assert rescues.take(path.parent) == [], "nothing was wrong"


def test_that_program_goes_on_with_a_file_of_today(path, written):
    """It looks at the number, which must be its own."""
    written(BOUGHT)
    assert [row["version"] for row in rows_of(path, "schema_version")] == [3]


def test_the_backup_is_not_made_again_by_each_try(path, monkeypatch):
    make_old_journal(path, MARKET)

    def fails(*_):
        raise RuntimeError("planted")

    monkeypatch.setattr(baseline, "_fill_row", fails)
    made = []
    for _ in range(2):
        with pytest.raises(RuntimeError):
            open_for_writing(url_of(path), MARKET)
        (backup,) = path.parent.glob("*.before-*")
        made.append(backup.stat().st_mtime_ns)
    assert made[0] == made[1]
    assert {row["exec_id"] for row in rows_of(backup)} == {fill[0] for fill in OLD_FILLS}


def test_programs_and_files_go_up_and_down_between_two_versions(path, written, newer):
    """The newer program's file is kept by the older one, which goes on; the newer one takes that up again."""
    written(BOUGHT, points=5)
    change(path, migrations.upgrade, "9999", newer)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE pnl_points SET drawdown = 1.5")
        connection.execute("INSERT INTO recoveries VALUES ('1100')")
    kept = dump(path)
    assert len(read(path).pnl(0.0)) == 5, "a page of the older one reads it as it is"
    reader = written(points=7)
    assert len(reader.pnl(0.0)) == 7 and [row.fill for row in reader.fills(0.0)] == [BOUGHT]
    (aside,) = path.parent.glob("*.other-*")
    assert dump(aside) == kept, "nothing of it is lost"
    (told,) = rescues.take(path.parent)
    assert "is of revision 9999, a newer QTrade wrote it" in told.text and aside.name in told.text
    assert "7 rows of it were taken over" in told.text and "recording goes on" in told.cure
    change(path, migrations.upgrade, "9999", newer)
    assert len(rows_of(path, "pnl_points")) == 7 and rows_of(path, "pnl_points")[0]["drawdown"] is None
    change(path, migrations.downgrade, tables.REVISION, newer)
    assert len(written(points=8).pnl(0.0)) == 8
    assert rescues.take(path.parent) == []


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ("CREATE TABLE moz_cookies (id INTEGER PRIMARY KEY, name TEXT)", "it has other tables"),
        ("CREATE TABLE pnl_points (a, b)", "pnl_points has no row_id, mode, account"),
        ("CREATE TABLE fills (exec_id, price)", "is none of ours"),
        ("CREATE TABLE alembic_version (x)", "is of revision unknown"),
        (
            "CREATE TABLE alembic_version (version_num); INSERT INTO alembic_version VALUES ('8f14e45fceea');"
            "CREATE TABLE users (id)",
            "is of revision 8f14e45fceea",
        ),
        ("CREATE TABLE schema_version (version, applied_at); INSERT INTO schema_version VALUES (99, 0)", "version 99"),
        (
            "CREATE TABLE pnl_points (row_id INTEGER PRIMARY KEY, mode TEXT, account TEXT, market_time, recorded_at, t,"
            " unrealized, realized, daily)",
            "pnl_points is not unique over mode, account, t",
        ),
    ],
)
def test_a_file_of_another_kind_is_kept_and_recording_goes_on(path, written, made, words):
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(made)
    before = dump(path)
    assert len(written(BOUGHT, points=3).pnl(0.0)) == 3
    (aside,) = path.parent.glob("*.other-*")
    assert dump(aside) == before
    (told,) = rescues.take(path.parent)
    assert words in told.text and aside.name in told.text
    assert len(written(points=4).pnl(0.0)) == 4
    assert rescues.take(path.parent) == [], "once"


def test_a_missing_table_is_made(path, written):
    written(points=3)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE fills")
    assert [row.fill for row in written(BOUGHT).fills(0.0)] == [BOUGHT]
    assert rescues.take(path.parent) == []


@pytest.mark.parametrize("when", ["copied", "moved", "named"])
def test_a_replacement_that_was_killed_half_way_is_finished(path, written, when, monkeypatch):
    """At any step: the rows of the damaged file are in the journal afterwards."""
    written(points=6_000)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xa5" * 8192)

    class Killed(BaseException):
        pass

    count = {"copied": 0, "moved": 1, "named": 2}[when]
    rename, replace_ = Path.rename, Path.replace

    def dies(move):
        def step(self, target):
            nonlocal count
            if ".rescued.new" not in self.name and "journal" in self.name:
                count -= 1
                if count < 0:
                    raise Killed
            return move(self, target)

        return step

    monkeypatch.setattr(Path, "rename", dies(rename))
    monkeypatch.setattr(Path, "replace", dies(replace_))
    try:
        open_for_writing(url_of(path), MARKET).dispose()
    except Killed:
        pass
    monkeypatch.undo()
    reader = written()
    assert 5_500 < len(reader.pnl(0.0)) < 6_000
    assert [file for file in path.parent.iterdir() if ".corrupt-" in file.name], "the damaged one is kept"
    assert not [file for file in path.parent.iterdir() if ".rescued" in file.name]
    (told,) = rescues.take(path.parent)
    assert told.path == path, "also by the start that finishes it"


# --- files of before --------------------------------------------------------------------------------------------------


def test_a_file_of_version_1_gets_the_table_of_line_spans(path, written):
    make_old_journal(path, MARKET)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE schema_version SET version = 1")
    assert read(path).line_spans(0.0) == []
    written(BOUGHT)
    assert rows_of(path, "line_spans") == []
    assert [row["version"] for row in rows_of(path, "schema_version")] == [1, 3]


def old_rows(path: Path) -> list[tuple]:
    names = "mode", "account", "market_time", "recorded_at", "exec_id", "con_id", "local_symbol", "side", "quantity"
    return [tuple(row[name] for name in (*names, "price", "exchange", "commission")) for row in rows_of(path)]


def test_an_old_file_keeps_every_row(path, written):
    make_old_journal(path, MARKET)
    before = old_rows(path)
    reader = written()
    written(BOUGHT)  # opens it
    assert old_rows(path)[:5] == before
    rows = rows_of(path)
    assert [(row["realized_pnl"], row["superseded_by"]) for row in rows[:5]] == [
        (None, None),  # 0.0 was the library's word for "unset"
        (97.95, OLD_FILLS[2][0]),
        (92.95, None),
        (None, None),
        (None, None),
    ]
    assert [row.fill.exec_id for row in reader.fills(MARKET + 0.5)] == [OLD_FILLS[n][0] for n in (0, 2, 3, 4)]
    assert len(rows_of(path, "pnl_points")) == 1 and len(reader.pnl(0.0)) == 1
    assert [row["version"] for row in rows_of(path, "schema_version")] == [2, 3]
    with closing(sqlite3.connect(path)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    assert baseline.FILLS_BEFORE_3 not in names and {"fills_by_root", "fills_by_time", "line_spans"} <= names


def test_a_fill_of_before_is_met_by_its_next_report(path, written):
    make_old_journal(path, MARKET, [("00.01.01", 7, "X", "BOT", 5.0, 10.0, "NYSE", None, None)])
    again = replace(BOUGHT, exec_id="00.01.01", con_id=7, quantity=5.0, price=10.0, model="")
    (row,) = written(again).fills(0.0)
    assert (row.fill.commission, row.fill.trade_date, row.fill.opening) == (1.02, "20251105", "open")


def test_an_old_file_that_nobody_has_brought_over_is_read_as_it_is(path):
    make_old_journal(path, MARKET)
    reader = read(path)
    assert [row.fill.exec_id for row in reader.fills(0.0)] == [OLD_FILLS[n][0] for n in (0, 2, 3, 4)]
    assert len(reader.fills(0.0, corrected=True)) == 5
    assert (reader.fills(0.0)[0].fill.sec_type, reader.problem) == ("", "")
    assert [row["version"] for row in rows_of(path, "schema_version")] == [2], "a reader changes nothing"
    reader.close()


def test_a_migration_that_fails_in_the_middle_changes_nothing_and_is_done_at_the_next_start(path, written, monkeypatch):
    make_old_journal(path, MARKET)
    before = old_rows(path)

    def fails(*_):
        raise OSError("the disk went away")

    monkeypatch.setattr(baseline, "_fill_row", fails)
    with pytest.raises(OSError, match="went away"):
        open_for_writing(url_of(path), MARKET)
    monkeypatch.undo()
    assert old_rows(path) == before
    assert [row["version"] for row in rows_of(path, "schema_version")] == [2]
    assert len(written(BOUGHT).fills(0.0, corrected=True)) == 6
    assert old_rows(path)[:5] == before


def test_an_old_file_without_a_note_of_its_version_is_brought_over_too(path, written):
    """A program that ended between its tables and the note."""
    make_old_journal(path, MARKET)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM schema_version")
    assert len(written(BOUGHT).fills(0.0, corrected=True)) == 6


def test_what_an_interrupted_migration_left_aside_is_taken_over(path, written):
    """As a database would leave it that can't undo changed tables."""
    make_old_journal(path, MARKET)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"ALTER TABLE fills RENAME TO {baseline.FILLS_BEFORE_3}")
    assert len(written(BOUGHT).fills(0.0, corrected=True)) == 6


KILLED = """
import os, signal, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from engine.journal import baseline
from engine.journal.database import open_for_writing, url_of
whole, left = baseline._fill_row, {after}
def row(old):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(old)
baseline._fill_row = row
open_for_writing(url_of(Path({path!r})), 1.0)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_kill_9_in_the_middle_loses_and_doubles_no_row(path, written):
    many = [(f"00.{n:04d}.01", 7, "X", "BOT", 1.0, float(n), "NYSE", 1.0, 0.0) for n in range(700)]
    make_old_journal(path, MARKET, many)
    before = old_rows(path)
    code = KILLED.format(root=str(ROOT), path=str(path), after=600)
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    assert old_rows(path) == before
    written(replace(BOUGHT, exec_id="later.01"))
    assert old_rows(path)[:-1] == before


def test_two_programs_that_open_an_old_file_at_once_bring_it_over_once(path):
    make_old_journal(path, MARKET)
    problems: list[Exception] = []

    def open_it() -> None:
        try:
            open_for_writing(url_of(path), MARKET).dispose()
        except Exception as error:  # noqa: BLE001 - shown below
            problems.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert not problems
    assert len(rows_of(path)) == 5
    assert [row["version"] for row in rows_of(path, "schema_version")] == [2, 3]
