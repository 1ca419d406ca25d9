"""What the alerts look at, out of what is published and of every tick: nothing old, nothing frozen, no tick missed."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from engine.alerts.facts import Now
from engine.domain import Quote
from engine.kernel.alert_facts import PRICE_GOES_STALE_S, FactGatherer
from engine.state.desk_sections import HoldingFacts, HoldingsSection
from engine.state.sections import Section, SignalsSection
from tests.app.sample_state import ACCOUNT, MARKET, NQ, TSLA, WALL, lines, positions, quote, signals

MONO = 1_000.0


class Rooms:
    def __init__(self) -> None:
        self.connected, self.excused, self.dead = True, False, False
        self.asked = 0

    def is_connected(self) -> bool:
        return self.connected

    def is_excused(self) -> bool:
        return self.excused

    def feed_dead(self) -> bool | None:
        return self.dead

    def quote(self, con_id: int) -> Quote | None:
        return quote(con_id, WALL, MONO)

    def tick_and_atr(self, con_id: int) -> tuple[float | None, float | None]:
        self.asked += 1
        return 0.25, 12.0

    def pinned(self) -> frozenset[int]:
        return frozenset({TSLA})

    def symbol(self, con_id: int) -> str:
        return "NQZ5"

    def dead_channels(self) -> dict[str, str]:
        return {"phone": "away"}


class Rig:
    def __init__(self) -> None:
        self.rooms = Rooms()
        self.sections: dict[str, Section] = {
            "positions": positions(WALL), "lines": lines(WALL), "signals": signals(),
            "holdings": HoldingsSection(
                holdings=(HoldingFacts(NQ, "NQ", ""),), indexes=(), window_days=0, least_days=0
            ),
        }  # fmt: skip
        self.gatherer = FactGatherer(self.rooms, self.sections.get, lambda: {9: frozenset({NQ})})

    def gather(self, seconds: float = 0.0, *watched: int) -> Any:
        now = Now(MONO + seconds, WALL + seconds, MARKET + seconds)
        return self.gatherer.gather(now, frozenset(watched))

    def tick(self, price: float, seconds: float, **changes: Any) -> None:
        told = replace(quote(NQ, WALL + seconds, MONO), price=price, **changes)
        self.gatherer.on_quote(told, MARKET + seconds)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_what_is_published_is_what_is_looked_at(rig: Rig) -> None:
    facts = rig.gather()
    assert facts.figures[""].daily_pnl == positions(WALL).account.daily_pnl
    assert {row.con_id for row in facts.rows} >= {NQ, TSLA} and facts.ends[NQ].root == "NQ"
    assert facts.lists[9] == {NQ} and facts.lists["pinned"] == {TSLA} and NQ in facts.lists["positions"]
    assert all(g.state == "active" for g in facts.signals) and facts.dead_channels == {"phone": "away"}
    assert facts.refused == {each.con_id for each in lines(WALL).refused}


def test_nothing_is_known_where_nothing_was_published(rig: Rig) -> None:
    rig.sections.clear()
    rig.rooms.connected = False
    facts = rig.gather(0.0, NQ)
    assert (facts.figures, facts.rows, facts.signals, facts.ends, facts.feed_dead) == (None, None, None, None, None)
    assert facts.prices == {} and not facts.is_connected


def test_positions_that_are_not_all_there_are_not_known(rig: Rig) -> None:
    rig.sections["positions"] = replace(positions(WALL), complete=False)
    assert rig.gather().rows is None
    others = replace(positions(WALL), account=replace(positions(WALL).account, daily_pnl=7.0))
    rig.sections["positions_all"] = others
    assert rig.gather().figures[""].daily_pnl == 7.0, "all accounts, whichever is shown"
    assert ACCOUNT not in facts_of_nobody(rig)


def facts_of_nobody(rig: Rig) -> dict[str, Any]:
    rig.sections["positions_all"] = replace(positions(WALL), accounts=())
    return dict(rig.gather().figures)


def test_every_tick_between_two_looks_counts(rig: Rig) -> None:
    first = rig.gather(0.0, NQ).prices[NQ]
    assert first.low == first.high == first.last and first.margin == pytest.approx(1.2), "0.1 ATR, above two ticks"
    for price, at in ((100.0, 1.0), (90.0, 1.2), (120.0, 1.4), (110.0, 1.6)):
        rig.tick(price, at)
    seen = rig.gather(2.0, NQ).prices[NQ]
    assert (seen.last, seen.low, seen.high) == (110.0, 90.0, max(first.last, 120.0))
    assert rig.gather(3.0, NQ).prices[NQ][:3] == (110.0, 110.0, 110.0)
    assert rig.rooms.asked == 1, "the margin once a minute"


def test_the_end_of_a_minute_is_told_by_the_clock_whether_it_ticks_or_not(rig: Rig) -> None:
    left = 60.0 - MARKET % 60.0  # of this minute
    rig.gather(0.0, NQ)
    rig.tick(99.0, 0.5)
    rig.gather(1.0, NQ)  # the minute of the quote that was there before has ended long ago
    rig.tick(100.0, left - 1.0)
    assert rig.gather(left - 0.1, NQ).prices[NQ].minute is None
    assert rig.gather(left, NQ).prices[NQ].minute == 100.0
    assert rig.gather(left + 1.0, NQ).prices[NQ].minute is None
    assert rig.gather(left + 60.0, NQ).prices[NQ].minute == 100.0, "it did not tick"
    rig.tick(101.0, left + 119.0)
    rig.tick(102.0, left + 120.5)
    assert rig.gather(left + 121.0, NQ).prices[NQ].minute == 101.0, "the tick after the end is not of it"
    assert rig.gather(left + 122.0, NQ).prices[NQ].minute is None
    assert rig.gather(left + 120.5 + PRICE_GOES_STALE_S + 1.0, NQ).prices == {}, "nor is one of long ago"


def test_what_is_no_price_of_now_decides_nothing(rig: Rig) -> None:
    before = rig.gather(0.0, NQ).prices[NQ].last
    rig.tick(1.0, 1.0, price_kind="close")
    rig.tick(2.0, 1.0, data_type="frozen")
    rig.gatherer.on_quote(replace(quote(TSLA, WALL, MONO), price=3.0), MARKET)
    assert rig.gather(2.0, NQ).prices[NQ].last == before
    assert TSLA not in rig.gather(3.0, NQ, TSLA).prices or rig.gather(3.0, NQ, TSLA).prices[TSLA].last != 3.0
    assert rig.gather(PRICE_GOES_STALE_S + 10.0, NQ).prices == {}


def test_signals_that_ended_run_no_more(rig: Rig) -> None:
    ended = tuple(replace(g, state="ended") for g in signals().signals)
    rig.sections["signals"] = SignalsSection(signals=ended, total=len(ended))
    assert rig.gather().signals == ()
