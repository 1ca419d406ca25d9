"""The JSON contract: keys and types to the letter, from the first request on, whatever the state holds."""

from __future__ import annotations

import json
import math

import pytest
from flask import Flask
from msgspec.structs import replace

from app import api
from app.api_symbols import Known, find, near_names, plain_name
from app.deps import AppDeps
from app.factory import create_app
from engine.bars.bar_files import BarFiles
from engine.clock import FakeClock
from engine.config import AppConfig
from engine.domain import Condition
from engine.journal.reader import JournalReader
from engine.journal.source import EmptyJournal
from engine.journal.writer import Journal
from engine.state.bus import StateBus
from engine.state.disk_store import DiskOutlet, DiskView
from engine.state.reader import StateReader
from engine.state.sections import QuotesSection
from engine.state.writer import StateWriter
from tests.app.sample_coverage import VISIT_LINES, fill_coverage
from tests.app.sample_state import (
    CLIENTS,
    NQ,
    TSLA,
    WALL,
    fill_accounts,
    fill_sample,
    lines,
    offline_broker,
    tick_sample,
)

PATHS = ("/api/v1/status", "/api/v1/positions", "/api/v1/lines", "/api/v1/signals", "/api/v1/pnl?since=0", "/healthz")


class Desk:
    def __init__(self, journal=None, state=None, bars=None) -> None:
        self.clock = FakeClock(wall=WALL)
        self.bus = state or StateBus(None, self.clock)
        self.server = Flask("test")
        deps = AppDeps(
            state=self.bus,
            journal=journal or EmptyJournal(),
            bars=bars or BarFiles(),
            config_now=AppConfig,
            build_id="abc1234",
            version="0.1.0",
            clock=self.clock,
            started_mono=self.clock.mono(),
        )
        api.register(self.server, deps)
        self.client = self.server.test_client()

    def fill(self, **options) -> None:
        fill_sample(self.bus, self.clock.wall(), self.clock.mono(), **options)

    def get(self, path, code=200):
        answer = self.client.get(path)
        assert answer.status_code == code, answer.text
        assert answer.mimetype == "application/json"
        return json.loads(answer.data, parse_constant=lambda name: pytest.fail(f"{name} in {path}"))


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def live(desk):
    desk.fill()
    return desk


def is_int(value) -> bool:
    return type(value) is int


def is_number_or_null(value) -> bool:
    return value is None or (type(value) in (int, float) and math.isfinite(value))


def check_status(status) -> None:
    assert {"uptime_s", "broker", "lines", "positions", "prices", "heartbeat", "scanners", "build"} <= status.keys()
    broker, lines = status["broker"], status["lines"]
    assert {"mode", "host", "port", "connected", "account", "server_version"} <= broker.keys()
    assert type(broker["connected"]) is bool
    assert {"used", "limit", "near", "scanner_capacity", "scanner_free", "by_priority"} <= lines.keys()
    assert list(lines["by_priority"]) == ["100", "pinned", "50", "25", "coverage"]
    counts = [lines[name] for name in ("used", "limit", "scanner_capacity", "scanner_free")]
    counts += [*lines["by_priority"].values(), status["prices"], *status["positions"].values()]
    assert all(is_int(count) for count in counts)
    assert type(lines["near"]) is bool
    assert sum(lines["by_priority"].values()) == lines["used"]
    assert status["positions"].keys() == {"tradable", "filtered"}
    assert status["heartbeat"].keys() == {"ts", "age_s"}
    assert all(map(is_number_or_null, [status["uptime_s"], *status["heartbeat"].values()]))
    assert status["build"] == {"id": "abc1234", "version": "0.1.0"}


def test_everything_answers_before_there_is_an_engine(desk):
    check_status(desk.get("/api/v1/status"))
    assert desk.get("/api/v1/positions")["tradable"] == desk.get("/api/v1/positions")["filtered"] == []
    empty = {"limit": 50, "effective_limit": 50, "learned_cap": None, "lines": [], "refused": [], "coverage": None}
    assert desk.get("/api/v1/lines") == empty
    assert desk.get("/api/v1/signals") == desk.get("/api/v1/pnl?since=0") == desk.get("/api/v1/pnl") == []
    assert desk.get("/healthz")["status"] == "degraded"
    assert desk.get("/api/v1/snapshot/TSLA", 404)["error"]


