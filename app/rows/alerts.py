"""The page of alerts: what was found, the rules in words, what a rule can be, the channels. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.format import account_labels
from app.rows.answers import answers_part
from app.rows.states import LOADING, OWN, empty
from app.rows.thresholds import fields_part, set_part
from app.snapshots import Snapshots
from engine.alerts.kinds import EVERY_ACCOUNT, KINDS, OWN_LISTS, Field, Kind
from engine.state.alert_sections import UNTIL_CLEARED, AlertsSection, ChannelRow, Occurrence, RuleRow

View = dict[str, dict[str, Any]]
QUIET_BLANK = "never"  # what an empty box means
QUIET_KEYS = ("alerts.quiet_from", "alerts.quiet_to")
BELL_MOST = 8
CONDITIONS = {"feed_dead": "feed", "link": "link"}  # kind -> key of the condition that it tells of
NEW_FOR_S = 24 * 3_600.0
SEVERITIES = {"info": "info", "warning": "warning", "urgent": "error"}  # icons of the house
FOUND = {
    "start": "It was so when QTrade started; nobody was told.",
    "made": "It was so when the rule was made; nobody was told.",
}


def _field(field: Field) -> list[Any]:
    return [
        field.key,
        field.label,
        field.type,
        field.default,
        field.unit,
        [list(choice) for choice in field.choices],
        field.blank,
    ]


def _kind(order: int, kind: Kind) -> list[Any]:
    fields = [_field(field) for field in kind.fields]
    return [order, kind.title, kind.sentence, kind.about, fields, kind.severity, kind.cool_down_min]


# What the form is made of, the declarations themselves: [order, title, sentence, about, fields, severity, minutes].
KINDS_PART = {name: _kind(order, kind) for order, (name, kind) in enumerate(KINDS.items())}


def bell_rows(section: AlertsSection | None, now: float) -> dict[str, dict[str, Any]]:
    """What is new or goes on, for the bell that every page has; what was seen or is snoozed doesn't call."""
    newest: dict[tuple[int, str], Occurrence] = {}
    for each in section.occurrences if section else ():
        if each.is_open or is_new(each, now):
            newest.setdefault((each.rule_id, each.subject), each)  # of one thing that came again and again the last
    shown = sorted(newest.values(), key=lambda each: (not is_new(each, now), -max(each.raised_wall, each.call_wall)))
    return {
        f"alert{each.id}": {
            "order": i,
            "icon": [SEVERITIES[each.severity], SEVERITIES[each.severity]],
            "title": each.title,
            "text": each.text,
            "code": None,
            "at": {"text": "{age} ago", "from": each.raised_wall},
            "since": round(each.raised_wall)
            + 1_000_000_000 * (each.again + each.is_escalated),  # told anew = new again
            "alert": each.id,
            **({"quiet": True} if not is_new(each, now) else {}),
            **({"call": [each.call_id, each.call_wall]} if each.call_id and is_new(each, now) else {}),
        }
        for i, each in enumerate(shown[:BELL_MOST])
    }


def told_of(section: AlertsSection | None) -> frozenset[str]:
    """Keys of the conditions that an open alert tells of: the bell lists a thing once."""
    found = set()
    for each in section.occurrences if section else ():
        if each.is_open:
            found.add(f"silent:{each.con_id}" if each.kind == "no_price" else CONDITIONS.get(each.kind, ""))
    return frozenset(found)


def alerts_parts(s: Snapshots) -> View:
    """Everything the page of alerts shows beside the strip."""
    section = s.alerts
    shown = section.occurrences if section else ()
    return {
        "alerts": _counts(section, s.now),
        "rows:alertlist": {str(each.id): occurrence_row(each, s, i) for i, each in enumerate(shown)},
        "rows:alertrules": {
            str(row.rule.id): rule_row(row, i, account_labels(section.accounts)) for i, row in enumerate(section.rules)
        }
        if section
        else {},
        "rows:alertchannels": {c.name: channel_row(c, i) for i, c in enumerate(section.channels if section else ())},
        "alertkinds": KINDS_PART,
        "alertform": _form(section),
        "names": {str(row[0]): row[1] for row in s.universe.symbols} if s.universe else {},
        "answers": answers_part(s.answers),
        "fields": {key: {**field, "blank": QUIET_BLANK} for key, field in fields_part(QUIET_KEYS).items()},
        "set": set_part(s.settings, QUIET_KEYS),
        "state": _states(section),
    }


def _states(section: AlertsSection | None) -> dict[str, Any]:
    if section is None or not section.is_ready:
        waits = LOADING if section is None else empty("Not connected yet", "Alerts are kept with an account.")
        return {"alerts": waits, "rules": waits, "channels": OWN if section else LOADING}
    return {
        "alerts": OWN
        if section.occurrences
        else empty("Nothing was raised yet", "What a rule finds stands here, with what became of it."),
        "rules": OWN
        if section.rules
        else empty("No rules yet", "Say above what you want to hear of, or add the usual."),
        "channels": OWN,
    }


def is_new(each: Occurrence, now: float) -> bool:
    """Nobody has looked at it, and it is of the last day or goes on; what was over before its snooze was, is not."""
    ended = now if each.cleared_wall is None else each.cleared_wall
    if each.seen_wall is not None or (each.snoozed_until is not None and ended < each.snoozed_until):
        return False
    return each.is_open or now - each.raised_wall < NEW_FOR_S


