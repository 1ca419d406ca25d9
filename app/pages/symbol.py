"""Symbol: candles, quote, why no signal, its place in the line budget, signals and fills of one contract."""

from __future__ import annotations

import re
from typing import Any

import dash
from dash import dcc, html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import bound, icon, shown_if
from app.components.candles import candle_chart
from app.components.card import card
from app.components.controls import segmented
from app.components.facts import fact, facts
from app.components.form import request_stores
from app.components.table import Col, table
from app.ids import REL_VOLUME, Symbol

TIMEFRAMES = tuple((key, key) for key in ("1m", "5m", "15m", "30m", "60m", "1D"))
SIDES = (("long", "Long"), ("short", "Short"))
LAYERS = (
    ("ema", "EMA"),
    ("vwap", "VWAP"),
    ("level", "Breakout level"),
    ("range", "Opening range"),
    ("surge", "Volume for a signal"),
    ("cost", "Average cost"),
    ("mine", "Your levels"),
    ("marks", "Signals and fills"),
    ("history", "Where bars are from"),
)
RULES = (
    Col("icon", "", "qt-c-icon", "icon"),
    Col("name", "Rule", "rule", "rule"),
    Col("value", "Value", "num strong"),
    Col("bar", "", "qt-c-limit", "limit"),
    Col("limit", "Limit", "num soft"),
)
MARKS = (
    Col("at", "Time", "soft"),
    Col("icon", "", "qt-c-icon", "icon"),
    Col("what", "What", "strong"),
    Col("price", "Price", "num"),
    Col("detail", "Detail", "wide", "prose"),
    Col("since", "Move since", "num"),
)
FOUND = (Col("sym", "Symbol"), Col("kind", "Kind", "soft"), Col("held", "", "wide soft"))


def layout(key: str | None = None, **_: Any) -> Component:
    """The page of a con_id, or of a name that is looked up (which it is says `app.views.find_page`)."""
    if key is None:  # Dash looks at the layout without a path, to know its ids
        return _contract(0)
    return _contract(int(key)) if re.fullmatch(r"[1-9]\d{0,9}", key) else _name("symbol-name")


def home(**_: Any) -> Component:
    """/symbol: the browser goes on to the symbol seen last, else to the largest position."""
    return _name("symbol-home")


dash.register_page(  # type: ignore[no-untyped-call]
    __name__, path_template="/symbol/<key>", title="QTrade - Symbol", name="Symbol", layout=layout
)
dash.register_page(  # type: ignore[no-untyped-call]
    f"{__name__}_home", path="/symbol", title="QTrade - Symbol", name="Symbol home", layout=home
)


def _name(page: str) -> Component:
    return html.Div(
        _found(html.H1),
        className="qt-page",
        **attrs(data_qt_page=page),
    )


def _found(heading: type[html.H1] | type[html.H2]) -> Component:
    return html.Section(
        [
            heading(bound("find.title"), className="qt-find-title"),
            html.P(bound("find.text"), className="qt-soft", hidden=True, **attrs(data_qt_show="find.text")),
            shown_if("find.some", table("found", FOUND, "Symbols of this name")),
            html.Div(_search()),
        ],
        className="qt-card qt-find-card",
        **attrs(aria_label="Symbols of this name"),
    )


def _search() -> Component:
    return html.Button(
        [icon("search"), " Find another ", html.Kbd("/")], className="qt-button", **attrs(data_qt_find="1")
    )


def _contract(con_id: int) -> Component:
    known = attrs(data_qt_show="!symbol.unknown")
    return html.Div(
        [
            shown_if("symbol.unknown", _found(html.H2)),
            _header(),
            html.Div(
                [_notes(), _chart(), _marks(), html.Div([_signal(), _size()], className="qt-symbol-desk")],
                className="qt-col qt-col-main",
                **known,
            ),
            html.Div([_quote(), _why(), _line(), _noted(), _news()], className="qt-col qt-col-side", **known),
            dcc.Store(id=Symbol.CON, data=con_id),
            dcc.Store(id=Symbol.BASE),
            dcc.Store(id=Symbol.REBASE),
            *request_stores(Symbol.REQUEST, Symbol.REPLY, Symbol.DONE),
        ],
        className="qt-page qt-symbol",
        **attrs(data_qt_symbol=str(con_id), data_qt_page=f"symbol:{con_id}"),
    )


def _header() -> Component:
    name = html.Div(
        [
            html.Div([html.H1(bound("symbol.name")), bound("symbol.badge", "qt-prio")], className="qt-symbol-line"),
            html.Div(bound("symbol.about"), className="qt-note"),
        ],
        className="qt-symbol-name",
    )
    price = html.Div(
        [
            bound("symbol.last", "qt-big", flash=True),
            bound("symbol.change", "qt-symbol-change"),
            bound("symbol.change_pct", "qt-symbol-change"),
            shown_if("symbol.kind", bound("symbol.kind"), "qt-soft"),
        ],
        className="qt-symbol-price",
    )
    held = [
        _figure("Position", "symbol.position"),
        _figure("Unrealised", "symbol.unrealised", "symbol.unrealised_pct"),
        _figure("Day", "symbol.day"),
    ]
    return html.Header(
        [name, price, *held, html.Span(className="qt-push"), _buttons()],
        className="qt-symbol-head",
        **attrs(data_qt_show="!symbol.unknown", data_qt_state="quote"),
    )


