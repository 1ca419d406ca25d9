"""What every journal promises, held to each: an SQLite file, and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from msgspec.structs import replace
from sqlalchemy import Connection, Engine, create_engine, func, insert, select

from engine.alerts.outbox import queued
from engine.clock import FakeClock, SystemClock
from engine.domain import ALL_ACCOUNTS, Incident
from engine.journal import baseline, migrations, server, tables
from engine.journal.database import file_of, open_for_writing, url_of
from engine.journal.reader import JournalReader
from engine.journal.retention import WHOLE_DAYS, Retention
from engine.journal.rows import (
    ConnectionEvent,
    DayNote,
    FillFacts,
    PositionSeen,
    SettingChange,
    SignalOutcome,
    TripLink,
    TripNote,
    TripStop,
)
from engine.journal.standing import Standing, standing
from engine.journal.statements import all_tables
from engine.journal.writer import Journal
from engine.state.alert_sections import Rule
from tests.app.sample_alerts import occurrence
from tests.app.sample_state import FILLS, MARKET, WALL, health, signals
from tests.patience import DEADLINE_S
from tests.servers import PASSWORD, PostgresServer
from tests.unit.journal.test_journal import span

pytestmark = pytest.mark.xdist_group("servers")
STORES = ("sqlite", "postgresql")
Make = Callable[..., Journal]
Open = Callable[..., JournalReader]


@pytest.fixture(params=STORES)
def target(request: pytest.FixtureRequest, tmp_path) -> str:
    """A path with nothing in it, or the URL of a database with a journal's tables."""
    if request.param == "sqlite":
        return str(tmp_path / "simulated-DU1" / "journal.sqlite3")
    url: str = request.getfixturevalue("postgres_journal")
    return url


@pytest.fixture(params=STORES)
def empty(request: pytest.FixtureRequest, tmp_path) -> str:
    """The same, of a database with nothing in it."""
    if request.param == "sqlite":
        return str(tmp_path / "simulated-DU1" / "journal.sqlite3")
    made: PostgresServer = request.getfixturevalue("postgres_server")
    return made.url(made.new_database())


@pytest.fixture
def make_on() -> Iterator[Make]:
    made: list[Journal] = []

    def journal(target: str, account: str = "DU1", mode: str = "simulated", clock: Any = None) -> Journal:
        made.append(Journal(clock or SystemClock()))
        made[-1].open(target, mode, account)
        return made[-1]

    yield journal
    for each in made:
        each.stop()


@pytest.fixture
def make(make_on: Make, target: str) -> Make:
    return partial(make_on, target)


@pytest.fixture
def read(target: str) -> Iterator[Open]:
    made: list[JournalReader] = []

    def reader(account: str | None = None, mode: str = "simulated") -> JournalReader:
        made.append(JournalReader())
        made[-1].open(target, mode, account)
        return made[-1]

    yield reader
    for each in made:
        each.close()


@pytest.fixture
def connect(target: str) -> Iterator[Callable[[], Connection]]:
    """Looks into the tables, as the writer of today left them."""
    engines: list[Engine] = []

    def connection() -> Connection:
        engines.append(create_engine(url_of(target)))
        return engines[-1].connect()

    yield connection
    for engine in engines:
        engine.dispose()


def flush(journal: Journal) -> None:
    assert journal.flush(DEADLINE_S), journal.problem
    assert journal.dropped == 0


def record_one_of_each(journal: Journal) -> None:
    journal.record_pnl(WALL, MARKET, -5.0, 1.0, None)
    for item in signals().signals:
        journal.record_signal(item)
        journal.record_shadow("Loose", item)
    journal.record_outcome(SignalOutcome("", "1-long-1", MARKET, 30, 1.5, -0.5, 1.0))
    journal.record_change(SettingChange(1_762_354_800_123, WALL, MARKET, "page", "a.b", 20, [1, "x"]))
    journal.record_connection(ConnectionEvent(WALL, MARKET, "connected", "to TWS", 1102))
    for fill in FILLS:
        journal.record_fill(fill)
    for condition in health(WALL).conditions:
        journal.record_notice(condition, MARKET)
    journal.record_line_span(span(1, 60.0, 10.0))
    journal.record_incident(Incident("feed", "feed", None, "", WALL, MARKET, WALL, None, "No quotes", seen=True))
    journal.record_trip_note(TripNote("DU1", "", 1, "a.01", "früh", ("gap",), WALL), MARKET)
    journal.record_day_note(DayNote("DU1", "20251105", "calm", (), WALL), MARKET)
    journal.record_stop(TripStop("DU1", "", 1, "a.01", 9.5, WALL), MARKET)
    journal.record_link(TripLink("DU1", "", "a.01", "b.01", True, WALL), MARKET)
    journal.record_position(PositionSeen("DU1", 1, "X", "STK", 5.0, None, MARKET))
    found = occurrence(1, WALL)
    journal.record_rule(Rule(1, 1, "disk", {"gb": 2.0}, (), "warning", 15.0, WALL), MARKET)
    journal.record_occurrence(found)
    journal.record_deliveries([replace(queued(found, "phone", "raised", WALL, None), state="accepted")])


