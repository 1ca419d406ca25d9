"""The journal's fills: by account and model, corrections beside what they correct, and old files brought over whole."""

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
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy.dialects import postgresql

from engine.clock import SystemClock
from engine.domain import Fill
from engine.journal import migrations
from engine.journal.database import open_for_writing, url_of
from engine.journal.reader import JournalReader
from engine.journal.statements import mark_superseded, upsert
from engine.journal.tables import fills as fills_table
from engine.journal.writer import Journal
from tests.app.sample_state import MARKET
from tests.examples import examples
from tests.patience import DEADLINE_S
from tests.unit.journal.old_journal import OLD_FILLS, make_old_journal

ROOT = Path(__file__).resolve().parents[3]
BOUGHT = Fill(
    "0000e0d5.67290a01.01.01", 76792991, "TSLA", "BOT", 50.0, 409.35, MARKET, "ISLAND", 1.02, None, "DU1", "STK", "USD",
    "EUR", "20251105", "exchange", "Growth", 1.0, 1.0, 731425, 12, 52, "my tag", True, 50.0, "open",
    "20251105 10:00:00 US/Eastern", "US/Eastern", True,
)  # fmt: skip
CORRECTED = replace(BOUGHT, exec_id="0000e0d5.67290a01.01.02", price=409.25)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "simulated-DU1" / "journal.db"


@pytest.fixture
def written(path):
    """Records these fills and returns a reader of the account."""
    made = []

    def write(*fills: Fill, account: str | None = "DU1", target: Path = path) -> JournalReader:
        journal = Journal(SystemClock())
        made.append(journal)
        journal.open(target, "simulated", "DU1")
        for fill in fills:
            journal.record_fill(fill)
        assert journal.flush(DEADLINE_S), journal.problem
        assert journal.dropped == 0
        return read(target, account)

    yield write
    for journal in made:
        journal.stop()


def read(path: Path, account: str | None = "DU1") -> JournalReader:
    reader = JournalReader()
    reader.open(path, "simulated", account)
    return reader


def rows_of(path: Path, table: str = "fills") -> list[dict]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]


def test_everything_of_a_fill_comes_back(written):
    (row,) = written(BOUGHT).fills(0.0)
    assert (row.fill, row.superseded_by, row.source) == (BOUGHT, None, "api")


def test_a_row_is_its_own_accounts_not_the_folders(written, path):
    reader = written(BOUGHT, replace(BOUGHT, account="DU2"), replace(BOUGHT, account=""), account=None)
    assert sorted((row["account"], row["exec_id"][-2:]) for row in rows_of(path)) == [("DU1", "01"), ("DU2", "01")]
    assert [row.fill.account for row in reader.fills(0.0, account="DU2")] == ["DU2"]
    assert len(reader.fills(0.0)) == 2
    assert len(read(path, "DU2").fills(0.0)) == 1


def test_models_are_apart(written):
    assert len(written(BOUGHT, replace(BOUGHT, model="Income"), replace(BOUGHT, model="")).fills(0.0)) == 3


@pytest.mark.parametrize("order", [(BOUGHT, CORRECTED), (CORRECTED, BOUGHT), (BOUGHT, CORRECTED, BOUGHT)])
def test_a_correction_replaces_and_the_former_row_stays(written, order):
    reader = written(*order)
    assert [row.fill.price for row in reader.fills(0.0)] == [409.25]
    assert {row.fill.price: row.superseded_by for row in reader.fills(0.0, corrected=True)} == {
        409.35: CORRECTED.exec_id,
        409.25: None,
    }


def test_legs_and_headings(written):
    heading = replace(BOUGHT, sec_type="BAG", con_id=1, exec_id="00.01.01")
    legs = [replace(BOUGHT, con_id=2 + n, exec_id=f"00.01.0{n + 2}.01", sec_type="OPT") for n in range(2)]
    reader = written(heading, *legs)
    assert [row.fill.con_id for row in reader.fills(0.0)] == [2, 3]
    assert len(reader.fills(0.0, corrected=True)) == 3


def test_a_busted_trade_is_kept_and_not_answered(written):
    reader = written(BOUGHT, replace(CORRECTED, quantity=0.0))
    assert reader.fills(0.0) == []
    assert len(reader.fills(0.0, corrected=True)) == 2


def test_a_later_report_without_its_commission_takes_nothing_back(written):
    poor = replace(
        BOUGHT, commission=None, commission_currency="", opening=None, trade_date="", price_magnifier=None,
        cum_quantity=None,
    )  # fmt: skip
    written(BOUGHT)
    (row,) = written(poor).fills(0.0)
    assert row.fill == BOUGHT
    (row,) = written(replace(BOUGHT, commission=-0.25, realized_pnl=5.0)).fills(0.0)
    assert (row.fill.commission, row.fill.realized_pnl) == (-0.25, 5.0)


