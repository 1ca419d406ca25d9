from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulator.model import Bar
from simulator.world.intraminute import SLOTS, Minutes, build
from simulator.world.market import Market
from tests.examples import examples
from tests.unit.simulator.world_samples import con_id, market_at, new_york

minute = st.tuples(
    st.integers(2, 90_000),  # open
    st.integers(-400, 400),  # close less open
    st.integers(0, 60),  # high above the body
    st.integers(0, 60),  # low below the body
    st.integers(0, 3_000_000),  # volume
    st.sampled_from([-2, -1, 0, 1, 35, 70]),
    st.sampled_from([0.7, 3.0, 40.0, 200.0]),
)


def columns(minutes: list[tuple[int, int, int, int, int, int, float]], key: int) -> Minutes:
    opening = np.array([one[0] for one in minutes])
    close = np.maximum(opening + np.array([one[1] for one in minutes]), 1)
    count = len(minutes)
    return Minutes(
        keys=np.arange(key, key + count, dtype=np.uint64),
        open=opening.astype(np.int32),
        high=(np.maximum(opening, close) + np.array([one[2] for one in minutes])).astype(np.int32),
        low=np.maximum(np.minimum(opening, close) - np.array([one[3] for one in minutes]), 1).astype(np.int32),
        close=close.astype(np.int32),
        volume=np.array([one[4] for one in minutes], dtype=np.int32),
        slot=np.array([one[5] for one in minutes], dtype=np.int16),
        prints=np.array([one[6] for one in minutes]),
        spread=np.full(count, 2),
        lot=np.full(count, 100),
    )


@given(minutes=st.lists(minute, min_size=1, max_size=12), key=st.integers(0, 2**40))
@examples(20)
def test_the_prints_of_a_minute_add_up_to_its_bar(
    minutes: list[tuple[int, int, int, int, int, int, float]], key: int
) -> None:
    m = columns(minutes, key)
    tape = build(m)
    for n in range(len(minutes)):
        slots = np.flatnonzero(tape.printed[:, n] == np.arange(SLOTS))
        if m.volume[n] == 0:
            assert len(slots) == 0
            continue
        prices = tape.price[slots, n]
        bar = (prices[0], prices.max(), prices.min(), prices[-1])
        assert bar == (m.open[n], m.high[n], m.low[n], m.close[n])
        assert tape.volume[SLOTS - 1, n] == m.volume[n]
        assert (np.diff(tape.volume[:, n]) >= 0).all()


class Seen:
    """What a client sees of one name: the price of every print, by minute, and the volume at the minute's end."""

    def __init__(self, market: Market, name: str) -> None:
        self.market, self.number = market, con_id(market, name)
        quote = market.quote(self.number)
        assert quote is not None and quote.volume is not None
        self.first_volume = self.volume = quote.volume
        self.prices: dict[float, list[float]] = {}
        self.volume_at: dict[float, float] = {}

    def look(self) -> None:
        quote, start = self.market.quote(self.number), self.market.now() // 60 * 60
        assert quote is not None and quote.last is not None and quote.volume is not None
        if quote.volume != self.volume:
            self.prices.setdefault(start, []).append(quote.last)
        self.volume = self.volume_at[start] = quote.volume

    def check(self, bars: list[Bar]) -> None:
        assert {bar.time for bar in bars} == set(self.prices)
        total = self.first_volume
        for bar in bars:
            prices = self.prices[bar.time]
            assert (prices[0], max(prices), min(prices), prices[-1]) == (bar.open, bar.high, bar.low, bar.close)
            total += bar.volume
            assert self.volume_at[bar.time] == total


def test_ticks_of_four_minutes_are_the_bars_of_history() -> None:
    market, wall = market_at("2025-11-05 09:59:59.900")
    followed = [Seen(market, name) for name in ("TSLA", "NQZ5", "SIRI", "AGNC", "BRK B", "SMCI")]
    for step in range(4 * SLOTS):
        wall.seconds = 0.2 + step / 4
        market.advance()
        for one in followed:
            one.look()
    wall.seconds += 0.25
    market.advance()
    for one in followed:
        one.check(market.bars(one.number, 60, new_york("2025-11-05 10:00"), new_york("2025-11-05 10:04"), False))


def test_bars_of_any_size_add_up_to_the_same() -> None:
    market, wall = market_at("2025-11-05 10:00")
    wall.seconds = 1000.25
    market.advance()
    number = con_id(market, "AAPL")
    start, end = new_york("2025-11-05 10:00"), market.now() + 1
    fine, quote = market.bars(number, 60, start, end, True), market.quote(number)
    for size in (1, 5, 10, 30, 60, 300, 900, 3600):
        coarse = market.bars(number, size, start, end, True)
        assert sum(bar.volume for bar in fine) == sum(bar.volume for bar in coarse)
        assert max(bar.high for bar in fine) == max(bar.high for bar in coarse)
        assert min(bar.low for bar in fine) == min(bar.low for bar in coarse)
        assert (fine[0].open, fine[-1].close) == (coarse[0].open, coarse[-1].close)
        assert all((bar.time - start) % size == 0 for bar in coarse)
        assert quote is not None and coarse[-1].close == quote.last


def test_the_day_in_the_quote_is_the_day_in_history() -> None:
    market, wall = market_at("2025-11-05 11:30")
    wall.seconds = 3.0
    market.advance()
    for name in ("TSLA", "WMT", "RKLB"):
        number = con_id(market, name)
        quote = market.quote(number)
        daily = market.bars(number, 86_400, new_york("2025-11-04 12:00"), market.now(), True)[-1]
        extended = market.bars(number, 60, new_york("2025-11-05 04:00"), market.now() + 1, False)
        yesterday = market.bars(number, 86_400, new_york("2025-11-03 12:00"), market.now(), True)[-2]
        assert quote is not None
        assert (quote.open, quote.high, quote.low, quote.last) == (daily.open, daily.high, daily.low, daily.close)
        assert quote.volume == sum(bar.volume for bar in extended)
        assert quote.close == yesterday.close


def test_quotes_are_sane() -> None:
    market, wall = market_at("2025-11-05 10:00")
    for step in range(0, 300):
        wall.seconds = step / 4
        market.advance()
        for name in ("TSLA", "SIRI", "NQZ5", "BRK B", "TOGI"):
            quote = market.quote(con_id(market, name))
            assert quote is not None and quote.bid and quote.ask and quote.last and quote.bid_size and quote.ask_size
            assert 0 < quote.bid < quote.ask < 1.05 * quote.bid


def test_a_sequence_number_grows_only_with_a_change() -> None:
    market, wall = market_at("2025-11-05 10:00")
    number = con_id(market, "SIRI")
    old = market.quote(number)
    changes = 0
    for step in range(1, 600):
        wall.seconds = step / 4
        market.advance()
        new = market.quote(number)
        assert old is not None and new is not None
        if new.seq == old.seq:
            assert new == old
        else:
            assert new.seq == old.seq + 1
            assert (new.bid, new.ask, new.bid_size, new.ask_size, new.last_size, new.volume) != (
                (old.bid, old.ask, old.bid_size, old.ask_size, old.last_size, old.volume)
            )
            changes += 1
        old = new
    assert 100 < changes < 590
