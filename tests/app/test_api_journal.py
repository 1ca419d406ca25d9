"""`/api/v1/journal/...`: what was traded and what came of it, in one money that is named; clear words else."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from engine.bars.bar_files import BarColumns, BarFiles, StoredSession
from engine.clock import FakeClock
from engine.domain import Fill
from engine.journal.reader import JournalReader
from engine.journal.rows import FillFacts, PositionSeen, TripNote, TripStop
from engine.journal.writer import Journal
from tests.app.journal_samples import tell_dividend
from tests.app.sample_state import MARKET, WALL
from tests.app.test_api import Desk

BOUGHT = Fill(
    "0a.01.01", 1, "TSLA", "BOT", 100.0, 400.0, MARKET, "NYSE", 1.0, None, "DU1", "STK", "USD", "USD", "20251105",
    multiplier=1.0, price_magnifier=1.0, perm_id=7, cum_quantity=100.0,
)  # fmt: skip
SOLD = replace(BOUGHT, exec_id="0b.01.02", side="SLD", price=401.5, time_market=MARKET + 180, perm_id=8, commission=2.0)
OLD = replace(SOLD, exec_id="0b.01.01", price=400.5)
EURO = replace(BOUGHT, exec_id="0c.01.01", con_id=2, local_symbol="SAP", currency="EUR", commission_currency="EUR",
               price=200.0, quantity=10.0, perm_id=None, cum_quantity=None)  # fmt: skip
EURO_SOLD = replace(
    EURO, exec_id="0d.01.01", side="SLD", price=190.0, time_market=MARKET + 90_000, trade_date="20251106"
)
STILL = replace(BOUGHT, exec_id="0e.01.01", con_id=3, local_symbol="F", account="DU2", commission=None, perm_id=9,
                cum_quantity=150.0, time_market=MARKET + 90_100, trade_date="20251106")  # fmt: skip
RATE = FillFacts(base_currency="USD", fx_rate_to_base=1.2)


class Minutes(BarFiles):
    """Of TSLA: four minutes, two of which lie whole between its fills."""

    def sessions(self, con_id, newest):
        if con_id != 1:
            return []
        starts, lows, highs = [MARKET - 30 + 60.0 * k for k in range(4)], [1.0, 395.0, 398.0, 1.0], [500, 401, 402, 500]
        flat = np.full(4, 400.0)
        bars = BarColumns(np.array(starts), flat, np.array(highs, float), np.array(lows), flat, flat, np.full(4, 3.0))
        return [StoredSession(20251105, None, None, bars)]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    path = tmp_path_factory.mktemp("journal") / "journal.db"
    writer, reader = Journal(FakeClock(wall=WALL)), JournalReader()
    writer.open(path, "simulated", "DU1")
    for fill in (BOUGHT, OLD, STILL):
        writer.record_fill(fill, FillFacts(base_currency="USD"))
    writer.record_fill(SOLD, FillFacts(base_currency="USD", statement_id="s", statement_realized=140.0))
    for fill in (EURO, EURO_SOLD):
        writer.record_fill(fill, RATE)
    writer.record_trip_note(TripNote("DU1", "", 1, "0a.01", "early", ("gap",), WALL), MARKET)
    writer.record_stop(TripStop("DU1", "", 1, "0a.01", 399.0, WALL), MARKET)
    for con_id, at in ((0, -10.0), (4, 50.0)):
        writer.record_position(PositionSeen("DU1", con_id, "GM", "STK", float(con_id), None, MARKET + at))
    assert writer.flush()
    tell_dividend(path, "DU1", "20251107", 2, "SAP", "EUR", "7.50", "1.2")
    reader.open(path, "simulated")
    desk = Desk(journal=reader, bars=Minutes())
    desk.fill()
    yield desk
    writer.stop()
    reader.close()


def get(desk, query):
    return desk.get(f"/api/v1/journal/{query}")


def test_executions_with_everything_known_of_them(desk):
    answer = get(desk, "executions")
    assert (answer["more"], answer["problem"]) == (False, None)
    assert [e["id"] for e in answer["executions"]] == ["0a.01.01", "0c.01.01", "0b.01.02", "0d.01.01", "0e.01.01"]
    euro = next(e for e in answer["executions"] if e["id"] == "0d.01.01")
    assert (euro["quantity"], euro["value"], euro["fee"], euro["fee_base"], euro["rate"]) == (-10, -1900, 1, 1.2, 1.2)
    assert (euro["trade_date"], euro["kind"], euro["state"], euro["source"]) == (
        "2025-11-06",
        "trade",
        "in force",
        "api",
    )
    assert answer["unexplained"] == [
        {"account": "DU1", "con_id": 4, "local_symbol": "GM", "quantity": 4.0, "after": MARKET + 50.0,
         "seen": MARKET + 50.0}
    ]  # fmt: skip
    everything = get(desk, "executions?all=1&account=DU1&symbol=TSLA")["executions"]
    assert [(e["id"], e["state"]) for e in everything][1:] == [("0b.01.01", "superseded"), ("0b.01.02", "in force")]
    newest = get(desk, "executions?limit=1")
    assert (newest["more"], newest["executions"][0]["commission"]) == (True, None)
    assert len(get(desk, "executions?from=2025-11-06&to=2025-11-06")["executions"]) == 2


def test_trips_with_their_closings_and_the_traders_words(desk):
    tesla, sap, ford = get(desk, "trips")["trips"]
    assert (tesla["gross"], tesla["fees"], tesla["net"], tesla["counts"]) == (150.0, 3.0, 147.0, True)
    assert (tesla["note"], tesla["tags"], tesla["stop"], tesla["risk"], tesla["r"]) == (
        "early",
        ["gap"],
        399,
        100,
        1.47,
    )
    assert (sap["net"], sap["net_base"], sap["closed_date"]) == (-102.0, -122.4, "2025-11-06")
    assert [part["trade_date"] for part in sap["closings"]] == ["2025-11-06"]
    assert (ford["closed_at"], ford["why_not"], ford["doubts"]) == (None, "open", [])
    assert [trip["ib_differs"] for trip in (tesla, sap)] == [
        [{"execution": "0b.01.02", "ours": 147.0, "ib": 140.0, "why": None}],
        [],
    ]
    assert [t["local_symbol"] for t in get(desk, "trips?to=2025-11-05")["trips"]] == ["TSLA", "SAP"]
    assert [t["local_symbol"] for t in get(desk, "trips?from=2025-11-06")["trips"]] == ["SAP", "F"]
    assert [t["local_symbol"] for t in get(desk, "trips?tag=gap&side=long")["trips"]] == ["TSLA"]


def test_how_far_a_trip_went_from_the_minutes_that_are_kept(desk):
    tesla, sap, _ = get(desk, "trips?excursion=1")["trips"]
    assert (tesla["worst"], tesla["best"], tesla["bars_cover"]) == (-500.0, 200.0, 1.0)
    assert (sap["worst"], sap["excursion_note"]) == (None, "no bars of that time are held")
    assert "worst" not in get(desk, "trips")["trips"][0]


def test_days_in_the_base_or_in_one_currency(desk):
    answer = get(desk, "days")
    assert (answer["currency"], answer["base"]) == ("USD", True)
    assert [(d["day"], d["gross"], d["net"], d["paid"], d["trips"], d["pending"]) for d in answer["days"]] == [
        ("2025-11-05", 150.0, 147.0, 4.2, 1, 0),
        ("2025-11-06", -120.0, -122.4, 1.2, 1, 1),
        ("2025-11-07", 0.0, 0.0, 0.0, 0, 0),
    ]
    assert answer["sum"]["net"] == pytest.approx(24.6) and answer["sum"]["win_rate"] == 0.5
    euro = get(desk, "days?currency=EUR&from=2025-11-06")
    assert (euro["base"], [(d["net"], d["carry"]) for d in euro["days"]]) == (False, [(-102.0, None), (0.0, 7.5)])


def test_a_dividend_stands_beside_the_trip_and_the_days_result(desk):
    assert [trip["carry"] for trip in get(desk, "trips")["trips"]] == [
        [],
        [{"day": "2025-11-07", "kind": "Dividends", "amount": 7.5, "currency": "EUR"}],
        [],
    ]
    paid = get(desk, "days?from=2025-11-07")
    assert [(day["day"], day["net"], day["carry"]) for day in paid["days"]] == [("2025-11-07", 0.0, 9.0)]
    assert get(desk, "days?symbol=TSLA")["sum"]["carry"] is None


def test_statistics_as_a_whole_and_by_group(desk):
    answer = get(desk, "statistics?by=symbol")
    assert (answer["all"]["n"], answer["all"]["few"], answer["all"]["wins"], answer["all"]["losses"]) == (2, True, 1, 1)
    assert answer["all"]["profit_factor"] == pytest.approx(147 / 122.4) and answer["all"]["expectancy_r"] == 1.47
    assert [(g["name"], g["n"]) for g in answer["groups"]] == [("SAP", 1), ("TSLA", 1)]
    assert get(desk, "statistics?currency=EUR")["all"]["profit_factor"] == 0.0
    assert get(desk, "statistics?account=DU2")["all"]["n"] == 0
    assert get(desk, "statistics?to=2025-11-05")["all"]["net"] == 147.0


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("executions?since=0", "'since' is not known here; known are account, symbol, from, to, all, limit"),
        ("trips?side=up", "side is 'up'; must be one of long, short"),
        ("days?from=5.11.2025", "from is '5.11.2025'; must be a trade date, e.g. from=2025-11-05"),
        ("days?from=2025-02-30", "from is '2025-02-30'; must be a trade date, e.g. from=2025-11-05"),
        ("days?from=2025-11-06&to=2025-11-05", "to is 2025-11-05, from is 2025-11-06; to must not be before from"),
        ("statistics?by=moon", "by is 'moon'; must be one of symbol, tag, hour, weekday, side, type, account"),
        ("statistics?currency=CHF", "there are several currencies; say one of currency=USD&base=1, currency=USD, "
         "currency=EUR"),
        ("executions?limit=0", "limit is '0'; must be a whole number, 1-20000"),
        (f"trips?tag={'x' * 81}", "tag is longer than 80 characters"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_says_what_must_be_there(desk, query, words):
    assert desk.get(f"/api/v1/journal/{query}", 400)["error"] == words


def test_an_empty_journal_is_no_error():
    empty = Desk()
    empty.fill()
    assert get(empty, "trips")["trips"] == [] and get(empty, "executions")["executions"] == []
    assert get(empty, "days")["days"] == [] and get(empty, "statistics")["all"]["n"] == 0


def test_bookings_of_statements(desk):
    answer = get(desk, "bookings?symbol=SAP&from=2025-11-01")
    (row,) = answer["cash"]
    assert (row["day"], row["sort"], row["amount"], row["currency"], row["fx_rate"], row["ex_date"]) == (
        "2025-11-07", "dividend", 7.5, "EUR", 1.2, None,
    )  # fmt: skip
    assert (answer["transfers"], answer["option_events"], answer["more"]) == ([], [], False)
    assert get(desk, "bookings?currency=USD")["cash"] == get(desk, "bookings?to=2025-11-06")["cash"] == []
