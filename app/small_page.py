"""A page of a few lines for an address that is none: it needs no script, no style sheet and no engine."""

from __future__ import annotations

from html import escape

from flask import Response

from app.components.rail import ENTRIES

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>QTrade - {title}</title>
<link rel="icon" href="/assets/favicon.ico">
<style>body {{ font: 16px/1.5 system-ui, sans-serif; color: #0f172a; background: #f8fafc; margin: 15vh auto;
 max-width: 30rem; padding: 0 1rem }} a {{ color: #1d4ed8 }}</style>
<main><h1>{title}</h1><p>{text}</p><nav aria-label="Pages">{links}</nav></main>
</html>
"""


def small_page(status: int, title: str, text: str) -> Response:
    """`title` and `text` are plain text."""
    links = " · ".join(f'<a href="{entry.path}">{entry.label}</a>' for entry in ENTRIES)
    return Response(_PAGE.format(title=escape(title), text=escape(text), links=links), status, mimetype="text/html")


def no_such_page() -> Response:
    return small_page(404, "No such page", "Nothing is at this address.")
