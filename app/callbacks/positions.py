"""The Positions page's only server callback: the treemap, asked for by the browser when a tile has changed."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output

from app.deps import AppDeps
from app.figures.treemap import treemap_figure
from app.ids import Positions
from app.rows.positions import treemap
from engine.state.sections import PositionsSection


def register(app: Dash, deps: AppDeps) -> None:
    """Add the treemap to `app`."""

    @app.callback(Output(Positions.TREEMAP, "figure"), Input(Positions.TREEMAP_DATA, "data"))
    def draw(_changes: Any) -> dict[str, Any]:
        section = deps.state.read("positions")
        tiles = treemap(section if isinstance(section, PositionsSection) else None)["tiles"]
        return treemap_figure(tiles)  # whole: a patch that comes after its page has gone is an error in the console
