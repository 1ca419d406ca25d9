"""An hour of a real day's trades through the bar store, against the published minute bars (the whole day over TCP is
`python start.py test --long bac`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from benchmarks import bac_2013 as bac
from engine.bars.store import BarStore
from engine.domain import ContractRef, Quote
from simulator.replay import read_events

BAC = ContractRef(1, "BAC", "BAC", "STK", "SMART")
FIRST_HOUR_ENDS = datetime(2013, 10, 8, 14, 30, tzinfo=UTC).timestamp()

pytestmark = pytest.mark.skipif(not bac.is_available(), reason=f"the recorded day {bac.TICKS} is not there")


def quotes() -> Iterator[tuple[float, Quote]]:
    """One quote a trade, with the bid and ask of its moment."""
    bid = ask = None
    volume = 0.0
    for event in read_events(bac.TICKS):
        if event.time >= FIRST_HOUR_ENDS:
            return
        bid, ask = event.bid if event.bid is not None else bid, event.ask if event.ask is not None else ask
        if event.price is not None and event.size is not None:
            volume += event.size
            day = (None, None, None, None, None, False, "live", "streaming", 0.0, 0.0, 1)
            price, size = event.price, event.size
            yield event.time, Quote(1, "BAC", price, "last", bid, ask, None, None, price, size, volume, *day)


def test_the_first_hour_of_a_real_day() -> None:
    store = BarStore()
    entry = store.add(BAC)
    for at, quote in quotes():
        store.on_quote(quote, at)
    store.close_due(FIRST_HOUR_ENDS)
    true = {at: bar for at, bar in bac.published().items() if at < FIRST_HOUR_ENDS}
    counts = bac.compare(store.bars(1), true)
    assert counts["minutes"] == counts["built"] == 60
    assert min(counts[f"{field}_near"] for field in ("open", "high", "low", "close")) == 60
    assert counts["open_equal"] >= 55 and counts["close_equal"] >= 55
    assert counts["volume_equal"] >= 59
    assert entry.prints.ignored >= 3, "two late prints of 125,000 shares at 13.84, and 14.10 with the market at 13.88"
