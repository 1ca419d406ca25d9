"""The watched folder: taken up when it stands still, moved where it belongs, with the reason beside it."""

from __future__ import annotations

import os

import pytest

from engine.clock import FakeClock
from engine.errors import StatementError
from engine.statements.folder import NOTE, STILL_S, ImportFolder
from engine.statements.verdicts import RefusedRow, Report


class Bench:
    def __init__(self, folder):
        self.folder, self.clock, self.brought = folder, FakeClock(), []
        self.answer = Report(1, 0.0, "f", "", 0, "read")
        self.watch = ImportFolder(lambda: folder, lambda: True, self.clock, self.bring)

    def bring(self, path):
        self.brought.append(path.name)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def pass_(self, seconds=STILL_S):
        self.watch.look()
        self.clock.advance(seconds)
        self.watch.look()

    def there(self):
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path / "import")


def lay(bench, name="flex.xml", text="x"):
    bench.watch.look()
    path = bench.folder / name
    path.write_text(text)
    return path


def test_a_file_is_read_once_it_stands_still(bench):
    path = lay(bench)
    bench.pass_(STILL_S - 0.1)
    assert bench.brought == [], "not yet"
    path.write_text("it goes on")
    bench.pass_(1.0)
    assert bench.brought == [], "size and time begin anew"
    os.utime(path, (1, 1))
    bench.pass_()
    assert bench.brought == ["flex.xml"]
    assert bench.there() == ["done/flex.xml"]


def test_what_is_refused_says_why_beside_it(bench):
    bench.answer = Report(1, 0.0, "f", "", 0, "refused", why="It is a PDF.")
    lay(bench)
    bench.pass_()
    assert bench.there() == ["refused/flex.xml", f"refused/flex.xml{NOTE}"]
    assert "It is a PDF." in (bench.folder / "refused" / f"flex.xml{NOTE}").read_text()


def test_refused_rows_of_a_file_that_was_read_are_listed(bench):
    bench.answer.counts["refused"] = 1
    bench.answer.refused = (RefusedRow(7, "Trades", "quantity is 'x'"),)
    lay(bench)
    bench.pass_()
    assert "line 7, Trades: quantity is 'x'" in (bench.folder / "done" / f"flex.xml{NOTE}").read_text()


def test_an_error_refuses_the_file_and_no_other(bench):
    bench.answer = StatementError("The journal is locked.")
    lay(bench)
    lay(bench, "other.csv")
    bench.pass_()
    assert bench.brought == ["flex.xml", "other.csv"]
    assert "refused/other.csv" in bench.there()


def test_while_no_account_is_known_it_waits(bench):
    bench.answer = None
    lay(bench)
    bench.pass_()
    assert bench.there() == ["flex.xml"] and bench.watch.section().waiting == 1
    bench.answer = Report(1, 0.0, "f", "", 0, "already read")
    bench.pass_()
    assert bench.there() == ["done/flex.xml"]


def test_names_of_before_are_kept(bench):
    for _ in range(2):
        lay(bench)
        bench.pass_()
    assert bench.there() == ["done/flex-2.xml", "done/flex.xml"]


def test_other_files_links_and_hidden_ones_are_left_alone(bench, tmp_path):
    (tmp_path / "secret.csv").write_text("x")
    for name in (".part.xml", "~lock.csv", "photo.jpg"):
        lay(bench, name)
    (bench.folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    bench.pass_()
    assert bench.brought == []


def test_a_folder_of_the_settings_that_is_not_there_is_said(tmp_path):
    watch = ImportFolder(lambda: tmp_path / "typo", lambda: False, FakeClock(), lambda _path: None)
    watch.look()
    assert "typo can't be read" in watch.section().problem
    assert not (tmp_path / "typo").exists()
