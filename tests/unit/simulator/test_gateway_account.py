from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.account import Book, Fill, Lot, Settled, Valued, exact, follow, value_position
from simulator.account_values import account_values, totals
from simulator.hub import opening_fill
from simulator.model import Holding, Instrument, Opening, QuoteState
from tests.integration.fake_world import NQZ5, TSLA, stock

LONDON = stock(5001, "VOD", currency="GBP", price_magnifier=100)
WHEAT = replace(NQZ5, con_id=5002, symbol="ZW", local_symbol="ZWZ5", multiplier="5000", price_magnifier=100)
BOND = stock(5003, "IBM", sec_type="BOND", money_factor="10")
EURUSD = stock(5004, "EUR", sec_type="CASH", local_symbol="EUR.USD")
OPTION = stock(5005, "AAPL", sec_type="OPT", multiplier="100")
KNOWN = {one.con_id: one for one in (TSLA, NQZ5, LONDON, WHEAT, BOND, EURUSD, OPTION)}
ONE = Decimal(1)


def quote(con_id: int, last: float | None, close: float | None) -> QuoteState:
    return QuoteState(con_id, 1, 0.0, None, None, None, None, last, None, None, None, None, None, close)


def held(quantity: float, cost: float | None) -> Lot:
    return Lot(exact(quantity), None if cost is None else exact(cost))


def valued(instrument: Instrument, lot: Lot, last: float | None, close: float | None, *today: Settled) -> Valued:
    return value_position(instrument, lot, quote(instrument.con_id, last, close), today)


def fill(instrument: Instrument, shares: object, price: object, number: int = 1, commission: str = "1") -> Fill:
    cost = Decimal(commission)
    con_id = instrument.con_id
    return Fill(f"00.{number:02d}.01.01", number, con_id, 0.0, Decimal(str(shares)), Decimal(str(price)), cost, cost)


def book(*holdings: Holding, cash: str = "150000") -> Book:
    return Book(Opening("DU1", "USD", {"USD": Decimal(cash)}, holdings), KNOWN.__getitem__)


def sold() -> Book:
    made = book(Holding(TSLA.con_id, 100.0, 462.76))
    made.open_before(opening_fill(TSLA.con_id, 1000.0))
    return made


def test_todays_sale_and_the_days_result_as_the_account_shows_them() -> None:
    track = sold().track(TSLA.con_id)
    row = valued(TSLA, track.lot, 408.08, 412.36, *track.settled)
    assert (row.realized, row.unrealized, row.daily) == (Decimal("-2671.52"), Decimal("-5468.00"), Decimal("-579.52"))
    assert sold().cash() == {"USD": Decimal(150_000)}


@pytest.mark.parametrize(
    ("instrument", "quantity", "cost", "last", "unrealized"),
    [
        (NQZ5, 1, 501_327.25, 24688.25, "-7562.25"),
        (WHEAT, 2, 22_512.50, 448.25, "-200.00"),
        (LONDON, 1000, 0.7250, 71.84, "-6.60"),
        (BOND, 10, 985.30, 97.85, "-68.00"),
        (OPTION, 10, 480.0, 1.0, "-3800.00"),
        (OPTION, 6, 100.0, 0.0, "-600.00"),
        (replace(NQZ5, multiplier="12500000"), -1, 82_002.37, 0.0065435, "208.62"),
        (replace(NQZ5, multiplier="1000"), 3, -4_850.0, -5.0, "-450.00"),
    ],
)
def test_results_worked_out_by_hand(
    instrument: Instrument, quantity: float, cost: float, last: float, unrealized: str
) -> None:
    row = valued(instrument, held(quantity, cost), last, None)
    assert row.unrealized == Decimal(unrealized)
    assert row.price is not None
    if not instrument.money_factor:
        assert row.value == row.quantity * row.price * Decimal(instrument.multiplier or "1")


@pytest.mark.parametrize("price", [None, 0.0])
def test_a_share_without_a_price_counts_for_nothing(price: float | None) -> None:
    row = valued(TSLA, held(100, 462.76), price, None)
    assert (row.price, row.value, row.unrealized, row.daily) == (None, 0, 0, None)


def test_an_unset_cost_leaves_the_result_unknown() -> None:
    row = valued(TSLA, held(100, None), 400.0, 390.0)
    assert (row.value, row.unrealized, row.daily) == (40_000, None, 1000)


def test_the_account_adds_up() -> None:
    track = sold().track(TSLA.con_id)
    rows = [valued(TSLA, track.lot, 408.08, 412.36, *track.settled),
            valued(NQZ5, held(1, 501_327.25), 24688.25, 24802.5)]  # fmt: skip
    sums = totals("USD", rows, {"USD": Decimal(150_000)}, {"USD": ONE})
    values = {(key, currency): value for key, value, currency in account_values(sums, "DU1")}
    assert float(values["NetLiquidation", "USD"]) == pytest.approx(150_000 + 40_808 - 7562.25)
    assert float(values["ExcessLiquidity", "USD"]) == pytest.approx(
        float(values["NetLiquidation", "USD"]) - float(values["MaintMarginReq", "USD"]), abs=0.02
    )
    assert values["GrossPositionValue", "USD"] == "40808.00"
    assert values["UnrealizedPnL", "BASE"] == values["UnrealizedPnL", "USD"] == "-13030.25"
    assert values["RealizedPnL", "USD"] == "-2671.52"
    assert sums.total.daily == Decimal("-579.52") - 2285


