"""The login over HTTP: a page for people, JSON for its script.

GET  /login?next=/lines  the page; where nobody has to log in it leads on at once
POST /login              {"password": "..."} or {"once": "..."}: 204 and a cookie, 401 or 429 with the reason
GET  /login/session      204 in a session, else 401: a page that came by a link of another program (whose request
                         carries no cookie) finds out that it has one
POST /logout             {}: 204, and the session has ended here
"""

from __future__ import annotations

import math
from urllib.parse import urlsplit

import msgspec
from flask import Flask, Response, g, redirect, request
from msgspec import Struct

from app.login.cookie import asked, give, take_back
from app.login.gate import LOGIN_PATH, LOGOUT_PATH, SESSION_PATH, Gate, Visitor
from app.login.page import login_page
from app.rates import HERE, client_of
from app.security import refusal


class _Tried(Struct, forbid_unknown_fields=True):
    password: str | None = None
    once: str | None = None


_tries = msgspec.json.Decoder(_Tried)


def register(server: Flask, gate: Gate, port: int) -> None:
    """Add the routes to `server`."""

    @server.get(LOGIN_PATH)
    def login() -> Response:
        leads_to = own_address(request.args.get("next", ""))
        if g.visitor is Visitor.ANYBODY:
            return redirect(leads_to, 303)  # type: ignore[return-value]
        is_open = request.scheme == "http" and client_of(request.remote_addr or "") != HERE
        return Response(login_page(gate.ways(), gate.problem(), leads_to, is_open), mimetype="text/html")

    @server.post(LOGIN_PATH)
    def log_in() -> Response:
        try:
            tried = _tries.decode(request.get_data())
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return refusal(400, "This is no login of a page. Reload the page.")
        if not gate.is_on:
            return Response(status=204)
        verdict = gate.log_in(request.remote_addr or "", password=tried.password, once=tried.once)
        if verdict.wait_s:
            wait_s = math.ceil(verdict.wait_s)
            said = refusal(429, f"Too many tries. Try again in {wait_s} s.")
            said.headers["Retry-After"] = str(wait_s)
            return said
        if verdict.word is None:
            return refusal(401, verdict.why)
        gate.log_out(asked(request, port).word)  # whose session this browser had
        response = Response(status=204)
        give(response, request, port, verdict.word)
        return response

    @server.get(SESSION_PATH)
    def session() -> Response:
        return Response(status=204)  # the door has let it through

    @server.post(LOGOUT_PATH)
    def log_out() -> Response:
        gate.log_out(asked(request, port).word)
        response = Response(status=204)
        take_back(response, request, port)
        return response


def own_address(text: str) -> str:
    """Where a login leads to: an address of this server, else its first page."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    is_own = text.startswith("/") and not text.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    is_plain = text.isprintable() and "\\" not in text and parts.path not in (LOGIN_PATH, LOGOUT_PATH)
    return text if is_own and is_plain else "/"
