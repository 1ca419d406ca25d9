"""The dashboard over HTTP: pages, the poll, its headers, callbacks; two apps in one process."""

from __future__ import annotations

import inspect
import json
import re
from datetime import UTC, datetime
from typing import Any

import dash
import plotly.graph_objects as go
import pytest
from dash import Dash
from dash.development.base_component import Component
from flask.testing import FlaskClient
from msgspec.structs import replace

from app import ids
from app.deps import AppDeps
from app.factory import STYLES, create_app
from app.figures.pnl import (
    Curve,
    Mark,
    Point,
    furniture,
    gaps,
    in_one_offset,
    least_range,
    of_day,
    pnl_figure,
    room,
    series,
)
from app.figures.pnl_window import (
    basis_words,
    begun,
    joined,
    point_of,
    regular_hours_of,
    reset_marks,
    session_marks,
    since_market,
    within,
)
from app.figures.zones import shifts, shown
from app.theme import COLOR, GRAPH_CONFIG
from engine.clock import NEW_YORK, FakeClock
from engine.domain import SessionPhase
from engine.journal.rows import PnlRow
from engine.state.bus import StateBus
from engine.state.sections import BrokerSection, PnlPoint, PnlSection
from tests.app.dash_client import HEADERS, call, poll
from tests.app.sample_state import MARKET, WALL, fill_sample, positions, tick_sample


class Site:
    def __init__(self, connected: bool = True, filled: bool = True) -> None:
        self.clock = FakeClock(wall=WALL)
        self.bus = StateBus(None, self.clock)
        if filled:
            fill_sample(self.bus, WALL, self.clock.mono(), connected=connected)
        self.app: Dash = create_app(
            AppDeps(state=self.bus, clock=self.clock, build_id="0.1.0+5a1c9e77", version="0.1.0")
        )
        self.client: FlaskClient = self.app.server.test_client()

    def poll(self, path: str = "/", cursor: str | None = None) -> Any:
        return poll(self.client, path, cursor)


@pytest.fixture
def site() -> Site:
    return Site()


def read(site: Site, path: str) -> tuple[int, str]:
    """Status and text of a file, closed again."""
    with site.client.get(path, headers=HEADERS) as answer:
        return answer.status_code, answer.get_data(as_text=True)


def pages_of(site: Site) -> list[dict[str, Any]]:
    return list(dash.page_registry.values())


def every_component(root: Any) -> list[Component]:
    found = [root] if isinstance(root, Component) else []
    return [*found, *root._traverse()] if isinstance(root, Component) else found


def all_ids(site: Site) -> set[str]:
    roots = [site.app.layout, *(page["layout"]() for page in pages_of(site))]
    return {part.id for root in roots for part in every_component(root) if getattr(part, "id", None)}


@pytest.mark.parametrize("path", ["/", "/positions", "/lines"])
def test_pages_answer(site: Site, path: str) -> None:
    assert site.client.get(path, headers=HEADERS).status_code == 200


def test_an_unknown_address_has_a_page_with_a_way_on(site: Site) -> None:
    page = next(p for p in pages_of(site) if p["module"].rpartition(".")[2] == "not_found_404")  # Dash's own rule
    assert any(getattr(part, "href", None) == "/" for part in every_component(page["layout"]()))


def test_everything_that_a_callback_names_is_in_a_layout(site: Site) -> None:
    """What Dash would check in each trader's browser."""
    roots = [site.app.layout, *(page["layout"]() for page in pages_of(site))]
    known = {part.id: part for root in roots for part in every_component(root) if getattr(part, "id", None)}
    for output, spec in site.app.callback_map.items():
        used = [(entry["id"], entry["property"]) for entry in [*spec["inputs"], *spec["state"]]]
        used += [(part.rpartition(".")[0], part.rpartition(".")[2]) for part in output.strip(".").split("...")]
        for name, prop in used:
            if not name.startswith("_pages_"):  # Dash's own
                assert name in known, (output, name)
                assert prop.partition("@")[0] in known[name].available_properties, (output, name, prop)


