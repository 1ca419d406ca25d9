"""Bars of the quotes: of the very quotes that the ticks show, in order, and merging as IB says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.model import Bar, BarKind
from simulator.world.build import build_world
from simulator.world.market import Market
from simulator.world.portfolio_world import PortfolioWorld
from tests.unit.simulator.world_samples import Wall, con_id, market_at, new_york, still_market

KINDS: tuple[BarKind, ...] = ("TRADES", "BID", "ASK", "MIDPOINT", "BID_ASK")
NOON = "2025-11-05 12:00"
NAMES = ("AAPL", "TSLA", "NQZ5", "CLZ5")
SIZES = (5, 30, 60, 300, 3600, 86_400, 7 * 86_400)


def all_kinds(
    market: Market | PortfolioWorld, number: int, size: int, span: float, rth: bool = False
) -> list[list[Bar]]:
    now = market.now()
    return [market.bars(number, size, now - span, now + 1, rth, kind) for kind in KINDS]


def check_order(kinds: list[list[Bar]]) -> None:
    """One time each, bid <= middle <= ask field by field, and the rules of BID_ASK."""
    _, bids, asks, middles, both = kinds
    assert bids and [b.time for b in bids] == [b.time for b in asks] == [b.time for b in middles] == [
        b.time for b in both
    ]
    for bid, ask, middle, of_both in zip(bids, asks, middles, both, strict=True):
        for name in ("open", "high", "low", "close"):
            assert getattr(bid, name) <= getattr(middle, name) <= getattr(ask, name)
        for bar in (bid, ask, middle):
            assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert (of_both.high, of_both.low) == (ask.high, bid.low)
        assert bid.low <= of_both.open <= bid.high and ask.low <= of_both.close <= ask.high
        assert of_both.open < of_both.close


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(NAMES), st.sampled_from(SIZES), st.booleans())
def test_bid_middle_and_ask_keep_their_order(name: str, size: int, rth: bool) -> None:
    market = still_market(NOON)
    kinds = all_kinds(market, con_id(market, name), size, max(3600.0, 12.0 * size), rth)
    check_order(kinds)
    assert kinds[0] != kinds[3], "the middle is no trade"


@pytest.mark.parametrize("size", [300, 3600])
def test_longer_bars_are_their_minutes_together(size: int) -> None:
    market = still_market(NOON)
    number, start, end = con_id(market, "AAPL"), new_york("2025-11-05 10:00"), new_york("2025-11-05 11:00")
    for kind in KINDS[1:4]:
        minutes = market.bars(number, 60, start, end, True, kind)
        for bar in market.bars(number, size, start, end, True, kind):
            inside = [one for one in minutes if bar.time <= one.time < bar.time + size]
            assert len(inside) == size // 60
            assert (bar.open, bar.close) == (inside[0].open, inside[-1].close)
            assert (bar.high, bar.low) == (max(one.high for one in inside), min(one.low for one in inside))
    minutes = market.bars(number, 60, start, end, True, "BID_ASK")
    (hour,) = market.bars(number, 3600, start, end, True, "BID_ASK")
    assert hour.open == pytest.approx(sum(one.open for one in minutes) / 60)
    assert hour.close == pytest.approx(sum(one.close for one in minutes) / 60)


@pytest.mark.parametrize("name", ["AAPL", "NQZ5", "AZREF"])
def test_bars_are_of_the_quotes_that_the_ticks_show(name: str) -> None:
    market, wall = market_at("2025-11-05 10:00")
    number = con_id(market, name)
    seen: list[tuple[float, float]] = []
    for _ in range(60 * 4 * 2):
        market.advance()
        quote = market.quote(number)
        assert quote is not None and quote.bid is not None and quote.ask is not None
        seen.append((quote.bid, quote.ask))
        wall.seconds += 0.25
    market.advance()
    start = new_york("2025-11-05 10:00")
    bids, asks, middles, both = (market.bars(number, 60, start, start + 120, False, kind) for kind in KINDS[1:])
    for minute in range(2):
        part = seen[240 * minute : 240 * (minute + 1)]
        bid, ask = [one[0] for one in part], [one[1] for one in part]
        bar = bids[minute]
        assert (bar.open, bar.high, bar.low, bar.close) == (bid[0], max(bid), min(bid), bid[-1])
        bar = asks[minute]
        assert (bar.open, bar.high, bar.low, bar.close) == (ask[0], max(ask), min(ask), ask[-1])
        middle = [(b + a) / 2 for b, a in part]
        assert middles[minute].high == pytest.approx(max(middle)) and middles[minute].close == pytest.approx(middle[-1])
        assert both[minute].open == pytest.approx(sum(bid) / 240) and both[minute].close == pytest.approx(
            sum(ask) / 240
        )


def test_the_running_minute_ends_where_the_quote_stands() -> None:
    market, wall = market_at("2025-11-05 10:00:20")
    number = con_id(market, "AAPL")
    for seconds in (0.0, 7.25, 20.5):
        wall.seconds = seconds
        market.advance()
        quote, start = market.quote(number), new_york("2025-11-05 10:00")
        assert quote is not None
        for kind, price in (("BID", quote.bid), ("ASK", quote.ask)):
            for size in (5, 60, 86_400):
                assert market.bars(number, size, start - 86_400, market.now() + 1, False, kind)[-1].close == price
    before = market.bars(number, 60, start, start + 60, False, "BID")
    wall.seconds += 3600
    market.advance()
    after = market.bars(number, 60, start, start + 60, False, "BID")
    assert after[0].open == before[0].open and after[0].high >= before[0].high


def test_the_same_bars_in_whatever_order_they_are_asked_for() -> None:
    fresh, warm = market_at(NOON)[0], market_at(NOON)[0]
    number, now = con_id(fresh, "AAPL"), fresh.now()
    asked = [(60, now - 90_000, now - 40_000, False), (900, now - 9_000, now, True), (60, now - 30_000, now, False)]
    first = [warm.bars(number, *one, "MIDPOINT") for one in asked]
    second = [fresh.bars(number, *one, "MIDPOINT") for one in reversed(asked)]
    assert first == second[::-1] and all(first)


def test_a_world_of_all_kinds_keeps_the_order() -> None:
    world = PortfolioWorld(build_world(1, None, 1.0, Wall(), "weekday", None, True, 300))
    for name in ("EUR.USD", "BTC.USD", "6JZ5", "ZWZ5", "AAPLn", "TSLA"):
        number = next(one.con_id for one in world.instruments() if one.local_symbol == name)
        for size in (60, 86_400):
            check_order(all_kinds(world, number, size, max(1800.0, 6.0 * size)))
