"""The journal's fills: by account and model, corrections beside what they correct, and old files brought over whole."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy.dialects import postgresql

from engine.clock import SystemClock
from engine.domain import Fill
from engine.journal.database import open_for_writing, url_of
from engine.journal.reader import JournalReader
from engine.journal.rows import DayNote, FillFacts, FillRow, PositionSeen, TripLink, TripNote, TripStop
from engine.journal.statements import mark_superseded, recorded_row, upsert
from engine.journal.tables import fills as fills_table
from engine.journal.writer import Journal
from tests.app.sample_state import MARKET
from tests.examples import examples
from tests.patience import DEADLINE_S

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


def test_postgresql_gets_the_same_statements():
    text = str(upsert(fills_table, "postgresql").compile(dialect=postgresql.dialect()))
    assert "coalesce(excluded.commission, fills.commission)" in text
    assert "nullif(excluded.trade_date" in text
    text = str(mark_superseded("paper", "DU1", {"a"}, 7).compile(dialect=postgresql.dialect()))
    assert text.startswith("UPDATE fills SET superseded_by=(SELECT newer.exec_id")


def test_corrections_are_looked_up_and_not_searched_for_through_all_years(path):
    engine = open_for_writing(url_of(path), MARKET)
    text = str(mark_superseded("paper", "DU1", {"a"}, 7).compile(engine, compile_kwargs={"literal_binds": True}))
    with engine.connect() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    engine.dispose()
    assert plan and not any(step.startswith("SCAN fills") for step in plan), plan


# --- what statements tell, and the trader's words ---------------------------------------------------------------------


TOLD = FillFacts(
    kind="assignment", order_level=True, taxes=0.0, fx_rate_to_base=1.25, base_currency="USD", codes=("A", "C"),
    strike=0.0, statement_id="ab",
)  # fmt: skip


def put(path: Path, *rows: FillRow) -> None:
    """As an import stores them."""
    engine = open_for_writing(url_of(path), MARKET)
    with engine.begin() as connection:
        for row in rows:
            values = {**recorded_row(row), "mode": "simulated", "recorded_at": MARKET, "change_number": 1}
            connection.execute(upsert(fills_table, "sqlite"), [values])
    engine.dispose()


def test_what_a_statement_told_comes_back(path):
    put(path, FillRow(BOUGHT, None, "flex", TOLD))
    assert read(path).fills(0.0) == [FillRow(BOUGHT, None, "flex", TOLD)]


def test_a_statements_word_stands_against_a_later_report(path, written):
    told = replace(BOUGHT, perm_id=None, order_ref="", commission=1.5, commission_currency="USD", price_magnifier=None)
    put(path, FillRow(told, None, "flex", FillFacts(statement_id="ab")))
    late = replace(BOUGHT, price=1.0, quantity=1.0, commission=9.0, trade_date="20250101", realized_pnl=3.0)
    (row,) = written(late).fills(0.0)
    assert (row.fill.price, row.fill.quantity, row.fill.commission, row.fill.trade_date) == (
        409.35,
        50.0,
        1.5,
        "20251105",
    )
    assert (row.fill.perm_id, row.fill.order_ref, row.fill.realized_pnl) == (731425, "my tag", 3.0)
    assert (row.fill.price_magnifier, row.source) == (1.0, "flex")


def test_the_rate_of_the_fills_moment_stays(path):
    journal = Journal(SystemClock())
    journal.open(path, "simulated", "DU1")
    journal.record_fill(BOUGHT)
    for rate in (1.1, 1.2):
        journal.record_fill(BOUGHT, FillFacts(fx_rate_to_base=rate, base_currency="EUR"))
    assert journal.flush(DEADLINE_S)
    journal.stop()
    (row,) = read(path).fills(0.0)
    assert (row.facts.fx_rate_to_base, row.facts.base_currency) == (1.1, "EUR")


@pytest.mark.parametrize("state", ["cancelled", "withdrawn", "covered"])
def test_what_is_not_in_force_any_more_is_read_when_asked_for(path, state):
    put(path, FillRow(BOUGHT, None, "flex", FillFacts(state=state)))
    assert read(path).fills(0.0) == []
    assert [row.facts.state for row in read(path).fills(0.0, corrected=True)] == [state]


def test_one_source_alone(path, written):
    put(path, FillRow(replace(BOUGHT, exec_id="T:1"), None, "flex"))
    reader = written(BOUGHT)
    assert len(reader.fills(0.0)) == 2
    assert [row.fill.exec_id for row in reader.fills(0.0, source="api")] == [BOUGHT.exec_id]


def test_the_traders_words_come_back_of_each_account(path, tmp_path):
    other = tmp_path / "simulated-DU2" / "journal.db"
    journal, reader = Journal(SystemClock()), JournalReader()
    for one in (journal, reader):
        one.open(path, "simulated", "DU1")
        one.also(other, "simulated", "DU2")
        one.also(path, "simulated", "all")
    assert reader.book_numbers() == {}
    note = TripNote("DU2", "", 7, "a.01", "too early", ("gap", "news"), 5.0)
    day = DayNote("DU1", "20251105", "tired", (), 6.0)
    link = TripLink("DU1", "", "a", "b", True, 7.0)
    seen = PositionSeen("DU2", 7, "X", "STK", 5.0, None, MARKET)
    journal.record_trip_note(replace(note, note="first"), MARKET)
    journal.record_trip_note(note, MARKET)
    journal.record_day_note(day, MARKET)
    journal.record_link(replace(link, joined=False), MARKET)
    journal.record_link(link, MARKET)
    for n, price in enumerate((99.5, None)):
        journal.record_stop(TripStop("DU1", "", 7, "a.01", price, float(n)), MARKET)
    journal.record_position(seen)
    assert journal.flush(DEADLINE_S), journal.problem
    words = reader.trader_words()
    assert (words.trips, words.days, words.links) == ((note,), (day,), (link,))
    assert [stop.price for stop in words.stops] == [99.5, None]
    assert reader.trader_words("DU1").trips == () and reader.trader_words("all") == words
    assert reader.positions_seen() == [seen] and reader.positions_seen("DU1") == []
    before = reader.book_numbers()
    assert before["DU2", "words"] >= 1 and before["DU2", "positions"] == 1 and ("DU1", "fills") not in before
    journal.record_fill(BOUGHT)
    assert journal.flush(DEADLINE_S)
    journal.record_fill(replace(BOUGHT, commission=2.0))
    assert journal.flush(DEADLINE_S)
    journal.stop()
    assert reader.book_numbers() == before | {("DU1", "fills"): 2}, "what was not written has its number"
    assert [row.fill.commission for rows in reader.changed_fills({"DU1": 1}) for row in rows] == [2.0]
    assert [len(rows) for rows in reader.changed_fills({})] == [1], "of who is not named all"
    assert list(reader.changed_fills({"DU1": 2, "DU2": 0})) == []
    notes, rows = reader.positions_noted({})
    assert notes == [seen] and reader.positions_noted(rows) == ([], rows)
