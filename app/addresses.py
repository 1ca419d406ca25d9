"""Which addresses there are: an unknown one answers 404 with a page of a few lines, not 200 with the whole dashboard.

Dash answers every path with its index. Names of symbols that nobody knows stay 200: they are questions, and the page
answers them.
"""

from __future__ import annotations

from urllib.parse import quote

from flask import Flask, Response, request

from app.rows.find_page import name_of, refused
from app.small_page import no_such_page, small_page
from app.views import OTHER, PAGES, SYMBOL_NAME, find_page

CATCH_ALL = "/<path:path>"  # Dash's own rule, whose endpoint bears the same name


def guard(server: Flask) -> None:
    """Answer what is no page of ours before Dash does."""

    @server.before_request
    def check() -> Response | None:
        return None if request.endpoint != CATCH_ALL else answer_to(quote(request.path))


def answer_to(path: str) -> Response | None:
    """The 404 or 400 of a path as the browser spells it (percent-encoded); None = a page is there."""
    view, params = find_page(PAGES, path)
    if view is OTHER:
        return no_such_page()
    problem = refused(name_of(params["name"])) if view is SYMBOL_NAME else ""
    return small_page(400, "No such name", problem) if problem else None
