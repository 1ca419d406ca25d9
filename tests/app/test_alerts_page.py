"""The page of alerts, the bell, the marks on the chart, the API, and what the page may ask for."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from app.callbacks.requests import reply_to
from app.deps import AppDeps
from app.factory import create_app
from app.rows.alerts import alerts_parts, is_new, price_alerts
from app.rows.strip import strip_parts
from app.snapshots import Snapshots
from app.views import PAGES, find_page
from engine.alerts.kinds import KINDS
from engine.clock import FakeClock
from engine.domain import Condition
from engine.state.alert_sections import AlertsSection
from engine.state.bus import StateBus
from engine.state.commands import ChangeChannel, ChangeRule, KeepChannel, KeepRule, SeeAlerts, SnoozeAlert
from tests.app.dash_client import call
from tests.app.sample_alerts import alerts, occurrence
from tests.app.sample_state import ACCOUNT, NQ, TSLA, WALL, fill_sample
from tests.app.test_api import Desk

NAMES = ("broker", "positions", "lines", "health", "alerts", "universe", "settings", "answers")


class Rig:
    def __init__(self) -> None:
        self.clock = FakeClock(wall=WALL)
        self.bus = StateBus(None, self.clock)
        fill_sample(self.bus, WALL, self.clock.mono())
        self.bus.publish("alerts", alerts())
        self.deps = AppDeps(state=self.bus, clock=self.clock)

    def read(self) -> Snapshots:
        return Snapshots.read(self.bus, NAMES, "alive", WALL)

    def ask(self, action: str, **more: Any) -> tuple[dict[str, Any], Any]:
        reply = reply_to(self.deps, {"id": uuid4().hex, "action": action, **more})
        return reply, next(iter(self.bus.drain()), None)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_what_was_found_is_in_the_view_where_it_belongs(rig: Rig) -> None:
    view = alerts_parts(rig.read())
    rows = view["rows:alertlist"]
    views = {key: row["views"] for key, row in rows.items()}
    assert views == {"6": ["new", "open"], "5": ["new", "open"], "4": ["open", "snoozed"], "3": ["open"], "2": []}
    assert (view["alerts"]["n_new"], view["alerts"]["n_open"], view["alerts"]["n_snoozed"]) == (2, 4, 1)
    assert rows["5"]["state"] == "open, nothing is known of it now"
    assert rows["6"]["told"] == ["phone: accepted: The service took it"]
    assert rows["3"]["note"].startswith("It was so when QTrade started")
    assert view["rows:alertrules"]["3"]["problem"] == "The channel pager is gone."
    assert [row["how"][1] for row in view["rows:alertchannels"].values()] == ["soft", "loss", "warn"]


def test_the_form_is_made_of_the_declarations(rig: Rig) -> None:
    view = alerts_parts(rig.read())
    assert set(view["alertkinds"]) == set(KINDS)
    assert [key for key, _words in view["alertform"]["lists"]] == ["", "positions", "pinned", 5]
    assert view["alertform"]["accounts"] == [["", "all accounts"], ["DU***567", "DU***567"]]
    assert ACCOUNT not in str(view)


def test_without_an_account_the_page_says_what_it_waits_for(rig: Rig) -> None:
    rig.bus.publish("alerts", AlertsSection())
    assert alerts_parts(rig.read())["state"]["rules"]["title"] == "Not connected yet"
    assert alerts_parts(Snapshots("alive", WALL))["state"]["rules"] == {"s": "loading"}


def test_there_is_one_bell(rig: Rig) -> None:
    rows = strip_parts(rig.read())["rows:bell"]
    assert list(rows)[:2] == ["alert6", "alert5"] and "delayed:9004" in rows
    assert rows["alert6"]["call"] == [7, WALL - 60.0] and "call" not in rows["alert5"]
    assert rows["alert4"]["quiet"] and rows["alert3"]["quiet"] and "alert2" not in rows
    assert [row["order"] for row in rows.values()] == list(range(len(rows)))


def test_what_was_over_before_its_snooze_was_is_not_new(rig: Rig) -> None:
    snoozed = occurrence(9, snoozed_until=WALL + 60.0)
    ended = replace(snoozed, state="cleared", cleared_wall=WALL - 5.0)
    for each, expected in ((snoozed, False), (ended, False), (replace(ended, snoozed_until=WALL - 30.0), True)):
        assert is_new(each, WALL) is expected
    assert not is_new(ended, WALL + 3_600.0), "nor later"


def test_what_comes_again_is_in_front_and_is_counted_anew(rig: Rig) -> None:
    rows = [occurrence(number, rule_id=number, raised_wall=WALL - 1_000.0 + number) for number in range(1, 12)]
    rows[0] = replace(rows[0], again=1, call_id=99, call_wall=WALL)
    rig.bus.publish("alerts", replace(alerts(), occurrences=tuple(rows)))
    shown = strip_parts(rig.read())["rows:bell"]
    assert next(iter(shown)) == "alert1" and shown["alert1"]["call"] == [99, WALL]
    urgent = replace(rows[0], is_escalated=True)
    rig.bus.publish("alerts", replace(alerts(), occurrences=(urgent,)))
    assert strip_parts(rig.read())["rows:bell"]["alert1"]["since"] > shown["alert1"]["since"]


def test_what_an_alert_tells_of_is_not_in_the_bell_twice(rig: Rig) -> None:
    health = rig.bus.read("health")
    link = Condition("link", "error", "Not connected to TWS", "", "", None, WALL, WALL, 1, True)
    silent = replace(link, key=f"silent:{TSLA}")
    rig.bus.publish("health", replace(health, conditions=(link, silent)))
    assert {"link"} == {key for key in strip_parts(rig.read())["rows:bell"] if not key.startswith("alert")}
    rig.bus.publish("alerts", AlertsSection(is_ready=True, occurrences=(occurrence(9, kind="link"),)))
    assert [*strip_parts(rig.read())["rows:bell"]] == ["alert9", f"silent:{TSLA}"]


def test_a_level_is_drawn_on_its_symbol_s_chart() -> None:
    assert price_alerts(alerts(), NQ) == {"alerts": [[25_100.0, 2, "25,100.00"]], "channels": ["phone", "mail"]}
    assert price_alerts(alerts(), TSLA)["alerts"] == [] and price_alerts(None, NQ)["alerts"] == []


def test_every_page_hears_of_alerts() -> None:
    for path in ("/", "/alerts", "/health", f"/symbol/{NQ}"):
        page, params = find_page(PAGES, path)
        assert "alerts" in page.sections(params)


def test_a_rule_is_checked_before_it_is_handed_over(rig: Rig) -> None:
    values = {"account": "DU***567", "side": "below", "amount": "−750"}
    reply, command = rig.ask("alert-rule", id_of=0, kind="day_pnl", values=values, channels=["phone"], every="5")
    assert reply["text"] == "" and isinstance(command, KeepRule)
    assert command.values == {"account": ACCOUNT, "side": "below", "amount": -750.0} and command.cool_down_min == 5.0
    reply, command = rig.ask("alert-rule", id_of=0, kind="day_pnl", values={"amount": "much"}, channels=[])
    assert command is None and reply["errors"] == {"amount": "Amount: must be a number."}
    reply, command = rig.ask("alert-rule", id_of=0, kind="price", values={"symbol": "ZZZ", "level": 1}, channels=[])
    assert command is None and "choose a symbol first" in reply["text"]


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ({"action": "alert-change", "id_of": 3, "do": "delete"}, ChangeRule),
        ({"action": "alert-see", "ids": [6, 5]}, SeeAlerts),
        ({"action": "alert-snooze", "id_of": 6, "until": "day", "symbol": True}, SnoozeAlert),
        ({"action": "alert-channel", "name": "Phone", "url": "ntfys://x"}, KeepChannel),
        ({"action": "alert-heartbeat", "name": "", "url": ""}, KeepChannel),
        ({"action": "alert-test", "name": "phone"}, ChangeChannel),
        ({"action": "alert-forget", "name": "phone"}, ChangeChannel),
    ],
    ids=lambda value: value["action"] if isinstance(value, dict) else "",
)
def test_each_button_is_a_command(rig: Rig, asked: dict[str, Any], kind: type) -> None:
    action = asked.pop("action")
    reply, command = rig.ask(action, **asked)
    assert reply["text"] == "" and isinstance(command, kind)
    assert "ntfys" not in repr(command)


@pytest.mark.parametrize(
    "asked",
    [
        {"action": "alert-"}, {"action": "alert-odd"}, {"action": "alert-rule"},
        {"action": "alert-change", "id_of": "3"},
        {"action": "alert-see", "ids": ["x"]}, {"action": "alert-see", "ids": [1] * 1_000},
        {"action": "alert-snooze", "id_of": 6, "until": "never"}, {"action": "alert-channel", "name": 1, "url": "x"},
        {"action": "alert-channel", "name": "x", "url": ""}, {"action": "alert-test", "name": None},
        {"action": "alert-rule", "id_of": 0, "kind": "disk", "values": {}, "channels": [], "every": "nan"},
        {"action": "alert-rule", "id_of": 0, "kind": "disk", "values": {}, "channels": [], "severity": "huge"},
        {"action": "alert-channel", "name": "x", "url": "x" * 2_000},
    ],
    ids=str,
)  # fmt: skip
def test_nonsense_is_refused_in_words(rig: Rig, asked: dict[str, Any]) -> None:
    action = asked.pop("action")
    reply, command = rig.ask(action, **asked)
    assert command is None and reply["text"]


def test_the_page_answers_through_its_store(rig: Rig) -> None:
    app = create_app(rig.deps)
    asked = {"id": "0" * 32, "action": "alert-see", "ids": []}
    for store in ("alerts", "symbol"):
        trigger = f"{store}-request.data"
        answer = call(app, app.server.test_client(), f"{store}-reply.data", {trigger: asked}, trigger)
        assert answer.status_code == 200 and isinstance(next(iter(rig.bus.drain())), SeeAlerts)


def test_the_api_tells_all_but_secrets() -> None:
    desk = Desk()
    assert desk.get("/api/v1/alerts") == {"ready": False, "last_id": 0, "occurrences": [], "rules": [], "channels": []}
    desk.fill()
    desk.bus.publish("alerts", alerts(desk.clock.wall()))
    answer = desk.get("/api/v1/alerts")
    assert [each["id"] for each in answer["occurrences"]] == [6, 5, 4, 3, 2] and answer["last_id"] == 7
    assert (answer["occurrences"][0]["call_id"], answer["occurrences"][1]["call_id"]) == (7, None)
    assert [each["new"] for each in answer["occurrences"]] == [True, True, False, False, False]
    assert answer["occurrences"][0]["deliveries"][0]["channel"] == "phone"
    assert [each["id"] for each in desk.get("/api/v1/alerts?after=6")["occurrences"]] == [6], "it was called since"
    assert desk.get("/api/v1/alerts?after=7")["occurrences"] == []
    assert "must be the id" in desk.get("/api/v1/alerts?after=x", code=400)["error"]
    assert ACCOUNT not in str(answer)
