"""`/api/v1/fills`: what was traded, out of the journal, and clear words for a question that can't be understood."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from engine.clock import FakeClock
from engine.domain import Fill
from engine.journal.reader import JournalReader
from engine.journal.writer import Journal
from tests.app.sample_state import MARKET, WALL
from tests.app.test_api import Desk

SHARE = Fill(
    "0000e0d5.67290a01.01.01", 29612249, "VOD", "BOT", 1_000.0, 72.5, MARKET - 60.0, "LSE", 6.0, None, "DU1", "STK",
    "GBP", "GBP", "20251105", "exchange", "", 1.0, 100.0, 731425, 12, 52, "", False, 1_000.0, "open",
    "20251105 15:33:00 GB", "GB", False,
)  # fmt: skip
WHEAT = replace(
    SHARE, exec_id="0000e0d5.67290a02.01.01", con_id=9, local_symbol="ZWH6", sec_type="FUT", currency="USD", side="SLD",
    quantity=2.0, price=448.25, multiplier=5_000.0, commission=None, commission_currency="", perm_id=731426,
    cum_quantity=5.0, time_kind="received", exchange_time="20251105 09:33:00 Moon", exchange_zone="Moon",
    time_market=MARKET - 30.0, account="DU2", opening="close", trade_date="",
)  # fmt: skip
BOUND = replace(WHEAT, exec_id="03.01", sec_type="BOND", price=99.5, price_magnifier=1.0, perm_id=None, account="DU1")


@pytest.fixture
def desk(tmp_path):
    writer, reader = Journal(FakeClock(wall=WALL)), JournalReader()
    writer.open(tmp_path / "journal.db", "simulated", "DU1")
    for fill in (
        SHARE,
        WHEAT,
        replace(WHEAT, exec_id="0000e0d5.67290a02.01.02", price=448.0),
        replace(BOUND, sec_type="BAG", exec_id="04.01", con_id=4),
        BOUND,
        replace(SHARE, exec_id="05.01", time_market=MARKET - 90_000.0, perm_id=7, quantity=1.0, cum_quantity=1.0),
        replace(SHARE, exec_id="06.01", time_market=MARKET - 20.0, perm_id=7, quantity=1.0, cum_quantity=2.0),
    ):
        writer.record_fill(fill)
    assert writer.flush()
    reader.open(tmp_path / "journal.db", "simulated")
    desk = Desk(journal=reader)
    desk.fill()
    yield desk
    writer.stop()
    reader.close()


def test_the_fills_in_force_with_everything_known_of_them(desk):
    answer = desk.get("/api/v1/fills?since=0")
    assert (answer["since"], answer["until"], answer["limit"], answer["more"]) == (0.0, None, 1000, False)
    old, share, wheat, bond, newer = answer["fills"]
    assert share == {
        "exec_id": "0000e0d5.67290a01.01.01", "account": "DU1", "model": None, "con_id": 29612249,
        "local_symbol": "VOD", "sec_type": "STK", "side": "BOT", "opening": "open", "quantity": 1000.0, "price": 72.5,
        "price_unit": "p", "price_magnifier": 100.0, "price_pending": False, "multiplier": 1.0, "currency": "GBP",
        "time": MARKET - 60.0, "time_kind": "exchange", "exchange_time": "20251105 15:33:00 GB", "exchange_zone": "GB",
        "trade_date": "20251105", "exchange": "LSE", "commission": 6.0, "commission_currency": "GBP",
        "commission_state": "reported", "realized": None, "cum_quantity": 1000.0, "check": None, "revision": 1,
        "superseded_by": None, "counts": True, "why_not": None, "perm_id": 731425,
        "order_id": 12, "client_id": 52, "order_ref": None,
        "liquidation": False, "source": "api",
    }  # fmt: skip
    assert (wheat["price"], wheat["revision"], wheat["price_unit"], wheat["account"]) == (448.0, 2, "c", "DU2")
    assert (wheat["commission"], wheat["commission_state"], wheat["time_kind"]) == (None, "pending", "received")
    assert wheat["check"] == "the order's fills add up to 2, its cumulative quantity is 5"
    assert (bond["price_unit"], bond["trade_date"]) == ("%", None)
    assert old["check"] is None and newer["check"] is None


def test_corrected_ones_and_headings_only_when_asked(desk):
    everything = desk.get("/api/v1/fills?since=0&all=1")["fills"]
    assert [(row["exec_id"][-5:], row["counts"], row["superseded_by"]) for row in everything] == [
        ("05.01", True, None),
        ("01.01", True, None),
        ("01.01", False, "0000e0d5.67290a02.01.02"),
        ("01.02", True, None),
        ("03.01", True, None),
        ("04.01", False, None),
        ("06.01", True, None),
    ]


def test_an_advisors_order_and_its_allocations_count_once(tmp_path):
    writer, reader = Journal(FakeClock(wall=WALL)), JournalReader()
    writer.open(tmp_path / "journal.db", "simulated", "DF1")
    for number, (account, quantity) in enumerate([("DF1", 100.0), ("DU1", 60.0), ("DU2", 40.0)]):
        writer.record_fill(
            replace(SHARE, account=account, quantity=quantity, cum_quantity=quantity, exec_id=f"{number}.01")
        )
    assert writer.flush()
    reader.open(tmp_path / "journal.db", "simulated")
    rows = Desk(journal=reader).get("/api/v1/fills?since=0")["fills"]
    assert sorted((row["account"], row["why_not"]) for row in rows) == [
        ("DF1", "allocated"),
        ("DU1", None),
        ("DU2", None),
    ]
    assert sum(row["quantity"] for row in rows if row["counts"]) == 100.0
    writer.stop()
    reader.close()


def test_since_until_account_and_limit(desk):
    def ids(query):
        return [row["exec_id"] for row in desk.get(f"/api/v1/fills?{query}")["fills"]]

    assert len(ids("")) == 4, "the last 24 hours"
    assert ids(f"since={MARKET - 60.0}&until={MARKET - 30.0}") == [SHARE.exec_id]
    assert ids("since=0&account=DU2") == ["0000e0d5.67290a02.01.02"]
    assert ids("since=0&account=DU9") == []
    newest = desk.get("/api/v1/fills?since=0&limit=2")
    assert [row["exec_id"] for row in newest["fills"]] == ["03.01", "06.01"] and newest["more"]
    checked = desk.get(f"/api/v1/fills?since={MARKET - 20.0}")["fills"]
    assert [row["check"] for row in checked] == [None], "an order's fills of before the stretch count, too"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("since=x", "since is 'x'; must be a time in epoch seconds"),
        ("since=nan", "epoch seconds"),
        ("until=", "until is ''; must be a time"),
        ("since=5&until=5", "until must be the later one"),
        ("until=1", "until must be the later one"),
        ("account=", "must be an account's letters and digits"),
        ("account=../x", "letters and digits"),
        ("all=yes", "must be 0"),
        ("limit=0", "must be a whole number, 1-5000"),
        ("limit=5001", "1-5000"),
        ("limit=1.5", "1-5000"),
        ("limit=-1", "1-5000"),
        ("from=1", "'from' is not known here; known are since, until"),
    ],
)
def test_a_question_that_cannot_be_understood_is_said(desk, query, says):
    assert says in desk.get(f"/api/v1/fills?{query}", 400)["error"]


def test_before_there_is_a_journal(tmp_path):
    answer = Desk().get("/api/v1/fills?since=0")
    assert (answer["fills"], answer["more"], answer["problem"]) == ([], False, None)
