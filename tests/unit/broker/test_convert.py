"""The library's objects on one side, values of the domain on the other."""

from __future__ import annotations

import datetime as dt
import math
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.broker.convert import TickCopier, epoch, multiplier_of, to_bar, to_contract, to_fill, to_ref
from engine.domain import ContractRef

ANY = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([-1.0, 0.0, 1.7976931348623157e308])
FIELDS = ("bid", "ask", "last", "bidSize", "askSize", "lastSize", "volume", "open", "high", "low", "close", "avVolume")
FAKE_LIBRARY = SimpleNamespace(Contract=lambda **fields: SimpleNamespace(**fields))


def ticker(kinds=(), **values):
    unset = dict.fromkeys(FIELDS, math.nan) | {"halted": math.nan, "marketDataType": 1}
    return SimpleNamespace(**(unset | values), ticks=[SimpleNamespace(tickType=kind) for kind in kinds])


@given(st.lists(st.fixed_dictionaries({name: ANY for name in FIELDS}), min_size=1, max_size=5), ANY)
def test_whatever_the_ticker_holds_the_update_is_clean(packets, halted):
    for sec_type in ("STK", "FUT"):
        copier = TickCopier(7, sec_type)
        for values in packets:
            update = copier.copy(ticker(**values, halted=halted), 1.0)
            numbers = [x for x in msgspec.structs.astuple(update)[2:-3] if x is not None]
            assert all(math.isfinite(x) and abs(x) < 1e300 for x in numbers)
            prices = (update.bid, update.ask, update.last, update.open, update.high, update.low, update.close)
            assert all(x is None or (x > 0 if sec_type == "STK" else x != 0) for x in prices)
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


def test_contract_for_a_request_and_back():
    ref = ContractRef(1, "NQ", "NQZ5", "FUT", "CME", "CME", "USD", 20.0, "20251219", "NQ")
    native = to_contract(FAKE_LIBRARY, ref)
    assert (native.multiplier, native.exchange, native.primaryExchange) == ("20", "CME", "")
    assert to_ref(native) == ref
    stock = to_contract(FAKE_LIBRARY, ContractRef(2, "BRK B", "BRK B", "STK", "SMART", "NYSE"))
    assert (stock.multiplier, stock.exchange, stock.primaryExchange, stock.localSymbol) == (
        "",
        "SMART",
        "NYSE",
        "BRK B",
    )


def test_a_stock_is_asked_for_at_smart_and_keeps_its_listing():
    native = to_contract(FAKE_LIBRARY, ContractRef(2, "X", "X", "STK", "PINK"))
    assert (to_ref(native).exchange, to_ref(native).primary_exchange) == ("SMART", "PINK")


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


def test_fill_before_and_after_its_commission():
    execution = SimpleNamespace(
        execId="1", side="SLD", shares=5.0, price=10.0, time=dt.datetime(2025, 11, 5, tzinfo=dt.UTC), exchange="NYSE"
    )
    contract = SimpleNamespace(conId=9, localSymbol="X", symbol="X")
    report = SimpleNamespace(execId="", commission=0.0, realizedPNL=0.0)
    fill = to_fill(SimpleNamespace(contract=contract, execution=execution, commissionReport=report))
    assert (fill.side, fill.commission, fill.realized_pnl) == ("SLD", None, None)
    report = SimpleNamespace(execId="1", commission=1.02, realizedPNL=1.7976931348623157e308)
    fill = to_fill(SimpleNamespace(contract=contract, execution=execution, commissionReport=report))
    assert (fill.commission, fill.realized_pnl) == (1.02, None)
