"""The signal card: distances, places for a stop, and the signals that are like it, by hand and for any price."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.bars.store import BarStore
from engine.clock import NEW_YORK
from engine.domain import Bar, ContractRef, ScorePart, Signal
from engine.errors import QTradeError
from engine.outcomes.book import NOTHING, Scored
from engine.outcomes.outcome import Outcome
from engine.outcomes.signal_card import SignalCards, Ties, bar_of, like, stops
from tests.app.sample_state import quote

NOW = datetime(2025, 11, 5, 14, 0, tzinfo=NEW_YORK).timestamp()
CON = 76_792_991
SIGNAL = Signal(
    id=f"{CON}-long-1", con_id=CON, local_symbol="TSLA", side="long", at=NOW - 600.0, triggered_at=NOW - 610.0,
    level=400.0, level_kind="range", last=401.0, atr=2.0, score=0.72, parts=(ScorePart("distance", 0.1, 0.2),),
    lane="streaming", state="active", rel_volume=2.1, surge=1.8,
)  # fmt: skip


def scored(signal: Signal, move: float | None = None) -> Scored:
    return Scored(signal, NOTHING if move is None else (Outcome(2.0, -0.5, move),) * 4)


def cards(*rows: Scored, price: float = 404.0, store: BarStore | None = None) -> SignalCards:
    now = replace(quote(CON, 0.0, 0.0), price=price, bid=price - 0.1, ask=price + 0.1)
    return SignalCards(
        Ties(
            lambda: rows,
            store or BarStore(),
            lambda con: now,
            lambda con: 0.01,
            lambda con: {SIGNAL.id: 0.7},
            lambda: NOW,
        )
    )


def test_how_far_it_has_run_and_what_the_spread_is():
    card = cards(scored(SIGNAL)).card(SIGNAL.id)
    assert card["run"] == [pytest.approx(2.0), pytest.approx(1.0)]
    assert card["since"] == [pytest.approx(1.5), pytest.approx(3.0 / 401.0 * 100.0)]
    assert card["spread_atr"] == pytest.approx(0.1)
    assert (card["score_now"], card["running"], card["early"]) == (0.7, True, False)
    short = replace(SIGNAL, side="short", level=405.0)
    assert cards(scored(short)).card(short.id)["run"][0] == pytest.approx(0.5), "down is forward for a short"


def test_the_newest_of_a_symbol_and_none():
    older, newer = scored(replace(SIGNAL, id="a", at=NOW - 900.0)), scored(SIGNAL)
    assert cards(older, newer).card("", CON)["id"] == SIGNAL.id
    with pytest.raises(QTradeError, match="20 trading days"):
        cards(older).card("gone")


def test_stops_by_hand():
    found = {stop.name: stop for stop in stops(SIGNAL, 404.0, (399.2, 401.5), 0.01)}
    assert found["2 ATR from the price"].price == pytest.approx(400.0)
    assert found["0.1 ATR inside the level"].price == pytest.approx(399.8)
    assert found["Under the bar that broke out"].price == pytest.approx(399.19)
    assert found["2 ATR from the price"].distance_atr == pytest.approx(2.0)
    early = [stop.name for stop in stops(replace(SIGNAL, before_look=True), 404.0, (399.2, 401.5), 0.01)]
    assert "Under the bar of the first look" in early, "nobody saw the bar that broke out"
    passed = {stop.name: stop for stop in stops(SIGNAL, 399.5, (399.2, 401.5), 0.01)}
    assert passed["0.1 ATR inside the level"].distance_atr is None, "the price is beyond it"
    short = replace(SIGNAL, side="short", level=405.0)
    over = {stop.name: stop.price for stop in stops(short, 404.0, (403.0, 406.0), 0.01)}
    assert over["Over the bar that broke out"] == pytest.approx(406.01)


@given(
    price=st.floats(0.5, 5_000.0), side=st.sampled_from(["long", "short"]), atr=st.floats(0.001, 50.0),
    level=st.floats(0.5, 5_000.0), low=st.floats(0.5, 5_000.0), high=st.floats(0.0, 50.0),
)  # fmt: skip
def test_a_stop_with_a_distance_lies_on_the_losing_side(price, side, atr, level, low, high):
    signal = replace(SIGNAL, side=side, atr=atr, level=level)
    for stop in stops(signal, price, (low, low + high), 0.01):
        if stop.distance_atr is not None:
            assert (stop.price < price) == (side == "long")
            assert stop.distance_atr > 0.0


def test_the_bar_that_broke_out_is_found_by_its_minute():
    store = BarStore()
    store.add(ContractRef(CON, "TSLA", "TSLA", "STK", exchange="SMART"))
    start = SIGNAL.triggered_at - SIGNAL.triggered_at % 60.0
    bars = [Bar(start + 60.0 * n, 1, 10.0 + n, 5.0 - n, 1, 100.0, "history") for n in range(-2, 3)]
    store.merge_history(CON, bars, NOW)
    assert bar_of(store, SIGNAL) == (5.0, 10.0)
    assert bar_of(store, replace(SIGNAL, triggered_at=NOW - 7_200.0)) is None
    assert bar_of(BarStore(), SIGNAL) is None


def test_its_like_are_of_the_same_rule_side_and_band_within_twenty_trading_days():
    def other(name: str, **changes) -> Scored:
        return scored(replace(SIGNAL, id=name, **changes), 1.5)

    alike = [other("a", at=NOW - 86_400.0), other("b", at=NOW - 3 * 86_400.0, score=0.69)]
    different = [
        other("side", side="short"),
        other("rule", level_kind="opening range"),
        other("band", score=0.80),
        other("old", at=NOW - 29 * 86_400.0),
        other("formula", parts=()),
    ]
    unknown = scored(replace(SIGNAL, id="c", at=NOW - 7_200.0))
    found = like(scored(SIGNAL), [*alike, *different, unknown, scored(SIGNAL)], NOW)
    assert (found["n"], found["days"], found["won"]) == (3, 20, 1.0)
    assert found["rows"][2] == [30, 2, 1.5, 2.0, -0.5], "n of those whose outcome is known"
    assert [row[0] for row in found["newest"]] == ["c", "b", "a"]
    assert found["newest"][0][5] is None
