"""Small controls in the heads of cards."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc
from dash.development.base_component import Component

from app.theme import GRAPH_CONFIG

SEGMENTED = "qt-segmented"


def segmented(
    control_id: str, options: tuple[tuple[str, Any], ...], value: str, *, kept: str | None = None
) -> Component:
    """One of a few, e.g. the range of a chart: (value, label) pairs; `kept` = the tab remembers it under this name."""
    control: Component = dbc.RadioItems(
        id=control_id,
        options=[{"label": text, "value": key} for key, text in options],
        value=value,
        inline=True,
        className=SEGMENTED,
        inputClassName="btn-check",
        labelClassName="qt-segment",
        labelCheckedClassName="active",
        **({"persistence": kept, "persistence_type": "session"} if kept else {}),
    )
    return control


def text_box(control_id: str, placeholder: str, cls: str, most: int = 40) -> Component:
    """One line to type in, told to the page with each key."""
    box: Component = dbc.Input(
        id=control_id,
        type="text",
        placeholder=placeholder,
        autocomplete="off",
        debounce=False,
        value="",
        maxlength=most,
        className=cls,
    )
    return box


def graph(graph_id: str, figure: dict[str, Any], height: int | str = "100%") -> Component:
    """A Plotly chart without mode bar, logo or any way to send it elsewhere."""
    return dcc.Graph(
        id=graph_id, figure=figure, config=GRAPH_CONFIG, style={"height": height, "width": "100%"}, className="qt-graph"
    )
