from __future__ import annotations

import pytest

from simulator.world.market import Market
from simulator.world.portfolio import NET_LIQUIDATION_USD
from tests.unit.simulator.world_samples import con_id, market_at, still_market

MAIN = {
    "NQZ5": (1, 501_327.25, 20.0, -7_562.25),
    "TSLA": (100, 462.76, 1.0, -5_468.0),
    "CLZ5": (1, 61_732.37, 1000.0, -2_852.37),
}


@pytest.mark.parametrize("seed", [1, 2, 11])
def test_the_three_positions_start_with_the_traders_results(seed: int) -> None:
    market, wall = market_at(seed=seed)
    for wait_s in (0.0, 20.0, 59.0):
        wall.seconds = wait_s
        market.advance()
        check_results(market, exact=wait_s == 0.0)


def check_results(market: Market, exact: bool) -> None:
    held = {market.instrument(one.con_id).local_symbol: one for one in market.holdings()}  # type: ignore[union-attr]
    for name, (quantity, cost, multiplier, unrealised) in MAIN.items():
        quote, instrument = market.quote(con_id(market, name)), market.instrument(con_id(market, name))
        assert quote is not None and quote.last is not None and instrument is not None
        assert (held[name].quantity, held[name].avg_cost) == (quantity, cost)
        tick_usd = quantity * instrument.min_tick * multiplier
        found = quantity * (quote.last * multiplier - cost)
        assert abs(found - unrealised) <= (0.0 if exact else tick_usd) + 0.005


def test_the_day_before_explains_the_days_change() -> None:
    market = still_market("2025-11-05 10:00")
    closes = {name: market.quote(con_id(market, name)) for name in MAIN}
    assert {name: quote.close for name, quote in closes.items() if quote} == {
        "NQZ5": 24802.5,
        "TSLA": 412.36,
        "CLZ5": 58.64,
    }


def test_net_liquidation_adds_up() -> None:
    market = still_market("2025-11-05 10:00")
    total = market.cash_usd()
    for one in market.holdings():
        instrument, quote = market.instrument(one.con_id), market.quote(one.con_id)
        assert instrument is not None and quote is not None
        if quote.last is None:
            continue
        value = one.quantity * quote.last * float(instrument.multiplier or 1)
        total += value - one.quantity * one.avg_cost if instrument.sec_type == "FUT" else value
    assert total == pytest.approx(NET_LIQUIDATION_USD, abs=1.0)


def test_twelve_positions_of_which_nine_behave_badly() -> None:
    market = still_market("2025-11-05 10:00")
    found = [market.instrument(one.con_id) for one in market.holdings()]
    assert len(found) == 12
    bad = {one.local_symbol: one for one in found if one and one.behaviour != "normal"}
    names = {"TOGI", "MRAI", "KALRQ", "AZREF", "CNCE.CVR", "RFP.CVR", "FUSN.CVR", "TOGIW", "ALPSQ.OLD"}
    assert set(bad) == names
    assert {one.behaviour for one in bad.values()} == {"no_data", "delayed", "zero_price", "refused", "no_details"}
    assert bad["TOGIW"].sec_type == "WAR"
    listed = ("PINK", "GREY", "EXPERT", "VALUE", "CORPACT", "OTC")
    assert all(one.primary_exchange.startswith(listed) for one in bad.values())


def test_what_has_no_data_has_no_quote_and_no_bars() -> None:
    market = still_market("2025-11-05 10:00")
    for name in ("KALRQ", "CNCE.CVR", "ALPSQ.OLD"):
        quote = market.quote(con_id(market, name))
        assert quote is not None and (quote.bid, quote.last, quote.close) == (None, None, None)
        assert market.bars(con_id(market, name), 60, 0.0, market.now(), False) == []
    zero = market.quote(con_id(market, "MRAI"))
    assert zero is not None and zero.last == 0.0


def test_search_and_find() -> None:
    market = still_market("2025-11-05 10:00")
    assert [one.local_symbol for one in market.find("NQ", "FUT")] == ["NQZ5", "NQH6"]
    assert market.find("BRK B", "STK")[0].symbol == "BRK B"
    assert market.search("tsl")[0].symbol == "TSLA"
    assert "TSLA" in [one.symbol for one in market.search("TESLA")]
    assert market.search("  ") == [] and len(market.search("A")) == 16


def test_six_hundred_stocks_with_distinct_contracts() -> None:
    market = still_market("2025-11-05 10:00")
    everything = market.instruments()
    assert len({one.con_id for one in everything}) == len(everything)
    stocks = [one for one in everything if one.sec_type == "STK" and one.behaviour == "normal"]
    assert len(stocks) == 600 and len({one.symbol for one in stocks}) == 600
    prices = [quote.last for one in stocks if (quote := market.quote(one.con_id)) and quote.last]
    assert 2.0 < min(prices) and max(prices) < 1000.0
    assert {one.symbol: one.con_id for one in stocks}["AAPL"] == 265598
