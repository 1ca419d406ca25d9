"""The Dash page that tutorials lead to: a callback per component, each answering the whole figure or table.

python -m benchmarks.naive_dash --port 8060
"""

from __future__ import annotations

import argparse

import dash_bootstrap_components as dbc
import pandas as pd
import plotly.graph_objects as go
from dash import Dash, Input, Output, dcc, html
from waitress import serve

from benchmarks.naive_market import EVERY_S, curves, positions, step


def figure(at: int) -> go.Figure:
    times, lines = curves(at)
    drawn = go.Figure([go.Scatter(x=times, y=values, name=name, mode="lines") for name, values in lines.items()])
    drawn.update_layout(title="P&L", uirevision="same", height=420)
    return drawn


def page(at: int) -> html.Div:
    return html.Div([
        html.H1("Positions"),
        dcc.Interval(id="tick", interval=EVERY_S * 1000),
        dcc.Graph(id="pnl", figure=figure(at)),
        html.Div(table(positions(at)), id="table"),
    ])  # fmt: skip


def table(rows: pd.DataFrame) -> dbc.Table:
    return dbc.Table.from_dataframe(rows, striped=True, size="sm")


def make_app() -> Dash:
    app = Dash(__name__, external_stylesheets=[], title="Naive")
    app.layout = lambda: page(step())
    app.callback(Output("pnl", "figure"), Input("tick", "n_intervals"))(lambda _: figure(step()))
    app.callback(Output("table", "children"), Input("tick", "n_intervals"))(lambda _: table(positions(step())))
    return app


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, required=True)
    serve(make_app().server, host="127.0.0.1", port=options.parse_args().port, threads=8)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
