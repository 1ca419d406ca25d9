"""Elements that the browser fills from the feed: each names what it shows, `assets/core/bind.mjs` does the rest."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs


def bound(path: str, cls: str = "", *, flash: bool = False, **attributes: Any) -> Component:
    """A text that shows `path` ("part.key"); `flash` = one soft flash when it changes (one number a block)."""
    flashing = attrs(data_qt_flash="1") if flash else {}
    return html.Span(className=cls or None, **attrs(data_qt=path, **flashing, **attributes))


def shown_if(path: str, children: Any, cls: str = "", **attributes: Any) -> Component:
    """A block that is there while the value of `path` is truthy; "!part.key" = while it is not."""
    return html.Div(children, className=cls or None, hidden=True, **attrs(data_qt_show=path, **attributes))


def icon(name: str, cls: str = "") -> Component:
    """A Bootstrap icon for the eye only; the text beside it or the label around it speaks."""
    return html.I(className=f"bi bi-{name} {cls}".strip(), **attrs(aria_hidden="true"))


def gauge(path: str, cls: str, alt: str) -> Component:
    """One cell a line; `path` holds a letter per cell (app/rows/gauge.py)."""
    return html.Span(
        html.Span(className="qt-cells", **attrs(data_qt_cells=path)), className=cls, role="img", **attrs(aria_label=alt)
    )
