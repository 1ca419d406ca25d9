"""A box for one symbol (`assets/core/pick.mjs`)."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import icon
from app.components.controls import text_box


def picker(control_id: str, placeholder: str, purpose: str) -> Component:
    """A symbol box; the options come from the names that the page has (`assets/core/pick.mjs`)."""
    listed = f"{control_id}-list"
    return html.Div(
        [
            icon("search"),
            text_box(control_id, placeholder, "qt-pick-box"),
            html.Div(id=listed, className="qt-pick-list", role="listbox", hidden=True, **attrs(aria_label="Symbols")),
        ],
        className="qt-pick",
        **attrs(data_qt_pick=control_id, data_purpose=purpose),
    )
