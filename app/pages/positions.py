"""Positions: each position with its P&L, exposure and trend; the filtered ones with reasons."""

from __future__ import annotations

from typing import Any

import dash
from dash import html
from dash.development.base_component import Component

dash.register_page(__name__, path="/positions", title="QTrade - Positions", name="Positions")  # type: ignore[no-untyped-call]


def layout(**_: Any) -> Component:
    return html.Div(html.H1("Positions", className="visually-hidden"), className="qt-page qt-positions")
