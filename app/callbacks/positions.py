"""The Positions page's only server callback: the treemap, asked for by the browser when a tile has changed."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, Patch

from app.deps import AppDeps
from app.figures.treemap import treemap_data, treemap_figure
from app.ids import Positions
from app.rows.positions import treemap
from engine.state.sections import PositionsSection


def register(app: Dash, deps: AppDeps) -> None:
    """Add the treemap to `app`."""

    @app.callback(Output(Positions.TREEMAP, "figure"), Input(Positions.TREEMAP_DATA, "data"))
    def draw(changes: Any) -> Any:
        section = deps.state.read("positions")
        tiles = treemap(section if isinstance(section, PositionsSection) else None)["tiles"]
        if changes is None:
            return treemap_figure(tiles)
        patch = Patch()
        for name, values in treemap_data(tiles).items():
            patch["data"][0][name] = values
        return patch
