"""Named sets of thresholds above the form: choose, load, keep under a name, delete, let run in the shadow."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs


def set_bar(request: str) -> Component:
    """Filled by the browser from the part "sets" (`assets/pages/sets.mjs`); `request` = id of the page's store."""
    named = html.Label(["Set ", html.Span(className="qt-set-choice")], className="qt-set-label")
    buttons = [
        _button("load", "Load", "Put the chosen set in force; one click takes it back"),
        _button("shadow", "Shadow", "Let the chosen set run beside the thresholds in force, without lines or alerts"),
        _button("name", "Keep as …", "Keep the thresholds in force under a name"),
        _button("delete", "Delete", "Delete the chosen set; one click brings it back"),
    ]
    keep = html.Div(
        [html.Span(className="qt-set-name"), _button("keep", "Keep", "Overwrites a set of the same name")],
        className="qt-set-keep",
        hidden=True,
    )
    words = html.Div(className="qt-set-words qt-soft", role="status")
    return html.Div(
        [html.Div([named, *buttons], className="qt-set-row"), keep, words],
        className="qt-set-bar",
        **attrs(data_qt_sets="1", data_request=request),
    )


def _button(action: str, label: str, title: str) -> Component:
    return html.Button(label, className="qt-button qt-button-small", title=title, **attrs(data_set_do=action))