def _figure(label: str, path: str, more: str | None = None) -> Component:
    values = [bound(path, "qt-strong"), *([bound(more, "qt-fact-more")] if more else [])]
    return shown_if("symbol.held", [html.Div(label, className="qt-label"), html.Div(values)], "qt-symbol-figure")


def _buttons() -> Component:
    before = html.Span(
        [icon("chevron-left"), bound("neighbours.before")],
        className="qt-button qt-neighbour",
        hidden=True,
        **attrs(data_qt_show="neighbours.before"),
    )
    after = html.Span(
        [bound("neighbours.after"), icon("chevron-right")],
        className="qt-button qt-neighbour",
        hidden=True,
        **attrs(data_qt_show="neighbours.after"),
    )
    pin = html.Button(
        [icon("pin-angle"), " ", bound("symbol.pin")],
        id=Symbol.PIN,
        className="qt-button",
        title="A pinned symbol keeps a market-data line",
    )
    again = html.Button(
        icon("arrow-repeat"),
        className="qt-icon-button",
        title="The order of next and previous has changed: take the new one",
        hidden=True,
        **attrs(data_qt_ring="1", data_qt_show="neighbours.moved", aria_label="Take the new order"),
    )
    said = html.Span(id=Symbol.SAID, className="qt-said", role="status")
    return html.Div([said, again, before, after, pin], className="qt-symbol-buttons")


def _notes() -> Component:
    """What has to be said over the chart."""
    lines = [
        shown_if(f"symbol.{key}", [icon(glyph), bound(f"symbol.{key}")], "qt-notice qt-notice-info qt-symbol-note")
        for key, glyph in (
            *(("filtered", "funnel"), ("message", "moon"), ("halted", "pause-circle")),
            ("namesake", "question-circle"),
        )
    ]
    return html.Div(lines, className="qt-symbol-notes")


def _chart() -> Component:
    frame = segmented(Symbol.TIMEFRAME, TIMEFRAMES, "1m", kept="symbol")
    bar = html.Div(
        [
            frame,
            bound("symbol.zone", "qt-soft", hidden=True, **attrs(data_qt_show="symbol.zone")),
            html.Span(className="qt-push"),
            html.Div([_layers_button(), _layers()], className="qt-layers"),
            html.Div([_alert_button(), _alert_menu()], className="qt-layers"),
            html.Button(
                [icon("rulers"), html.Span(" Level", className="qt-bar-word")],
                className="qt-button qt-button-quiet",
                title="A horizontal line at the price where you click next; Escape ends it",
                **attrs(data_noted_do="draw", aria_pressed="false"),
            ),
            html.Button(
                [icon("arrow-counterclockwise"), html.Span(" Reset zoom", className="qt-bar-word")],
                className="qt-button qt-button-quiet",
                title="Reset zoom",
                **attrs(data_qt_reset="1"),
            ),
        ],
        className="qt-chart-bar",
    )
    body = html.Div(
        [
            html.Div(className="qt-candle-legend", **attrs(data_qt_legend="1")),
            html.Div(
                [
                    candle_chart(Symbol.CHART),
                    html.Div(className="qt-chip", hidden=True, **attrs(data_qt_chip="1")),
                ],
                className="qt-candles",
                role="group",
                **attrs(aria_label="Candles of this symbol; the line above them gives the values of the last bar"),
            ),
            html.Div(className="qt-candle-note", **attrs(data_qt_chart_note="1")),
        ],
        className="qt-candle-body",
    )
    return card("Chart", body, state="chart", controls=bar, glyph="graph-up", cls="qt-card-candles")


def _layers_button() -> Component:
    return html.Button(
        [
            icon("layers"),
            html.Span(" Layers ", className="qt-bar-word"),
            html.Span(str(len(LAYERS)), **attrs(data_qt_layer_count="1")),
        ],
        className="qt-button qt-button-quiet",
        title="Layers of the chart",
        **attrs(data_menu="symbol-layers-menu", aria_expanded="false"),
    )


def _layers() -> Component:
    boxes = dcc.Checklist(
        id=Symbol.LAYERS,
        options=[{"label": label, "value": key} for key, label in LAYERS],
        value=[key for key, _ in LAYERS],
        persistence="symbol",
        persistence_type="local",
        className="qt-checks",
    )
    return html.Div(boxes, id="symbol-layers-menu", className="qt-menu qt-layer-menu", hidden=True)


