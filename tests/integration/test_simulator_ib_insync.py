"""ib_insync, unmodified, against the simulated gateway."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Iterator
from typing import Any

import pytest

from tests.integration.fake_world import NQZ5, TSLA
from tests.integration.gateway_thread import GatewayThread, running_gateway
from tests.patience import DEADLINE_S, until


@pytest.fixture(scope="module")
def gateway() -> Iterator[GatewayThread]:
    with running_gateway() as thread:
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
    ib.errorEvent += lambda req_id, code, text, _contract: ib.errors.append((req_id, code, text))
    loop.run_until_complete(ib.connectAsync("127.0.0.1", gateway.port, clientId=31, timeout=DEADLINE_S))
    yield ib
    ib.disconnect()
    loop.run_until_complete(asyncio.sleep(0.05))


def run(work: Awaitable[Any]) -> Any:
    return asyncio.get_event_loop_policy().get_event_loop().run_until_complete(asyncio.wait_for(work, DEADLINE_S))


def test_connect_brings_the_portfolio_of_twelve(client: Any) -> None:
    assert client.client.serverVersion() == 176
    rows = {row.contract.localSymbol: row for row in client.portfolio()}
    assert len(rows) == len(client.positions()) == 12
    assert (rows["NQZ5"].position, rows["NQZ5"].averageCost, rows["NQZ5"].contract.multiplier) == (1, 501327.25, "20")
    assert (rows["TSLA"].position, rows["TSLA"].averageCost) == (100, 462.76)
    assert (rows["CLZ5"].position, rows["CLZ5"].averageCost, rows["CLZ5"].contract.multiplier) == (1, 61732.37, "1000")
    assert rows["TSLA"].realizedPNL == pytest.approx(-2671.52)
    assert rows["TOGI"].marketPrice == 0.0


def test_positions_carry_no_usable_exchange(client: Any) -> None:
    by_symbol = {position.contract.localSymbol: position.contract for position in client.positions()}
    assert by_symbol["NQZ5"].exchange == ""
    assert by_symbol["TSLA"].exchange == "NASDAQ"


def test_the_days_sale_with_its_commission(client: Any) -> None:
    (fill,) = client.fills()
    assert (fill.execution.side, fill.execution.shares, fill.execution.price) == ("SLD", 50.0, 409.35)
    assert fill.commissionReport.commission == 1.02
    assert fill.commissionReport.realizedPNL == pytest.approx(-2671.52)
    assert f"{fill.execution.time:%Y-%m-%d %H:%M}" == "2025-11-05 14:41"


def test_account_values_add_up(client: Any) -> None:
    values = {(v.tag, v.currency): v.value for v in client.accountValues()}
    cash, stock = float(values["TotalCashBalance", "BASE"]), float(values["StockMarketValue", "BASE"])
    futures, net = float(values["FuturesPNL", "BASE"]), float(values["NetLiquidation", "USD"])
    assert net == pytest.approx(cash + stock + futures, abs=0.05)
    summary = {row.tag: row.value for row in run(client.accountSummaryAsync())}
    assert float(summary["NetLiquidation"]) == pytest.approx(net, rel=0.01)


def test_farm_notices_follow_the_start(client: Any) -> None:
    assert [code for _, code, _ in client.errors if code > 2000] == [2104, 2104, 2106, 2158]


def test_streaming_market_data(client: Any, library: Any) -> None:
    contract = library.Contract(conId=TSLA.con_id, exchange="SMART")
    ticker = client.reqMktData(contract, "165,233")
    run(until(lambda: ticker.avVolume == ticker.avVolume and ticker.bid > 0 and len(ticker.ticks) > 0))
    first = ticker.last
    run(until(lambda: ticker.last != first))
    assert ticker.marketDataType == 1 and ticker.minTick == 0.01 and ticker.halted == 0.0
    assert ticker.bid < ticker.last < ticker.ask
    assert 25_000 <= ticker.volume < 40_000  # lots of 40 at this price
    assert ticker.avVolume == 50_000
    assert ticker.close == 412.36
    run(until(lambda: not math.isnan(ticker.rtVolume)))
    client.cancelMktData(contract)


def test_snapshot_ends(client: Any, library: Any) -> None:
    (ticker,) = run(client.reqTickersAsync(library.Contract(conId=NQZ5.con_id, exchange="CME")))
    assert ticker.last == pytest.approx(24688.5, rel=0.005), "the market of the test has moved a little since it began"
    assert ticker.last % 0.25 == 0 and ticker.bid < ticker.ask


def test_history_is_in_lots_and_lists_bars(client: Any, library: Any) -> None:
    contract = library.Contract(conId=TSLA.con_id, exchange="SMART")
    bars = run(client.reqHistoricalDataAsync(contract, "", "1800 S", "1 min", "TRADES", False, 2))
    assert len(bars) >= 30
    assert bars[0].volume == pytest.approx(12345 / 40 * 0.97, abs=0.03)
    assert bars[-1].date > bars[0].date
    daily = run(client.reqHistoricalDataAsync(contract, "", "5 D", "1 day", "TRADES", True, 2))
    assert len(daily) == 5 and f"{daily[-1].date:%Y%m%d}" == "20251105"


def test_history_kept_up_to_date(client: Any, library: Any) -> None:
    contract = library.Contract(conId=TSLA.con_id, exchange="SMART")
    bars = client.reqHistoricalData(contract, "", "120 S", "1 secs", "TRADES", False, 2, keepUpToDate=True)
    count, last = len(bars), bars[-1].date
    run(until(lambda: len(bars) > count and bars[-1].date > last))
    client.cancelHistoricalData(bars)
    run(until(lambda: any(code == 162 and "cancelled" in text for _, code, text in client.errors)))


def test_head_timestamp(client: Any, library: Any) -> None:
    contract = library.Contract(conId=TSLA.con_id, exchange="SMART")
    assert run(client.reqHeadTimeStampAsync(contract, "TRADES", True, 2)).year == 2024


def test_scan_returns_ranked_contracts(client: Any, library: Any) -> None:
    subscription = library.ScannerSubscription(
        instrument="STK", locationCode="STK.US.MAJOR", scanCode="TOP_PERC_GAIN", numberOfRows=25, abovePrice=5
    )
    filters = [library.TagValue("avgVolumeAbove", "500000")]
    rows = run(client.reqScannerDataAsync(subscription, [], filters))
    assert [row.rank for row in rows] == list(range(25))
    assert rows[0].contractDetails.contract.exchange == "SMART"
    run(until(lambda: any(code == 162 for _, code, _ in client.errors)))


def test_profit_and_loss(client: Any) -> None:
    pnl = client.reqPnL("DU1234567")
    single = client.reqPnLSingle("DU1234567", "", TSLA.con_id)
    odd = client.reqPnLSingle("DU1234567", "", 900001)
    run(until(lambda: not math.isnan(pnl.dailyPnL) and not math.isnan(single.value) and not math.isnan(odd.value)))
    assert single.position == 100 and single.realizedPnL == pytest.approx(-2671.52)
    assert single.value == pytest.approx(100 * 408.08, abs=160)
    assert pnl.realizedPnL == pytest.approx(-2671.52)
    assert odd.unrealizedPnL > 1e300
    client.cancelPnL("DU1234567")


def test_details_of_a_stock_and_a_future(client: Any, library: Any) -> None:
    (stock,) = run(client.reqContractDetailsAsync(library.Stock("TSLA", "SMART", "USD")))
    assert (stock.contract.conId, stock.longName, stock.stockType) == (TSLA.con_id, "TSLA INC", "COMMON")
    assert stock.secIdList[0].tag == "ISIN"
    months = run(client.reqContractDetailsAsync(library.Future("NQ", exchange="CME")))
    assert sorted(d.contract.localSymbol for d in months) == ["NQH6", "NQZ5"]
    assert months[0].contract.multiplier == "20"
    assert run(client.reqContractDetailsAsync(library.Contract(conId=900005))) == []
    assert (200, "No security definition has been found for the request") in [e[1:] for e in client.errors]


def test_matching_symbols_time_and_parameters(client: Any) -> None:
    found = run(client.reqMatchingSymbolsAsync("TS"))
    assert [item.contract.symbol for item in found] == ["TSLA"]
    assert f"{run(client.reqCurrentTimeAsync()):%Y-%m-%d %H}" == "2025-11-05 15"
    assert "TOP_VOLUME_RATE" in run(client.reqScannerParametersAsync())


def test_no_orders(client: Any) -> None:
    assert client.orders() == [] and client.trades() == []
    assert run(client.reqCompletedOrdersAsync(False)) == []


def test_realtime_bars(client: Any, library: Any, gateway: GatewayThread) -> None:
    bars = client.reqRealTimeBars(library.Contract(conId=TSLA.con_id, exchange="SMART"), 5, "TRADES", False)
    run(until(lambda: len(bars) >= 1))
    assert bars[0].close > 400 and bars[0].volume == pytest.approx(308.62, abs=0.01)
    assert gateway.ledger()["lines"][0]["kind"] == "bars"
    client.cancelRealTimeBars(bars)
    run(until(lambda: gateway.ledger()["lines_open"] == 0))
