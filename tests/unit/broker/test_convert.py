"""The library's objects on one side, values of the domain on the other."""

from __future__ import annotations

import datetime as dt
import math
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.broker.convert import (
    TickCopier,
    epoch,
    magnifier_of,
    multiplier_of,
    to_bar,
    to_contract,
    to_ref,
)
from engine.broker.sanitise import price, quantity
from engine.domain import ContractRef

ANY = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([-1.0, 0.0, 1.7976931348623157e308])
FIELDS = ("bid", "ask", "last", "bidSize", "askSize", "lastSize", "volume", "open", "high", "low", "close", "avVolume")
FAKE_LIBRARY = SimpleNamespace(Contract=lambda **fields: SimpleNamespace(**fields))
DESCRIBED = SimpleNamespace(Contract=lambda **fields: SimpleNamespace(conId=0, **fields))


def ticker(kinds=(), **values):
    """`kinds`: tick types of the packet, or (type, price) where the price is read from the tick itself."""
    unset = dict.fromkeys(FIELDS, math.nan) | {"halted": math.nan, "marketDataType": 1, "modelGreeks": None}
    pairs = [kind if isinstance(kind, tuple) else (kind, math.nan) for kind in kinds]
    return SimpleNamespace(
        **(unset | values), ticks=[SimpleNamespace(tickType=kind, price=price, size=0.0) for kind, price in pairs]
    )


@given(st.lists(st.fixed_dictionaries({name: ANY for name in FIELDS}), min_size=1, max_size=5), ANY)
def test_whatever_the_ticker_holds_the_update_is_clean(packets, halted):
    for sec_type in ("STK", "FUT"):
        copier = TickCopier(7, sec_type)
        for values in packets:
            update = copier.copy(ticker(**values, halted=halted), 1.0)
            numbers = [x for x in msgspec.structs.astuple(update)[2:] if isinstance(x, float)]
            assert all(math.isfinite(x) and abs(x) < 1e300 for x in numbers)
            prices = (update.bid, update.ask, update.last, update.open, update.high, update.low, update.close)
            assert all(x is None or sec_type == "FUT" or x > 0 for x in prices)
            sizes = (update.bid_size_raw, update.ask_size_raw, update.last_size_raw, update.volume_raw)
            assert all(x is None or x >= 0 for x in sizes)
            assert update.halted == (halted in (1.0, 2.0))


@given(ANY)
def test_a_bad_last_never_replaces_a_good_one(bad):
    copier = TickCopier(7, "STK")
    copier.copy(ticker(last=100.0, lastSize=3.0), 1.0)
    update = copier.copy(ticker(last=bad, lastSize=0.0), 2.0)
    assert update.last == (bad if 0 < bad < 1e300 else 100.0)
    assert update.last_size_raw is not None


def test_no_quote_blanks_the_quote_but_garbage_does_not():
    copier = TickCopier(7, "STK")
    copier.copy(ticker(bid=10.0, bidSize=1.0, ask=10.1, askSize=2.0), 1.0)
    update = copier.copy(ticker(bid=math.inf, bidSize=1.0, ask=-1.0, askSize=0.0), 2.0)
    assert (update.bid, update.bid_size_raw, update.ask, update.ask_size_raw) == (10.0, 1.0, None, None)


def test_negative_oil_is_a_price():
    update = TickCopier(7, "FUT").copy(
        ticker(last=-37.63, lastSize=1.0, bid=-1.0, bidSize=5.0, ask=-1.0, askSize=0.0), 1.0
    )
    assert (update.last, update.bid, update.ask) == (-37.63, -1.0, None)


@pytest.mark.parametrize(
    ("kinds", "has_trade", "data_type"),
    [((1, 2, 8), False, "live"), ((4,), True, "live"), ((5,), True, "live"), ((48,), True, "live"),
     ((68,), True, "delayed"), ((66, 67), False, "delayed"), ((), False, "live")],
)  # fmt: skip
def test_what_a_packet_says_by_its_tick_types(kinds, has_trade, data_type):
    update = TickCopier(7, "STK").copy(ticker(kinds), 1.0)
    assert (update.has_trade, update.data_type) == (has_trade, data_type)


