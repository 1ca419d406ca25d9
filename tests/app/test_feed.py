"""The one poll: deltas that add up to the view, nothing for nothing, a whole view for who is too far behind."""

from __future__ import annotations

import json
import statistics
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.feed import BY_FIELD, KEPT_VIEWS, LOOKED_S, Feed, diff, shared
from app.rows.kept import kept, kept_each
from app.views import PAGES, find_page
from engine.clock import FakeClock
from engine.state.bus import StateBus
from engine.state.sections import Heartbeat, PnlPoint, PnlSection
from tests.app.sample_state import MARKET, WALL, fill_sample, positions, quote, tick_sample

PARTS = st.sampled_from(["strip", "state", "grid:positions", "rows:events"])
FIELDS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 3), min_size=3, max_size=3)


@st.composite
def views(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    parts = draw(st.sets(PARTS))
    return {part: draw(st.dictionaries(st.sampled_from("xyz"), FIELDS)) for part in parts}


def merged(view: dict[str, Any], delta: dict[str, Any]) -> dict[str, Any]:
    """What assets/core/model.mjs does with a delta."""
    out = {part: dict(values) for part, values in view.items() if part not in delta.get("drop", [])}
    for part, values in delta.get("set", {}).items():
        target = out.setdefault(part, {})
        for key, value in values.items():
            target[key] = {**target[key], **value} if part.startswith(BY_FIELD) and key in target else value
    for part, keys in delta.get("del", {}).items():
        for key in keys:
            del out[part][key]
    return out


@given(views(), views())
def test_a_delta_on_the_old_view_is_the_new_view(old: dict, new: dict) -> None:
    without_empty = {part: values for part, values in new.items() if values}
    result = {part: values for part, values in merged(old, diff(old, new)).items() if values}
    assert result == without_empty


@given(views())
def test_no_change_is_no_delta(view: dict) -> None:
    assert diff(view, json.loads(json.dumps(view))) == {}


def test_a_tail_reports_new_points_and_never_the_ones_that_left() -> None:
    assert diff({"tail:pnl": {"1": 1.0, "2": 2.0}}, {"tail:pnl": {"2": 2.0, "3": None}}) == {
        "set": {"tail:pnl": {"3": None}}
    }


def test_zero_and_false_are_different_values() -> None:
    assert diff({"strip": {"a": 0}}, {"strip": {"a": False}}) == {"set": {"strip": {"a": False}}}


@given(views(), views())
def test_a_view_that_shares_says_the_same(old: dict, new: dict) -> None:
    kept = shared(old, new)
    assert kept == new
    assert diff(old, kept) == diff(old, new)
    again = shared(kept, json.loads(json.dumps(new)))
    assert all(again[part] is kept[part] for part in new)


def test_what_did_not_move_is_kept_once() -> None:
    old = {"rows:x": {"A": {"last": 1.0, "why": ["a", "b"]}, "B": {"last": 2.0}}, "strip": {"n": 0}}
    new = shared(old, {"rows:x": {"A": {"last": 1.5, "why": ["a", "b"]}, "B": {"last": 2.0}}, "strip": {"n": False}})
    assert new["rows:x"]["B"] is old["rows:x"]["B"]
    assert new["rows:x"]["A"]["why"] is old["rows:x"]["A"]["why"]  # type: ignore[index]
    assert new["rows:x"]["A"]["last"] == 1.5  # type: ignore[index]
    assert new["strip"]["n"] is False


class Bench:
    def __init__(self) -> None:
        self.clock = FakeClock(wall=WALL)
        self.bus = StateBus(None, self.clock)
        fill_sample(self.bus, self.clock.wall(), self.clock.mono())
        self.feed = Feed(self.bus, self.clock.wall, PAGES, "build", "1")

    def beat(self) -> None:
        self.clock.advance(1.0)
        beat = Heartbeat(
            at_wall=self.clock.wall(), at_market=0.0, started_wall=WALL, loop_lateness_p99_ms=self.clock.wall() % 7
        )
        self.bus.publish("heartbeat", beat)

    def tick(self, step: int) -> None:
        """A busy second as the engine makes it: prices move, one P&L point is added."""
        before = self.bus.read("pnl")
        self.clock.advance(2.0)
        tick_sample(self.bus, step, self.clock.wall(), self.clock.mono())
        assert isinstance(before, PnlSection)
        point = PnlPoint(self.clock.wall(), MARKET + 2.0 * step, None, None, -2600.0 - step)
        self.bus.publish("pnl", PnlSection(points=(*before.points, point)[-300:]))


def test_parts_on_demand_travel_only_while_they_are_in_sight() -> None:
    bench = Bench()
    first = bench.feed.poll("/scanners", None)
    assert first.delta is not None and "heatcuts" in first.delta["set"] and "heatwide" not in first.delta["set"]
    assert bench.feed.poll("/scanners", first.cursor).delta is None
    wide = bench.feed.poll("/scanners", first.cursor, "scanners heatwide nonsense")
    assert wide.delta is not None
    assert list(wide.delta["set"]) == ["heatwide"] and "heatcuts" in wide.delta["drop"]
    assert bench.feed.poll("/scanners", wide.cursor, "scanners heatwide").delta is None
    back = bench.feed.poll("/scanners", wide.cursor, "lab x")
    assert back.delta is not None and "heatcuts" in back.delta["set"], "another page's says nothing here"
    assert back.cursor.split("~")[1:] == first.cursor.split("~")[1:]
    for strange in ("", "scanners", " ", 7, ["scanners"]):
        assert bench.feed.poll("/scanners", None, strange).delta["full"]  # type: ignore[arg-type, index]


def test_what_nobody_has_in_sight_is_not_built() -> None:
    bench, wide = Bench(), "scanners heatwide"
    cursor = bench.feed.poll("/scanners", None, wide).cursor

    def built() -> set[str]:
        history = next(each for key, each in bench.feed._histories.items() if key.startswith("scanners@"))
        return set(history.views[history.version])

    assert "heatwide" in built() and not {"grid:results", "whys"} & built()
    bench.feed.poll("/scanners", None)  # another browser looks at the results
    assert {"heatwide", "grid:results"} <= built()
    bench.tick(1)
    same = bench.feed.poll("/scanners", cursor, wide)
    assert same.delta is not None and "drop" not in same.delta
    bench.clock.advance(LOOKED_S)
    for step in (2, 3):
        bench.tick(step)
        cursor = bench.feed.poll("/scanners", same.cursor, wide).cursor
    assert "heatwide" in built() and "grid:results" not in built(), "it is gone"
    again = bench.feed.poll("/scanners", cursor)
    assert again.delta is not None and "grid:results" in again.delta["set"]


def test_what_sections_alone_make_is_made_once() -> None:
    made: list[object] = []

    @kept
    def build(section: object) -> dict[str, int]:
        made.append(section)
        return {"n": len(made)}

    first, second = object(), object()
    assert build(first) is build(first)
    assert build(second) == {"n": 2} and made == [first, second]


def test_what_equal_values_make_is_made_once_for_each_key() -> None:
    made: list[tuple[int, float]] = []

    @kept_each
    def build(key: int, price: float) -> dict[str, float]:
        made.append((key, price))
        return {"p": price}

    assert build(1, 2.0) is build(1, 2.0)
    assert build(2, 2.0) == build(1, 2.0) and build(1, 3.0) == {"p": 3.0} and build(1, 2.0) == {"p": 2.0}
    assert made == [(1, 2.0), (2, 2.0), (1, 3.0), (1, 2.0)]


def test_the_first_poll_gets_everything_and_the_second_nothing() -> None:
    bench = Bench()
    first = bench.feed.poll("/", None)
    assert first.delta is not None
    assert first.delta["full"] is True
    assert {"strip", "figures", "grid:positions", "tail:pnl", "state"} <= set(first.delta["set"])
    assert bench.feed.poll("/", first.cursor).delta is None


def test_a_curve_without_a_point_yet_is_no_failure() -> None:
    bench = Bench()
    bench.bus.publish("pnl", PnlSection(points=()))
    delta = bench.feed.poll("/", None).delta
    assert delta is not None and delta["set"]["tail:pnl"] == {}


def test_the_heartbeat_alone_keeps_the_poll_empty() -> None:
    bench = Bench()
    bench.beat()
    cursor = bench.feed.poll("/", None).cursor
    for _ in range(5):
        bench.beat()
        answer = bench.feed.poll("/", cursor)
        assert answer.delta is None
        assert answer.heartbeat_age_s == 0.0


def test_the_age_of_the_heartbeat_travels_with_an_empty_answer() -> None:
    bench = Bench()
    bench.beat()
    cursor = bench.feed.poll("/", None).cursor
    bench.clock.advance(4.5)
    assert bench.feed.poll("/", cursor).heartbeat_age_s == 4.5


def test_a_delta_holds_only_what_moved() -> None:
    bench = Bench()
    cursor = bench.feed.poll("/", None).cursor
    bench.tick(1)
    delta = bench.feed.poll("/", cursor).delta
    assert delta is not None
    assert "full" not in delta
    assert "rows:events" not in delta["set"]
    assert list(delta["set"]["tail:pnl"].values()) == [-2601.0]
    row = next(iter(delta["set"]["grid:positions"].values()))
    assert "last" in row
    assert "name" not in row


def test_a_busy_poll_stays_under_its_budget_of_bytes_and_cpu() -> None:
    bench = Bench()
    for path in ("/", "/positions", "/lines"):
        cursor = bench.feed.poll(path, None).cursor
        sizes, times = [], []
        for step in range(1, 25):
            bench.tick(step)
            begun = time.thread_time()
            answer = bench.feed.poll(path, cursor)
            times.append(time.thread_time() - begun)
            cursor = answer.cursor
            sizes.append(len(json.dumps(answer.delta, separators=(",", ":"), ensure_ascii=False).encode()))
        assert statistics.median(sizes) <= 4000, (path, sizes)
        assert statistics.median(times) <= 0.004, (path, times)


def test_the_kept_views_of_a_page_cost_little_more_than_what_moved() -> None:
    bench = Bench()
    one = sum(1 for _ in objects_of(bench.feed.poll("/", None).delta))
    tracemalloc.start()
    try:
        for step in range(1, KEPT_VIEWS):
            bench.tick(step)
            bench.feed.poll("/", None)
        rows = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/app/*")])
    finally:
        tracemalloc.stop()
    made = sum(each.count for each in rows.statistics("filename"))
    assert made < 10 * one, "each view on its own would be some 40 times"


def objects_of(value: Any) -> Iterator[Any]:
    yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from objects_of(each)


def test_a_cursor_that_is_too_old_gets_the_whole_view() -> None:
    bench = Bench()
    old = bench.feed.poll("/", None).cursor
    for step in range(1, KEPT_VIEWS + 2):
        bench.tick(step)
        bench.feed.poll("/", None)
    answer = bench.feed.poll("/", old)
    assert answer.delta is not None
    assert answer.delta["full"] is True


def test_cursors_of_another_page_another_start_or_nonsense_get_the_whole_view() -> None:
    bench, other = Bench(), Bench()
    elsewhere = bench.feed.poll("/lines", None).cursor
    before_restart = other.feed.poll("/", None).cursor
    for cursor in (
        elsewhere,
        before_restart,
        "",
        "x",
        "a.b.c",
        "é.overview.1",
        bench.feed.poll("/", None).cursor + "9",
        bench.feed.poll("/", None).cursor + "9" * 5000,
    ):
        answer = bench.feed.poll("/", cursor)
        assert answer.delta is not None, cursor
        assert answer.delta["full"] is True


def test_many_tabs_share_one_view() -> None:
    bench = Bench()
    built = []
    page = PAGES[0]
    counted = type(page)(
        page.name, page.pattern, page.sections, lambda s, params: built.append(1) or page.build(s, params)
    )
    feed = Feed(bench.bus, bench.clock.wall, (counted,))
    for _ in range(50):
        feed.poll("/", None)
    assert len(built) == 1


def test_an_unknown_path_has_the_strip_and_nothing_else() -> None:
    delta = Bench().feed.poll("/nowhere", None).delta
    assert delta is not None
    assert set(delta["set"]) == {"strip", "broker", "fleet", "rows:bell"}


PLAIN = frozenset({dict, list, tuple, str, int, float, bool, type(None)})


def not_plain(value: Any, where: str) -> list[str]:
    """Where a value stands that is no JSON of itself: Dash sends a dataclass as an object, and the page breaks."""
    if type(value) not in PLAIN:
        return [f"{where}: {type(value).__name__}"]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    return [found for key, each in inner for found in not_plain(each, f"{where}/{key}")]


def test_pages_get_plain_values_and_nothing_else() -> None:
    bench = Bench()
    paths = [
        "/",
        "/positions",
        "/lines",
        "/scanners",
        "/symbol",
        "/symbol/76792991",
        "/symbol/TSLA",
        "/health",
        "/lab",
        "/alerts",
        "/journal",
        "/lists",
        "/charts",
        "/charts?s=76792991&tf=5m",
    ]
    assert {find_page(PAGES, path)[0].name for path in [*paths, "/settings"]} == {page.name for page in PAGES}
    for path in [*paths, "/settings"]:
        page = find_page(PAGES, path)[0]
        delta = bench.feed.poll(path, None, " ".join([page.name, *page.on_demand])).delta
        assert delta is not None
        odd = not_plain(delta, path)
        assert not odd, f"values that are no plain JSON: {odd[:5]}"


def test_paths_of_any_kind_find_a_page() -> None:
    assert find_page(PAGES, "/lines/")[0].name == "lines"
    assert find_page(PAGES, "")[0].name == "overview"
    assert find_page(PAGES, None)[0].name == "overview"
    assert find_page(PAGES, "/" + "x" * 5000)[0].name in ("overview", "other")


def test_the_samples_are_those_of_the_bus() -> None:
    """The bench moves prices as `tick_sample` does, so that a delta is never empty by accident."""
    assert positions(WALL, 1) != positions(WALL, 2)
    assert quote(76_792_991, WALL, 0.0, 1) != quote(76_792_991, WALL, 0.0, 2)
