"""The Journal page over HTTP: what each view says of a journal, filters, honest gaps, and who may ask."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from app.callbacks.journal import commands_of
from app.callbacks.requests import Refused
from app.deps import AppDeps
from app.factory import create_app
from app.feed_route import BUILD_HEADER
from app.journal_book import JournalBook
from app.journal_curves import DayEnd
from app.journal_desk import JournalDesk
from app.journal_route import JOURNAL_PATH, MARKS_PATH
from app.rows.journal_days import calendar_view, of_currency
from app.rows.journal_equity import told_by_statements, told_view
from app.rows.journal_query import VIEWS, Chosen, chosen_of
from engine.clock import FakeClock
from engine.journal.database import open_for_writing, url_of
from engine.journal.rows import CashRow, NavDay, TransferRow
from engine.journal.tables import nav_days
from engine.state.bus import StateBus
from engine.state.sections import BrokerSection
from engine.trades.figures import Money
from tests.app.dash_client import HEADERS
from tests.app.journal_samples import ACCOUNTS, at, fill_journal
from tests.app.sample_state import WALL, fill_sample

BUILD = "0.1.0+5a1c9e77"


def app_on(journal: Any, clock: FakeClock) -> FlaskClient:
    bus = StateBus(None, clock)
    fill_sample(bus, clock.wall(), clock.mono())
    broker = bus.read("broker")
    assert isinstance(broker, BrokerSection)
    bus.publish("broker", replace(broker, clock_offset_s=0.0, clock_rate=1.0))
    deps = AppDeps(state=bus, clock=clock, build_id=BUILD, **({"journal": journal} if journal else {}))
    client = create_app(deps).server.test_client()
    client.desk = JournalDesk(deps, JournalBook(deps.journal))
    return client


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    clock = FakeClock(wall=at("2025-11-10", "12:10:00"))
    writer, reader = fill_journal(tmp_path_factory.mktemp("journal") / "journal.db", clock)
    yield app_on(reader, clock)
    writer.stop()
    reader.close()


def view(client: FlaskClient, name: str, **words: str) -> dict[str, Any]:
    answer = client.get(JOURNAL_PATH, query_string={"view": name, **words}, headers=HEADERS)
    assert answer.status_code == 200, answer.get_json()
    return dict(answer.get_json())


def test_trades_have_gross_fees_and_net_and_say_what_is_not_over(client: FlaskClient) -> None:
    usd = view(client, "trades", currency="USD")
    rows = {(row["sym"], row["opened"]): row for row in usd["trades"]}
    apple = rows["AAPL", round(at("2025-11-03", "10:00:00"))]
    assert (apple["side"], apple["qty"], apple["gross"], apple["fees"], apple["net"]) == (
        "long",
        100.0,
        250.0,
        3.0,
        247.0,
    )
    assert (apple["note"], apple["tags"], apple["stop"], apple["r"]) == ("Bought the range", ["breakout"], 269.0, 2.47)
    assert [leg["what"] for leg in apple["legs"]] == ["bought", "sold", "sold"]
    assert [leg["gross"] for leg in apple["legs"]] == [None, 200.0, 50.0]
    tesla = rows["TSLA", round(at("2025-11-05", "09:45:00"))]
    assert (tesla["side"], tesla["gross"], tesla["net"]) == ("short", -300.0, -302.0)
    pending = rows["AAPL", round(at("2025-11-10", "10:00:00"))]
    assert pending["pending"] and pending["legs"][-1]["fee"] is None
    running = rows["TSLA", round(at("2025-11-10", "11:00:00"))]
    assert (running["state"], running["net"], running["closed"]) == ("open", None, None)
    sap = next(row for row in view(client, "trades")["trades"] if row["sym"] == "SAP")
    assert (sap["net"], sap["money"]) == (78.0, "EUR"), "no rate is known: it is told in its own money"
    assert usd["words"].startswith("4 trades, net, USD") and usd["money"]["currency"] == "USD"
    assert not any(account in str(usd) for account in ACCOUNTS), "no page shows an account's number"


@pytest.mark.parametrize(
    ("words", "symbols"),
    [
        ({"symbol": "SAP"}, ["SAP"]),
        ({"side": "short"}, ["TSLA"]),
        ({"tag": "breakout"}, ["AAPL"]),
        ({"currency": "EUR"}, ["SAP"]),
        ({"from": "2025-11-04", "to": "2025-11-05"}, ["AAPL", "TSLA"]),
        ({"account": "DU***321"}, ["SAP"]),
        ({"source": "flex"}, []),
    ],
)
def test_each_filter_keeps_what_it_says(client: FlaskClient, words: dict[str, str], symbols: list[str]) -> None:
    shown = view(client, "trades", **words)
    assert [row["sym"] for row in shown["trades"]] == symbols
    assert bool(shown["empty"]) == (not symbols)


def test_days_weeks_month_and_year_add_up(client: FlaskClient) -> None:
    month = view(client, "calendar", month="2025-11", currency="USD")
    days = {day["day"]: day for week in month["weeks"] for day in week["days"] if not day["out"]}
    assert (days["2025-11-03"]["net"], days["2025-11-04"]["net"]) == (198.5, 48.5)  # each part on its own day
    assert (days["2025-11-03"]["trips"], days["2025-11-04"]["trips"]) == (0, 1)
    assert days["2025-11-05"]["losses"] == 1 and days["2025-11-06"]["net"] is None
    assert days["2025-11-06"]["carry"] == month["sum"]["carry"] == 12.5  # a dividend is in no result of a trade
    assert view(client, "calendar", month="2025-11", currency="USD", symbol="TSLA")["sum"]["carry"] is None
    assert days["2025-11-10"]["pending"] >= 1
    total = round(sum(day["net"] or 0.0 for day in days.values()), 2)
    assert total == month["sum"]["net"] == round(sum(week["sum"]["net"] or 0.0 for week in month["weeks"]), 2)
    november = next(each for each in month["year"]["months"] if each["month"] == "2025-11")
    assert november["sum"]["net"] == total
    assert month["weeks"][0]["covers"] == "1–2 Nov" and days["2025-11-01"]["closed"]


def test_the_accounts_change_stands_beside_sums_of_its_own_currency_alone() -> None:
    ends = {"20251103": DayEnd("20251103", 105.0, 0.0, WALL, WALL)}
    assert of_currency(ends, Money("EUR", is_base=True), "EUR") is ends
    assert of_currency(ends, Money("USD"), "EUR") == {}, "dollars of trades and euros of the account are not added"
    assert of_currency(ends, Money("USD"), "") == {}, "whose currency is not known"


def test_statistics_without_a_closed_trade_say_what_they_leave_out(client: FlaskClient) -> None:
    said = view(client, "statistics", **{"from": "2025-11-12"})["empty"]
    assert said[0] == "No closed trade to count yet" and said[1].startswith("Not counted: ") and "still open" in said[1]
    assert view(client, "statistics", symbol="NOBODY")["empty"][0] == "Nothing in this choice"


def test_a_day_has_its_curve_its_trades_and_its_note(client: FlaskClient) -> None:
    day = view(client, "calendar", day="2025-11-03")["detail"]
    assert (day["note"], day["tags"]) == ("Calm day", ["calm"])
    assert [(row["sym"], row["part"], row["qty"]) for row in day["trades"]] == [("AAPL", True, 50.0)]
    assert [value for _at, value in day["curve"] if value is not None] == [35.0, 70.0, 105.0, 140.0, 175.0, 210.0]
    assert day["sum"]["change"] == 105.0  # the broker's result of the day without what was realised
    empty = view(client, "calendar", day="2025-11-06", currency="USD")["detail"]
    assert (empty["trades"], empty["curve"]) == ([], [])


def test_figures_name_money_and_number(client: FlaskClient) -> None:
    shown = view(client, "statistics", currency="USD")
    tiles = {tile["label"]: tile for tile in shown["figures"]}
    assert tiles["Net result"]["note"] == "USD, n = 3, 1 commission pending"
    assert tiles["Win rate"]["value"] == "67 %" and "2 won, 1 lost, 0 even, n = 3" in tiles["Win rate"]["note"]
    assert tiles["Mean R"]["note"] == "of the 1 of 3 with a stop noted"
    symbols = {row["name"]: row for row in shown["groups"]["symbol"]}
    assert (symbols["TSLA"]["net"], symbols["TSLA"]["n"], symbols["AAPL"]["n"]) == (-302.0, 1, 2)
    assert [row["name"] for row in shown["groups"]["tag"]] == ["breakout", "no tag"]
    assert [row["name"] for row in shown["groups"]["weekday"]] == ["Monday", "Wednesday"]
    mixed = view(client, "statistics")
    assert mixed["money"]["currency"] == "USD" and "1 trade in EUR" in mixed["lacks"]


def test_executions_have_commissions_pending_ones_said(client: FlaskClient) -> None:
    shown = view(client, "executions")
    assert len(shown["executions"]) == 10 and "commission of 1 pending" in shown["words"]
    by_fee = [row for row in shown["executions"] if row["fee"] is None]
    assert [(row["sym"], row["qty"]) for row in by_fee] == [("AAPL", 10.0)]
    assert len(view(client, "executions", side="short")["executions"]) == 2
    assert {row["cur"] for row in view(client, "executions", currency="EUR")["executions"]} == {"EUR"}


def test_signals_say_whether_they_were_taken_and_what_came_of_them(client: FlaskClient) -> None:
    shown = view(client, "signals")
    rows = {row["id"]: row for row in shown["signals"]}
    assert (rows["taken"]["taken"], rows["taken"]["after"], rows["taken"]["m30"]) == ("taken", 600, 1.2)
    assert (rows["left"]["taken"], rows["left"]["why"]) == ("too early", "Its 30 minutes are not over")
    scores = {row["name"]: row for row in shown["groups"]["score"]}
    assert (scores["0.8 to 0.9"]["taken"], scores["0.5 to 0.6"]["m30"]) == (1, -0.4)
    assert [row["name"] for row in shown["groups"]["scan"]] == ["Momentum"]


def test_equity_is_of_recorded_days_and_of_trades_where_a_part_is_chosen(client: FlaskClient) -> None:
    whole = view(client, "equity")
    assert [row["net"] for row in whole["days"]] == [-310.0, 40.0, 210.0]
    assert "deposits not" in whole["words"]
    part = view(client, "equity", symbol="TSLA")
    assert [row["net"] for row in part["days"]] == [-302.0] and part["from_zero"]
    assert "closed trades" in part["words"]


def nav(day: str, total: str, account: str = "DU1") -> NavDay:
    return NavDay(account, day, Decimal(total), "USD")


def cash(day: str, amount: str, sort: str = "deposit", **more: Any) -> CashRow:
    kind = "Deposits/Withdrawals" if sort == "deposit" else "Dividends"
    told = {"currency": "USD", "base_currency": "USD", **more}
    return CashRow(account="DU1", day=day, sort=sort, kind=kind, amount=Decimal(amount), **told)


def test_deposits_are_taken_out_of_what_statements_tell() -> None:
    days = [nav("20251103", "1000"), nav("20251104", "1600"), nav("20251105", "1500")]
    rows = [cash("20251104", "500"), cash("20251105", "9", "dividend"), cash("20251105", "-50", currency="EUR")]
    told = told_by_statements(days, rows, [], Chosen("equity"))
    assert told is not None
    shown = told_view(told)
    assert [value for _at, value in shown["points"]] == [1000.0, 1100.0, 1000.0]
    assert [(row["day"], row["net"], row["sum"]) for row in shown["days"]] == [
        ("2025-11-05", -100.0, 0.0),
        ("2025-11-04", 100.0, 100.0),
    ]
    tiles = {each["label"]: each["value"] for each in shown["figures"]}
    assert tiles["Return"] == "+3.13 %" and tiles["Deepest drawdown"] == "100.00"  # 1.1 x 1500 / 1600
    assert [(flow["amount"], flow["cur"]) for flow in shown["flows"]] == [(-50.0, "EUR"), (500.0, "USD")]
    assert "Flows in EUR are not taken out, their rate is not told (2025-11-05): add the field FX" in shown["lacks"]


def test_a_position_that_was_transferred_in_is_no_gain() -> None:
    days = [nav("20251103", "1000"), nav("20251104", "6100"), nav("20251105", "6000")]
    moved = TransferRow(
        account="DU1", day="20251104", kind="ACATS", currency="USD", quantity=Decimal(20), amount=Decimal(5000),
        symbol="IBM",
    )  # fmt: skip
    told = told_by_statements(days, [], [moved], Chosen("equity"))
    assert told is not None
    shown = told_view(told)
    assert [value for _at, value in shown["points"]] == [1000.0, 1100.0, 1000.0] and not shown["lacks"]
    assert shown["flows"] == [{"day": "2025-11-04", "what": "ACATS: +20 IBM", "amount": 5000.0, "cur": "USD"}]
    tiles = {each["label"]: each["value"] for each in shown["figures"]}
    assert tiles["Result"] == "0.00" and tiles["Return"] == "+8.20 %"  # 1100 / 1000 x 6000 / 6100


def test_dividends_that_no_sum_holds_are_said_with_the_cure() -> None:
    paid = [cash("20251104", "9", "dividend"), cash("20251105", "4", "dividend", currency="EUR"),
            cash("20251106", "4", "dividend", currency="EUR")]  # fmt: skip

    def shown(money: Money) -> dict[str, Any]:
        return calendar_view(
            [], [], money, Chosen("calendar", month="202511"), today="20251110", ends={}, points=[], notes=[],
            account="", is_whole=True, cash=paid,
        )  # fmt: skip

    own, base = shown(Money("USD")), shown(Money("USD", is_base=True))
    assert own["sum"]["carry"] == base["sum"]["carry"] == 9.0
    assert own["sum"]["lacks"] == "Without: bookings in EUR" and base["sum"]["lacks"].endswith(
        "rate of a booking in EUR"
    )
    assert "in EUR are not in it: choose that currency" in own["lacks"]
    assert "(2025-11-05 and 1 more day): add the field FX Rate to Base" in base["lacks"]


def test_values_are_read_as_the_import_stores_them(tmp_path: Path) -> None:
    path, clock = tmp_path / "journal.db", FakeClock(wall=at("2025-11-10", "12:00:00"))
    writer, reader = fill_journal(path, clock)
    own = {"mode": "simulated", "account": ACCOUNTS[0], "market_time": 1.0, "recorded_at": 1.0, "statement_id": "s"}
    told = [("20251104", "1600.25", None), ("20251103", "1000", None), ("20251105", "9", "newer")]
    rows = [
        {"row_key": day, "day": day, "model": "", "currency": "USD", "total": Decimal(total), "told_by": "NAV",
         "withdrawn_by": withdrawn}
        for day, total, withdrawn in told
    ]  # fmt: skip
    engine = open_for_writing(url_of(path), 1.0)
    with engine.begin() as connection:
        connection.execute(nav_days.insert(), [own | row for row in rows])
    engine.dispose()
    assert [(each.day, each.total) for each in reader.nav_days()] == [
        ("20251103", Decimal(1000)),
        ("20251104", Decimal("1600.25")),
    ]
    shown = view(app_on(reader, clock), "equity")
    assert [value for _at, value in shown["points"]] == [1000.0, 1600.25] and "as statements tell it" in shown["words"]
    writer.stop()
    reader.close()


def test_values_of_several_accounts_count_on_the_days_that_all_have() -> None:
    days = [nav("20251103", "1"), nav("20251104", "2"), nav("20251105", "3")]
    other = [nav("20251104", "10", "DU2"), nav("20251105", "20", "DU2")]
    told = told_by_statements([*days, *other], [], [], Chosen("equity"))
    assert told is not None and told.values == {"20251104": 12.0, "20251105": 23.0}
    assert told_by_statements([*days, *other], [], [], Chosen("equity", since="20251105")) is None
    assert told_by_statements(days[:1], [], [], Chosen("equity")) is None


def test_nothing_yet_is_said_in_each_view() -> None:
    client = app_on(None, FakeClock(wall=WALL))
    for name in ("trades", "executions", "statistics"):
        assert view(client, name)["empty"][0] == "No trade yet"
    assert view(client, "signals")["empty"][0] == "No signal"
    assert view(client, "calendar")["sum"]["net"] is None
    assert view(client, "equity")["points"] == []


def test_trips_are_marks_on_their_symbols_chart(client: FlaskClient) -> None:
    answer = client.get(f"{MARKS_PATH}/76792991", headers=HEADERS).get_json()
    marks = [(kind, price, text) for kind, _at, price, text in answer["marks"]]
    assert marks == [
        ("entry", 400.0, "short 100"),
        ("loss", 403.0, "out net −302.00 USD"),
        ("entry", 405.0, "long 5"),
    ]
    times = [at_ for _kind, at_, _price, _text in answer["marks"]]
    assert times == sorted(times)
    assert client.get(f"{MARKS_PATH}/1", headers=HEADERS).get_json()["marks"] == []
    assert client.get(f"{MARKS_PATH}/1", headers={**HEADERS, "Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_nothing_changed_is_304(client: FlaskClient) -> None:
    words = {"view": "trades"}
    first = client.get(JOURNAL_PATH, query_string=words, headers=HEADERS)
    assert first.headers["Cache-Control"] == "no-store"
    again = client.get(JOURNAL_PATH, query_string=words, headers={**HEADERS, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_route_is_guarded_like_the_poll(client: FlaskClient) -> None:
    words = {"view": "trades"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}):
        assert client.get(JOURNAL_PATH, query_string=words, headers={**HEADERS, **headers}).status_code == 403
    old = client.get(JOURNAL_PATH, query_string=words, headers={**HEADERS, BUILD_HEADER: "other"})
    assert old.status_code == 409 and old.get_json()["reload"] is True


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({}, "view is ''; must be one of calendar, trades"),
        ({"view": "trades", "from": "soon"}, "from is 'soon'; must be a date, e.g. from=2025-11-10"),
        ({"view": "trades", "month": "2025-13"}, "month is '2025-13'"),
        ({"view": "calendar", "month": "9999-12"}, "month is '9999-12'"),
        ({"view": "calendar", "day": "0001-01-01"}, "day is '0001-01-01'"),
        ({"view": "trades", "from": "2025-11-10", "to": "2025-11-03"}, "to must not be before from"),
        ({"view": "trades", "side": "up"}, "side is 'up'; must be one of long, short"),
        ({"view": "trades", "x": "1"}, "'x' is not known here"),
        ({"view": "trades", "tag": "x" * 200}, "tag is longer than 80 characters"),
        ({"view": "trades", "account": "U999"}, "account is 'U999'; there are: "),
    ],
)
def test_a_choice_that_cannot_be_read_says_why(client: FlaskClient, query: dict[str, str], error: str) -> None:
    answer = client.get(JOURNAL_PATH, query_string=query, headers=HEADERS)
    assert answer.status_code == 400 and error in answer.get_json()["error"]


class Note:
    """What the page's form sends, and the command that came of it."""

    def __init__(self, client: FlaskClient) -> None:
        self.desk: JournalDesk = client.desk

    def __call__(self, **asked: Any) -> Any:
        return commands_of({"id": "0" * 32, "note": " Late ", "tags": ["late"], **asked}, self.desk)


