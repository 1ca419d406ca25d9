"""Navigation: a rail at the side, a bar at the bottom of a phone, and the list of keys. Only pages that exist."""

from __future__ import annotations

from typing import NamedTuple

from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import bound, icon, shown_if


class Entry(NamedTuple):
    path: str
    label: str
    glyph: str
    key: str


ENTRIES = (
    Entry("/", "Overview", "grid-1x2", "o"),
    Entry("/positions", "Positions", "briefcase", "p"),
    Entry("/symbol", "Symbol", "graph-up", "y"),
    Entry("/charts", "Charts", "grid", "c"),
    Entry("/lists", "Lists", "card-list", "w"),
    Entry("/scanners", "Scanners", "broadcast", "s"),
    Entry("/lines", "Lines", "reception-4", "l"),
    Entry("/journal", "Journal", "journal-text", "j"),
    Entry("/lab", "Lab", "eyedropper", "b"),
    Entry("/alerts", "Alerts", "bell", "a"),
    Entry("/health", "Health", "heart-pulse", "h"),
    Entry("/settings", "Settings", "gear", "e"),
)
ON_PHONE = ("/", "/positions", "/scanners", "/lines")


def rail(paths: frozenset[str]) -> Component:
    """The rail with the pages in `paths`; Settings at its foot."""
    known = [e for e in ENTRIES if e.path in paths]
    top = [_link(e) for e in known if e.path != "/settings"]
    foot = [_link(e) for e in known if e.path == "/settings"]
    return html.Nav([*top, html.Span(className="qt-push"), *foot], className="qt-rail", **attrs(aria_label="Pages"))


def tab_bar(paths: frozenset[str]) -> Component:
    """The bar of a phone: four pages and the rest under "More"."""
    known = [e for e in ENTRIES if e.path in paths]
    rest = [e for e in known if e.path not in ON_PHONE]
    more = html.Button(
        [icon("three-dots"), html.Span("More")],
        className="qt-nav",
        **attrs(data_menu="shell-more", aria_expanded="false"),
    )
    log_out = html.Button(
        [icon("box-arrow-right"), html.Span("Log out")], className="qt-nav qt-logout", **attrs(data_qt_logout="1")
    )
    menu = html.Div([*(_link(e) for e in rest), log_out], id="shell-more", className="qt-menu", hidden=True)
    links = [_link(e) for e in known if e.path in ON_PHONE]
    return html.Nav([*links, more, menu], className="qt-tabs", **attrs(aria_label="Pages"))


def _link(entry: Entry) -> Component:
    dot = shown_if("strip.lines_full", "", "qt-nav-dot", title="No market-data line is free")
    return html.A(
        [icon(entry.glyph), html.Span(entry.label), dot if entry.path == "/lines" else None],
        href=entry.path,
        className="qt-nav",
        **attrs(data_nav=entry.path),
    )


def keys(paths: frozenset[str]) -> Component:
    """The list that `?` shows."""
    rows = [("/", "find a symbol"), ("f", "hold the screen, go on"), ("?", "this list"), ("Esc", "close a menu")]
    rows += [(f"g {e.key}", e.label) for e in ENTRIES if e.path in paths]
    lines = [html.Tr([html.Td([html.Kbd(k) for k in key.split()]), html.Td(text)]) for key, text in rows]
    return html.Div(
        [
            html.Div(
                [
                    html.H2("Keys"),
                    html.Span(className="qt-push"),
                    html.Button(icon("x-lg"), className="qt-icon-button", **attrs(data_close="1", aria_label="Close")),
                ]
            ),
            html.Table(html.Tbody(lines), className="qt-table"),
            html.P(["Build ", bound("strip.build")], className="qt-soft"),
        ],
        id="shell-keys",
        className="qt-menu qt-dialog",
        hidden=True,
        role="dialog",
        tabIndex=-1,
        **attrs(aria_label="Keys"),
    )
