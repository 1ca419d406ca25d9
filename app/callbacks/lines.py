"""Which lines the ledger shows: decided in the browser, nothing is asked of the server."""

from __future__ import annotations

from dash import ClientsideFunction, Dash, Input, Output

from app.ids import Lines


def register(app: Dash) -> None:
    """Add the filter of the ledger to `app`."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("qtLines", "show"), Output(Lines.GRID, "id"), Input(Lines.SHOW, "value")
    )
