"""Tabs of a page: one panel in sight, the address says which (`assets/core/tabs.mjs`)."""

from __future__ import annotations

from typing import Any, NamedTuple

from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs


class Tab(NamedTuple):
    """`key` names it in the address; the first of a page has none there. `badge` stands beside the label."""

    key: str
    label: str
    body: Any
    cls: str = ""
    badge: Any = None


def tabs(page: str, label: str, shown: tuple[Tab, ...], beside: Any = None) -> list[Component]:
    """The row of tabs of `page` with what stands beside it, and the panels, of which the first is in sight."""
    row = html.Div(
        [_tab(page, tab, is_first=i == 0) for i, tab in enumerate(shown)],
        className="qt-tablist",
        role="tablist",
        **attrs(data_qt_tabs=page, aria_label=label),
    )
    panels = [
        html.Div(
            tab.body,
            id=f"{page}-panel-{tab.key}",
            className=f"qt-panel-of {tab.cls}".strip(),
            role="tabpanel",
            hidden=i > 0,
            **attrs(data_qt_panel=tab.key, aria_labelledby=f"{page}-tab-{tab.key}"),
        )
        for i, tab in enumerate(shown)
    ]
    return [html.Div([row, *([beside] if beside is not None else [])], className="qt-tabrow"), *panels]


def _tab(page: str, tab: Tab, *, is_first: bool) -> Component:
    return html.Button(
        [tab.label, *([tab.badge] if tab.badge is not None else [])],
        id=f"{page}-tab-{tab.key}",
        className="qt-tab",
        role="tab",
        tabIndex=0 if is_first else -1,
        **attrs(
            data_qt_tab=tab.key,
            aria_selected="true" if is_first else "false",
            aria_controls=f"{page}-panel-{tab.key}",
        ),
    )