def counts(connect: Callable[[], Connection]) -> dict[str, int]:
    with connect() as connection:
        return {
            each.name: connection.execute(select(func.count()).select_from(each)).scalar_one() for each in all_tables()
        }


def test_every_kind_of_row_is_kept_once_however_often_it_comes(make, read, connect) -> None:
    journal = make(clock=FakeClock(wall=WALL))
    record_one_of_each(journal)
    flush(journal)
    once = counts(connect)
    assert all(once.values()), once
    record_one_of_each(journal)
    flush(journal)
    assert counts(connect) == once
    with connect() as connection:
        for table in all_tables():
            for row in connection.execute(select(table)):
                owner = FILLS[0].account if table is tables.fills else "DU1"
                assert (row.mode, row.account, row.recorded_at) == ("simulated", owner, WALL)


def test_what_was_recorded_comes_back(make, read) -> None:
    journal = make()
    record_one_of_each(journal)
    flush(journal)
    reader = read()
    assert reader.problem == ""
    assert reader.signals(0.0, 2e9) == list(signals().signals)
    change = reader.changes()[0]
    assert (change.id, change.old, change.new, change.reverted) == (1_762_354_800_123, 20, [1, "x"], False)
    assert reader.connection_events(0.0) == [ConnectionEvent(WALL, MARKET, "connected", "to TWS", 1102)]
    point = reader.pnl(0.0)[0]
    assert (point.t, point.m, point.unrealized, point.realized, point.daily) == (WALL, MARKET, -5.0, 1.0, None)
    assert reader.line_spans(0.0) == [span(1, 60.0, 10.0)]
    assert [row.fill.exec_id for row in reader.fills(0.0)] == [fill.exec_id for fill in FILLS]
    assert [row.fill for row in reader.fills(0.0)] == list(FILLS)
    assert reader.outcomes(0.0, 2e9)[0].best == 1.5
    assert reader.incidents(10)[0].seen is True
    words = reader.trader_words()
    assert words.trips[0].note == "früh" and words.trips[0].tags == ("gap",) and words.links[0].joined is True
    assert words.stops[0].price == 9.5 and words.days[0].tags == ()
    assert reader.positions_seen()[0].avg_cost is None
    assert reader.alert_rules()[0].values == {"gb": 2.0}
    assert reader.alert_occurrences(10) == [occurrence(1, WALL)]
    assert reader.alert_deliveries(10)[0].state == "accepted"
    assert reader.last_sign(WALL + 1.0) == WALL and reader.first_line(0.0, 2e9) == MARKET - 60.0


def test_later_states_replace_what_they_may(make, read) -> None:
    journal = make()
    signal = signals().signals[0]
    journal.record_signal(signal)
    journal.record_signal(replace(signal, state="ended", ended_at=MARKET))
    change = SettingChange(7, WALL, MARKET, "page", "a.b", 1, 2)
    journal.record_change(change)
    journal.record_change(replace(change, reverted=True, new=99))
    fill = replace(FILLS[0], commission=1.5, realized_pnl=3.0)
    journal.record_fill(fill)
    journal.record_fill(replace(fill, commission=None, realized_pnl=None))
    flush(journal)
    reader = read()
    assert [each.state for each in reader.signals(0.0, 2e9)] == ["ended"]
    assert (reader.changes()[0].reverted, reader.changes()[0].new) == (True, 2)
    assert reader.fills(0.0)[0].fill.commission == 1.5, "a report without it takes nothing back"


def test_a_correction_replaces_and_the_former_row_stays(make, read) -> None:
    journal = make()
    first = replace(FILLS[0], exec_id="0000e0d5.67290a01.01.01")
    journal.record_fill(first)
    journal.record_fill(replace(first, exec_id="0000e0d5.67290a01.01.02", price=1.0), FillFacts(fx_rate_to_base=0.9))
    flush(journal)
    reader = read()
    assert [row.fill.price for row in reader.fills(0.0)] == [1.0]
    assert [row.superseded_by for row in reader.fills(0.0, corrected=True)] == ["0000e0d5.67290a01.01.02", None]


