"""The dashboard over HTTP: pages, the poll, its headers, callbacks; two apps in one process."""

from __future__ import annotations

import inspect
import json
from typing import Any

import dash
import plotly.graph_objects as go
import pytest
from dash import Dash
from dash.development.base_component import Component
from flask.testing import FlaskClient

from app import ids
from app.deps import AppDeps
from app.factory import create_app
from app.figures.pnl import Mark, Point, gaps, pnl_figure
from app.figures.pnl_window import joined, since_market, zone_offset_s
from app.figures.treemap import treemap_figure
from app.rows.positions import treemap
from app.theme import COLOR, GRAPH_CONFIG
from engine.clock import FakeClock
from engine.state.bus import StateBus
from tests.app.dash_client import HEADERS, call
from tests.app.sample_state import MARKET, WALL, fill_sample, positions, tick_sample

POLL = "shell-delta.data"


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
        values = {"shell-url.pathname": path, "shell-cursor.data": cursor}
        return call(self.app, self.client, POLL, values, "shell-poll.n_intervals")


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


def test_every_id_of_a_callback_is_in_a_layout(site: Site) -> None:
    known = all_ids(site) | {"_pages_location", "_pages_content", "_pages_store", "_pages_dummy"}
    for output, spec in site.app.callback_map.items():
        used = {entry["id"] for entry in [*spec["inputs"], *spec["state"]]}
        used |= {part.rpartition(".")[0] for part in output.strip(".").split("...")}
        assert used <= known, (output, used - known)


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
    cursor = first.get_json()["response"]["shell-delta"]["data"]["cursor"]
    again = site.poll(cursor=cursor)
    assert again.status_code == 204
    assert again.data == b""
    assert float(again.headers["X-QT-Now"]) == WALL
    assert float(again.headers["X-QT-Beat"]) == pytest.approx(0.2)
    assert again.headers["X-QT-Build"] == "0.1.0+5a1c9e77"


def test_the_poll_sends_what_moved(site: Site) -> None:
    cursor = site.poll().get_json()["response"]["shell-delta"]["data"]["cursor"]
    tick_sample(site.bus, 3, WALL + 2, site.clock.mono())
    delta = site.poll(cursor=cursor).get_json()["response"]["shell-delta"]["data"]
    assert "full" not in delta
    assert "strip" in delta["set"]
    assert delta["since"] == cursor != delta["cursor"]


def test_before_the_engine_has_written_anything() -> None:
    site = Site(filled=False)
    answer = site.poll()
    assert answer.status_code == 200
    assert "X-QT-Beat" not in answer.headers
    view = answer.get_json()["response"]["shell-delta"]["data"]["set"]
    assert view["strip"]["pill"] == ["Starting", "idle"]
    assert view["state"]["positions"] == {"s": "loading"}


def test_while_tws_is_away_the_page_says_what_to_tick() -> None:
    view = Site(connected=False).poll().get_json()["response"]["shell-delta"]["data"]["set"]
    assert view["broker"]["down"] is True
    assert view["broker"]["tick_list"] is True
    assert view["broker"]["port"] == "7497"
    assert "127.0.0.1:7497" in view["broker"]["title"]
    text = json.dumps(Site().app.layout.to_plotly_json(), default=lambda part: part.to_plotly_json())
    for words in ("Enable ActiveX and Socket Clients", "Read-Only API", "localhost only"):
        assert words in text


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
    values = {"overview-pnl-range.value": "day", "overview-pnl-rebase.data": None}
    figure = call(site.app, site.client, output, values, "overview-pnl-range.value").get_json()
    shown = figure["response"]["overview-pnl"]["figure"]
    assert shown["layout"]["meta"]["count"] == 300
    assert shown["layout"]["uirevision"] == "day"
    go.Figure(shown)
    patch = call(site.app, site.client, output, {**values, "overview-pnl-rebase.data": 1}, "overview-pnl-rebase.data")
    operations = patch.get_json()["response"]["overview-pnl"]["figure"]["operations"]
    assert {op["operation"] for op in operations} == {"Assign"}
    assert ["layout", "meta"] in [op["location"] for op in operations]


