"""Reading one side only gives the verdict that reading both gives, whatever the prices, levels and trend."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.breakout.detector import sides_to_read
from engine.breakout.facts import Facts, OpeningRange
from engine.breakout.life import SIDES
from engine.breakout.rules import Floors, Live, Reading, read, read_common, score
from engine.config import BreakoutParams
from engine.domain import Side
from tests.examples import examples

NOW = 1_762_356_000.0
PRICE = st.one_of(st.none(), st.floats(9.0, 11.0))
PARAMS = BreakoutParams()


@st.composite
def facts_of(draw: st.DrawFn) -> Facts:
    low = draw(PRICE)
    high = None if low is None else low + draw(st.floats(0.0, 1.0))
    complete_at, until = NOW + draw(st.sampled_from([-600.0, 600.0])), NOW + draw(st.sampled_from([-60.0, 60.0]))
    opening = OpeningRange(10.2, 9.8, complete_at) if draw(st.booleans()) else None
    fresh = (draw(st.booleans()), draw(st.booleans()))
    atr, fast, slow = draw(st.one_of(st.none(), st.floats(0.01, 0.5))), draw(PRICE), draw(PRICE)
    return Facts(34, 34, 60, high, low, opening, until, *fresh, atr, fast, slow, 500.0, 600.0, NOW - 60.0, None)


def best(facts: Facts, live: Live, sides: tuple[Side, ...]) -> tuple[Reading, float]:
    common = read_common(facts, live, PARAMS, NOW)
    found: tuple[Reading, float] | None = None
    for side in sides:
        reading = read(side, facts, live, PARAMS, NOW, common=common)
        value, _ = score(reading, PARAMS, confirmed=False)
        if found is None or value > found[1]:
            found = reading, value
    assert found is not None
    return found


@examples(60)
@given(facts_of(), PRICE, st.one_of(st.none(), st.floats(0, 5_000)))
def test_one_side_is_enough_where_no_level_can_break(facts: Facts, last: float | None, volume: float | None) -> None:
    live = Live(last, volume, NOW - NOW % 60.0, 6e5, Floors(5.0, 5e5, 5e6), "" if last is not None else "no price")
    sides = sides_to_read(facts, last, PARAMS, NOW)
    assert best(facts, live, sides) == best(facts, live, SIDES)


def test_beyond_a_level_both_sides_are_read() -> None:
    facts = Facts(34, 34, 60, 10.5, 9.5, None, NOW, False, False, 0.1, 10.0, 10.1, 500.0, 600.0, NOW - 60.0, None)
    assert sides_to_read(facts, 10.0, PARAMS, NOW) == ("short",)
    assert sides_to_read(facts._replace(ema_fast=10.2), 10.0, PARAMS, NOW) == ("long",)
    for last in (10.52, 9.48, None):
        assert sides_to_read(facts, last, PARAMS, NOW) == SIDES
