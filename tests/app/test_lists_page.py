"""Watch-lists on the pages: the rows of those in sight, what controls may ask for, the report of an import."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from app.callbacks.requests import reply_to
from app.deps import AppDeps
from app.feed import Feed
from app.rows.watchlists import about, report
from app.views import PAGES
from engine.clock import FakeClock
from engine.domain import ContractRef
from engine.state.bus import StateBus
from engine.state.commands import DropLevel, EditWatchlist, ImportSymbols, KeepLevel, KeepNote
from engine.state.door import checked
from engine.state.watchlist_sections import IMPORT_MAX, NOTE_MAX, ImportReport, ImportRow, WatchlistsSection
from tests.app.sample_state import NQ, TSLA, WALL, fill_lists, fill_sample

VX = 99


@pytest.fixture
def bus() -> StateBus:
    made = StateBus(None, FakeClock(wall=WALL))
    fill_sample(made, WALL)
    fill_lists(made)
    return made


def seen(bus: StateBus, path: str, *lists: int) -> dict[str, Any]:
    """The whole view of a page while these lists are in sight."""
    page = "overview" if path == "/" else "lists"
    sight = " ".join([page, *(f"grid:watch-{each}" for each in lists)])
    delta = Feed(bus, lambda: WALL, PAGES).poll(path, None, sight).delta
    assert delta is not None
    return dict(delta["set"])


def test_only_the_list_in_sight_travels_in_the_users_order(bus: StateBus) -> None:
    view = seen(bus, "/", 1)
    assert view["lists"] == {"1": [0, "Tech", 4], "2": [1, "Futures", 2]}
    assert view["watch"] == {"some": True}
    rows = view["grid:watch-1"]
    assert [row["sym"] for row in sorted(rows.values(), key=lambda row: row["order"])] == [
        "AAPL",
        "MSFT",
        "TSLA",
        "AMD",
    ]
    assert "grid:watch-2" not in view
    assert {"grid:watch-1", "grid:watch-2"} <= seen(bus, "/lists", 1, 2).keys()
    assert not any(part.startswith("grid:watch") for part in seen(bus, "/"))


def test_a_row_says_its_price_how_it_comes_its_note_and_its_nearest_level(bus: StateBus) -> None:
    row = seen(bus, "/", 1)["grid:watch-1"][str(TSLA)]
    assert (row["last"], row["lane"], row["note"]) == (408.08, "streaming", "Sell the second push")
    assert (row["lev"], row["levp"], row["levs"]) == (401.5, -1.61, "415.00 gap · 401.50")
    assert row["at"] is not None and row["about"] == "stock · NASDAQ"


def test_what_has_no_price_says_so_and_claims_no_age(bus: StateBus) -> None:
    rows = seen(bus, "/", 2)["grid:watch-2"]
    none = rows[str(VX)]
    assert (none["last"], none["chg"], none["at"], none["lane"]) == (None, None, None, "none")
    assert "No price yet" in none["why"] and none["about"] == "future · CFE · 17 Dec 2025"
    assert rows[str(NQ)]["lane"] == "streaming"


def test_without_lists_the_tile_is_not_there_and_says_how_one_is_made(bus: StateBus) -> None:
    bus.publish("watchlists", WatchlistsSection())
    view = seen(bus, "/")
    assert view["watch"] == {"some": False} and view["lists"] == {}
    assert view["state"]["watch"]["s"] == "empty" and "Lists page" in view["state"]["watch"]["text"]


def test_the_report_counts_and_offers_what_is_not_clear() -> None:
    choices = (ContractRef(4, "ES", "ESZ5", "FUT", "CME", last_trade_date="20251219"),)
    rows = (
        ImportRow(1, "AAPL", "taken", "", 1, "AAPL"),
        ImportRow(2, "ES", "ambiguous", "2 contracts", choices=choices),
        ImportRow(3, "X", "unknown", "none"),
    )
    going = report(ImportReport("a", 1, "Tech", 3, 2, rows[:2]))
    assert going["head"] == "Looking up 2 of 3 symbols for Tech" and going["done"] == 67 and going["rows"] == []
    over = report(ImportReport("a", 1, "Tech", 3, 3, rows, over_wall=WALL))
    assert over["head"] == "Tech: 1 taken, 1 ambiguous, 1 unknown"
    assert over["rows"][1][6] == [[4, "ESZ5", "future · CME · 19 Dec 2025"]]
    assert report(None) == {"id": None}


def test_contracts_of_one_name_are_told_apart() -> None:
    assert about(ContractRef(1, "SAP", "SAP", "STK", "SMART", "IBIS", "EUR")) == "stock · IBIS · EUR"
    option = ContractRef(1, "SPY", "SPY", "OPT", "SMART", "", "USD", 100.0, "20251219", "", 600.0, "C")
    assert about(option) == "option · 19 Dec 2025 · C 600"


def asked(bus: StateBus, **request: Any) -> tuple[str, Any]:
    """Why a request was refused, "" = it was not; and the command that it became."""
    deps = AppDeps(state=bus, clock=FakeClock(wall=WALL))
    reply = reply_to(deps, {"id": uuid4().hex, **request})
    commands = bus.drain()
    return reply["text"], commands[0] if commands else None


@pytest.mark.parametrize(
    ("request_", "command"),
    [
        ({"action": "list", "do": "create", "name": "A"}, EditWatchlist("", "create", 0, "A")),
        ({"action": "list", "do": "move", "list": 2, "con": 9, "place": 3}, EditWatchlist("", "move", 2, "", 9, 3)),
        ({"action": "list", "do": "delete", "list": 20}, EditWatchlist("", "delete", 20)),
        ({"action": "import", "list": 1, "text": "A\nB"}, ImportSymbols("", 1, "A\nB")),
        ({"action": "note", "con": 9, "text": "x"}, KeepNote("", 9, "x")),
        ({"action": "level", "con": 9, "price": 4, "label": "l"}, KeepLevel("", 9, 4.0, "l")),
        ({"action": "level", "con": 9, "price": -4.5, "level": 2}, KeepLevel("", 9, -4.5, "", 2)),
        ({"action": "drop-level", "con": 9, "level": 2}, DropLevel("", 9, 2)),
    ],
)
def test_what_controls_ask_for_becomes_a_command(bus: StateBus, request_: dict[str, Any], command: Any) -> None:
    text, made = asked(bus, **request_)
    assert text == ""
    fields = [name for name in made.__struct_fields__ if name != "request_id"]
    assert type(made) is type(command)
    assert [getattr(made, name) for name in fields] == [getattr(command, name) for name in fields]


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        ({"action": "list", "do": "create", "name": " "}, "name first"),
        ({"action": "list", "do": "burn", "list": 1}, "Reload"),
        ({"action": "list", "do": "delete", "list": 0}, "Reload"),
        ({"action": "list", "do": "delete", "list": 21}, "Reload"),
        ({"action": "list", "do": "delete", "list": True}, "Reload"),
        ({"action": "list", "do": "add", "list": 1}, "Choose a symbol"),
        ({"action": "list", "do": "add", "list": 1, "con": 2**31}, "Choose a symbol"),
        ({"action": "list", "do": "move", "list": 1, "con": 9, "place": -1}, "Reload"),
        ({"action": "import", "list": 1, "text": " \n"}, "Paste or choose"),
        ({"action": "import", "list": 1, "text": "A" * (IMPORT_MAX + 1)}, "in parts"),
        ({"action": "import", "list": 1, "text": 7}, "Reload"),
        ({"action": "note", "con": 9, "text": "x" * (NOTE_MAX + 1)}, "at most"),
        ({"action": "level", "con": 9, "price": "4"}, "Type a price"),
        ({"action": "level", "con": 9, "price": True}, "Type a price"),
        ({"action": "level", "con": 0, "price": 4}, "Reload"),
        ({"action": "drop-level", "con": 9, "level": 0}, "Reload"),
        ({"action": ["list"]}, "Reload"),
    ],
)
def test_what_is_no_request_is_refused_in_words(bus: StateBus, request_: dict[str, Any], word: str) -> None:
    text, command = asked(bus, **request_)
    assert word in text and command is None


def test_a_long_text_passes_the_door_as_an_import_alone() -> None:
    text = "ÄÖ,\n" * (IMPORT_MAX // 4)
    assert checked(ImportSymbols("a", 1, text)) == ImportSymbols("a", 1, text)
    assert checked(KeepNote("a", 1, "ß" * NOTE_MAX)).text == "ß" * NOTE_MAX  # type: ignore[union-attr]
