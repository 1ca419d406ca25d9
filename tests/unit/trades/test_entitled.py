"""Dividends belong to the trip that held the share on the day before its ex-date, whenever they are paid."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.journal.rows import CashRow
from engine.trades.entitled import carry_of_trips, held_before
from engine.trades.trips import round_trips
from tests.unit.trades.made import deal

D = Decimal
DAY = 86_400.0
# 10 held from 1 to 20 October, 30 from 22 October to 5 November, 10 since 6 November.
DEALS = (
    deal(10, 100, 0, trade_date="20251001"), deal(-10, 110, 19 * DAY, trade_date="20251020"),
    deal(30, 100, 21 * DAY, trade_date="20251022"), deal(-30, 101, 35 * DAY, trade_date="20251105"),
    deal(10, 100, 36 * DAY, trade_date="20251106"),
)  # fmt: skip


def booked(amount, day="20251113", sort="dividend", **more):
    base = {"account": "DU1", "currency": "USD", "con_id": 1, "base_currency": "USD", "kind": sort.title()}
    return CashRow(day=day, sort=sort, amount=D(amount), **(base | more))


def opened(*rows, deals=DEALS):
    """When the trip was opened that each row belongs to, and what it gets."""
    trips = {trip.id: trip.opened_date for trip in round_trips(deals).trips}
    found = carry_of_trips(round_trips(deals).trips, rows)
    return sorted((trips[name], row.amount) for name, each in found.items() for row in each)


@pytest.mark.parametrize(
    ("ex_date", "held"),
    [("20251002", "20251001"), ("20251020", "20251001"), ("20251021", ""), ("20251022", ""), ("20251023", "20251022"),
     ("20251105", "20251022"), ("20251001", "")],
)  # fmt: skip
def test_who_held_before_the_ex_date_is_entitled(ex_date, held):
    assert opened(booked("2.6", ex_date=ex_date)) == ([(held, D("2.6"))] if held else [])


@pytest.mark.parametrize(("amount", "held"), [("7.8", "20251022"), ("2.6", "20251106"), ("5.2", "20251106")])
def test_without_an_ex_date_what_was_paid_a_share_tells_how_many_were_held(amount, held):
    words = "TSLA(US88160R1014) CASH DIVIDEND USD 0.26 PER SHARE (Ordinary Dividend)"
    assert opened(booked(amount, description=words)) == [(held, D(amount))]


def test_the_tax_goes_with_its_dividend():
    words = "TSLA(US88160R1014) CASH DIVIDEND USD 0.26 PER SHARE"
    rows = [booked("7.8", description=words), booked("-1.17", sort="withholding tax", description=f"{words} - US TAX")]
    assert opened(*rows) == [("20251022", D("-1.17")), ("20251022", D("7.8"))]
    rows = [booked("7.8", ex_date="20251010", action_id="5"), booked("-1.17", sort="withholding tax", action_id="5")]
    assert opened(*rows) == [("20251001", D("-1.17")), ("20251001", D("7.8"))]


def test_other_bookings_belong_to_what_is_held_or_was_last():
    assert opened(booked("-3", sort="fee", day="20251030")) == [("20251022", -3)]
    assert opened(booked("-3", sort="fee", day="20251021")) == [("20251001", -3)]
    assert opened(booked("-3", sort="fee", day="20250901")) == []
    assert opened(booked("3", account="DU2"), booked("3", con_id=None), booked("8", sort="deposit")) == []


def test_models_that_held_it_together_share_it_by_what_they_held():
    deals = [deal(10, 100, model="A", trade_date="20251001"), deal(30, 100, model="B", trade_date="20251002")]
    assert opened(booked("4", ex_date="20251010"), deals=deals) == [("20251001", 1), ("20251002", 3)]
    assert opened(booked("4", ex_date="20251010", model="B"), deals=deals) == [("20251002", 4)]


def test_a_name_alone_is_the_shares_and_not_its_options():
    call = {"con_id": 2, "sec_type": "OPT", "symbol": "TSLA", "local_symbol": "TSLA  251219C00400000"}
    deals = [deal(1, 5, **call, trade_date="20251001"), deal(10, 100, symbol="TSLA", trade_date="20251002")]
    assert opened(booked("4", con_id=None, symbol="TSLA", ex_date="20251010"), deals=deals) == [("20251002", 4)]


def test_what_a_trip_held_when_a_day_began():
    (first, second, last) = round_trips(DEALS).trips
    assert [held_before(first, day) for day in ("20251001", "20251002", "20251020", "20251021")] == [0, 10, 10, 0]
    assert (held_before(second, "20251101"), held_before(last, "20260101")) == (30, 10)
    (before,) = round_trips([deal(-10, 110, opening="close", trade_date="20251020")]).trips
    assert held_before(before, "20251001") == 10
