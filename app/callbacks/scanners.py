"""The Scanners page's server callbacks: what its form, its presets and its reverts ask for; the treemap."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output

from app.callbacks.requests import reply_to
from app.deps import AppDeps
from app.figures.universe_map import Tile, tiles_of, universe_map_figure
from app.ids import Scanners
from engine.state.sections import QuotesSection, UniverseSection


def register(app: Dash, deps: AppDeps) -> None:
    """Add the page's input to `app`."""

    @app.callback(Output(Scanners.REPLY, "data"), Input(Scanners.REQUEST, "data"), prevent_initial_call=True)
    def ask(request: Any) -> dict[str, Any]:
        return reply_to(deps, request)

    @app.callback(Output(Scanners.MAP, "figure"), Input(Scanners.MAP_DATA, "data"))
    def draw_map(_asked: Any) -> dict[str, Any]:
        return universe_map_figure(map_tiles(deps))  # whole, as the Positions page's

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


def map_tiles(deps: AppDeps) -> list[Tile]:
    """Tiles out of the newest quotes."""
    quotes, universe = deps.state.read("quotes"), deps.state.read("universe")
    return tiles_of(
        quotes if isinstance(quotes, QuotesSection) else None,
        universe if isinstance(universe, UniverseSection) else None,
    )
