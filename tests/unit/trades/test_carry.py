"""Dividends, interest and fees stand beside the trades, deposits beside everything; each in a money that is known."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from engine.journal.rows import CashRow, TransferRow
from engine.trades.carry import Lack, carry_of, summed_by_day
from engine.trades.figures import Money
from engine.trades.flows import flows_of

D = Decimal
NOV5, NOV7 = date(2025, 11, 5), date(2025, 11, 7)


def booked(amount, day="20251107", sort="dividend", **more):
    base = {"account": "DU1", "currency": "USD", "con_id": 1, "base_currency": "USD", "kind": sort.title()}
    return CashRow(day=day, sort=sort, amount=D(amount), **(base | more))


def test_by_day_in_one_currency_or_in_the_base():
    rows = [booked("10"), booked("-1.5", sort="withholding tax"), booked("4", currency="EUR", fx_rate=D("1.25")),
            booked("7", currency="GBP"), booked("1000", sort="deposit", con_id=None, day="20251105")]  # fmt: skip
    assert carry_of(rows, Money("USD")) == (
        {NOV7: D("8.5")}, (Lack(NOV7, "EUR", "currency"), Lack(NOV7, "GBP", "currency")),
    )  # fmt: skip
    assert carry_of(rows, Money("EUR")).by_day == {NOV7: 4}
    assert carry_of(rows, Money("USD", True)) == ({NOV7: D("13.5")}, (Lack(NOV7, "GBP", "rate"),))
    assert carry_of(rows, Money("CHF", True)) == ({}, ()), "another account's base"
    assert summed_by_day(flows_of(rows), Money("USD", True)) == ({NOV5: 1000}, ())


def moved(quantity=None, amount=None, day="20251105", **more):
    base = {"account": "DU1", "currency": "USD", "kind": "ACATS", "symbol": "IBM", "base_currency": "USD"}
    number = {"quantity": quantity, "amount": amount, "cash": more.pop("cash", None)}
    told = {name: D(value) for name, value in number.items() if value is not None}
    return TransferRow(day=day, **(base | told | more))


@pytest.mark.parametrize(
    ("quantity", "amount", "flow"),
    [
        ("20", "5000", 5000),
        ("-20", "-5000", -5000),
        ("-20", "5000", -5000),  # a value without its sign
        ("-20", "-5000", -5000),
        ("20", "5000", 5000),  # a transfer out that was cancelled: the row once more, its signs turned
        ("-3", "-120", -120),  # a short position that comes in brings a debt
    ],
)
def test_a_transfer_is_a_flow_of_what_the_position_was_worth(quantity, amount, flow):
    assert summed_by_day(flows_of([], [moved(quantity, amount)]), Money("USD", True)) == ({NOV5: flow}, ())


def test_cash_that_is_booked_and_transferred_is_one_flow_and_twins_are_two():
    paid = [booked("500", sort="deposit", day="20251105")] * 2
    rows = [moved(cash="500"), moved(cash="-7000", currency="EUR", fx_rate=D("1.25"))]
    assert [(f.amount, f.currency) for f in flows_of(paid, rows)] == [(500, "USD"), (500, "USD"), (-7000, "EUR")]
    assert [f.amount for f in flows_of(paid, [moved(cash="500")] * 3)] == [500, 500, 500]
    assert summed_by_day(flows_of(paid, rows), Money("USD", True)).by_day == {NOV5: -7750}


@pytest.mark.parametrize("amount", [None, "0"])
def test_a_transfer_without_its_value_is_said_and_not_guessed(amount):
    found = summed_by_day(flows_of([], [moved("20", amount)]), Money("USD", True))
    assert found == ({}, (Lack(NOV5, "USD", "value"),))
