"""The Settings page's only server callback: what its form, its test and its reverts ask for."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output

from app.callbacks.requests import reply_to
from app.deps import AppDeps
from app.ids import Settings


def register(app: Dash, deps: AppDeps) -> None:
    """Add the page's input to `app`."""

    @app.callback(Output(Settings.REPLY, "data"), Input(Settings.REQUEST, "data"), prevent_initial_call=True)
    def ask(request: Any) -> dict[str, Any]:
        return reply_to(deps, request)

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("qtAsk", "reply"), Output(Settings.DONE, "data"), Input(Settings.REPLY, "data")
    )
