"""In which zone a person reads times: New York's, unless the browser says another one with each request.

It says so by a cookie (`assets/core/zone.mjs` writes it): the poll, Dash's callbacks, the journal's questions and
exports all bear it, and a script without one is answered in New York's. Trade dates stay the exchange's, whatever the
zone.
"""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from flask import Flask, Response, request

from engine.clock import NEW_YORK, in_zone, zone_of

ZONE_COOKIE: Final = "qtrade-zone"
NAME_MOST: Final = 64


def zone_named(name: str | None) -> ZoneInfo:
    """The zone of an IANA name; New York's for any other text."""
    found = zone_of(name) if name and len(name) <= NAME_MOST else None
    return found if isinstance(found, ZoneInfo) else NEW_YORK


def asked_zone() -> ZoneInfo:
    """That of the browser whose request is being answered."""
    return zone_named(request.cookies.get(ZONE_COOKIE))


def zone_title(where: ZoneInfo) -> str:
    """ "New York time", "UTC", "Berlin time": what the head of a column says."""
    return "UTC" if where.key == "UTC" else f"{where.key.rpartition('/')[2].replace('_', ' ')} time"


def register(server: Flask) -> None:
    """Put the clock of the reader's zone where the texts of an answer hold a moment (`engine.clock.in_zone`)."""

    @server.after_request
    def told(response: Response) -> Response:
        if response.mimetype == "application/json" and not response.direct_passthrough:
            text = response.get_data(as_text=True)
            if (said := in_zone(text, asked_zone())) != text:
                response.set_data(said)
        return response