def test_status_of_the_sample(live):
    status = live.get("/api/v1/status")
    check_status(status)
    assert status["broker"]["connected"] is True
    assert status["positions"] == {"tradable": 3, "filtered": 9}
    assert status["prices"] == 16
    assert status["lines"]["used"] == 16 and status["lines"]["by_priority"]["100"] == 3
    assert status["heartbeat"]["ts"] == pytest.approx(WALL - 0.2)
    assert status["heartbeat"]["age_s"] == pytest.approx(0.2, abs=1e-3)
    assert status["scanners"]["breakout"]["results"] == 4 and status["scanners"]["market"]["results"] == 13


def test_scripts_get_the_whole_account(live):
    assert live.get("/api/v1/status")["broker"]["account"] == "DU1234567"


def test_connected_is_false_when_the_probe_failed_or_the_engine_is_silent(live):
    live.clock.advance(9.0)
    assert live.get("/api/v1/status")["broker"]["connected"] is True
    live.clock.advance(2.0)
    status = live.get("/api/v1/status")
    assert status["broker"]["connected"] is False
    assert status["prices"] == 0
    tick_sample(live.bus, 1, live.clock.wall(), live.clock.mono())
    live.bus.publish("broker", offline_broker(WALL))
    assert live.get("/api/v1/status")["broker"]["connected"] is False


def test_positions_keys_types_and_arithmetic(live):
    for step in range(40):
        tick_sample(live.bus, step, live.clock.wall(), live.clock.mono())
        answer = live.get("/api/v1/positions")
        assert [row["local_symbol"] for row in answer["tradable"]] == ["NQZ5", "TSLA", "CLZ5"]
        for row in answer["tradable"]:
            mark = row["quantity"] * (row["mark"] / row["price_magnifier"] * row["multiplier"] - row["avg_cost"])
            assert row["unrealized_pnl"] == pytest.approx(mark, abs=0.005)
            assert 0.0 <= row["last_age_s"] < 1.0
            numbers = ("quantity", "avg_cost", "avg_price", "multiplier", "last", "last_age_s", "daily_pnl")
            assert all(is_number_or_null(row[name]) for name in numbers)
            assert is_int(row["con_id"]) and row["currency"] == "USD" and row["sec_type"] in ("FUT", "STK")
    assert len(answer["filtered"]) == 9
    assert all(row["local_symbol"] and row["reason"] for row in answer["filtered"])


def test_a_position_without_a_price_has_nulls_not_zeros(live):
    section = live.bus.read("positions")
    bare = replace(section.tradable[0], last=None, last_wall=None, daily_pnl=None, unrealized_pnl=None)
    odd = replace(section.tradable[1], last=float("nan"), daily_pnl=float("inf"), unrealized_pnl=float("nan"))
    live.bus.publish("positions", replace(section, tradable=(bare, odd)))
    first, second = live.get("/api/v1/positions")["tradable"]
    assert [first[name] for name in ("last", "last_age_s", "daily_pnl", "unrealized_pnl")] == [None] * 4
    assert [second[name] for name in ("last", "daily_pnl", "unrealized_pnl")] == [None] * 3


@pytest.mark.parametrize("jump_s", [-3_600.0, 3_600.0])
def test_ages_go_on_as_they_were_when_the_wall_clock_is_set(live, jump_s):
    def ages():
        rows = live.get("/api/v1/positions")["tradable"], live.get("/api/v1/lines")["lines"]
        return [row["last_age_s"] for row in rows[0]], [row["last_tick_age_s"] for row in rows[1]]

    before = ages()
    assert max(before[0]) > 0.0
    live.clock.jump_wall(jump_s)
    assert 0.0 <= live.get("/api/v1/status")["heartbeat"]["age_s"] < 1.0
    assert ages() == before
    live.clock.advance(30.0)
    assert ages()[0] == [pytest.approx(age + 30.0) for age in before[0]]


@pytest.mark.parametrize("jump_s", [-3_600.0, 0.0, 3_600.0])
def test_a_hung_engine_is_seen_whatever_was_done_to_the_wall_clock(live, jump_s):
    live.clock.jump_wall(jump_s)
    assert live.get("/healthz")["heartbeat_age_s"] < 1.0
    live.clock.advance(70.0)
    health = live.get("/healthz")
    assert health["status"] == "down" and 70.0 <= health["heartbeat_age_s"] < 71.0


