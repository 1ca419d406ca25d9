"""A PostgreSQL that goes away and comes back: nothing that was recorded is lost, and what happens is said."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator

import pytest

from engine.clock import SystemClock
from engine.errors import ConfigError
from engine.journal import server
from engine.journal.database import url_of
from engine.journal.reader import REST_S, JournalReader
from engine.journal.writer import ROWS_WAITING_MAX, Journal, _about
from tests.app.sample_state import MARKET, WALL
from tests.patience import DEADLINE_S, wait_for
from tests.servers import PASSWORD

pytestmark = pytest.mark.xdist_group("servers")


@pytest.fixture
def url(postgres_journal: str) -> str:
    return postgres_journal


@pytest.fixture
def journal(url: str) -> Iterator[Journal]:
    made = Journal(SystemClock(), reopen_s=0.2)
    made.open(url, "paper", "DU1")
    yield made
    made.stop()


def values(url: str) -> list[float | None]:
    reader = JournalReader()
    reader.open(url, "paper", "DU1")
    try:
        return [point.unrealized for point in reader.pnl(0.0)]
    finally:
        reader.close()


def test_rows_wait_for_the_server_and_none_is_lost_or_doubled(url, journal, postgres_server, caplog) -> None:
    for n in range(50):
        journal.record_pnl(WALL + n, MARKET, float(n), None, None)
    assert journal.flush(DEADLINE_S), journal.problem
    postgres_server.stop()
    for n in range(50, 100):
        journal.record_pnl(WALL + n, MARKET, float(n), None, None)
    wait_for(lambda: journal.problem, "the outage is said")
    assert "refused" in journal.problem and "See that the PostgreSQL server of journal.url runs" in journal.cure
    assert journal.waiting == 50
    room = f"there is room for {ROWS_WAITING_MAX:,} of an account"
    assert journal.waiting_words == f"Some rows wait in memory; {room}"
    assert [_about(n) for n in (0, 99, 100, 2_345, 20_000)][1:] == [
        "Some rows", "More than 100 rows", "More than 2,000 rows", "More than 20,000 rows",
    ]  # fmt: skip
    postgres_server.start()
    assert journal.flush(DEADLINE_S)
    wait_for(lambda: not journal.problem, "all well again")
    assert journal.dropped == 0 and values(url) == [float(n) for n in range(100)]
    assert PASSWORD not in caplog.text and caplog.text.count("can't be written") <= 2
    assert f"PostgreSQL at 127.0.0.1:{postgres_server.port}/" in caplog.text


def test_a_restart_in_the_middle_of_writing_loses_nothing(url, journal, postgres_server) -> None:
    done = threading.Event()
    written: list[int] = []

    def record() -> None:
        while not done.wait(0.001):
            journal.record_pnl(WALL + len(written), MARKET, float(len(written)), None, None)
            written.append(1)

    thread = threading.Thread(target=record)
    thread.start()
    wait_for(lambda: journal.last_write_wall is not None, "the first rows")
    postgres_server.restart()
    wait_for(lambda: journal.write_errors or not journal.waiting, "it was noticed, or not even that")
    before = len(written)
    wait_for(lambda: len(written) > before + 50, "more rows")
    done.set()
    thread.join(DEADLINE_S)
    assert journal.flush(DEADLINE_S), journal.problem
    assert journal.dropped == 0 and values(url) == [float(n) for n in range(len(written))]


def test_a_reader_says_that_the_server_is_away_asks_seldom_and_finds_back(url, journal, postgres_server) -> None:
    journal.record_pnl(WALL, MARKET, 1.0, None, None)
    assert journal.flush(DEADLINE_S)
    now = [0.0]
    reader = JournalReader(lambda: now[0])
    reader.open(url, "paper", "DU1")
    assert len(reader.pnl(0.0)) == 1
    postgres_server.stop()
    try:
        assert reader.pnl(0.0) == [] and "refused" in reader.problem and PASSWORD not in reader.problem
    finally:
        postgres_server.start()
    assert reader.pnl(0.0) == [] and reader.problem, "not asked again at once"
    now[0] += REST_S
    assert len(reader.pnl(0.0)) == 1 and reader.problem == ""
    postgres_server.restart()
    assert len(reader.pnl(0.0)) == 1 and reader.problem == "", "a connection that was cut is no fault"
    reader.close()


@pytest.mark.parametrize(
    ("wrong", "cure"),
    [("user", "Correct user and password"), ("database", "Create the database that journal.url names")],
)
def test_what_is_wrong_with_the_url_is_said_with_its_cure(url, wrong, cure) -> None:
    bad = url.replace("//desk:", "//nobody:") if wrong == "user" else f"{url}_none"
    journal = Journal(SystemClock())
    try:
        journal.open(bad, "paper", "DU1")
        journal.record_pnl(WALL, MARKET, 1.0, None, None)
        wait_for(lambda: journal.problem, "it is said")
        assert cure in journal.cure and PASSWORD not in journal.problem
        journal.open(url, "paper", "DU1")
        journal.record_pnl(WALL, MARKET, 2.0, None, None)
        wait_for(lambda: values(url) == [2.0], "another database is not held up")
    finally:
        journal.stop()


def test_a_user_without_rights_is_told_so(postgres_server) -> None:
    name = postgres_server.new_database()
    with postgres_server.connect(name) as connection:
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        connection.execute(f"CREATE ROLE reader_{name} LOGIN PASSWORD 'x'")
    journal = Journal(SystemClock())
    try:
        own = f"postgresql+psycopg://reader_{name}:x@127.0.0.1:{postgres_server.port}/{name}"
        journal.open(own, "paper", "A")
        journal.record_pnl(WALL, MARKET, 1.0, None, None)
        wait_for(lambda: journal.problem, "it is said")
        assert "GRANT CREATE ON SCHEMA" in journal.cure and journal.waiting == 1 and journal.dropped == 0
    finally:
        journal.stop()


def test_rows_of_every_month_find_their_partition_and_empty_old_ones_go(url, journal, postgres_server) -> None:
    months = [WALL - n * 31 * 86_400.0 for n in range(15)]
    for at in months:
        journal.record_pnl(at, at, at, None, None)
    assert journal.flush(DEADLINE_S), journal.problem
    with postgres_server.connect(url.rpartition("/")[2]) as connection:
        asked = (
            "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = 'pnl_points'::regclass"
        )
        there = len(connection.execute(asked).fetchall())
        assert there >= 15
        connection.execute("DELETE FROM pnl_points WHERE t < %s", [months[13] + 1.0])
        engine = server.connect_to_write(url_of(url))
        server.Months().drop_empty(engine, WALL - 366 * 86_400.0)
        engine.dispose()
        assert len(connection.execute(asked).fetchall()) == there - 2


def test_two_programs_that_open_an_empty_database_at_once_make_its_tables_once(postgres_server) -> None:
    url = postgres_server.url(postgres_server.new_database())
    journals = [Journal(SystemClock(), reopen_s=0.1) for _ in range(3)]
    try:
        for n, journal in enumerate(journals):
            journal.open(url, "paper", "DU1")
            journal.record_pnl(WALL + n, MARKET, float(n), None, None)
        for journal in journals:
            assert journal.flush(DEADLINE_S), journal.problem
        assert values(url) == [0.0, 1.0, 2.0]
        assert [journal.write_errors for journal in journals] == [0, 0, 0]
    finally:
        for journal in journals:
            journal.stop()


def test_the_package_is_asked_for_when_its_url_is_used(monkeypatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"psycopg is not installed.*requirements-scale\.txt") as refused:
        server.check_driver("postgresql+psycopg://desk:hush@h/d")
    assert "hush" not in str(refused.value)
