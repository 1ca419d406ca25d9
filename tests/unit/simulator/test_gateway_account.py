from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.account import Book, Fill, account_values, opening_fill, totals, value_holding
from simulator.model import Holding, QuoteState
from tests.integration.fake_world import NQZ5, TSLA


def quote(con_id: int, last: float | None, close: float | None) -> QuoteState:
    return QuoteState(con_id, 1, 0.0, None, None, None, None, last, None, None, None, None, None, close)


TSLA_HELD = Holding(TSLA.con_id, 100.0, 462.76)
NQ_HELD = Holding(NQZ5.con_id, 1.0, 501327.25)


def sale() -> Fill:
    fill = opening_fill(TSLA_HELD, now=2000.0, time=1000.0)
    assert fill is not None
    return fill


def test_todays_sale_and_the_days_result_as_the_account_shows_them() -> None:
    row = value_holding(TSLA, TSLA_HELD, quote(TSLA.con_id, 408.08, 412.36), [sale()])
    assert row.realized == pytest.approx(-2671.52)
    assert row.unrealized == pytest.approx(-5468.0)
    assert row.daily == pytest.approx(-579.52)


def test_the_sale_is_not_known_before_it_happened() -> None:
    assert opening_fill(TSLA_HELD, now=999.0, time=1000.0) is None


def test_futures_cost_includes_the_multiplier() -> None:
    row = value_holding(NQZ5, NQ_HELD, quote(NQZ5.con_id, 24688.25, 24802.5), [])
    assert row.unrealized == pytest.approx(-7562.25)
    assert row.daily == pytest.approx(-2285.0)


@pytest.mark.parametrize("price", [None, 0.0])
def test_what_has_no_price_counts_for_nothing(price: float | None) -> None:
    row = value_holding(TSLA, TSLA_HELD, quote(TSLA.con_id, price, None), [])
    assert (row.price, row.value, row.unrealized, row.daily) == (None, 0.0, 0.0, None)


def test_the_close_values_what_did_not_trade() -> None:
    assert value_holding(TSLA, TSLA_HELD, quote(TSLA.con_id, None, 400.0), []).value == 40_000.0


def test_the_account_adds_up() -> None:
    rows = [
        value_holding(TSLA, TSLA_HELD, quote(TSLA.con_id, 408.08, 412.36), [sale()]),
        value_holding(NQZ5, NQ_HELD, quote(NQZ5.con_id, 24688.25, 24802.5), []),
    ]
    sums = totals(rows, cash=150_000.0)
    values = {(key, currency): value for key, value, currency in account_values(sums, "DU1")}
    assert float(values["NetLiquidation", "USD"]) == pytest.approx(150_000 + 40_808 - 7562.25)
    assert float(values["ExcessLiquidity", "USD"]) == pytest.approx(
        float(values["NetLiquidation", "USD"]) - float(values["MaintMarginReq", "USD"]), abs=0.02
    )
    assert values["GrossPositionValue", "USD"] == "40808.00"
    assert values["UnrealizedPnL", "BASE"] == values["UnrealizedPnL", "USD"] == "-13030.25"
    assert values["RealizedPnL", "USD"] == "-2671.52"
    assert sums.daily == pytest.approx(-579.52 - 2285.0)


def test_a_closed_positions_result_stays_in_the_day() -> None:
    assert totals([], cash=1.0, closed_realized=-30.0).daily == -30.0


def book() -> Book:
    return Book([TSLA_HELD, NQ_HELD], cash=150_000.0)


def net(ledger: Book, price: float, future: float) -> float:
    quotes = {TSLA.con_id: (TSLA, price), NQZ5.con_id: (NQZ5, future)}
    rows = [
        value_holding(quotes[h.con_id][0], h, quote(h.con_id, quotes[h.con_id][1], 1.0), []) for h in ledger.holdings()
    ]
    return totals(rows, ledger.cash).net_liquidation


@given(st.integers(0, 300), st.floats(100, 800))
def test_trading_stock_at_the_market_costs_the_commission_only(quantity: int, price: float) -> None:
    ledger = book()
    before = net(ledger, price, 24688.25)
    fill = ledger.alter(TSLA, float(quantity), 462.76, price, now=5.0)
    after = net(ledger, price, 24688.25)
    assert after == pytest.approx(before - (fill.commission if fill else 0.0))


def test_closing_a_future_turns_its_result_into_cash() -> None:
    ledger = book()
    before = net(ledger, 400.0, 24688.25)
    fill = ledger.alter(NQZ5, 0.0, 501327.25, 24688.25, now=5.0)
    assert fill is not None and fill.shares == -1.0 and fill.realized == pytest.approx(-7563.25)
    assert not ledger.holds(NQZ5.con_id)
    assert net(ledger, 400.0, 24688.25) == pytest.approx(before - 1.0)


def test_the_same_quantity_is_no_fill() -> None:
    ledger = book()
    assert ledger.alter(TSLA, 100.0, 470.0, 400.0, now=5.0) is None
    assert ledger.get(TSLA.con_id) == Holding(TSLA.con_id, 100.0, 470.0)
