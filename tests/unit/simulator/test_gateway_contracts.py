from __future__ import annotations

from datetime import date

import pytest

from simulator.contracts import Directory, Refusal
from simulator.details import isin_of
from simulator.wire.requests import ContractSpec
from tests.integration.fake_world import AAPL, CLV5, CLZ5, NAMES, NQH6, NQZ5, ODD, TSLA

EVERY = [TSLA, AAPL, NQZ5, NQH6, CLZ5, CLV5, *ODD, *NAMES]


def directory(day: date = date(2025, 11, 5)) -> Directory:
    return Directory(EVERY, lambda: day)


def refused(spec: ContractSpec) -> Refusal:
    with pytest.raises(Refusal) as caught:
        directory().resolve(spec)
    return caught.value


def test_a_con_id_and_an_exchange_are_enough() -> None:
    assert directory().resolve(ContractSpec(con_id=TSLA.con_id, exchange="SMART")) is TSLA
    assert directory().resolve(ContractSpec(con_id=TSLA.con_id, exchange="ISLAND")) is TSLA


def test_without_an_exchange_it_is_refused() -> None:
    refusal = refused(ContractSpec(con_id=TSLA.con_id))
    assert (refusal.code, refusal.text) == (321, "Error validating request.-'bT' : cause - Please enter exchange")


def test_a_future_on_the_wrong_exchange_is_unknown() -> None:
    refusal = refused(ContractSpec(con_id=NQZ5.con_id, exchange="SMART"))
    assert (refusal.code, refusal.text) == (200, "No security definition has been found for the request")


def test_a_symbol_with_several_months_is_ambiguous() -> None:
    refusal = refused(ContractSpec(symbol="NQ", sec_type="FUT", exchange="CME"))
    assert (refusal.code, refusal.text) == (200, "The contract description specified for NQ is ambiguous.")


@pytest.mark.parametrize("expiry", ["202512", "20251219"])
def test_a_month_makes_it_plain(expiry: str) -> None:
    spec = ContractSpec(symbol="NQ", sec_type="FUT", exchange="CME", last_trade_date=expiry)
    assert directory().resolve(spec) is NQZ5


def test_a_local_symbol_makes_it_plain() -> None:
    assert directory().resolve(ContractSpec(sec_type="FUT", local_symbol="NQH6", exchange="CME")) is NQH6


def test_the_continuous_future_is_the_nearest() -> None:
    match = directory().match(ContractSpec(symbol="NQ", sec_type="CONTFUT", exchange="CME"))
    assert [(m.instrument, m.sec_type) for m in match] == [(NQZ5, "CONTFUT")]


def test_expired_contracts_are_found_only_when_asked_for() -> None:
    spec = ContractSpec(con_id=CLV5.con_id, exchange="NYMEX")
    assert refused(spec).code == 200
    assert directory().resolve(spec, include_expired=True) is CLV5
    assert directory(date(2025, 12, 19)).resolve(ContractSpec(con_id=NQZ5.con_id, exchange="CME")) is NQZ5
    assert directory(date(2025, 12, 20)).match(ContractSpec(con_id=NQZ5.con_id, exchange="CME")) == []


@pytest.mark.parametrize(
    "spec",
    [
        ContractSpec(symbol="TSLA", sec_type="STK", exchange="SMART", currency="EUR"),
        ContractSpec(symbol="TSLA", sec_type="STK", exchange="SMART", primary_exchange="NYSE"),
        ContractSpec(symbol="NOPE", sec_type="STK", exchange="SMART"),
        ContractSpec(con_id=424242, exchange="SMART"),
        ContractSpec(con_id=ODD[4].con_id, exchange="SMART"),
    ],
)
def test_what_does_not_exist_is_unknown(spec: ContractSpec) -> None:
    assert refused(spec).code == 200


def test_details_need_no_exchange_but_a_type() -> None:
    assert [m.instrument for m in directory().match(ContractSpec(symbol="TSLA", sec_type="STK"))] == [TSLA]
    with pytest.raises(Refusal, match="security type"):
        directory().match(ContractSpec(symbol="TSLA"))


def test_isin_has_a_check_digit() -> None:
    isin = isin_of(TSLA)
    assert len(isin) == 12 and isin.startswith("US")
    digits = "".join(str(int(char, 36)) for char in isin)
    total = sum(sum(divmod(int(d) * (1 + i % 2), 10)) for i, d in enumerate(reversed(digits)))
    assert total % 10 == 0
