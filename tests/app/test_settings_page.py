"""The Settings page: every setting once, with source and lock; broker choices; the test of another address."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import dash
import pytest

from app.callbacks.requests import OPEN_TO_OTHERS, reply_to
from app.deps import AppDeps
from app.factory import create_app
from app.login.credentials import FILE_NAME, Credentials, save
from app.login.gate import gate_of
from app.login.passwords import new_password
from app.rows.scanners import SET_KEYS
from app.rows.settings import AT_START, BROKER_CHOICES, FIELDS, KEYS, now_words, settings_parts
from app.rows.thresholds import BREAKOUT_KEYS, judge
from app.snapshots import Snapshots
from engine.clock import FakeClock
from engine.config import DEFAULT_PORTS, WebSettings
from engine.settings import changes as setting_changes
from engine.settings.effective import NEVER_SAVED
from engine.settings.sources import FIELDS as ALL_FIELDS
from engine.state.bus import StateBus
from engine.state.commands import ProbeBroker
from tests.app.dash_client import HEADERS, call
from tests.app.sample_state import WALL, broker, fill_sample, offline_broker
from tests.app.settings_desk import Desk
from tests.instantly import instantly

SECTIONS = ("broker", "settings", "answers")


class Rig:
    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock(wall=WALL)
        self.bus = StateBus(None, self.clock)
        fill_sample(self.bus, WALL, self.clock.mono())
        self.desk = Desk(self.bus, folder, WALL)
        self.deps = AppDeps(state=self.bus, clock=self.clock, version="0.1.0")

    def ask(self, action: str, **more: Any) -> dict[str, Any]:
        return reply_to(self.deps, {"id": uuid4().hex, "action": action, **more})

    def view(self) -> dict[str, Any]:
        return settings_parts(Snapshots.read(self.bus, SECTIONS, "alive", WALL, ("b", "0.1.0")))


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_every_setting_of_the_models_has_its_place_on_a_page(rig: Rig) -> None:
    elsewhere = {*NEVER_SAVED, *BREAKOUT_KEYS, "market_scan.enabled", *SET_KEYS, "alerts.quiet_from", "alerts.quiet_to"}
    assert set(KEYS) | elsewhere == set(ALL_FIELDS)
    assert not set(KEYS) & elsewhere
    create_app(rig.deps)
    drawn = str(next(page["layout"]() for page in dash.page_registry.values() if page["path"] == "/settings"))
    missing = [key for key in KEYS if f"{key} " not in drawn and f"{key}'" not in drawn]
    assert missing == []


def test_what_needs_a_restart_is_what_the_engine_says_needs_one() -> None:
    assert AT_START == setting_changes.AT_START
    assert {key for key, field in FIELDS.items() if field.get("later")} == {k for k in KEYS if k.startswith(AT_START)}


def test_the_usual_brokers_are_values_that_the_model_takes(rig: Rig) -> None:
    others = {mode for _name, _words, mode, port in BROKER_CHOICES if port == 0}
    assert others == {"paper", "live"}
    for _name, words, mode, port in BROKER_CHOICES:
        if port == 0:
            continue
        clean, wrong = judge({"broker.mode": mode, "broker.port": port}, rig.desk.keeper.section())
        assert (clean, wrong) == ({"broker.mode": mode, "broker.port": port}, {})
        assert port is None or str(port) in words
    first = {mode: port for _name, _words, mode, port in reversed(BROKER_CHOICES) if port}
    assert first == DEFAULT_PORTS, "the page takes a mode's first choice for its usual one"


def test_sources_and_locks_are_shown(rig: Rig) -> None:
    shown = rig.view()["set"]
    assert shown["lines.limit"] == {"v": 50, "src": "config.yaml"}
    assert shown["lines.buffer"] == {"v": 5, "src": "default"}
    assert shown["web.port"]["lock"] == "Fixed by command line --port. Start without it to change it here."
    rig.ask("apply", changes={"lines.buffer": "7"})
    rig.desk.work()
    assert rig.view()["set"]["lines.buffer"] == {"v": 7, "src": "saved here"}


def test_an_empty_port_is_the_usual_one(rig: Rig) -> None:
    assert judge({"broker.port": None, "broker.account": None}, rig.desk.keeper.section())[1] == {}
    wrong = judge({"broker.port": "", "broker.client_id": 1}, rig.desk.keeper.section())[1]
    assert wrong == {
        "broker.port": "Must be 1 to 65535, a whole number.",
        "broker.client_id": "Must be 2 to 9999, a whole number.",
    }


def test_the_dashboard_leaves_this_computer_once_there_is_a_password(rig: Rig, tmp_path: Path) -> None:
    ask = {"id": uuid4().hex, "action": "apply", "changes": {"web.host": "0.0.0.0"}}
    refused = reply_to(rig.deps, ask)
    assert refused["errors"] == {"web.host": f"0.0.0.0 {OPEN_TO_OTHERS}"}
    save(tmp_path / FILE_NAME, Credentials(new_password("some words of mine", "some words of mine")))
    gate = gate_of(tmp_path, WebSettings())
    assert reply_to(replace(rig.deps, login=gate), {**ask, "id": uuid4().hex})["errors"] == {}
    bad = {"web.host": "a b", "web.trusted_proxy": "proxy", "web.trusted_hosts": "a, -b"}
    assert set(judge(bad, rig.desk.keeper.section())[1]) == set(bad)


def answered(rig: Rig, **changes: Any) -> str:
    request_id = uuid4().hex
    asked = {key.replace("__", "."): value for key, value in changes.items()}
    reply_to(rig.deps, {"id": request_id, "action": "apply", "changes": asked})
    rig.desk.work()
    ok, text = rig.view()["answers"][request_id]
    assert ok, text
    return str(text)


def test_a_later_change_says_so(rig: Rig) -> None:
    assert answered(rig, log__level="DEBUG") == "1 setting applied. At the next start: log.level."


def test_another_broker_is_connected_to_at_once(rig: Rig) -> None:
    said = answered(rig, broker__mode="paper", broker__port=4002)
    assert said == "2 settings applied. Connecting to 127.0.0.1:4002 (paper) now."
    assert answered(rig, broker__allow_delayed_signals=True) == "1 setting applied."
    assert answered(rig, simulator__speed=2) == "1 setting applied.", "the simulator is not the broker"
    assert answered(rig, broker__mode="simulated", broker__port=None).endswith("the simulated gateway now.")
    assert answered(rig, simulator__speed=3).endswith("Connecting to the simulated gateway now.")


def test_numbers_that_are_names_have_no_thousands_separator(rig: Rig) -> None:
    answered(
        rig, broker__port=7496, broker__client_id=1234, simulator__seed=20261201, market_scan__avg_volume_above=1000000
    )
    words = {row["label"]: row["text"] for row in rig.view()["log"].values()}
    assert (words["Port"], words["Client id"], words["Seed"]) == ("– → 7496", "52 → 1234", "7 → 20261201")
    assert words["Average volume above"] == "500,000 → 1,000,000"


def test_another_address_is_probed_by_the_engine(rig: Rig) -> None:
    assert rig.ask("probe", host="127.0.0.1", port=4002)["text"] == ""
    rig.desk.work()
    command = rig.desk.commands[0]
    assert isinstance(command, ProbeBroker) and (command.host, command.port) == ("127.0.0.1", 4002)
    answer = rig.view()["answers"][command.request_id]
    assert answer == [False, "No TWS API answers at 127.0.0.1:4002."]
    assert rig.ask("probe", host="no host", port=1)["errors"]["broker.host"]
    assert rig.ask("probe", host="host", port=0)["errors"]["broker.port"]


def test_another_computer_needs_a_word_first(rig: Rig) -> None:
    asked: dict[str, Any] = {"changes": {"broker.host": "10.0.0.5", "lines.limit": 40}}
    refused = rig.ask("apply", **asked)
    assert "10.0.0.5 is another computer" in refused["errors"]["broker.host"]
    assert "not encrypted" in refused["errors"]["broker.host"]
    assert rig.ask("apply", **asked, trusted="10.0.0.6")["errors"], "a word for another one counts for nothing"
    assert rig.ask("check", **asked)["errors"] == {}
    assert rig.ask("probe", host="10.0.0.5", port=4002)["errors"]["broker.host"]
    rig.desk.work()
    assert rig.desk.commands == []
    assert rig.ask("apply", **asked, trusted="10.0.0.5")["text"] == ""
    assert rig.ask("probe", host="10.0.0.5", port=4002, trusted="10.0.0.5")["text"] == ""
    rig.desk.work()
    assert rig.desk.keeper.settings.config.broker.host == "10.0.0.5"
    assert rig.ask("apply", changes={"broker.host": "10.0.0.5", "lines.limit": 41})["text"] == "", "it is in force"
    assert rig.ask("apply", changes={"broker.host": "localhost"})["text"] == ""


def test_where_it_is_connected_is_said_whatever_the_form_says() -> None:
    assert now_words(broker(WALL)) == "Connected to 127.0.0.1:7497 (simulated, client id 52)"
    assert str(now_words(offline_broker(WALL))).startswith("Not connected to 127.0.0.1:7497 (paper")
    assert now_words(None) is None


def test_settings_without_an_engine_are_loading() -> None:
    view = settings_parts(Snapshots(engine="starting", now=WALL))
    assert view["state"]["settings"] == {"s": "loading"}
    assert view["set"] == view["log"] == view["answers"] == {}


def test_the_page_and_its_callback_answer_over_http(rig: Rig) -> None:
    app = create_app(rig.deps)
    client = app.server.test_client()
    with client.get("/settings", headers=HEADERS) as answer:
        assert answer.status_code == 200
    request = {"id": uuid4().hex, "action": "apply", "changes": {"positions.ema_fast": 9}}
    answer = call(app, client, "settings-reply.data", {"settings-request.data": request}, "settings-request.data")
    assert answer.get_json()["response"]["settings-reply"]["data"]["text"] == ""
    rig.desk.work()
    assert rig.desk.keeper.settings.config.positions.ema_fast == 9


def test_changes_of_accounts_are_listed_without_their_numbers(rig: Rig) -> None:
    instantly(rig.desk.keeper.change({"view.account": "DU1234567", "broker.account": "DU7654321"}, "page"))
    rig.desk.work()
    part = rig.view()["log"]
    words = " ".join(row["text"] for row in part.values())
    assert "all → DU***567" in words and "all → DU***321" in words
    assert "DU1234567" not in str(part) and "DU7654321" not in str(part)
