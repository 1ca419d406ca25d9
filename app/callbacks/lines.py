"""The Lines page: its questions to the engine, one symbol's sentence, the day's time line; filters in the browser."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output

from app.callbacks.requests import reply_to
from app.deps import AppDeps
from app.figures.pnl_window import since_market
from app.ids import Lines
from app.rows.coverage import told
from app.rows.line_day import SPANS_READ, line_day
from app.snapshots import Snapshots


def register(app: Dash, deps: AppDeps) -> None:
    """Add the page's input to `app`."""

    @app.callback(Output(Lines.REPLY, "data"), Input(Lines.REQUEST, "data"), prevent_initial_call=True)
    def ask(request: Any) -> dict[str, Any]:
        return reply_to(deps, request)

    @app.callback(Output(Lines.TOLD, "data"), Input(Lines.TOLD_ASK, "data"), prevent_initial_call=True)
    def tell(con_id: Any) -> dict[str, Any] | None:
        return told_of(deps, con_id)

    @app.callback(
        Output(Lines.DAY, "data"),
        Input(Lines.RANGE, "value"),
        Input(Lines.DAY_ASK, "data"),
        prevent_initial_call=True,
    )
    def day(range_: Any, _again: Any) -> dict[str, Any] | None:
        return day_of(deps) if range_ == "day" else None

    _in_the_browser(app)


def _in_the_browser(app: Dash) -> None:
    for namespace, function, output, given in (
        ("qtLines", "show", Output(Lines.GRID, "id"), Input(Lines.SHOW, "value")),
        ("qtLines", "day", Output(Lines.DAY, "id"), Input(Lines.DAY, "data")),
        ("qtAsk", "reply", Output(Lines.DONE, "data"), Input(Lines.REPLY, "data")),
        ("qtWhatIf", "as", Output(Lines.WHAT_IF_AS, "id"), Input(Lines.WHAT_IF_AS, "value")),
        ("qtCoverage", "told", Output(Lines.TOLD, "id"), Input(Lines.TOLD, "data")),
    ):
        app.clientside_callback(ClientsideFunction(namespace, function), output, given)  # type: ignore[no-untyped-call]


def told_of(deps: AppDeps, con_id: Any) -> dict[str, Any] | None:
    """Visits and sentence of one symbol; None for what is no con_id."""
    if type(con_id) is not int or not 0 < con_id < 10**10:
        return None
    s = _read(deps, "coverage", "lines")
    return told(s.coverage, s.lines, con_id)


def day_of(deps: AppDeps) -> dict[str, Any]:
    """Today's lines out of the journal, and those that are held now."""
    s = _read(deps, "broker", "lines")
    since = since_market("day", s.market_time(s.now))
    return line_day(deps.journal.line_spans(since, None, SPANS_READ), s, since)


def _read(deps: AppDeps, *names: str) -> Snapshots:
    return Snapshots.read(deps.state, names, "alive", deps.clock.wall())
