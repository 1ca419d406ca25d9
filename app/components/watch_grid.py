"""The symbols of one watch-list as a grid; a choice beside its title says which (`assets/pages/watch-grid.mjs`)."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.grid import age_column, column, grid


def watch_grid(grid_id: str) -> Component:
    """In the user's own order until he sorts by a column; the columns are his choice."""
    columns = [
        column("symbol_link", "Symbol", "sym", also=("about",), num=False, grow=3, least=72),
        column("noted", "Note", "note", num=False, least=24, sortable=False),
        column("price", "Last", "last", also=("kind", "dec"), grow=1, flash=True),
        column("change", "Change", "chg", grow=1),
        column("price", "Bid", "bid", also=("dec",), spare=True, phone=False, grow=1),
        column("price", "Ask", "ask", also=("dec",), spare=True, phone=False, grow=1),
        column("bp", "Spread bp", "bp", spare=True, phone=False, grow=1),
        column("price", "Low", "low", also=("dec",), spare=True, phone=False, grow=1),
        column("price", "High", "high", also=("dec",), spare=True, phone=False, grow=1),
        column("amount", "Volume", "vol", phone=False, grow=1),
        column("level", "Level", "lev", also=("levp", "levs", "dec"), phone=False, grow=1),
        column("signal", "Signal", "score", also=("side",), phone=False, grow=1),
        column("price_lane", "Price comes", "lane", also=("why",), num=False, phone=False, grow=1, least=60),
        age_column("Age"),
    ]
    return html.Div(
        grid(grid_id, "watch-0", columns, label="Watch-list", auto_height=False),
        className="qt-watch",
        **attrs(data_qt_watch=grid_id),
    )


def list_choice() -> Component:
    """Filled by the browser with the names of the lists."""
    return html.Span(className="qt-watch-choice", **attrs(data_qt_watch_choice="1"))
