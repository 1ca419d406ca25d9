"""A browser's side of Dash's callback protocol for Flask's test client: what the renderer would send, nothing else."""

from __future__ import annotations

from typing import Any

from dash import Dash
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.feed_route import FEED_PATH

HEADERS = {"Host": "127.0.0.1"}


def call(app: Dash, client: FlaskClient, output: str, values: dict[str, Any], triggered: str) -> TestResponse:
    """Call the server callback whose output is `output`; `values` = "id.property" -> value, None for the rest."""
    spec = app.callback_map[output]

    def filled(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**entry, "value": values.get(f"{entry['id']}.{entry['property']}")} for entry in entries]

    body = {
        "output": output,
        "outputs": _outputs(output),
        "inputs": filled(spec["inputs"]),
        "state": filled(spec["state"]),
        "changedPropIds": [triggered],
    }
    return client.post("/_dash-update-component", json=body, headers=HEADERS)


def poll(client: FlaskClient, path: str = "/", cursor: str | None = None, **more: str) -> TestResponse:
    """One poll of a page, as the browser's timer asks."""
    words = {"path": path, **({"cursor": cursor} if cursor else {}), **more}
    return client.get(FEED_PATH, query_string=words, headers=HEADERS)


def _outputs(output: str) -> Any:
    if not output.startswith(".."):
        return _output(output)
    return [_output(one) for one in output.strip(".").split("...")]


def _output(one: str) -> dict[str, str]:
    name, _, prop = one.rpartition(".")
    return {"id": name, "property": prop}
