"""The dashboard's front door: who may ask, what a request may be, which headers leave, what an error looks like.

Against it stand: a web page of another site in the trader's own browser (rebinding, cross-site requests), whoever has
not logged in where that is needed (`app/login/gate.py`), a tab that is older than the program, and text that is not
ours.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from dash._utils import split_callback_id
from dash.exceptions import DashException
from flask import Flask, Response, abort, g, redirect, request
from msgspec import Struct
from werkzeug.exceptions import HTTPException

from app.asset_urls import FOR_EVER, KEPT
from app.login.cookie import asked
from app.login.gate import LOGIN_PATH, Gate, Visitor, is_public, open_gate
from app.rates import LIMITS, Rates, kind_of_callback, kind_of_reading, kind_of_writing
from app.small_page import no_such_page
from engine.storage.encodable import to_json

log = logging.getLogger("qtrade.web")

BODY_MAX_BYTES = 1_000_000
UPLOAD_PATH = "/api/v1/journal/statements"  # the one address that takes a file, as it is
UPLOAD_TYPE = "application/octet-stream"
UPLOAD_MAX_BYTES = 64 * 2**20
CALLBACK_PATH = "/_dash-update-component"
_ADDRESS = frozenset({"pathname", "search", "hash", "href"})
_SUITES = "/_dash-component-suites/"
_FOR_SCRIPTS = ("/api/", "/feed", "/healthz", "/metrics")  # errors there are JSON, elsewhere a small page
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_STATIC_TYPES = ("image/", "font/", "text/css", "text/javascript", "application/javascript")
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104
LOG_IN = "Log in first."
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


def protect(
    app: Any, hosts: list[str] | None = None, rates: Rates | None = None, gate: Gate | None = None, port: int = 0
) -> None:
    """Put the door into a Dash app; its callbacks may be registered before or after.

    `hosts` it is asked by (`trusted_hosts`), `port` names the cookie. `rates` None = as often as one likes, `gate` None
    = nobody has to log in.
    """
    server: Flask = app.server
    server.config["TRUSTED_HOSTS"] = trusted_hosts() if hosts is None else hosts
    server.config["MAX_CONTENT_LENGTH"] = BODY_MAX_BYTES
    door = _Door(app, rates, gate or open_gate(), port)
    server.before_request(door.check)
    server.after_request(door.seal)
    server.register_error_handler(Exception, door.explain)


def trusted_hosts(host: str = "127.0.0.1", more: str | None = None) -> list[str]:
    """Host headers that are answered, with any port; another name for this address is somebody's trick.

    `host` = where it listens, `more` = further names with commas between.
    """
    own = [] if host in ANY_ADDRESS else [f"[{host}]" if ":" in host else host]
    local = ["[::1]"] if host == "::" else []
    named = [name.strip() for name in (more or "").split(",") if name.strip()]
    return list(dict.fromkeys(["127.0.0.1", "localhost", *own, *local, *named]))


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
    value: Any = None


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
    if not _is_output(body.outputs, split_callback_id(body.output)):  # type: ignore[no-untyped-call]
        return "other outputs"
    for given, wanted in ((body.inputs, known.get("inputs", [])), (body.state, known.get("state", []))):
        if len(given) != len(wanted):
            return "other arguments"
        if any(not _is_same(item, spec) for item, spec in zip(given, wanted, strict=True)):
            return "other arguments"
        if any(one.property in _ADDRESS and not isinstance(one.value, str | None) for one in _flat(given)):
            return "an address that is none"  # Dash takes it for a text
    return ""


def _flat(given: list[_Dependency | list[_Dependency]]) -> Iterator[_Dependency]:
    for item in given:
        yield from item if isinstance(item, list) else [item]


def _is_output(given: Any, wanted: Any) -> bool:
    """Whether the renderer would name the outputs so; a wildcard's are a list, and compared by property only."""
    if isinstance(wanted, list):
        return isinstance(given, list) and len(given) == len(wanted) and all(map(_is_output, given, wanted))
    found = given if isinstance(given, list) and wanted["id"].startswith("{") else [given]
    return all(
        isinstance(one, dict)
        and one.get("property") == wanted["property"]
        and (wanted["id"].startswith("{") or one.get("id") == wanted["id"])
        for one in found
    )


def _is_same(item: _Dependency | list[_Dependency], spec: dict[str, Any]) -> bool:
    """Wildcards (whose id is JSON text in the specification) are compared by property only."""
    given = item if isinstance(item, list) else [item]
    is_plain = not str(spec["id"]).startswith("{")
    return all(g.property == spec["property"] and (not is_plain or g.id == spec["id"]) for g in given)


