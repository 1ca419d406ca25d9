"""Alerts: what was found and what became of it, rules made in one sentence, the channels, when to keep quiet."""

from __future__ import annotations

from typing import Any

import dash
from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import bound, icon, shown_if
from app.components.card import card
from app.components.controls import segmented
from app.components.form import fields, form, form_bar, request_stores
from app.ids import Alerts

dash.register_page(__name__, path="/alerts", title="QTrade - Alerts", name="Alerts")  # type: ignore[no-untyped-call]

QUIET = ("alerts.quiet_from", "alerts.quiet_to")


def layout(**_: Any) -> Component:
    return html.Div(
        [
            html.H1("Alerts", className="visually-hidden"),
            *request_stores(Alerts.REQUEST, Alerts.REPLY, Alerts.DONE),
            html.Div([_found(), _make(), _rules()], className="qt-col qt-col-main"),
            html.Div([_channels(), _here(), _quiet(), _heartbeat()], className="qt-col qt-col-side"),
        ],
        className="qt-page qt-alerts",
        **attrs(data_qt_page="alerts"),
    )


def _holder(name: str, cls: str = "") -> Component:
    """A place that `assets/pages/alerts.mjs` and its fellows fill."""
    return html.Div(className=cls or None, **attrs(data_qt_alerts=name, data_request=Alerts.REQUEST))


def _make() -> Component:
    return card("Tell me when ...", _holder("make"), glyph="bell", aged=False, cls="qt-card-make")


def _count(label: str, path: str) -> Component:
    return html.Span([f"{label} ", bound(path, "qt-soft")])


def _found() -> Component:
    views = (
        ("new", _count("New", "alerts.n_new")),
        ("open", _count("Open", "alerts.n_open")),
        ("snoozed", _count("Snoozed", "alerts.n_snoozed")),
        ("all", _count("History", "alerts.n_all")),
    )
    return card(
        "What was found",
        _holder("list", "qt-alert-list"),
        state="alerts",
        controls=segmented(Alerts.SHOW, views, "new", kept="session"),
        glyph="bell",
        aged=False,
        cls="qt-flush qt-card-found",
    )


def _rules() -> Component:
    usual = html.Button(
        [icon("plus-lg"), " Usual rules"],
        className="qt-button qt-button-small qt-button-quiet",
        title="One rule of each kind that most want: prices, lines, connection, cushion, contracts that end, disk",
        **attrs(data_alert_do="usual"),
    )
    return card(
        "Rules",
        _holder("rules", "qt-rule-list"),
        state="rules",
        fact=bound("alerts.n_rules"),
        controls=usual,
        glyph="list-check",
        aged=False,
        cls="qt-flush",
    )


def _channels() -> Component:
    return card(
        "Channels",
        _holder("channels"),
        state="channels",
        fact="where messages go",
        glyph="send",
        aged=False,
        cls="qt-card-channels",
    )


def _here() -> Component:
    return card("In this browser", _holder("here"), glyph="volume-up", aged=False, cls="qt-card-here")


def _quiet() -> Component:
    words = "By this computer's clock. Messages wait; one tells at the end what still stands. What is urgent passes."
    note = html.P(words, className="qt-soft")
    body = form("alerts", Alerts.REQUEST, "Quiet hours changed", [fields(QUIET), note, form_bar()])
    return card(
        "Quiet hours",
        body,
        fact=bound("alerts.quiet", hidden=True, **attrs(data_qt_show="alerts.quiet")),
        glyph="moon",
        aged=False,
        cls="qt-card-quiet",
    )


def _heartbeat() -> Component:
    words = html.P(
        "A dead program can't call. A watcher on the web that is told each minute that QTrade lives can.",
        className="qt-soft",
    )
    now = shown_if(
        "alerts.heart",
        ["Goes to ", bound("alerts.heart", "qt-strong"), ": ", bound("alerts.heart_said")],
        "qt-heart-now",
    )
    return card("Sign of life", [words, now, _holder("heartbeat")], glyph="activity", aged=False, cls="qt-card-heart")