@pytest.mark.parametrize(
    ("bid", "size", "magnifier", "expected"),
    [
        (-100.0, 0.0, 100.0, None),  # -1 in money, quoted in cents
        (-100.0, math.nan, 100.0, None),
        (-1.0, 0.0, 100.0, None),
        (-100.0, 3.0, 100.0, -100.0),  # a spread's own quote
        (-100.0, 0.0, 1.0, -100.0),
        (-1.0, 0.0, 1.0, None),
        (-100.0, 0.0, None, None),  # details not known: any magnifier may be meant
        (-1000.0, 0.0, None, None),
        (-100.0, 2.0, None, -100.0),
        (-37.63, 0.0, None, -37.63),
        (0.0, 4.0, 1.0, 0.0),  # zero is a price with a size
        (0.0, 0.0, 1.0, None),
        (0.0, math.nan, 1.0, None),
    ],
)
@pytest.mark.parametrize("sec_type", ["FUT", "FOP", "OPT", "BAG"])
def test_placeholders_and_zero_where_prices_may_be_negative(sec_type, bid, size, magnifier, expected):
    update = TickCopier(7, sec_type, magnifier).copy(
        ticker(bid=bid, bidSize=size, ask=bid, askSize=size, last=bid, lastSize=size, close=231.5), 1.0
    )
    assert (update.bid, update.ask, update.last, update.close) == (expected, expected, expected, 231.5)


def test_zero_and_less_are_no_price_of_a_stock_or_a_currency():
    for sec_type in ("STK", "CASH", "CRYPTO", "CFD", "BOND", "FUND"):
        update = TickCopier(7, sec_type, 1.0).copy(
            ticker(bid=0.0, bidSize=5.0, ask=-1.0, askSize=5.0, last=0.0, lastSize=2.0), 1.0
        )
        assert (update.bid, update.ask, update.last) == (None, None, None)


@pytest.mark.parametrize("sec_type", ["WAR", "IOPT"])
def test_what_is_knocked_out_is_worth_nothing_and_never_less(sec_type):
    copier = TickCopier(7, sec_type, 1.0)
    copier.copy(ticker([(37, 1.35)], bid=1.30, bidSize=9.0, ask=1.40, askSize=9.0, last=1.35, lastSize=9.0), 1.0)
    update = copier.copy(ticker([(37, 0.0)], bid=0.0, bidSize=0.0, ask=0.0, askSize=5.0, last=0.0, lastSize=2.0), 2.0)
    assert (update.bid, update.ask, update.last, update.mark) == (None, 0.0, 0.0, 0.0)
    for size in (0.0, 4.0):
        bad = ticker([(37, -0.5)], bid=-0.5, bidSize=size, ask=-1.0, askSize=size, last=-0.5, lastSize=size, close=-2.0)
        update = copier.copy(bad, 3.0)
        assert (update.bid, update.ask, update.last, update.mark, update.close) == (None, None, 0.0, 0.0, None)


def test_a_bar_of_a_warrant_that_is_worth_nothing():
    day = dt.date(2025, 11, 5)
    row = SimpleNamespace(date=day, open=0.02, high=0.02, low=0.0, close=0.0, volume=500.0)
    assert to_bar(row, "WAR", 1.0).close == 0.0
    assert to_bar(SimpleNamespace(**(vars(row) | {"low": -0.01})), "WAR", 1.0) is None
    assert to_bar(row, "STK", 1.0) is None