class _Door:
    """The hooks of one app. Any thread."""

    def __init__(self, app: Any, rates: Rates | None, gate: Gate, port: int) -> None:
        self._app = app
        self._rates = rates
        self._gate = gate
        self._port = port
        self._policy: str | None = None

    def check(self) -> Response | None:
        """Before each request: refuse what a page of ours would not send."""
        host = request.host  # raises the 400 of TRUSTED_HOSTS
        g.visitor = self._gate.visitor(asked(request, self._port))
        if g.visitor is Visitor.NOBODY and not is_public(request.method, request.path):
            return self._ask_to_log_in()
        if request.method in _READING:
            return self._check_reading()
        headers = request.headers
        if not is_own_page(host, request.scheme, headers.get("Origin"), headers.get("Sec-Fetch-Site")):
            return refusal(403, other_site(host, request.scheme, headers.get("Origin")))
        is_upload = request.path == UPLOAD_PATH
        most = UPLOAD_MAX_BYTES if is_upload else BODY_MAX_BYTES
        request.max_content_length = most
        if request.content_length is not None and request.content_length > most:
            abort(413, _TOO_LARGE.format(most=most // 1_000_000))
        if not (request.mimetype == UPLOAD_TYPE if is_upload else request.is_json):
            abort(415, f"Only a file is taken here (Content-Type: {UPLOAD_TYPE})." if is_upload else None)
        if request.path == CALLBACK_PATH:
            return self._check_callback()
        return self._too_often(kind_of_writing(request.path))

    def _ask_to_log_in(self) -> Response:
        """A browser that opens a page is shown the login; whoever asks for data is told."""
        path = request.path
        if is_navigation(request.method, request.headers) and not path.startswith(_FOR_SCRIPTS):
            query = request.query_string.decode("ascii", "replace")
            back = quote(f"{quote(path)}?{query}" if query else quote(path))
            return redirect(LOGIN_PATH if back == "/" else f"{LOGIN_PATH}?next={back}", 303)  # type: ignore[return-value]
        said = refusal(401, LOG_IN, login=self._gate.ways())
        said.headers["WWW-Authenticate"] = 'Bearer realm="QTrade"'
        return said

    def _check_reading(self) -> Response | None:
        kind = kind_of_reading(request.path)
        return self._too_often(kind) if kind is not None else None

    def _too_often(self, kind: str) -> Response | None:
        wait_s = self._rates.wait_s(request.remote_addr or "", kind) if self._rates is not None else 0.0
        if not wait_s:
            return None
        said = refusal(429, f"Too many {LIMITS[kind].words} at once. Try again in {math.ceil(wait_s)} s.")
        said.headers["Retry-After"] = str(math.ceil(wait_s))
        return said

    def _check_callback(self) -> Response | None:
        try:
            body = _bodies.decode(request.get_data())
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            return _malformed(400, type(error).__name__)
        reason = stale_reason(body, self._app.callback_map)
        if reason:
            return _malformed(409, reason)
        return self._too_often(kind_of_callback(body.output, body.inputs))

    def seal(self, response: Response) -> Response:
        """After each request: the security headers; nothing but files may be kept by the browser."""
        if self._policy is None:  # all callbacks are registered once requests come
            self._policy = content_security_policy(list(self._app.csp_hashes()))
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["Content-Security-Policy"] = self._policy
        if response.status_code != 304 and not (response.mimetype or "").startswith(_STATIC_TYPES):
            response.headers["Cache-Control"] = "no-store"
        elif request.environ.get(KEPT) and response.status_code in (200, 304):
            response.headers["Cache-Control"] = FOR_EVER
        else:  # a 304 of Dash has no type of its own, and must not undo what the browser keeps
            response.headers.setdefault("Cache-Control", "no-cache")
        return response

    def explain(self, error: Exception) -> Response:
        """Errors as JSON in plain words; the traceback goes to the log, never into an answer."""
        if isinstance(error, HTTPException):
            code = error.code or 500
            if code < 400:
                return error.get_response()  # type: ignore[return-value]
            if code == 404 and request.method in _READING and not request.path.startswith(_FOR_SCRIPTS):
                return no_such_page()
            is_upload = request.path == UPLOAD_PATH and code in (413, 415) and error.description
            return refusal(code, str(error.description) if is_upload else _WORDS.get(code, error.name))
        if request.path == CALLBACK_PATH:
            # Callbacks' own errors end in the app's on_error; what is left is a body that fits no page of ours, and
            # its error may hold all that the callback had found.
            return _malformed(400, f"{type(error).__name__} at {_raised_at(error)}")
        if request.path.startswith(_SUITES) and isinstance(error, DashException | OSError | ValueError):
            return no_such_page()  # Dash raises where a file is none of its own
        log.error("%s %s failed", request.method, request.path, exc_info=error)
        return refusal(500, "Something went wrong here; the log file says what.")


def other_site(host: str, scheme: str, origin: str | None) -> str:
    """Why a request was refused; behind a proxy with TLS it may be QTrade's own page."""
    if origin == f"https://{host}" and scheme == "http":
        return (
            "This page came by https, which QTrade was not told. Set web.trusted_proxy to the reverse proxy's address."
        )
    return "This request comes from another site."


def is_navigation(method: str, headers: Any) -> bool:
    """Whether a person's browser opens a page, and no script or picture of one asks."""
    mode = headers.get("Sec-Fetch-Mode")
    return method == "GET" and (mode == "navigate" if mode is not None else "text/html" in headers.get("Accept", ""))


_TOO_LARGE = "The file is larger than {most} MB. Take a statement of a shorter period."


def _raised_at(error: BaseException) -> str:
    """The innermost place: "_validate.py:120"."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace is not None else "?"


def _malformed(code: int, reason: str) -> Response:
    """One short line in the log, whatever the body held; repeats are folded there."""
    log.warning("A request that no page of this build sends was refused (%d, %s)", code, reason)
    if code == 409:
        return refusal(409, RELOAD, reload=True, reason=reason)
    return refusal(code, "The request is not one that a page of this program sends. Reload the page.", reload=True)


_WORDS = {
    400: "The request is not valid, or its Host is none of QTrade's names. Open the page at http://127.0.0.1 or "
    "localhost, or add the name to web.trusted_hosts.",
    404: "There is no such address here.",
    405: "This address can only be read (GET).",
    413: f"The request is larger than {BODY_MAX_BYTES // 1000:,} kB.",
    415: "Only JSON is taken here (Content-Type: application/json).",
    500: "Something went wrong here; the log file says what.",
}


def refusal(code: int, text: str, **more: Any) -> Response:
    """A JSON answer that says no."""
    return Response(to_json({"error": text, **more}), code, mimetype="application/json")
