"""ib_insync, unmodified, against a gateway with several accounts and a position of every kind."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from simulator.world.build import build_world
from simulator.world.kinds import KINDS
from simulator.world.portfolio_world import PortfolioWorld
from tests.integration.gateway_thread import GatewayThread, running_gateway
from tests.patience import DEADLINE_S, until

MASTER, FIRST, SECOND = "DF1234567", "DU1234567", "DU1234568"
CON_ID = {name: kind.instrument.con_id for name, kind in KINDS.items()}


@pytest.fixture(scope="module")
def gateway() -> Iterator[GatewayThread]:
    market = build_world(1, None, 1.0, time.monotonic, "weekday", None, True, 300)
    market.accounts = 3
    with running_gateway(world=PortfolioWorld(market), net_liquidation_base=True) as thread:
        yield thread


@pytest.fixture(scope="module")
def library() -> Any:
    """The client library binds the running loop at its import."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    module = pytest.importorskip("ib_insync")
    yield module
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
def client(library: Any, gateway: GatewayThread) -> Iterator[Any]:
    loop = asyncio.get_event_loop_policy().get_event_loop()
    ib = library.IB()
    ib.errors = []
    ib.errorEvent += lambda req_id, code, text, _contract: ib.errors.append((code, text))
    loop.run_until_complete(ib.connectAsync("127.0.0.1", gateway.port, clientId=32, timeout=4, account=FIRST))
    yield ib
    ib.disconnect()
    loop.run_until_complete(asyncio.sleep(0.05))


def run(work: Awaitable[Any]) -> Any:
    return asyncio.get_event_loop_policy().get_event_loop().run_until_complete(asyncio.wait_for(work, DEADLINE_S))


def errors_of(client: Any, code: int) -> list[str]:
    return [text for found, text in client.errors if found == code]


def contract(library: Any, name: str) -> Any:
    it = KINDS[name].instrument
    return library.Contract(conId=it.con_id, exchange=it.exchange)


def test_the_login_lists_the_master_first_and_positions_of_all(client: Any) -> None:
    assert client.managedAccounts() == [MASTER, FIRST, SECOND]
    held = {account: {p.contract.localSymbol for p in client.positions() if p.account == account} for account in
            client.managedAccounts()}  # fmt: skip
    assert held[MASTER] == set() and len(held[FIRST]) == 24 and held[SECOND] < held[FIRST]
    assert {row.account for row in client.portfolio()} == {FIRST}


def test_values_are_money_whatever_the_unit_of_the_quotes(client: Any) -> None:
    rows = {row.contract.localSymbol: row for row in client.portfolio()}
    for name, row in rows.items():
        factor = float(row.contract.multiplier or 1)
        if row.contract.secType == "BOND":
            assert 9_000 < row.marketValue < 10_500  # ten pieces of 1,000
            continue
        assert row.marketValue == pytest.approx(row.position * row.marketPrice * factor, abs=0.01), name
        if row.averageCost < 1e300:
            assert row.unrealizedPNL == pytest.approx(row.marketValue - row.position * row.averageCost, abs=0.01)
    assert rows["6JZ5"].contract.multiplier == "12500000"
    assert rows["BTC.USD"].position == 0.12345678
    assert rows["KO"].averageCost > 1e300 and rows["KO"].unrealizedPNL > 1e300
    assert rows["AAPL  251121P00150000"].unrealizedPNL == -600.0


def test_account_values_are_in_euros_with_rates(client: Any) -> None:
    values = {(v.tag, v.currency): v.value for v in client.accountValues(FIRST)}
    assert values["NetLiquidation", "EUR"] == values["NetLiquidation", "BASE"]
    assert 0.8 < float(values["ExchangeRate", "USD"]) < 0.95
    assert {currency for tag, currency in values if tag == "ExchangeRate"} == {
        "BASE",
        "EUR",
        "USD",
        "GBP",
        "JPY",
        "CHF",
    }


def test_updates_go_from_one_account_to_another(client: Any) -> None:
    client.client.reqAccountUpdates(True, SECOND)
    run(until(lambda: len([row for row in client.portfolio() if row.account == SECOND]) == 6))
    client.client.reqAccountUpdates(True, "DU9999999")
    run(until(lambda: errors_of(client, 321)))


