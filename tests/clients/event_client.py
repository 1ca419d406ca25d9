"""What ib_insync or ib_async sees of a gateway: `event_client.py PORT LIBRARY`.

Runs in an environment of its own, imports nothing of the project. Two lines of JSON as of `callback_client.py`.
"""

from __future__ import annotations

import importlib
import json
import math
import sys
import time
from collections.abc import Callable
from typing import Any

TSLA = 76792991
WAIT_S = 60.0


def plain(value: Any) -> Any:
    number = float(value)
    return number if math.isfinite(number) else None


def bar_row(bar: Any) -> list[Any]:
    date = int(bar.date.timestamp()) if hasattr(bar.date, "timestamp") else str(bar.date)
    return [date, *(plain(x) for x in (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.average, bar.barCount))]


class Seen:
    """The library, a connection, and the errors that came on it."""

    def __init__(self, library: str, port: int) -> None:
        self.lib = importlib.import_module(library)
        self.ib = self.lib.IB()
        self.errors: list[list[Any]] = []
        self.ib.errorEvent += lambda req_id, code, text, _contract: self.errors.append([req_id, code, text])
        self.ib.connect("127.0.0.1", port, clientId=32, timeout=WAIT_S)
        self.stock = self.lib.Stock("TSLA", "SMART", "USD")

    def until(self, condition: Callable[[], Any], what: str) -> None:
        deadline = time.monotonic() + WAIT_S
        while not condition():
            if time.monotonic() > deadline:
                raise SystemExit(f"{what} did not come; errors: {self.errors[-5:]}")
            self.ib.sleep(0.05)

    def code_of(self, req_id: int) -> int:
        self.until(lambda: any(error[0] == req_id for error in self.errors), f"an error of {req_id}")
        return next(error[1] for error in self.errors if error[0] == req_id)


def account_part(at: Seen, seen: dict[str, Any]) -> None:
    ib, account = at.ib, at.ib.managedAccounts()[0]
    seen["positions"] = {str(p.contract.conId): [plain(p.position), plain(p.avgCost)] for p in ib.reqPositions()}
    seen["values"] = {v.tag: v.value for v in ib.accountValues(account) if v.currency == "USD"}
    seen["portfolio"] = {
        str(item.contract.conId): [plain(x) for x in (item.position, item.marketPrice, item.marketValue,
                                                      item.averageCost, item.unrealizedPNL, item.realizedPNL)]
        for item in ib.portfolio()
    }  # fmt: skip
    seen["summary"] = {v.tag: v.value for v in ib.accountSummary(account)}
    pnl = ib.reqPnL(account)
    at.until(lambda: pnl.dailyPnL == pnl.dailyPnL, "P&L")
    seen["pnl"] = [plain(x) for x in (pnl.dailyPnL, pnl.unrealizedPnL, pnl.realizedPnL)]
    ib.cancelPnL(account)
    single = ib.reqPnLSingle(account, "", TSLA)
    at.until(lambda: single.value == single.value, "P&L of one position")
    seen["pnl_single"] = [plain(x) for x in (single.position, single.dailyPnL, single.unrealizedPnL,
                                             single.realizedPnL, single.value)]  # fmt: skip
    ib.cancelPnLSingle(account, "", TSLA)
    fills = ib.reqExecutions()
    seen["executions"] = {f.execution.execId: [f.execution.side, f.execution.shares, f.execution.price] for f in fills}
    seen["commissions"] = {f.execution.execId: f.commissionReport.commission for f in ib.fills()}


def contract_part(at: Seen, seen: dict[str, Any]) -> None:
    ib, lib = at.ib, at.lib
    (details,) = ib.reqContractDetails(at.stock)
    ib.qualifyContracts(at.stock)
    seen["details"] = [
        details.contract.conId,
        details.longName,
        plain(details.minTick),
        details.contract.primaryExchange,
    ]
    (future,) = ib.reqContractDetails(lib.Future(localSymbol="NQZ5", exchange="CME", currency="USD"))
    seen["future"] = [future.contract.multiplier]
    seen["matching"] = [found.contract.conId for found in ib.reqMatchingSymbols("TSLA")]
    seen["parameters"] = ib.reqScannerParameters()[:200]
    scan = lib.ScannerSubscription(
        numberOfRows=10, instrument="STK", locationCode="STK.US.MAJOR", scanCode="TOP_PERC_GAIN"
    )
    seen["scan"] = [row.contractDetails.contract.conId for row in ib.reqScannerData(scan)]
    moment = ib.reqCurrentTime()
    seen["time"] = moment.timestamp()
    (rule,) = ib.reqMarketRule(26)
    seen["rule"] = plain(rule.increment)
    ib.reqSecDefOptParams("TSLA", "", "STK", TSLA)
    ib.reqNewsProviders()
    ib.reqMktDepthExchanges()
    ib.reqSmartComponents("9c0001")


