"""Lines: who holds each market-data line, why, and which one leaves next."""

from __future__ import annotations

from typing import Any

import dash
from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import bound, gauge
from app.components.card import card
from app.components.controls import segmented
from app.components.gauge import legend
from app.components.grid import age_column, column, grid, text_column
from app.components.table import Col, table
from app.ids import Lines

dash.register_page(__name__, path="/lines", title="QTrade - Lines", name="Lines")  # type: ignore[no-untyped-call]


def layout(**_: Any) -> Component:
    return html.Div(
        [
            html.H1("Lines", className="visually-hidden"),
            html.Div([_budget(), _ledger(), _changes()], className="qt-col qt-col-main"),
            html.Div([_refused()], className="qt-col qt-col-side"),
        ],
        className="qt-page qt-lines",
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
            legend(numbers=True),
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
        column("line_symbol", "Symbol", "sym", num=False, width=84, minWidth=80),
        column("priority", "Priority", "cls", num=False, width=108, minWidth=104),
        column("lane", "Lane", "lane", also=("state",), num=False, phone=False, width=108, minWidth=100),
        text_column("Wanted by", "by", phone=False, width=150, minWidth=110),
        text_column("Why it holds a line", "why", phone=False, flex=1, minWidth=160),
        age_column("Held", "qtHeld", "qtBySince", phone=False, width=88, minWidth=78),
        age_column("Last tick", width=92, minWidth=76),
        column("out", "Next out", "out", width=80, minWidth=76),
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
                "isExternalFilterPresent": {"function": "qtTrue()"},
                "doesExternalFilterPass": {"function": "qtLineShown(params)"},
            },
        ),
        state="ledger",
        fact=bound("lines.count"),
        controls=segmented(Lines.SHOW, shows, "all"),
        glyph="list-ol",
        cls="qt-card-ledger",
    )


def _changes() -> Component:
    body = html.Div(
        className="qt-changes", role="img", **attrs(data_qt_changes="1", aria_label="Lines in use over time")
    )
    return card(
        "Line changes",
        body,
        state="changes",
        fact=bound("line_events.words"),
        glyph="bar-chart-steps",
        aged=False,
        cls="qt-card-changes",
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
        html.Div(table("refused", columns, "Refused requests", cls="qt-headless"), className="qt-scroll-y", tabIndex=0),
        state="refused",
        fact=bound("line_events.refused_count"),
        glyph="slash-circle",
        aged=False,
        cls="qt-flush",
    )