def test_every_name_in_ids_is_in_a_layout_once(site: Site) -> None:
    known = all_ids(site)
    for group in (ids.Shell, ids.Overview, ids.Positions, ids.Lines):
        for name, value in inspect.getmembers(group, lambda v: isinstance(v, str)):
            if not name.startswith("_"):
                assert value in known, f"{group.__name__}.{name}"


def test_two_apps_in_one_process_do_not_meet() -> None:
    first, second = Site(), Site()
    assert len(first.app.callback_map) == len(second.app.callback_map)
    assert first.poll().status_code == second.poll().status_code == 200


def test_the_poll_answers_once_and_then_with_nothing(site: Site) -> None:
    first = site.poll()
    assert first.status_code == 200
    cursor = first.get_json()["cursor"]
    again = site.poll(cursor=cursor)
    assert again.status_code == 204
    assert again.data == b""
    assert float(again.headers["X-QT-Now"]) == WALL
    assert float(again.headers["X-QT-Beat"]) == pytest.approx(0.2)
    assert again.headers["X-QT-Build"] == "0.1.0+5a1c9e77"


def test_the_poll_sends_what_moved(site: Site) -> None:
    cursor = site.poll().get_json()["cursor"]
    tick_sample(site.bus, 3, WALL + 2, site.clock.mono())
    delta = site.poll(cursor=cursor).get_json()
    assert "full" not in delta
    assert "strip" in delta["set"]
    assert delta["since"] == cursor != delta["cursor"]


def test_before_the_engine_has_written_anything() -> None:
    site = Site(filled=False)
    answer = site.poll()
    assert answer.status_code == 200
    assert "X-QT-Beat" not in answer.headers
    view = answer.get_json()["set"]
    assert view["strip"]["pill"] == ["Starting", "idle"]
    assert view["state"]["positions"] == {"s": "loading"}


def test_while_tws_is_away_the_page_says_what_to_tick_and_says_it_once() -> None:
    view = Site(connected=False).poll().get_json()["set"]
    assert view["broker"]["down"] is True
    assert "127.0.0.1:7497" in view["broker"]["title"]
    layout = json.dumps(Site().app.layout.to_plotly_json(), default=lambda part: part.to_plotly_json())
    for words in ("Enable ActiveX and Socket Clients", "Read-Only API"):
        assert words in view["broker"]["cure"] and words not in layout


@pytest.mark.parametrize("path", [None, 7, ["/"], "x" * 900, "/symbol/<script>"])
def test_any_path_gets_an_answer(site: Site, path: Any) -> None:
    assert site.poll(path=path).status_code == 200


def test_find_lists_symbols_with_their_pages(site: Site) -> None:
    output = "shell-find-list.children"
    found = call(site.app, site.client, output, {"shell-find.value": "ts"}, "shell-find.value").get_json()
    options = found["response"]["shell-find-list"]["children"]
    assert options[0]["props"]["href"] == "/symbol/76792991"
    nothing = call(site.app, site.client, output, {"shell-find.value": "<b>"}, "shell-find.value").get_json()
    assert "No symbol" in nothing["response"]["shell-find-list"]["children"][0]["props"]["children"]


def test_the_pnl_curve_and_its_new_base(site: Site) -> None:
    output = "overview-pnl.figure"
    values = {"overview-pnl-range.value": "day", "overview-pnl-hours.value": "all", "overview-pnl-rebase.data": None}
    figure = call(site.app, site.client, output, values, "overview-pnl-range.value").get_json()
    shown = figure["response"]["overview-pnl"]["figure"]
    assert shown["layout"]["meta"]["count"] == 300
    assert shown["layout"]["uirevision"] == "day"
    go.Figure(shown)
    patch = call(site.app, site.client, output, {**values, "overview-pnl-rebase.data": 1}, "overview-pnl-rebase.data")
    operations = patch.get_json()["response"]["overview-pnl"]["figure"]["operations"]
    assert {op["operation"] for op in operations} == {"Assign"}
    assert ["layout", "meta"] in [op["location"] for op in operations]


