"""Settings: every value with where it comes from, what locks it and when it takes effect; each change revertible."""

from __future__ import annotations

from typing import Any

import dash
from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import bound, icon
from app.components.card import card
from app.components.form import change_list, fields, form, form_bar, request_stores
from app.components.table import Col, table
from app.ids import Settings

dash.register_page(  # type: ignore[no-untyped-call]
    __name__, path="/settings", title="QTrade - Settings", name="Settings"
)

BROKER = ("mode", "host", "port", "client_id", "account", "market_data_type", "allow_delayed_signals")
LINES = (
    "limit",
    "buffer",
    "top_max",
    "normal_max",
    "ttl_s",
    "min_hold_s",
    "hysteresis_pct",
    "swaps_per_minute",
)
COVERAGE = ("dwell_s", "messages_per_s", "watch_pct", "rotating_pct")
SCANS = ("price_above_usd", "avg_volume_above", "avg_usd_volume_above")
SIMULATOR = ("portfolio", "accounts", "scenario", "speed", "seed", "line_limit", "volume_unit", "fresh")
WEB = ("host", "port", "open_browser")
LOGIN = ("local_token", "session_idle_h", "session_max_h", "trusted_hosts", "trusted_proxy")


def layout(**_: Any) -> Component:
    main = [
        _broker(),
        _section("Line budget", "lines", LINES, "market-data lines; in force at once", "reception-4"),
        _section("Visits", "coverage", COVERAGE, "spare lines go round the universe; in force at once", "arrow-repeat"),
    ]
    side = [
        _section("Market scans", "market_scan", SCANS, "floors of the stock presets; in force at once", "broadcast"),
        _thresholds(),
        _section("Positions", "positions", ("ema_fast", "ema_slow"), "in force at once", "briefcase"),
        _section("News", "news", ("enabled", "most"), "headlines on a symbol's page; in force at once", "newspaper"),
        _section("Accounts", "view", ("account",), "where the login has several; in force at once", "people"),
        _section("Journal", "journal", ("import_dir",), "statements; in force at once", "journal-text"),
        _section("Market strip", "view", ("market_strip",), "above the Overview; in force at once", "graph-up"),
        _section("Simulator", "simulator", SIMULATOR, "in force at once, while it is the broker", "cpu"),
        _section("Dashboard", "web", WEB, "at the next start", "window"),
        _login(),
        _section("Log", "log", ("level",), "at the next start", "card-text"),
    ]
    columns = [html.Div(main, className="qt-col qt-col-main"), html.Div(side, className="qt-col qt-col-side")]
    return html.Div(
        [
            html.H1("Settings", className="visually-hidden"),
            *request_stores(Settings.REQUEST, Settings.REPLY, Settings.DONE),
            form("settings", Settings.REQUEST, "Settings applied", [*columns, form_bar()]),
            html.Div([_orders(), _display(), _changes(), _about()], className="qt-col qt-col-third"),
        ],
        className="qt-page qt-settings",
        **attrs(data_qt_page="settings"),
    )


def _section(title: str, section: str, names: tuple[str, ...], fact: str, glyph: str) -> Component:
    keys = tuple(f"{section}.{name}" for name in names)
    return card(title, fields(keys), state="settings", fact=fact, glyph=glyph, aged=False, cls="qt-card-settings")


def _broker() -> Component:
    test = html.Div(
        [
            html.Button(
                [icon("plug"), " Test connection"],
                className="qt-button",
                title="A handshake with the host and port above, nothing else",
                **attrs(data_qt_probe=Settings.REQUEST),
            ),
            html.Span(className="qt-probe-said", role="status"),
        ],
        className="qt-probe",
    )
    now = html.Div([bound("settings.now"), ". A change connects at once."], className="qt-soft qt-now")
    keys = tuple(f"broker.{name}" for name in BROKER)
    return card(
        "Broker",
        [fields(keys), test, now],
        state="settings",
        fact="connects at once",
        glyph="plug",
        aged=False,
        cls="qt-card-settings",
    )


def _login() -> Component:
    """The password itself is set on the terminal: no page takes it but the login."""
    how = html.P(
        ["Password and tokens are set in a terminal: ", html.Code("python app.py --set-password"), ", ",
         html.Code("--new-token NAME"), "; both at once."],
        className="qt-soft",
    )  # fmt: skip
    keys = tuple(f"web.{name}" for name in LOGIN)
    return card(
        "Login", [how, fields(keys)], state="settings", fact="at the next start", glyph="shield-lock", aged=False,
        cls="qt-card-settings",
    )  # fmt: skip


