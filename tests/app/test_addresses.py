"""What an address answers: pages, names of symbols however they are spelt, and the small page of what is not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dash
import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from app.addresses import answer_to
from app.callbacks.shell import found_list
from app.callbacks.symbol import polled
from app.deps import AppDeps
from app.factory import create_app
from app.feed import Feed
from app.rows.find_page import request_id_of
from app.views import PAGES, find_page
from engine.clock import FakeClock
from engine.state.bus import StateBus
from engine.state.commands import FindSymbol
from engine.state.sections import Answer, AnswersSection, UniverseSection
from tests.app.dash_client import HEADERS
from tests.app.sample_state import WALL, fill_sample

TSLA, BRK, TENCENT = 76_792_991, 72_063_691, 151_851_402


@pytest.fixture
def bus() -> StateBus:
    bus = StateBus(None, FakeClock(wall=WALL))
    fill_sample(bus, WALL)
    return bus


@pytest.fixture(scope="module")
def client() -> Iterator[FlaskClient]:
    """Of a program that somebody's environment asks to show more than it should."""
    bus = StateBus(None, FakeClock(wall=WALL))
    fill_sample(bus, WALL)
    with pytest.MonkeyPatch.context() as environment:
        for name in ("DASH_DEBUG", "DASH_MCP_ENABLED", "DASH_HOT_RELOAD", "DASH_UI", "FLASK_DEBUG"):
            environment.setenv(name, "true")
        yield create_app(AppDeps(state=bus, clock=FakeClock(wall=WALL))).server.test_client()


def add(bus: StateBus, *rows: tuple[int, str, str, str, str, Any]) -> None:
    universe = bus.read("universe")
    assert isinstance(universe, UniverseSection)
    bus.publish("universe", replace(universe, symbols=(*universe.symbols, *rows)))


def answer(bus: StateBus, name: str, *rows: list[Any]) -> None:
    made = Answer(request_id_of(name), bool(rows), "said", WALL, list(rows))
    bus.publish("answers", AnswersSection(answers=(made,)))


def shown(bus: StateBus, path: str) -> dict[str, dict[str, Any]]:
    """The view of the page at this path; what it asks the engine for stays in the queue."""
    clock = FakeClock(wall=WALL)
    delta = Feed(bus, clock.wall, polled(PAGES, AppDeps(state=bus, clock=clock))).poll(path, None).delta
    assert delta is not None
    return delta["set"]  # type: ignore[no-any-return]


def asked(bus: StateBus) -> list[str]:
    return [command.text for command in bus.drain() if isinstance(command, FindSymbol)]


# --- over HTTP -----------------------------------------------------------------------------------------------------


def test_every_page_is_there(client: FlaskClient) -> None:
    paths = [page["path"] for page in dash.page_registry.values() if page["path"] != "/not-found"]
    assert {"/", "/symbol", "/settings"} < set(paths)
    for path in [*paths, "/positions/", f"/symbol/{TSLA}", "/symbol/700", "/symbol/whoever", "/symbol/BRK%20B"]:
        with client.get(path, headers=HEADERS) as page:
            assert page.status_code == 200, path
            assert b"shell-root" in page.data or b"_dash-renderer" in page.data, path


@pytest.mark.parametrize(
    "path",
    [
        "/_dash-component-suites/dash/x.js", "/_dash-component-suites/no.such/x.js", "/_dash-component-suites/dash/",
        "/_dash-component-suites/dash/..%2f..%2fetc/passwd", "/_dash-component-suites/dash/a%00b.js", "/assets/x",
        "/assets/..%2fapp.py", "/vendor/css/a%00b", "/vendor/css/font/fonts/a%00b", "/static/x", "/_dash-x",
        "/_mcp", "/_mcp/x", "/console", "/nothing", "/not-found",
        "/positions/x", "/wp-login.php", "/symbols", "/" + "x" * 300, "/a%00b", "/é/<b>",
    ],
)  # fmt: skip
def test_an_unknown_path_answers_404_with_a_small_page(client: FlaskClient, path: str) -> None:
    with client.get(path, headers=HEADERS) as page:
        assert page.status_code == 404
        assert page.mimetype == "text/html"
        assert len(page.data) < 1_500
        assert b"No such page" in page.data and b'<a href="/">' in page.data and b"<b>" not in page.data
    with client.head(path) as page:
        assert page.status_code == 404


@pytest.mark.parametrize("path", ["/symbol/BRK/B", "/symbol/brk/b/", "/symbol/name/700", "/symbol/a/b/c"])
def test_a_name_with_a_slash_has_a_page(client: FlaskClient, path: str) -> None:
    with client.get(path, headers=HEADERS) as page:
        assert page.status_code == 200


