"""The Symbol page's snapshot, the heat history, the universe: pure parts around the scanners."""

from __future__ import annotations

import pytest

from engine.domain import REL_VOLUME, ContractInfo
from engine.scanners.heat import COLUMN_S, COLUMNS, HeatHistory
from engine.scanners.symbol_view import SymbolContext, symbol_section
from engine.scanners.universe import Universe
from engine.state.sections import SymbolSection
from tests.unit.scanners.scanner_samples import OPEN, TEN, Street, flat_history, stock

ACME = stock(7, "ACME")
NOTHING = SymbolContext(None, None, None, (), (), (), "not in any scan", False, (), "", "")


def section_of(made: Street, around: SymbolContext = NOTHING) -> SymbolSection:
    coordinator = made.coordinator
    section = symbol_section(
        made.store,
        7,
        coordinator.why(7),
        coordinator.breakout.facts(7, made.now),
        coordinator.breakout.params,
        around,
        made.now,
    )
    assert section is not None
    return section


def test_everything_that_is_known_is_shown() -> None:
    made = Street(TEN + 3_600.0)
    made.warm(ACME, flat_history(100.0, made.now, minutes=90))
    for _ in range(30):
        made.second()
        made.tick(ACME, 99.9, 170.0)
    info = ContractInfo(ACME, long_name="Acme Corp", min_tick=0.01, time_zone="US/Eastern")
    section = section_of(made, NOTHING._replace(quote=made.quotes[7], info=info, pinned=True))
    assert (section.name, section.min_tick, section.exchange, section.pinned) == ("Acme Corp", 0.01, "NASDAQ", True)
    assert len(section.bars) == 91 and not section.bars[-1].closed
    assert section.level_long is not None and section.level_short is not None
    assert section.level_short < 99.9 < section.level_long
    assert section.opening_range is not None and section.opening_range[0] > section.opening_range[1]
    assert section.vwap == pytest.approx(99.87, abs=0.03)
    assert section.rel_volume_base == "SMA20"
    assert [rule.name for rule in section.rules][:3] == [
        "Price above trigger",
        "Volume surge",
        REL_VOLUME,
    ]
    assert section.rules_short[0].name == "Price below trigger"
    assert section.trigger_long == section.rules[0].limit and section.trigger_long > section.level_long
    assert section.why_long and section.why_short and "short side" not in section.why_long
    assert section.message == ""


def test_an_empty_symbol_says_why() -> None:
    made = Street(TEN)
    made.feed.admit(ACME, 3)
    section = section_of(made)
    assert section.bars == () and section.atr is None and section.vwap is None
    assert section.message == "no bars yet: history is queued"
    made.store.set_message(7, "No market data permissions for NYSE")
    assert section_of(made).message == "No market data permissions for NYSE"


def test_after_the_close_the_last_sessions_bars_are_marked_as_such() -> None:
    made = Street(OPEN + 7 * 3_600.0)
    made.warm(ACME, flat_history(100.0, OPEN + 6.5 * 3_600.0, minutes=300))
    made.store.set_hours(
        ContractInfo(
            ACME,
            time_zone="US/Eastern",
            trading_hours="20251105:0930-20251105:1600;20251106:0930-20251106:1600",
            liquid_hours="20251105:0930-20251105:1600;20251106:0930-20251106:1600",
        )
    )
    section = section_of(made)
    assert section.message == "The market is closed: the last session's bars."
    assert section.level_long is not None, "the last session goes on being judged by"


def test_an_unknown_symbol_has_no_section() -> None:
    made = Street(TEN)
    made.feed.admit(ACME, 3)
    facts = made.coordinator.breakout.facts(7, made.now)
    params = made.coordinator.breakout.params
    assert symbol_section(made.store, 8, made.coordinator.why(8), facts, params, NOTHING, made.now) is None


def test_heat_keeps_the_best_score_of_each_five_minutes() -> None:
    heat = HeatHistory()
    heat.note({1: 0.2, 2: 0.4}, TEN)
    heat.note({1: 0.31234, 2: 0.1}, TEN + 60)
    heat.note({1: 0.9}, TEN + COLUMN_S)
    assert heat.times() == (TEN, TEN + COLUMN_S)
    assert heat.rows([(1, "A"), (2, "B"), (3, "C")]) == (
        ("A", (0.312, 0.9)),
        ("B", (0.4, None)),
        ("C", (None, None)),
    )
    for column in range(100):
        heat.note({1: 0.5}, TEN + COLUMN_S * column)
    assert len(heat.times()) == COLUMNS
    heat.note({1: 0.5}, TEN - 86_400.0)
    assert heat.times() == (TEN - 86_400.0,), "a market clock that was set back begins anew"


def test_the_universe_is_bounded_oldest_out_first_positions_stay() -> None:
    universe = Universe(most=5)
    universe.keep([stock(1)], TEN)
    universe.add([stock(n) for n in range(2, 6)], TEN)
    assert universe.take_gone() == set()
    universe.add([stock(2), stock(6), stock(7)], TEN + 60)
    assert universe.take_gone() == {3, 4}
    assert universe.take_gone() == set()
    assert sorted(universe.con_ids()) == [1, 2, 5, 6, 7]
    assert universe.contract(2) == stock(2) and universe.contract(3) is None


def test_rows_without_an_id_are_left_out() -> None:
    universe = Universe()
    universe.add([stock(0), stock(-1), stock(5)], TEN)
    assert universe.con_ids() == [5]
