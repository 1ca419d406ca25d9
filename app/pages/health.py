"""Health: is everything running, what happened, how old is what I see."""

from __future__ import annotations

from typing import Any

import dash
from dash import dcc, html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import bound, icon, shown_if
from app.components.card import card
from app.components.controls import segmented, text_box
from app.components.table import Col, table
from app.ids import INCIDENT_DAYS, Health

dash.register_page(__name__, path="/health", title="QTrade - Health", name="Health")  # type: ignore[no-untyped-call]

TILES = (
    ("engine", "Engine"),
    ("link", "Connection"),
    ("late", "Loop lateness"),
    ("decode", "Decode"),
    ("journal", "State write"),
    ("disk", "Disk free"),
)
SHOWS = (("all", "All"), ("open", "Open"), ("over", "Over"))
LEVELS = (("", "All"), ("WARNING", "Warnings and errors"), ("ERROR", "Errors"))


def layout(**_: Any) -> Component:
    return html.Div(
        [
            html.H1("Health", className="visually-hidden"),
            _verdict(),
            _engines(),
            _time_line(),
            _black_box(),
            html.Div([_happened(), _checks()], className="qt-col qt-health-what"),
            html.Div(_ages(), className="qt-col qt-health-ages"),
            html.Div(_status(), className="qt-col qt-health-side"),
            _log(),
            dcc.Store(id=Health.REPORT),
        ],
        className="qt-page qt-health",
        **attrs(data_qt_page="health"),
    )


def _verdict() -> Component:
    said = html.Span(id=Health.SAID, className="qt-said", role="status")
    head = html.Div(
        [
            html.I(className="qt-verdict-icon bi", **attrs(data_qt_verdict="1", aria_hidden="true")),
            html.P(
                [
                    bound("health.verdict", "qt-verdict"),
                    " ",
                    html.Span(bound("health.verdict_more"), hidden=True, **attrs(data_qt_show="health.verdict_more")),
                ],
                role="status",
            ),
            html.Span(className="qt-push"),
            said,
            html.Button([icon("clipboard"), " Copy report"], id=Health.COPY, className="qt-button"),
            html.Button("Reconnect", id=Health.RECONNECT, className="qt-button"),
        ],
        className="qt-verdict-head",
    )
    restart = shown_if(
        "health.restart",
        [
            icon("file-earmark-code"),
            html.Span(
                [
                    html.B("Restart needed. "),
                    "Changed since the start: ",
                    bound("health.restart"),
                    ". Restart when it suits you; positions and settings are kept.",
                ]
            ),
        ],
        "qt-notice qt-restart",
        role="status",
    )
    tiles = [
        html.Div(
            [
                html.Div(label, className="qt-label"),
                html.Div(bound(f"health.{key}"), className="qt-health-figure"),
                html.Div(bound(f"health.{key}2"), className="qt-note"),
            ],
            className="qt-tile",
        )
        for key, label in TILES
    ]
    return html.Section(
        [head, restart, html.Div(tiles, className="qt-tiles")],
        className="qt-card qt-card-verdict",
        **attrs(aria_label="Verdict"),
    )


def _engines() -> Component:
    """Every engine of the store; nothing where this process has its own alone."""
    columns = (
        Col("name", "Engine", "wide"),
        Col("state", "State"),
        Col("since", "Since", "num"),
        Col("mode", "Mode"),
        Col("machine", "Computer"),
        Col("accounts", "Accounts"),
        Col("lines", "Lines", "num"),
        Col("visits", "Symbols visited", "num"),
        Col("positions", "Positions", "num"),
        Col("pnl", "Day P&L", "num"),
        Col("unrealized", "Unrealized", "num"),
    )
    said = bound("fleets.said", "qt-soft")
    shown = card("Engines", table("fleet", columns, "Engines"), fact=said, glyph="hdd-network", aged=False)
    return html.Div(shown, hidden=True, className="qt-health-engines", **attrs(data_qt_show="fleets.some"))


def _time_line() -> Component:
    body = html.Div(className="qt-links", role="img", **attrs(data_qt_links="1", aria_label="Connection over time"))
    words = (("up", " up "), ("idle", " idle, normal "), ("down", " down "), ("off", " not running "))
    key = html.Span(
        [
            *(html.Span([html.I(className=f"qt-link-{name}"), text]) for name, text in words),
            bound("links.outages", "qt-strong"),
        ],
        className="qt-link-key",
    )
    fact = html.Span(**attrs(data_qt_links_since="1"))
    return card(
        "Connection time line", body, state="links", fact=fact, controls=key, glyph="bar-chart-steps", aged=False
    )