@pytest.mark.parametrize("name", ["a%00b", "TSLA%1b", "a%E2%80%8Bb", "x" * 41, "%7F"])
def test_what_no_name_can_hold_is_refused(client: FlaskClient, bus: StateBus, name: str) -> None:
    with client.get(f"/symbol/{name}", headers=HEADERS) as page:
        assert page.status_code == 400
        assert b"No such name" in page.data
    assert shown(bus, f"/symbol/{name}")["find"]["title"] == "No such name"
    assert asked(bus) == []


def test_dashs_own_routes_go_on(client: FlaskClient) -> None:
    for path in ("/_dash-layout", "/_dash-dependencies", "/assets/qt-tokens.css", "/healthz"):
        with client.get(path, headers=HEADERS) as found:
            assert found.status_code in (200, 503), path
    with client.get("/assets/nothing.css", headers=HEADERS) as missing:
        assert missing.status_code == 404 and missing.mimetype == "text/html" and len(missing.data) < 1_500
    with client.get("/api/nothing", headers=HEADERS) as missing:
        assert missing.status_code == 404 and missing.is_json


def test_the_pages_of_the_addresses_are_those_of_the_views() -> None:
    assert answer_to("/lines") is None
    assert find_page(PAGES, "/symbol/BRK/B")[1] == {"name": "BRK/B"}
    assert find_page(PAGES, "/symbol/name/700")[1] == {"name": "700"}


# --- where a name leads --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/symbol/BRK/B", "/symbol/brk/b", "/symbol/BRK%2FB", "/symbol/BRK.B", "/symbol/BRK_B"]
)
def test_a_class_of_shares_is_found_by_any_separator(bus: StateBus, path: str) -> None:
    assert shown(bus, path)["find"]["go"] == BRK


def test_what_the_broker_offers_is_opened_only_when_it_is_called_so(bus: StateBus) -> None:
    answer(bus, "NAN", [4_242, "NANX", "STK", "ASX", False])
    page = shown(bus, "/symbol/nan")
    assert page["find"]["go"] is None
    assert "Nothing is called NAN" in page["find"]["text"]
    assert list(page["rows:found"]) == ["4242"]
    answer(bus, "NAN", [4_242, "NANX", "STK", "ASX", False], [4_243, "NAN", "STK", "ASX", True])
    assert shown(bus, "/symbol/nan")["find"]["go"] == 4_243
    answer(bus, "NAN", [4_244, "NAN", "STK", "LSE", True], [4_243, "NAN", "STK", "ASX", True])
    page = shown(bus, "/symbol/nan")
    assert page["find"]["go"] is None and set(page["rows:found"]) == {"4243", "4244"}


# --- numbers -------------------------------------------------------------------------------------------------------


def test_a_number_that_is_no_contract_here_is_a_name(bus: StateBus) -> None:
    page = shown(bus, "/symbol/700")
    assert page["symbol"]["unknown"] is True and page["find"]["go"] is None
    assert asked(bus) == ["700"]
    add(bus, (TENCENT, "700", "700", "STK", "SEHK", "none"))
    assert shown(bus, "/symbol/700")["find"]["go"] == TENCENT


def test_a_number_that_is_both_opens_the_contract_and_names_the_other(bus: StateBus) -> None:
    add(bus, (4_391, "AMD", "AMD", "STK", "NASDAQ", "none"), (151_000_001, "4391", "4391", "STK", "TSEJ", "none"))
    page = shown(bus, "/symbol/4391")
    assert page["symbol"]["name"] == "AMD" and "find" not in page
    assert (page["symbol"]["namesake"]["sym"], page["symbol"]["namesake"]["con"]) == ("4391", 151_000_001)
    assert asked(bus) == []
    assert shown(bus, f"/symbol/{TSLA}")["symbol"]["namesake"] is None


def test_a_number_can_be_meant_as_a_name(bus: StateBus) -> None:
    add(bus, (4_391, "AMD", "AMD", "STK", "NASDAQ", "none"))
    page = shown(bus, "/symbol/name/4391")
    assert page["find"]["go"] is None and asked(bus) == ["4391"]
    answer(bus, "4391", [4_391, "AMD", "STK", "NASDAQ", True], [151_000_001, "4391", "STK", "TSEJ", True])
    assert shown(bus, "/symbol/name/4391")["find"]["go"] == 151_000_001


def test_the_box_offers_a_number_as_a_name_too(bus: StateBus) -> None:
    universe = bus.read("universe")
    assert isinstance(universe, UniverseSection)
    assert [option.href for option in found_list("4391", universe)] == ["/symbol/name/4391"]
    assert found_list("zzzz", universe)[0].className == "qt-none"
    children = [child for text in ("4391", "zzzz") for child in found_list(text, universe)]
    said = [child.to_plotly_json()["props"]["data-for"] for child in children]
    assert said == ["4391", "zzzz"], "what was typed since is not answered by it"


def test_an_unknown_number_says_so_when_the_broker_has_answered(bus: StateBus) -> None:
    answer(bus, "999")
    assert "No contract of this number" in shown(bus, "/symbol/999")["find"]["text"]
