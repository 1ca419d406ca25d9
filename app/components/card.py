"""A card with its head and the five states, drawn alike everywhere.

The state comes from "state.<name>" of the feed (app/rows/states.py). Head order: title, grey fact, controls, age.
"""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import icon
from app.components.controls import SEGMENTED
from app.components.saved import has_table, save_menu

SKELETON = (60, 90, 75, 82)


def card(
    title: str,
    body: Any,
    *,
    state: str | None = None,
    fact: Any = None,
    controls: Any = None,
    glyph: str = "hourglass-split",
    cls: str = "",
    aged: bool = True,
    saves: bool = False,
) -> Component:
    """One card.

    Args:
        title: 14-px heading.
        body: what is shown while live or stale.
        state: name under "state"; None = a card without states.
        fact: grey text beside the title.
        controls: between fact and age.
        glyph: icon of the empty panel.
        aged: show "live · 0.4 s" in the head (a small card may leave it out).
        saves: its tables can be saved although the browser makes them; what has a table in `body` always can.
    """
    age = html.Span(className="qt-age") if state and aged else None
    head = html.Div(
        [
            html.H2(title),
            html.Span(fact, className="qt-fact") if fact is not None else None,
            html.Span(className="qt-push"),
            html.Span(controls, className=_controls_class(controls)) if controls is not None else None,
            save_menu(title) if saves or has_table(body) else None,
            age,
        ],
        className="qt-head",
    )
    attributes = {"data_qt_state": state, "data_state": "loading"} if state else {}
    inner = [head, *(_panels(glyph) if state else []), html.Div(body, className="qt-body")]
    return html.Section(inner, className=f"qt-card {cls}".strip(), **attrs(aria_label=title, **attributes))


def _controls_class(controls: Any) -> str:
    """A choice of a few never gives way to the title. Said here: `:has()` costs a look at the page each tick."""
    each = controls if isinstance(controls, (list, tuple)) else (controls,)
    is_whole = any(getattr(control, "className", "") == SEGMENTED for control in each)
    return "qt-controls qt-controls-whole" if is_whole else "qt-controls"


def _panels(glyph: str) -> list[Component]:
    bars = [html.Div(html.I(style={"width": f"{width}%"}), className="qt-bone") for width in SKELETON]
    return [
        html.Div(bars, className="qt-skeleton", **attrs(aria_hidden="true")),
        html.Div(
            [
                icon(glyph, "qt-panel-empty"),
                icon("exclamation-triangle", "qt-panel-error"),
                html.Div(className="qt-panel-title"),
                html.Div(className="qt-panel-text"),
                html.Div(html.I(), className="qt-panel-done", hidden=True),
                html.Div(className="qt-panel-next"),
            ],
            className="qt-panel",
        ),
        html.Div(className="qt-stale-note"),
    ]
