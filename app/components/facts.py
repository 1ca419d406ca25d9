"""Pairs of a label and a value that the browser fills: the quote, the line, the status."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from app.components.bind import bound


def fact(label: Any, path: str, *more: str, cls: str = "") -> Component:
    """One pair; `more` = paths of grey second values."""
    values = [bound(path, f"qt-fact-value {cls}".strip()), *(bound(other, "qt-fact-more") for other in more)]
    return html.Div([html.Dt(label), html.Dd(values)], className="qt-pair")


def facts(pairs: list[Component], cls: str = "") -> Component:
    return html.Dl(pairs, className=f"qt-facts {cls}".strip())
