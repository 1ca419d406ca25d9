"""The market strip: filled by the browser from the part "market" (`assets/pages/market-strip.mjs`)."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs


def market_strip() -> Component:
    """One quiet line of prices above a page; none on a phone."""
    return html.Section(className="qt-market", hidden=True, **attrs(data_qt_market="1", aria_label="Market"))
