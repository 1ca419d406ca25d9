"""The page of alerts: what its forms and buttons ask for; which of the alerts are shown is the browser's."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output

from app.callbacks.requests import reply_to
from app.deps import AppDeps
from app.ids import Alerts, Symbol


def register(app: Dash, deps: AppDeps) -> None:
    """Add the page's input to `app`, and that of the Symbol page's level."""
    for request, reply, done in (
        (Alerts.REQUEST, Alerts.REPLY, Alerts.DONE),
        (Symbol.ALERT_ASK, Symbol.ALERT_REPLY, Symbol.ALERT_DONE),
    ):
        _answer(app, deps, request, reply, done)
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("qtAlerts", "show"), Output(Alerts.SHOW, "id"), Input(Alerts.SHOW, "value")
    )


def _answer(app: Dash, deps: AppDeps, request: str, reply: str, done: str) -> None:
    @app.callback(Output(reply, "data"), Input(request, "data"), prevent_initial_call=True)
    def ask(asked: Any) -> dict[str, Any]:
        return reply_to(deps, asked)

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("qtAsk", "reply"), Output(done, "data"), Input(reply, "data")
    )
