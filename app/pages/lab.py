"""Lab: recorded days replayed through the breakout rules, chosen by one part of them and judged by the other."""

from __future__ import annotations

from typing import Any

import dash
from dash import dcc, html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import bound, shown_if
from app.components.card import card
from app.components.controls import graph
from app.components.form import request_stores
from app.components.grid import column, grid, text_column
from app.components.table import Col, scale_key, table
from app.ids import REL_VOLUME, Lab

dash.register_page(__name__, path="/lab", title="QTrade - Lab", name="Lab")  # type: ignore[no-untyped-call]

FIGURES = (
    ("n", "Signals"),
    ("move", "Median move"),
    ("best", "Best (MFE)"),
    ("worst", "Worst (MAE)"),
    ("won", "Above 0"),
)
TWO_PARTS = (
    "Sets are ranked by the choosing part alone; the judging part was kept out of that, so only its figures say what a "
    "set is worth."
)
GROUPED = (
    Col("name", "", "wide"),
    Col("n", "Signals", "num"),
    Col("move", "Median move", "num"),
    Col("best", "MFE", "num"),
    Col("worst", "MAE", "num"),
    Col("won", "Above 0", "num"),
)


def layout(**_: Any) -> Component:
    return html.Div(
        [
            html.H1("Lab", className="visually-hidden"),
            *request_stores(Lab.REQUEST, Lab.REPLY, Lab.DONE),
            dcc.Store(id=Lab.FRESH),
            html.Div([_result(), _maps(), _sets(), _signals()], className="qt-col qt-col-main"),
            html.Div([_run(), _spread(), _groups()], className="qt-col qt-col-side"),
        ],
        className="qt-page qt-lab",
        **attrs(data_request=Lab.REQUEST, data_qt_page="lab"),
    )


def _run() -> Component:
    kinds = html.Div(
        [_kind("app", "Own days", True), _kind("archive", "Archive", False), _kind("csv", "CSV folder", False)],
        className="qt-lab-kinds",
        role="radiogroup",
        **attrs(aria_label="Where the recorded days are"),
    )
    folder = html.Div(
        [
            dcc.Input(
                id=Lab.FOLDER,
                type="text",
                debounce=False,
                className="qt-input",
                placeholder="Folder with SYMBOL-YYYYMMDD.csv files",
            ),
            html.Button("Look", className="qt-button qt-button-small", **attrs(data_lab_do="look")),
        ],
        className="qt-lab-folder",
        hidden=True,
        **attrs(data_lab_folder="1"),
    )
    found = [  # hidden while another source is chosen
        shown_if("lab.found", bound("lab.found"), "qt-soft qt-lab-found"),
        shown_if("lab.refused", bound("lab.refused"), "qt-form-said qt-lab-found", role="alert"),
        shown_if("lab.problem", bound("lab.problem"), "qt-form-said", role="alert"),
    ]
    body: list[Component] = [
        kinds,
        folder,
        html.Div(found, **attrs(data_lab_source="1")),
        html.Div(className="qt-lab-days", role="group", **attrs(data_lab_days="1", aria_label="Days")),
        html.Div(className="qt-lab-symbols", **attrs(data_lab_symbols="1")),
        html.Div(className="qt-lab-vary", **attrs(data_lab_vary="1")),
        html.Div(className="qt-form-said", role="alert", hidden=True, **attrs(data_lab_said="1")),
        html.Div(
            [
                html.Button("Run", className="qt-button qt-button-main", **attrs(data_lab_do="run")),
                html.Button("Cancel", className="qt-button", hidden=True, **attrs(data_lab_do="cancel")),
                html.Span(className="qt-form-count", role="status", **attrs(data_lab_count="1")),
            ],
            className="qt-form-buttons",
        ),
        shown_if(
            "lab.running",
            html.Div(html.I(**attrs(data_qt_pct="lab.pct")), className="qt-lab-bar"),
            role="progressbar",
            aria_label="Progress of the run",
        ),
        shown_if("lab.said", bound("lab.said"), "qt-soft"),
        shown_if("lab.failed", bound("lab.failed"), "qt-form-said", role="alert"),
    ]
    return card("Replay", body, fact="on top of the thresholds in force", cls="qt-card-labrun")


def _kind(value: str, label: str, chosen: bool) -> Component:
    choice = html.Button(
        label, className="qt-preset", **attrs(data_lab_kind=value, aria_pressed="true" if chosen else "false")
    )
    return choice


