"""The desk: a process for each file, one at a time, ended after its time; what was read is there afterwards."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from engine.clock import SystemClock
from engine.errors import StatementError
from engine.journal.reader import JournalReader
from engine.statements.desk import BUSY, ImportDesk
from tests.patience import wait_for
from tests.unit.statements.desk import AT, MODE, ONE, SAMPLES, TWO, Desk

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def journals(tmp_path):
    return Desk(tmp_path)


@pytest.fixture
def make(journals, tmp_path):
    reader = JournalReader()
    made = []

    def desk(**more) -> ImportDesk:
        reader.open(journals.journals[ONE], MODE, ONE)
        reader.also(journals.journals[TWO], MODE, TWO)
        reader.also(journals.journals[ONE], MODE, "all")
        made.append(ImportDesk(reader, SystemClock(), ROOT, tmp_path / "data", **more))
        return made[-1]

    yield desk
    for each in made:
        each.stop(5.0)
    reader.close()


def test_a_file_is_imported_by_a_process_of_its_own(make, journals, tmp_path):
    desk = make()
    report = desk.import_file(SAMPLES / "flex_two_accounts.xml", "week.xml", {})
    assert (report.status, report.file, report.counts["new"]) == ("read", "week.xml", 19)
    assert [each.file for each in desk.reports(5)] == ["week.xml"]
    assert desk.import_file(SAMPLES / "flex_two_accounts.xml", "week.xml", {}).status == "already read"
    one, two = desk.coverage(AT)
    assert (one.account, two.account, one.first, one.covered) == (ONE, TWO, "20251103", 5)
    assert len(journals.fills()) == 8
    assert desk.reading() is None


def test_what_takes_too_long_is_given_up_and_said(make):
    report = make(limit_s=0.01).import_file(SAMPLES / "flex_two_accounts.xml", "week.xml", {})
    assert report.status == "cancelled" and "Not done within 0.01 s of work" in report.why


def test_one_at_a_time_and_it_can_be_cancelled(make, monkeypatch):
    waits = (sys.executable, "-c", "import sys; sys.stdin.read(); import threading; threading.Event().wait(60)")
    monkeypatch.setattr("engine.statements.desk.COMMAND", waits)
    desk, said = make(), []
    thread = threading.Thread(target=lambda: said.append(desk.import_file(SAMPLES / "flex_marked.csv", "a.csv", {})))
    thread.start()
    wait_for(desk.reading, "it has begun")
    with pytest.raises(StatementError, match=BUSY[:20]):
        desk.import_file(SAMPLES / "flex_marked.csv", "b.csv", {})
    wait_for(desk.cancel, "there is a process to end")
    thread.join()
    assert said[0].status == "cancelled" and said[0].why.startswith("Cancelled")
    assert not desk.cancel()


def test_without_an_account_nothing_can_be_imported(tmp_path):
    desk = ImportDesk(JournalReader(), SystemClock(), ROOT, tmp_path)
    with pytest.raises(StatementError, match="knows no account yet"):
        desk.import_file(SAMPLES / "flex_two_accounts.xml", "week.xml", {})
    assert desk.reports(5) == [] and desk.coverage(AT) == []


def test_a_file_in_the_watched_folder_is_read(make, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.statements.folder.STILL_S", 0.2)
    desk = make()
    desk.start()
    folder = tmp_path / "data" / "import"
    wait_for(folder.is_dir, "the folder is made")
    (folder / "week.xml").write_bytes((SAMPLES / "flex_two_accounts.xml").read_bytes())
    wait_for((folder / "done" / "week.xml").exists, "it is read")
    assert desk.reports(1)[0].counts["new"] == 19
    assert "line 56, Trades" in (folder / "done" / "week.xml.why.txt").read_text()