def _alert_button() -> Component:
    return html.Button(
        icon("bell"),
        className="qt-icon-button",
        title="Alert at a price: be told when the symbol gets there",
        **attrs(data_menu="symbol-alert-menu", aria_expanded="false", aria_label="Alert at a price"),
    )


def _alert_menu() -> Component:
    """Filled by assets/pages/price-alert.mjs."""
    return html.Div(
        id="symbol-alert-menu",
        className="qt-menu qt-alert-menu",
        hidden=True,
        **attrs(data_qt_price_alert="1", data_request=Symbol.REQUEST),
    )


def _quote() -> Component:
    pairs = [
        fact("Bid", "symbol.bid", "symbol.bid_size"),
        fact("Ask", "symbol.ask", "symbol.ask_size"),
        fact("Spread", "symbol.spread", "symbol.spread_bp"),
        fact("ATR 14 (1 m)", "symbol.atr"),
        fact("Open", "symbol.open"),
        fact("Prior close", "symbol.close"),
        fact("Volume", "symbol.volume"),
        fact(REL_VOLUME, "symbol.rel_volume"),
    ]
    ends = html.Div(
        [
            html.Span(["low ", bound("symbol.low", "qt-strong")]),
            html.Span("range of the day", className="qt-soft"),
            html.Span(["high ", bound("symbol.high", "qt-strong")]),
        ],
        className="qt-range-ends",
    )
    bar = html.Div(html.I(**attrs(data_qt_pct="symbol.in_range")), className="qt-range-bar")
    alt = bound("symbol.range_words", "visually-hidden")
    return card("Quote", [facts(pairs, "qt-facts-2"), ends, bar, alt], state="quote", glyph="currency-dollar")


def _why() -> Component:
    sides = [
        html.Div(table(f"rules-{side}", RULES, f"Rules, {side} side", cls="qt-headless"), className=f"qt-side-{side}")
        for side, _ in SIDES
    ]
    fact_line = html.Span([bound("symbol.why_long", "qt-side-long"), bound("symbol.why_short", "qt-side-short")])
    return html.Div(
        card(
            "Why no signal?",
            [
                *sides,
                html.P(
                    [
                        *(bound(f"symbol.said_{side}", f"qt-side-{side}") for side, _ in SIDES),
                        " ",
                        html.A("Thresholds", href="/scanners#thresholds"),
                    ],
                    className="qt-why-text",
                ),
            ],
            state="why",
            fact=fact_line,
            controls=segmented(Symbol.SIDE, SIDES, "long"),
            glyph="question-circle",
            aged=False,
            cls="qt-flush qt-card-why",
        ),
        id=Symbol.WHY,
        **attrs(data_side="long"),
    )


def _line() -> Component:
    pairs = [
        fact("Held for", "symbol.line_held"),
        fact("Wanted by", "symbol.line_by"),
        fact("Lane", "symbol.line_lane"),
        fact("Last tick", "symbol.line_tick"),
        fact("Next out", "symbol.line_out"),
    ]
    body = [
        shown_if("symbol.line", facts(pairs)),
        html.P(bound("symbol.line_text"), className="qt-line-text"),
    ]
    return card(
        "Line",
        body,
        state="line",
        fact=bound("symbol.line_said", hidden=True, **attrs(data_qt_show="symbol.line_said")),
        controls=html.A("Lines", href="/lines"),
        glyph="reception-4",
        aged=False,
        cls="qt-card-line",
    )


def _noted() -> Component:
    """Filled by the browser (`assets/pages/noted.mjs`): the note, the levels, the lists that hold the symbol."""
    body = html.Div(className="qt-noted-body", **attrs(data_qt_noted=Symbol.REQUEST))
    return card("Notes and levels", body, fact="levels can be dragged", glyph="sticky", cls="qt-card-noted")


def _marks() -> Component:
    body = html.Div(table("marks", MARKS, "Signals and fills"), className="qt-scroll-x", tabIndex=0)
    return card("Signals and fills", body, state="marks", glyph="lightning-charge", aged=False, cls="qt-flush")


def _signal() -> Component:
    """The newest signal, or the one that was pressed in the list above (`assets/pages/signal-card.mjs`)."""
    body = html.Div(className="qt-signal", **attrs(data_qt_signal="1", data_request=Symbol.REQUEST))
    return card("Signal", body, state="signal", glyph="lightning-charge", aged=False)


def _size() -> Component:
    """Worked out in the browser (`assets/pages/size.mjs`); nothing is sent anywhere."""
    body = html.Div(className="qt-size", **attrs(data_qt_size="1"))
    return card("Position size", body, state="size", fact="reads only, sends no order", glyph="rulers", aged=False)


def _news() -> Component:
    """Only where Settings has them on (`assets/pages/news.mjs`)."""
    body = html.Div(className="qt-news", **attrs(data_qt_news="1", data_request=Symbol.REQUEST))
    return shown_if("symbol.news", card("News", body, fact="headlines of the last days", glyph="newspaper"))
