"""The one poll, and the one clientside callback that spreads its delta over the page."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import PreventUpdate
from flask import g

from app.feed import Feed
from app.ids import Shell


def register(app: Dash, feed: Feed) -> None:
    """Add the poll to `app`."""

    @app.callback(
        Output(Shell.DELTA, "data"),
        Input(Shell.POLL, "n_intervals"),
        Input(Shell.KICK, "data"),
        Input(Shell.URL, "pathname"),
        State(Shell.CURSOR, "data"),
        State(Shell.SIGHT, "data"),
        running=[(Output(Shell.POLL, "disabled"), True, False)],
    )
    def poll(_ticks: int, _kick: Any, path: str, cursor: str | None, sight: str | None) -> dict[str, Any]:
        """The delta with the page that it is of and the cursor that it leads from ("since") and to: the browser applies
        what fits where it is and what it has. `snapshot` = the moment that all of it is of.
        """
        answer = feed.poll(path, cursor, sight)
        g.pulse = (answer.now_wall, answer.heartbeat_age_s, answer.snapshot)
        if answer.delta is None:
            raise PreventUpdate  # 204, no body
        about = {"path": path, "page": answer.page, "since": cursor, "snapshot": answer.snapshot}
        return {**about, **answer.delta, "cursor": answer.cursor}

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("qt", "apply"),
        Output(Shell.CURSOR, "data"),
        Input(Shell.DELTA, "data"),
        prevent_initial_call=True,
    )