def test_positions_of_one_account_whichever_is_shown(desk):
    fill_sample(desk.bus, WALL)
    counts = {None: 4, CLIENTS[0]: 3, CLIENTS[1]: 1, CLIENTS[2]: 0}
    for shown in (None, *CLIENTS):
        fill_accounts(desk.bus, shown)
        for account, count in zip(CLIENTS, (3, 1, 0), strict=True):
            rows = desk.get(f"/api/v1/positions?account={account}")["tradable"]
            assert [row["account"] for row in rows] == [account] * count
        assert len(desk.get("/api/v1/positions?account=all")["tradable"]) == 4
        assert len(desk.get("/api/v1/positions")["tradable"]) == counts[shown]
        status = desk.get("/api/v1/status")
        assert [each["account"] for each in status["accounts"]] == list(CLIENTS)
        assert status["account"]["account"] == shown
        assert status["broker"]["accounts"] == list(CLIENTS)


@pytest.mark.parametrize("path", ["/api/v1/positions?account=DU9", "/api/v1/pnl?since=0&account=DU9"])
def test_an_account_that_is_not_watched_is_a_404_with_the_names(desk, path):
    fill_sample(desk.bus, WALL)
    fill_accounts(desk.bus)
    answer = desk.client.get(path)
    assert answer.status_code == 404
    assert "must be all or one that is watched: DU1234567, DU2234567, DU3000001" in answer.json["error"]


def test_the_curve_is_that_of_the_account_shown_or_asked_for(tmp_path):
    writer, reader = Journal(FakeClock(wall=WALL)), JournalReader()
    bus = StateBus(None, FakeClock(wall=WALL))
    fill_sample(bus, WALL)
    files = {name: tmp_path / f"{name}.db" for name in CLIENTS}
    writer.open(files[CLIENTS[0]], "simulated", CLIENTS[0])
    reader.open(files[CLIENTS[0]], "simulated", CLIENTS[0])
    for name, file in [*list(files.items())[1:], ("all", files[CLIENTS[0]])]:
        writer.also(file, "simulated", name)
        reader.also(file, "simulated", name)
    for n, name in enumerate((*CLIENTS, "all")):
        writer.record_pnl(WALL - 10.0, WALL, None, None, float(n), name)
    assert writer.flush()
    client = create_app(AppDeps(state=bus, journal=reader, clock=FakeClock(wall=WALL))).server.test_client()

    def daily(path):
        return [(point["account"], point["daily"]) for point in client.get(path).json]

    for shown, expected in ((None, ("all", 3.0)), (CLIENTS[1], (CLIENTS[1], 1.0)), (CLIENTS[0], (CLIENTS[0], 0.0))):
        fill_accounts(bus, shown)
        assert daily("/api/v1/pnl?since=0") == [expected]
        assert daily("/api/v1/pnl?since=0&account=all") == [("all", 3.0)]
        assert daily(f"/api/v1/pnl?since=0&account={CLIENTS[2].lower()}") == [(CLIENTS[2], 2.0)]
    writer.stop()
    reader.close()


def test_lines_and_refusals(live):
    answer = live.get("/api/v1/lines")
    by_priority = live.get("/api/v1/status")["lines"]["by_priority"]
    for row in answer["lines"]:
        assert {"con_id", "local_symbol", "priority", "reason", "since", "last_tick_age_s"} <= row.keys()
        assert str(row["priority"]) in by_priority
    assert sum(row["priority"] == 100 for row in answer["lines"]) == by_priority["100"]
    assert "pinned" in [row["priority"] for row in answer["lines"]]
    (refused,) = answer["refused"]
    assert refused["reason"].startswith("Cannot subscribe to RKLB: at limit") and refused["at"] == WALL - 90.0


def test_lines_say_how_long_they_stay_and_who_leaves_next(live):
    fill_coverage(live.bus, WALL)
    answer = live.get("/api/v1/lines")
    rows = answer["lines"]
    for row in rows:
        assert {"score", "held_s", "dwell_left_s", "next_out", "lane", "holders"} <= row.keys()
        assert (row["dwell_left_s"] is None) == (row["priority"] == 100)
        assert (row["next_out"] is None) == (row["priority"] == 100)
        assert (row["score"] is None) == (row["priority"] not in (50, 25)), "others go by no score"
    visits = [row for row in rows if row["priority"] == "coverage"]
    begun = [row for row in visits if row["held_s"] > 0.5]
    assert begun and all(row["held_s"] + row["dwell_left_s"] == pytest.approx(5.0, abs=0.2) for row in begun)
    assert all(row["dwell_left_s"] == 5.0 for row in visits if row["held_s"] <= 0.5), "not before the request left"
    assert answer["learned_cap"] is None


