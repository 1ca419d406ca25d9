"""Lists: watch-lists made, ordered, filled by hand, by paste or from a file, with a report of what was taken."""

from __future__ import annotations

from typing import Any

import dash
from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import icon
from app.components.card import card
from app.components.form import request_stores
from app.components.picker import picker
from app.ids import Lists

dash.register_page(__name__, path="/lists", title="QTrade - Lists", name="Lists")  # type: ignore[no-untyped-call]

HOW = (
    "One symbol a line, or several with commas or blanks between them; a file that TWS exported (File > Export); a CSV "
    "with a head (Symbol, Type, Exchange, Currency, Expiry). "
)
PLACEHOLDER = "AAPL, MSFT\nDES,ES,FUT,CME,202512\nSAP,STK,IBIS,EUR"


def layout(**_: Any) -> Component:
    return html.Div(
        [
            html.H1("Watch-lists", className="visually-hidden"),
            *request_stores(Lists.REQUEST, Lists.REPLY, Lists.DONE),
            html.Div([_lists(), _import()], className="qt-col qt-col-side"),
            html.Div([_symbols(), _report()], className="qt-col qt-col-main"),
        ],
        className="qt-page qt-lists",
        **attrs(data_qt_page="lists"),
    )


def _lists() -> Component:
    name = html.Form(
        [
            html.Label("Name of a new list", htmlFor="lists-name", className="visually-hidden"),
            html.Span(className="qt-lists-name"),
            html.Button("New list", type="submit", className="qt-button"),
        ],
        className="qt-lists-new",
        **attrs(data_lists_form="create"),
    )
    body = [html.Div(className="qt-lists-all", **attrs(data_qt_lists="1", data_request=Lists.REQUEST)), name]
    return card("Watch-lists", body, state="lists", glyph="card-list", aged=False, cls="qt-card-lists")


def _import() -> Component:
    file = html.Label(
        [
            icon("folder2-open"),
            " Choose a file",
            html.Span(className="qt-lists-file"),
        ],
        className="qt-button qt-lists-choose",
        title="A .csv or .txt file; its text comes into the box above",
    )
    body = [
        html.Div(className="qt-lists-paste", **attrs(data_placeholder=PLACEHOLDER)),
        html.P(HOW, className="qt-soft qt-lists-how"),
        html.Div(
            [
                html.Button(
                    "Take into the list", className="qt-button qt-button-main", **attrs(data_lists_do="import")
                ),
                file,
            ],
            className="qt-lists-buttons",
        ),
    ]
    return card("Paste or import", body, glyph="clipboard-plus", aged=False, cls="qt-card-import")


def _symbols() -> Component:
    add = picker(Lists.ADD, "Add a symbol", "Add a symbol to this list")
    return card(
        "Symbols",
        html.Div(className="qt-scroll-x", tabIndex=0, **attrs(data_qt_listed="1", aria_label="Symbols", role="group")),
        state="watch",
        fact=html.Span(className="qt-listed-name"),
        controls=add,
        glyph="card-list",
        cls="qt-flush qt-card-listed",
    )


def _report() -> Component:
    return html.Div(className="qt-import-report", **attrs(data_qt_report="1", role="status"))
