"""The Settings page: every setting with where it comes from and what locks it, and the changes made. Pure."""

from __future__ import annotations

from typing import Any

from app.format import number, plural
from app.rows.answers import answers_part
from app.rows.states import LOADING, OWN, empty
from app.rows.thresholds import BREAKOUT_KEYS, SECTIONS, changed_words, changes_part, describe, set_part
from app.snapshots import Snapshots
from engine.config import USUAL_GATEWAYS
from engine.state.sections import BrokerSection, HealthSection

View = dict[str, dict[str, Any]]
# Decided when the program starts.
AT_START = ("web.", "log.")
ELSEWHERE = (
    "engine.",
    "state.",
    "journal.url",
    "lab.",
    "archive.",
    "breakout.",
    "market_scan.enabled",
    "market_scan.custom",
    "sets.",
    "alerts.",
)  # their controls are on the Scanners page and on that of the alerts; where things lie is decided at the start
KEYS = tuple(
    f"{section}.{name}"
    for section, model in SECTIONS.items()
    for name in model.model_fields
    if not f"{section}.{name}".startswith(ELSEWHERE)
)
# The one question which broker: (name, words, mode, port); port None = the simulator's own, 0 = the one typed below.
BROKER_CHOICES: tuple[tuple[str, str, str, int | None], ...] = (
    ("simulated", "Simulated", "simulated", None),
    *((each.words.lower().replace(" ", "-"), each.words, each.mode, each.port) for each in USUAL_GATEWAYS),
    ("paper", "Paper, other port", "paper", 0),
    ("live", "Live, other port", "live", 0),
)

BLANKS = {
    "broker.port": "usual",
    "broker.account": "all of the login",
    "view.account": "all together",
    "journal.import_dir": "import, in the data folder",
    "web.trusted_hosts": "none",
    "web.trusted_proxy": "none",
}  # what an empty box means


def _field(key: str) -> dict[str, Any]:
    out = describe(key)
    if key == "broker.mode":
        out["choices"] = [list(choice) for choice in BROKER_CHOICES]
    if key in BLANKS:
        out["blank"] = BLANKS[key]
    return {**out, "later": True} if key.startswith(AT_START) else out


FIELDS = {key: _field(key) for key in KEYS}


def settings_parts(s: Snapshots) -> View:
    """Everything the Settings page shows beside the strip."""
    return {
        "fields": FIELDS,
        "set": set_part(s.settings, (*KEYS, "data_dir")),
        "log": changes_part(s.settings),
        "answers": answers_part(s.answers),
        "settings": {
            "thresholds": changed_words(s.settings, BREAKOUT_KEYS) or "All at their defaults",
            "version": s.version or None,
            "data_dir": (s.settings.folder or None) if s.settings else None,
            "now": now_words(s.broker),
        },
        "orders": order_words(s.health),
        "rows:sent": sent_rows(s.health),
        "state": {
            "settings": OWN if s.settings else LOADING,
            "changes": OWN
            if s.settings and s.settings.changes
            else empty("Nothing changed yet", "Each change made on a page is kept here and can be taken back."),
        },
    }


def order_words(health: HealthSection | None) -> dict[str, Any]:
    """What has left for TWS, and what was kept from leaving."""
    if health is None:
        return {"sent": None, "kept_back": None}
    sent, kept = sum(count for _, count in health.sent_kinds), health.kept_back
    return {
        "sent": f"{plural(sent, 'message')}, each of a kind that reads",
        "kept_back": [plural(kept, "message"), "error"] if kept else ["none", ""],
    }


def sent_rows(health: HealthSection | None) -> dict[str, Any]:
    """The kinds that the wire knows and that have left, each with its count."""
    kinds = health.sent_kinds if health is not None else ()
    return {name: {"order": i, "name": name, "value": number(sent)} for i, (name, sent) in enumerate(kinds)}


def now_words(broker: BrokerSection | None) -> Any:
    """What the program is connected to now, whatever the form says."""
    if broker is None:
        return None
    word = "Connected to" if broker.connected else "Not connected to"
    return f"{word} {broker.host}:{broker.port} ({broker.mode}, client id {broker.client_id})"
