"""What the market keeps of its history: the same bars in whatever order they are asked for, in bounded room."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.world import history
from simulator.world.market import Market
from tests.unit.simulator.world_samples import con_id, market_at, new_york, still_market

DAY_S = 86_400
NOON = "2025-11-05 12:00"
NAMES = ("AAPL", "TSLA", "NQZ5")

ask = st.tuples(st.sampled_from(NAMES), st.integers(0, 80), st.integers(0, 40), st.booleans(), st.sampled_from((1, 7)))


@settings(max_examples=5, deadline=None)
@given(st.lists(ask, min_size=1, max_size=4))
def test_daily_bars_do_not_depend_on_what_was_asked_before(
    asked: list[tuple[str, int, int, bool, int]],
) -> None:
    fresh, warm = still_market(NOON), market_at(NOON)[0]
    for name, back, before_now, rth, days in asked:
        end = fresh.now() - before_now * DAY_S
        request = (con_id(fresh, name), days * DAY_S, end - back * DAY_S, end, rth)
        forget(fresh)
        assert warm.bars(*request) == fresh.bars(*request)


def test_daily_bars_stay_the_same_when_days_pass() -> None:
    market, wall = market_at(NOON)
    number, start, end = con_id(market, "AAPL"), new_york("2025-07-01 00:00"), new_york("2025-10-20 00:00")
    days_before = market.bars(number, DAY_S, start, end, True)
    wall.seconds += 2 * DAY_S
    market.advance()
    later = market.bars(number, DAY_S, start, end, True)
    exact = [bar for bar in days_before if bar.time >= new_york("2025-10-08 00:00")]
    assert len(exact) >= 5 and later[-len(exact) :] == exact, "of minutes both times"
    assert [bar.time for bar in later] == [bar.time for bar in days_before]


def test_a_year_of_days_of_many_names_takes_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_KEPT_SESSIONS", 64)
    market = market_at(NOON)[0]
    numbers = [one.con_id for one in market.instruments() if one.sec_type == "STK"]

    def ask_all(some: list[int]) -> None:
        for number in some:
            for rth in (True, False):
                market.bars(number, DAY_S, market.now() - 365 * DAY_S, market.now(), rth)

    tracemalloc.start(1)
    try:
        ask_all(numbers[:4])
        before, _ = tracemalloc.get_traced_memory()
        ask_all(numbers[4:24])
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (grown - before) / 20 < 20_000, "bytes a name: 22 days of seven numbers, with and without the evenings"


def forget(market: Market) -> None:
    """As if nothing had been asked."""
    kept = market._history
    kept._exact.clear()
    kept._kept.clear()
