"""Lines: who holds each market-data line, why, and which one leaves next; what one more would do; the coverage."""

from __future__ import annotations

from typing import Any

import dash
from dash import dcc, html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import bound, gauge
from app.components.card import card
from app.components.controls import segmented
from app.components.form import request_stores
from app.components.gauge import legend
from app.components.grid import age_column, column, grid, text_column
from app.components.picker import picker
from app.components.table import Col, table
from app.ids import Lines

dash.register_page(__name__, path="/lines", title="QTrade - Lines", name="Lines")  # type: ignore[no-untyped-call]

NEXT_OUT = "Place among the held lines; visits of coverage go before all of them"


def layout(**_: Any) -> Component:
    return html.Div(
        [
            html.H1("Lines", className="visually-hidden"),
            *request_stores(Lines.REQUEST, Lines.REPLY, Lines.DONE),
            *[dcc.Store(id=name) for name in (Lines.TOLD_ASK, Lines.TOLD, Lines.DAY_ASK, Lines.DAY)],
            html.Div([_budget(), _ledger(), _changes()], className="qt-col qt-col-main"),
            html.Div([_what_if(), _coverage(), _refused()], className="qt-col qt-col-side"),
        ],
        className="qt-page qt-lines",
        **attrs(data_qt_page="lines"),
    )


def _budget() -> Component:
    number = html.Div(
        [
            html.Div(
                [
                    bound("lines.used", "qt-huge"),
                    html.Span([" / ", bound("lines.limit")], className="qt-huge-of"),
                    bound("lines.word", "qt-word"),
                ],
                className="qt-huge-line",
            ),
            bound("lines.share", "qt-soft"),
        ],
        className="qt-budget-number",
    )
    cells = html.Div(
        [
            gauge("lines.gauge", "qt-gauge qt-gauge-big", "line budget, counts below"),
            legend(),
            bound("lines.alt", "visually-hidden"),
        ],
        className="qt-budget-cells",
    )
    return card("Market-data lines", [html.Div([number, cells], className="qt-budget"), _sums()], state="lines")


def _sums() -> Component:
    return html.Div(
        [
            html.Span(
                [
                    "Limit ",
                    bound("lines.sum_limit", "qt-strong"),
                    " − buffer ",
                    bound("lines.sum_buffer", "qt-strong"),
                    " = scanner capacity ",
                    bound("lines.sum_capacity", "qt-strong"),
                    ", in use ",
                    bound("lines.sum_in_use", "qt-strong"),
                    " ",
                    bound("lines.sum_parts"),
                ]
            ),
            html.Span(
                ["positions use ", bound("lines.sum_positions", "qt-strong"), " ", bound("lines.sum_tail")],
                className="qt-soft",
            ),
        ],
        className="qt-sums",
    )


def _count(label: str, path: str) -> Component:
    return html.Span([f"{label} ", bound(path, "qt-soft")])


def _ledger() -> Component:
    columns = [
        column("line_symbol", "Symbol", "sym", num=False, least=80),
        column("priority", "Priority", "cls", num=False, least=96),
        column("lane", "Lane", "lane", also=("state",), num=False, least=80, phone=False),
        text_column("Wanted by", "by", phone=False, least=104),
        text_column("Why it holds a line", "why", phone=False, grow=1, least=160),
        age_column("Held", "held", phone=False),
        age_column("Last tick"),
        column("out", "Next out", "out", headerTooltip=NEXT_OUT),
    ]
    shows = (
        ("all", _count("All", "lines.n_all")),
        ("held", _count("Held", "lines.n_held")),
        ("coverage", _count("Coverage", "lines.n_coverage")),
    )
    return card(
        "Ledger",
        grid(
            Lines.GRID,
            "lines",
            columns,
            label="Ledger of lines",
            row_height=29,
            sort_by="out",
            auto_height=False,
            options={
                "getRowClass": {"function": "qtLineClass(params)"},
                "suppressOverlays": ["noMatchingRows"],
            },
        ),
        state="ledger",
        fact=bound("lines.count"),
        controls=segmented(Lines.SHOW, shows, "held"),
        glyph="list-ol",
        cls="qt-card-ledger",
    )


def _changes() -> Component:
    recent = html.Div(
        className="qt-changes", role="img", **attrs(data_qt_changes="1", aria_label="Lines in use over time")
    )
    day = html.Div(
        className="qt-day qt-scroll-y",
        hidden=True,
        tabIndex=0,
        role="group",
        **attrs(data_qt_day="1", aria_label="Who held a line today"),
    )
    words = [bound("line_events.words"), html.Span(className="qt-day-words", hidden=True)]
    return card(
        "Line changes",
        [recent, day],
        state="changes",
        fact=words,
        controls=segmented(Lines.RANGE, (("30", "30 min"), ("day", "Day")), "30"),
        glyph="bar-chart-steps",
        aged=False,
        cls="qt-card-changes",
    )


def _what_if() -> Component:
    choice = segmented(Lines.WHAT_IF_AS, (("25", "Normal"), ("50", "Top"), ("pinned", "Pin")), "25")
    answer = html.Div(
        [
            html.Div("Nothing is subscribed: the answer comes from the plan itself.", className="qt-said-head"),
            html.Div(className="qt-said-detail"),
            html.Div(className="qt-said-now"),
        ],
        className="qt-said",
        role="status",
        **attrs(data_qt_said="1", data_kind="idle"),
    )
    asked = html.Div([picker(Lines.WHAT_IF, "Symbol", "What if I add this symbol"), choice], className="qt-what-if")
    return card(
        "What if I add...", html.Div([asked, answer], **attrs(data_request=Lines.REQUEST)), cls="qt-card-what-if"
    )


def _coverage() -> Component:
    tiles = html.Div(
        [
            html.Div(
                className="qt-visit-tiles",
                tabIndex=0,
                role="listbox",
                **attrs(data_qt_tiles="1", aria_label="Last visits"),
            ),
            html.Div(className="qt-tile-tip", hidden=True, role="status"),
        ],
        className="qt-visit-tiles-frame",
    )
    rotation = html.Div(
        [bound("coverage.lines"), " · ", bound("coverage.visits"), " · ", bound("coverage.rules")],
        className="qt-soft qt-cover-figures",
    )
    why = [
        picker(Lines.WHY, "Why has it (not) a line?", "Why has this symbol a line, or not"),
        html.Div(className="qt-why-said", role="status"),
    ]
    return card(
        "Coverage of the universe",
        [tiles, html.Div(className="qt-legend qt-cover-legend", **attrs(data_qt_cover_legend="1")), rotation, *why],
        state="coverage",
        fact=bound("coverage.total"),
        controls=html.Span(className="qt-cover-ages"),
        glyph="grid-3x3-gap",
        aged=False,
        cls="qt-card-coverage",
    )


def _refused() -> Component:
    columns = (
        Col("at", "When", "soft"),
        Col("sym", "Symbol"),
        Col("reason", "Reason", "wide", "prose"),
        Col("count", "", "soft num"),
    )
    return card(
        "Refused",
        html.Div(
            table("refused", columns, "Refused requests", cls="qt-headless"),
            className="qt-scroll-y qt-refused",
            tabIndex=0,
        ),
        state="refused",
        fact=bound("line_events.refused_count"),
        glyph="slash-circle",
        aged=False,
        cls="qt-flush",
    )
