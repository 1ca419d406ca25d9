"""`POST /export`: the table that a page shows at this moment, as a CSV or an Excel file.

    {"name": "Positions", "format": "xlsx",
     "tables": [{"title": "", "columns": [{"head": "", "kind": "number", "unit": ""}], "rows": [[...]]}]}

The rows are those of the screen, as filtered and sorted there: what a person saves is what he saw, on a frozen page
too. A value is null, a number, a text or {"at": UTC epoch seconds}. The door (`app/security.py`) lets in pages of this
server and scripts.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import msgspec
from flask import Flask, Response, request
from msgspec import Meta, Struct

from app.deps import AppDeps
from app.display_zone import asked_zone, zone_title
from app.exports.cells import Column, Moment, Zone, made
from app.exports.files import TYPES, file_of
from app.security import refusal
from app.snapshots import Snapshots, engine_state
from engine.clock import local_time

EXPORT_PATH = "/export"
SIMULATED_NOTE: Final = "Simulated data: prices, account and fills come from the simulator."
_SLUG: Final = re.compile(r"[^a-z0-9]+")

Words = Annotated[str, Meta(max_length=200)]


class _Head(Struct, forbid_unknown_fields=True):
    head: Words
    kind: Literal["text", "number"] = "text"
    unit: Words = ""


class _Table(Struct, forbid_unknown_fields=True):
    title: Words
    columns: Annotated[list[_Head], Meta(max_length=100)]
    rows: list[list[None | bool | int | float | str | Moment]]


class _Asked(Struct, forbid_unknown_fields=True):
    name: Words
    format: Literal["csv", "xlsx"]
    tables: Annotated[list[_Table], Meta(min_length=1, max_length=20)]


_asked = msgspec.json.Decoder(_Asked)


def register(server: Flask, deps: AppDeps) -> None:
    """Add the route to `server`."""

    @server.post(EXPORT_PATH)
    def export() -> Response:
        try:
            asked = _asked.decode(request.get_data())
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return refusal(400, "This is no table of a page. Reload the page.")
        zone = page_zone()
        tables = [
            made(table.title, [Column(c.head, c.kind, c.unit) for c in table.columns], table.rows, zone)
            for table in asked.tables
        ]
        return answer(deps, asked.name, asked.format, tables, zone)


def page_zone() -> Zone:
    """That of the page which asks."""
    where = asked_zone()
    return Zone(where, zone_title(where))


def answer(deps: AppDeps, name: str, kind: str, tables: list[Any], zone: Zone) -> Response:
    """The file as a download, named by table and the zone's date and time of the market's clock."""
    s = Snapshots.read(deps.state, ("broker",), engine_state(None), deps.clock.wall())
    simulated = s.broker is not None and s.broker.mode == "simulated"
    note = SIMULATED_NOTE if simulated else ""
    called = file_name(name, kind, local_time(s.market_time(s.now), zone.where), simulated=simulated)
    response = Response(file_of(kind, tables, note), mimetype=TYPES[kind].partition(";")[0])
    response.headers["Content-Type"] = TYPES[kind]
    response.headers["Content-Disposition"] = f'attachment; filename="{quote(called)}"'
    return response


def file_name(name: str, kind: str, at: datetime, *, simulated: bool) -> str:
    """qtrade-positions-2025-11-10-1531.csv; simulated data say so in the name."""
    slug = _SLUG.sub("-", name.lower()).strip("-")[:60] or "table"
    return f"qtrade-{'simulated-' if simulated else ''}{slug}-{at:%Y-%m-%d-%H%M}.{kind}"
