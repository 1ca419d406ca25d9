"""The five states of a section, drawn alike everywhere: loading, empty, live, stale, error. Pure.

A state travels in the part "state" under the section's name:
{"s": state, "text": sentence, "title": heading, "since": wall s, "until": wall s of the next try, "done": 0-100}.
Ages, countdowns and the staleness of the whole page (engine or server silent) are the browser's.
"""

from __future__ import annotations

from typing import Any

from app.snapshots import Snapshots
from engine.state.sections import BrokerSection, Section

State = dict[str, Any]

LOADING: State = {"s": "loading"}
LIVE: State = {"s": "live"}


def empty(title: str, text: str, done_pct: float | None = None) -> State:
    """Nothing to show yet: what will fill it, and how far that is if it can be counted."""
    state = {"s": "empty", "title": title, "text": text}
    return state if done_pct is None else {**state, "done": round(done_pct)}


def error(title: str, text: str, until_wall: float | None = None) -> State:
    """A refusal or failure in plain words; `until_wall` is the next try."""
    state = {"s": "error", "title": title, "text": text}
    return state if until_wall is None else {**state, "until": until_wall}


def broker_state(s: Snapshots, section: Section | None, has_rows: bool, when_empty: State) -> State:
    """The state of a section that the broker feeds.

    Not connected: last values are stale since the connection went, nothing yet is an error with the next try.
    """
    broker = s.broker
    if broker is None or (section is None and broker.phase == "connecting"):
        return LOADING
    if not broker.connected:
        if has_rows:
            return {"s": "stale", "since": broker.since_wall, "text": "No connection to the broker. Last values."}
        return _no_broker(broker)
    if section is None:
        return LOADING
    return LIVE if has_rows else when_empty


def _no_broker(broker: BrokerSection) -> State:
    if broker.phase == "connecting":
        return LOADING
    return error("Not connected", broker.reason or "The broker has not answered yet.", broker.retry_at_wall)