def test_a_received_time_gives_way_to_a_read_one_and_never_the_other_way(written):
    received = replace(
        BOUGHT, time_market=MARKET + 9.0, time_kind="received", exchange_time="? Moon", exchange_zone="Moon"
    )
    assert written(received).fills(0.0)[0].fill == received
    assert written(replace(received, time_market=MARKET + 99.0)).fills(0.0)[0].fill == received
    assert written(BOUGHT).fills(0.0)[0].fill == BOUGHT
    assert written(received).fills(0.0)[0].fill == BOUGHT


def test_since_until_and_the_newest_within_the_limit(written):
    made = [replace(BOUGHT, exec_id=f"00.{n:02d}.01", time_market=MARKET + n) for n in range(10)]
    reader = written(*made)
    assert [row.fill for row in reader.fills(MARKET + 3.0, MARKET + 6.0)] == made[3:6]
    assert [row.fill for row in reader.fills(0.0, limit=2)] == made[8:]


@examples(8)
@given(st.permutations([(root, revision) for root in range(3) for revision in (1, 2, 3)]), st.integers(0, 8))
def test_any_order_and_a_restart_anywhere_give_the_same_rows(tmp_path_factory, order, cut):
    made = [
        replace(BOUGHT, exec_id=f"00.{root}.0{revision}", price=root * 10.0 + revision, con_id=7)
        for root, revision in order
    ]
    path = tmp_path_factory.mktemp("journal") / "journal.db"
    for part in (made[:cut], made[max(0, cut - 2) :]):
        journal = Journal(SystemClock())
        journal.open(path, "simulated", "DU1")
        for fill in part:
            journal.record_fill(fill)
        assert journal.flush(DEADLINE_S)
        journal.stop()
    reader = read(path)
    assert sorted(row.fill.price for row in reader.fills(0.0)) == [3.0, 13.0, 23.0]
    assert len(reader.fills(0.0, corrected=True)) == 9
    reader.close()


# --- old files ------------------------------------------------------------------------------------------------------


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
    assert migrations.FILLS_BEFORE_3 not in names and {"fills_by_root", "fills_by_time", "line_spans"} <= names


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

    monkeypatch.setattr(migrations, "mark_superseded", fails)
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
        connection.execute(f"ALTER TABLE fills RENAME TO {migrations.FILLS_BEFORE_3}")
    assert len(written(BOUGHT).fills(0.0, corrected=True)) == 6


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_old_file_is_read_and_the_failure_said(path):
    make_old_journal(path, MARKET)
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        journal = Journal(SystemClock())
        journal.open(path, "simulated", "DU1")
        journal.record_fill(BOUGHT)
        assert not journal.flush(0.5)
        assert "readonly" in journal.problem.replace("-", "").replace(" ", "")
        journal.stop()
    finally:
        path.parent.chmod(0o700)


def test_a_newer_file_is_left_untouched(path):
    make_old_journal(path, MARKET)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE schema_version SET version = 99")
    before = path.read_bytes()
    journal = Journal(SystemClock())
    journal.open(path, "simulated", "DU1")
    journal.record_fill(BOUGHT)
    assert not journal.flush(0.5)
    assert "is of version 99, this program writes version 3" in journal.problem
    journal.stop()
    assert rows_of(path)[0].keys() == {
        "row_id", "mode", "account", "market_time", "recorded_at", "exec_id", "con_id", "local_symbol", "side",
        "quantity", "price", "exchange", "commission", "realized_pnl",
    }  # fmt: skip
    assert path.read_bytes()[100:] == before[100:], "only the header says that it was opened"


KILLED = """
import os, signal, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from engine.journal import migrations
from engine.journal.database import open_for_writing, url_of
whole, left = migrations._fill_row, {after}
def row(old):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(old)
migrations._fill_row = row
open_for_writing(url_of(Path({path!r})), 1.0)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_kill_9_in_the_middle_loses_and_doubles_no_row(path, written):
    many = [(f"00.{n:04d}.01", 7, "X", "BOT", 1.0, float(n), "NYSE", 1.0, 0.0) for n in range(1_200)]
    make_old_journal(path, MARKET, many)
    before = old_rows(path)
    code = KILLED.format(root=str(ROOT), path=str(path), after=1_100)
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


def test_postgresql_gets_the_same_statements():
    text = str(upsert(fills_table, "postgresql").compile(dialect=postgresql.dialect()))
    assert "coalesce(excluded.commission, fills.commission)" in text
    assert "nullif(excluded.trade_date" in text
    text = str(mark_superseded({"a"}).compile(dialect=postgresql.dialect()))
    assert text.startswith("UPDATE fills SET superseded_by=(SELECT newer.exec_id")