def _result() -> Component:
    heads = [html.Th(""), html.Th(""), *(html.Th(label, className="num") for _key, label in FIGURES)]
    rows = [
        _figures("In force", "base", "c", "chosen by"),
        _figures("", "base", "j", "judged by"),
        _figures("Best", "top", "c", "chosen by"),
        _figures("", "top", "j", "judged by"),
    ]
    caption = html.Caption("Figures of the best set and of the thresholds in force", className="visually-hidden")
    body = [
        html.Div(bound("labresult.verdict"), className="qt-lab-verdict"),
        html.Div([html.Span("Best set: ", className="qt-soft"), bound("labresult.best")], className="qt-lab-best"),
        html.Div(
            html.Table([caption, html.Thead(html.Tr(heads)), html.Tbody(rows)], className="qt-table qt-lab-figures"),
            className="qt-lab-result",
        ),
        html.Div([bound("labresult.split"), " ", TWO_PARTS], className="qt-soft"),
        shown_if("labresult.skipped", bound("labresult.skipped"), "qt-soft"),
        html.Ul(className="qt-lab-notes", **attrs(data_lab_notes="1")),
    ]
    return card("Result", body, state="labresult", fact=bound("labresult.ran"), glyph="eyedropper", aged=False)


def _figures(name: str, row: str, half: str, words: str) -> Component:
    cells = [html.Td(bound(f"labresult.{row}_{half}_{key}"), className="num") for key, _label in FIGURES]
    return html.Tr([html.Th(name, scope="row"), html.Td(words, className="qt-soft"), *cells])


def _maps() -> Component:
    maps = [
        html.Div(
            [html.H3(title), graph(graph_id, {"data": [], "layout": {}}, 300)],
            className="qt-lab-map",
            role="img",
            **attrs(aria_label=title),
        )
        for title, graph_id in (("Chosen by", Lab.MAP_CHOSEN), ("Judged by", Lab.MAP_JUDGED))
    ]
    return card(
        "Median move after 30 min",
        html.Div(maps, className="qt-lab-maps"),
        state="labmap",
        fact="ATR over two thresholds; the square marks the best set",
        controls=scale_key("below 0", "above"),
        glyph="grid-3x3",
        aged=False,
    )


def _sets() -> Component:
    columns = (
        Col("rank", "#", "num"),
        Col("set", "Set", "wide"),
        Col("cn", "Signals", "num"),
        Col("cm", "Chosen by", "num"),
        Col("jn", "Signals", "num"),
        Col("jm", "Judged by", "num"),
        Col("jw", "Above 0", "num"),
    )
    body = html.Div(table("labsets", columns, "The best sets", cls="qt-lab-sets"), className="qt-scroll-y", tabIndex=0)
    return card(
        "Best sets",
        body,
        state="labsets",
        fact="by the choosing part; believe the judging one",
        glyph="list-ol",
        aged=False,
        cls="qt-card-labsets qt-flush",
    )


def _spread() -> Component:
    return card(
        "How the moves are spread",
        graph(Lab.SPREAD, {"data": [], "layout": {}}, 220),
        state="labspread",
        fact="best set, after 30 min",
        glyph="bar-chart",
        aged=False,
    )


def _groups() -> Component:
    body = [
        html.H3("By hour (New York)"),
        table("labhours", GROUPED, "Outcome by hour"),
        html.H3("By side and score"),
        table("labkinds", GROUPED, "Outcome by side and score"),
    ]
    return card(
        "Outcome by group",
        body,
        state="labspread",
        fact="best set, judging part",
        glyph="table",
        aged=False,
        cls="qt-card-labgroups",
    )


def _signals() -> Component:
    columns = [
        text_column("Symbol", "sym", grow=1, least=56),
        text_column("Day", "day", phone=False, least=70),
        column("lab-at", "Time", "at", num=False),
        column("lab-side", "Side", "side", num=False),
        text_column("Level", "level", num=True, phone=False),
        column("lab-score", "Score at signal", "score", wrapHeaderText=True),
        column("lab-rv", REL_VOLUME, "rv", phone=False, wrapHeaderText=True),
        *(
            column("lab-move", f"{minutes} min", f"m{minutes}", phone=minutes == 30, wrapHeaderText=True)
            for minutes in (5, 15, 30, 60)
        ),
        column("lab-plain", "MFE", "best", phone=False),
        column("lab-plain", "MAE", "worst", phone=False),
        text_column("Part", "part", least=60),
    ]
    return card(
        "Signals",
        grid(
            Lab.SIGNALS,
            "labsignals",
            columns,
            label="Signals of the best set",
            row_height=29,
            auto_height=False,
            padding=4,
            options={"headerHeight": 38},
        ),
        state="labsignals",
        fact=bound("labresult.signals"),
        controls=html.Span("moves in ATR", className="qt-soft"),
        glyph="lightning-charge",
        aged=False,
        cls="qt-card-labsignals",
    )
