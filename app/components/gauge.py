"""The counts beside the subscription gauge: colour never speaks alone."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import bound

ENTRIES = (
    ("p", "Position", "100 "),
    ("i", "Pinned", ""),
    ("t", "Top", "50 "),
    ("n", "Normal", "25 "),
    ("c", "Coverage", ""),
    ("x", "Changing", ""),
    ("k", "Kept for positions", ""),
    ("f", "Free", ""),
    ("w", "TWS windows, about", ""),
)
ALWAYS = "ptnc"  # the others come when there is one


def legend(numbers: bool = False, free: bool = True) -> Component:
    """What each colour means and how many there are; `numbers` = with the priorities."""
    return html.Div(
        [
            _key(letter, (priority if numbers else "") + label)
            for letter, label, priority in ENTRIES
            if free or letter != "f"
        ],
        className="qt-legend",
    )


def _key(letter: str, label: str) -> Component:
    path = f"lines.n_{letter}"
    children: list[Component | str] = [html.I(**attrs(data_c=letter)), f"{label} ", bound(path, "qt-strong")]
    if letter in ALWAYS:
        return html.Span(children, className="qt-key")
    return html.Span(children, className="qt-key", hidden=True, **attrs(data_qt_show=path))
