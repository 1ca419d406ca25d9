"""The counts beside the subscription gauge: colour never speaks alone."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import bound
from app.format import CLASS_LETTERS, LINE_CLASSES

ENTRIES = (
    *((CLASS_LETTERS[name], word) for name, word in LINE_CLASSES.items()),
    ("x", "Changing"),
    ("k", "Kept for positions"),
    ("f", "Free"),
    ("w", "TWS windows, about"),
)
ALWAYS = "ptnc"  # the others come when there is one


def legend(free: bool = True) -> Component:
    """What each colour means and how many there are."""
    return html.Div(
        [_key(letter, label) for letter, label in ENTRIES if free or letter != "f"],
        className="qt-legend",
    )


def _key(letter: str, label: str) -> Component:
    path = f"lines.n_{letter}"
    children: list[Component | str] = [html.I(**attrs(data_c=letter)), f"{label} ", bound(path, "qt-strong")]
    if letter in ALWAYS:
        return html.Span(children, className="qt-key")
    return html.Span(children, className="qt-key", hidden=True, **attrs(data_qt_show=path))
