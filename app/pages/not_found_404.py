"""What an address without a page shows to who comes to it within the dashboard (`app/addresses.py` answers the others).

Dash takes the page of this module's name for every unknown path.
"""

from __future__ import annotations

from typing import Any

import dash
from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.rail import ENTRIES

dash.register_page(__name__, path="/not-found", title="QTrade - No such page", name="No such page")  # type: ignore[no-untyped-call]


def layout(**_: Any) -> Component:
    """Says so, and where to go on."""
    return html.Section(
        [
            html.H1("No such page", className="qt-find-title"),
            html.P("Nothing is at this address. The bar of the pages leads on; / finds a symbol."),
            html.Nav(
                [html.A(entry.label, href=entry.path, className="qt-button qt-button-small") for entry in ENTRIES],
                className="qt-all-pages",
                **attrs(aria_label="All pages"),
            ),
        ],
        className="qt-card qt-find-card",
        **attrs(aria_label="No such page", data_qt_page="other"),
    )