def test_every_symbol_of_the_universe_says_why_it_has_a_line_or_not(live):
    assert live.get("/api/v1/lines")["coverage"] is None, "the engine has not said yet what it covers"
    fill_coverage(live.bus, WALL)
    coverage = live.get("/api/v1/lines")["coverage"]
    assert (coverage["lines"], coverage["dwell_s"], coverage["as_of"]) == (VISIT_LINES, 5.0, WALL)
    assert len(coverage["symbols"]) == 500
    for row in coverage["symbols"]:
        assert row["why"] and row["lane"] in ("streaming", "visited", "none")
        assert is_int(row["visits"]) and is_number_or_null(row["last_visit"])
    assert [row["local_symbol"] for row in coverage["symbols"] if row["line_class"] == "100"] == [
        "CLZ5",
        "NQZ5",
        "TSLA",
    ]


def test_the_learned_cap_has_its_story(live):
    story = "TWS allowed 41 of 50 lines at 10:42 (error 101): TWS windows use about 9. One more is tried every 5 min"
    live.bus.publish("lines", replace(lines(WALL), effective_limit=41, learned_cap_text=story))
    assert live.get("/api/v1/lines")["learned_cap"] == {"limit": 41, "story": story}


def test_signals(live):
    rows = live.get("/api/v1/signals")
    assert len(rows) == 4
    wanted = {"id", "con_id", "local_symbol", "side", "at", "level", "last", "atr", "parts", "lane", "state"}
    assert wanted | {"score_at_signal", "score_now", "before_look"} <= rows[0].keys()
    assert [row["score_now"] is None for row in rows] == [row["state"] == "ended" for row in rows]
    assert {row["side"] for row in rows} == {"long", "short"} and {row["state"] for row in rows} == {"active", "ended"}


@pytest.mark.parametrize("name", ["BRK B", "BRK.B", "brk-b", "Brk/B", "BRK%20B", "72063691"])
def test_one_symbol_by_any_spelling(live, name):
    row = live.get(f"/api/v1/snapshot/{name}")
    assert (row["con_id"], row["local_symbol"], row["price"]) == (72_063_691, "BRK B", 489.5)


def test_a_held_symbol_has_its_position_and_a_filtered_one_its_reason(live):
    held = live.get("/api/v1/snapshot/nqz5")
    assert held["position"]["unrealized_pnl"] == pytest.approx(25_000.25 * 20 - 501_327.25)
    assert held["has_line"] is True and held["atr"] is not None
    filtered = live.get("/api/v1/snapshot/CNCE.CVR")
    assert filtered["filtered_reason"] == "Contingent value right"
    assert filtered["price"] is None and filtered["position"] is None


@pytest.mark.parametrize("name", ["TSLB", "NVD", "x" * 5_000, "<script>", "..%2f..%2fetc", "ä", "0", "9" * 20])
def test_an_unknown_symbol_is_a_404_with_words(live, name):
    answer = live.get(f"/api/v1/snapshot/{name}", 404)
    assert "is not known here" in answer["error"] and len(answer["error"]) < 300
    assert isinstance(answer["near"], list)


def test_near_names_are_offered(live):
    assert "TSLA" in live.get("/api/v1/snapshot/TSLB", 404)["near"]
    assert "NVDA" in live.get("/api/v1/snapshot/NVD", 404)["near"]


def test_a_name_that_means_several_offers_the_choice_unless_one_is_held():
    december, march = Known(1, "NQZ5", "NQ", "FUT"), Known(2, "NQH6", "NQ", "FUT")
    assert find("nq", [december, march]) == [december, march]
    held = Known(1, "NQZ5", "NQ", "FUT", is_held=True)
    assert find("NQ", [held, march]) == [held]
    assert find("", [held]) == find("...", [held]) == []
    assert near_names("", [held]) == []
    assert plain_name("  brk..b ") == "BRK B"


