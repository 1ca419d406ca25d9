"""Statements over HTTP: the one address that takes a file, its guard, and what it answers."""

from __future__ import annotations

import pytest

from app.deps import AppDeps
from app.factory import create_app
from app.security import UPLOAD_MAX_BYTES, UPLOAD_PATH, UPLOAD_TYPE
from engine.clock import FakeClock
from engine.state.bus import StateBus
from engine.statements.port import Reading
from tests.app.statement_desk import FakeDesk


@pytest.fixture(scope="module")
def served():
    desk = FakeDesk()
    desk.under_way = Reading("week.xml", "1.0 MB read", 5.0)
    app = create_app(AppDeps(state=StateBus(None, FakeClock()), statements=desk))
    return desk, app.server.test_client()


def post(client, body=b"<x/>", query="?name=week.xml", content_type=UPLOAD_TYPE, **headers):
    return client.post(UPLOAD_PATH + query, data=body, content_type=content_type, headers=headers)


def test_a_file_goes_in_as_it_is_and_its_report_comes_back(served):
    desk, client = served
    body = bytes(range(256)) * 8_000  # more than any other request may have
    query = "?name=..%2F..%5Cetc%2Fweek.xml&dates=day+first&account%3AMy+IRA=U1&other=x"
    answer = post(client, body, query)
    assert (answer.status_code, answer.json["status"]) == (200, "read")
    assert desk.seen[-1] == (body, "week.xml", {"dates": "day first", "account:My IRA": "U1"})
    assert not desk.last_path.exists(), "nothing of it stays behind"
    assert answer.headers["Cache-Control"] == "no-store"


def test_only_a_file_of_this_site_is_taken(served):
    desk, client = served
    before = len(desk.seen)
    assert post(client, content_type="application/json").status_code == 415
    assert post(client, content_type="text/plain").status_code == 415
    assert post(client, **{"Origin": "http://evil.example"}).status_code == 403
    assert post(client, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert len(desk.seen) == before


def test_a_file_too_large_is_refused_before_it_is_read(served):
    _, client = served
    much = {"CONTENT_LENGTH": str(UPLOAD_MAX_BYTES + 1)}
    answer = client.post(UPLOAD_PATH, data=b"x", content_type=UPLOAD_TYPE, environ_overrides=much)
    assert answer.status_code == 413 and "larger than 67 MB" in answer.json["error"]


def test_no_other_address_takes_more_than_before(served):
    _, client = served
    assert client.post("/api/v1/journal/statements/cancel", data=b"x", content_type=UPLOAD_TYPE).status_code == 415
    large = client.post("/api/v1/journal/statements/cancel", data=b"x" * 1_000_001, content_type="application/json")
    assert large.status_code == 413


def test_what_fails_is_said(served):
    desk, client = served
    desk.problem = "Another file is being read."
    answer = post(client)
    desk.problem = ""
    assert (answer.status_code, answer.json["status"]) == (200, "refused")
    assert (answer.json["file"], answer.json["why"]) == ("week.xml", "Another file is being read.")


def test_what_was_read_and_is_missing_is_told(served):
    _, client = served
    told = client.get(UPLOAD_PATH).json
    assert told["reading"]["text"] == "1.0 MB read"
    assert told["folder"]["path"] == "/data/import"
    (coverage,) = told["coverage"]
    assert coverage["words"] == "statements for 5 of 6 trading days, missing: 10 Nov 2025"
    assert coverage["missing"] == [{"first": "20251110", "last": "20251110", "days": 1, "words": "10 Nov 2025"}]
    assert [report["file"] for report in told["reports"]] == ["week.xml"]
    assert client.post(f"{UPLOAD_PATH}/cancel", json={}).json == {"cancelled": True}
