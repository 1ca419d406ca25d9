"""`GET /feed`: the one poll over HTTP, outside Dash: the browser's own timer asks, no component hears of it.

    /feed?path=/positions&cursor=<what the last answer gave>&sight=<page part part>     header X-QT-Page-Build

200 with {"path", "page", "since", "snapshot", "cursor", "set", "del", "drop", "full"} (see `app/feed.py`), 204 when the
browser is up to date, 409 for a page that another build has made, 403 for a page of another site. Every answer but a
refusal carries the time, the age of the engine's heartbeat and the build as headers.
"""

from __future__ import annotations

import time

from flask import Flask, Response, g, request

from app.display_zone import asked_zone
from app.feed import Feed
from app.metrics.meters import Meters
from app.security import RELOAD, is_own_page, refusal
from engine.storage.encodable import to_page_json

FEED_PATH = "/feed"
BUILD_HEADER = "X-QT-Page-Build"  # a header of our own: another site's page can't send it unasked


def register(server: Flask, feed: Feed, build_id: str, meters: Meters) -> None:
    """Add the route to `server`; `build_id` = of this program."""

    @server.get(FEED_PATH)
    def poll() -> Response:
        headers = request.headers
        if not is_own_page(request.host, request.scheme, headers.get("Origin"), headers.get("Sec-Fetch-Site")):
            return refusal(403, "This request comes from another site.")
        if headers.get(BUILD_HEADER, build_id) != build_id:
            other = refusal(409, RELOAD, reload=True, reason="another build")
            other.headers["X-QT-Build"] = build_id
            return other
        began = time.perf_counter()
        path, cursor = request.args.get("path", "/"), request.args.get("cursor") or None
        answer = feed.poll(path, cursor, request.args.get("sight"), asked_zone())
        g.pulse = (answer.now_wall, answer.heartbeat_age_s, answer.snapshot)
        if answer.delta is None:
            meters.polled(time.perf_counter() - began)
            return Response(status=204)
        about = {"path": path, "page": answer.page, "since": cursor, "snapshot": answer.snapshot}
        body = {**about, **answer.delta, "cursor": answer.cursor}
        text = to_page_json(body)
        meters.polled(time.perf_counter() - began)
        return Response(text, mimetype="application/json")