@pytest.mark.parametrize("value", [-1.0, -10.0, -100.0, -1000.0, -10000.0, -50.0])
@pytest.mark.parametrize("magnifier", [1.0, 10.0, 50.0, 100.0])
def test_details_that_come_late_tell_a_price_from_a_placeholder(value, magnifier):
    copier = TickCopier(7, "FUT")
    now = ticker([(37, value)], bid=value, bidSize=0.0, last=value, lastSize=0.0, close=value, open=value)
    early = copier.copy(now, 1.0)
    taken = value if value == -50.0 else None
    assert (early.bid, early.last, early.close, early.mark) == (taken, taken, taken, taken)
    assert copier.learn(magnifier)
    late = copier.copy(SimpleNamespace(**(vars(now) | {"ticks": []})), 2.0)
    expected = None if value in (-1.0, -magnifier) else value
    assert (late.bid, late.last, late.close, late.open, late.mark) == (expected,) * 5
    assert late.has_mark == (early.mark is None and expected is not None), "told once that it came"
    assert not copier.copy(SimpleNamespace(**(vars(now) | {"ticks": []})), 3.0).has_mark


def test_details_that_come_late_change_nothing_of_a_good_price():
    copier = TickCopier(7, "OPT")
    now = ticker([(37, 0.0)], bid=-2.5, bidSize=3.0, last=0.0, lastSize=2.0, close=4.0)
    before = copier.copy(now, 1.0)
    copier.learn(1.0)
    after = copier.copy(ticker(close=4.0), 1.0)
    assert (after.bid, after.last, after.close, after.mark) == (before.bid, 0.0, 4.0, 0.0) == (-2.5, 0.0, 4.0, 0.0)
    assert not TickCopier(7, "STK").learn(100.0), "the same by any magnifier"


@pytest.mark.parametrize(
    ("own", "other", "value", "expected"),
    [(1.0, 100.0, 71.84, 0.7184), (100.0, 1.0, 0.75, 75.0), (1.0, 1.0, 269.8, 269.8), (100.0, 100.0, 71.84, 71.84),
     (1.0, 0.01, 71.84, 7184.0), (1.0, 1000.0, 6500.0, 6.5)],
)  # fmt: skip
def test_prices_of_another_contract_are_told_in_the_own_unit(own, other, value, expected):
    copier = TickCopier(7, "CFD", own)
    copier.hold_back()
    fields = dict.fromkeys(("bid", "ask", "last", "open", "high", "low", "close"), value)
    now = ticker([4, (37, value)], bidSize=3.0, askSize=4.0, lastSize=5.0, volume=6.0, halted=1.0, **fields)
    early = copier.copy(now, 1.0)
    assert (early.bid, early.ask, early.last, early.open, early.high, early.low, early.close) == (None,) * 7
    assert (early.mark, early.has_mark, early.has_trade, early.halted) == (None, False, False, True)
    copier.follow("STK", other, own)
    late = copier.copy(SimpleNamespace(**(vars(now) | {"ticks": []})), 2.0)
    assert (late.bid, late.ask, late.last, late.open, late.high, late.low, late.close, late.mark) == (expected,) * 8
    assert (late.has_mark, late.has_trade, late.bid_size_raw, late.volume_raw) == (True, True, None, None)


@pytest.mark.parametrize(("sec_type", "bid", "expected"), [("IND", -3.0, -0.03), ("STK", -3.0, None),
                                                           ("FUT", -100.0, None), ("FUT", -10.0, -0.1)])  # fmt: skip
def test_the_rules_of_a_followed_contract_are_its_own(sec_type, bid, expected):
    copier = TickCopier(7, "CFD", 1.0)
    copier.hold_back()
    copier.follow(sec_type, 100.0, 1.0)
    assert copier.copy(ticker(bid=bid, bidSize=0.0), 1.0).bid == expected


