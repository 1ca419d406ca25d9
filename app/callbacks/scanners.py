"""The Scanners page's server callbacks: what its form, its presets and its reverts ask for."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output

from app.callbacks.requests import reply_to
from app.deps import AppDeps
from app.ids import Scanners


def register(app: Dash, deps: AppDeps) -> None:
    """Add the page's input to `app`."""

    @app.callback(Output(Scanners.REPLY, "data"), Input(Scanners.REQUEST, "data"), prevent_initial_call=True)
    def ask(request: Any) -> dict[str, Any]:
        return reply_to(deps, request)

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("qtAsk", "reply"), Output(Scanners.DONE, "data"), Input(Scanners.REPLY, "data")
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("qtScores", "view"),
        Output(Scanners.SCORE_VIEW, "className"),
        Input(Scanners.SCORE_VIEW, "value"),
    )
    for control, where, function in (
        (Scanners.HEAT_VIEW, "qtScanners", "heatView"),
        (Scanners.SECTOR_VIEW, "qtSectors", "view"),
        (Scanners.SHOW, "qtResults", "show"),
    ):
        app.clientside_callback(  # type: ignore[no-untyped-call]
            ClientsideFunction(where, function), Output(control, "className"), Input(control, "value")
        )
