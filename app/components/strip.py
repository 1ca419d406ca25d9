"""The band, the strip and its menus: on top of every page."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import bound, gauge, icon, shown_if
from app.components.controls import text_box
from app.components.table import Col, table
from app.ids import Shell


def band() -> Component:
    """Says in words that nothing here is from IB now: simulated, or a recording."""
    return shown_if(
        "strip.simulated",
        [
            icon("exclamation-triangle-fill"),
            html.B(bound("strip.band")),
            bound("strip.band_text"),
        ],
        "qt-band",
        role="status",
    )


def strip() -> Component:
    """Connection, account, session, lines, day P&L, data age, find, bell, freeze, build."""
    return html.Header(
        [
            html.A(icon("graph-up-arrow"), href="/", className="qt-logo", **attrs(aria_label="QTrade, Overview")),
            html.Div(bound("strip.pill", "qt-pill"), className="qt-cell qt-cell-pill", role="status"),
            _engine(),
            _account(),
            _session(),
            _lines(),
            _pnl(),
            _cell("Data age", [html.Span(id="shell-age", className="qt-strong qt-dataage")], "age"),
            html.Span(className="qt-push"),
            _find(),
            _buttons(),
            html.Span(html.Span(["build ", bound("strip.build")]), className="qt-build"),
        ],
        className="qt-strip",
    )


def _cell(label: str, values: list[Component], name: str, head: list[Component] | None = None) -> Component:
    return html.Div(
        [
            html.Div(head or label, className="qt-cell-label"),
            html.Div(values, className="qt-cell-value"),
        ],
        className=f"qt-cell qt-cell-{name}",
    )


def _when(path: str) -> dict[str, Any]:
    return attrs(data_qt_show=path)


def _session() -> Component:
    clock: list[Component] = [
        html.Span(id="shell-clock", className="qt-strong"),
        html.Span(id="shell-zone", className="qt-soft"),
        html.Span([" · ", html.Span(id="shell-local")], className="qt-soft qt-local"),
        html.Span(
            [" · ", bound("strip.session")], className="qt-soft qt-closes", hidden=True, **_when("strip.session")
        ),
    ]
    date = html.Span(
        id="shell-clock-date",
        className="qt-soft",
        title="The gateway runs on its own clock; every time on these pages is the gateway's.",
    )
    return _cell("", clock, "session", [bound("strip.phase", "qt-phase"), date])


def _engine() -> Component:
    """The engine that is shown, or all of them (assets/core/engine.mjs); nothing where there is one."""
    box = html.Span(className="qt-account-choice qt-engine-choice", **attrs(data_qt_engines="1"))
    cell = _cell("Engine", [box], "engine")
    return html.Div(cell, hidden=True, **_when("strip.engines"))


def _account() -> Component:
    """The account, or a choice of several (assets/core/account.mjs)."""
    choice = html.Span(className="qt-account-choice", **attrs(data_qt_accounts=Shell.ACCOUNT_ASK))
    single = html.Span(bound("strip.account", "qt-strong"), **_when("!strip.accounts"))
    values: list[Component] = [single, choice]
    return _cell("", values, "account", [bound("strip.account_label")])


def _lines() -> Component:
    values = [
        bound("strip.lines", "qt-strong"),
        bound("strip.lines_word", "qt-word"),
        gauge("strip.gauge", "qt-gauge qt-gauge-mini", "line budget"),
    ]
    return html.A(
        [html.Div("Lines", className="qt-cell-label"), html.Div(values, className="qt-cell-value")],
        href="/lines",
        className="qt-cell qt-cell-lines",
    )


def _pnl() -> Component:
    values = [
        bound("strip.pnl", "qt-strong qt-pnl", flash=True),
        html.Span(bound("strip.pnl_pct"), className="qt-soft qt-pct", hidden=True, **_when("strip.pnl_pct")),
        html.Span([" · ", bound("strip.priced")], className="qt-soft qt-priced", hidden=True, **_when("strip.priced")),
    ]
    return _cell("Day P&L", values, "pnl")


def _find() -> Component:
    return html.Div(
        [
            icon("search"),
            text_box(Shell.FIND, "Find a symbol", "qt-find-box"),
            html.Kbd("/"),
            html.Div(id=Shell.FIND_LIST, className="qt-find-list", role="listbox", **attrs(aria_label="Symbols found")),
        ],
        className="qt-find",
        role="search",
        **attrs(aria_label="Find a symbol"),
    )


def _button(name: str, label: str, **attributes: str) -> Component:
    return html.Button(icon(name), className="qt-icon-button", title=label, **attrs(aria_label=label, **attributes))


def _buttons() -> Component:
    bell = html.Div(
        [
            _button("bell", "Alerts and open conditions", **attrs(data_menu="shell-bell", aria_expanded="false")),
            html.Span(className="qt-count", hidden=True, **attrs(data_qt_bell="1", aria_hidden="true")),
            _bell_menu(),
        ],
        className="qt-bell",
    )
    freeze = _button("pause-circle", "Hold the screen (f)", id="shell-freeze", **attrs(aria_pressed="false"))
    log_out = html.Span(_button("box-arrow-right", "Log out", data_qt_logout="1"), className="qt-logout")
    return html.Div([bell, freeze, log_out], className="qt-buttons")


def _bell_menu() -> Component:
    columns = (
        Col("icon", "", "qt-c-icon", "icon"),
        Col("title", "What", "wide"),
        Col("code", "Code"),
        Col("at", "When", "num"),
    )
    return html.Div(
        [
            html.Div(
                [
                    html.H2("Alerts and open conditions"),
                    html.Span(className="qt-push"),
                    html.A("Alerts", href="/alerts"),
                    html.A("Health", href="/health", className="qt-menu-more"),
                ]
            ),
            table("bell", columns, "Alerts and open conditions"),
            shown_if("!strip.bell", "Nothing is open.", "qt-none"),
        ],
        id="shell-bell",
        className="qt-menu",
        hidden=True,
    )


def notices() -> Component:
    """What concerns the whole page: server or engine silent, frozen, another build, broker away."""
    return html.Div(
        [
            html.Div(id="shell-trouble", className="qt-notice qt-notice-error", hidden=True, role="alert"),
            html.Div(id="shell-frozen", className="qt-frozen", hidden=True, role="status"),
            html.Div(
                [
                    html.Span(id="shell-reload-text"),
                    html.Button("Reload", id="shell-reload-now", className="btn btn-sm btn-primary"),
                ],
                id="shell-reload",
                className="qt-notice qt-notice-info",
                hidden=True,
            ),
            _fleet_notice(),
            _broker_panel(),
        ],
        className="qt-notices",
    )


def _fleet_notice() -> Component:
    """Engines that are silent, and a store that can't be read: what stands here is old."""
    words = html.Span([html.B([bound("fleet.words"), ". "]), bound("fleet.more")])
    return shown_if("fleet.words", [icon("hdd-network"), words], "qt-notice qt-notice-info qt-fleet", role="status")


def _broker_panel() -> Component:
    """Calm words while the broker is away: what is wrong, when it is tried again, and the cure. Said here alone."""
    return shown_if(
        "broker.down",
        [
            icon("plug", "qt-broker-icon"),
            html.Div(
                [
                    html.H2(bound("broker.title")),
                    html.P([bound("broker.reason"), ". ", bound("broker.retry", "qt-strong")]),
                    shown_if("broker.cure", bound("broker.cure"), "qt-cure"),
                    html.P("The pages stay up; they fill as soon as the connection stands.", className="qt-soft"),
                ],
                className="qt-broker-words",
            ),
        ],
        "qt-card qt-broker",
        role="status",
    )
