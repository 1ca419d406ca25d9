"""The frame of every page: band, strip, rail, notices. Layout only."""

from __future__ import annotations

import dash
from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.form import request_stores
from app.components.rail import keys, rail, tab_bar
from app.components.strip import band, notices, strip
from app.ids import Shell


def shell(paths: frozenset[str], build_id: str, poll_ms: int) -> Component:
    """The frame; `paths` = the pages that exist, `build_id` is compared with that of each answer; see AppDeps."""
    return html.Div(
        [
            html.A("Skip to the page", href="#qt-main", className="qt-skip"),
            *request_stores(Shell.ACCOUNT_ASK, Shell.ACCOUNT_REPLY, Shell.ACCOUNT_DONE),
            html.Div([band(), strip()], className="qt-top-fixed"),
            rail(paths),
            html.Main([notices(), dash.page_container], id="qt-main", className="qt-main", tabIndex=-1),
            tab_bar(paths),
            keys(paths),
        ],
        id="shell-root",
        **attrs(data_build=build_id, data_poll_ms=poll_ms),
    )