def test_bars_of_a_symbol(live):
    answer = live.get("/api/v1/bars/TSLA")
    assert len(answer["bars"]) == 390
    bar = answer["bars"][-1]
    assert {"time", "open", "high", "low", "close", "volume", "source", "closed"} <= bar.keys()
    assert bar["closed"] is False and bar["low"] <= bar["close"] <= bar["high"]
    assert len(live.get("/api/v1/bars/TSLA?size=5m&n=10")["bars"]) == 10
    days = live.get("/api/v1/bars/TSLA?size=1d")["bars"]
    assert len(days) == 21 and days[-1]["closed"] is False, "the broker's 20 days and the running one"
    empty = live.get("/api/v1/bars/AAPL")
    assert empty["bars"] == [] and "come with the history" in empty["message"]
    live.get("/api/v1/bars/NOPE", 404)


@pytest.mark.parametrize("query", ["size=7m", "size=", "n=0", "n=-1", "n=1.5", "n=x", "n=nan", "n=1e9"])
def test_bad_bar_queries_are_said(live, query):
    assert "must be" in live.get(f"/api/v1/bars/TSLA?{query}", 400)["error"]


def test_pnl_history_of_the_journal(tmp_path):
    writer, reader = Journal(FakeClock(wall=WALL)), JournalReader()
    writer.open(tmp_path / "journal.db", "simulated", "DU1234567")
    for i in range(10):
        writer.record_pnl(WALL - 20.0 + 2.0 * i, 0.0, None if i == 4 else -5.0 * i, 1.0, 2.0)
    assert writer.flush()
    reader.open(tmp_path / "journal.db", "simulated")
    desk = Desk(journal=reader)
    rows = desk.get("/api/v1/pnl?since=0")
    assert len(rows) == 10
    assert set(rows[0]) == {"t", "unrealized", "realized", "daily", "mode", "account"}
    assert rows[4]["unrealized"] is None and rows[5]["unrealized"] == -25.0
    assert rows[0]["mode"] == "simulated" and rows[0]["account"] == "DU1234567"
    assert len(desk.get(f"/api/v1/pnl?since={WALL - 10.0}")) == 5
    writer.stop()
    reader.close()


@pytest.mark.parametrize("since", ["x", "nan", "inf", "", "1e999"])
def test_a_since_that_is_no_time_is_said(desk, since):
    assert "epoch seconds" in desk.get(f"/api/v1/pnl?since={since}", 400)["error"]


def test_healthz_says_ok_degraded_down_and_why(desk):
    def health():
        answer = desk.get("/healthz")
        assert answer["build"]["id"] == "abc1234"
        return answer["status"], " ".join(answer["reasons"])

    assert health() == ("degraded", "engine: has not reported yet broker: not connected yet")
    desk.fill()
    assert health() == ("ok", "")
    desk.bus.publish("broker", offline_broker(WALL))
    status, why = health()
    assert status == "degraded" and "Nothing listens on 127.0.0.1:7497" in why
    desk.clock.advance(30.0)
    status, why = health()
    assert status == "degraded" and "no sign of life for 30 s" in why
    desk.clock.advance(60.0)
    assert health()[0] == "down"


def test_healthz_is_down_when_the_engine_never_came(desk):
    desk.clock.advance(61.0)
    assert desk.get("/healthz")["status"] == "down"


def test_healthz_names_a_state_folder_that_cannot_be_written(tmp_path):
    clock = FakeClock(wall=WALL)
    (tmp_path / "file").write_text("", encoding="utf-8")
    bus = StateBus(None, clock)
    desk = Desk(state=bus)
    desk.clock = clock
    desk.fill()
    bus._writer = StateWriter(DiskOutlet(tmp_path / "file" / "state"), clock, bus.current)
    bus._writer.flush()
    answer = desk.get("/healthz")
    assert answer["status"] == "degraded"
    assert answer["reasons"][0].startswith("state:")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/orders", "/api/v2/status", "/api/v1/snapshot/"])
def test_unknown_addresses_are_404_json(live, path):
    answer = live.client.get(path, follow_redirects=True)
    assert answer.status_code == 404


def test_only_reading_is_possible(live):
    for path in (*PATHS, "/api/v1/snapshot/TSLA"):
        for method in (live.client.post, live.client.put, live.client.delete, live.client.patch):
            assert method(path).status_code == 405


