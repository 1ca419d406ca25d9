"""Statements over HTTP: a file to import as the body, the report as the answer; what has been read, and for which days.

    POST /api/v1/journal/statements?name=flex.xml      Content-Type: application/octet-stream, the file's bytes
    POST /api/v1/journal/statements/cancel             Content-Type: application/json, {}
    GET  /api/v1/journal/statements                    newest reports, coverage by account, the watched folder

A file that can't be imported now is answered by a report, too: "refused", with `why`. Questions of a report ("asks")
are answered by sending the file again with `dates`, `zone` or `account:<name>` in the query; `again=1` reads a file
that was read before. Every request passes the guard of `app/security.py`.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import ClientDisconnected

from app.deps import AppDeps
from app.security import UPLOAD_MAX_BYTES, UPLOAD_PATH
from app.snapshots import Snapshots, engine_state
from engine.errors import StatementError
from engine.statements.coverage import AccountCoverage, gap_words
from engine.statements.port import StatementDesk
from engine.statements.verdicts import Report
from engine.storage.encodable import to_json

REPORTS = 20
_ANSWERS = frozenset({"dates", "zone", "again"})
_OF_ACCOUNT = "account:"
_CHUNK = 2**16
_LONGEST = 200


def register(server: Flask, deps: AppDeps) -> None:
    """Add the routes to `server`."""
    desk: StatementDesk = deps.statements

    @server.post(UPLOAD_PATH)
    def import_statement() -> Response:
        name = request.args.get("name", "statement")[:_LONGEST].replace("\\", "/").rpartition("/")[2]
        answers = {
            key: value[:_LONGEST]
            for key, value in request.args.items()
            if key in _ANSWERS or (key.startswith(_OF_ACCOUNT) and len(key) <= _LONGEST)
        }
        try:
            with _kept() as path:
                return _json(msgspec.to_builtins(desk.import_file(path, name, answers)))
        except StatementError as error:
            report = Report(0, deps.clock.wall(), name, "", 0, "refused", str(error), answers=answers)
            return _json(msgspec.to_builtins(report))

    @server.post(f"{UPLOAD_PATH}/cancel")
    def cancel_import() -> Response:
        return _json({"cancelled": desk.cancel()})

    @server.get(UPLOAD_PATH)
    def statements() -> Response:
        reading, folder, now = desk.reading(), desk.folder(), deps.clock.wall()
        market = Snapshots.read(deps.state, ("broker",), engine_state(None), now).market_time(now)
        return _json(
            {
                "reading": msgspec.to_builtins(reading) if reading is not None else None,
                "folder": msgspec.to_builtins(folder),
                "coverage": [_coverage(each) for each in desk.coverage(market)],
                "reports": [msgspec.to_builtins(report) for report in desk.reports(REPORTS)],
            }
        )


@contextlib.contextmanager
def _kept() -> Iterator[Path]:
    """The request's body as a file that only this user can read, and that is gone afterwards.

    Raises StatementError: it is longer than it said, or has not come whole.
    """
    handle, name = tempfile.mkstemp(prefix="qtrade-statement-")
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            read = 0
            try:
                while chunk := request.stream.read(_CHUNK):
                    read += len(chunk)
                    if read > UPLOAD_MAX_BYTES:
                        raise StatementError("The file is too large. Take a statement of a shorter period.")
                    file.write(chunk)
            except ClientDisconnected:
                raise StatementError("The file has not come whole. Send it again.") from None
        yield path
    finally:
        path.unlink(missing_ok=True)


def _coverage(each: AccountCoverage) -> dict[str, Any]:
    missing = [{**msgspec.to_builtins(gap), "words": gap_words(gap)} for gap in each.missing]
    return {**msgspec.to_builtins(each), "missing": missing, "words": each.words}


def _json(value: Any) -> Response:
    return Response(to_json(value), mimetype="application/json")
