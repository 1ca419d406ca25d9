"""Positions: each position with its P&L, exposure and trend; the filtered ones with reasons."""

from __future__ import annotations

from typing import Any

import dash
from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import bound, icon, shown_if
from app.components.card import card
from app.components.facts import fact, facts
from app.components.grid import age_column, column, grid
from app.components.table import Col, scale_key, table, treemap
from app.ids import Positions

dash.register_page(  # type: ignore[no-untyped-call]
    __name__, path="/positions", title="QTrade - Positions", name="Positions"
)


CURVES = (("1h", "1 h", "The last hour"), ("day", "Day", "Since the prior close"), ("5d", "5 d", "Five trading days"))
CURVES_WORDS = (
    "What the position made since the range began, minute by minute with the size that was held then; fills at their "
    "price, commissions taken off. A ring is a fill."
)


def layout(**_: Any) -> Component:
    return html.Div(
        [
            html.H1("Positions", className="visually-hidden"),
            _grid(),
            html.Div([_curves(), _treemap(), _futures()], className="qt-row-3"),
            html.Div([_risk(), html.Div([_expiries(), _sectors()], className="qt-col")], className="qt-row-risk"),
            _filtered(),
        ],
        className="qt-page qt-positions",
        **attrs(data_qt_page="positions"),
    )


def _grid() -> Component:
    columns = [
        column("symbol", "Symbol", "sym", also=("name",), num=False, grow=4, least=92),
        column("qty", "Qty", "qty", also=("unit",), phone=False, grow=1),
        column("avg", "Avg price", "avg", also=("cost", "pu"), phone=False, grow=1),
        column("spark", "Last hour", "spark", num=False, least=76, sortable=False),
        column("last", "Last", "last", also=("chg", "kind", "far", "pu", "silent"), grow=1),
        column("mark", "Valued at", "mark", also=("mkind", "mark_at", "far", "pu"), spare=True, grow=1, ages=True),
        column("day", "Day P&L", "day", also=("day2",), grow=1, flash=True),
        column("unr", "Unrealised", "unr", also=("unrp",), phone=False, grow=1),
        column("ib", "Unrealised at IB", "ib", also=("ib_at", "check", "off"), spare=True, grow=1, ages=True),
        column("exp", "Exposure", "exp", also=("expp",), phone=False, grow=1),
        column("emas", "EMA fast / slow", "fast", also=("slow",), phone=False, grow=1),
        column("trend", "EMA trend", "trend", also=("trend_words",), num=False, least=64, phone=False),
        age_column("Price age", phone=False),
    ]
    return card(
        "Positions",
        grid(Positions.GRID, "positions", columns, label="Positions", row_height=44, total="total"),
        state="positions",
        fact=bound("positions.count"),
        controls=html.A(bound("positions.filtered"), href="#qt-filtered"),
        glyph="briefcase",
        cls="qt-flush",
    )


def _curves() -> Component:
    body = html.Div(
        className="qt-curves", tabIndex=0, role="group", **attrs(data_qt_curves="1", aria_label="P&L of each position")
    )
    ranges = [
        html.Button(label, className="qt-segment", title=words, **attrs(data_curves=key, aria_pressed="false"))
        for key, label, words in CURVES
    ]
    return card(
        "P&L of each position",
        body,
        state="positions",
        fact=html.Span(className="qt-curves-fact", title=CURVES_WORDS),
        controls=html.Div(ranges, className="qt-segmented", role="group", **attrs(aria_label="Range of the curves")),
        glyph="graph-up",
        aged=False,
    )


def _treemap() -> Component:
    label = "Exposure by position; the grid above has the figures"
    body = treemap("treemap", label, fill="tone", lines=("money", "share", "change"))
    return card(
        "Exposure",
        body,
        state="positions",
        fact=bound("positions.currency"),
        controls=scale_key("▼ down", "up ▲", "qt-scale qt-scale-day"),
        glyph="grid-1x2",
        cls="qt-card-exposure",
    )


