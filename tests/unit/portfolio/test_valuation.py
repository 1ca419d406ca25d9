"""Quote units, money units and marks: the right figure of every kind of instrument, worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.domain import ContractRef, Quote
from engine.portfolio.valuation import (
    average_price,
    cents,
    exposure,
    implied_price,
    mark_of,
    percent_terms,
    share_pct,
    terms_of,
    tick_value,
    total,
    unrealized_pnl,
)

QUOTE = Quote(
    con_id=1, local_symbol="X", price=None, price_kind=None, bid=None, ask=None, bid_size=None, ask_size=None,
    last=None, last_size=None, volume=None, avg_volume=None, open=None, high=None, low=None, close=None, halted=False,
    data_type="live", lane="streaming", received_mono=100.0, received_wall=1_000.0, epoch=1,
)  # fmt: skip


def contract(sec_type: str, currency: str = "USD", multiplier: float = 1.0, magnifier: float | None = 1.0):
    return ContractRef(1, "X", "X", sec_type, currency=currency, multiplier=multiplier, price_magnifier=magnifier)


# kind, contract, quantity, quote, avgCost, P&L, exposure, average price in the unit of the quote, unit
BY_HAND = [
    ("stock", contract("STK"), 100, 408.08, 462.76, -5_468.00, 40_808.00, 462.76, ""),
    ("index future", contract("FUT", multiplier=20), 1, 24_688.25, 501_327.25, -7_562.25, 493_765.00, 25_066.3625, ""),
    ("wheat", contract("FUT", multiplier=5_000, magnifier=100), 2, 448.25, 22_512.50, -200.00, 44_825.00, 450.25, "c"),
    ("cattle", contract("FUT", multiplier=40_000, magnifier=100), -1, 231.5, 92_000.0, -600.00, 92_600.00, 230.0, "c"),
    ("cotton", contract("FUT", multiplier=50_000, magnifier=100), 1, 64.91, 32_460.0, -5.00, 32_455.00, 64.92, "c"),
    ("London share", contract("STK", "GBP", 1, 100), 1_000, 71.84, 0.7250, -6.60, 718.40, 72.5, "p"),
    ("FTSE future", contract("FUT", "GBP", 10), -2, 9_712.5, 97_200.0, 150.00, 194_250.00, 9_720.0, ""),
    ("rand share", contract("STK", "ZAR", 1, 100), 10, 25_000.0, 240.0, 100.00, 2_500.00, 24_000.0, "c"),
    ("option", contract("OPT", multiplier=100), 10, 1.0, 480.0, -3_800.00, 1_000.00, 4.8, ""),
    ("worthless option", contract("OPT", multiplier=100), 2, 0.0, 300.0, -600.00, 0.0, 3.0, ""),
    ("option on wheat", contract("FOP", multiplier=5_000, magnifier=100), -3, 12.5, 700.0, 225.0, 1_875.0, 14.0, "c"),
    ("yen future", contract("FUT", multiplier=12_500_000), -1, 0.0065, 82_000.0, 750.0, 81_250.0, 0.00656, ""),
    ("euro cash", contract("CASH"), 20_000, 1.0850, 1.0800, 100.0, 21_700.0, 1.08, ""),
    ("bitcoin", contract("CRYPTO"), 0.12345678, 101_000.0, 100_000.0, 123.45678, 12_469.13478, 100_000.0, ""),
    ("oil below zero", contract("FUT", multiplier=1_000), 1, -4.0, -5_000.0, 1_000.0, 4_000.0, -5.0, ""),
]


@pytest.mark.parametrize("row", BY_HAND, ids=[row[0] for row in BY_HAND])
def test_money_by_hand(row):
    _, ref, quantity, price, avg_cost, pnl, gross, average, unit = row
    terms = terms_of(ref)
    assert terms is not None
    assert unrealized_pnl(quantity, price, terms, avg_cost) == pytest.approx(pnl, abs=1e-6)
    assert exposure(quantity, price, terms) == pytest.approx(gross, abs=1e-6)
    assert average_price(avg_cost, terms) == pytest.approx(average)
    assert terms.unit == unit
    assert implied_price(quantity, quantity * price * terms.per_point, terms) == pytest.approx(price)


@pytest.mark.parametrize(
    ("quantity", "price", "avg_cost", "pnl", "average"),
    [
        (10_000, 98.5, 1.0125, -275.0, 101.25),  # of face value
        (10, 98.5, 1_012.5, -275.0, 101.25),  # pieces of 1,000
        (100, 97.0, 97.5, -50.0, 97.5),  # pieces of 100
        (10, 20.0, 990.0, -7_900.0, 99.0),  # fallen: its cost is nearer to another par
    ],
)
def test_bonds_are_quoted_in_per_cent_of_a_par_that_no_field_names(quantity, price, avg_cost, pnl, average):
    value = avg_cost * price / average * 1.01  # by IB, a moment ago
    by_value = percent_terms(contract("BOND"), price, value, None)
    assert percent_terms(contract("BOND"), price, None, avg_cost) in (None, by_value)
    terms = percent_terms(contract("BOND", magnifier=100), price, value, avg_cost)
    assert terms is not None and terms.unit == "%"
    assert unrealized_pnl(quantity, price, terms, avg_cost) == pytest.approx(pnl)
    assert average_price(avg_cost, terms) == pytest.approx(average)


def test_a_bond_of_which_nothing_is_known_has_no_money():
    assert percent_terms(contract("BOND"), None, 985.0, 985.0) is None
    assert percent_terms(contract("BOND"), 98.5, None, None) is None
    assert percent_terms(contract("BOND"), 98.5, 0.0, 0.0) is None
    assert percent_terms(contract("BOND"), 20.0, None, 990.0) is None, "far from its cost: IB has to value it first"
    assert percent_terms(contract("BOND"), 98.5, 1_300.0, 985.0) is None, "tied to an index: par is not what it pays"


def test_ticks_are_money():
    wheat, nasdaq = terms_of(contract("FUT", multiplier=5_000, magnifier=100)), terms_of(contract("FUT", multiplier=20))
    assert tick_value(0.25, wheat) == 12.5
    assert tick_value(0.25, nasdaq) == 5.0
    assert tick_value(None, nasdaq) is None
    assert tick_value(0.25, None) is None


@pytest.mark.parametrize(
    ("ref", "known"),
    [
        (contract("STK", magnifier=None), True),
        (contract("STK", "EUR", magnifier=None), True),
        (contract("STK", "GBP", magnifier=None), False),
        (contract("STK", "ZAR", magnifier=None), False),
        (contract("STK", "ILS", magnifier=None), False),
        (contract("FUT", magnifier=None), False),
        (contract("OPT", magnifier=None), False),
        (contract("FOP", magnifier=None), False),
        (contract("CFD", "GBP", magnifier=None), False),
        (contract("CASH", magnifier=None), True),
        (contract("CRYPTO", magnifier=None), True),
        (contract("BOND", magnifier=None), False),
        (contract("BOND", magnifier=100), False),
    ],
)
def test_without_details_only_what_is_certain_has_a_unit(ref, known):
    assert (terms_of(ref) is not None) is known


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        ({"mark": 1.02, "mark_wall": 999.0, "last": 5.0, "bid": 0.95, "ask": 1.05}, (1.02, "mark")),
        ({"last": 1.00, "bid": 0.95, "ask": 1.05}, (1.00, "last")),
        ({"last": 1.05, "bid": 0.95, "ask": 1.05}, (1.05, "last")),
        ({"last": 5.00, "bid": 0.95, "ask": 1.05}, (1.00, "mid")),
        ({"last": 0.10, "bid": 0.95, "ask": 1.05}, (1.00, "mid")),
        ({"bid": 0.95, "ask": 1.05, "close": 3.0}, (1.00, "mid")),
        ({"last": 0.30, "ask": 0.05}, (0.05, "ask")),
        ({"last": 0.30, "bid": 0.45}, (0.45, "bid")),
        ({"last": 0.30, "bid": 0.25}, (0.30, "last")),
        ({"last": 1.00, "bid": 1.10, "ask": 1.05}, (1.00, "last")),  # crossed: it holds nothing
        ({"bid": 1.10, "ask": 1.05, "close": 0.9}, (0.9, "close")),
        ({"bid": 0.95, "ask": 1.05, "close": 0.9, "halted": True}, (0.9, "close")),
        ({"last": 0.0, "bid": -0.05, "ask": 0.05}, (0.0, "last")),
        ({"last": -4.0, "bid": -4.1, "ask": -3.9}, (-4.0, "last")),
        ({"close": 231.5}, (231.5, "close")),
        ({"ask": 0.05, "close": 5.0}, (0.05, "ask")),  # nobody bids for it any more
        ({"bid": 10.0, "close": 5.0}, (10.0, "bid")),
        ({"bid": 4.0, "close": 5.0}, (5.0, "close")),
        ({"last": 0.0}, (0.0, "last")),
        ({}, (None, None)),
        ({"mark": 0.0, "mark_wall": 1_000.0}, (0.0, "mark")),
        ({"mark": 5.0, "mark_wall": 900.0, "last": 1.0, "bid": 0.95, "ask": 1.05}, (1.0, "last")),  # left behind
        ({"mark": 1.01, "mark_wall": 900.0, "last": 5.0, "bid": 0.95, "ask": 1.05}, (1.01, "mark")),
        ({"mark": 100.0, "mark_wall": 900.0, "last": 120.0}, (120.0, "last")),  # no book, and trades go on
        ({"mark": 100.0, "mark_wall": 990.0, "last": 120.0}, (100.0, "mark")),
    ],
)
def test_the_mark(values, mark):
    assert mark_of(replace(QUOTE, **values))[:2] == mark


def test_no_quote_marks_nothing():
    assert mark_of(None)[:2] == (None, None)


@given(
    st.floats(-1e3, 1e3),
    st.none() | st.floats(-1e3, 1e3),
    st.none() | st.floats(0, 10),
    st.none() | st.floats(-1e3, 1e3),
)
def test_a_mark_is_never_outside_of_a_sound_book(last, bid, width, close):
    ask = None if bid is None or width is None else bid + width
    price = mark_of(replace(QUOTE, last=last, bid=bid, ask=ask, close=close)).price
    assert price is not None
    assert bid is None or price >= bid
    assert ask is None or price <= ask


@given(st.floats(-1e4, 1e4), st.floats(-1e3, 1e5), st.sampled_from([1.0, 20.0, 5_000.0]), st.sampled_from([1.0, 100.0]))
def test_pnl_identity(quantity, price, multiplier, magnifier):
    terms = terms_of(contract("FUT", multiplier=multiplier, magnifier=magnifier))
    own = unrealized_pnl(quantity, price, terms, 70.0)
    assert own == pytest.approx(quantity * (price / magnifier * multiplier - 70.0), abs=1e-3)
    assert exposure(quantity, price, terms) >= 0
    assert average_price(70.0, terms) * multiplier / magnifier == pytest.approx(70.0)
    assert unrealized_pnl(quantity, None, terms, 70.0) is None
    assert unrealized_pnl(quantity, price, terms, None) is None


def test_cents_round_once_and_away_from_zero():
    assert [cents(x) for x in (1.005, -1.005, 2.675, 0.0, -0.001, None)] == [1.01, -1.01, 2.68, 0.0, 0.0, None]
    assert str(cents(-0.001)) == "0.0"
    assert total([0.004, 0.004, None]) == 0.01
    assert total([None]) is None
    assert total([]) is None


@pytest.mark.parametrize(("part", "whole", "share"), [(1.0, 4.0, 25.0), (1.0, 0.0, None), (1.0, -4.0, None)])
def test_there_is_no_share_of_nothing_or_of_a_debt(part, whole, share):
    assert share_pct(part, whole) == share
