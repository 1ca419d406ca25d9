"""Overview: how am I doing, is everything all right, what is moving?"""

from __future__ import annotations

from typing import Any

import dash
from dash import dcc, html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import bound, gauge, shown_if
from app.components.card import card
from app.components.controls import graph, segmented
from app.components.gauge import legend
from app.components.grid import age_column, column, grid
from app.components.market_strip import market_strip
from app.components.table import Col, heatmap, order_button, scale_key, table
from app.components.watch_grid import list_choice, watch_grid
from app.ids import OVERVIEW_COLUMNS, REL_VOLUME, Overview

dash.register_page(__name__, path="/", title="QTrade - Overview", name="Overview")  # type: ignore[no-untyped-call]

FIGURES = (
    ("day", "Day P&L"),
    ("unr", "Unrealised"),
    ("real", "Realised today"),
    ("net", "Net liquidation"),
    ("excess", "Excess liquidity"),
    ("gross", "Gross exposure"),
)
TREND = "The fast EMA of one-minute closes above (>) or below (<) the slow one"
FACTORS = (("change", "Change %"), ("volume", REL_VOLUME), ("distance", "Distance ATR"), ("spread", "Spread bp"))
HOURS = (("all", "All hours"), ("rth", "RTH"))
RANGES = (("1h", "1 h"), ("day", "Day"), ("5d", "5 d"))


def layout(**_: Any) -> Component:
    return html.Div(
        [
            html.H1("Overview", className="visually-hidden"),
            html.Div([market_strip(), _figures()], className="qt-overview-top"),
            html.Div([_pnl(), _positions(), _heat(), _watch()], className="qt-col qt-col-main"),
            html.Div([_lines(), _signals()], className="qt-col qt-col-side"),
            html.Div([_events()], className="qt-col qt-col-third"),
        ],
        className="qt-page qt-overview",
        **attrs(data_qt_page="overview"),
    )


def _figures() -> Component:
    tiles = [
        html.Div(
            [
                html.Div(label, className="qt-label"),
                html.Div(bound(f"figures.{key}", flash=key == "day"), className="qt-figure"),
                html.Div(bound(f"figures.{key}2"), className="qt-note"),
            ],
            className=f"qt-tile qt-tile-{key}",
        )
        for key, label in FIGURES
    ]
    return html.Section(
        tiles, className="qt-card qt-figures", **attrs(aria_label="Key figures", data_qt_state="positions")
    )


def _pnl() -> Component:
    body = html.Div(
        [
            graph(Overview.PNL, {"data": [], "layout": {}}),
            html.Div(id=f"{Overview.PNL}-tag", className="qt-axis-tag", hidden=True),
            html.Div(id=f"{Overview.PNL}-dot", className="qt-axis-dot", hidden=True),
            dcc.Store(id=Overview.PNL_REBASE),
        ],
        className="qt-chart qt-chart-pnl",
        role="img",
        **attrs(aria_label="Day P&L over time; the figures above give its last value"),
    )
    return card(
        "Day P&L",
        body,
        state="pnl",
        fact=html.Span(id=f"{Overview.PNL}-fact"),
        controls=[
            segmented(Overview.PNL_HOURS, HOURS, "all", kept="overview-hours"),
            segmented(Overview.PNL_RANGE, RANGES, "day"),
        ],
        glyph="graph-up",
        cls="qt-card-pnl qt-card-plot",
    )


