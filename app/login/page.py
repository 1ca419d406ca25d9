"""The login page: a card in the house's look, of its own few files (`gate.PUBLIC_FILES`), without Dash."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from app.login.gate import ICON, SCRIPTS, STYLES, Way
from app.login.local_link import FILE_NAME

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="only light">
<title>QTrade - Log in</title>
<link rel="icon" href="{icon}">
{styles}
<script type="module" src="{script}"></script>
<main class="login" data-next="{leads_to}">
<h1>QTrade</h1>
{body}
{notes}
</main>
</html>
"""
_FORM = """<form id="login" method="post" action="/login">
<input type="text" name="username" value="qtrade" autocomplete="username" hidden>
<label for="password">Password</label>
<div class="box">
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" required
 autofocus>
<button type="button" id="show" aria-pressed="false" aria-controls="password">Show</button>
</div>
<button type="submit" class="primary">Log in</button>
</form>"""
_SAID = '<p id="said" class="said" role="alert"></p>'
_BY_LINK = """<p class="way">{on_its}<b>Log in by a link</b>: open the one that QTrade printed at its start, or the page
<code>{file}</code> in its data folder. Each link is good once, and the page always holds the next one.</p>"""
_IN_THE_OPEN = "This connection is not encrypted: whoever is on the way reads the password. Use an https address."


def login_page(ways: Sequence[Way], problem: str, leads_to: str, is_open: bool) -> str:
    """`problem`: why no password can be right; `leads_to`: the address that was asked for, one of this server;
    `is_open`: what is typed goes over a network without TLS."""
    parts = [f'<p class="note error" role="alert">{escape(problem)}</p>'] if problem else []
    if "password" in ways:
        parts.append(_FORM)
    parts.append(_SAID)
    if "link" in ways:
        parts.append(_BY_LINK.format(file=FILE_NAME, on_its="Or: " if "password" in ways else ""))
    return _PAGE.format(
        icon=ICON,
        styles="\n".join(f'<link rel="stylesheet" href="{style}">' for style in STYLES),
        script=SCRIPTS[0],
        leads_to=escape(leads_to),
        body="\n".join(parts),
        notes=f'<p class="note warn">{_IN_THE_OPEN}</p>' if is_open else "",
    )
