"""The choice of an account over HTTP: what the strip's control sends, what is refused, what the next poll shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.deps import AppDeps
from app.factory import create_app
from app.format import account_labels
from engine.clock import FakeClock
from engine.settings.effective import resolve
from engine.settings.sources import Layer
from engine.state.bus import StateBus
from engine.state.commands import ApplySettings
from tests.app.dash_client import HEADERS, call, poll
from tests.app.sample_state import CLIENTS, WALL, fill_accounts, fill_sample
from tests.app.settings_desk import Desk

LABELS = account_labels(CLIENTS)


class Rig:
    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock(wall=WALL)
        self.bus = StateBus(None, self.clock)
        fill_sample(self.bus, WALL, self.clock.mono())
        fill_accounts(self.bus)
        self.desk = Desk(self.bus, folder, WALL)
        self.app = create_app(AppDeps(state=self.bus, clock=self.clock))
        self.client = self.app.server.test_client()
        self.client.get("/", headers=HEADERS)

    def choose(self, label: Any) -> dict[str, Any]:
        asked = {"id": uuid4().hex, "action": "account", "account": label}
        values = {"shell-account-ask.data": asked}
        answer = call(self.app, self.client, "shell-account-reply.data", values, "shell-account-ask.data")
        assert answer.status_code == 200
        reply = answer.json["response"]["shell-account-reply"]["data"]
        assert isinstance(reply, dict)
        return reply

    def strip(self) -> dict[str, Any]:
        answer = poll(self.client)
        part = answer.get_json()["set"]["strip"]
        assert isinstance(part, dict)
        return part


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_a_choice_becomes_a_setting_that_is_kept(rig: Rig) -> None:
    assert (rig.strip()["shown"], rig.strip()["account_label"]) == ("all", "3 accounts")
    for label, account in ((LABELS[CLIENTS[1]], CLIENTS[1]), ("", None), (LABELS[CLIENTS[2]], CLIENTS[2])):
        assert rig.choose(label)["text"] == ""
        rig.desk.work()
        command = rig.desk.commands[-1]
        assert isinstance(command, ApplySettings) and command.changes == {"view.account": account}
        assert rig.desk.keeper.settings.config.view.account == account
        fill_accounts(rig.bus, account)
        assert rig.strip()["shown"] == (label or "all")
        assert rig.strip()["accounts"][0] == label


@pytest.mark.parametrize("label", ["DU***999", CLIENTS[1], None, 7, ["x"]])
def test_what_is_no_account_of_the_login_is_refused(rig: Rig, label: Any) -> None:
    assert rig.choose(label)["text"] == "This account is not one of the login any more."
    rig.desk.work()
    assert rig.desk.commands == []


def test_a_choice_that_the_command_line_has_made_is_said_to_be_locked(rig: Rig) -> None:
    locked = Layer("command line", {"view.account": CLIENTS[0]}, {"view.account": "command line"})
    rig.desk.keeper._settings = resolve([locked, Layer("environment"), Layer("saved"), Layer("config.yaml")])
    rig.bus.publish("settings", rig.desk.keeper.section())
    assert "command line" in rig.choose(LABELS[CLIENTS[1]])["text"]


def test_a_silent_engine_is_asked_nothing(rig: Rig) -> None:
    rig.clock.advance(60.0)
    assert rig.choose("")["text"].startswith("The engine is not running")


def test_no_answer_of_the_server_holds_an_account_whole(rig: Rig) -> None:
    for path in ("/", "/positions", "/health"):
        text = poll(rig.client, path).text
        assert not [name for name in CLIENTS if name in text]