def test_the_treemap_is_the_exposure(site: Site) -> None:
    tiles = treemap(positions(WALL))["tiles"]
    figure = treemap_figure(tiles)
    go.Figure(figure)
    assert figure["data"][0]["labels"][0] == "NQZ5"
    assert figure["data"][0]["values"] == sorted(figure["data"][0]["values"], reverse=True)
    given = {"positions-treemap-data.data": 1}
    answer = call(site.app, site.client, "positions-treemap.figure", given, "positions-treemap-data.data").get_json()
    assert answer["response"]["positions-treemap"]["figure"]["data"][0]["labels"][0] == "NQZ5"


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
    for path in ("bootstrap.min.css", "font/bootstrap-icons.min.css"):
        assert read(site, f"/vendor/css/{path}")[0] == 200
    for path in ("../../../__init__.py", "bootswatch/lux/bootstrap.css", "font/fonts/../../../../__init__.py"):
        assert read(site, f"/vendor/css/{path}")[0] == 404


def test_colours_of_charts_are_those_of_the_style_sheet(site: Site) -> None:
    sheet = read(site, "/assets/qt-tokens.css")[1]
    for name, value in COLOR.items():
        assert f"--qt-{name}: {value};" in sheet


def test_a_failing_callback_is_no_server_error(site: Site, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    monkeypatch.setattr(site.bus, "read", lambda name: 1 / 0)
    answer = call(site.app, site.client, "shell-find-list.children", {"shell-find.value": "a"}, "shell-find.value")
    assert answer.status_code < 500
    assert "A callback failed" in caplog.text


# ---- the curve, without HTTP


def test_gaps_stay_gaps_and_the_area_goes_to_zero_at_both_sides() -> None:
    points = [Point(0, 5.0), Point(2, 6.0), Point(4, None), Point(300, 7.0), Point(302, 8.0)]
    assert gaps(points) == [(2, 300)]
    figure = pnl_figure(points, [], 0.0, "day")
    go.Figure(figure)
    gain, _loss, line = (figure["data"][i]["y"] for i in range(3))
    assert line == [5.0, 6.0, None, None, 7.0, 8.0]
    assert gain == [5.0, 6.0, 0.0, 0.0, 7.0, 8.0]
    assert figure["data"][4]["x"][0] == 2000
    assert any("no data" in note["text"] for note in figure["layout"]["annotations"])


def test_a_day_far_from_zero_is_not_pressed_flat() -> None:
    far = [Point(0, -2600.0), Point(2, -2650.0)]
    figure = pnl_figure(far, [], 0.0, "day")
    assert [trace.get("visible", True) for trace in figure["data"][:3]] == [False, False, True]
    assert figure["layout"]["yaxis"]["autorangeoptions"]["include"] == [-2656.0, -2594.0]
    near = pnl_figure([Point(0, -26.0), Point(2, -50.0)], [], 0.0, "day")
    assert near["data"][0]["visible"] is True


def test_high_and_low_are_marked_and_a_night_is_not_a_gap() -> None:
    points = [Point(0, 1.0), Point(2, -3.0), Point(4, None), Point(60_000, 9.0)]
    figure = pnl_figure(points, [Mark(1, "TSLA −50", "fill"), Mark(99_999, "late", "fill")], 0.0, "5d")
    assert figure["data"][3]["text"] == ["high +9.00", "low −3.00"]
    assert figure["data"][4]["x"] == []
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


def test_the_day_begins_at_midnight_in_new_york() -> None:
    begins = since_market("day", MARKET)
    assert (begins + zone_offset_s(MARKET)) % 86_400 == 0
    assert MARKET - begins < 86_400
    assert since_market("1h", MARKET) == MARKET - 3600