def test_details_carry_magnifier_underlying_and_expiry(client: Any, library: Any) -> None:
    def details(name: str) -> Any:
        return run(client.reqContractDetailsAsync(library.Contract(conId=CON_ID[name])))

    (wheat,), (share,), (option,), (yen,) = map(details, ("ZWZ5", "VOD", "AAPL  251219C00300000", "6JZ5"))
    assert (wheat.priceMagnifier, wheat.contract.multiplier, wheat.marketRuleIds) == (100, "5000", "68")
    assert (share.priceMagnifier, share.contract.currency, share.timeZoneId) == (100, "GBP", "Europe/London")
    assert (option.underConId, option.underSecType, option.contract.strike) == (265598, "STK", 300.0)
    assert (option.contract.right, option.realExpirationDate) == ("C", "20251219")
    assert (yen.minTick, yen.contract.multiplier) == (5e-7, "12500000")
    for name in ("CLV5", "INTC  251017C00045000", "INTC.SLB"):
        assert details(name) == []
    assert len(errors_of(client, 200)) == 3


def test_the_details_of_a_combination_are_never_answered(client: Any, library: Any) -> None:
    with pytest.raises(asyncio.TimeoutError):
        loop = asyncio.get_event_loop_policy().get_event_loop()
        asked = client.reqContractDetailsAsync(library.Contract(conId=CON_ID["SPX_COMB"]))
        loop.run_until_complete(asyncio.wait_for(asked, 0.5))


def test_a_multiplier_in_powers_of_ten_is_refused(client: Any, library: Any) -> None:
    wrong = contract(library, "6JZ5")
    wrong.multiplier = "1.25e+07"
    client.reqMktData(wrong)
    assert "requested multiplier 1.25e+07, in contract 12500000" in run(until(lambda: errors_of(client, 478)))[0]


def test_quotes_with_marks_and_placeholders(client: Any, library: Any) -> None:
    names = ("ZWZ5", "LEZ5", "AAPL  251219C00300000", "AAPL  251121P00150000", "WCCZ5", "EUR.USD")
    tickers = {name: client.reqMktData(contract(library, name), "232") for name in names}
    bare = client.reqMktData(contract(library, "6JZ5"))
    run(until(lambda: all(not math.isnan(ticker.markPrice) for ticker in tickers.values())))
    assert (tickers["LEZ5"].bid, tickers["LEZ5"].ask, tickers["LEZ5"].bidSize) == (-100.0, -100.0, 0.0)
    stale = tickers["AAPL  251219C00300000"]
    assert stale.last == 5.0 and stale.bid < stale.markPrice < stale.ask < 2.0
    worthless = tickers["AAPL  251121P00150000"]
    assert (worthless.bid, worthless.markPrice) == (-1.0, 0.0)
    assert tickers["WCCZ5"].bid < -4 and math.isnan(tickers["EUR.USD"].last)
    run(until(lambda: bare.bid == bare.bid))
    assert math.isnan(bare.markPrice)  # nobody asked for it
    first = tickers["EUR.USD"].markPrice
    run(until(lambda: tickers["EUR.USD"].markPrice != first))


def test_a_cfd_is_sent_to_its_underlying(client: Any, library: Any) -> None:
    told = []
    client.wrapper.rerouteMktDataReq = lambda req_id, con_id, exchange: told.append((con_id, exchange))
    try:
        cfd = contract(library, "AAPLn")
        client.reqMktData(cfd)
        run(until(lambda: told))
        client.cancelMktData(cfd)
    finally:
        del client.wrapper.rerouteMktDataReq
    assert told == [(265598, "SMART")]


