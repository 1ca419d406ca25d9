"""The Lab page's server callbacks: what its form asks for, and its three charts when there is a new result."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output

from app.callbacks.requests import reply_to
from app.deps import AppDeps
from app.figures.lab import map_figure, spread_figure
from app.ids import Lab
from engine.state.lab_sections import LabResultSection


def register(app: Dash, deps: AppDeps) -> None:
    """Add the page's input and charts to `app`."""

    @app.callback(Output(Lab.REPLY, "data"), Input(Lab.REQUEST, "data"), prevent_initial_call=True)
    def ask(request: Any) -> dict[str, Any]:
        return reply_to(deps, request)

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("qtAsk", "reply"), Output(Lab.DONE, "data"), Input(Lab.REPLY, "data")
    )

    @app.callback(
        Output(Lab.MAP_CHOSEN, "figure"),
        Output(Lab.MAP_JUDGED, "figure"),
        Output(Lab.SPREAD, "figure"),
        Input(Lab.FRESH, "data"),
        prevent_initial_call=True,
    )
    def draw(_fresh: Any) -> tuple[dict[str, Any], ...]:
        section = deps.state.read("lab_result")
        result = section if isinstance(section, LabResultSection) else None
        return map_figure(result, "chosen"), map_figure(result, "judged"), spread_figure(result)
