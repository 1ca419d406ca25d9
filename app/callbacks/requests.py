"""What the forms ask for, checked and handed to the engine. The engine's answer comes back through the feed.

A request is {"id": 32 hex digits made by the page, "action": ..., more}; the reply {"id", "errors": {key: words},
"text": why not}. An empty reply means: handed over, the answer will appear under that id in the part "answers".
"""

from __future__ import annotations

import re
from typing import Any, TypeGuard

from app.callbacks.alert_requests import ALERTS, alert_command
from app.callbacks.watchlist_requests import ACTIONS as ABOUT_LISTS
from app.callbacks.watchlist_requests import watchlist_command
from app.deps import AppDeps
from app.format import account_labels
from app.rows.custom_scans import complaints
from app.rows.lab_form import run_command, source_of
from app.rows.scanners import ENABLED, toggled
from app.rows.thresholds import judge
from app.snapshots import DEAD_S
from engine.alerts.kinds import RuleRefused
from engine.config import is_loopback
from engine.domain import Side
from engine.errors import CommandRefused, LabError
from engine.state.alert_sections import AlertsSection
from engine.state.commands import (
    ApplySettings,
    AskLine,
    AskNews,
    CancelLab,
    Command,
    DeleteScan,
    FindSymbol,
    InspectSignal,
    KeepScan,
    LookForDays,
    PreviewThresholds,
    ProbeBroker,
    RevertChange,
    RunAudit,
    UseThresholdSet,
    WhyNot,
)
from engine.state.scan_sections import ScanParametersSection
from engine.state.sections import BrokerSection, ScannersSection, SettingsSection

MOST_CHANGES = 100
SHOWN = "view.account"
HOST = "broker.host"
LISTENS_ON = "web.host"
OPEN_TO_OTHERS = "lets other computers reach your account. Set a password first: python app.py --set-password"
NOT_TRUSTED = (
    "is another computer. What TWS sends is not encrypted: whoever is on the way there sees your account. Tick the box "
    "below to use it."
)
MOST_NAME = 100
MOST_FILTERS = 20
NAME_MOST = 40
QUESTIONS = ("probe", "line", "find", "signal", "news", *ABOUT_LISTS)
NOT_UP = "The engine is not running; nothing was changed. See the Health page."
_ID = re.compile(r"[0-9a-f]{32}")