def test_the_treemap_is_the_grid_of_the_same_poll(site: Site) -> None:
    parts = site.poll("/positions").get_json()["set"]
    rows, tiles = parts["grid:positions"], parts["treemap"]
    assert set(tiles) == set(rows)
    for con_id, (symbol, money, change, share, _step) in tiles.items():
        row = rows[con_id]
        assert (symbol, share, money) == (row["sym"], row["expp"], float(f"{row['exp']:.3g}"))
        assert change == pytest.approx(row["chg"], abs=0.051)


def test_no_graph_can_send_its_data_away(site: Site) -> None:
    graphs = [
        part for page in pages_of(site) for part in every_component(page["layout"]()) if type(part).__name__ == "Graph"
    ]
    assert graphs
    for graph in graphs:
        assert graph.config == GRAPH_CONFIG
    assert GRAPH_CONFIG["showSendToCloud"] is False
    assert GRAPH_CONFIG["displaylogo"] is False


def test_styles_and_icons_come_from_this_server(site: Site) -> None:
    page = site.client.get("/", headers=HEADERS).text
    assert "http://" not in page.replace("http://127.0.0.1", "")
    assert "https://" not in page
    for path in ("bootstrap.min.css", "bootstrap-icons.min.css", "fonts/bootstrap-icons.woff2"):
        with site.client.get(f"/assets/vendor/{path}", headers=HEADERS) as answer:
            assert answer.status_code == 200
    sheets = re.findall(r'<link rel="stylesheet" href="/assets/@[^/]+(/[^"?]+)', page)
    assert [f"/assets{sheet}" for sheet in sheets[:2]] == list(STYLES), "ours come after, and have the last word"


def test_colours_of_charts_are_those_of_the_style_sheet(site: Site) -> None:
    sheet = read(site, "/assets/qt-tokens.css")[1]
    for name, value in COLOR.items():
        assert f"--qt-{name}: {value};" in sheet


@pytest.mark.parametrize("path", ["/", "/health", "/symbol/76792991"])
def test_a_page_of_html_is_small(site: Site, path: str) -> None:
    """It held the layouts of all pages once, half a megabyte, 0.2 s of the server and more of the browser."""
    answer = site.client.get(path, headers=HEADERS)
    assert len(answer.data) < 12_000 and b"validation_layout" not in answer.data


@pytest.mark.parametrize("value", [{"a": 1}, [1], 7, True, None])
def test_the_find_box_takes_texts_alone(site: Site, value: Any, caplog: Any) -> None:
    answer = call(site.app, site.client, "shell-find-list.children", {"shell-find.value": value}, "shell-find.value")
    assert answer.status_code == 200 and "failed" not in caplog.text


