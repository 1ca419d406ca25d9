"""The out-of-market rule: what a lone far print may not do, and how it is believed after all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from engine.bars.print_filter import REPEAT_S, PrintFilter
from engine.bars.store import BarStore
from engine.domain import ContractRef, Quote
from engine.prices.live_price import OUTSIDE_SHARE, outside

T0 = 1_762_354_800.0
ACME = ContractRef(7, "ACME", "ACME", "STK", "SMART")


def quote(last: float | None, volume: float | None, bid: float | None = 13.87, ask: float | None = 13.88) -> Quote:
    day = (None, None, None, None, None, False, "live", "streaming", 0.0, 0.0, 1)
    return Quote(7, "ACME", last, "last", bid, ask, 100.0, 100.0, last, 100.0, volume, *day)


@pytest.mark.parametrize(
    ("price", "bid", "ask", "side"),
    [
        (13.88, 13.87, 13.88, 0),
        (13.89, 13.87, 13.88, 0),  # a cent beyond: a sweep of the book
        (13.90, 13.87, 13.88, 1),  # two cents are more than the spread and more than 0.1 %
        (13.86, 13.87, 13.88, 0),
        (13.85, 13.87, 13.88, -1),
        (14.10, 13.87, 13.88, 1),
        (14.10, None, 13.88, 0),
        (14.10, 13.87, None, 0),
        (14.10, 13.90, 13.88, 0),  # crossed: no market to be outside of
        (2.20, 1.90, 2.10, 0),  # a wide spread is its own measure
        (2.31, 1.90, 2.10, 1),
        (400.39, 399.99, 400.00, 0),  # 0.1 % of 400 is 40 cents
        (400.41, 399.99, 400.00, 1),
    ],
)
def test_where_a_print_lies(price: float, bid: float | None, ask: float | None, side: int) -> None:
    assert outside(price, bid, ask) == side


def test_a_lone_print_far_away_is_left_out_until_the_price_comes_back() -> None:
    prints = PrintFilter()
    assert prints.price(quote(13.88, 1_000.0), T0, True) == 13.88
    assert prints.price(quote(14.10, 31_000.0), T0 + 1, True) is None
    assert prints.price(quote(14.10, 31_000.0, bid=13.86), T0 + 2, False) is None, "only the bid moved"
    assert prints.price(quote(13.87, 31_100.0), T0 + 3, True) == 13.87
    assert prints.ignored == 1


def test_a_second_print_on_that_side_proves_it() -> None:
    prints = PrintFilter()
    assert prints.price(quote(13.85, 1_000.0), T0, True) is None
    assert prints.price(quote(13.85, 1_200.0), T0 + REPEAT_S, True) == 13.85
    assert prints.price(quote(13.84, 1_300.0), T0 + REPEAT_S + 1, True) == 13.84
    assert prints.ignored == 0


def test_ordinary_prints_between_do_not_undo_the_first() -> None:
    prints = PrintFilter()
    market = (180.91, 180.95)
    assert prints.price(quote(181.25, 1_000.0, *market), T0, True) is None
    assert prints.price(quote(180.95, 1_100.0, *market), T0 + 0.6, True) == 180.95
    assert prints.price(quote(181.25, 1_300.0, *market), T0 + 1.3, True) == 181.25
    assert prints.price(quote(180.94, 1_400.0, *market), T0 + 2, True) == 180.94
    assert prints.price(quote(180.60, 1_500.0, *market), T0 + 3, True) is None, "the other side"
    assert prints.price(quote(181.30, 1_600.0, *market), T0 + 4, True) == 181.30, "each side for itself"
    assert prints.price(quote(180.95, 1_700.0, *market), T0 + 5, True) == 180.95
    assert prints.price(quote(181.25, 1_800.0, *market), T0 + 4 + REPEAT_S + 0.1, True) is None, "too late"


def test_the_same_print_in_two_packets_is_one() -> None:
    prints = PrintFilter()
    assert prints.price(quote(14.10, 1_000.0), T0, True) is None  # the price
    assert prints.price(quote(14.10, 1_000.0), T0, True) is None  # its size
    assert prints.price(quote(14.10, 2_000.0), T0, False) is None  # the day's volume with it
    assert prints.price(quote(14.10, 2_100.0), T0 + 1, True) == 14.10


def test_a_second_print_too_late_or_on_the_other_side_proves_nothing() -> None:
    prints = PrintFilter()
    assert prints.price(quote(14.10, 1_000.0), T0, True) is None
    assert prints.price(quote(14.10, 1_100.0), T0 + REPEAT_S + 0.1, True) is None
    assert prints.price(quote(13.60, 1_200.0), T0 + REPEAT_S + 1, True) is None
    assert prints.ignored == 3


def test_the_market_coming_to_it_proves_it() -> None:
    prints = PrintFilter()
    assert prints.price(quote(14.10, 1_000.0), T0, True) is None
    assert prints.price(quote(14.10, 1_000.0, 14.09, 14.11), T0 + 0.3, False) == 14.10
    assert prints.ignored == 0


def test_without_volumes_another_price_proves_it() -> None:
    prints = PrintFilter()
    assert prints.price(quote(14.10, None), T0, True) is None
    assert prints.price(quote(14.10, None), T0 + 1, True) is None
    assert prints.price(quote(14.12, None), T0 + 2, True) == 14.12


def test_the_volume_of_a_print_that_is_left_out_counts() -> None:
    store = BarStore()
    store.add(ACME)
    for second, last, volume in (
        (0, 13.87, 1_000.0),
        (61, 13.88, 1_100.0),
        (62, 14.10, 31_100.0),
        (63, 13.87, 31_200.0),
    ):
        store.on_quote(quote(last, volume), T0 + second)
    store.close_due(T0 + 120)
    (bar,) = store.bars(7)
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (13.88, 13.88, 13.87, 13.87, 30_200.0)


def test_the_exchanges_own_high_of_the_day_is_believed() -> None:
    store = BarStore()
    store.add(ACME)
    store.on_quote(structs.replace(quote(13.87, 1_000.0), high=13.90, low=13.80), T0)
    store.on_quote(structs.replace(quote(13.88, 1_100.0), high=13.90, low=13.80), T0 + 61)
    store.on_quote(structs.replace(quote(14.10, 31_100.0), high=14.10, low=13.80), T0 + 62)
    assert store.bars(7)[-1].high == 14.10


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, 9.0, 9.99, 10.0, 10.01, 10.5, 12.0]),
            st.one_of(st.none(), st.floats(0, 1e6)),
            st.sampled_from([None, 9.98, 9.99, 10.4]),
            st.sampled_from([None, 10.0, 10.01, 10.6]),
            st.floats(0, 20),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_any_stream_gives_the_last_price_or_none(rows: list[tuple[object, ...]]) -> None:
    prints, now = PrintFilter(), T0
    for last, volume, bid, ask, step, trade in rows:
        now += step  # type: ignore[operator]
        price = prints.price(quote(last, volume, bid, ask), now, bool(trade))  # type: ignore[arg-type]
        assert price is None or price == last
        if last is not None and outside(last, bid, ask) == 0:  # type: ignore[arg-type]
            assert price == last
        assert prints.ignored >= 0
    assert OUTSIDE_SHARE == 0.001


def test_what_is_only_quoted_has_bars_of_its_mid_and_a_stock_has_none() -> None:
    for sec_type, closes in (("CASH", [1.1502, 1.1504]), ("CMDTY", [1.1502, 1.1504]), ("STK", [])):
        store = BarStore()
        store.add(ContractRef(7, "EUR", "EUR.USD", sec_type, "IDEALPRO"))
        for second, mid in ((0, 1.1500), (61, 1.1501), (90, 1.1502), (130, 1.1503), (170, 1.1504)):
            heard = structs.replace(quote(None, None, mid - 0.00005, mid + 0.00005), price=mid, price_kind="mid")
            store.on_quote(heard, T0 + second, has_trade=False)
        store.close_due(T0 + 181.0)
        assert [bar.close for bar in store.bars(7)] == closes, sec_type
