"""Several charts on one page, the market strip, notes and levels of a symbol: what the pages are told."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from app.callbacks.charts import bases_of
from app.callbacks.symbol import polled
from app.deps import AppDeps
from app.feed import Feed
from app.rows.charts import asked_charts
from app.views import PAGES
from engine.clock import FakeClock
from engine.domain import ContractRef
from engine.state.bus import StateBus
from engine.state.sections import LinesSection, PositionsSection
from engine.state.watchlist_sections import StripEntry, WatchlistsSection
from tests.app.sample_state import NQ, TSLA, WALL, fill_lists, fill_sample, listed

NVDA, AAPL = 4_815_747, 265_598
ES = ContractRef(495_512_563, "ES", "ESZ5", "FUT", "CME", last_trade_date="20251219")


@pytest.fixture
def bus() -> StateBus:
    made = StateBus(None, FakeClock(wall=WALL))
    fill_sample(made, WALL)
    fill_lists(made)
    return made


def seen(bus: StateBus, path: str) -> dict[str, Any]:
    delta = Feed(bus, lambda: WALL, PAGES).poll(path, None).delta
    assert delta is not None
    return dict(delta["set"])


@pytest.mark.parametrize(
    ("query", "con_ids", "names", "frame"),
    [
        ("s=1,2&tf=5m", (1, 2), (), "5m"),
        ("s=1,,1, 2 ,TSLA,brk b", (1, 2), ("TSLA", "brk b"), "1m"),
        ("s=1,2,3,4,5,6,7,8", (1, 2, 3, 4, 5, 6), (), "1m"),
        ("s=1%2C2&tf=7m", (1, 2), (), "1m"),
        ("", (), (), "1m"),
        ("tf=1D&s=", (), (), "1D"),
        ("s=" + "9" * 5_000, (), (), "1m"),
    ],
)
def test_the_address_says_whose_charts(
    query: str, con_ids: tuple[int, ...], names: tuple[str, ...], frame: str
) -> None:
    asked = asked_charts(query)
    assert (asked.con_ids, asked.names, asked.frame.key) == (con_ids, names, frame)


def test_each_chart_has_its_own_parts_of_the_one_timeframe(bus: StateBus) -> None:
    view = seen(bus, f"/charts?s={TSLA},{NQ},{AAPL}&tf=5m")
    assert view["charts"]["cons"] == [TSLA, NQ, AAPL] and view["charts"]["tf"] == "5m"
    assert view[f"chart:{TSLA}"]["con"] == TSLA and view[f"chart:{NQ}"]["con"] == NQ
    assert [level[1] for level in view[f"chart:{TSLA}"]["levels"]] == [415.0, 401.5]
    assert view[f"tail:bars-5m:{TSLA}"] and f"tail:bars-1m:{TSLA}" not in view
    assert view[f"head:{TSLA}"]["name"] == "TSLA" and view[f"head:{TSLA}"]["last"] == "408.08"
    assert view["state"][f"chart-{TSLA}"]["s"] == "live"
    assert f"chart:{AAPL}" not in view, "nobody has published its bars yet"
    assert view["state"][f"chart-{AAPL}"]["s"] == "loading"


def test_names_are_found_and_the_page_offers_what_may_fill_it(bus: StateBus) -> None:
    view = seen(bus, "/charts?s=TSLA,NOPE")
    assert view["charts"]["found"] == {"TSLA": TSLA, "NOPE": None}
    fills = dict(view["charts"]["fills"])
    assert list(fills) == ["Positions", "Tech", "Futures"]
    assert fills["Tech"] == [each.con_id for each in listed(AAPL, 272_093, TSLA, 4_391)]
    assert set(fills["Positions"]) == {row.con_id for row in positions(bus).tradable}


def positions(bus: StateBus) -> PositionsSection:
    section = bus.read("positions")
    assert isinstance(section, PositionsSection)
    return section


def test_each_poll_keeps_every_symbol_open(bus: StateBus) -> None:
    deps = AppDeps(state=bus, clock=FakeClock(wall=WALL))
    Feed(bus, lambda: WALL, polled(PAGES, deps)).poll(f"/charts?s={TSLA},{NQ}", None)
    assert bus.open_symbols() == {TSLA, NQ}


def test_bars_come_for_those_that_are_asked_for(bus: StateBus) -> None:
    deps = AppDeps(state=bus, clock=FakeClock(wall=WALL))
    first, second = bases_of(deps, {"cons": [TSLA, AAPL], "tf": "5m"})
    assert (first["con"], first["tf"], len(first["t"]) > 20) == (TSLA, "5m", True)
    assert (second["con"], second["t"]) == (AAPL, [])
    assert bases_of(deps, {"cons": "x"}) == [] and bases_of(deps, None) == []
    assert bases_of(deps, {"cons": [{}], "tf": []})[0]["t"] == []


# --- the market strip -------------------------------------------------------------------------------------------------


def strip(bus: StateBus, *entries: StripEntry) -> list[dict[str, Any]]:
    bus.publish("watchlists", WatchlistsSection(strip=entries))
    return list(seen(bus, "/")["market"].values())


def test_a_live_price_needs_no_word(bus: StateBus) -> None:
    (nq,) = strip(bus, StripEntry("NQ", listed(NQ)[0]))
    assert (nq["name"], nq["sym"], nq["last"], nq["word"], nq["at"]) == ("NQ", "NQZ5", 25_000.25, "", None)


def test_what_is_no_live_price_says_what_it_is(bus: StateBus) -> None:
    found = strip(
        bus, StripEntry("VIX", problem="This gateway knows no such contract"), StripEntry("X"), StripEntry("ES", ES)
    )
    unknown, es, lost = found
    assert lost[0] == "VIX not found" and lost[1].startswith("This gateway knows no such contract."), (
        "no place of its own"
    )
    assert unknown["word"] == "looking up"
    assert (es["last"], es["word"]) == (None, "no data") and "an eighth of the lines" in es["why"]


def test_a_price_without_a_line_has_its_age_and_the_reason(bus: StateBus) -> None:
    lines = bus.read("lines")
    assert isinstance(lines, LinesSection)
    bus.publish("lines", replace(lines, rows=tuple(row for row in lines.rows if row.con_id != AAPL)))
    (aapl,) = strip(bus, StripEntry("AAPL", listed(AAPL)[0]))
    assert aapl["word"] == "no line" and aapl["at"] is not None and aapl["last"] is not None


def test_nothing_chosen_is_no_strip(bus: StateBus) -> None:
    assert strip(bus) == []


# --- notes and levels -------------------------------------------------------------------------------------------------


def test_the_symbol_page_has_note_levels_and_lists(bus: StateBus) -> None:
    view = seen(bus, f"/symbol/{TSLA}")
    noted = view["noted"]
    assert noted["note"] == "Sell the second push"
    assert noted["levels"] == [[2, "415.00", "gap", "+1.70 %"], [1, "401.50", "", "−1.61 %"]]
    assert noted["lists"] == [[1, "Tech", True], [2, "Futures", False]]
    assert view["chart"]["levels"] == [[2, 415.0, "gap"], [1, 401.5, ""]]
    assert seen(bus, f"/symbol/{NVDA}")["noted"]["levels"] == []
