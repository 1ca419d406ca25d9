"""The Charts page's server callback: the bars of charts, as columns, for those that the browser asks for."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output

from app.callbacks.requests import reply_to
from app.callbacks.symbol import base_of
from app.deps import AppDeps
from app.display_zone import asked_zone
from app.ids import Charts
from app.rows.charts import MOST
from engine.clock import NEW_YORK

Json = dict[str, Any]


def register(app: Dash, deps: AppDeps) -> None:
    """Add the page to `app`."""

    @app.callback(Output(Charts.BASES, "data"), Input(Charts.ASK, "data"), prevent_initial_call=True)
    def bases(asked: Any) -> list[Json]:
        return bases_of(deps, asked, asked_zone())

    @app.callback(Output(Charts.REPLY, "data"), Input(Charts.REQUEST, "data"), prevent_initial_call=True)
    def ask(request: Any) -> Json:
        return reply_to(deps, request)

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("qtAsk", "reply"), Output(Charts.REPLIED, "data"), Input(Charts.REPLY, "data")
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("qtCharts", "based"),
        Output(Charts.DONE, "data"),
        Input(Charts.BASES, "data"),
        prevent_initial_call=True,
    )


def bases_of(deps: AppDeps, asked: Any, zone: tzinfo = NEW_YORK) -> list[Json]:
    """The columns of each chart that {"cons": [...], "tf": ...} asks for."""
    wanted = asked if isinstance(asked, dict) else {}
    cons = wanted.get("cons")
    return [base_of(deps, con_id, wanted.get("tf"), zone) for con_id in (cons if isinstance(cons, list) else [])[:MOST]]
