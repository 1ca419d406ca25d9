"""`/api/v1/checks`: what the last look at this computer found; `POST` of `{}` there looks again.

Both answer with what is known now: {"looking": false, "at": <epoch s or null>, "findings": [{"verdict", "what",
"found", "cure"}]}; account ids are shortened.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response

from app.checks import Finding
from app.deps import AppDeps
from engine.logs.redaction import redact
from engine.storage.encodable import printable, to_json

CHECKS_PATH = "/api/v1/checks"


def register(server: Flask, deps: AppDeps) -> None:
    """Add the routes to `server`."""

    @server.get(CHECKS_PATH)
    def checks() -> Response:
        return _answer(deps)

    @server.post(CHECKS_PATH)
    def look_again() -> Response:
        deps.checks.look()
        return _answer(deps)


def _answer(deps: AppDeps) -> Response:
    last = deps.checks.last()
    body = {"looking": last.is_looking, "at": last.at_wall, "findings": [_shown(each) for each in last.findings]}
    return Response(to_json(body), mimetype="application/json")


def _shown(finding: Finding) -> dict[str, Any]:
    words = {name: printable(redact(getattr(finding, name))) for name in ("what", "found", "cure")}
    return {"verdict": finding.verdict, **words}