def test_no_value_of_the_state_leaves_as_nan(live):
    quote = live.bus.read("quotes").quotes[0]
    bad = replace(quote, price=float("nan"), last=float("inf"), volume=float("-inf"))
    live.bus.publish("quotes", QuotesSection(quotes=(bad,)))
    assert live.get(f"/api/v1/snapshot/{NQ}")["last"] is None


@pytest.mark.parametrize("shown", ["one account", None, *CLIENTS])
def test_a_second_process_answers_the_same(tmp_path, shown):
    first = Desk()
    first.fill()
    if shown != "one account":
        fill_accounts(first.bus, shown)
    writer = StateWriter(DiskOutlet(tmp_path / "state"), first.clock, first.bus.current)
    assert writer.flush()
    writer.close()
    reader = StateReader(DiskView(tmp_path / "state"), first.clock)
    second = Desk(state=reader)
    for path in (*PATHS, f"/api/v1/snapshot/{TSLA}", "/api/v1/bars/TSLA"):
        assert second.get(path) == first.get(path), path
    if shown != "one account":
        for account in (*CLIENTS, "all"):
            path = f"/api/v1/positions?account={account}"
            assert second.get(path) == first.get(path), path
    reader.close()


def test_inside_the_dashboard_the_routes_win_over_its_index_page():
    clock = FakeClock(wall=WALL)
    bus = StateBus(None, clock)
    fill_sample(bus, clock.wall(), clock.mono())
    client = create_app(AppDeps(state=bus, clock=clock, build_id="abc1234")).server.test_client()
    for path in PATHS:
        answer = client.get(path)
        assert answer.status_code == 200 and answer.mimetype == "application/json", path
    assert client.get("/api/v1/nothing").status_code == 404
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/").mimetype == "text/html"


def test_a_former_name_finds_and_the_answer_says_so(live):
    universe = live.bus.read("universe")
    live.bus.publish("universe", replace(universe, renamed=((TSLA, "TSLX"), (NQ, "NVDA"))))
    row = live.get("/api/v1/snapshot/tslx")
    assert (row["local_symbol"], row["renamed"]) == ("TSLA", "TSLX is called TSLA now")
    assert live.get("/api/v1/bars/TSLX")["renamed"] == "TSLX is called TSLA now"
    assert "renamed" not in live.get("/api/v1/snapshot/TSLA")
    assert "renamed" not in live.get("/api/v1/snapshot/NVDA"), "another bears the name now"


@pytest.mark.parametrize(
    ("is_open", "lasting", "age_s", "status"),
    [(True, True, 900.0, "degraded"), (False, True, 1.0, "ok"), (False, False, 30.0, "degraded"),
     (False, False, 61.0, "ok")],
)  # fmt: skip
def test_an_error_counts_while_it_is_open_and_one_that_only_happened_for_a_minute(
    desk, is_open, lasting, age_s, status
):
    desk.fill()
    at = desk.clock.wall() - age_s
    item = Condition("k", "error", "It broke", "", "", 2110, at, at, 1, is_open, lasting)
    desk.bus.publish("health", replace(desk.bus.read("health"), conditions=(item,)))
    found = desk.get("/healthz")
    assert found["status"] == status and ("It broke" in found["reasons"]) == (status == "degraded")


@pytest.mark.parametrize(("tone", "status"), [("ok", "ok"), ("warning", "degraded"), ("error", "degraded")])
def test_what_the_session_alone_knows_is_not_ok_either(desk, tone, status):
    desk.fill()
    broker = replace(desk.bus.read("broker"), state="degraded", state_title="Live in part", state_tone=tone)
    desk.bus.publish("broker", broker)
    assert desk.get("/healthz")["reasons"] == (["broker: Live in part"] if status == "degraded" else [])


@pytest.mark.parametrize(
    ("outage", "is_open", "status"), [(True, True, "degraded"), (True, False, "ok"), (False, True, "ok")]
)
def test_an_outage_that_is_no_error_yet_is_not_ok_either(desk, outage, is_open, status):
    """A farm that has just fallen, or what a reset window excuses; what is merely worth knowing is no outage."""
    desk.fill()
    item = Condition("k", "warning", "usfarm is down", "", "", 2103, WALL, WALL, 1, is_open, outage=outage)
    desk.bus.publish("health", replace(desk.bus.read("health"), conditions=(item,)))
    found = desk.get("/healthz")
    assert (found["status"], found["reasons"]) == (status, ["usfarm is down"] if status == "degraded" else [])
