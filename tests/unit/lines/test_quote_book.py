"""Ticks to quotes: the price rule, units, lanes, and only changes passed on."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain import TickUpdate, percent_change
from engine.lines.quotes import DAY_VALUES_S, QUOTES_MAX, QuoteBook, price_of


@pytest.mark.parametrize(
    ("last", "bid", "ask", "close", "halted", "expected"),
    [
        (10.0, 9.0, 9.5, 8.0, False, (10.0, "last")),
        (None, 9.0, 9.5, 8.0, False, (9.25, "mid")),
        (None, 9.5, 9.0, 8.0, False, (8.0, "close")),  # crossed
        (None, 9.0, 9.0, 8.0, False, (9.0, "mid")),  # locked
        (None, 9.0, None, 8.0, False, (8.0, "close")),  # one-sided
        (None, 9.0, 9.5, 8.0, True, (8.0, "close")),  # halted: indications are no price
        (10.0, None, None, 8.0, True, (10.0, "last")),
        (None, None, None, None, False, (None, None)),
        (None, -1.5, -0.5, None, False, (-1.0, "mid")),  # a spread may be negative
    ],
)
def test_the_price_is_last_then_mid_then_close(last, bid, ask, close, halted, expected) -> None:
    assert price_of(last, bid, ask, close, halted) == expected


@dataclass
class Units:
    factors: dict[int, float] = field(default_factory=dict)

    def __call__(self, con_id: int) -> float | None:
        return self.factors.get(con_id)


def take(book: QuoteBook, update: TickUpdate, con_id: int = 1, lane: str = "streaming"):
    return book.take(con_id, f"S{con_id}", lane, 1, update, 1_000.0)


@pytest.mark.parametrize(
    ("last", "bid", "ask", "halted", "expected"),
    [
        (5.00, 0.95, 1.05, False, (1.0, "mid")),
        (0.02, 0.95, 1.05, False, (1.0, "mid")),
        (1.10, 0.95, 1.05, False, (1.10, "last")),  # a tick
        (1.35, 0.95, 1.05, False, (1.35, "last")),  # three spreads: prints lead the book
        (100.03, 99.99, 100.00, False, (100.03, "last")),
        (100.40, 99.99, 100.00, False, (100.40, "last")),  # less than five times 0.1 %
        (105.00, 99.99, 100.00, False, (99.995, "mid")),
        (5.00, 0.95, 1.05, True, (5.00, "last")),  # halted: the book is no market
        (5.00, 1.05, 0.95, False, (5.00, "last")),  # crossed
        (5.00, None, 1.05, False, (5.00, "last")),  # one-sided
        (1.01, 1.00, 1.00, False, (1.01, "last")),  # a tick from a locked book
        (5.00, 1.00, 1.00, False, (1.00, "mid")),
        (5.00, -1.5, -0.5, False, (-1.0, "mid")),  # of a spread
    ],
)
def test_a_last_price_far_outside_the_market_stands_for_nothing(last, bid, ask, halted, expected) -> None:
    update = TickUpdate(7, 5.0, last=last, bid=bid, ask=ask, close=0.95, halted=halted)
    quote, _ = take(QuoteBook(Units()), update)
    assert (quote.price, quote.price_kind) == (pytest.approx(expected[0]), expected[1])
    assert quote.last == last, "the trade stays what it was"
    assert quote.change_pct == percent_change(quote.price, 0.95)


@given(*[st.one_of(st.none(), st.floats(0.01, 1_000.0))] * 4, st.booleans())
def test_the_book_takes_the_price_of_the_rule(last, bid, ask, close, halted) -> None:
    quote, _ = take(QuoteBook(Units()), TickUpdate(7, 5.0, last=last, bid=bid, ask=ask, close=close, halted=halted))
    assert (quote.price, quote.price_kind) == price_of(last, bid, ask, close, halted)


def test_volumes_and_sizes_are_converted_to_shares() -> None:
    book = QuoteBook(Units({1: 100.0}))
    update = TickUpdate(
        7, 5.0, last=10.0, last_size_raw=2.0, volume_raw=948_837.22, bid_size_raw=3.0, avg_volume_raw=1.0
    )
    quote, _ = take(book, update)
    assert quote.volume == pytest.approx(94_883_722.0)
    assert (quote.last_size, quote.bid_size, quote.avg_volume, quote.ask_size) == (200.0, 300.0, 100.0, None)


def test_while_the_unit_is_unknown_volumes_are_missing_and_prices_are_not() -> None:
    quote, _ = take(QuoteBook(Units()), TickUpdate(7, 5.0, last=10.0, volume_raw=5.0))
    assert (quote.price, quote.volume) == (10.0, None)


def test_learning_the_unit_is_a_change() -> None:
    units = Units()
    book = QuoteBook(units)
    update = TickUpdate(7, 5.0, last=10.0, volume_raw=5.0)
    assert take(book, update)[1]
    assert not take(book, update)[1]
    units.factors[1] = 100.0
    quote, changed = take(book, update)
    assert changed
    assert quote.volume == 500.0


def test_the_same_values_again_are_no_change_but_renew_the_age() -> None:
    book = QuoteBook(Units())
    take(book, TickUpdate(7, 5.0, last=10.0))
    _, changed = take(book, TickUpdate(7, 6.0, last=10.0))
    assert not changed
    assert book.get(1).received_mono == 6.0


def test_the_mark_is_kept_beside_the_trade_with_the_time_that_it_came() -> None:
    book = QuoteBook(Units())
    quote, _ = book.take(1, "S1", "streaming", 1, TickUpdate(7, 5.0, last=5.0, mark=1.0, has_mark=True), 1_000.0)
    assert (quote.last, quote.price, quote.mark, quote.mark_wall) == (5.0, 5.0, 1.0, 1_000.0)
    quote, changed = book.take(1, "S1", "streaming", 1, TickUpdate(7, 6.0, last=5.0, mark=1.0), 1_060.0)
    assert (quote.mark, quote.mark_wall, changed) == (1.0, 1_000.0, False)
    quote, changed = book.take(1, "S1", "streaming", 1, TickUpdate(7, 7.0, last=5.0, mark=1.0, has_mark=True), 1_070.0)
    assert (quote.mark_wall, changed) == (1_070.0, True)
    quote, _ = book.take(1, "S1", "streaming", 2, TickUpdate(8, 8.0, last=5.0), 1_080.0)  # a new request has none yet
    assert (quote.mark, quote.mark_wall) == (None, None)


@pytest.mark.parametrize(
    ("price", "close", "expected"),
    [
        (11.0, 10.0, 10.0),
        (-4.0, -5.0, None),  # no base: the price rose
        (-6.0, -5.0, None),
        (1.0, 0.0, None),
        (None, 5.0, None),
        (5.0, None, None),
        (-1.0, 5.0, -120.0),
        (0.0, 5.0, -100.0),
    ],
)
def test_per_cent_needs_a_base_above_zero(price, close, expected) -> None:
    quote, _ = take(QuoteBook(Units()), TickUpdate(7, 5.0, last=price, close=close))
    assert percent_change(price, close) == (None if expected is None else pytest.approx(expected))
    if price is not None:
        assert quote.change_pct == percent_change(price, close)


@pytest.mark.parametrize(
    ("bid", "ask", "expected"),
    [
        (99.0, 101.0, 200.0),
        (0.0, 0.0, None),
        (-2.0, -1.0, None),
        (-1.0, 3.0, None),
        (2.0, 1.0, None),
        (None, 1.0, None),
    ],
)
def test_the_spread_in_basis_points_needs_a_book_above_zero(bid, ask, expected) -> None:
    quote, _ = take(QuoteBook(Units()), TickUpdate(7, 5.0, bid=bid, ask=ask))
    assert quote.spread_bp == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize("field_name", ["bid", "ask", "last", "close", "open", "high", "low", "volume_raw"])
def test_every_value_counts_as_a_change(field_name: str) -> None:
    book = QuoteBook(Units({1: 1.0}))
    take(book, TickUpdate(7, 5.0, **{field_name: 10.0}))
    assert take(book, TickUpdate(7, 6.0, **{field_name: 10.5}))[1]


def test_a_new_line_that_has_not_told_the_prior_close_yet_keeps_it() -> None:
    """A visit's first packet has a price and no more: the change of the day does not vanish."""
    book = QuoteBook(Units())
    book.take(7, "ACME", "visited", 1, TickUpdate(7, 5.0, last=11.0, close=10.0, open=10.5), 100.0)
    quote, _ = book.take(7, "ACME", "visited", 1, TickUpdate(8, 6.0, last=12.0), 130.0)
    assert (quote.close, quote.open, quote.price) == (10.0, 10.5, 12.0)
    other_connection, _ = book.take(7, "ACME", "visited", 2, TickUpdate(9, 7.0, last=12.0), 140.0)
    assert other_connection.close is None
    book.take(7, "ACME", "visited", 2, TickUpdate(9, 7.0, last=12.0, close=10.0), 150.0)
    late, _ = book.take(7, "ACME", "visited", 2, TickUpdate(10, 8.0, last=12.0), 150.0 + DAY_VALUES_S + 1.0)
    assert late.close is None, "another day's, perhaps"
    only_known, _ = book.take(7, "ACME", "visited", 2, TickUpdate(11, 9.0), 1_000.0)
    assert only_known.price is None, "no price of its own"


def test_a_quote_survives_its_line_under_another_label() -> None:
    book = QuoteBook(Units())
    take(book, TickUpdate(7, 5.0, last=10.0))
    book.set_lane(1, "visited")
    assert (book.get(1).lane, book.get(1).price) == ("visited", 10.0)
    book.set_lane(2, "visited")
    assert book.get(2) is None


def test_the_book_is_bounded_and_forgets_the_longest_unheard() -> None:
    book = QuoteBook(Units())
    for con_id in range(1, QUOTES_MAX + 11):
        take(book, TickUpdate(con_id, float(con_id), last=1.0), con_id)
    assert len(list(book.all())) == QUOTES_MAX
    assert book.get(10) is None
    assert book.get(11) is not None


prices = st.none() | st.floats(-1e6, 1e6, allow_nan=False)


@given(prices, prices, prices, prices, st.booleans())
def test_a_price_has_a_kind_and_a_mid_lies_between(last, bid, ask, close, halted) -> None:
    price, kind = price_of(last, bid, ask, close, halted)
    assert (price is None) == (kind is None)
    assert (price is None) == (last is None and close is None and kind is None)
    if kind == "mid":
        assert bid <= price <= ask
