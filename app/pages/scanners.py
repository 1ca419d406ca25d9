"""Scanners: presets, heatmap, results of both scanners, the thresholds in the user's hands, who entered and left."""

from __future__ import annotations

from typing import Any

import dash
from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import bound, shown_if
from app.components.card import card
from app.components.controls import segmented
from app.components.form import change_list, fields, form, form_bar, request_stores
from app.components.grid import age_column, column, grid
from app.components.inspect_cards import custom_card, why_card
from app.components.preview_box import preview_box
from app.components.score_cards import audit_card, scoreboard, shadow_card
from app.components.set_bar import set_bar
from app.components.table import Col, heatmap, order_button, scale_key, table, treemap
from app.components.tabs import Tab, tabs
from app.ids import REL_VOLUME, SCAN_COLUMNS, TIME_ROWS, Scanners

dash.register_page(  # type: ignore[no-untyped-call]
    __name__, path="/scanners", title="QTrade - Scanners", name="Scanners"
)

FACTORS = (
    ("score", "Score now"),
    ("at_signal", "Score at signal"),
    ("change", "Change %"),
    ("open", "Since open %"),
    ("volume", REL_VOLUME),
    ("distance", "Distance ATR"),
    ("spread", "Spread bp"),
    ("age", "Age"),
)
VIEWS = (("factors", "Factors"), ("wide", "Wide"), ("time", "Time"), ("map", "Treemap"))
WIDE_WORDS = "Eight factors of up to 70 symbols; the value is told when a cell is pointed at"
TIME_WORDS = "Best score of each symbol in each 5 minutes"
LINE_WORDS = (
    "What holds a market-data line for it: Position, Pinned, Top (running signals), Normal (ordinary candidates); "
    "visit and watch: spare lines fetch its price in turn; –: none now"
)
FIRST = ("bars_n", "buffer_atr", "volume_surge", "rel_volume", "top_score")
LEFT = (("Floors", ("price_floor_usd", "avg_volume_floor")), ("Sides", ("longs", "shorts")))
RIGHT = (
    ("Level and trend", ("atr_length", "opening_range_min", "ema_fast", "ema_slow")),
    ("Confirmation and alerts", ("confirm_s", "confirm_bars", "alert_hold_s", "cool_down_min")),
)


SECTOR_LEVELS = (("industry", "Industry"), ("category", "Category"), ("subcategory", "Subcategory"))
SECTOR_COLUMNS = (
    Col("name", "Sector", "wide strong"),
    Col("count", "Stocks", "num"),
    Col("up", "Up", "num"),
    Col("change", "Median change", "num"),
    Col("long", "Signals long", "num"),
    Col("short", "Signals short", "num"),
    Col("net", "Net held", "num"),
    Col("share", "Of stocks held", "num"),
)


def layout(**_: Any) -> Component:
    return html.Div(
        [
            html.H1("Scanners", className="visually-hidden"),
            *request_stores(Scanners.REQUEST, Scanners.REPLY, Scanners.DONE),
            *tabs("scanners", "Parts of the page", _tabs(), _slots()),
        ],
        className="qt-page qt-scanners",
        **attrs(data_qt_page="scanners"),
    )


def _tabs() -> tuple[Tab, ...]:
    badge = html.Span(className="qt-badge", hidden=True, **attrs(data_form_badge="thresholds"))
    found = [_presets(), html.Div([_heat(), _results()], className="qt-col"), _moves()]
    scores = [scoreboard(Scanners.SCORE_VIEW), shadow_card(), audit_card(Scanners.REQUEST)]
    return (
        Tab("results", "Results", found, "qt-panel-results"),
        Tab("thresholds", "Thresholds", [_thresholds(), _changes()], "qt-panel-thresholds", badge),
        Tab("why", "Why not", why_card(Scanners.REQUEST)),
        Tab("scoreboard", "Scoreboard", scores, "qt-scores"),
        Tab("sectors", "Sectors", _sectors()),
        Tab("custom", "Custom scans", custom_card(Scanners.REQUEST)),
    )


def _sectors() -> Component:
    """The universe by IB's sectors; one level is in sight (`assets/pages/sectors.mjs`)."""
    tables = [
        html.Div(
            table(f"sectors_{key}", SECTOR_COLUMNS, f"The universe by {label.lower()}"),
            hidden=key != "industry",
            className="qt-scroll-x",
            tabIndex=0,
            **attrs(data_sector=key),
        )
        for key, label in SECTOR_LEVELS
    ]
    return card(
        "Sectors",
        tables,
        state="sectors",
        fact=bound("scan.sectors"),
        controls=segmented(Scanners.SECTOR_VIEW, SECTOR_LEVELS, "industry"),
        glyph="pie-chart",
        aged=False,
        cls="qt-flush qt-card-sectors",
    )


def _presets() -> Component:
    chips = html.Div(
        className="qt-chips",
        role="group",
        **attrs(data_qt_chips="1", data_request=Scanners.REQUEST, aria_label="Market scans"),
    )
    return html.Div(chips, className="qt-presets")


def _slots() -> Component:
    new = html.A(
        "+ New scan", className="qt-button qt-button-small", href="/scanners#custom", **attrs(data_custom_do="begin")
    )
    return html.Div([bound("scan.slots", "qt-soft qt-slots"), new], className="qt-beside")


