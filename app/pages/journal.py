"""Journal: what was traded and what came of it, by day, by trade and in figures; what became of signals; statements."""

from __future__ import annotations

from typing import Any

import dash
from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.card import card
from app.components.form import request_stores
from app.components.statement_cards import statement_cards
from app.components.tabs import Tab, tabs
from app.ids import Journal

dash.register_page(  # type: ignore[no-untyped-call]
    __name__, path="/journal", title="QTrade - Journal", name="Journal"
)


def layout(**_: Any) -> Component:
    return html.Div(
        [
            html.H1("Journal", className="visually-hidden"),
            *request_stores(Journal.REQUEST, Journal.REPLY, Journal.DONE),
            html.Div(
                className="qt-jfilters", role="search", **attrs(data_journal="filters", aria_label="What is shown")
            ),
            *tabs("journal", "Parts of the journal", _tabs()),
        ],
        className="qt-page qt-journal",
        **attrs(data_request=Journal.REQUEST, data_qt_page="journal"),
    )


def _tabs() -> tuple[Tab, ...]:
    return (
        Tab("calendar", "Calendar", [_month(), _year(), _day()], "qt-jpanel qt-jpanel-calendar"),
        Tab("trades", "Trades", _list("trades", "Trades", "arrow-left-right"), "qt-jpanel"),
        Tab("executions", "Executions", _list("executions", "Executions", "list-ul"), "qt-jpanel"),
        Tab("bookings", "Bookings", _bookings(), "qt-jpanel"),
        Tab("statistics", "Statistics", [_figures(), *_groups()], "qt-jpanel qt-jpanel-figures"),
        Tab("equity", "Equity", _list("equity", "Equity", "graph-up"), "qt-jpanel"),
        Tab("signals", "Signals", [_list("signals", "Signals", "lightning-charge"), *_worth()], "qt-jpanel"),
        Tab("statements", "Statements", statement_cards(), "qt-jpanel"),
        Tab("changes", "Settings changed", _list("changes", "Setting changes", "sliders"), "qt-jpanel"),
    )


def _card(key: str, title: str, glyph: str, cls: str = "", fact: Any = None) -> Component:
    """A card that the browser draws (`assets/pages/journal.mjs`); `key` names its place and its state."""
    body = html.Div(className="qt-jplace", **attrs(data_journal=key))
    return card(
        title,
        body,
        state=f"j{key}",
        fact=fact,
        glyph=glyph,
        aged=False,
        cls=f"qt-flush {cls}".strip(),
        saves=True,
    )


def _fact(key: str) -> Component:
    return html.Span(**attrs(data_journal=f"{key}-fact"))


def _list(key: str, title: str, glyph: str) -> Component:
    return _card(key, title, glyph, f"qt-card-j{key}", _fact(key))


def _month() -> Component:
    return _card("month", "Calendar", "calendar3", "qt-card-jmonth", "realised by trade date")


def _year() -> Component:
    return _card("year", "Year", "grid-3x3-gap", "qt-card-jyear", html.Span(**attrs(data_journal="year-title")))


def _day() -> Component:
    return _card("day", "Day", "calendar-day", "qt-card-jday")


def _figures() -> Component:
    return _card("figures", "Figures", "clipboard-data", "qt-card-jfigures", _fact("figures"))


def _groups() -> list[Component]:
    titles = {
        "symbol": "By symbol",
        "tag": "By tag",
        "hour": "By hour of the entry, New York",  # of the exchange's day, as trade dates and weekdays are
        "weekday": "By weekday of the entry",
    }
    return [_card(f"by-{by}", title, "table") for by, title in titles.items()]


def _bookings() -> list[Component]:
    return [_list("cash", "Cash", "cash-coin"), _list("options", "Option events", "calendar-x")]


def _worth() -> list[Component]:
    return [
        html.Div([_card("by-score", "By score", "table"), _card("by-scan", "By scan", "table")], className="qt-jpair")
    ]
