"""`GET /api/v1/alerts`: what was found, the rules, the channels without their secrets. `after` = only newer numbers."""

from __future__ import annotations

from typing import Any

from app.format import redacted
from app.rows.alerts import is_new, is_snoozed
from app.snapshots import Snapshots
from engine.state.alert_sections import UNTIL_CLEARED, ChannelRow, Occurrence, RuleRow

Json = dict[str, Any]


def alerts(s: Snapshots, after: int = 0) -> Json:
    """Newest first; times in epoch seconds of this machine but for `raised_market`. Accounts are shortened."""
    section = s.alerts
    if section is None:
        return {"ready": False, "last_id": 0, "occurrences": [], "rules": [], "channels": []}
    return {
        "ready": section.is_ready,
        "last_id": max((_newest(each) for each in section.occurrences), default=0),
        "quiet_until": section.quiet_until,
        "occurrences": [_occurrence(each, s) for each in section.occurrences if _newest(each) > after],
        "rules": [_rule(row) for row in section.rules],
        "channels": [_channel(row) for row in section.channels],
    }


def _newest(each: Occurrence) -> int:
    """Its id, or the number of its newest call: one that comes again counts as new."""
    return max(each.id, each.call_id)


def _occurrence(each: Occurrence, s: Snapshots) -> Json:
    receipts = s.alerts.receipts.get(each.id, ()) if s.alerts else ()
    snoozed = is_snoozed(each, s.now)
    return {
        "id": each.id,
        "rule": each.rule_id,
        "kind": each.kind,
        "severity": each.severity,
        "state": each.state,
        "title": each.title,
        "text": each.text,
        "value": each.value,
        "account": redacted(each.account) if each.account else None,
        "con_id": each.con_id,
        "symbol": each.symbol or None,
        "raised_at": each.raised_wall,
        "raised_market": each.raised_market,
        "cleared_at": each.cleared_wall,
        "unknown": each.is_unknown,
        "new": is_new(each, s.now),
        "seen_at": each.seen_wall,
        "snoozed": snoozed,
        "snoozed_until": each.snoozed_until if snoozed and (each.snoozed_until or 0.0) < UNTIL_CLEARED else None,
        "found_at": each.found or None,
        "call_id": each.call_id or None,
        "called_at": each.call_wall if each.call_id else None,
        "deliveries": [{"channel": channel, "event": event, "how": how} for channel, event, how in receipts],
    }


def _rule(row: RuleRow) -> Json:
    rule = row.rule
    values = {key: redacted(value) if key == "account" and value else value for key, value in rule.values.items()}
    return {
        "id": rule.id,
        "version": rule.version,
        "kind": rule.kind,
        "sentence": row.sentence,
        "values": values,
        "channels": list(rule.channels),
        "severity": rule.severity,
        "cool_down_min": rule.cool_down_min,
        "enabled": rule.enabled,
        "open": row.open,
        "problem": row.problem or None,
    }


def _channel(row: ChannelRow) -> Json:
    return {
        "name": row.name,
        "service": row.service or None,
        "shown": row.shown or None,
        "source": row.source,
        "tested": row.confirmed,
        "dead": row.dead or None,
        "waiting": row.waiting,
        "accepted_at": row.accepted_wall,
        "failed_at": row.failed_wall,
        "words": row.words or None,
    }
