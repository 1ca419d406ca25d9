"""Dividends, interest and fees stand beside the trades, deposits beside everything; each in a money that is known."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from engine.journal.rows import CashRow
from engine.trades.carry import carry_of, carry_of_trips, flows_of
from engine.trades.figures import Money
from engine.trades.trips import round_trips
from tests.unit.trades.made import deal

D = Decimal
NOV5, NOV7 = date(2025, 11, 5), date(2025, 11, 7)


def booked(amount, day="20251107", sort="dividend", **more):
    base = {"account": "DU1", "currency": "USD", "con_id": 1, "base_currency": "USD", "kind": sort.title()}
    return CashRow(day=day, sort=sort, amount=D(amount), **(base | more))


def test_by_day_in_one_currency_or_in_the_base():
    rows = [booked("10"), booked("-1.5", sort="withholding tax"), booked("4", currency="EUR", fx_rate=D("1.25")),
            booked("7", currency="GBP"), booked("1000", sort="deposit", con_id=None, day="20251105")]  # fmt: skip
    assert carry_of(rows, Money("USD")) == ({NOV7: D("8.5")}, ())
    assert carry_of(rows, Money("EUR")) == ({NOV7: 4}, ())
    assert carry_of(rows, Money("USD", True)) == ({NOV7: D("13.5")}, ("rate of GBP on 20251107",))
    assert carry_of(rows, Money("CHF", True)) == ({}, ()), "another account's base"
    assert flows_of(rows, Money("USD", True)) == ({NOV5: 1000}, ())


def test_a_dividend_belongs_to_the_trip_that_held_the_share_though_it_is_paid_later():
    trips = round_trips([
        deal(10, 100, trade_date="20251101"), deal(-10, 110, 60, trade_date="20251104"),
        deal(5, 100, 120, trade_date="20251107"), deal(5, 100, con_id=2, trade_date="20251101", local_symbol="F"),
    ]).trips  # fmt: skip
    ids = {trip.name + trip.opened_date: trip.id for trip in trips}
    rows = [booked("3"), booked("2", day="20251101"), booked("9", account="DU2"), booked("5", con_id=None, symbol="F"),
            booked("1", con_id=None), booked("8", sort="deposit")]  # fmt: skip
    assert carry_of_trips(trips, rows) == {ids["TSLA20251101"]: (rows[0],), ids["F20251101"]: (rows[3],)}
