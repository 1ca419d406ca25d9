"""Lines: who holds each market-data line, why, and which one leaves next."""

from __future__ import annotations

from typing import Any

import dash
from dash import html
from dash.development.base_component import Component

dash.register_page(__name__, path="/lines", title="QTrade - Lines", name="Lines")  # type: ignore[no-untyped-call]


def layout(**_: Any) -> Component:
    return html.Div(html.H1("Lines", className="visually-hidden"), className="qt-page qt-lines")