def test_a_note_is_kept_with_the_execution_that_opened_the_trip(client: FlaskClient) -> None:
    note = Note(client)
    trip = next(row for row in view(client, "trades", symbol="AAPL")["trades"] if row["note"])
    (kept,) = note(action="trip-note", trip=trip["id"], stop="269")
    assert (kept.account, kept.con_id, kept.root) == (ACCOUNTS[0], 265598, "0000e0d5.00000001.01")
    assert (kept.note, kept.tags) == ("Late", ("late",))
    _kept, slip, stop = note(action="trip-note", trip=trip["id"], stop="1,268.5")
    assert (slip.price, stop.price) == (None, 1268.5)
    assert [each.price for each in note(action="trip-note", trip=trip["id"], stop="")[1:]] == [None]
    (day,) = note(action="day-note", account="DU***567", day="2025-11-04")
    assert (day.account, day.day) == (ACCOUNTS[0], "20251104")


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"action": "trip-note", "trip": "0", "stop": ""}, "not in the journal any more"),
        ({"action": "day-note", "account": "U9", "day": "2025-11-04"}, "not valid"),
        ({"action": "day-note", "account": "DU***567", "day": "soon"}, "not valid"),
        ({"action": "day-note", "account": "DU***567", "day": "9999-12-31"}, "not valid"),
        ({"action": "trip-note", "tags": [1]}, "not valid"),
        ({"action": "trip-note", "id": "x"}, "not valid"),
    ],
)
def test_a_note_on_nothing_is_refused(client: FlaskClient, asked: dict[str, Any], error: str) -> None:
    with pytest.raises(Refused, match=error):
        Note(client)(**asked)


def test_every_view_reads_a_whole_link() -> None:
    words = {"from": "2025-11-03", "to": "2025-11-30", "month": "2025-11", "day": "2025-11-10", "currency": "usd"}
    for name in VIEWS:
        chosen = chosen_of({"view": name, **words})
        assert isinstance(chosen, Chosen)
        assert (chosen.since, chosen.month, chosen.day, chosen.currency) == ("20251103", "202511", "20251110", "USD")