def test_a_failing_callback_is_no_server_error(site: Site, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    monkeypatch.setattr(site.bus, "read", lambda name: 1 / 0)
    answer = call(site.app, site.client, "shell-find-list.children", {"shell-find.value": "a"}, "shell-find.value")
    assert answer.status_code < 500
    assert "A callback failed" in caplog.text


# ---- the curve, without HTTP


def test_gaps_stay_gaps_and_the_area_goes_to_zero_at_both_sides() -> None:
    points = [Point(0, 5.0), Point(2, 6.0), Point(4, None), Point(300, 7.0), Point(302, 8.0)]
    assert gaps(points) == [(2, 300)]
    figure = pnl_figure(Curve(points), "day")
    go.Figure(figure)
    gain, _loss, line = (figure["data"][i]["y"] for i in range(3))
    assert line == [5.0, 6.0, None, None, 7.0, 8.0]
    assert gain == [5.0, 6.0, 0.0, 0.0, 7.0, 8.0]
    assert figure["data"][4]["x"][0] == round(shown(2, NEW_YORK) * 1000)
    assert any("no data" in note["text"] for note in figure["layout"]["annotations"])


def test_a_day_far_from_zero_is_not_pressed_flat() -> None:
    far = [Point(0, -2600.0), Point(2, -2650.0)]
    figure = pnl_figure(Curve(far), "day")
    assert [trace.get("visible", True) for trace in figure["data"][:3]] == [False, False, True]
    assert figure["layout"]["yaxis"]["autorangeoptions"]["include"] == [-2656.0, -2594.0]
    near = pnl_figure(Curve([Point(0, -26.0), Point(2, -50.0)]), "day")
    assert near["data"][0]["visible"] is True


def test_a_curve_of_one_point_has_a_minute_of_axis_and_no_extremes() -> None:
    figure = pnl_figure(Curve([Point(MARKET, -26.0)]), "day")
    first, last = figure["layout"]["xaxis"]["autorangeoptions"]["include"]
    assert last - first == 60_000.0 and first < round(shown(MARKET, NEW_YORK) * 1000) < last
    assert [text for text in figure["data"][3]["text"] if text] == []
    still = pnl_figure(Curve([Point(MARKET, -26.001), Point(MARKET + 60.0, -26.004)]), "day")
    assert [text for text in still["data"][3]["text"] if text] == [], "the same to the cent"
    assert still["layout"]["meta"]["high"][0] == still["layout"]["meta"]["low"][0] == -26.0
    long = pnl_figure(Curve([Point(MARKET, -26.0), Point(MARKET + 300.0, -20.0)]), "day")
    first, last = long["layout"]["xaxis"]["autorangeoptions"]["include"]
    assert last - first == 300_000.0, "none of it is empty"


def test_high_and_low_are_marked_and_a_night_is_not_a_gap() -> None:
    points = [Point(0, 1.0), Point(2, -3.0), Point(4, None), Point(60_000, 9.0)]
    figure = pnl_figure(Curve(points, [Mark(1, "TSLA −50", "fill"), Mark(99_999, "late", "fill")]), "5d")
    assert figure["data"][3]["text"] == ["high +9.00 at 11:40", "low −3.00 at 19:00"]
    assert figure["data"][4]["x"] == []
    fills = figure["data"][5]
    assert (fills["y"], fills["text"]) == ([1.0], ["TSLA −50 at 19:00:01"]), "the pointer says what had no room"
    assert [note["text"] for note in figure["layout"]["annotations"]] == ["TSLA −50"]


def test_nothing_is_drawn_twice_and_a_new_gap_is_cut() -> None:
    journal = [Point(0, 1.0), Point(10, 2.0), Point(20, 3.0)]
    newest = [Point(10, 2.0), Point(20, 3.0), Point(22, 4.0), Point(90, 5.0)]
    assert joined(journal, newest, 5) == [
        Point(10, 2.0),
        Point(20, 3.0),
        Point(22, 4.0),
        Point(23, None),
        Point(90, 5.0),
    ]


def test_after_the_clock_was_set_back_the_later_written_points_win() -> None:
    assert joined([Point(100, 1.0), Point(102, 2.0), Point(101, 9.0)], [], 0) == [Point(100, 1.0), Point(101, 9.0)]


def test_the_day_begins_with_the_accounts_trade_date() -> None:
    evening = ny("2025-11-04T18:00")
    assert since_market("day", MARKET, PnlSection(points=(), day_start=evening)) == evening
    assert since_market("day", MARKET) == ny("2025-11-04T20:00"), "without the engine's word a US stock's"
    assert since_market("1h", MARKET) == MARKET - 3600


def ny(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()


def test_a_reset_is_cut_and_marked_and_no_climb_is_drawn() -> None:
    """18:00: futures begin a new day. Nothing joins -2,100 with 0; high and low are the new day's, with their times."""
    at = ny("2025-11-05T18:00")
    points = [Point(at - 4, -2_100.0), Point(at - 2, -2_098.0), Point(at - 0.5, None, True), Point(at, 0.0)]
    points += [Point(at + 60, 12.0), Point(at + 120, -3.0)]
    marks = reset_marks(points, at, NEW_YORK)
    assert [(mark.text, mark.kind) for mark in marks] == [("new day 18:00", "reset")]
    curve = Curve(points, marks, at)
    line, extremes = series(curve)[2], series(curve)[3]
    assert line["y"] == [-2_100.0, -2_098.0, None, None, 0.0, 12.0, -3.0]
    assert extremes["text"] == ["high +12.00 at 18:01", "low −3.00 at 18:02"]
    assert gaps(points) == [], "a cut is no hole in the data"
    drawn = furniture(curve)
    assert [shape["x0"] for shape in drawn["shapes"]] == [round(shown(at, NEW_YORK) * 1000)]
    assert (drawn["meta"]["high"], drawn["meta"]["low"]) == ([12.0, at + 60], [-3.0, at + 120])


def test_regular_hours_alone_and_nothing_is_drawn_between_them() -> None:
    points = [Point(10.0 * n, float(n)) for n in range(1, 10)]
    shown_points = within(points, [[20.0, 30.0], [70.0, 80.0]])
    assert [(p.m, p.y) for p in shown_points] == [(20.0, 2.0), (30.0, 3.0), (30.5, None), (70.0, 7.0), (80.0, 8.0)]
    assert within(points, []) == []
    friday = datetime(2025, 11, 28, 12, tzinfo=NEW_YORK).timestamp()  # a half day
    (opens, closes), *_ = regular_hours_of(friday - 3600.0, friday)
    assert (closes - opens) / 3600.0 == 3.5


def test_the_evening_reset_over_http(site: Site) -> None:
    """The Day range begins with the account's day; the hour shows the cut, marked, and nothing joins both sides."""
    at = MARKET - 600.0
    before = [PnlPoint(WALL - 900.0 + n, at - 300.0 + n, -500.0, 0.0, -2_100.0) for n in range(0, 300, 10)]
    cut = [PnlPoint(WALL - 600.5, at - 0.5, None, 0.0, None)]
    after = [PnlPoint(WALL - 600.0 + n, at + n, -500.0, 0.0, 1.0 * n) for n in range(0, 600, 10)]
    site.bus.publish("pnl", PnlSection(points=(*before, *cut, *after), day_start=at, trade_date="20251106"))
    values = {"overview-pnl-range.value": "day", "overview-pnl-hours.value": "all", "overview-pnl-rebase.data": None}
    figures = {}
    for range_ in ("day", "1h"):
        answer = call(site.app, site.client, "overview-pnl.figure", {**values, "overview-pnl-range.value": range_},
                      "overview-pnl-range.value")  # fmt: skip
        figures[range_] = answer.get_json()["response"]["overview-pnl"]["figure"]
    assert min(figures["day"]["data"][2]["y"]) == 0.0, "yesterday's is not there"
    line = figures["1h"]["data"][2]["y"]
    place = line.index(0.0)
    assert line[place - 1] is None and line[place - 3] == -2_100.0
    for figure in figures.values():
        assert [note["text"] for note in figure["layout"]["annotations"] if "new day" in note["text"]]
        assert figure["layout"]["meta"]["low"][0] == 0.0 and figure["layout"]["meta"]["high"][0] == 590.0
        assert "as IB sends it" in figure["layout"]["meta"]["basis"]
    tail = site.poll().get_json()["set"]["tail:pnl"]
    assert tail[str(round(at) - 0.5)] == "cut"


@pytest.mark.parametrize(("session", "kept"), [("weekend", [0, 4]), ("open", [0, 2, 4, 6])])
def test_a_level_curve_of_a_closed_market_is_no_news(site: Site, session: SessionPhase, kept: list[int]) -> None:
    values = {0: -5.0, 2: -5.0, 4: -6.0, 6: -6.0}
    points = tuple(PnlPoint(WALL + n, MARKET + n, None, None, y) for n, y in values.items())
    broker = site.bus.read("broker")
    assert isinstance(broker, BrokerSection)
    site.bus.publish_all({"pnl": PnlSection(points=points), "broker": replace(broker, session=session)})
    tail = site.poll().get_json()["set"]["tail:pnl"]
    assert tail == {str(round(MARKET) + n): values[n] for n in kept}


def test_a_day_without_a_point_is_an_empty_state(site: Site) -> None:
    old = [PnlPoint(WALL - 900.0 + n, MARKET - 900.0 + n, -500.0, 0.0, -2_100.0) for n in range(0, 300, 10)]
    site.bus.publish("pnl", PnlSection(points=tuple(old), day_start=MARKET - 60.0))
    assert site.poll().get_json()["set"]["state"]["pnl"]["s"] == "empty"


def test_a_reset_within_the_day_is_a_mark_of_its_own() -> None:
    begins, reset = ny("2025-11-05T18:00"), ny("2025-11-05T20:00")
    points = [Point(begins + 2, 900.0), Point(reset - 0.5, None, True), Point(reset + 2, 5.0)]
    assert [mark.text for mark in reset_marks(points, begins, NEW_YORK)] == ["new day 18:00", "reset 20:00"]
    assert [point.y for point in of_day(Curve(points, [], begins))] == [None, 5.0]


def test_what_ib_sends_of_yesterday_in_the_first_seconds_is_not_in_the_new_day() -> None:
    at = ny("2025-11-05T18:00")
    points = [Point(at + 1, -6_838.0), Point(at + 2.5, None, True), Point(at + 3, -354.0), Point(at + 5, -360.0)]
    assert begun(points, at) == points[2:]
    assert [mark.text for mark in reset_marks(points, at, NEW_YORK)] == ["new day 18:00"]
    later = [Point(at + 1, 5.0), Point(at + 7_200, None, True), Point(at + 7_202, 0.0)]
    assert begun(later, at) == later, "a reset of its own within the day"


def test_a_reset_comes_out_of_the_journal_as_it_went_in() -> None:
    reset = PnlRow(1.0, 2.0, None, 0.0, None, "paper", "DU1")
    assert point_of(reset) == Point(2.0, None, True)
    assert point_of(replace(reset, realized=None)) == Point(2.0, None, False)
    assert point_of(replace(reset, daily=5.0)) == Point(2.0, 5.0, False)


def test_cents_do_not_look_like_a_crash() -> None:
    """The axis spans at least 10, half a per cent of what is shown, and a hundredth of a per cent of the account."""
    for level, net, least in ((0.0, None, 10.0), (-2_600.0, None, 13.0), (0.0, 184_311.0, 18.43)):
        points = [Point(0, level), Point(2, level - 0.03), Point(4, level + 0.02)]
        assert least_range(points, net) == pytest.approx(least, rel=0.01)
        bottom, top = room(Curve(points, least=least_range(points, net)))
        assert top - bottom >= least - 0.01 and bottom < level - 0.03 and top > level + 0.02
    busy = [Point(0, 0.0), Point(2, 5_000.0)]
    assert room(Curve(busy, least=least_range(busy))) == [-600.0, 5_600.0]


def test_an_empty_curve_has_no_axis_of_another_century() -> None:
    layout = pnl_figure(Curve([]), "day")["layout"]
    assert not layout["xaxis"]["visible"] and layout["meta"]["count"] == 0
    assert joined([Point(1, None), Point(2, None, True), Point(3, 1.0)], [], 0) == [Point(3, 1.0)]


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("2025-11-05T12:00", ["open 09:30", "close 16:00"]),
        ("2025-11-28T12:00", ["open 09:30", "close 13:00"]),
        ("2025-11-27T12:00", ["open 09:30", "close 16:00"]),  # Thanksgiving: the running date is Wednesday's
        ("2025-12-25T21:00", ["open 09:30", "close 16:00"]),
        ("2025-10-31T12:00", ["open 09:30", "close 16:00"]),
    ],
)
def test_session_marks_are_those_of_the_day(when: str, words: list[str]) -> None:
    marks = session_marks(ny(when), "day", NEW_YORK)
    assert [mark.text for mark in marks] == words
    told = PnlSection(points=(), sessions=((ny("2025-11-28T09:30"), ny("2025-11-28T12:15")),))
    assert [mark.text for mark in session_marks(ny(when), "1h", NEW_YORK, told)] == ["open 09:30", "close 12:15"]
    assert session_marks(ny(when), "1h", NEW_YORK, PnlSection(points=(), sessions=())) == []