def _positions() -> Component:
    columns = [
        column("symbol", "Symbol", "sym", also=("name",), num=False, grow=4, least=84),
        column("qty", "Qty", "qty", also=("unit",), phone=False, grow=1),
        column("avg", "Avg price", "avg", also=("cost", "pu"), phone=False, grow=1),
        column("spark", "Last hour", "spark", num=False, least=76, sortable=False),
        column("last", "Last", "last", also=("chg", "kind", "far", "pu", "silent"), grow=1),
        column("day", "Day P&L", "day", also=("day2",), grow=1, flash=True),
        column("unr", "Unrealised", "unr", also=("unrp",), phone=False, grow=1),
        column("exp", "Exposure", "exp", also=("expp",), phone=False, grow=1),
        column("trend", "EMAs", "trend", also=("trend_words",), num=False, least=58, phone=False, headerTooltip=TREND),
        age_column("Age", phone=False),
    ]
    filtered = html.Span(
        [html.A(bound("positions.filtered"), href="/positions"), bound("positions.filtered_why", "qt-soft qt-why")],
        className="qt-filtered-line",
    )
    rows = grid(Overview.POSITIONS, "positions", columns, label="Positions", row_height=44, total="total", padding=7)
    return card(
        "Positions",
        rows,
        state="positions",
        fact=bound("positions.count"),
        controls=shown_if("positions.filtered", filtered),
        glyph="briefcase",
        cls="qt-card-held",
    )


def _heat() -> Component:
    return card(
        "Heatmap",
        heatmap("top", FACTORS, "What speaks for a signal and what against, by symbol", OVERVIEW_COLUMNS),
        state="heat",
        fact="what speaks for a signal and what against",
        controls=[order_button("top"), scale_key("against", "for")],
        glyph="grid-3x3",
        aged=False,
    )


def _watch() -> Component:
    """There once there is a list; which one it shows is kept in the browser."""
    return shown_if(
        "watch.some",
        card(
            "Watch-list",
            watch_grid(Overview.WATCH),
            state="watch",
            fact=list_choice(),
            controls=html.A("All lists", href="/lists"),
            glyph="card-list",
            cls="qt-flush qt-card-watch",
        ),
    )


def _lines() -> Component:
    body = [
        html.Div(
            [
                html.Span(bound("lines.used"), className="qt-big"),
                html.Span(["/", bound("lines.limit")], className="qt-of"),
                bound("lines.word", "qt-word"),
                html.Span(className="qt-push"),
                html.Span([bound("lines.capacity"), bound("lines.in_use", "qt-strong")], className="qt-soft qt-long"),
                bound("lines.short", "qt-soft qt-short"),
            ],
            className="qt-lines-head",
        ),
        gauge("lines.gauge", "qt-gauge", "line budget, counts below"),
        legend(),
        bound("lines.alt", "visually-hidden"),
    ]
    return card(
        "Market-data lines",
        body,
        state="lines",
        controls=html.A("All lines", href="/lines"),
        aged=False,
        cls="qt-card-lines",
        glyph="reception-4",
    )


SIGNALS_WORDS = "Top signals by their score now; ▲ long, ▼ short, * broke out before QTrade looked"


def _signals() -> Component:
    columns = (
        Col("sym", "Symbol"),
        Col("since", "Since", "soft since"),
        Col("now", "Score now", "score", "score"),
        Col("at_signal", "Score at signal", "num"),
        Col("dist", "Dist. ATR", "num"),
        Col("vol", REL_VOLUME.replace("Rel. v", "Rel.\u00a0v").replace("1 m", "1\u00a0m"), "num"),
        Col("chg", "Change", "num"),
    )
    key = html.Span(
        [html.I(className="qt-bar-a"), " distance ", html.I(className="qt-bar-b"), " volume"], className="qt-soft"
    )
    return card(
        "Top signals",
        html.Div(table("signals", columns, SIGNALS_WORDS), className="qt-scroll-y", tabIndex=0),
        state="signals",
        fact=bound("signals.count"),
        controls=key,
        aged=False,
        cls="qt-card-signals",
        glyph="lightning-charge",
    )


def _events() -> Component:
    columns = (Col("at", "When", "soft"), Col("icon", "", "qt-c-icon", "icon"), Col("text", "What", "wide", "prose"))
    return card(
        "Events",
        html.Div(table("events", columns, "Last events", cls="qt-headless"), className="qt-scroll-y", tabIndex=0),
        state="events",
        aged=False,
        cls="qt-card-events",
        glyph="clock-history",
    )
