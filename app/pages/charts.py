"""Charts: two to six symbols beside each other, named in the address; each is open as on its own page."""

from __future__ import annotations

from typing import Any

import dash
from dash import dcc, html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import bound, icon
from app.components.candles import candle_chart
from app.components.card import card
from app.components.form import request_stores
from app.components.market_strip import market_strip
from app.components.picker import picker
from app.ids import Charts

dash.register_page(__name__, path="/charts", title="QTrade - Charts", name="Charts")  # type: ignore[no-untyped-call]

TIMEFRAMES = ("1m", "5m", "15m", "30m", "60m", "1D")
MOST = 6


def layout(s: str = "", **_: Any) -> Component:
    """`s` = contracts of the address, with commas between."""
    con_ids = [word for word in dict.fromkeys(str(s).split(",")) if word.isascii() and word.isdigit()][:MOST]
    return html.Div(
        [
            html.H1("Charts", className="visually-hidden"),
            *request_stores(Charts.REQUEST, Charts.REPLY, Charts.REPLIED),
            dcc.Store(id=Charts.ASK),
            dcc.Store(id=Charts.BASES),
            dcc.Store(id=Charts.DONE),
            market_strip(),
            _bar(),
            html.Div(
                [_cell(con_id, place) for place, con_id in enumerate(con_ids, 1)],
                className="qt-charts-grid",
                **attrs(data_count=str(len(con_ids))),
            ),
            html.Div(className="qt-charts-none qt-soft", **attrs(data_charts_none="1")),
        ],
        className="qt-page qt-charts",
        **attrs(data_qt_page="charts"),
    )


def _bar() -> Component:
    frames = [
        html.Button(key, className="qt-segment", **attrs(data_charts_tf=key, aria_pressed="false"))
        for key in TIMEFRAMES
    ]
    sync = html.Button(
        [icon("arrow-left-right"), html.Span(" Same time range", className="qt-bar-word")],
        className="qt-button qt-button-small",
        title="What is in view of one chart is in view of all",
        **attrs(data_charts_do="sync", aria_pressed="false"),
    )
    return html.Div(
        [
            picker(Charts.ADD, "Add a symbol", "Add a symbol to the charts"),
            html.Span(className="qt-charts-fill"),
            html.Span(className="qt-push"),
            html.Div(frames, className="qt-segmented", role="group", **attrs(aria_label="Timeframe")),
            sync,
        ],
        className="qt-charts-bar",
    )


def _cell(con_id: str, place: int) -> Component:
    part = f"head:{con_id}"
    head = html.Span(
        [
            html.A(bound(f"{part}.name", "qt-sym"), href=f"/symbol/{con_id}"),
            " ",
            bound(f"{part}.last", "qt-strong"),
            " ",
            bound(f"{part}.change_pct"),
        ],
        className="qt-charts-head",
    )
    away = html.Button(
        icon("x-lg"),
        className="qt-icon-button",
        title="Take this chart away",
        **attrs(aria_label="Take this chart away", data_charts_do="remove", data_con=con_id),
    )
    body = html.Div(
        [
            html.Div(className="qt-candle-legend", **attrs(data_charts_legend=con_id)),
            html.Div(
                candle_chart(f"charts-chart-{con_id}"),
                className="qt-candles",
                role="group",
                **attrs(
                    data_charts_chart=con_id, aria_label="Candles; the line above them gives the values of the last bar"
                ),
            ),
        ],
        className="qt-candle-body",
    )
    return card(
        f"Chart {place}",
        body,
        state=f"chart-{con_id}",
        fact=head,
        controls=[bound(f"{part}.badge", "qt-prio"), away],
        glyph="graph-up",
        cls="qt-card-multi",
    )
