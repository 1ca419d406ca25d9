"""Executions: from the journal's rows and back, to the digit; what is not told stays unknown."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from engine.domain import Fill
from engine.journal.rows import FillFacts, FillRow
from engine.trades.execution import (
    Execution,
    exact,
    execution_of,
    executions_of,
    in_force,
    row_of,
)
from engine.trades.orders import without_allocations
from tests.app.sample_state import MARKET

BOUGHT = Fill(
    "0000e0d5.67290a01.01.01", 76792991, "TSLA", "BOT", 50.0, 409.35, MARKET, "ISLAND", 1.02, None, "DU1", "STK", "USD",
    "USD", "20251105", multiplier=1.0, price_magnifier=1.0, perm_id=731425,
)  # fmt: skip
ASSIGNED = Execution(
    account="DU1", id="T:778", time=MARKET, quantity=Decimal("-1.5"), price=Decimal("0.352375"), currency="EUR",
    con_id=12, model="Growth", symbol="DAX", local_symbol="ODAX", sec_type="OPT", multiplier=Decimal(5),
    magnifier=Decimal(1), per_point=Decimal(5), commission=Decimal("-0.26"), commission_currency="USD",
    taxes=Decimal("0.01"), trade_date="20251105", kind="assignment", state="withdrawn", source="flex",
    is_order_level=True, codes=("A", "C"), opening="close", fx_rate=Decimal("1.15732"), base_currency="CHF",
    commission_rate=Decimal("0.8"), exchange="EUREX", order_ref="mine", liquidation=True, underlying_con_id=7,
    underlying_symbol="DAX", expiry="20251121", strike=Decimal(25000), put_call="P", transaction_id="778",
    trade_id="9", ib_order_id="10", cum_quantity=Decimal(3), orig_transaction_id="11", orig_trade_id="13",
    settle_date="20251107", report_date="20251106", ib_realized=Decimal("12.5"), statement_id="ab",
    remark="commission 1 by the API",
)  # fmt: skip


def test_a_statements_execution_comes_back_whole():
    told = {name: value for name, value in asdict(ASSIGNED).items() if name not in ("price_pending", "is_time_known")}
    empty = {name for name, value in told.items() if value in (None, "", (), False)}
    assert empty == {"superseded_by", "perm_id"}, "everything else is tried"
    assert execution_of(row_of(ASSIGNED)) == ASSIGNED


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**6), max_value=10**6))
def test_a_decimal_of_fifteen_digits_survives_the_float(number):
    assert exact(float(number)) == number


def test_a_fill_of_the_api_is_an_execution():
    found = execution_of(FillRow(replace(BOUGHT, side="SLD")))
    assert (found.quantity, found.price, found.value) == (Decimal(-50), Decimal("409.35"), Decimal("-20467.50"))
    assert (found.commission, found.fee, found.fee_base, found.source) == (
        Decimal("1.02"),
        Decimal("1.02"),
        None,
        "api",
    )
    assert (found.key, found.root, found.order) == (("DU1", "", "76792991"), "0000e0d5.67290a01.01", "perm 731425")


@pytest.mark.parametrize(
    ("fill", "per_point"),
    [
        (BOUGHT, 1),
        (replace(BOUGHT, price_magnifier=None), 1),  # a US stock is quoted in dollars for certain
        (replace(BOUGHT, currency="GBP", price_magnifier=100.0), Decimal("0.01")),
        (replace(BOUGHT, currency="GBP", price_magnifier=None), None),
        (replace(BOUGHT, sec_type="FUT", multiplier=5000.0, price_magnifier=100.0), 50),
        (replace(BOUGHT, sec_type="FUT", multiplier=50.0, price_magnifier=None), None),
        (replace(BOUGHT, sec_type="BOND", price_magnifier=1.0), None),
        (replace(BOUGHT, currency=""), None),
    ],
)
def test_money_of_a_quote_is_known_or_said_to_be_unknown(fill, per_point):
    assert execution_of(FillRow(fill)).per_point == per_point


def test_a_statement_tells_what_a_bond_is_worth():
    row = FillRow(replace(BOUGHT, sec_type="BOND", multiplier=10.0), facts=FillFacts(statement_id="ab"))
    assert execution_of(row).per_point == 10


@pytest.mark.parametrize(
    ("commission", "currency", "rate", "fx_rate", "fee", "fee_base"),
    [
        (None, "", None, "1", None, None),
        ("1.5", "", None, None, "1.5", None),
        ("1.5", "USD", None, "0.9", "1.5", "1.35"),
        ("1.5", "EUR", None, "0.75", "2", "1.5"),  # of the base
        ("1.5", "EUR", None, None, None, "1.5"),
        ("1.5", "GBP", "1.2", "0.9", "2", "1.8"),
        ("1.5", "GBP", None, "0.9", None, None),
        ("0", "GBP", None, None, "0", "0"),
        ("-0.25", "", None, "0.8", "-0.25", "-0.2"),
    ],
)
def test_a_commission_in_the_contracts_currency_and_in_the_base(commission, currency, rate, fx_rate, fee, fee_base):
    def number(text):
        return None if text is None else Decimal(text)

    row = execution_of(FillRow(BOUGHT))
    found = replace(
        row,
        commission=number(commission), commission_currency=currency, commission_rate=number(rate),
        fx_rate=number(fx_rate), base_currency="EUR",
    )  # fmt: skip
    assert (found.fee, found.fee_base) == (number(fee), number(fee_base))


def test_what_counts_is_in_order_and_in_force():
    rows = [
        FillRow(replace(BOUGHT, exec_id="b.01.01")),
        FillRow(replace(BOUGHT, exec_id="a.01.01"), superseded_by="a.01.02"),
        FillRow(replace(BOUGHT, exec_id="a.01.02")),
        FillRow(replace(BOUGHT, exec_id="c.01.01", quantity=0.0)),
        FillRow(replace(BOUGHT, exec_id="d.01.01"), facts=FillFacts(state="covered")),
        FillRow(replace(BOUGHT, exec_id="e.01.01", time_market=MARKET - 1)),
        FillRow(replace(BOUGHT, exec_id="f.01.01", sec_type="BAG")),
    ]
    everything = executions_of(rows)
    assert [(e.id[0], e.state) for e in everything] == [
        ("e", "in force"), ("a", "superseded"), ("a", "in force"), ("b", "in force"), ("c", "busted"), ("d", "covered"),
    ]  # fmt: skip
    assert [e.id for e in in_force(everything)] == ["e.01.01", "a.01.02", "b.01.01"]


def test_the_base_currency_of_an_account_is_that_of_its_other_rows():
    told = FillFacts(base_currency="CHF")
    rows = [FillRow(BOUGHT), FillRow(replace(BOUGHT, exec_id="2.01"), facts=told),
            FillRow(replace(BOUGHT, exec_id="3.01", account="DU2"))]  # fmt: skip
    assert [(e.account, e.base_currency) for e in executions_of(rows)] == [("DU1", "CHF"), ("DU1", "CHF"), ("DU2", "")]
    changed = [*rows, FillRow(replace(BOUGHT, exec_id="4.01"), facts=FillFacts(base_currency="EUR"))]
    assert executions_of(changed)[0].base_currency == "", "the account has changed it: nobody knows which"


def test_an_advisors_order_is_taken_once():
    master = execution_of(FillRow(replace(BOUGHT, account="F123", exec_id="m.01.01")))
    parts = [replace(BOUGHT, account=f"U{n}", exec_id=f"{n}.01.01", quantity=25.0) for n in (1, 2)]
    clients = [execution_of(FillRow(part)) for part in parts]
    assert without_allocations([master, *clients]) == tuple(clients)
    assert without_allocations([master, clients[0]]) == (master,)
    assert without_allocations(clients) == tuple(clients)


def test_a_contract_without_a_number_is_told_by_its_names():
    assert replace(ASSIGNED, con_id=0).key.contract == "DAX OPT EUR 20251121 25000 P"