def _thresholds() -> Component:
    body = [bound("settings.thresholds"), ". They are set on the ", html.A("Scanners page", href="/scanners"), "."]
    return card("Thresholds", body, glyph="sliders")


def _orders() -> Component:
    """What keeps QTrade from ever placing an order, with the evidence that this run gives."""
    told = html.Ul(
        [
            html.Li([html.B("Sent since the engine began: "), bound("orders.sent"), "."]),
            html.Li(
                [
                    html.B("The wire "),
                    "lets through the kinds of messages below and no other; orders are none of them. ",
                    html.Span("Kept back: "),
                    bound("orders.kept_back"),
                    ".",
                ]
            ),
            html.Li(
                [
                    html.B("The code "),
                    "holds no call that could place, change or cancel an order. The tests read the whole of it, and the"
                    " simulated gateway counts order messages in each of them: 0.",
                ]
            ),
            html.Li(
                [
                    html.B("TWS: "),
                    "tick ",
                    html.I("Read-Only API"),
                    " (Global Configuration, API, Settings). Then TWS refuses orders of every program on this port;"
                    " QTrade needs no more.",
                ]
            ),
        ],
        className="qt-orders-told",
    )
    columns = (Col("name", "Kind of message", "soft wide"), Col("value", "Sent", "num"))
    kinds = html.Details(
        [
            html.Summary("Messages by kind"),
            table("sent", columns, "Messages sent to TWS by kind", cls="qt-headless qt-pairs"),
        ],
        className="qt-orders-kinds",
    )
    head = html.P("QTrade never places an order.", className="qt-strong qt-orders-head")
    return card("Order safety", [head, told, kinds], fact="it only reads", glyph="shield-check", cls="qt-card-orders")


def _display() -> Component:
    """Of this browser; `assets/pages/display.mjs` keeps it."""
    rows = [
        html.Button(label, className="qt-segment", **attrs(data_density=key, aria_pressed="false"))
        for key, label in (("usual", "Usual"), ("compact", "Compact"))
    ]
    take = html.Label(
        [icon("upload"), " Import", html.Span(className="qt-display-file")],
        className="qt-button qt-lists-choose",
        title="A file that Export has written; it takes the place of what is set here",
    )
    buttons = [
        html.Button(
            [icon("download"), " Export"],
            className="qt-button",
            title="Zone of times, columns, density, chart layers, shown list and charts as one file",
            **attrs(data_display_do="export"),
        ),
        take,
        html.Button("As at first", className="qt-button qt-button-quiet", **attrs(data_display_do="reset")),
    ]
    zones = [
        html.Button(label, className="qt-segment", **attrs(data_zone=key, aria_pressed="false"))
        for key, label in (("new-york", "New York"), ("own", "This computer"), ("utc", "UTC"))
    ]
    body = [
        html.Div(
            [
                html.Span("Times in", className="qt-display-label"),
                html.Div(zones, className="qt-segmented", role="group", **attrs(aria_label="Zone of times")),
            ],
            className="qt-display-row",
        ),
        html.Div(
            [
                html.Span("Rows", className="qt-display-label"),
                html.Div(rows, className="qt-segmented", role="group", **attrs(aria_label="Density of rows")),
            ],
            className="qt-display-row",
        ),
        html.P(
            "Times of pages and files are told in this zone, which the strip names; trade dates are the exchange's. "
            "Columns are chosen at each grid, layers at the chart; all of it is kept in this browser.",
            className="qt-soft",
        ),
        html.Div(buttons, className="qt-lists-buttons"),
    ]
    return card("Display", body, fact="of this browser; in force at once", glyph="display", cls="qt-card-display")


def _changes() -> Component:
    return card(
        "Recent changes",
        html.Div(change_list(Settings.REQUEST), className="qt-scroll-y", tabIndex=0),
        state="changes",
        fact="each can be taken back",
        glyph="clock-history",
        aged=False,
        cls="qt-card-changelog qt-flush",
    )


def _about() -> Component:
    order = "command line, environment, saved here, config.yaml, default"
    body = [
        html.P([html.B("Which value counts: "), f"the first of {order}. The program never writes config.yaml."]),
        html.P([html.B("Data folder: "), bound("settings.data_dir", "qt-path")]),
        html.P([html.B("Version "), bound("settings.version")]),
    ]
    return card("Where settings live", body, cls="qt-card-about")
