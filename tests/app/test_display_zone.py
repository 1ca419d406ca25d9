"""Times in the reader's zone: each page, each figure and each file says the same moment on the clock that he chose."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from dash import Dash
from flask.testing import FlaskClient
from msgspec.structs import replace

from app.deps import AppDeps
from app.display_zone import ZONE_COOKIE, zone_named, zone_title
from app.export_route import EXPORT_PATH
from app.factory import create_app
from engine.clock import NEW_YORK, FakeClock, minute_told
from engine.state.bus import StateBus
from engine.state.sections import LinesSection
from tests.app.dash_client import HEADERS, call, poll
from tests.app.sample_state import MARKET, TSLA, WALL, fill_sample

BERLIN = "Europe/Berlin"
AT = 1_762_774_200.0  # 2025-11-10 06:30 New York, 12:30 Berlin


@pytest.fixture(scope="module")
def site() -> tuple[Dash, StateBus]:
    clock = FakeClock(wall=WALL)
    bus = StateBus(None, clock)
    fill_sample(bus, WALL, clock.mono())
    return create_app(AppDeps(state=bus, clock=clock, build_id="test")), bus


@pytest.fixture
def client(site: tuple[Dash, StateBus]) -> Iterator[FlaskClient]:
    with site[0].server.test_client() as made:
        yield made


def reads_in(client: FlaskClient, name: str) -> None:
    client.set_cookie(ZONE_COOKIE, name, domain="127.0.0.1")


@pytest.mark.parametrize("name", [None, "", "Nowhere/Land", "../etc/passwd", "UTC+2", "x" * 200, "\x00"])
def test_what_is_no_zone_is_new_york(name: str | None) -> None:
    assert zone_named(name) is NEW_YORK


def test_heads_call_zones_by_a_name() -> None:
    titles = [zone_title(ZoneInfo(name)) for name in ("America/New_York", "UTC", BERLIN, "America/Sao_Paulo")]
    assert titles == ["New York time", "UTC", "Berlin time", "Sao Paulo time"]


@pytest.mark.parametrize(("name", "word"), [("America/New_York", "ET"), (BERLIN, "CET"), ("UTC", "UTC")])
def test_the_strip_names_the_zone_and_the_browser_tells_its_times_in_it(
    client: FlaskClient, name: str, word: str
) -> None:
    reads_in(client, name)
    strip = poll(client, "/health").get_json()["set"]["strip"]
    assert (strip["clock"][3], strip["zone"]) == (name, word)


def test_two_readers_in_two_zones_each_have_their_own_view(client: FlaskClient) -> None:
    reads_in(client, BERLIN)
    berlin = poll(client, "/positions").get_json()
    assert poll(client, "/positions", berlin["cursor"]).status_code == 204
    reads_in(client, "UTC")
    anew = poll(client, "/positions", berlin["cursor"]).get_json()
    assert anew["full"] and anew["set"]["strip"]["zone"] == "UTC"
    reads_in(client, BERLIN)
    assert poll(client, "/positions", berlin["cursor"]).status_code == 204


def test_figures_and_candles_stand_on_that_clock(site: tuple[Dash, StateBus], client: FlaskClient) -> None:
    app, _bus = site
    reads_in(client, BERLIN)
    values = {"overview-pnl-range.value": "day", "overview-pnl-hours.value": "all", "overview-pnl-rebase.data": None}
    answer = call(app, client, "overview-pnl.figure", values, "overview-pnl-range.value").get_json()
    figure = answer["response"]["overview-pnl"]["figure"]
    meta = figure["layout"]["meta"]
    assert meta["shifts"][0][1] == 3_600 and figure["data"][2]["x"][-1] == (meta["last"] + 3_600) * 1_000
    assert "CET" in meta["basis"]
    given = {"symbol-con.data": TSLA, "symbol-timeframe.value": "1m", "symbol-rebase.data": None}
    base = call(app, client, "symbol-base.data", given, "symbol-con.data").get_json()["response"]["symbol-base"]["data"]
    assert (base["zone"], base["ahead"][0][1]) == ("CET", 3_600)
    tail = poll(client, f"/symbol/{TSLA}").get_json()["set"]["tail:bars-1m"]
    assert max(map(float, tail)) == base["t"][0] + sum(base["t"][1:]) * 60 + 3_600, "as the bars' own times"


def test_a_moment_that_the_engine_has_put_into_a_text_too(site: tuple[Dash, StateBus], client: FlaskClient) -> None:
    _app, bus = site
    lines = bus.read("lines")
    assert isinstance(lines, LinesSection)
    bus.publish("lines", replace(lines, learned_cap_text=f"TWS allowed 46 of 50 lines at {minute_told(MARKET)}"))
    said = {}
    for name in ("America/New_York", BERLIN):
        reads_in(client, name)
        said[name] = poll(client, "/lines").get_json()["set"]["lines"]["sum_tail"]
    assert said["America/New_York"].endswith("at 14:13") and said[BERLIN].endswith("at 20:13")
    client.delete_cookie(ZONE_COOKIE, domain="127.0.0.1")
    assert "@" not in client.get("/api/v1/lines", headers=HEADERS).get_data(as_text=True)


@pytest.mark.parametrize(
    ("name", "head", "cell", "called"),
    [
        (BERLIN, "When (Berlin time)", "2025-11-10T12:30:00+01:00", "2013"),
        ("UTC", "When (UTC)", "2025-11-10T11:30:00+00:00", "1913"),
    ],
)
def test_files_tell_times_in_it_and_say_so(client: FlaskClient, name: str, head: str, cell: str, called: str) -> None:
    reads_in(client, name)
    table = {"title": "", "columns": [{"head": "When"}], "rows": [[{"at": AT}]]}
    answer = client.post(EXPORT_PATH, json={"name": "T", "format": "csv", "tables": [table]}, headers=HEADERS)
    first, second = answer.get_data().decode("utf-8-sig").splitlines()[:2]
    assert (first, second) == (head, cell)
    assert f"-{called}.csv" in answer.headers["Content-Disposition"]
