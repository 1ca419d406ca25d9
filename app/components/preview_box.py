"""The box under the thresholds that `assets/pages/preview.mjs` fills while a slider moves."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs


def preview_box(form: str, request: str) -> Component:
    """A preview of the form called `form`; `request` = id of the request store."""
    parts = ("head", "median", "table", "new", "gone", "basis")
    return html.Div(
        [html.Div(className=f"qt-preview-{part}") for part in parts],
        className="qt-preview",
        role="status",
        hidden=True,
        **attrs(data_qt_preview=form, data_preview_request=request, aria_label="Preview on today's bars"),
    )
