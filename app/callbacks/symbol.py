"""The Symbol page's callbacks: the chart's base, the pin, and what each poll of the page tells the engine."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from dataclasses import replace
from datetime import tzinfo
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State

from app.callbacks.requests import reply_to
from app.deps import AppDeps
from app.display_zone import asked_zone
from app.figures.bars import BY_KEY
from app.figures.candles import chart_base
from app.ids import Symbol
from app.rows.charts import asked_charts
from app.rows.find_page import name_of, refused, request_id_of
from app.views import CHARTS, SYMBOL, SYMBOL_NAME, PageView, Params
from engine.clock import NEW_YORK
from engine.errors import CommandRefused
from engine.state.commands import Command, FindSymbol, OpenSymbol, PinSymbol
from engine.state.envelope import symbol_key
from engine.state.sections import SettingsSection, SymbolSection, UniverseSection

PAGE_ID = "symbol"
LEVEL_BARS = 20  # the default of breakout.bars_n, while the settings are not there
ASK_AGAIN_S = 60.0
NAMES_KEPT = 200
Json = dict[str, Any]


def register(app: Dash, deps: AppDeps) -> None:
    """Add the page to `app`."""

    @app.callback(
        Output(Symbol.BASE, "data"),
        Input(Symbol.CON, "data"),
        Input(Symbol.TIMEFRAME, "value"),
        Input(Symbol.REBASE, "data"),
    )
    def base(con_id: Any, timeframe: Any, _again: Any) -> Json:
        return base_of(deps, con_id, timeframe, asked_zone())

    @app.callback(
        Output(Symbol.SAID, "children"),
        Input(Symbol.PIN, "n_clicks"),
        State(Symbol.CON, "data"),
        prevent_initial_call=True,
    )
    def pin(_clicks: Any, con_id: Any) -> str:
        return pinned(deps, con_id)

    @app.callback(Output(Symbol.REPLY, "data"), Input(Symbol.REQUEST, "data"), prevent_initial_call=True)
    def ask(request: Any) -> Json:
        return reply_to(deps, request)

    _in_the_browser(app)


def _in_the_browser(app: Dash) -> None:
    def clientside(name: str, output: Output, *given: Input | State, at_once: bool = False) -> None:
        app.clientside_callback(  # type: ignore[no-untyped-call]
            ClientsideFunction("qtCandles", name), output, *given, prevent_initial_call=not at_once
        )

    clientside("based", Output(Symbol.CHART, "id"), Input(Symbol.BASE, "data"))
    clientside("layered", Output(Symbol.LAYERS, "id"), Input(Symbol.LAYERS, "value"), at_once=True)
    clientside("sided", Output(Symbol.WHY, "id"), Input(Symbol.SIDE, "value"))
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("qtAsk", "reply"), Output(Symbol.DONE, "data"), Input(Symbol.REPLY, "data")
    )


def base_of(deps: AppDeps, con_id: Any, timeframe: Any, zone: tzinfo = NEW_YORK) -> Json:
    """The chart's columns; without bars only the con_id, so that the browser asks again when they come."""
    frame = BY_KEY.get(timeframe if isinstance(timeframe, str) else "", BY_KEY["1m"])
    section = symbol_of(deps, con_id)
    if section is None or not section.bars:
        return {"con": con_id if type(con_id) is int else None, "tf": frame.key, "t": []}
    return chart_base(section, frame, level_bars(deps), zone, surge(deps))


def symbol_of(deps: AppDeps, con_id: Any) -> SymbolSection | None:
    """The section of a contract, if a page has it open."""
    if type(con_id) is not int or not 0 < con_id < 10**10:
        return None
    section = deps.state.read(symbol_key(con_id))
    return section if isinstance(section, SymbolSection) else None


def level_bars(deps: AppDeps) -> int:
    """N of the breakout level as it is set now."""
    value = _setting(deps, "breakout.bars_n")
    return value if type(value) is int and value > 0 else LEVEL_BARS


def surge(deps: AppDeps) -> float | None:
    """How many times its usual volume a bar needs now; None while the settings are not there."""
    value = _setting(deps, "breakout.volume_surge")
    return float(value) if isinstance(value, int | float) and value > 0 else None


def _setting(deps: AppDeps, key: str) -> Any:
    settings = deps.state.read("settings")
    rows = settings.rows if isinstance(settings, SettingsSection) else ()
    return next((row.value for row in rows if row.key == key), None)


def pinned(deps: AppDeps, con_id: Any) -> str:
    """Turn the pin over; what to say when that is refused, "" when it is on its way."""
    section = symbol_of(deps, con_id)
    if section is None:
        return "Nothing to pin yet: the symbol is not open."
    return submitted(deps, PinSymbol(uuid.uuid4().hex, section.con_id, not section.pinned))


def submitted(deps: AppDeps, command: Command) -> str:
    """Hand a command over; the refusal in words, "" when it was taken."""
    try:
        deps.state.submit(command)
    except CommandRefused as refused:
        return str(refused)
    return ""


def polled(pages: tuple[PageView, ...], deps: AppDeps) -> tuple[PageView, ...]:
    """The pages with what their polls tell the engine: which symbol is open, which name is looked for."""
    asker = _Asker(deps)
    on_poll = {SYMBOL.name: asker.open, SYMBOL_NAME.name: asker.find, CHARTS.name: asker.open_all}
    return tuple(replace(view, on_poll=on_poll[view.name]) if view.name in on_poll else view for view in pages)


class _Asker:
    """Any thread. A dashboard without an engine refuses commands: its pages show what is there."""

    def __init__(self, deps: AppDeps) -> None:
        self._deps = deps
        self._asked: OrderedDict[str, float] = OrderedDict()

    def open(self, params: Params) -> None:
        """A number that is no contract known here may be a name, or a contract that only the broker knows."""
        con_id = int(params["con_id"])
        submitted(self._deps, OpenSymbol(uuid.uuid4().hex, con_id, PAGE_ID))
        universe = self._deps.state.read("universe")
        if isinstance(universe, UniverseSection) and all(row[0] != con_id for row in universe.symbols):
            self.find({"name": params["con_id"]})

    def open_all(self, params: Params) -> None:
        """Every symbol of the Charts page: open as on its own page, by the same rules of the line budget."""
        for con_id in asked_charts(params["query"]).con_ids:
            submitted(self._deps, OpenSymbol(uuid.uuid4().hex, con_id, CHARTS.name))

    def find(self, params: Params) -> None:
        """Ask the broker for a name once a minute at most, whatever the number of tabs."""
        name, now = name_of(params["name"]), self._deps.clock.mono()
        if refused(name) or now - self._asked.get(name, -ASK_AGAIN_S) < ASK_AGAIN_S:
            return
        self._asked[name] = now
        while len(self._asked) > NAMES_KEPT:
            self._asked.popitem(last=False)
        submitted(self._deps, FindSymbol(request_id_of(name), name))
