"""The Lines page over HTTP: small polls while lines rotate, sentences on demand, questions, the day's time line."""

from __future__ import annotations

import dataclasses
import json
from functools import cached_property
from typing import Any
from uuid import uuid4

import pytest
from dash import Dash
from msgspec.structs import replace

from app.callbacks.lines import told_of
from app.callbacks.requests import reply_to
from app.deps import AppDeps
from app.factory import create_app
from app.feed import Feed
from app.rows.answers import answers_part
from app.rows.coverage import coverage_parts, coverage_state, figures, told
from app.rows.line_day import GOT_BACK_S, MOST_BARS, line_day
from app.rows.lines import ledger, lines_parts
from app.snapshots import Snapshots
from app.views import PAGES
from engine.clock import FakeClock
from engine.domain import LineSpan, SymbolEvent
from engine.state.bus import StateBus
from engine.state.commands import AskLine, FindSymbol
from engine.state.sections import Answer, AnswersSection, LineEventsSection
from tests.app.dash_client import HEADERS, call
from tests.app.sample_coverage import (
    FIRST_CON,
    VISIT_LINES,
    DayJournal,
    coverage_at,
    day_spans,
    fill_coverage,
    lines_at,
    symbols,
)
from tests.app.sample_state import MARKET, SMCI, TSLA, WALL, broker, fill_sample, lines

POLL_BYTES_MOST = 4_096


class Rig:
    """The page on a full budget of 500 symbols."""

    def __init__(self) -> None:
        self.clock = FakeClock(wall=WALL)
        self.bus = StateBus(None, self.clock)
        fill_sample(self.bus, WALL, self.clock.mono())
        fill_coverage(self.bus, WALL)
        self.deps = AppDeps(state=self.bus, clock=self.clock, journal=DayJournal())

    @cached_property
    def app(self) -> Dash:
        """Made when a test asks for it: that takes half a second."""
        return create_app(self.deps)

    def ask(self, action: str, **more: Any) -> dict[str, Any]:
        return reply_to(self.deps, {"id": uuid4().hex, "action": action, **more})

    def call(self, output: str, values: dict[str, Any], triggered: str) -> Any:
        answer = call(self.app, self.app.server.test_client(), output, values, triggered)
        assert answer.status_code in (200, 204)
        return answer.get_json()["response"] if answer.status_code == 200 else None


@pytest.fixture
def rig() -> Rig:
    return Rig()


def snapshots(**changed: Any) -> Snapshots:
    full = Snapshots(
        engine="alive",
        now=WALL,
        broker=replace(broker(WALL), as_of_wall=WALL),
        lines=replace(lines_at(WALL), as_of_wall=WALL),
        coverage=replace(coverage_at(WALL), as_of_wall=WALL),
    )
    return dataclasses.replace(full, **changed)


# --- the tiles ----------------------------------------------------------------------------------------------------


def test_every_symbol_has_a_tile_and_lines_win_over_the_older_section() -> None:
    parts = coverage_parts(snapshots())
    seen, base = parts["seen"], parts["coverage"]["base"]
    assert len(seen) == len(parts["names"]) == 500
    assert seen[str(TSLA)] == "100"
    visiting = {con for con, value in seen.items() if isinstance(value, list)}
    assert visiting == {str(row.con_id) for row in lines_at(WALL).rows if row.line_class == "coverage"}
    assert sum(value is None for value in seen.values()) in (2, 3), "not visited yet, unless just being visited"
    ages = [WALL - base - value for value in seen.values() if type(value) is int]
    assert all(-1 <= age <= 105 for age in ages)


def test_a_line_kept_for_a_confirmation_says_so() -> None:
    kept = [v for v in coverage_parts(snapshots())["seen"].values() if isinstance(v, list) and len(v) == 2]
    assert all(value[1] == "confirming" for value in kept)
    section = lines_at(WALL)
    visits = [row for row in section.rows if row.line_class == "coverage"]
    named = replace(section, rows=(replace(visits[0], reason="confirming long 9"),))
    (value,) = [v for v in coverage_parts(snapshots(lines=named, coverage=None))["seen"].values()]
    assert value[1] == "confirming"


def test_without_a_coverage_section_the_ledger_still_has_its_visits() -> None:
    parts = coverage_parts(snapshots(coverage=None))
    assert len(parts["seen"]) == len(lines_at(WALL).rows)
    assert coverage_state(snapshots(coverage=None))["s"] == "empty"
    assert coverage_state(snapshots(coverage=replace(coverage_at(WALL), rows=())))["s"] == "empty"
    assert coverage_state(snapshots())["s"] == "live"
    assert coverage_parts(snapshots(coverage=None, lines=None))["seen"] == {}


@pytest.mark.parametrize(("count", "unit"), [(500, 15), (1_000, 30), (2_000, 60)])
def test_a_larger_universe_has_wider_steps(count: int, unit: int) -> None:
    assert figures(coverage_at(WALL, count=count), 0)["unit"] == unit


