"""A dashboard of several engines: each browser chooses, scripts name one, and what one sees is never the other's."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from app.deps import AppDeps
from app.engines import COOKIE, ChosenState
from app.factory import create_app
from app.journal_book import JournalBook
from app.rows.fleet import choice, fleet_parts, notice
from app.snapshots import Snapshots
from engine.domain import Fill
from engine.fleet.journal import ChosenJournal, Readers
from engine.journal.reader import JournalReader
from engine.journal.writer import Journal
from tests.patience import DEADLINE_S
from tests.unit.fleet.desks import Floor


@pytest.fixture
def floor(tmp_path) -> Iterator[Floor]:
    made = Floor(tmp_path / "state")
    made.open("east", "DU1000001", money=5.0)
    made.open("west", "DU2000002", money=7.0)
    yield made
    made.close()


@pytest.fixture
def client(floor: Floor):
    state = ChosenState(floor.fleet)
    deps = AppDeps(state=state, journal=ChosenJournal(Readers(floor.fleet, None), state.choice), clock=floor.clock)
    return create_app(deps).server.test_client()


def poll(client, path: str = "/", cursor: str | None = None) -> dict:
    answer = client.get("/feed", query_string={"path": path, **({"cursor": cursor} if cursor else {})})
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_a_browser_that_has_chosen_nothing_sees_all_together(client) -> None:
    strip = poll(client)["set"]["strip"]
    assert strip["engines"] == ["@paper", [["@paper", "All engines"], ["east", "east"], ["west", "west"]]]
    assert strip["day"] == 12.0 and strip["account_label"] == "2 accounts"
    assert strip["accounts"] is None, "which account is shown is each engine's own affair"


def test_each_browser_has_its_own_choice_and_cursors_never_meet(client) -> None:
    client.set_cookie(COOKIE, "west")
    west = poll(client)
    assert west["set"]["strip"]["day"] == 7.0 and west["set"]["strip"]["engines"][0] == "west"
    client.set_cookie(COOKIE, "east")
    other = poll(client, cursor=west["cursor"])
    assert other.get("full") and other["set"]["strip"]["day"] == 5.0
    client.set_cookie(COOKIE, "no such engine")
    assert poll(client)["set"]["strip"]["engines"][0] == "@paper"


def test_scripts_name_an_engine_or_are_told_which_there_are(client) -> None:
    accounts = {
        name: [each["account"] for each in client.get(f"/api/v1/status?engine={name}").get_json()["accounts"]]
        for name in ("east", "west", "@paper")
    }
    assert accounts == {"east": ["DU1000001"], "west": ["DU2000002"], "@paper": ["DU1000001", "DU2000002"]}
    wrong = client.get("/api/v1/status?engine=north")
    assert wrong.status_code == 404 and wrong.get_json()["error"] == "engine is 'north'; there are: @paper, east, west"


def test_every_page_of_all_engines_can_be_built(client) -> None:
    for path in ("/", "/positions", "/lines", "/scanners", "/charts", "/lists", "/symbol", "/symbol/76792991",
                 "/alerts", "/health", "/journal", "/lab", "/settings"):  # fmt: skip
        assert poll(client, path)["set"]["strip"]["engines"], path
        assert client.get(path).status_code == 200


def test_health_lists_the_engines_with_lines_and_money_of_each_and_in_sum(client, floor) -> None:
    rows = poll(client, "/health")["set"]["rows:fleet"]
    assert [rows[name]["pnl"][0] for name in ("east", "west", "all together")] == [
        "+5.00 USD",
        "+7.00 USD",
        "+12.00 USD",
    ]
    assert rows["east"]["accounts"] == "DU***001" and rows["all together"]["state"] == "2 of 2 connected"
    floor.wait(20.0, "west")
    view = poll(client, "/health")["set"]
    assert view["rows:fleet"]["west"]["state"] == ["no sign of life", "error"]
    assert view["fleet"]["words"] == "west gives no sign of life"
    assert view["strip"]["pill"][0] == "PAPER in part" and view["health"]["verdict"] == "west gives no sign of life."


def test_a_store_that_cannot_be_read_is_said_whatever_the_engines_are(floor) -> None:
    s = Snapshots.read(floor.fleet.view("@paper"), ("broker", "fleet"), "alive", floor.clock.wall())
    assert s.fleet is not None and notice(s) == {"words": None}
    s = dataclasses.replace(s, fleet=replace(s.fleet, problem="redis://host: Connection refused"))
    assert notice(s)["more"] == "redis://host: Connection refused"


def test_one_engine_has_neither_choice_nor_notice(floor) -> None:
    s = Snapshots.read(floor.fleet.view("east"), ("broker", "fleet"), "alive", floor.clock.wall())
    assert choice(s.fleet) is not None and notice(s) == {"words": None}
    alone = Snapshots("alive", 0.0)
    assert choice(alone.fleet) is None and notice(alone) == {"words": None}
    assert fleet_parts(alone) == {"rows:fleet": {}, "fleets": {"some": False}}


def test_the_journals_of_all_are_one_and_those_of_one_its_own(floor, tmp_path, monkeypatch) -> None:
    chosen = ["@paper"]
    readers = {}
    for name, account, money in (("east", "DU1000001", 5.0), ("west", "DU2000002", 7.0)):
        journal, readers[name] = Journal(floor.clock), JournalReader()
        journal.open(tmp_path / f"{name}.sqlite3", "paper", account)
        readers[name].open(tmp_path / f"{name}.sqlite3", "paper", account)
        journal.record_pnl(100.0, 100.0, money, 0.0, money)
        journal.record_fill(Fill(f"{account}.1", 1, "AAPL", "BOT", 1.0, 2.0, 100.0, "SMART", account=account))
        assert journal.flush(DEADLINE_S)
        journal.stop()
        desk = floor.desks[name]
        card = desk.bus.read("engine")
        monkeypatch.setattr("socket.gethostname", lambda: "here")
        desk.bus.publish("engine", replace(card, journals={account: str(tmp_path / f"{name}.sqlite3")}))
        desk.beat()
    floor.clock.advance(1.0)
    journal = ChosenJournal(Readers(floor.fleet, None, {"east": readers["east"]}), lambda: chosen[0])
    assert [point.daily for point in journal.pnl(0.0)] == [12.0]
    assert [point.daily for point in journal.pnl(0.0, account="DU2000002")] == [7.0]
    assert journal.problem == "" and journal.now() is journal.now(), "what is made of it can be kept"
    both, books = journal.now(), JournalBook(journal)
    assert {e.account for e in books.kept(DEADLINE_S).executions} == {"DU1000001", "DU2000002"}
    chosen[0] = "west"
    assert [point.daily for point in journal.pnl(0.0)] == [7.0]
    assert [point.daily for point in both.pnl(0.0)] == [12.0], "whatever is looked at by then"
    west = books.kept(DEADLINE_S)
    assert [e.account for e in west.executions] == ["DU2000002"] and books.kept() is west
    journal.close()
    for reader in readers.values():
        reader.close()
