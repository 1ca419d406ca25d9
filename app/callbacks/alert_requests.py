"""What the page of alerts and the Symbol page ask for, checked and made a command. Pure."""

from __future__ import annotations

from typing import Any

from app.format import account_labels
from engine.alerts.kinds import RuleRefused, checked, kind_of
from engine.state.alert_sections import AlertsSection
from engine.state.commands import (
    ChangeChannel,
    ChangeRule,
    Command,
    KeepChannel,
    KeepRule,
    SeeAlerts,
    SnoozeAlert,
)

ALERTS = "alert-"  # what their actions begin with
SEVERITIES = ("info", "warning", "urgent")
SNOOZES = ("", "15m", "1h", "4h", "day", "cleared")
IDS_MOST = 400
NAMES_MOST = 20
NOT_VALID = "The request is not valid. Reload the page."


def alert_command(request_id: str, asked: dict[str, Any], section: AlertsSection | None) -> Command:
    """Raises RuleRefused, with words for each field that can't be used."""
    action = asked["action"].removeprefix(ALERTS)
    if action == "rule":
        return _rule(request_id, asked, section)
    if action == "change":
        rule_id, what = asked.get("id_of"), asked.get("do")
        if type(rule_id) is not int or what not in ("on", "off", "delete", "usual"):
            raise RuleRefused(NOT_VALID)
        return ChangeRule(request_id, rule_id, what)
    if action == "see":
        return SeeAlerts(request_id, _ids(asked.get("ids")))
    if action == "snooze":
        alert, until = asked.get("id_of"), asked.get("until")
        if type(alert) is not int or until not in SNOOZES:
            raise RuleRefused(NOT_VALID)
        return SnoozeAlert(request_id, alert, until, asked.get("symbol") is True)
    return _channel(request_id, action, asked)


def _channel(request_id: str, action: str, asked: dict[str, Any]) -> Command:
    name, url = asked.get("name"), asked.get("url", "")
    if not isinstance(name, str) or not isinstance(url, str):
        raise RuleRefused(NOT_VALID)
    if action == "channel":
        if not name.strip() or not url.strip():
            raise RuleRefused("A channel has a name and an address.")
        return KeepChannel(request_id, name.strip().lower(), url.strip())
    if action == "heartbeat":
        return KeepChannel(request_id, "", url.strip(), heartbeat=True)
    if action in ("test", "forget"):
        return ChangeChannel(request_id, name, "test" if action == "test" else "delete")
    raise RuleRefused(NOT_VALID)


def _ids(given: Any) -> tuple[int, ...]:
    if not isinstance(given, list) or len(given) > IDS_MOST or not all(type(each) is int for each in given):
        raise RuleRefused(NOT_VALID)
    return tuple(given)


def _rule(request_id: str, asked: dict[str, Any], section: AlertsSection | None) -> KeepRule:
    rule_id, values, channels = asked.get("id_of", 0), asked.get("values"), asked.get("channels")
    if type(rule_id) is not int or not isinstance(values, dict) or not isinstance(channels, list):
        raise RuleRefused(NOT_VALID)
    if len(channels) > NAMES_MOST or not all(isinstance(name, str) for name in channels):
        raise RuleRefused(NOT_VALID)
    severity = asked.get("severity")
    if severity is not None and severity not in SEVERITIES:
        raise RuleRefused(NOT_VALID)
    kind = kind_of(str(asked.get("kind")))
    accounts = section.accounts if section else ()
    named = {label: name for name, label in account_labels(accounts).items()}
    if "account" in values:
        values = {**values, "account": named.get(values["account"], values["account"])}
    clean = checked(kind, values, dict(section.lists) if section else (), accounts)
    return KeepRule(
        request_id,
        rule_id,
        kind.name,
        clean,
        tuple(channels),
        severity,
        _minutes(asked.get("every", kind.cool_down_min), "every"),
        asked.get("over") is True,
        _minutes(asked.get("urgent", 0.0), "urgent"),
    )


def _minutes(given: Any, key: str) -> float:
    """Typed or sent as a number; what is out of bounds is the engine's to refuse."""
    if isinstance(given, str):
        try:
            given = float(given.strip() or 0.0)
        except ValueError:
            given = None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0.0 <= given < 1e6:
        raise RuleRefused("Minutes are a number.", {key: "must be a number of minutes."})
    return float(given)
