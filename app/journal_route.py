"""`GET /journal/data`: what the Journal page shows, by the words of its address; asked by the pages alone.

    /journal/data?view=trades&symbol=AAPL&from=2025-11-03&to=2025-11-07     headers X-QT-Page-Build, If-None-Match
    /journal/marks/265598        trips in a contract, for its chart
    /journal/curves?range=day    what each position made: 1h, day or 5d

200 with the view and an ETag, 304 while it is the same, 400 with the reason for a choice that can't be read, 409 for a
page of another build, 403 for a page of another site.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, request

from app.display_zone import asked_zone
from app.feed_route import BUILD_HEADER
from app.journal_desk import JournalDesk, tagged
from app.position_curves import SPANS
from app.rows.journal_marks import trip_marks
from app.rows.journal_query import chosen_of
from app.security import RELOAD, is_own_page, refusal

JOURNAL_PATH = "/journal/data"
MARKS_PATH = "/journal/marks"
CURVES_PATH = "/journal/curves"
NO_RANGE = f"range must be one of {', '.join(SPANS)}"


def register(server: Flask, desk: JournalDesk, build_id: str) -> None:
    """Add the route to `server`; `build_id` = of this program."""

    def answer(made: Callable[[], tuple[bytes, str] | str]) -> Response:
        headers = request.headers
        if not is_own_page(request.host, request.scheme, headers.get("Origin"), headers.get("Sec-Fetch-Site")):
            return refusal(403, "This request comes from another site.")
        if headers.get(BUILD_HEADER, build_id) != build_id:
            return refusal(409, RELOAD, reload=True, reason="another build")
        found = made()
        if isinstance(found, str):
            return refusal(400, found)
        data, tag = found
        known = headers.get("If-None-Match") == tag
        response = Response(status=304) if known else Response(data, mimetype="application/json")
        response.headers["ETag"] = tag
        return response

    @server.get(JOURNAL_PATH)
    def journal_data() -> Response:
        chosen = chosen_of(request.args.to_dict())
        return answer(lambda: chosen if isinstance(chosen, str) else desk.body(chosen))

    @server.get(f"{MARKS_PATH}/<int:con_id>")
    def journal_marks(con_id: int) -> Response:
        zone = asked_zone()
        return answer(lambda: tagged({"con": con_id, "marks": trip_marks(desk.kept().book.trips, con_id, zone)}))

    @server.get(CURVES_PATH)
    def position_curves() -> Response:
        range_ = request.args.get("range", "1h")
        return answer(lambda: tagged(desk.position_curves(range_)) if range_ in SPANS else NO_RANGE)
