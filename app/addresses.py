"""Which addresses there are: an unknown one answers 404 with a page of a few lines, not 200 with the whole dashboard.

Dash answers every path with its index. Names of symbols that nobody knows stay 200: they are questions, and the page
answers them.
"""

from __future__ import annotations

from urllib.parse import quote

from flask import Flask, Response, request

from app.rows.find_page import name_of, refused
from app.views import OTHER, PAGES, SYMBOL_NAME, find_page

CATCH_ALL = "/<path:path>"  # Dash's own rule, whose endpoint bears the same name
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>QTrade - {title}</title>
<link rel="icon" href="/assets/favicon.ico">
<style>body {{ font: 16px/1.5 system-ui, sans-serif; color: #0f172a; background: #f8fafc; margin: 15vh auto;
 max-width: 30rem; padding: 0 1rem }} a {{ color: #1d4ed8 }}</style>
<main><h1>{title}</h1><p>{text}</p><p><a href="/">Overview</a></p></main>
</html>
"""


def guard(server: Flask) -> None:
    """Answer what is no page of ours before Dash does."""

    @server.before_request
    def check() -> Response | None:
        return None if request.endpoint != CATCH_ALL else answer_to(quote(request.path))


def answer_to(path: str) -> Response | None:
    """The 404 or 400 of a path as the browser spells it (percent-encoded); None = a page is there."""
    view, params = find_page(PAGES, path)
    if view is OTHER:
        return _page(404, "No such page", "Nothing is at this address.")
    problem = refused(name_of(params["name"])) if view is SYMBOL_NAME else ""
    return _page(400, "No such name", problem) if problem else None


def _page(status: int, title: str, text: str) -> Response:
    return Response(_PAGE.format(title=title, text=text), status, mimetype="text/html")
