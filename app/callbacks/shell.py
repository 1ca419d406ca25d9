"""From anywhere: find a symbol as its name is typed, and choose the account that is shown."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, html
from dash.development.base_component import Component

from app.callbacks.requests import reply_to
from app.components.attributes import attrs
from app.deps import AppDeps
from app.ids import Shell
from app.rows.find import Found, find
from engine.state.sections import PositionsSection, UniverseSection


def register(app: Dash, deps: AppDeps) -> None:
    """Add the search and the choice to `app`."""

    @app.callback(Output(Shell.FIND_LIST, "children"), Input(Shell.FIND, "value"), prevent_initial_call=True)
    def search(typed: Any) -> list[Component]:
        text = typed if isinstance(typed, str) else ""  # any script may send another thing
        section, positions = deps.state.read("universe"), deps.state.read("positions")
        held = {row.con_id for row in positions.tradable} if isinstance(positions, PositionsSection) else set()
        return found_list(text, section if isinstance(section, UniverseSection) else None, held)

    @app.callback(Output(Shell.ACCOUNT_REPLY, "data"), Input(Shell.ACCOUNT_ASK, "data"), prevent_initial_call=True)
    def choose(request: Any) -> dict[str, Any]:
        return reply_to(deps, request)

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("qtAccount", "reply"),
        Output(Shell.ACCOUNT_DONE, "data"),
        Input(Shell.ACCOUNT_REPLY, "data"),
        prevent_initial_call=True,
    )


def found_list(text: str, universe: UniverseSection | None, held: Collection[int] = ()) -> list[Component]:
    """The options under the box; a sentence when nothing fits. Each says which text it answers (shell.mjs)."""
    if not text.strip():
        return []
    found = find(text, universe, held)
    options = [_option(item, text, i == 0) for i, item in enumerate(found)]
    name = text.strip()
    if name.isdecimal():  # as an address a number is a con_id first
        note = html.Span("looked up as a name")
        options.append(_link([html.B(name), note], f"/symbol/name/{name}", text, first=not options))
    if options:
        return options
    words = f"No symbol here begins with {name[:20].upper()}. Enter looks further."
    return [html.Div(words, className="qt-none", **attrs(data_for=text))]


def _option(item: Found, text: str, first: bool) -> Component:
    words: list[Component] = [
        html.B(item.local_symbol),
        html.Span(item.note),
        html.Span(item.lane, className="qt-lane"),
    ]
    return _link(words, f"/symbol/{item.con_id}", text, first=first)


def _link(words: list[Component], href: str, text: str, *, first: bool) -> Component:
    chosen = "true" if first else "false"
    return html.A(words, href=href, role="option", **attrs(aria_selected=chosen, data_for=text))
