"""Forms over settings: places that the browser fills with controls (`assets/core/form.mjs`), and what surrounds them.

What each control is comes from the part "fields", its value in force from "set"; the draft of the user stays in the
browser until it is applied or discarded, whatever the poll brings.
"""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import icon


def request_stores(request: str, reply: str, done: str) -> list[Component]:
    """The stores that a page's requests and replies go through (ids of app/ids.py)."""
    return [dcc.Store(id=request), dcc.Store(id=reply), dcc.Store(id=done)]


def form(name: str, request: str, done_words: str, children: list[Component]) -> Component:
    """A form; `request` = id of its request store, `done_words` = title of the notice when it was applied."""
    return html.Div(
        children,
        className="qt-form",
        role="form",
        **attrs(data_qt_form=name, data_request=request, data_done=done_words),
    )


def fields(keys: tuple[str, ...], *, slider: bool = False, cls: str = "") -> Component:
    """Controls of these settings, in this order; `slider` = numbers with a slider under them."""
    look = attrs(data_slider="1") if slider else {}
    return html.Div(className=f"qt-fields {cls}".strip(), **attrs(data_qt_fields=" ".join(keys), **look))


def form_bar(reset: bool = False) -> Component:
    """Apply, Discard, and Reset to the defaults; with the count of what is not applied."""
    buttons: list[Component] = [
        html.Button("Apply", className="qt-button qt-button-main", disabled=True, **attrs(data_form_do="apply")),
        html.Button("Discard", className="qt-button qt-button-quiet", disabled=True, **attrs(data_form_do="discard")),
        html.Span(className="qt-form-count", role="status"),
    ]
    if reset:
        label: list[Component | str] = [icon("arrow-counterclockwise"), " Reset"]
        title = "Put the defaults into the form; Apply puts them in force"
        buttons += [
            html.Span(className="qt-push"),
            html.Button(label, className="qt-button qt-button-quiet", title=title, **attrs(data_form_do="reset")),
        ]
    said = html.Div(className="qt-form-said", role="alert", hidden=True)
    return html.Div([said, html.Div(buttons, className="qt-form-buttons")], className="qt-form-bar")


def change_list(request: str) -> Component:
    """The newest changes with a Revert button each (part "log")."""
    return html.Div(className="qt-changelog", **attrs(data_qt_log="1", data_request=request))
