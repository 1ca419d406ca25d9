"""`GET /api/v1/log`: the log out of its files, newest first, page by page; `/api/v1/log/export`: the same as a file.

    /api/v1/log?level=WARNING&text=farm&before=<what `older` said>&n=100
    /api/v1/log/export?level=ERROR&text=

Account ids are shortened in both, whatever build has written the files. What failed is named by its kind in the lines;
its trace is in the file alone: no answer to a page holds one. 403 for a page of another site.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
import zipfile
from collections.abc import Iterable
from typing import IO, Any

import msgspec
from flask import Flask, Response, request, send_file

from app.deps import AppDeps
from app.display_zone import asked_zone
from app.export_route import file_name
from app.query import whole
from app.security import is_own_page, refusal
from app.snapshots import Snapshots, engine_state
from engine.clock import local_time
from engine.logs.reading import LogEntry, Wanted
from engine.logs.redaction import redact
from engine.storage.encodable import to_json

LOG_PATH = "/api/v1/log"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
PAGE, PAGE_MOST = 100, 1_000
TEXT_MOST = 200
_MEMORY = 1 << 20  # a longer file waits on the disk until it is sent


def register(server: Flask, deps: AppDeps) -> None:
    """Add the routes to `server`."""

    @server.get(LOG_PATH)
    def log_lines() -> Response:
        wanted = _asked()
        if isinstance(wanted, Response):
            return wanted
        count = whole(request.args.get("n", str(PAGE)), PAGE_MOST)
        if count is None:
            return refusal(400, f"n is {request.args['n'][:40]!r}; must be a whole number, 1-{PAGE_MOST}")
        found = deps.log.page(wanted, request.args.get("before", "")[:TEXT_MOST], count)
        body = {"lines": [_line(each) for each in found.entries], "older": found.older or None}
        return Response(to_json(body), mimetype="application/json")

    @server.get(f"{LOG_PATH}/export")
    def log_export() -> Response:
        wanted = _asked()
        if isinstance(wanted, Response):
            return wanted
        packed = _packed(deps.log.lines(wanted))
        now = deps.clock.wall()
        s = Snapshots.read(deps.state, ("broker",), engine_state(None), now)
        simulated = s.broker is not None and s.broker.mode == "simulated"
        called = file_name("log", "zip", local_time(s.market_time(now), asked_zone()), simulated=simulated)
        return send_file(packed, "application/zip", as_attachment=True, download_name=called)


def _line(entry: LogEntry) -> dict[str, Any]:
    line: dict[str, Any] = msgspec.to_builtins(entry)
    line.pop("trace", None)
    return line


def _packed(lines: Iterable[bytes]) -> IO[bytes]:
    """A zip of one file, ready to be read; who sends it closes it."""
    with contextlib.ExitStack() as stack:
        packed = stack.enter_context(tempfile.SpooledTemporaryFile(_MEMORY))
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("qtrade.jsonl", "w") as file:
            file.writelines(lines)
        packed.seek(0)
        stack.pop_all()
    return packed


def _asked() -> Wanted | Response:
    """What is wanted, or why it can't be."""
    headers = request.headers
    if not is_own_page(request.host, request.scheme, headers.get("Origin"), headers.get("Sec-Fetch-Site")):
        return refusal(403, "This request comes from another site.")
    level, text = request.args.get("level", ""), request.args.get("text", "")
    if level and level not in LEVELS:
        return refusal(400, f"level is {level[:40]!r}; must be one of {', '.join(LEVELS)}")
    if len(text) > TEXT_MOST:
        return refusal(400, f"text has {len(text)} characters; at most {TEXT_MOST} are looked for")
    return Wanted(logging.getLevelNamesMapping()[level] if level else 0, redact(text))
