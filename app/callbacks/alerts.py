"""The page of alerts: what its forms and buttons ask for; which of the alerts are shown is the browser's."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output

from app.callbacks.requests import reply_to
from app.deps import AppDeps
from app.ids import Alerts


def register(app: Dash, deps: AppDeps) -> None:
    """Add the page's input to `app`."""

    @app.callback(Output(Alerts.REPLY, "data"), Input(Alerts.REQUEST, "data"), prevent_initial_call=True)
    def ask(asked: Any) -> dict[str, Any]:
        return reply_to(deps, asked)

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("qtAsk", "reply"), Output(Alerts.DONE, "data"), Input(Alerts.REPLY, "data")
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("qtAlerts", "show"), Output(Alerts.SHOW, "id"), Input(Alerts.SHOW, "value")
    )
