"""The log over HTTP: filtered, page by page, as a file; never an account id, never to another site."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.deps import AppDeps
from app.factory import create_app
from engine.clock import FakeClock
from engine.logs.reading import LogFiles
from engine.state.bus import StateBus
from tests.app.dash_client import HEADERS
from tests.app.sample_files import fill_log
from tests.app.sample_state import WALL, fill_sample


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    lines = [
        {
            "at": WALL + n,
            "level": ("INFO", "ERROR")[n % 2],
            "logger": "qtrade.x",
            "thread": "t",
            "text": f"line {n} of DU1234567",
        }
        for n in range(250)
    ]
    (tmp_path / "qtrade.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    clock = FakeClock(wall=WALL)
    bus = StateBus(None, clock)
    fill_sample(bus, WALL)
    return create_app(AppDeps(state=bus, clock=clock, log=LogFiles(tmp_path))).server.test_client()


def get(client: FlaskClient, query: str, code: int = 200) -> Any:
    answer = client.get(f"/api/v1/log{query}", headers=HEADERS)
    assert answer.status_code == code, answer.text
    return answer.json


def test_it_comes_page_by_page_newest_first(client: FlaskClient) -> None:
    found, query = [], ""
    while query is not None:
        page = get(client, f"?{query}")
        found += [line["at"] - WALL for line in page["lines"]]
        query = f"before={page['older']}" if page["older"] else None
    assert found == list(reversed(range(250)))


def test_it_is_filtered_and_no_account_leaves(client: FlaskClient) -> None:
    page = get(client, "?level=ERROR&text=line+7&n=2")
    assert [line["text"] for line in page["lines"]] == ["line 79 of DU***567", "line 77 of DU***567"]
    whole_id = get(client, "?text=of+DU1234567&n=1")
    assert whole_id["lines"] == [], (
        "what stands in the files is shortened when it is written; these lines are of no log of ours"
    )
    assert set(page["lines"][0]) == {"at", "level", "logger", "text", "thread", "place"}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?level=LOUD", "must be one of DEBUG"),
        ("?n=0", "1-1000"),
        ("?n=x", "1-1000"),
        (f"?n=000000001{'9' * 5_000}", "1-1000"),
        (f"?text={'x' * 201}", "201"),
    ],
)
def test_what_can_not_be_asked_is_said(client: FlaskClient, query: str, words: str) -> None:
    assert words in get(client, query, 400)["error"]


def test_no_answer_to_a_page_holds_a_trace_and_the_file_does(tmp_path: Path) -> None:
    made = create_app(AppDeps(state=StateBus(None, FakeClock()), log=fill_log(tmp_path, WALL))).server.test_client()
    answer = made.get("/api/v1/log?n=1", headers=HEADERS)
    assert answer.json["lines"][0]["error"] == "KeyError" and b"Traceback" not in answer.data
    assert made.get("/api/v1/log?text=a.py,+line+7", headers=HEADERS).json["lines"], "but it is looked for in it"
    with made.get("/api/v1/log/export", headers=HEADERS) as kept, zipfile.ZipFile(io.BytesIO(kept.data)) as archive:
        assert b"Traceback" in archive.read("qtrade.jsonl")


def test_it_can_be_kept_as_a_file(client: FlaskClient) -> None:
    with client.get("/api/v1/log/export?level=ERROR", headers=HEADERS) as answer:
        assert answer.mimetype == "application/zip"
        assert "filename=qtrade-simulated-log-" in answer.headers["Content-Disposition"]
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            lines = archive.read("qtrade.jsonl").splitlines()
    assert len(lines) == 125 and json.loads(lines[0])["at"] == WALL + 1
    assert b"1234567" not in b"".join(lines)


@pytest.mark.parametrize("path", ["/api/v1/log", "/api/v1/log/export"])
def test_another_site_gets_nothing(client: FlaskClient, path: str) -> None:
    for header in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}):
        assert client.get(path, headers={**HEADERS, **header}).status_code == 403