def test_the_ledger_counts_the_places_of_the_held_lines_only() -> None:
    rows = ledger(snapshots(lines=lines_at(WALL)))
    assert len(rows) == 21 and not [row for row in rows.values() if row["cls"] == "coverage"]
    assert sorted(row["out"] for row in rows.values() if row["out"]) == list(range(1, 19))


@pytest.mark.parametrize(("count", "dwell_s"), [(500, 5.0), (500, 2.0), (2_000, 5.0)])
def test_a_poll_stays_small_while_lines_rotate_and_is_empty_when_nothing_changed(count: int, dwell_s: float) -> None:
    clock = FakeClock(wall=WALL)
    bus = StateBus(None, clock)
    fill_sample(bus, WALL, clock.mono())
    feed = Feed(bus, clock.wall, PAGES)
    cursor, sizes = None, []
    for poll in range(12):
        fill_coverage(bus, WALL + 2.0 * poll, 600.0 + 2.0 * poll, count, dwell_s)
        answer = feed.poll("/lines", cursor)
        cursor = answer.cursor
        sizes.append(len(json.dumps(answer.delta, separators=(",", ":"))))
        assert feed.poll("/lines", cursor).delta is None
    steady = sorted(sizes[1:])
    assert steady[len(steady) // 2] <= POLL_BYTES_MOST, steady
    assert sizes[0] < 120_000


# --- sentences on demand --------------------------------------------------------------------------------------------


def test_every_symbol_of_the_universe_is_explained(rig: Rig) -> None:
    for con_id, _ in symbols(500):
        answer = told_of(rig.deps, con_id)
        assert answer is not None and answer["why"].endswith(".") and answer["visits"] is not None
    assert told_of(rig.deps, 5)["why"].startswith("Not in the universe of today")  # type: ignore[index]
    for nonsense in (None, "7", -1, True, 10**12, [1]):
        assert told_of(rig.deps, nonsense) is None


def test_a_line_is_explained_before_coverage_is_known() -> None:
    assert told(None, lines_at(WALL), TSLA)["why"] == "Has a line: 100 shares open."
    assert "not said yet" in told(None, None, 1)["why"]


def test_the_sentence_comes_over_http(rig: Rig) -> None:
    answer = rig.call("lines-told.data", {"lines-told-ask.data": FIRST_CON + 300}, "lines-told-ask.data")
    assert answer["lines-told"]["data"]["con"] == FIRST_CON + 300
    assert rig.call("lines-told.data", {"lines-told-ask.data": "<x>"}, "lines-told-ask.data")["lines-told"] == {
        "data": None
    }


# --- questions ------------------------------------------------------------------------------------------------------


def test_a_question_becomes_a_command(rig: Rig) -> None:
    assert rig.ask("line", con=SMCI, **{"as": "25"})["text"] == ""
    assert rig.ask("find", text=" brk.b ")["text"] == ""
    line, find = rig.bus.drain()
    assert isinstance(line, AskLine) and (line.con_id, line.line_class) == (SMCI, "25")
    assert isinstance(find, FindSymbol) and find.text == "brk.b"


@pytest.mark.parametrize(
    "asked",
    [
        {"action": "line", "con": "7", "as": "25"},
        {"action": "line", "con": True, "as": "25"},
        {"action": "line", "con": 7, "as": "100"},
        {"action": "line", "con": 7, "as": ["25"]},
        {"action": "line"},
        {"action": "find", "text": ""},
        {"action": "find", "text": "x" * 41},
        {"action": "find", "text": 7},
    ],
)
def test_nonsense_is_refused_in_words(rig: Rig, asked: dict[str, Any]) -> None:
    assert reply_to(rig.deps, {"id": uuid4().hex, **asked})["text"]
    assert rig.bus.drain() == []


def test_nothing_is_asked_of_a_silent_engine(rig: Rig) -> None:
    rig.clock.advance(60.0)
    assert "not running" in rig.ask("line", con=SMCI, **{"as": "25"})["text"]


def test_an_answer_with_a_value_brings_it() -> None:
    section = AnswersSection(answers=(Answer("a", True, "done", WALL), Answer("b", True, "x y", WALL, ["x", "y"])))
    assert answers_part(section) == {"a": [True, "done"], "b": [True, "x y", ["x", "y"]]}


# --- the day --------------------------------------------------------------------------------------------------------


def test_the_day_has_a_row_a_symbol_and_open_lines_have_no_end() -> None:
    day = line_day(day_spans(), snapshots(), MARKET - 20_000.0)
    by_name = {row["sym"]: row for row in day["rows"]}
    assert [row["spans"][0][2] for row in day["rows"][:3]] == ["100"] * 3, "positions first"
    assert len(by_name) == len(day["rows"])
    assert sum(span[1] is None for row in day["rows"] for span in row["spans"]) == 21
    evicted = [span for row in day["rows"] for span in row["spans"] if span[5]]
    assert evicted and all(span[4].startswith("evicted by") for span in evicted)
    assert day["from"] <= min(span[0] for row in day["rows"] for span in row["spans"])
    assert day["words"].startswith(f"today · {len(day_spans()) + 21} lines of ")


def test_a_span_of_yesterday_begins_with_the_day_and_an_empty_day_is_half_an_hour() -> None:
    old = LineSpan(1, "OLD", "25", MARKET - 90_000.0, MARKET - 100.0, "Gap up", "released (idle for 600 s)")
    day = line_day([old], snapshots(lines=None), MARKET - 1_000.0)
    assert day["rows"][0]["spans"][0][0] == round(MARKET - 1_000.0)
    nothing = line_day([], snapshots(lines=None), MARKET - 1_000.0)
    assert (nothing["rows"], nothing["now"] - nothing["from"]) == ([], 1_800)


def test_a_full_day_says_that_it_is_cut() -> None:
    """What was held all morning stays, the shortest ordinary lines go."""
    long = LineSpan(1, "NQZ5", "100", MARKET - 19_000.0, MARKET - 9_000.0, "1 contract open", "closed")
    short = [LineSpan(i, f"S{i}", "25", MARKET - 900.0, MARKET - i / 2, "x", "y") for i in range(2, MOST_BARS + 60)]
    day = line_day([long, *short], snapshots(lines=None), MARKET - 20_000.0)
    assert "without the 59 shortest" in day["words"] and f"{MOST_BARS + 59} lines" in day["words"]
    assert day["rows"][0]["sym"] == "NQZ5"
    assert sum(len(row["spans"]) for row in day["rows"]) == MOST_BARS
    assert len(json.dumps(day)) < 60_000


def test_a_reconnect_does_not_begin_a_line_anew() -> None:
    """The symbol has held its line all day but for the outage, in one run of the program or over a restart."""
    s = snapshots()
    assert s.lines
    held = next(row for row in s.lines.rows if row.line_class == "100")
    back_wall = WALL - 600.0
    rows = tuple(
        replace(row, since_wall=WALL - 9_000.0, opened_wall=back_wall) if row.con_id == held.con_id else row
        for row in s.lines.rows
    )
    back = s.market_time(back_wall)
    end = "lost with the connection"
    lost = LineSpan(held.con_id, held.local_symbol, "100", back - 8_000.0, back - 90.0, "open", end)
    now = dataclasses.replace(s, lines=replace(s.lines, rows=rows))
    day = line_day([lost], now, MARKET - 20_000.0)
    row = next(row for row in day["rows"] if row["con"] == held.con_id)
    [bar] = row["spans"]
    assert bar[:3] == [round(back - 8_000.0), None, "100"]
    assert bar[6] == [[round(back - 90.0), round(back)]], "and it says when the connection was away"
    for other in (replace(lost, end="evicted by X (50)"), replace(lost, to_market=back - GOT_BACK_S - 1.0)):
        spans = next(r for r in line_day([other], now, MARKET - 20_000.0)["rows"] if r["con"] == held.con_id)["spans"]
        assert len(spans) == 2


def test_a_span_of_a_journal_that_did_not_know_the_gateways_clock_does_not_end_in_the_future() -> None:
    wrong = LineSpan(1, "OLD", "100", MARKET + 9e6, MARKET + 9e6, "open", "lost with the connection")
    day = line_day([wrong], snapshots(lines=None), MARKET - 1_000.0)
    assert day["from"] <= day["now"] and all(span[1] <= day["now"] for row in day["rows"] for span in row["spans"])


def test_the_half_hour_shows_all_of_the_half_hour() -> None:
    """80 marks covered seven minutes of a busy rotation."""
    kinds = ("admitted", "evicted", "refused", "released", "upgraded", "downgraded")
    events = tuple(SymbolEvent(MARKET - 3.0 * i, kinds[i % 6], f"S{i}", "x", i) for i in range(900, -1, -1))
    parts = lines_parts(snapshots(line_events=LineEventsSection(events=events)))
    shown = parts["marks:lines"].values()
    assert {mark[4] for mark in shown} == {i for i in range(601) if kinds[i % 6] != "downgraded"}
    assert parts["line_events"]["words"] == "last 30 min · 100 swaps, 100 refused"
    begun = replace(lines(WALL), used_history=((WALL - 240.0, 12),))
    words = lines_parts(snapshots(lines=begun))["line_events"]["words"]
    assert words.startswith("since 14:09, when QTrade began with this broker"), "nobody knows what was before"


def test_the_day_comes_over_http_when_it_is_chosen(rig: Rig) -> None:
    values = {"lines-range.value": "day", "lines-day-ask.data": None}
    shown = rig.call("lines-day.data", values, "lines-range.value")["lines-day"]["data"]
    assert shown["rows"]
    half_hour = rig.call("lines-day.data", {**values, "lines-range.value": "30"}, "lines-range.value")
    assert half_hour["lines-day"]["data"] is None


def test_the_page_and_its_view_stand_without_sections() -> None:
    for missing in ({"coverage": None}, {"lines": None}, {"coverage": None, "lines": None, "broker": None}):
        json.dumps(lines_parts(snapshots(**missing)), allow_nan=False)
    rig = Rig()
    assert rig.app.server.test_client().get("/lines", headers=HEADERS).status_code == 200
    assert VISIT_LINES == sum(isinstance(v, list) for v in coverage_parts(snapshots())["seen"].values())