def _heat() -> Component:
    keys = [scale_key("against", "for", data_heat="factors wide time"), scale_key("down", "up", data_heat="map")]
    orders = [order_button(view, view) for view in ("factors", "wide", "time")]
    views = segmented(Scanners.HEAT_VIEW, VIEWS, "factors")
    factors = html.Div(
        heatmap("factors", FACTORS, "What speaks for a signal and what against, by symbol", SCAN_COLUMNS),
        **attrs(data_heat="factors"),
    )
    none = "No candidate was scored yet. A column comes each 5 minutes while the market is open."
    time = html.Div(
        [
            html.Div(
                className="qt-scroll-x",
                tabIndex=0,
                role="group",
                **attrs(data_qt_heattime="1", data_most=str(TIME_ROWS), aria_label=TIME_WORDS),
            ),
            html.P(none, className="qt-heat-none"),
        ],
        hidden=True,
        **attrs(data_heat="time"),
    )
    wide = html.Div(
        html.Div(
            className="qt-scroll-x",
            tabIndex=0,
            role="group",
            **attrs(data_qt_heatwide="1", data_factors="|".join(label for _, label in FACTORS), aria_label=WIDE_WORDS),
        ),
        hidden=True,
        **attrs(data_heat="wide"),
    )
    label = "Stocks of the universe by dollar volume, coloured by change"
    universe = html.Div(
        treemap("map", label, fill="step", lines=("change", "money")),
        hidden=True,
        className="qt-universe-map",
        **attrs(data_heat="map"),
    )
    return card(
        "Heatmap",
        [factors, wide, time, universe],
        state="heat",
        fact=html.Span(className="qt-heat-fact"),
        controls=[*orders, views, *keys],
        glyph="grid-3x3",
        aged=False,
        cls="qt-card-heat",
    )


def _results() -> Component:
    tagged = ("state", "early")
    columns = [
        column("scan-symbol", "Symbol", "sym", also=("short",), num=False, grow=1, least=80),
        column("scan-score", "Score now", "score", also=("bars", "brk"), num=False, least=102),
        column("scan-signal", "Score at signal", "sig", phone=False, wrapHeaderText=True),
        column("scan-since", "Listed", "since", num=False, phone=False, least=50),
        column("scan-scans", "In scans", "scans", also=tagged, num=False, phone=False, grow=60, least=100),
        column("scan-last", "Last", "last"),
        column("scan-chg", "Change", "chg"),
        column("scan-rv", REL_VOLUME, "rv", phone=False, wrapHeaderText=True),
        column("scan-dist", "Dist. ATR", "dist", phone=False),
        column("scan-line", "Line", "cls", num=False, phone=False, least=66, headerTooltip=LINE_WORDS),
        age_column("Age", phone=False),
    ]
    shows = (
        ("all", _count("All", "shown.n_all")),
        ("breakout", _count("Breakout", "shown.n_breakout")),
        ("market", _count("Market", "shown.n_market")),
    )
    runs = html.Span([bound("scan.breakout"), " · ", bound("scan.market")], className="qt-soft qt-runs")
    back = html.Button(className="qt-badge qt-scan-back", hidden=True, **attrs(data_scan_back="1"))
    body = [
        html.Div(className="qt-scan-none", hidden=True, role="status", **attrs(data_scan_none="1")),
        shown_if("scan.warming", bound("scan.warming"), "qt-warming", role="status"),
        grid(
            Scanners.GRID,
            "results",
            columns,
            label="Results of the scanners",
            row_height=31,
            auto_height=False,
            options={
                "headerHeight": 38,
            },
        ),
    ]
    return card(
        "Results",
        body,
        state="results",
        fact=bound("scan.found"),
        controls=[back, segmented(Scanners.SHOW, shows, "all"), runs],
        glyph="binoculars",
        aged=False,
        cls="qt-card-results",
    )


def _count(label: str, path: str) -> Component:
    return html.Span([f"{label} ", bound(path, "qt-soft")])


def _thresholds() -> Component:
    body = form(
        "thresholds",
        Scanners.REQUEST,
        "Thresholds applied",
        [
            set_bar(Scanners.REQUEST),
            html.Div(
                [
                    html.Div([fields(_keys(FIRST), slider=True), *_groups(LEFT)]),
                    html.Div([*_groups(RIGHT), preview_box("thresholds", Scanners.REQUEST)]),
                ],
                className="qt-threshold-columns",
            ),
            form_bar(reset=True),
        ],
    )
    return card(
        "Thresholds",
        body,
        state="thresholds",
        fact=html.Span(bound("scan.thresholds"), hidden=True, **attrs(data_qt_show="scan.thresholds")),
        glyph="sliders",
        aged=False,
        cls="qt-card-thresholds",
    )


def _groups(groups: tuple[tuple[str, tuple[str, ...]], ...]) -> list[Component]:
    return [
        html.Div([html.H3(title), fields(_keys(names), slider=True)], className="qt-field-group")
        for title, names in groups
    ]


def _keys(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"breakout.{name}" for name in names)


def _moves() -> Component:
    columns = (
        Col("at", "When", "soft"),
        Col("icon", "", "qt-c-icon", "icon"),
        Col("sym", "Symbol"),
        Col("text", "What", "wide"),
    )
    return card(
        "Enter and leave",
        html.Div(
            table("moves", columns, "Who entered and left", cls="qt-headless"), className="qt-scroll-y", tabIndex=0
        ),
        state="moves",
        fact=bound("scan.moves"),
        glyph="arrow-left-right",
        aged=False,
        cls="qt-card-moves qt-flush",
    )


def _changes() -> Component:
    return card(
        "Recent changes",
        html.Div(change_list(Scanners.REQUEST), className="qt-scroll-y", tabIndex=0),
        state="changes",
        fact="each can be taken back",
        glyph="clock-history",
        aged=False,
        cls="qt-card-changelog qt-flush",
    )
