"""Which account is home, which are watched, which is shown; a curve each, and one of all together."""

from __future__ import annotations

from datetime import date

import pytest

from engine.bars.trading_day import Begin
from engine.clock import FakeClock
from engine.domain import ALL_ACCOUNTS
from engine.journal.reader import JournalReader
from engine.journal.writer import Journal
from engine.kernel.login import Login

WALL = 1_796_000_000.0
DAY = Begin(WALL - 3_600.0, date(2026, 11, 30))


@pytest.fixture
def login(tmp_path):
    journal, reader = Journal(FakeClock(wall=WALL)), JournalReader()
    yield Login(tmp_path, "paper", journal, reader, None)
    journal.stop()
    reader.close()


def add(login: Login, t: float, **daily: float | None) -> None:
    for name, value in daily.items():
        login.add_point(name, WALL + t, WALL + t, value, 0.0, value)


def daily(login: Login) -> list[float | None]:
    return [point.daily for point in login.curve(DAY).points]


def test_before_there_is_an_account_nothing_is_shown(login):
    assert (login.shown, login.shown_name, login.home) == (None, "", None)
    assert login.curve(DAY).points == ()


def test_one_account_is_shown_whatever_was_chosen(login):
    login.choose("DU9")
    assert login.use("DU1", ("DU1",))
    assert (login.shown, login.shown_name, login.has_sum) == ("DU1", "DU1", False)


def test_of_several_the_chosen_one_or_all_together(login):
    login.use("DF1", ("DF1", "DU2", "DU3"))
    assert (login.shown, login.shown_name, login.has_sum) == (None, ALL_ACCOUNTS, True)
    for chosen, shown in (("DU2", "DU2"), (" du3 ", "DU3"), ("DU9", None), ("", None), (None, None)):
        login.choose(chosen)
        assert login.shown == shown
        assert login.curve(DAY).account == (shown or ALL_ACCOUNTS)


def test_each_curve_is_its_own(login):
    login.use("DF1", ("DF1", "DU2"))
    add(login, 0.0, DF1=1.0, DU2=2.0, all=3.0)
    add(login, 10.0, DF1=1.5, DU2=None, all=None)
    for chosen, values in ((None, [3.0, None]), ("DF1", [1.0, 1.5]), ("DU2", [2.0, None])):
        login.choose(chosen)
        assert daily(login) == values
    login.add_gap(WALL + 20.0, WALL + 20.0)
    login.choose("DF1")
    assert daily(login) == [1.0, 1.5, None]


def test_an_account_more_beside_the_same_home_leaves_the_others_curves(login):
    login.use("DF1", ("DF1", "DU2"))
    add(login, 0.0, DF1=1.0, DU2=2.0, all=3.0)
    assert not login.use("DF1", ("DF1", "DU2", "DU3"))
    login.choose("DU2")
    assert daily(login) == [2.0]
    login.choose("DU3")
    assert daily(login) == []


def test_another_home_begins_with_nothing_of_the_former(login, tmp_path):
    login.use("DF1", ("DF1", "DU2"))
    add(login, 0.0, DF1=1.0, DU2=2.0, all=3.0)
    assert login.use("DU2", ("DU2",))
    assert daily(login) == []
    assert login.folder("DU2") == tmp_path / "paper-DU2"