def test_sums_in_the_base_currency_with_prefix_and_base_rows() -> None:
    rows = [valued(LONDON, held(1000, 0.7250), 71.84, 72.0), valued(TSLA, held(10, 400.0), 410.0, 405.0)]
    rates = {"GBP": Decimal("1.14"), "USD": Decimal("0.87")}
    sums = totals("EUR", rows, {"EUR": Decimal(100), "JPY": Decimal(5000)}, {**rates, "JPY": Decimal("0.006")})
    assert sums.total.unrealized == Decimal("-6.60") * Decimal("1.14") + 100 * Decimal("0.87")
    assert sums.net_liquidation == 100 + 30 + Decimal("718.40") * Decimal("1.14") + 4100 * Decimal("0.87")
    values = account_values(sums, "DU1", "$LEDGER-", also_base=True)
    assert ("$LEDGER-ExchangeRate", "0.006", "JPY") in values and ("$LEDGER-ExchangeRate", "1.00", "EUR") in values
    assert {currency for key, _, currency in values if key == "NetLiquidation"} == {"EUR", "BASE"}
    assert not [key for key, _, _ in values if key == "ExchangeRate"]


@given(st.integers(0, 300), st.integers(10_000, 80_000))
def test_trading_stock_at_the_market_costs_the_commission_only(quantity: int, cents: int) -> None:
    price = Decimal(cents) / 100
    ledger = book(Holding(TSLA.con_id, 100.0, 462.76))

    def net() -> Decimal:
        return ledger.cash()["USD"] + ledger.lot(TSLA.con_id).quantity * price

    before = net()
    settled = ledger.set_position(TSLA.con_id, Decimal(quantity), Decimal("462.76"), price, 5.0, 1)
    assert net() == before - (settled.fill.commission if settled else 0)


def test_closing_a_future_turns_its_result_into_cash() -> None:
    ledger = book(Holding(NQZ5.con_id, 1.0, 501_327.25))
    settled = ledger.set_position(NQZ5.con_id, Decimal(0), None, Decimal("24688.25"), 5.0, 1)
    assert settled is not None
    assert (settled.fill.shares, settled.realized) == (-1, Decimal("-7563.25"))
    assert not ledger.holds(NQZ5.con_id) and ledger.held() == []
    assert ledger.cash()["USD"] == Decimal("142436.75")


def test_the_same_quantity_is_no_fill() -> None:
    ledger = book(Holding(TSLA.con_id, 100.0, 462.76))
    assert ledger.set_position(TSLA.con_id, Decimal(100), Decimal(470), Decimal(400), 5.0, 1) is None
    assert ledger.lot(TSLA.con_id) == held(100, 470) and ledger.fills() == []


def test_a_closed_positions_result_counts_against_the_close_before() -> None:
    track = follow(TSLA, held(100, 462.76), [fill(TSLA, -100, 410)])
    row = valued(TSLA, track.lot, 999.0, 412.36, *track.settled)
    assert row.closed and row.value == 0 and row.daily == 100 * (410 - Decimal("412.36")) - 1


def test_commissions_of_opening_fills_are_part_of_the_cost_on_both_sides() -> None:
    assert follow(TSLA, held(0, 0), [fill(TSLA, 10, 400)]).lot == held(10, 400.1)
    assert follow(TSLA, held(0, 0), [fill(TSLA, -10, 400)]).lot == held(-10, 399.9)
    turned = follow(TSLA, held(10, 390), [fill(TSLA, -15, 400)])
    assert turned.lot == held(-5, 400) and turned.settled[0].realized == 99


def test_a_correction_leaves_the_book_as_if_the_first_had_never_been() -> None:
    right = [fill(TSLA, 50, 401), fill(TSLA, -80, 404, 2), fill(TSLA, 5, 399, 3)]
    ledger, clean = (book(Holding(TSLA.con_id, 100.0, 462.76)) for _ in range(2))
    for one in (right[0], replace(right[1], price=Decimal(440), shares=Decimal(-70)), right[2]):
        ledger.add(one)
    for one in right:
        clean.add(one)
    ledger.correct(replace(right[1], exec_id="00.02.01.02"))
    assert ledger.lot(TSLA.con_id) == clean.lot(TSLA.con_id) and ledger.cash() == clean.cash()
    assert [one.fill.exec_id for one in ledger.fills()] == ["00.01.01.01", "00.02.01.02", "00.03.01.01"]
    with pytest.raises(KeyError):
        ledger.correct(fill(TSLA, 1, 1, 77))


def test_currencies_bought_are_cash_and_cost_in_a_currency_of_their_own() -> None:
    ledger = book(cash="0")
    bought = replace(fill(EURUSD, 1000, "1.15", commission="2"), commission_currency="EUR")
    ledger.add(replace(bought, commission_local=Decimal("2.30")))
    assert ledger.cash() == {"USD": -1150, "EUR": 998}
    assert ledger.lot(EURUSD.con_id) == held(1000, 1.1523)