@pytest.mark.parametrize(
    ("sec_type", "ticks", "mark", "has_mark"),
    [
        ("STK", [(37, 71.84)], 71.84, True),
        ("OPT", [(37, 0.0)], 0.0, True),  # worth nothing
        ("OPT", [(79, 1.0)], 1.0, True),
        ("FUT", [(37, -37.6)], -37.6, True),
        ("FUT", [(37, -1.0)], None, False),
        ("STK", [(37, 0.0)], None, False),
        ("STK", [(37, 1.7976931348623157e308)], None, False),
        ("STK", [(4, 71.9)], None, False),
    ],
)
def test_the_mark_is_the_tick_of_its_own_and_never_the_trade(sec_type, ticks, mark, has_mark):
    copier = TickCopier(7, sec_type, 1.0)
    update = copier.copy(ticker(ticks, last=71.9, lastSize=1.0), 1.0)
    assert (update.mark, update.has_mark, update.last) == (mark, has_mark, 71.9)
    later = copier.copy(ticker([1], bid=71.0, bidSize=1.0), 2.0)
    assert (later.mark, later.has_mark) == (mark, False)


def test_delayed_halts_are_halts_until_they_end():
    copier = TickCopier(7, "STK")
    assert not copier.copy(ticker(), 1.0).halted
    assert copier.copy(ticker([(90, 1.0)]), 2.0).halted
    assert copier.copy(ticker([(67, 3.0)]), 3.0).halted
    assert not copier.copy(ticker([(90, 0.0)]), 4.0).halted
    assert copier.copy(ticker(halted=2.0), 5.0).halted


def test_a_known_contract_is_asked_for_by_con_id_and_exchange_alone():
    ref = ContractRef(1, "6J", "6JZ5", "FUT", "CME", "CME", "USD", 12_500_000.0, "20251215", "6J", 0.5, "C")
    assert vars(to_contract(FAKE_LIBRARY, ref)) == {"conId": 1, "exchange": "CME"}
    assert vars(to_contract(FAKE_LIBRARY, ref, names=True)) == {
        "conId": 1, "symbol": "6J", "secType": "FUT", "exchange": "CME", "currency": "USD",
    }  # fmt: skip


def test_a_described_contract_and_back():
    ref = ContractRef(0, "NQ", "NQZ5", "FUT", "CME", "CME", "USD", 20.0, "20251219", "NQ")
    native = to_contract(DESCRIBED, ref)
    assert (native.multiplier, native.exchange, native.primaryExchange, str(native.strike)) == ("20", "CME", "", "0")
    assert to_ref(native) == ref
    stock = to_contract(FAKE_LIBRARY, ContractRef(0, "BRK B", "BRK B", "STK", "SMART", "NYSE"))
    assert (stock.multiplier, stock.exchange, stock.primaryExchange, stock.localSymbol) == (
        "",
        "SMART",
        "NYSE",
        "BRK B",
    )


@given(st.floats(0, 1e15), st.floats(1e-12, 1e15))
def test_numbers_of_a_contract_go_out_without_powers_of_ten(strike, multiplier):
    native = to_contract(FAKE_LIBRARY, ContractRef(0, "X", "X", "OPT", multiplier=multiplier, strike=strike))
    for text, value in ((str(native.strike), strike), (native.multiplier or "1", multiplier)):
        assert set(text) <= set("0123456789.")
        assert float(text) == value


def test_a_stock_is_asked_for_at_smart_and_keeps_its_listing():
    native = to_contract(DESCRIBED, ContractRef(0, "X", "X", "STK", "PINK"))
    assert (to_ref(native).exchange, to_ref(native).primary_exchange) == ("SMART", "PINK")


@pytest.mark.parametrize(("sent", "magnifier"), [(100, 100.0), (1, 1.0), (0, 1.0), (None, 1.0), (math.nan, 1.0)])
def test_the_magnifier_of_the_details(sent, magnifier):
    assert magnifier_of(SimpleNamespace(priceMagnifier=sent)) == magnifier