def test_no_opening_stands_on_the_day_of_thanksgiving() -> None:
    assert all(mark.m < ny("2025-11-27T00:00") for mark in session_marks(ny("2025-11-27T12:00"), "day", NEW_YORK))
    assert session_marks(ny("2025-11-27T12:00"), "1h", NEW_YORK) == [] or all(
        mark.m < ny("2025-11-27T00:00") for mark in session_marks(ny("2025-11-27T12:00"), "1h", NEW_YORK)
    )


def test_each_point_has_the_offset_of_its_own_moment() -> None:
    """A curve over the night in which clocks go back: 09:30 is 09:30 on both sides, and nothing runs backwards."""
    friday, monday = ny("2025-10-31T09:30"), ny("2025-11-03T09:30")
    points = [Point(friday, 1.0), *(Point(ny("2025-11-02T00:00") + 60.0 * n, 1.0 * n) for n in range(240))]
    points.append(Point(monday, 2.0))
    x = series(Curve(points))[2]["x"]
    assert x == sorted(set(x))
    assert [datetime.fromtimestamp(at / 1000, UTC).strftime("%H:%M") for at in (x[0], x[-1])] == ["09:30", "09:30"]
    turns = shifts(friday, friday + 3_600, NEW_YORK)
    assert turns == [[friday, -4 * 3_600.0], [datetime(2025, 11, 2, 6, tzinfo=UTC).timestamp(), -5 * 3_600.0]]


