"""The session's cookie, and what a request says of who sends it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Request, Response
from werkzeug.sansio.http import parse_cookie  # as Flask reads them: any bytes may stand in a cookie of another program

from app.login.gate import Asked, Gate

_BEARER = "bearer "
_LONGEST = 200


def cookie_name(scheme: str, port: int) -> str:
    """Browsers keep one cookie for all ports of a computer: the port keeps two QTrades apart. Over TLS the prefix has
    the browser see to it that no other host or path has set it."""
    return "__Host-qtrade" if scheme == "https" else f"qtrade-{port}"


def asked(request: Request, port: int) -> Asked:
    """Of this request; what is too long to be ours is none."""
    word = request.cookies.get(cookie_name(request.scheme, port))
    head = request.headers.get("Authorization", "")
    token = head[len(_BEARER) :].strip() if head.lower().startswith(_BEARER) else None
    return Asked(request.method, request.path, _of_ours(word), _of_ours(token))


def _of_ours(text: str | None) -> str | None:
    return text if text and len(text) <= _LONGEST else None


def file_senders(gate: Gate, port: int) -> Callable[[str], bool]:
    """Whether the one whose Cookie header this is may send a large body: asked before a byte of it is taken."""
    names = [cookie_name(scheme, port) for scheme in ("http", "https")]

    def may(header: str) -> bool:
        cookies = parse_cookie(header)
        return gate.may_send_files(word for name in names if (word := _of_ours(cookies.get(name))) is not None)

    return may


def give(response: Response, request: Request, port: int, word: str) -> None:
    """Until the browser is closed; no script reads it, no other site sends it."""
    response.set_cookie(
        cookie_name(request.scheme, port), word,
        path="/", httponly=True, samesite="Strict", secure=request.scheme == "https",
    )  # fmt: skip


def take_back(response: Response, request: Request, port: int) -> None:
    response.delete_cookie(
        cookie_name(request.scheme, port), path="/", httponly=True, samesite="Strict", secure=request.scheme == "https"
    )
