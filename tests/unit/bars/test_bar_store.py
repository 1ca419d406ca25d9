"""BarStore: closing by the clock, merging history, gaps, sessions, bounds, and what must not make a bar."""

from __future__ import annotations

import time
from datetime import date, datetime

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.series import HISTORY, BarSeries
from engine.bars.store import BarStore
from engine.clock import NEW_YORK
from engine.domain import Bar, ContractInfo, ContractRef, Quote
from tests.unit.scanners.scanner_samples import OPEN, TEN, flat_history, quote_of, stock

ACME = stock(7, "ACME")
OIL = ContractRef(9, "CL", "CLZ5", "FUT", "NYMEX", multiplier=1_000.0)


def stream(store: BarStore, at: float, price: float, volume: float | None, **changes: object) -> None:
    store.on_quote(msgspec.structs.replace(quote_of(ACME, price, volume, at), **changes), at)


def filled(at: float = TEN) -> BarStore:
    store = BarStore()
    store.add(ACME)
    store.merge_history(7, flat_history(100.0, at, minutes=60), at)
    return store


def test_minutes_close_by_the_clock_and_say_so() -> None:
    closed: list[int] = []
    store = BarStore(on_closed=closed.append)
    store.add(ACME)
    stream(store, TEN, 10.0, 1_000.0)
    stream(store, TEN + 5, 10.2, 1_500.0)
    assert store.close_due(TEN + 59) == []
    assert store.close_due(TEN + 60) == [7] == closed
    assert store.bars(7) == [Bar(TEN, 10.2, 10.2, 10.2, 10.2, 500.0, "streamed", True)]
    assert store.close_due(TEN + 120) == []


def test_the_running_minute_is_the_last_bar() -> None:
    store = filled()
    stream(store, TEN + 61, 10.0, 1_000.0)
    stream(store, TEN + 62, 10.1, 1_100.0)
    last = store.bars(7, 3)[-1]
    assert (last.time, last.closed, last.volume) == (TEN + 60, False, 100.0)
    assert len(store.bars(7, 3)) == 3
    assert len(store.arrays(7).time) == 60


def test_history_fills_what_was_not_seen_and_leaves_what_was() -> None:
    store = BarStore()
    store.add(ACME)
    for second in range(0, 190, 2):
        store.close_due(TEN + 30 + second)
        stream(store, TEN + 30 + second, 50.0 + second / 100, 1_000.0 + second * 10)
    streamed = {bar.time: bar for bar in store.bars(7)}
    history = [
        Bar(TEN - 60, 1, 1, 1, 1, 11.0),
        Bar(TEN, 2, 2, 2, 2, 22.0),
        Bar(TEN + 60, 3, 3, 3, 3, 33.0),
        Bar(TEN + 120, 4, 4, 4, 4, 44.0),
    ]
    store.merge_history(7, history, TEN + 230)
    bars = {bar.time: bar for bar in store.bars(7)}
    assert bars[TEN - 60].source == "history"
    assert bars[TEN].source == "history", "its first half was not seen"
    assert bars[TEN + 60] == streamed[TEN + 60], "seen whole"
    assert bars[TEN + 60].source == "streamed"
    assert sorted(bars) == [TEN - 60, TEN, TEN + 60, TEN + 120, TEN + 180]


def test_history_joins_the_running_minute() -> None:
    store = BarStore()
    store.add(ACME)
    stream(store, TEN + 20, 10.0, 1_000.0)
    stream(store, TEN + 21, 10.1, 1_050.0)
    store.merge_history(7, [Bar(TEN - 60, 9, 9, 9, 9, 5.0), Bar(TEN, 9.5, 11.0, 9.0, 10.0, 700.0)], TEN + 22)
    running = store.running(7)
    assert (running.open, running.high, running.low, running.close, running.volume) == (9.5, 11.0, 9.0, 10.1, 700.0)
    stream(store, TEN + 30, 10.2, 1_150.0)
    assert store.running(7).volume == 800.0


def test_an_answer_that_comes_after_its_minute_closed_is_joined_too() -> None:
    store = BarStore()
    store.add(ACME)
    stream(store, TEN + 55, 10.0, 1_000.0)
    stream(store, TEN + 56, 10.1, 1_050.0)
    store.close_due(TEN + 61)
    store.merge_history(7, [Bar(TEN, 9.5, 11.0, 9.0, 10.0, 700.0)], TEN + 57)
    bar = store.bars(7)[0]
    assert (bar.high, bar.low, bar.volume) == (11.0, 9.0, 700.0)