def test_modes_and_accounts_never_meet(make, read) -> None:
    for mode, account, value in (("paper", "DU1", 1.0), ("live", "DU1", 2.0), ("paper", "DU2", 3.0)):
        journal = make(account, mode)
        journal.record_pnl(WALL, MARKET, value, None, None)
        flush(journal)
    assert [p.unrealized for p in read("DU1", "paper").pnl(0.0)] == [1.0]
    assert [p.unrealized for p in read("DU1", "live").pnl(0.0)] == [2.0]
    assert [p.unrealized for p in read(None, "paper").pnl(0.0)] == [1.0, 3.0] or len(read(None, "paper").pnl(0.0)) == 2
    assert read("DU3", "paper").pnl(0.0) == []


def test_several_accounts_of_a_login_lie_beside_each_other(target, make) -> None:
    journal = make("DU1")
    journal.also(target, "simulated", "DU2")
    journal.also(target, "simulated", ALL_ACCOUNTS)
    for account, value in (("", 1.0), ("DU2", 2.0), (ALL_ACCOUNTS, 3.0)):
        journal.record_pnl(WALL, MARKET, value, None, None, account)
    flush(journal)
    reader = JournalReader()
    reader.open(target, "simulated", "DU1")
    reader.also(target, "simulated", "DU2")
    reader.also(target, "simulated", ALL_ACCOUNTS)
    assert [reader.pnl(0.0, account=name)[0].unrealized for name in ("", "DU2", ALL_ACCOUNTS)] == [1.0, 2.0, 3.0]
    assert list(reader.places()[1]) == ["DU1", "DU2"]
    reader.close()


def test_an_impossible_row_is_named_and_does_not_hold_up_the_others(make, read, caplog) -> None:
    journal = make()
    journal.record_pnl(WALL, MARKET, 1.0, None, None)
    journal.record_pnl(WALL + 1.0, MARKET, object(), None, None)
    journal._append(tables.connection_events, {"market_time": MARKET, "at_wall": WALL, "kind": None, "text": "x"})
    journal.record_pnl(WALL + 2.0, MARKET, 2.0, None, None)
    assert journal.flush(DEADLINE_S), journal.problem
    assert journal.dropped == 2 and caplog.text.count("was not taken") == 2
    assert [point.unrealized for point in read().pnl(0.0)] == [1.0, 2.0]


def test_texts_of_any_kind_are_taken(make, read) -> None:
    journal = make()
    odd = "NUL \0, half \udcff, long " + "x" * 500
    journal.record_connection(ConnectionEvent(WALL, MARKET, "lost", odd.replace("\udcff", "?"), None))
    journal.record_change(SettingChange(1, WALL, MARKET, "w" * 300, "a.b", {"k": "v\0"}, None))
    flush(journal)
    event, change = read().connection_events(0.0)[0], read().changes()[0]
    assert event.text.startswith("NUL ") and event.text.endswith("x" * 500)
    assert change.who.startswith("w" * 64) and change.old == {"k": "v\0"}


def test_five_days_are_kept_whole_and_older_ones_by_the_minute(target, connect) -> None:
    engine = open_for_writing(url_of(target), WALL)
    midnight = WALL // 86_400.0 * 86_400.0
    days = [midnight - day * 86_400.0 for day in range(WHOLE_DAYS + 2)]
    rows = [
        {"mode": "simulated", "account": "DU1", "market_time": t, "recorded_at": t, "t": t, "unrealized": 1.0,
         "realized": None, "daily": None}
        for day in days for t in (day + 2.0 * n for n in range(900))
    ]  # fmt: skip
    if server.is_server(engine.url):
        server.Months().prepare(engine, [(tables.pnl_points, row) for row in rows])
    with engine.begin() as connection:
        connection.execute(insert(tables.pnl_points), rows)
    keeper = Retention("simulated", "DU1")
    while not keeper.step(engine, 0.0):
        pass
    engine.dispose()
    with connect() as connection:
        times = connection.execute(select(tables.pnl_points.c.t)).scalars().all()
    kept = [sum(day <= t < day + 86_400.0 for t in times) for day in days]
    assert kept[:WHOLE_DAYS] == [900] * WHOLE_DAYS and all(count < 60 for count in kept[WHOLE_DAYS:])


def differences(connection: Connection) -> list[Any]:
    """What Alembic would change; partitions are no tables of their own to us."""

    def is_ours(thing: Any, name: str | None, kind: str, reflected: bool, compared: Any) -> bool:
        table = name if kind == "table" else getattr(thing, "table", None) is not None and thing.table.name
        return not any(str(table).startswith(f"{parent}_2") for parent in server.PARTITIONED)

    return compare_metadata(MigrationContext.configure(connection, opts={"include_object": is_ours}), tables.metadata)


