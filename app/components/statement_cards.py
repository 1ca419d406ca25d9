"""The cards of the journal's statements: where a file is dropped, for which days there are some, what was imported.

Drawn by `assets/pages/statement-import.mjs` out of `/api/v1/journal/statements`.
"""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.card import card


def statement_cards() -> list[Component]:
    """One after the other, as a page or a tab of it shows them."""
    return [
        card("Import statements", _place("drop"), fact="Flex Query and Activity Statement", aged=False),
        card("Days with statements", _place("coverage"), fact="trading days by account", aged=False),
        card("Imports", _place("reports"), fact="newest first", aged=False, cls="qt-flush"),
    ]


def _place(key: str) -> Component:
    return html.Div(className=f"qt-statement-{key}", **attrs(data_qt_statements=key))