def test_history_without_a_known_unit_keeps_prices_and_waits_for_volumes() -> None:
    store = BarStore()
    store.add(ACME)
    bars = flat_history(100.0, TEN, minutes=5)
    store.merge_history(7, [msgspec.structs.replace(bar, volume=None) for bar in bars], TEN)
    assert {bar.volume for bar in store.bars(7)} == {None}
    store.merge_history(7, bars, TEN)
    assert [bar.volume for bar in store.bars(7)] == [bar.volume for bar in bars]


@pytest.mark.parametrize(
    "change", [{"data_type": "frozen"}, {"data_type": "delayed"}, {"last": None, "price_kind": "mid"}]
)
def test_what_is_not_a_live_trade_makes_no_bar(change: dict[str, object]) -> None:
    store = BarStore()
    store.add(ACME)
    for second in range(120):
        stream(store, TEN + second, 10.0 + second, 1_000.0 + second, **change)
    store.close_due(TEN + 300)
    assert store.bars(7) == []


def test_a_lost_line_leaves_a_gap_that_history_repairs() -> None:
    store = filled()
    for second in range(130):
        store.sync_lines({7}, TEN + second)
        store.close_due(TEN + second)
        stream(store, TEN + second, 10.0 + second, 1_000.0 + second)
    assert store.gap_start(7, TEN + 130) is None
    store.sync_lines(set(), TEN + 130)
    for second in range(430, 500):
        store.sync_lines({7}, TEN + second)
        store.close_due(TEN + second)
        stream(store, TEN + second, 20.0 + second, 90_000.0 + second)
    assert store.gap_start(7, TEN + 500) == pytest.approx(TEN + 129, abs=1)
    pace = (90_430.0 - 1_129.0) / 301.0
    volumes = [bar.volume for bar in store.bars(7) if bar.time >= TEN + 420]
    assert volumes == pytest.approx([10 * pace + 49, 20]), "what was traded in the gap is spread over it"
    store.merge_history(7, flat_history(15.0, TEN + 480, minutes=10), TEN + 500)
    assert store.gap_start(7, TEN + 500) is None
    assert [bar.time for bar in store.bars(7)][-9:] == [TEN + 60 * n for n in range(0, 9)]


def test_a_quiet_line_is_no_gap() -> None:
    store = filled()
    for second in range(400):
        store.sync_lines({7}, TEN + second)
        if second % 200 == 0:
            stream(store, TEN + second, 10.0 + second, 1_000.0 + second)
    assert store.gap_start(7, TEN + 400) is None


def test_without_word_from_the_bus_a_long_silence_counts_as_a_break() -> None:
    store = filled()
    stream(store, TEN, 10.0, 1_000.0)
    stream(store, TEN + 200, 11.0, 900_000.0)
    stream(store, TEN + 201, 11.1, 900_100.0)
    assert store.running(7).volume == pytest.approx(899_000.0 * 20 / 200 + 100.0), "20 of the 200 s"


def test_a_disconnect_ends_every_line() -> None:
    store = filled()
    stream(store, TEN, 10.0, 1_000.0)
    store.on_disconnected(TEN + 5)
    assert not store.get(7).streaming
    stream(store, TEN + 65, 10.5, 5_000.0)
    assert store.running(7).volume == pytest.approx(4_000.0 * 5 / 65), "spread over the break"


def visited(store: BarStore, starts: list[float], volume: float = 1_000.0) -> None:
    """Visits of five seconds: one share a second trades all the time, at a price that climbs a cent a second."""
    for start in starts:
        for second in range(6):
            at = TEN + start + second
            store.sync_lines({7}, at)
            store.close_due(at)
            stream(store, at, 100.0 + (start + second) / 100.0, volume + start + second)
        store.sync_lines(set(), TEN + start + 6)


