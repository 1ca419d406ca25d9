"""The dashboard's front door: who may ask, what a request may be, which headers leave, what an error looks like.

For a server that listens on loopback without a login. Against it stand: a web page of another site in the trader's
own browser (rebinding, cross-site requests), a tab that is older than the program, and text that is not ours.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from flask import Flask, Response, abort, request
from msgspec import Struct
from werkzeug.exceptions import HTTPException

from engine.storage.encodable import to_json

log = logging.getLogger("qtrade.web")

BODY_MAX_BYTES = 1_000_000
UPLOAD_PATH = "/api/v1/journal/statements"  # the one address that takes a file, as it is
UPLOAD_TYPE = "application/octet-stream"
UPLOAD_MAX_BYTES = 64 * 2**20
CALLBACK_PATH = "/_dash-update-component"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_STATIC_TYPES = ("image/", "font/", "text/css", "text/javascript", "application/javascript")
RELOAD = "This tab is of another version of the program. Reload the page."

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Styles: the grid and the charts write style attributes. Images and workers: pictures of charts are made as blobs.
_POLICY = (
    "default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
    " font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)


def protect(app: Any, host: str = "127.0.0.1") -> None:
    """Put the door into a Dash app; its callbacks may be registered before or after. `host` = where it listens."""
    server: Flask = app.server
    server.config["TRUSTED_HOSTS"] = trusted_hosts(host)
    server.config["MAX_CONTENT_LENGTH"] = BODY_MAX_BYTES
    door = _Door(app)
    server.before_request(door.check)
    server.after_request(door.seal)
    server.register_error_handler(Exception, door.explain)


def trusted_hosts(host: str) -> list[str]:
    """Host headers that are answered, with any port; another name for this address is somebody's trick."""
    names = ["127.0.0.1", "localhost"]
    return [*names, "[::1]"] if host == "::1" else names


def content_security_policy(script_hashes: list[str]) -> str:
    """Scripts: files of this server, and the inline ones whose hashes are given; no eval."""
    return _POLICY.format(scripts=" ".join(["'self'", *script_hashes]))


def is_own_page(host: str, scheme: str, origin: str | None, fetch_site: str | None) -> bool:
    """Whether a changing request comes from a page of this server, or from a script (which sends neither header)."""
    if fetch_site is not None and fetch_site != "same-origin":
        return False
    return origin is None or origin == f"{scheme}://{host}"


class _Dependency(Struct):
    id: str | dict[str, Any]
    property: str


class _CallbackBody(Struct):
    """What Dash's renderer sends; a wildcard argument is a list."""

    output: str
    inputs: list[_Dependency | list[_Dependency]]
    outputs: dict[str, Any] | list[Any] | None = None
    state: list[_Dependency | list[_Dependency]] = []
    changedPropIds: list[str] = []  # the renderer's name


_bodies = msgspec.json.Decoder(_CallbackBody)


def stale_reason(body: _CallbackBody, callbacks: dict[str, Any]) -> str:
    """Why a callback request does not fit the callbacks of this program; "" = it does."""
    known = callbacks.get(body.output)
    if known is None or "callback" not in known:  # clientside callbacks are never asked for
        return "unknown output"
    for given, wanted in ((body.inputs, known.get("inputs", [])), (body.state, known.get("state", []))):
        if len(given) != len(wanted):
            return "other arguments"
        if any(not _is_same(item, spec) for item, spec in zip(given, wanted, strict=True)):
            return "other arguments"
    return ""


def _is_same(item: _Dependency | list[_Dependency], spec: dict[str, Any]) -> bool:
    """Wildcards (whose id is JSON text in the specification) are compared by property only."""
    given = item if isinstance(item, list) else [item]
    is_plain = not str(spec["id"]).startswith("{")
    return all(g.property == spec["property"] and (not is_plain or g.id == spec["id"]) for g in given)


class _Door:
    """The hooks of one app. Any thread."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._policy: str | None = None

    def check(self) -> Response | None:
        """Before each request: refuse what a page of ours would not send."""
        host = request.host  # raises the 400 of TRUSTED_HOSTS
        if request.method in _READING:
            return None
        headers = request.headers
        if not is_own_page(host, request.scheme, headers.get("Origin"), headers.get("Sec-Fetch-Site")):
            return refusal(403, "This request comes from another site.")
        is_upload = request.path == UPLOAD_PATH
        most = UPLOAD_MAX_BYTES if is_upload else BODY_MAX_BYTES
        request.max_content_length = most
        if request.content_length is not None and request.content_length > most:
            abort(413, _TOO_LARGE.format(most=most // 1_000_000))
        if not (request.mimetype == UPLOAD_TYPE if is_upload else request.is_json):
            abort(415, f"Only a file is taken here (Content-Type: {UPLOAD_TYPE})." if is_upload else None)
        return self._check_callback() if request.path == CALLBACK_PATH else None

    def _check_callback(self) -> Response | None:
        try:
            body = _bodies.decode(request.get_data())
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return refusal(
                400, "The request is not one that a page of this program sends. Reload the page.", reload=True
            )
        reason = stale_reason(body, self._app.callback_map)
        return refusal(409, RELOAD, reload=True, reason=reason) if reason else None

    def seal(self, response: Response) -> Response:
        """After each request: the security headers; nothing but files may be kept by the browser."""
        if self._policy is None:  # all callbacks are registered once requests come
            self._policy = content_security_policy(list(self._app.csp_hashes()))
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["Content-Security-Policy"] = self._policy
        if not (response.mimetype or "").startswith(_STATIC_TYPES):
            response.headers["Cache-Control"] = "no-store"
        return response

    def explain(self, error: Exception) -> Response:
        """Errors as JSON in plain words; the traceback goes to the log, never into an answer."""
        if isinstance(error, HTTPException):
            code = error.code or 500
            if code < 400:
                return error.get_response()  # type: ignore[return-value]
            is_upload = request.path == UPLOAD_PATH and code in (413, 415) and error.description
            return refusal(code, str(error.description) if is_upload else _WORDS.get(code, error.name))
        log.error("%s %s failed", request.method, request.path, exc_info=error)
        if request.path == CALLBACK_PATH:
            # Callbacks' own errors end in the app's on_error; what is left is a body that fits no page of ours.
            return refusal(400, "The request could not be answered. Reload the page.", reload=True)
        return refusal(500, "Something went wrong here; the log file says what.")


_TOO_LARGE = "The file is larger than {most} MB. Take a statement of a shorter period."
_WORDS = {
    400: "The request is not valid, or its Host is not this computer. Open the page at http://127.0.0.1 or localhost.",
    404: "There is no such address here.",
    405: "This address can only be read (GET).",
    413: f"The request is larger than {BODY_MAX_BYTES // 1000:,} kB.",
    415: "Only JSON is taken here (Content-Type: application/json).",
    500: "Something went wrong here; the log file says what.",
}


def refusal(code: int, text: str, **more: Any) -> Response:
    """A JSON answer that says no."""
    return Response(to_json({"error": text, **more}), code, mimetype="application/json")