@pytest.mark.parametrize(
    ("name", "what", "code"),
    [
        ("BTC.USD", "AGGTRADES", 0),
        ("BTC.USD", "TRADES", 10299),
        ("EUR.USD", "MIDPOINT", 0),
        ("EUR.USD", "TRADES", 162),
        ("XAUUSD", "TRADES", 162),
        ("AAPLn", "TRADES", 162),
        ("AAPLn", "MIDPOINT", 0),
        ("6JZ5", "TRADES", 0),
    ],
)
def test_history_by_what_the_kind_has(client: Any, library: Any, name: str, what: str, code: int) -> None:
    asked = client.reqHistoricalDataAsync(contract(library, name), "", "600 S", "1 min", what, False, 2)
    bars = run(asked)
    assert bool(bars) == (code == 0)
    if code:
        assert errors_of(client, code)
    elif name == "6JZ5":
        assert 0.006 < bars[-1].close < 0.007 and round(bars[-1].close / 5e-7, 3) % 1 == 0


def trade(gateway: GatewayThread, name: str, shares: str, **more: object) -> list[str]:
    body = {"account": SECOND, "con_id": CON_ID[name], "shares": shares, **more}
    status, answer = gateway.call("POST", "/trade", body)
    assert status == 200, answer
    return answer["exec_ids"]


def test_fills_of_an_account_with_their_oddities(client: Any, library: Any, gateway: GatewayThread) -> None:
    (plain,) = trade(gateway, "EUR.USD", "500", price="1.15")
    (first,) = trade(gateway, "ZWZ5", "1", price="450")
    gateway.call("POST", "/correct", {"account": SECOND, "exec_id": first, "price": "451"})
    (held_back,) = trade(gateway, "VOD", "100", kind="commission_pending")
    asked = library.ExecutionFilter(acctCode=SECOND)
    asked_for = {fill.execution.acctNumber for fill in run(client.reqExecutionsAsync(asked))}
    fills = {fill.execution.execId: fill for fill in client.fills()}
    corrected = f"{first[:-2]}02"
    assert first not in {one["exec_id"] for one in gateway.get("/book")["fills"]}
    assert fills[corrected].execution.price == 451 and asked_for == {SECOND}
    assert (fills[plain].commissionReport.commission, fills[plain].commissionReport.currency) == (2.0, "EUR")
    assert fills[held_back].commissionReport.execId == ""
    gateway.call("POST", "/commission", {"account": SECOND, "exec_id": held_back})
    run(until(lambda: fills[held_back].commissionReport.execId == held_back))
    assert run(client.reqExecutionsAsync(library.ExecutionFilter(acctCode=FIRST))) == []
    run(client.reqExecutionsAsync(library.ExecutionFilter(acctCode=f"{FIRST}A")))
    assert errors_of(client, 321)


def test_a_held_market_shows_every_client_the_same_book(client: Any, gateway: GatewayThread) -> None:
    status, book = gateway.call("POST", "/hold", {"seconds": 5})
    assert status == 200 and book["held"]
    rows = {row["con_id"]: row for row in book["accounts"][1]["positions"]}

    def told() -> bool:
        return all(
            abs(item.marketValue - float(rows[item.contract.conId]["value"])) <= 0.005
            for item in client.portfolio(FIRST)
            if rows[item.contract.conId]["value"] is not None
        )

    run(until(told))
    again = gateway.get("/book")
    assert again["accounts"][1]["positions"] == book["accounts"][1]["positions"]
    sums = book["accounts"][1]
    total = sum(Decimal(row["base"]["unrealized"] or 0) for row in sums["positions"])
    assert total == Decimal(sums["base_sums"]["unrealized"])
    gateway.call("POST", "/release", {})


def test_results_of_an_account_and_of_single_positions(client: Any, gateway: GatewayThread) -> None:
    whole = client.reqPnL(SECOND)
    single = client.reqPnLSingle(SECOND, "", CON_ID["VOD"])
    gateway.call("POST", "/hold", {"seconds": 5})
    book = gateway.get("/book")["accounts"][2]
    vod = next(row for row in book["positions"] if row["local_symbol"] == "VOD")
    run(until(lambda: abs(single.unrealizedPnL - float(vod["unrealized"])) < 0.005))
    run(until(lambda: abs(whole.unrealizedPnL - float(book["base_sums"]["unrealized"])) < 0.005))
    assert abs(whole.dailyPnL - float(book["base_sums"]["daily"])) < 0.005
    gateway.call("POST", "/release", {})
    client.cancelPnL(SECOND)
    client.cancelPnLSingle(SECOND, "", CON_ID["VOD"])