@pytest.mark.parametrize(
    ("prices", "volume", "expected"),
    [
        ((0.5, 0.5, -0.2, 0.0), 12.0, (0.5, 0.5, -0.2, 0.0, 12.0)),
        ((0.0, 0.0, 0.0, 0.0), 3.0, (0.0, 0.0, 0.0, 0.0, 3.0)),  # a worthless option that traded
        ((0.0, 0.0, 0.0, 0.0), 0.0, None),
        ((-100.0,) * 4, 0.0, None),
        ((-100.0,) * 4, 7.0, (-100.0, -100.0, -100.0, -100.0, 7.0)),
        ((-37.63, -37.63, -40.0, -38.0), -1.0, (-37.63, -37.63, -40.0, -38.0, None)),
    ],
)
def test_bars_of_zero_and_less(prices, volume, expected):
    o, h, low, c = prices
    row = SimpleNamespace(date=dt.date(2025, 11, 5), open=o, high=h, low=low, close=c, volume=volume)
    bar = to_bar(row, "FOP", 100.0)
    assert (bar and (bar.open, bar.high, bar.low, bar.close, bar.volume)) == expected


def test_a_bar_without_trades_has_no_volume():
    row = SimpleNamespace(date=dt.date(2025, 11, 5), open=1.1, high=1.2, low=1.0, close=1.1, volume=0.0)
    bar = to_bar(row, "CASH", has_volume=False)
    assert bar is not None
    assert bar.volume is None


@pytest.mark.parametrize(
    ("text", "value"), [("", None), ("50", 50.0), ("1000.0", 1000.0), ("?", None), (None, None), ("0", None)]
)
def test_multiplier(text, value):
    assert multiplier_of(SimpleNamespace(multiplier=text)) == value


def test_times_are_utc():
    assert epoch(dt.date(2025, 11, 5)) == 1762300800.0
    assert epoch(dt.datetime(2025, 11, 5, 15, tzinfo=dt.UTC)) == 1762354800.0
    assert epoch(dt.datetime(2025, 11, 5, 10, tzinfo=dt.timezone(dt.timedelta(hours=-5)))) == 1762354800.0


@given(ANY, ANY)
def test_a_bar_with_a_bad_price_is_left_out(price, volume):
    row = SimpleNamespace(date=dt.date(2025, 11, 5), open=price, high=price, low=price, close=price, volume=volume)
    bar = to_bar(row, "STK")
    assert (bar is None) == (not 0 < price < 1e300)
    assert bar is None or bar.volume is None or 0 <= bar.volume < 1e300


NEAR = ANY | st.floats(0.01, 1e4)


@given(NEAR, NEAR, NEAR, NEAR, NEAR, st.sampled_from(["STK", "OPT", "WAR"]))
def test_the_short_way_of_a_bar_says_what_each_price_says(o, h, low, c, volume, sec_type):
    row = SimpleNamespace(date=dt.date(2025, 11, 5), open=o, high=h, low=low, close=c, volume=volume)
    negative, zero = sec_type == "OPT", sec_type in ("OPT", "WAR")
    shares = quantity(volume)
    size = shares or float(not o == h == low == c)
    read = [price(value, size, may_be_negative=negative, may_be_zero=zero) for value in (o, h, low, c)]
    bar = to_bar(row, sec_type)
    assert (bar and [bar.open, bar.high, bar.low, bar.close, bar.volume]) == (None if None in read else [*read, shares])


@pytest.mark.parametrize(
    ("sec_type", "delta", "under", "told"),
    [
        ("OPT", 0.62, 270.1, (0.62, 270.1)),
        ("FOP", -0.4, 6_800.0, (-0.4, 6_800.0)),
        ("OPT", None, 270.1, (None, None)),
        ("OPT", math.nan, 270.1, (None, None)),
        ("OPT", 1.7976931348623157e308, 270.1, (None, None)),
        ("OPT", -2.0, 270.1, (None, None)),
        ("OPT", 0.5, -1.0, (None, None)),
        ("STK", 0.62, 270.1, (None, None)),
    ],
)
def test_an_options_delta_is_its_models_or_none(sec_type, delta, under, told):
    model = SimpleNamespace(delta=delta, undPrice=under)
    update = TickCopier(7, sec_type).copy(ticker(bid=1.0, ask=1.1, modelGreeks=model), 1.0)
    assert (update.delta, update.under_price) == told