def _futures() -> Component:
    columns = (
        Col("sym", "Symbol"),
        Col("notional", "Notional", "num"),
        Col("tick", "A tick", "num"),
        Col("point", "A point", "num"),
        Col("trade", "Last trade in", "num"),
    )
    return card(
        "Futures",
        html.Div(table("futures", columns, "Futures held"), className="qt-scroll-x", tabIndex=0),
        state="futures",
        glyph="calendar-event",
        aged=False,
        cls="qt-flush",
    )


def _risk() -> Component:
    sums = facts(
        [
            fact("Net", "risk.net"),
            fact("Gross", "risk.gross", "risk.times"),
            fact("Initial margin", "risk.init"),
            fact("Maintenance margin", "risk.maint"),
            fact("Available funds", "risk.available"),
            fact("Cushion", "risk.cushion"),
            fact("Largest", "risk.largest"),
            fact("Three largest", "risk.three"),
            fact("As if equal", "risk.effective"),
        ],
        "qt-facts-3",
    )
    what_if = (
        Col("index", "If", "strong"),
        Col("loss", "Result", "num"),
        Col("pct", "Of net liq.", "num"),
        Col("counted", "Counted", "num soft"),
        Col("apart", "Apart", "wide", "prose"),
    )
    by_root = (
        Col("sym", "Underlying"),
        Col("net", "Net", "num"),
        Col("gross", "Gross", "num"),
        Col("share", "Of gross", "num"),
        Col("beta", "Beta NQ", "num"),
        Col("loss", "NQ −1 %", "num"),
    )
    body = [
        html.Div(sums, className="qt-risk-sums"),
        html.Div(table("whatif", what_if, "What an index's fall would cost"), className="qt-scroll-x", tabIndex=0),
        html.Div(table("risk", by_root, "Exposure by underlying"), className="qt-scroll-x", tabIndex=0),
        html.Div(
            [shown_if("risk.without", bound("risk.without")), shown_if("risk.window", bound("risk.window"))],
            className="qt-risk-note",
        ),
    ]
    return card(
        "Risk",
        body,
        state="risk",
        fact=bound("risk.cur"),
        glyph="shield-exclamation",
        aged=False,
        cls="qt-flush qt-card-risk",
    )


def _expiries() -> Component:
    columns = (Col("sym", "Symbol"), Col("trade", "Last trade in", "num"), Col("notice", "First notice", "num"))
    return card(
        "Last days",
        html.Div(table("expiries", columns, "Last trade and first notice"), className="qt-scroll-x", tabIndex=0),
        state="expiries",
        fact="in trading days",
        glyph="calendar-event",
        aged=False,
        cls="qt-flush",
    )


def _sectors() -> Component:
    columns = (
        Col("name", "Sector", "wide strong"),
        Col("net", "Net", "num"),
        Col("gross", "Gross", "num"),
        Col("share", "Of gross", "num"),
        Col("count", "Positions", "num"),
    )
    return card(
        "By sector",
        html.Div(table("held_sectors", columns, "Positions by sector"), className="qt-scroll-x", tabIndex=0),
        state="risk",
        controls=html.A("Universe", href="/scanners#sectors"),
        glyph="pie-chart",
        aged=False,
        cls="qt-flush",
    )


def _filtered() -> Component:
    columns = (
        Col("sym", "Symbol"),
        Col("kind", "Kind"),
        Col("type", "Type", "soft"),
        Col("qty", "Quantity", "num"),
        Col("value", "Value at IB", "num"),
        Col("unr", "Unrealised at IB", "num"),
        Col("at", "IB's value, age", "num"),
        Col("reason", "Why it is left out", "wide", "prose"),
    )
    head = html.Span(
        [icon("funnel"), " no line, valued by IB, not in the sums above; looked at again at each reconnect"],
        className="qt-soft",
    )
    return html.Div(
        card(
            "Filtered",
            html.Div(table("filtered", columns, "Filtered positions"), className="qt-scroll-x", tabIndex=0),
            state="filtered",
            fact=bound("positions.filtered_count"),
            controls=head,
            glyph="funnel",
            aged=False,
            cls="qt-flush",
        ),
        id="qt-filtered",
    )
