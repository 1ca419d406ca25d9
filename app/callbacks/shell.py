"""Find a symbol from anywhere: names of the universe as they are typed."""

from __future__ import annotations

from dash import Dash, Input, Output, html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.deps import AppDeps
from app.ids import Shell
from app.rows.find import Found, find
from engine.state.sections import UniverseSection


def register(app: Dash, deps: AppDeps) -> None:
    """Add the search to `app`."""

    @app.callback(Output(Shell.FIND_LIST, "children"), Input(Shell.FIND, "value"), prevent_initial_call=True)
    def search(text: str | None) -> list[Component]:
        section = deps.state.read("universe")
        return found_list(text or "", section if isinstance(section, UniverseSection) else None)


def found_list(text: str, universe: UniverseSection | None) -> list[Component]:
    """The options under the box; a sentence when nothing fits."""
    if not text.strip():
        return []
    found = find(text, universe)
    if not found:
        words = f"No symbol here begins with {text.strip()[:20].upper()}. Enter looks further."
        return [html.Div(words, className="qt-none")]
    return [_option(item, i == 0) for i, item in enumerate(found)]


def _option(item: Found, first: bool) -> Component:
    return html.A(
        [html.B(item.local_symbol), html.Span(item.note), html.Span(item.lane, className="qt-lane")],
        href=f"/symbol/{item.con_id}",
        role="option",
        **attrs(aria_selected="true" if first else "false"),
    )