def test_sampled_minutes_know_their_volume_and_what_was_not_seen() -> None:
    store = filled()
    visited(store, [10.0, 70.0, 250.0, 310.0])
    store.close_due(TEN + 400)
    bars = [bar for bar in store.bars(7) if bar.time >= TEN]
    assert [bar.time - TEN for bar in bars] == [0.0, 60.0, 240.0, 300.0], "a minute without a visit is a gap"
    assert [bar.source for bar in bars] == ["sampled", "sampled", "sampled", "streamed"]
    assert [bar.volume for bar in bars[1:3]] == pytest.approx([60.0, 60.0]), "between the visits evenly"
    series = store.get(7).series
    assert series.rows_within(4) == 2, "the two newest bars and the two minutes that nobody saw"
    assert series.rows_within(6) == 4
    assert series.rows_within(6, unseen_after=4) == 2, "and those since the newest bar"
    store.merge_history(7, [Bar(TEN + n * 60, 100, 101, 99, 100, 70.0) for n in range(6)], TEN + 370)
    assert series.rows_within(6) == 6, "history knows the minutes that nobody saw"


def test_history_corrects_a_sampled_minute() -> None:
    store = filled()
    visited(store, [10.0, 70.0])
    store.merge_history(7, [Bar(TEN, 100.0, 103.0, 99.0, 100.5, 77.0)], TEN + 100)
    assert [(bar.high, bar.source) for bar in store.bars(7) if bar.time == TEN] == [(103.0, "history")]


def test_a_market_clock_that_is_set_back_starts_the_symbol_anew() -> None:
    store = filled()
    stream(store, TEN, 10.0, 1_000.0)
    stream(store, TEN - 7_200, 10.0, 1_000.0)
    assert store.bars(7) == []


def test_sessions_come_from_hours_then_new_york_then_the_bars() -> None:
    store = filled()
    assert store.session(7, TEN).kind == "assumed" and store.session(7, TEN).start == OPEN
    info = ContractInfo(
        ACME,
        time_zone="US/Eastern",
        trading_hours="20251105:0400-20251105:2000",
        liquid_hours="20251105:0930-20251105:1600",
    )
    store.set_hours(info)
    assert store.session(7, TEN).kind == "liquid"
    assert store.session(7, OPEN - 3_600).kind == "extended"
    other = stock(8)
    store.add(other)
    assert store.session(8, TEN).kind == "liquid", "a US stock's hours serve the others"
    store.add(OIL)
    store.merge_history(9, flat_history(60.0, TEN, minutes=30), TEN)
    running = store.session(9, TEN)
    assert (running.kind, running.start, running.has_opening) == ("bars", TEN - 1_800, False)


def test_on_a_weekend_the_last_regular_session_is_judged_by() -> None:
    friday = OPEN + 2 * 86_400.0
    saturday = friday + 86_400.0
    store = BarStore()
    store.add(ACME)
    store.merge_history(7, flat_history(100.0, friday + 10 * 3_600.0, minutes=900), saturday)
    store.set_hours(ContractInfo(ACME, time_zone="US/Eastern", trading_hours="20251108:CLOSED;20251109:CLOSED"))
    session = store.session(7, saturday)
    assert (session.start, session.end, session.kind) == (friday, friday + 23_400.0, "assumed")


def test_hours_in_the_past_do_not_hide_the_running_session() -> None:
    store = filled()
    old = ContractInfo(ACME, time_zone="US/Eastern", trading_hours="20200102:0400-20200102:2000", liquid_hours="")
    store.set_hours(old)
    assert store.session(7, TEN).start == OPEN


def test_the_store_is_bounded() -> None:
    store = BarStore(max_symbols=3)
    for con_id in range(1, 6):
        store.add(stock(con_id))
    assert store.con_ids() == [3, 4, 5]
    series = BarSeries(100)
    series.merge([Bar(60.0 * n, 1, 1, 1, 1, 1.0) for n in range(250)], HISTORY)
    assert len(series) == 100
    for number in range(250, 600):
        from_build = msgspec.structs.replace(Bar(60.0 * number, 1, 1, 1, 1, 1.0))
        series.merge([from_build], HISTORY)
    times = series.arrays().time
    assert len(times) <= 100 and times[-1] == 60.0 * 599 and (np.diff(times) == 60.0).all()


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans(), st.one_of(st.none(), st.floats(0, 1e9))), max_size=80))
def test_any_order_of_bars_leaves_each_minute_once_in_order(items: list[tuple[int, bool, float | None]]) -> None:
    series = BarSeries(30)
    for minute, history, volume in items:
        bar = Bar(60.0 * minute, 1, 2, 0.5, 1.5, volume)
        series.merge([bar], HISTORY if history else 0)
    times = series.arrays().time.tolist()
    assert times == sorted(set(times)) and len(times) <= 30