def check_tables(target: str) -> None:
    engine = create_engine(url_of(target))
    with engine.connect() as connection:
        assert standing(connection).standing is Standing.CURRENT
        assert differences(connection) == []
    engine.dispose()


def test_the_tables_are_those_of_today(target, make) -> None:
    record_one_of_each(journal := make())
    flush(journal)
    check_tables(target)


def step_to(target: str, step: Callable[..., None], revision: str) -> None:
    engine = create_engine(url_of(target))
    with migrations.ONE_AT_A_TIME, engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        step(connection, revision)
    engine.dispose()


def test_a_journal_of_the_first_release_is_brought_up_with_every_row(empty, make_on) -> None:
    """Its tables were those of revision 0001, without Alembic's note."""
    path = file_of(url_of(empty))
    if path is not None:
        path.parent.mkdir(parents=True)
    engine = create_engine(url_of(empty))
    own = {"mode": "simulated", "account": "DU1", "market_time": MARKET, "recorded_at": WALL}
    with engine.begin() as connection:
        if path is not None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        baseline.take_over(connection)
        points = [{**own, "t": WALL - 40 * 86_400.0 * n, "unrealized": float(n)} for n in range(4)]
        connection.execute(insert(baseline.pnl_points), points)
        fill = {column.name: "" for column in baseline.fills.columns if column.name != "row_id"}
        fill |= {**own, "exec_id": "a.01.01", "root": "a.01", "revision": 1, "superseded_by": None, "source": "api",
                 "con_id": 7, "side": "BOT", "quantity": 5.0, "price": 9.5, "liquidation": False, "opening": None,
                 "price_pending": False}  # fmt: skip
        fill |= dict.fromkeys(("multiplier", "magnifier", "cum_quantity", "commission", "realized_pnl", "perm_id",
                               "order_id", "client_id"))  # fmt: skip
        connection.execute(insert(baseline.fills), [fill])
        connection.execute(
            insert(baseline.line_spans),
            [{**own, "con_id": 1, "local_symbol": "X", "line_class": "25", "from_market": MARKET - 9.0,
              "to_market": MARKET, "why": "", "end": "", "by": ""}],
        )  # fmt: skip
    engine.dispose()
    journal = make_on(empty)
    journal.record_pnl(WALL + 1.0, MARKET, 9.0, None, None)
    flush(journal)
    reader = JournalReader()
    reader.open(empty, "simulated", "DU1")
    assert [point.unrealized for point in reader.pnl(0.0)] == [3.0, 2.0, 1.0, 0.0, 9.0]
    assert [row.fill.exec_id for row in reader.fills(0.0)] == ["a.01.01"]
    assert len(reader.line_spans(0.0)) == 1
    reader.close()
    check_tables(empty)


def test_the_revisions_go_both_ways_and_lose_no_row_of_what_all_have(target, make, read) -> None:
    """One after the other; each alone, on files: test_migrations."""
    journal = make()
    journal.record_fill(FILLS[0])
    for n in range(5):
        journal.record_pnl(WALL + n, MARKET + n, float(n), None, None)
    journal.record_line_span(span(1, 60.0, 10.0))
    flush(journal)
    journal.stop()
    for revision in reversed(tables.REVISIONS[:-1]):
        step_to(target, migrations.downgrade, revision)
    step_to(target, migrations.upgrade, tables.REVISION)
    reader = read()
    assert [point.unrealized for point in reader.pnl(0.0)] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert len(reader.fills(0.0)) == 1 and len(reader.line_spans(0.0)) == 1
    again = make()
    again.record_pnl(WALL + 9.0, MARKET, 9.0, None, None)
    flush(again)
    assert len(reader.pnl(0.0)) == 6
    check_tables(target)


def test_a_reader_of_nothing_is_empty_and_well(target, read) -> None:
    reader = read()
    assert reader.pnl(0.0) == [] and reader.fills(0.0) == [] and reader.changes() == []
    assert reader.problem == ""


def test_no_password_is_logged_or_said(target, make, read, caplog) -> None:
    journal = make()
    journal.record_pnl(WALL, MARKET, 1.0, None, None)
    flush(journal)
    shown = [journal.problem, read().problem, caplog.text, repr(journal.waiting_words)]
    assert not any(PASSWORD in text or "s3cret" in text for text in shown)


def test_months() -> None:
    december = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
    assert server.month_of(december) == (2026, 12) and server.month_of(december + 1.0) == (2027, 1)
    assert server.bounds((2026, 12))[1] == december + 1.0
    assert server.partition_name("pnl_points", (2026, 2)) == "pnl_points_2026_02"
    for what in (None, "x", float("nan"), -1.0, 1e18, float("inf")):
        assert server.month_of(what) is None