def quote_part(at: Seen, seen: dict[str, Any]) -> None:
    ib = at.ib
    ib.reqMarketDataType(4)
    ticker = ib.reqMktData(at.stock)
    names = ("bid", "ask", "last", "close", "volume")
    at.until(lambda: all(getattr(ticker, name) == getattr(ticker, name) for name in names), "a quote")
    seen["quote"] = {name: plain(getattr(ticker, name)) for name in names}
    seen["type"] = ticker.marketDataType
    ib.cancelMktData(at.stock)
    (snapshot,) = ib.reqTickers(at.stock)
    assert snapshot.bid == ticker.bid


def history_part(at: Seen, seen: dict[str, Any]) -> None:
    ib, seen["history"] = at.ib, {}
    for what in ("TRADES", "BID", "ASK", "MIDPOINT", "BID_ASK"):
        bars = ib.reqHistoricalData(at.stock, "", "1800 S", "1 min", what, False, 2)
        seen["history"][what] = [bar_row(bar) for bar in bars]
    seen["days"] = [bar_row(bar) for bar in ib.reqHistoricalData(at.stock, "", "1 M", "1 day", "TRADES", True, 1)]
    schedule = ib.reqHistoricalSchedule(at.stock, 5)
    seen["schedule"] = [session.refDate for session in schedule.sessions]
    seen["head"] = str(ib.reqHeadTimeStamp(at.stock, "TRADES", True, 2))
    before = len(at.errors)
    assert not ib.reqHistoricalData(at.stock, "", "1 D", "7 mins", "TRADES", True, 1)
    assert at.errors[before][1] == 321


def unserved_part(at: Seen, seen: dict[str, Any]) -> None:
    """Each must be refused under its own id: sent by the library's own client, so that the id is known."""
    client, stock, asked = at.ib.client, at.stock, {}
    calls: list[tuple[str, tuple[Any, ...]]] = [
        ("reqMktDepth", (stock, 5, False, [])),
        ("reqFundamentalData", (stock, "ReportSnapshot", [])),
        ("reqHistoricalTicks", (stock, "20251105 09:30:00", "", 10, "TRADES", True, False, [])),
        ("reqTickByTickData", (stock, "Last", 0, False)),
        ("reqHistogramData", (stock, True, "3 days")),
        ("reqNewsArticle", ("BRFG", "BRFG$1", [])),
        ("reqHistoricalNews", (TSLA, "BRFG", "", "", 10, [])),
        ("calculateImpliedVolatility", (stock, 1.0, 1.0, [])),
        ("cancelMktData", ()),
        ("cancelHistoricalData", ()),
        ("cancelRealTimeBars", ()),
        ("cancelScannerSubscription", ()),
        ("reqWshMetaData", ()),
    ]
    for name, arguments in calls:
        req_id = client.getReqId()
        getattr(client, name)(req_id, *arguments)
        asked[name] = at.code_of(req_id)
    order_id = client.getReqId()
    client.placeOrder(order_id, stock, at.lib.LimitOrder("BUY", 1, 1.0))
    asked["placeOrder"] = at.code_of(order_id)
    seen["refused"] = asked


def stream(at: Seen) -> dict[str, Any]:
    ib, ticks = at.ib, []
    ticker = ib.reqMktData(at.stock)
    ticker.updateEvent += lambda ticker: ticks.extend(ticker.ticks)
    traded, middle = (
        ib.reqHistoricalData(at.stock, "", "600 S", "5 secs", what, False, 2, True) for what in ("TRADES", "MIDPOINT")
    )
    before = len(traded), len(middle)
    bars = [ib.reqRealTimeBars(at.stock, 5, what, False) for what in ("TRADES", "BID")]
    at.until(lambda: len(ticks) > 30, "ticks")
    at.until(lambda: len(traded) >= before[0] + 1 and len(middle) >= before[1] + 1, "bars that are kept up to date")
    at.until(lambda: all(len(one) >= 2 for one in bars), "real-time bars")
    seen = {
        "update": bar_row(traded[-1]),
        "middle": bar_row(middle[-1]),
        "bars": [[one[1].time.timestamp(), *(plain(x) for x in (one[1].open_, one[1].high, one[1].low, one[1].close,
                                                                one[1].volume, one[1].wap, one[1].count))]
                 for one in bars],
    }  # fmt: skip
    for one in bars:
        ib.cancelRealTimeBars(one)
    for kept in (traded, middle):
        ib.cancelHistoricalData(kept)
    ib.cancelMktData(at.stock)
    ib.sleep(0.3)
    return seen


def main(port: int, library: str) -> None:
    at = Seen(library, port)
    seen: dict[str, Any] = {"version": at.ib.client.serverVersion(), "accounts": ",".join(at.ib.managedAccounts())}
    contract_part(at, seen)
    account_part(at, seen)
    quote_part(at, seen)
    history_part(at, seen)
    unserved_part(at, seen)
    print(json.dumps(seen), flush=True)
    sys.stdin.readline()
    moving = stream(at)
    moving["errors"] = at.errors
    print(json.dumps(moving), flush=True)
    at.ib.disconnect()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
