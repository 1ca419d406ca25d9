"""The Health page without a browser: verdict, what happened, time line, report, reconnect."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from app.callbacks.health import reconnected, report_of
from app.deps import AppDeps
from app.factory import create_app
from app.rows.health import code_words, health_parts, outage_words, report
from app.snapshots import Snapshots
from engine.clock import FakeClock
from engine.domain import Condition
from engine.errors import CommandRefused
from engine.state.bus import StateBus
from engine.state.commands import Reconnect
from engine.state.sections import AgeRow, HealthSection, LinkSpan
from tests.app.dash_client import HEADERS, call
from tests.app.sample_state import ACCOUNT, MARKET, WALL, broker, fill_sample, health

NAMES = ("health", "broker", "heartbeat", "positions", "lines")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(wall=WALL)


@pytest.fixture
def bus(clock: FakeClock) -> StateBus:
    made = StateBus(None, clock)
    fill_sample(made, WALL)
    return made


def parts(bus: StateBus, engine: str = "alive", **changes) -> dict:
    if changes:
        bus.publish("health", replace(health(WALL), **changes))
    return health_parts(Snapshots.read(bus, NAMES, engine, WALL, ("0.1.0+5a1c9e77", "0.1.0")))


def condition(key: str, severity: str, is_open: bool, at: float = WALL) -> Condition:
    return Condition(key, severity, f"Title {key}", "text", "cure", 101, at, at, 2, is_open)


def test_everything_runs_and_what_there_is_to_know(bus):
    said = parts(bus)["health"]
    assert said["verdict"] == "Everything is running."
    assert said["verdict_more"] == "1 thing to know: AZREF: delayed data."
    assert said["verdict_icon"] == "pass"
    assert said["link"] == ["Simulator", ""]
    assert said["link2"] == "127.0.0.1:7497 · client 52 · server 176"
    assert said["decode2"] == "messages, 12 sent/s at most"
    assert said["disk"] == ["212 GB", ""]


def test_figures_that_tell_nothing_stand_still(bus):
    first = parts(bus, decoded_per_s=3.0, state_write_ms=1.1)
    later = parts(bus, decoded_per_s=7.0, state_write_ms=8.5)
    assert first["health"] == later["health"]
    assert (first["health"]["decode"], first["health"]["journal"]) == ("under 20 /s", "under 20 ms")
    assert parts(bus, state_write_ms=140.2)["health"]["journal"] == "140 ms"
    assert first["rows:status"]["Uptime"]["value"]["text"] == "{age}"


def test_a_routine_that_came_again_is_no_news_and_a_late_one_is(bus):
    at = (WALL - 3.0, WALL - 9.0, WALL - 11.0)
    young, later, late = (
        parts(bus, ages=(AgeRow("Breakout scan", wall, 20.0),), journal_last_wall=wall) for wall in at
    )
    assert young["ages"] == later["ages"] == {"rows": [["Breakout scan", 0.0, 20.0]]}
    assert late["ages"] == {"rows": [["Breakout scan", WALL - 11.0, 20.0]]}
    assert young["health"]["journal2"] == late["health"]["journal2"] == "journal < 20 s ago"
    waits = parts(bus, journal_last_wall=WALL - 21.0)["health"]["journal2"]
    assert waits == {"text": "journal {age} ago", "from": WALL - 21.0}
    price = parts(bus, ages=(AgeRow("Position prices, the oldest", WALL - 3.0, 60.0),))
    assert price["ages"] == {"rows": [["Position prices, the oldest", WALL - 3.0, 60.0]]}


def test_an_open_error_is_the_verdict(bus):
    said = parts(bus, conditions=(condition("disk", "error", True), condition("old", "error", False)))["health"]
    assert said["verdict"] == "Title disk."
    assert said["verdict_icon"] == "error"
    assert said["verdict_more"] == "1 thing needs your attention."


def test_an_outage_that_is_no_error_yet_is_an_amber_verdict(bus):
    farm = replace(condition("track:usfarm", "warning", True), outage=True)
    said = parts(bus, conditions=(condition("near", "warning", True), farm))["health"]
    assert (said["verdict"], said["verdict_icon"]) == ("Title track:usfarm.", "warning")
    assert said["verdict_more"] == "1 thing to know: title near."


def test_an_error_that_is_over_is_none(bus):
    said = parts(bus, conditions=(condition("old", "error", False),))["health"]
    assert said["verdict"] == "Everything is running."
    assert said["verdict_more"] is None


def test_a_late_loop_is_said(bus):
    said = parts(bus, conditions=(), loop_lateness_p99_ms=180.0)["health"]
    assert "the engine's loop runs late" in said["verdict_more"]
    assert said["late"] == ["180 ms", "warn"]


def test_no_broker_is_the_verdict():
    away = StateBus(None, FakeClock(wall=WALL))
    fill_sample(away, WALL, connected=False)
    said = parts(away)["health"]
    assert said["verdict"] == "The broker is not connected."
    assert said["verdict_more"] == "Nothing listens on 127.0.0.1:7497."
    assert said["link"] == ["Not connected", "error"]


@pytest.mark.parametrize(
    ("state", "title", "tone", "shown"),
    [
        ("reset window", "IB resets its servers", "warning", "warn"),
        ("servers lost", "TWS has no connection to IB", "error", "error"),
        ("degraded", "Live in part", "warning", "warn"),
    ],
)
def test_the_state_of_the_session_is_said_where_it_is_not_live(bus, state, title, tone, shown):
    bus.publish("broker", replace(broker(WALL), state=state, state_title=title, state_tone=tone))
    assert parts(bus)["health"]["link"] == [title, shown]


def test_a_silent_engine_is_the_verdict(bus):
    assert parts(bus, "dead")["health"]["verdict"] == "The engine is silent."
    empty = StateBus(None, FakeClock(wall=WALL))
    assert parts(empty, "starting")["health"]["verdict"] == "The engine starts."
    assert {state["s"] for state in parts(empty, "starting")["state"].values()} == {"loading"}


def test_what_happened_open_ones_first_then_the_newest(bus):
    made = (
        condition("a", "info", False, WALL - 50),
        condition("b", "warning", True, WALL - 900),
        condition("c", "error", False, WALL - 10),
    )
    rows = parts(bus, conditions=made)["rows:happened"]
    assert sorted(rows, key=lambda key: rows[key]["order"]) == ["b", "c", "a"]
    assert rows["b"]["at"]["at"] == round(MARKET - 900)
    assert rows["b"]["code"] == "IB 101"
    assert rows["b"]["count"] == "2×"
    assert rows["c"]["icon"][0] == "pass"  # over
    assert rows["b"]["icon"][0] == "warning"


def test_tracks_of_the_time_line_are_in_their_order(bus):
    spans = (
        LinkSpan("nofarm", "up", WALL - 80.0, None),
        LinkSpan("secdefnj", "up", WALL - 80.0, None, "2158"),
        LinkSpan("ushmds", "idle", WALL - 80.0, None, "2107"),
        LinkSpan("usfarm", "down", WALL - 80.0, WALL - 70.0, "2103"),
        LinkSpan("usfarm", "up", WALL - 70.0, None, "2104"),
        LinkSpan("IB servers", "down", WALL - 90.0, None, "1100"),
        LinkSpan("Connection", "down", WALL - 100.0, None, "TWS closed the connection"),
    )
    tracks = parts(bus, link_spans=spans)["links"]["tracks"]
    assert [name for name, _ in tracks] == [
        "Connection", "IB servers", "Quotes (usfarm)", "History (ushmds)", "Contracts (secdefnj)", "nofarm"
    ]  # fmt: skip
    assert tracks[1][1] == [[WALL - 90.0, None, "down", "1100 lost"]]
    assert [span[2:] for span in tracks[2][1]] == [["down", "2103 lost"], ["up", "2104 up"]]
    assert tracks[3][1][0][3] == "2107 idle, normal"
    assert tracks[0][1][0][3] == "TWS closed the connection"


def test_the_status_says_what_it_is_connected_to_in_place_of_no(bus):
    rows = parts(bus)["rows:status"]
    assert rows["Live mode"]["value"] == "simulated"
    assert rows["IB connected"]["value"].startswith("yes")


def test_a_code_is_said_with_its_meaning_where_it_has_one_in_two_words():
    assert (code_words(1100), code_words(354), code_words(None)) == ("IB 1100, lost", "IB 354", None)


def test_outages_are_counted_in_words():
    def with_spans(*spans: LinkSpan) -> HealthSection:
        return replace(health(WALL), link_spans=spans)

    assert outage_words(with_spans()) == "no outage"
    lost = LinkSpan("IB servers", "down", WALL - 400.0, WALL - 52.0)
    assert outage_words(with_spans(lost)) == "1 outage, the longest 5 min 48 s"
    assert outage_words(with_spans(lost, LinkSpan("Connection", "down", WALL, None))).endswith("one goes on")
    restart = (
        LinkSpan("IB servers", "down", WALL - 400.0, WALL - 395.0),
        LinkSpan("Connection", "down", WALL - 395.0, WALL - 300.0),
        LinkSpan("IB servers", "down", WALL - 299.0, WALL - 290.0),
    )  # fmt: skip
    assert outage_words(with_spans(*restart)) == "1 outage, the longest 1 min 50 s", "servers, connection, servers"
    again = LinkSpan("IB servers", "down", WALL - 280.0, None)
    assert outage_words(with_spans(*restart, again)) == "2 outages, the longest 1 min 50 s, one goes on"
    assert outage_words(with_spans(LinkSpan("usfarm", "down", WALL, None))) == "no outage"
    away = LinkSpan("Connection", "off", WALL - 500.0, WALL - 310.0, "QTrade was not running")
    assert outage_words(with_spans(away)) == "no outage; QTrade was not running for 3 min 10 s"


def test_restarts_errors_and_units(bus):
    rows = parts(bus, restarts={"lines": 2, "bars": 0}, error_counts={"qtrade.engine": 3})["rows:parts"]
    assert rows["Restarts of lines"]["value"] == ["2", "warn"]
    assert rows["Errors of qtrade.engine"]["value"] == ["3", "warn"]
    assert rows["Volume of simulated"]["value"] == "lots of 100"
    assert "Restarts of bars" not in rows


def test_the_page_is_told_when_there_is_a_newer_line_of_the_log(bus):
    assert parts(bus)["health"]["log_at"] == round(health(WALL).log_tail[-1][0], 3)
    assert parts(bus, log_tail=(*health(WALL).log_tail, (WALL, "WARNING", "x")))["health"]["log_at"] == WALL
    assert parts(bus, log_tail=())["health"]["log_at"] is None


def test_a_changed_file_asks_for_a_restart(bus):
    assert parts(bus)["health"]["restart"] is None
    assert (
        parts(bus, restart_needed="engine/scanners/breakout.py")["health"]["restart"] == "engine/scanners/breakout.py"
    )


def test_the_report_holds_everything_but_the_account(bus):
    line = (WALL, "INFO", f"Connected as {ACCOUNT}")
    bus.publish("health", replace(health(WALL), log_tail=(line,)))
    text = report_of(AppDeps(state=bus, clock=FakeClock(wall=WALL), build_id="5a1c9e77", version="0.1.0"))
    assert ACCOUNT not in text
    assert "DU***567" in text
    for words in ("Subscriptions: 16/50", "AZREF: delayed data", "simulated at 127.0.0.1:7497", "Engine: alive"):
        assert words in text


def test_the_report_before_there_is_anything():
    empty = StateBus(None, FakeClock(wall=WALL))
    assert "not published" in report(Snapshots.read(empty, NAMES, "starting", WALL))


def test_reconnect_is_handed_to_the_engine(bus):
    assert reconnected(AppDeps(state=bus, clock=FakeClock(wall=WALL))).startswith("Connecting afresh")
    assert [type(command) for command in bus.drain()] == [Reconnect]


def test_reconnect_without_an_engine_says_so(bus, monkeypatch):
    def refuse(command):
        raise CommandRefused("This dashboard only shows.")

    monkeypatch.setattr(bus, "submit", refuse)
    assert reconnected(AppDeps(state=bus, clock=FakeClock(wall=WALL))) == "This dashboard only shows."


def test_reconnect_is_not_promised_by_a_silent_engine(bus, clock):
    clock.advance(20.0)
    assert "not running" in reconnected(AppDeps(state=bus, clock=clock))
    assert bus.drain() == []


def test_over_http(bus):
    app = create_app(AppDeps(state=bus, clock=FakeClock(wall=WALL), build_id="5a1c9e77", version="0.1.0"))
    client = app.server.test_client()
    with client.get("/health", headers=HEADERS) as page:
        assert page.status_code == 200
    answer = call(app, client, "health-report.data", {"health-copy.n_clicks": 1}, "health-copy.n_clicks")
    assert "Engine: alive" in json.loads(answer.text)["response"]["health-report"]["data"]["text"]