def is_snoozed(each: Occurrence, now: float) -> bool:
    return each.is_open and each.snoozed_until is not None and each.snoozed_until > now


def _counts(section: AlertsSection | None, now: float) -> dict[str, Any]:
    if section is None:
        return {}
    shown = section.occurrences
    heart = section.heartbeat
    return {
        "n_new": sum(is_new(each, now) for each in shown),
        "n_open": sum(each.is_open for each in shown),
        "n_snoozed": sum(is_snoozed(each, now) for each in shown),
        "n_all": len(shown),
        "n_rules": len(section.rules),
        "quiet": None
        if section.quiet_until is None
        else {"text": "quiet for {left} more", "until": section.quiet_until, "tone": "warn"},
        "heart": None if heart is None else heart.shown,
        "heart_said": None if heart is None else heart.words or "not sent yet",
        "heart_fixed": heart is not None and heart.source == "environment",
        "last": max((each.id for each in shown), default=0),
    }


def occurrence_row(each: Occurrence, s: Snapshots, order: int) -> dict[str, Any]:
    """`views`: which of new, open, snoozed it belongs to. Times are the market's clock."""
    now = s.now
    views = [
        name
        for name, is_in in (
            ("new", is_new(each, now)),
            ("open", each.is_open),
            ("snoozed", is_snoozed(each, now)),
        )
        if is_in
    ]
    return {
        "order": order,
        "icon": SEVERITIES[each.severity],
        "severity": each.severity,
        "title": each.title,
        "text": each.text,
        "at": round(each.raised_market),
        "state": _state_words(each),
        "is_open": each.is_open,
        "views": views,
        "until": _until(each, now),
        "con": each.con_id,
        "sym": each.symbol or None,
        "note": FOUND.get(each.found),
        "told": _told(s.alerts, each),
    }


def _state_words(each: Occurrence) -> str:
    if each.state == "cleared":
        return "over"
    if each.is_unknown:
        return "open, nothing is known of it now"
    return "ending" if each.state == "recovering" else "open"


def _until(each: Occurrence, now: float) -> Any:
    if not is_snoozed(each, now) or each.snoozed_until is None:
        return None
    return "until it clears" if each.snoozed_until >= UNTIL_CLEARED else round(each.snoozed_until)


def _told(section: AlertsSection | None, each: Occurrence) -> list[str]:
    """ "phone: accepted"; what was sent anew says so."""
    known = section.receipts.get(each.id, ()) if section else ()
    return [f"{channel}{'' if event == 'raised' else f' ({event})'}: {how}" for channel, event, how in known]


def price_alerts(section: AlertsSection | None, con_id: int) -> dict[str, Any]:
    """Of one symbol's chart: `alerts` = [price, id of the rule, the price in words], lowest first, without those that
    are off; `channels` that a new one goes to.
    """
    rows = [row for row in (section.rules if section else ()) if row.rule.kind == "price" and row.rule.enabled]
    rows = [row for row in rows if row.rule.values["symbol"] == con_id]
    return {
        "alerts": sorted([row.rule.values["level"], row.rule.id, row.level] for row in rows),
        "channels": [each.name for each in section.channels if each.confirmed] if section else [],
    }


def rule_row(row: RuleRow, order: int, labels: Mapping[str, str]) -> dict[str, Any]:
    """With all that its form needs to change it."""
    rule = row.rule
    values = {key: labels.get(value, "") if key == "account" else value for key, value in rule.values.items()}
    if row.level:
        values["level"] = row.level
    return {
        "order": order,
        "sentence": row.sentence,
        "kind": rule.kind,
        "values": values,
        "channels": list(rule.channels),
        "severity": rule.severity,
        "every": rule.cool_down_min,
        "over": rule.tell_cleared,
        "urgent": rule.urgent_after_min,
        "on": rule.enabled,
        "open": row.open,
        "problem": row.problem or None,
    }


def channel_row(channel: ChannelRow, order: int) -> dict[str, Any]:
    """`how` = [words, tone] of how it stands."""
    if channel.problem:
        how = [channel.problem, "loss"]
    elif channel.dead:
        how = [f"Dead: {channel.dead}", "loss"]
    elif not channel.confirmed:
        how = ["Not tested yet: nothing is sent to it", "warn"]
    elif channel.words:
        how = [channel.words, "soft"]
    else:
        how = ["Ready", "soft"]
    return {
        "order": order,
        "service": channel.service or None,
        "shown": channel.shown or None,
        "fixed": channel.source == "environment",
        "how": how,
        "waiting": channel.waiting or None,
        "last": None
        if channel.accepted_wall is None
        else {"text": "last taken {age} ago", "from": channel.accepted_wall},
        "ok": channel.confirmed,
    }


def _form(section: AlertsSection | None) -> dict[str, Any]:
    """What a rule can name: channels, lists, accounts (by the labels that the strip shows)."""
    if section is None:
        return {}
    return {
        "channels": [c.name for c in section.channels],
        "lists": [[key, words] for key, words in OWN_LISTS] + [[uid, name] for uid, name in section.lists],
        "accounts": [["", EVERY_ACCOUNT], *([label, label] for label in account_labels(section.accounts).values())],
        "currency": section.currency or None,
    }
