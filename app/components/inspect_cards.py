"""The why-not inspector and the form for custom scans; the browser fills both."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.card import card


def why_card(request: str) -> Component:
    """A box for any symbol; its rules are asked for anew each few seconds while it is open (`assets/pages/why.mjs`)."""
    body = html.Div(
        [
            html.Div(className="qt-why-ask"),
            html.Div(className="qt-why-said qt-soft", role="status"),
            html.Div(className="qt-why-rules qt-scroll-x", tabIndex=0, role="group", **attrs(aria_label="Rules")),
        ],
        **attrs(data_qt_why="1", data_request=request),
    )
    return card(
        "Why not?",
        body,
        fact="any symbol: each rule with value, limit and distance",
        cls="qt-card-why",
        saves=True,
    )


def custom_card(request: str) -> Component:
    """A form out of the gateway's scanner parameters (`assets/pages/custom.mjs`)."""
    return card(
        "Custom scans",
        html.Div(className="qt-custom", **attrs(data_qt_custom="1", data_request=request)),
        fact="from the gateway's own list",
        cls="qt-card-custom",
    )
