"""MinuteCloses: the same as working it out each time, while bars grow, close and are corrected."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.bars.series import HISTORY
from engine.bars.store import BarStore
from engine.domain import Bar
from engine.portfolio.closes import MinuteCloses, minute_closes
from tests.unit.scanners.scanner_samples import TEN, quote_of, stock

STEPS = st.lists(st.tuples(st.integers(1, 90), st.integers(90, 110), st.booleans()), min_size=1, max_size=40)


@given(STEPS)
def test_it_says_what_the_bars_say(steps: list[tuple[int, int, bool]]) -> None:
    store = BarStore()
    store.add(stock(1))
    closes, now, volume = MinuteCloses(store), TEN, 1_000.0
    for seconds, price, corrected in steps:
        now += seconds
        volume += 10.0
        store.close_due(now)
        store.on_quote(quote_of(stock(1), float(price), volume, now), now)
        if corrected:
            entry = store.get(1)
            assert entry is not None
            start = now - now % 60.0 - 120.0
            entry.series.merge([Bar(start, 95.0, 95.0, 95.0, 95.0, 10.0)], HISTORY)
        for minutes in (60, 84):
            assert closes.last(1, minutes, now) == minute_closes(store.bars(1, minutes), now, minutes)


def test_a_symbol_without_bars_has_none() -> None:
    store = BarStore()
    store.add(stock(1))
    assert MinuteCloses(store).last(1, 60, TEN) == []
