"""Facts of a size: step, margin, volume and ATR of whole days, and what the engine says of a symbol that is open."""

import pytest

from engine.domain import Bar, ContractInfo, ContractRef
from engine.portfolio.sizing import average_volume, day_atr, margin_of, sizing_facts, step_of
from engine.portfolio.valuation import terms_of
from engine.state.sections import AccountFigures

DAY_S = 86_400.0


def days(count: int, volume: float | None = 1_000.0, span: float = 2.0) -> list[Bar]:
    return [Bar(n * DAY_S, 100.0, 100.0 + span / 2, 100.0 - span / 2, 100.0, volume, "history") for n in range(count)]


@pytest.mark.parametrize(
    ("sec_type", "currency", "price", "long", "short"),
    [
        ("STK", "USD", 408.08, 0.5, 0.5),
        ("STK", "USD", 4.99, None, None),
        ("STK", "USD", None, None, None),
        ("STK", "GBP", 71.84, None, None),
        ("OPT", "USD", 1.0, 1.0, None),
        ("FUT", "USD", 25_000.0, None, None),
        ("CRYPTO", "USD", 100_000.0, 1.0, None),
        ("BOND", "USD", 97.85, None, None),
    ],
)
def test_margin_is_an_estimate_where_a_rule_is_common_and_none_elsewhere(sec_type, currency, price, long, short):
    margin = margin_of(sec_type, currency, price)
    assert (margin.long, margin.short) == (long, short)
    assert ("Estimate" in margin.source) == (long is not None)
    assert long is not None or "preview" in margin.source


@pytest.mark.parametrize(
    ("sec_type", "told", "step"),
    [("STK", 0.0001, 1.0), ("STK", 100.0, 100.0), ("STK", None, 1.0), ("FUT", 1.0, 1.0), ("CRYPTO", 1e-8, 1e-8)],
)
def test_whole_shares_board_lots_and_fractions_of_a_coin(sec_type, told, step):
    info = ContractInfo(ContractRef(1, "X", "X", sec_type), size_increment=told)
    assert step_of(sec_type, info) == step
    assert step_of(sec_type, None) == 1.0


def test_volume_is_that_of_days_whose_volume_is_known():
    assert average_volume(days(30)) == (1_000.0, 20)
    mixed = [*days(3), *days(3, None), *days(4, 3_000.0)]
    assert average_volume(mixed) == (pytest.approx((3 * 1_000 + 4 * 3_000) / 7), 7)
    assert average_volume(days(4)) == (None, 4)


def test_the_days_atr_is_wilders_of_whole_days():
    assert day_atr(days(14)) is None
    assert day_atr(days(40)) == pytest.approx(2.0)


def test_money_comes_in_the_currency_of_the_account_in_view():
    contract = ContractRef(1, "VOD", "VOD", "STK", currency="GBP", price_magnifier=100.0)
    figures = AccountFigures(currency="EUR", net_liquidation=50_000.0, excess_liquidity=20_000.0)
    facts = sizing_facts(contract, None, terms_of(contract), 71.84, figures, 1.137, days(30))
    assert (facts.per_point, facts.base_currency, facts.rate) == (0.01, "EUR", 1.137)
    assert (facts.net_liquidation, facts.excess_liquidity) == (50_000.0, 20_000.0)
    unknown = ContractRef(1, "VOD", "VOD", "STK", currency="GBP")
    assert sizing_facts(unknown, None, terms_of(unknown), 71.84, figures, None, []).per_point is None