def _black_box() -> Component:
    """Each cause, with its symbols below it: how often on each of the last days, and how long it took to recover."""
    columns: list[tuple[str, str | Component, str]] = [("name", "Cause", "wide")]
    columns += [
        (f"d{i}", bound(f"incidents.d{i}"), "num soft qt-day" if i else "num soft qt-day qt-today")
        for i in reversed(range(INCIDENT_DAYS))
    ]
    columns += [
        ("count", "All", "num"),
        ("median", "Median", "num strong"),
        ("last", "Last", "num"),
        ("longest", "Longest", "num"),
    ]
    heads = [
        html.Th(label, scope="col", className=cls, **attrs(data_col=key, data_as="text")) for key, label, cls in columns
    ]
    body = html.Table(
        [
            html.Caption("Outages by cause and day, and the time to recover", className="visually-hidden"),
            html.Thead(html.Tr(heads)),
            html.Tbody(**attrs(data_qt_rows="incidents")),
        ],
        className="qt-table qt-incidents",
    )
    return card(
        "Time to recover",
        html.Div(body, className="qt-scroll-x", tabIndex=0, role="group", **attrs(aria_label="Time to recover")),
        state="incidents",
        fact=bound("incidents.fact"),
        glyph="clock-history",
        aged=False,
        cls="qt-flush",
    )


def _happened() -> Component:
    body = html.Ul(className="qt-happened", **attrs(data_qt_happened="1"))
    return html.Div(
        card(
            "What happened",
            body,
            state="happened",
            fact=bound("health.happened"),
            controls=segmented(Health.SHOW, SHOWS, "all"),
            glyph="check2-circle",
            aged=False,
            cls="qt-flush",
        ),
        id=Health.HAPPENED,
        **attrs(data_show="all"),
    )


def _ages() -> Component:
    heads = [
        html.Th("Part", scope="col"),
        html.Th("Age", scope="col", className="num"),
        html.Th(html.Span("Share of its limit", className="visually-hidden"), scope="col"),
        html.Th("Stale at", scope="col", className="num"),
    ]
    body = html.Table(
        [
            html.Caption("Ages of what is shown", className="visually-hidden"),
            html.Thead(html.Tr(heads)),
            html.Tbody(**attrs(data_qt_ages="1")),
        ],
        className="qt-table",
    )
    return card("How old is what I see?", body, state="ages", glyph="clock", aged=False, cls="qt-flush")


def _checks() -> Component:
    """What `app.py doctor` says, of the running program (`assets/pages/checks.mjs`)."""
    again = html.Button("Check again", className="qt-button qt-button-small", **attrs(data_qt_checks_again="1"))
    body = html.Ul(className="qt-checks", **attrs(data_qt_checks="1"))
    fact = html.Span(role="status", **attrs(data_qt_checks_fact="1"))
    return card("This computer", body, fact=fact, controls=again, glyph="pc-display", aged=False, cls="qt-flush")


def _status() -> Component:
    columns = (Col("name", "Name", "soft wide"), Col("value", "Value", "num strong"))
    body = [
        table("status", columns, "Status", cls="qt-headless qt-pairs"),
        html.Div("Parts", className="qt-sub-head"),
        table("parts", columns, "Restarts, errors and units", cls="qt-headless qt-pairs"),
        html.Div(bound("health.build"), className="qt-build-line"),
    ]
    return card("Status", body, state="status", glyph="list-ul", aged=False, cls="qt-flush")


def _log() -> Component:
    """Of the files, not of this run alone (`assets/pages/log.mjs`)."""
    controls = [
        segmented(Health.LOG_LEVEL, LEVELS, ""),
        text_box(Health.LOG_TEXT, "Words in the line", "qt-log-words", 200),
        html.A(
            [icon("download"), " Save"],
            className="qt-button",
            href="/api/v1/log/export",
            download="",
            title="The lines chosen here, of all log files; account ids are shortened",
            **attrs(data_qt_logfile_save="1"),
        ),
    ]
    body = html.Div(className="qt-log-box", tabIndex=0, role="group", **attrs(data_qt_logfile="1", aria_label="Log"))
    fact = html.Span(role="status", **attrs(data_qt_logfile_fact="1"))
    shown = card("Log", body, fact=fact, controls=controls, glyph="terminal", aged=False, cls="qt-flush qt-card-log")
    return html.Div(shown, id=Health.LOG, className="qt-health-log")