class Refused(Exception):
    """Words for the user; `errors` belong to fields."""

    def __init__(self, text: str, errors: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.errors = errors or {}


def reply_to(deps: AppDeps, request: Any) -> dict[str, Any]:
    """Check a request and hand its command over; never raises."""
    asked = request if isinstance(request, dict) else {}
    reply: dict[str, Any] = {"id": asked.get("id"), "errors": {}, "text": ""}
    try:
        command = command_of(deps, asked)
        if command is not None:
            deps.state.submit(command)
    except Refused as refused:
        reply |= {"text": str(refused), "errors": refused.errors}
    except CommandRefused as refused:
        reply["text"] = str(refused)
    return reply


def command_of(deps: AppDeps, asked: dict[str, Any]) -> Command | None:
    """The command of a request; None when it only wanted to be checked. Raises Refused."""
    request_id = asked.get("id")
    if not is_request_id(request_id):
        raise Refused("The request is not valid. Reload the page.")
    action = asked.get("action")
    if action in ("check", "apply"):
        return _changes(deps, request_id, asked)
    if action in ("preview", "lab-look", "lab-run", "lab-cancel"):
        return _live(deps, _lab(deps, request_id, asked))
    if action == "revert" and type(asked.get("change")) is int:
        return _live(deps, RevertChange(request_id, asked["change"]))
    if action in ("scan", "account"):
        choice: dict[str, Any] = (
            {ENABLED: _scans(deps, asked)} if action == "scan" else _account(deps, asked.get("account"))
        )
        return _live(deps, ApplySettings(request_id, choice))
    if action == "set":
        return _live(deps, _set(request_id, asked))
    if action in ("audit", "why", "keepscan", "deletescan"):
        return _live(deps, _about_scans(deps, request_id, asked))
    if isinstance(action, str) and action.startswith(ALERTS):
        return _live(deps, _about_alerts(deps, request_id, asked))
    if action in QUESTIONS:
        return _live(deps, _question(deps, request_id, asked))
    raise Refused("The request is not valid. Reload the page.")


def _changes(deps: AppDeps, request_id: str, asked: dict[str, Any]) -> Command | None:
    clean = _judged(deps, asked.get("changes"))
    if asked["action"] == "check":
        return None
    if HOST in clean:
        _trust(deps, clean[HOST], asked)
    if not is_loopback(clean.get(LISTENS_ON, "localhost")) and not deps.login.has_password:
        raise Refused("A password is needed first.", {LISTENS_ON: f"{clean[LISTENS_ON]} {OPEN_TO_OTHERS}"})
    return _live(deps, ApplySettings(request_id, clean))


def is_request_id(value: Any) -> TypeGuard[str]:
    """32 hex digits, as the page makes them."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _about_lists(request_id: str, asked: dict[str, Any]) -> Command:
    made = watchlist_command(request_id, asked)
    if isinstance(made, str):
        raise Refused(made or "The request is not valid. Reload the page.")
    return made


def _judged(deps: AppDeps, changes: Any, least: int = 1) -> dict[str, Any]:
    section = deps.state.read("settings")
    if not isinstance(section, SettingsSection):
        raise Refused(NOT_UP)
    if not isinstance(changes, dict) or not least <= len(changes) <= MOST_CHANGES:
        raise Refused("Nothing is changed.")
    clean, wrong = judge(changes, section)
    if wrong:
        count = len(wrong)
        raise Refused(f"{count} value{'s' if count > 1 else ''} can't be used; nothing was applied.", wrong)
    return clean


def _trust(deps: AppDeps, host: str, asked: dict[str, Any]) -> None:
    """Another computer is talked to only when the trader has said so of this one, or it is in force. Raises Refused."""
    if is_loopback(host) or asked.get("trusted") == host or deps.config.broker.host == host:
        return
    section = deps.state.read("settings")
    rows = section.rows if isinstance(section, SettingsSection) else ()
    if any(row.key == HOST and row.value == host for row in rows):
        return
    raise Refused("Another computer needs your word first.", {HOST: f"{host} {NOT_TRUSTED}"})


def is_up(deps: AppDeps) -> bool:
    """Nothing is handed to an engine that is silent: it would take effect much later, unasked."""
    silent_s = deps.state.read_many(("heartbeat",)).silent_s
    return silent_s is not None and silent_s <= DEAD_S


def _live(deps: AppDeps, command: Command) -> Command:
    if not is_up(deps):
        raise Refused(NOT_UP)
    return command


def _lab(deps: AppDeps, request_id: str, asked: dict[str, Any]) -> Command:
    if asked["action"] == "preview":
        return PreviewThresholds(request_id, _judged(deps, asked.get("changes"), least=0))
    try:
        if asked["action"] == "lab-look":
            return LookForDays(request_id, *source_of(asked))
        return run_command(request_id, asked) if asked["action"] == "lab-run" else CancelLab(request_id)
    except LabError as wrong:
        raise Refused(str(wrong)) from wrong


def _scans(deps: AppDeps, asked: dict[str, Any]) -> list[str]:
    scanners, settings = deps.state.read("scanners"), deps.state.read("settings")
    chosen, why_not = toggled(
        str(asked.get("name")),
        asked.get("on") is True,
        scanners if isinstance(scanners, ScannersSection) else None,
        settings if isinstance(settings, SettingsSection) else None,
    )
    if why_not:
        raise Refused(why_not)
    return chosen


def _account(deps: AppDeps, label: Any) -> dict[str, Any]:
    """The choice of an account by the label that the strip shows, "" = all together."""
    broker = deps.state.read("broker")
    known = broker.accounts if isinstance(broker, BrokerSection) else ()
    names = {shown: name for name, shown in account_labels(known).items()}
    if not isinstance(label, str) or (label and label not in names):
        raise Refused("This account is not one of the login any more.")
    try:
        return _judged(deps, {SHOWN: names.get(label)})
    except Refused as refused:
        raise Refused(next(iter(refused.errors.values()), str(refused))) from None


def _set(request_id: str, asked: dict[str, Any]) -> UseThresholdSet:
    """What is done with a named set; the engine knows which there are."""
    action, name = asked.get("do"), asked.get("name")
    if action not in ("load", "keep", "delete", "shadow") or not isinstance(name, str) or len(name) > MOST_NAME:
        raise Refused("The request is not valid. Reload the page.")
    if not name.strip() and action != "shadow":
        raise Refused("Give the set a name first.")
    return UseThresholdSet(request_id, action, name)


def _about_scans(deps: AppDeps, request_id: str, asked: dict[str, Any]) -> Command:
    """The audit, the inspector, and custom scans: right types here, what is possible in the engine."""
    action, name = asked["action"], asked.get("text" if asked["action"] == "why" else "name")
    if action == "audit":
        return RunAudit(request_id)
    if not isinstance(name, str) or not name.strip() or len(name) > MOST_NAME:
        raise Refused("Type a symbol first." if action == "why" else "Give the scan a name first.")
    if action == "why":
        return WhyNot(request_id, name)
    if action == "deletescan":
        return DeleteScan(request_id, name)
    texts = [asked.get(key) for key in ("scan_code", "instrument", "location", "side")]
    pairs = _pairs(asked.get("filters"))
    if not all(isinstance(text, str) and len(text) <= MOST_NAME for text in texts) or pairs is None:
        raise Refused("The request is not valid. Reload the page.")
    known = deps.state.read("scan_parameters")
    wrong = complaints(asked, known if isinstance(known, ScanParametersSection) else None)
    if wrong:
        raise Refused(wrong)
    side: Side = "short" if asked["side"] == "short" else "long"
    return KeepScan(request_id, name, asked["scan_code"], asked["instrument"], asked["location"], pairs, side)


def _pairs(filters: Any) -> tuple[tuple[str, str], ...] | None:
    """Tags with their values; None = not what a page sends."""
    if not isinstance(filters, list) or len(filters) > MOST_FILTERS:
        return None
    if not all(isinstance(each, list) and len(each) == 2 and all(isinstance(t, str) for t in each) for each in filters):
        return None
    return tuple((tag, value) for tag, value in filters)


def _about_alerts(deps: AppDeps, request_id: str, asked: dict[str, Any]) -> Command:
    alerts = deps.state.read("alerts")
    try:
        return alert_command(request_id, asked, alerts if isinstance(alerts, AlertsSection) else None)
    except RuleRefused as refused:
        raise Refused(str(refused), refused.errors) from None


def _question(deps: AppDeps, request_id: str, asked: dict[str, Any]) -> Command:
    """What a line more would do, a name looked up, who listens at an address, a symbol's cards; lists and notes."""
    if asked["action"] in ("signal", "news"):
        return _about_symbol(request_id, asked)
    if asked["action"] == "probe":
        host, port = _address(asked)
        _trust(deps, host, asked)
        return ProbeBroker(request_id, host, port)
    if asked["action"] in ABOUT_LISTS:
        return _about_lists(request_id, asked)
    text, con_id, line_class = asked.get("text"), asked.get("con"), asked.get("as")
    if asked["action"] == "find":
        if not isinstance(text, str) or not 1 <= len(text.strip()) <= NAME_MOST:
            raise Refused(f"A symbol has 1 to {NAME_MOST} characters.")
        return FindSymbol(request_id, text.strip())
    if type(con_id) is not int or not 0 < con_id < 10**10:
        raise Refused("Choose a symbol first.")
    if line_class not in ("25", "50", "pinned"):
        raise Refused("A line is asked for as 25, 50 or pinned.")
    return AskLine(request_id, con_id, line_class)


def _about_symbol(request_id: str, asked: dict[str, Any]) -> AskNews | InspectSignal:
    """Headlines of a contract; a signal's card by its id, or that of the newest one of a contract."""
    name, con_id = asked.get("signal", ""), asked.get("con", 0)
    if not isinstance(name, str) or len(name) > MOST_NAME or type(con_id) is not int or not 0 <= con_id < 10**10:
        raise Refused("The request is not valid. Reload the page.")
    if asked["action"] == "news" and con_id:
        return AskNews(request_id, con_id)
    if asked["action"] == "signal" and (name or con_id):
        return InspectSignal(request_id, name, con_id)
    raise Refused("Choose a symbol first.")


def _address(asked: dict[str, Any]) -> tuple[str, int]:
    host, port = asked.get("host"), asked.get("port")
    if not isinstance(host, str) or not re.fullmatch(r"[A-Za-z0-9.:\-]{1,253}", host):
        raise Refused("The host is not valid.", {"broker.host": "Must be a name or an address like 127.0.0.1."})
    if type(port) is not int or not 1 <= port <= 65535:
        raise Refused("The port is not valid.", {"broker.port": "Must be 1 to 65535, a whole number."})
    return host, port