def test_the_hour_that_the_clocks_repeat_has_its_width() -> None:
    """01:59:30 EDT to 01:30 EST, as it is seen in that night: half an hour wide, by the new clock."""
    change = datetime(2025, 11, 2, 6, tzinfo=UTC).timestamp()
    points = [Point(change + 30.0 * n, 1.0 * n) for n in range(-1, 61)]
    curve = in_one_offset(Curve(points))
    x = series(curve)[2]["x"]
    assert x[-1] - x[0] == 61 * 30_000 and x == sorted(set(x))
    assert [datetime.fromtimestamp(at / 1000, UTC).strftime("%H:%M:%S") for at in (x[0], x[-1])] == [
        "00:59:30",
        "01:30:00",
    ]
    drawn = furniture(curve)
    assert drawn["meta"]["shifts"] == [[points[0].m, -5 * 3_600.0]]
    assert "clocks back, axis in EST" in [note["text"] for note in drawn["annotations"]]
    assert series(curve)[3]["text"] == ["high +60.00 at 01:30 EST", "low −1.00 at 01:59 EDT"]
    before = in_one_offset(Curve(points[:1]))
    assert before.ahead is None and len(furniture(before)["meta"]["shifts"]) == 2, "the browser knows of the change"
    assert in_one_offset(Curve([*points, Point(ny("2025-11-03T09:30"), 2.0)])).ahead is None


def test_the_basis_of_the_figures_is_said() -> None:
    words = basis_words(ny("2025-11-05T18:00"), NEW_YORK)
    assert "as IB sends it, since Wed 5 Nov 18:00 ET" in words and "High and low" in words


def test_an_account_that_nobody_has_spoken_of_is_not_one_without_positions(site: Site) -> None:
    known = positions(WALL)
    empty = replace(known, tradable=(), filtered=(), account=replace(known.account, updated_wall=None))
    site.bus.publish("positions", empty)
    view = site.poll().get_json()["set"]
    assert (view["strip"]["priced"], view["positions"]["count"]) == ("not known yet", "not known yet")
    assert view["strip"]["fresh"] == {"s": "marked", "word": "–"}
    site.bus.publish("positions", replace(empty, account=replace(known.account, updated_wall=WALL)))
    view = site.poll().get_json()["set"]
    assert (view["strip"]["priced"], view["positions"]["count"]) == ("no position", "0 tradable")