def test_a_quote_costs_little() -> None:
    store = filled()
    quotes: list[Quote] = [quote_of(ACME, 10.0 + n % 7, 1_000.0 + n, TEN + n * 0.25) for n in range(4_000)]
    best = float("inf")
    for _ in range(3):
        begun = time.thread_time()
        for number, quote in enumerate(quotes):
            store.on_quote(quote, TEN + number * 0.25)
        best = min(best, (time.thread_time() - begun) / len(quotes))
    assert best < 60e-6, f"{best * 1e6:.1f} us a quote"  # of CPU; goal 15 us on a quiet machine


def look(store: BarStore, at: float, price: float, volume: float, high: float, low: float = 99.5) -> None:
    """A visit of one quote: nothing trades meanwhile, so that its minute has no bar."""
    store.sync_lines({7}, at)
    stream(store, at, price, volume, high=high, low=low)
    store.sync_lines(set(), at + 5)


def test_a_new_high_between_visits_is_kept_though_the_visits_minute_had_no_trade() -> None:
    store = filled()
    look(store, TEN + 10, 99.9, 1_000.0, high=100.0)
    assert [bar.time for bar in store.bars(7) if bar.time >= TEN] == []
    look(store, TEN + 130, 99.8, 1_600.0, high=100.7)
    (bar,) = [bar for bar in store.bars(7) if bar.time == TEN]
    assert (bar.open, bar.high, bar.low, bar.close, bar.source) == (99.9, 100.7, 99.9, 99.9, "sampled")
    assert bar.volume == pytest.approx(600.0 * 50 / 120, rel=0.15), "the share of the rest of that minute"
    store.merge_history(7, flat_history(100.0, TEN + 120, minutes=3), TEN + 200)
    assert [bar.source for bar in store.bars(7) if bar.time == TEN] == ["history"], "which knows better"


def test_a_visit_without_a_trade_or_a_new_extreme_makes_no_bar() -> None:
    store = filled()
    look(store, TEN + 10, 99.9, 1_000.0, high=100.0)
    look(store, TEN + 130, 99.8, 1_600.0, high=100.0)
    assert [bar.time for bar in store.bars(7) if TEN <= bar.time < TEN + 120] == []


def test_a_dollar_fund_of_london_lends_its_hours_to_no_us_stock() -> None:
    store = BarStore()
    here = "20251110:0400-20251110:2000"
    store.set_hours(ContractInfo(stock(1), time_zone="US/Eastern", trading_hours=here, liquid_hours=here))
    known = store.us_hours
    for listing, zone in (("LSEETF", "GB-Eire"), ("", "GB-Eire")):  # also where the listing is not told
        fund = ContractRef(9, "CSPX", "CSPX", "STK", "SMART", listing, "USD")
        london = "20251110:0800-20251110:1630"
        store.set_hours(ContractInfo(fund, time_zone=zone, trading_hours=london, liquid_hours=london))
        assert known is not None and store.us_hours == known


GRAIN = ContractInfo(
    ContractRef(736986804, "ZW", "ZWZ5", "FUT"), time_zone="US/Central",
    trading_hours="20251105:0830-20251105:1320;20251105:1900-20251106:0745;20251106:0830-20251106:1320",
)  # fmt: skip


@pytest.mark.parametrize("when", ["never", "after", "before"])
def test_a_trade_date_is_told_by_the_details_also_of_what_has_no_bars_yet(when):
    store = BarStore()
    if when == "before":
        store.add(GRAIN.contract)
    store.set_hours(GRAIN)
    if when == "after":
        store.add(GRAIN.contract)
    at_six = datetime(2025, 11, 5, 18, 0, tzinfo=NEW_YORK).timestamp()
    days = store.trading_days(736986804, "FUT")
    assert (days.of(at_six), days.of(at_six + 7_200.0)) == (date(2025, 11, 5), date(2025, 11, 6))
