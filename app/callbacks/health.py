"""The Health page's callbacks: the report to copy, and "Reconnect"."""

from __future__ import annotations

import uuid
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output

from app.callbacks.requests import is_up
from app.deps import AppDeps
from app.ids import Health
from app.rows.health import report
from app.snapshots import Snapshots, engine_state
from engine.errors import CommandRefused
from engine.logs.redaction import redact
from engine.state.commands import Reconnect
from engine.storage.encodable import printable

SECTIONS = ("health", "broker", "incidents")


def register(app: Dash, deps: AppDeps) -> None:
    """Add the page to `app`."""

    @app.callback(Output(Health.REPORT, "data"), Input(Health.COPY, "n_clicks"), prevent_initial_call=True)
    def make_report(clicks: Any) -> dict[str, Any]:
        return {"n": clicks, "text": report_of(deps)}

    @app.callback(Output(Health.SAID, "children"), Input(Health.RECONNECT, "n_clicks"), prevent_initial_call=True)
    def reconnect(_clicks: Any) -> str:
        return reconnected(deps)

    for name, output, given in (
        ("copy", Output(Health.COPY, "id"), Input(Health.REPORT, "data")),
        ("show", Output(Health.HAPPENED, "id"), Input(Health.SHOW, "value")),
    ):
        app.clientside_callback(  # type: ignore[no-untyped-call]
            ClientsideFunction("qtHealth", name), output, given, prevent_initial_call=True
        )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("qtLog", "choose"),
        Output(Health.LOG, "id"),
        Input(Health.LOG_LEVEL, "value"),
        Input(Health.LOG_TEXT, "value"),
    )


def report_of(deps: AppDeps) -> str:
    """The page as text, without account ids."""
    now = deps.clock.wall()
    reading = deps.state.read_many(("heartbeat", *SECTIONS))
    s = Snapshots.of(reading, engine_state(reading.silent_s), now, (deps.build_id, deps.version))
    return printable(redact(report(s)), keep="\n")


def reconnected(deps: AppDeps) -> str:
    """Ask for a fresh connection; what to say beside the button."""
    if not is_up(deps):
        return "The engine is not running; it can't connect. Start the program again."
    try:
        deps.state.submit(Reconnect(uuid.uuid4().hex))
    except CommandRefused as refused:
        return str(refused)
    return "Connecting afresh. All lines come back by themselves, positions first."
