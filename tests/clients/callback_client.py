"""What a client of the official kind (ibapi, nautilus-ibapi) sees of a gateway: `callback_client.py PORT`.

Runs in an environment of its own, imports nothing of the project. Two lines of JSON: what is there while the market
stands still, and, once a line came on standard input, what streams while it moves.
"""

from __future__ import annotations

import importlib
import json
import math
import sys
import threading
import time
from typing import Any

TSLA, NQ = 76792991, "NQZ5"
WAIT_S = 60.0


def module(name: str) -> Any:
    return importlib.import_module(f"ibapi.{name}")


Wrapper: Any = module("wrapper").EWrapper
Client: Any = module("client").EClient
Contract: Any = module("contract").Contract


class Recorder(Wrapper, Client):  # type: ignore[misc]
    """Keeps every callback by name with its arguments; the library itself is not changed."""

    def __init__(self) -> None:
        Client.__init__(self, self)
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def wait(self, name: str, first: object = None, count: int = 1) -> tuple[Any, ...]:
        """The `count`-th call of that callback whose first argument is `first` (None = any)."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            found = [args for called, args in list(self.calls) if called == name and first in (None, *args[:1])]
            if len(found) >= count:
                return found[count - 1]
            time.sleep(0.02)
        raise SystemExit(f"{name} of {first} did not come; last: {self.calls[-5:]}")

    def all(self, name: str, first: object = None) -> list[tuple[Any, ...]]:
        return [args for called, args in list(self.calls) if called == name and first in (None, *args[:1])]

    def errors(self) -> list[list[Any]]:
        """[request id, code, text]; newer versions put a time between."""
        shift = 1 if len(max(self.all("error"), key=len, default=())) >= 5 else 0
        return [[args[0], args[1 + shift], args[2 + shift]] for args in self.all("error")]

    def wait_error(self, req_id: int) -> None:
        self.wait("error", req_id)


def _recording(name: str) -> Any:
    def callback(self: Recorder, *args: Any) -> None:
        self.calls.append((name, args))

    return callback


for _name, _value in vars(Wrapper).items():
    if callable(_value) and not _name.startswith("_") and _name not in ("logAnswer",):
        setattr(Recorder, _name, _recording(_name))


def stock(con_id: int = TSLA) -> Any:
    contract = Contract()
    contract.conId, contract.symbol, contract.secType = con_id, "TSLA", "STK"
    contract.exchange, contract.currency = "SMART", "USD"
    return contract


def future() -> Any:
    contract = Contract()
    contract.localSymbol, contract.secType, contract.exchange, contract.currency = NQ, "FUT", "CME", "USD"
    return contract


def plain(value: Any) -> Any:
    """A number as JSON has it."""
    number = float(value)
    return number if math.isfinite(number) else None


def bar_row(bar: Any) -> list[Any]:
    average = bar.wap if hasattr(bar, "wap") else bar.average
    return [bar.date, *(plain(x) for x in (bar.open, bar.high, bar.low, bar.close, bar.volume, average, bar.barCount))]


def ask_history(app: Recorder, seen: dict[str, Any]) -> None:
    seen["history"] = {}
    for req_id, what in enumerate(("TRADES", "BID", "ASK", "MIDPOINT", "BID_ASK"), 100):
        app.reqHistoricalData(req_id, stock(), "", "1800 S", "1 min", what, 0, 2, False, [])
        app.wait("historicalDataEnd", req_id)
        seen["history"][what] = [bar_row(args[1]) for args in app.all("historicalData", req_id)]
    app.reqHistoricalData(110, stock(), "", "1 M", "1 day", "TRADES", 1, 1, False, [])
    app.wait("historicalDataEnd", 110)
    seen["days"] = [bar_row(args[1]) for args in app.all("historicalData", 110)]
    if hasattr(Wrapper, "historicalSchedule"):
        app.reqHistoricalData(113, stock(), "", "5 D", "1 day", "SCHEDULE", 1, 1, False, [])
        seen["schedule"] = [session.refDate for session in app.wait("historicalSchedule", 113)[4]]
    app.reqHeadTimeStamp(111, stock(), "TRADES", 1, 2)
    seen["head"] = app.wait("headTimestamp", 111)[1]
    app.reqHistoricalData(112, stock(), "", "1 D", "7 mins", "TRADES", 1, 1, False, [])
    app.wait_error(112)


def ask_account(app: Recorder, seen: dict[str, Any], account: str) -> None:
    app.reqPositions()
    app.wait("positionEnd")
    seen["positions"] = {str(args[1].conId): [plain(args[2]), plain(args[3])] for args in app.all("position")}
    app.reqPositionsMulti(120, account, "")
    app.wait("positionMultiEnd", 120)
    seen["positions_multi"] = len(app.all("positionMulti", 120))
    app.reqAccountUpdates(True, account)
    app.wait("accountDownloadEnd")
    seen["values"] = {args[0]: args[1] for args in app.all("updateAccountValue") if args[2] == "USD"}
    seen["portfolio"] = {str(args[0].conId): [plain(x) for x in args[1:7]] for args in app.all("updatePortfolio")}
    app.reqAccountUpdates(False, account)
    app.reqAccountSummary(121, "All", "NetLiquidation,TotalCashValue")
    app.wait("accountSummaryEnd", 121)
    seen["summary"] = {args[2]: args[3] for args in app.all("accountSummary", 121)}
    app.cancelAccountSummary(121)
    app.reqPnL(122, account, "")
    seen["pnl"] = [plain(x) for x in app.wait("pnl", 122)[1:4]]
    app.cancelPnL(122)
    app.reqPnLSingle(123, account, "", TSLA)
    seen["pnl_single"] = [plain(x) for x in app.wait("pnlSingle", 123)[1:6]]
    app.cancelPnLSingle(123)
    app.reqExecutions(124, module("execution").ExecutionFilter())
    app.wait("execDetailsEnd", 124)
    fills = [args[2] for args in app.all("execDetails", 124)]
    seen["executions"] = {fill.execId: [fill.side, plain(fill.shares), plain(fill.price)] for fill in fills}
    reports = app.all("commissionReport") + app.all("commissionAndFeesReport")
    seen["commissions"] = {
        report.execId: plain(getattr(report, "commission", getattr(report, "commissionAndFees", math.nan)))
        for (report,) in reports
    }


def ask_contracts(app: Recorder, seen: dict[str, Any]) -> None:
    app.reqContractDetails(130, stock())
    app.wait("contractDetailsEnd", 130)
    details = app.wait("contractDetails", 130)[1]
    seen["details"] = [
        details.contract.conId,
        details.longName,
        plain(details.minTick),
        details.contract.primaryExchange,
    ]
    app.reqContractDetails(131, future())
    app.wait("contractDetailsEnd", 131)
    seen["future"] = [app.wait("contractDetails", 131)[1].contract.multiplier]
    app.reqMatchingSymbols(132, "TSLA")
    seen["matching"] = [found.contract.conId for found in app.wait("symbolSamples", 132)[1]]
    app.reqScannerParameters()
    seen["parameters"] = app.wait("scannerParameters")[0][:200]
    subscription = module("scanner").ScannerSubscription()
    subscription.instrument, subscription.locationCode, subscription.scanCode = "STK", "STK.US.MAJOR", "TOP_PERC_GAIN"
    subscription.numberOfRows = 10
    app.reqScannerSubscription(133, subscription, [], [])
    app.wait("scannerDataEnd", 133)
    seen["scan"] = [args[2].contract.conId for args in app.all("scannerData", 133)]
    app.cancelScannerSubscription(133)
    app.reqCurrentTime()
    seen["time"] = app.wait("currentTime")[0]
    app.reqMarketRule(26)
    seen["rule"] = plain(app.wait("marketRule", 26)[1][0].increment)
    app.reqSecDefOptParams(134, "TSLA", "", "STK", TSLA)
    app.wait("securityDefinitionOptionParameterEnd", 134)
    for ask, answer in ((app.reqFamilyCodes, "familyCodes"), (app.reqNewsProviders, "newsProviders"),
                        (app.reqMktDepthExchanges, "mktDepthExchanges")):  # fmt: skip
        ask()
        app.wait(answer)
    app.reqSoftDollarTiers(135)
    app.wait("softDollarTiers", 135)
    app.reqSmartComponents(136, "9c0001")
    app.wait("smartComponents", 136)


def ask_quotes(app: Recorder, seen: dict[str, Any]) -> None:
    app.reqMarketDataType(4)
    app.reqMktData(140, stock(), "", False, False, [])
    deadline = time.monotonic() + WAIT_S
    wanted = {1: "bid", 2: "ask", 4: "last", 9: "close"}
    prices: dict[str, Any] = {}
    while set(prices) != set(wanted.values()) and time.monotonic() < deadline:
        time.sleep(0.05)
        prices = {wanted[args[1]]: plain(args[2]) for args in app.all("tickPrice", 140) if args[1] in wanted}
    app.wait("tickSize", 140)
    seen["quote"] = prices | {"volume": [plain(args[2]) for args in app.all("tickSize", 140) if args[1] == 8][-1]}
    seen["type"] = app.wait("marketDataType", 140)[1]
    app.reqMktData(141, stock(), "", True, False, [])
    app.wait("tickSnapshotEnd", 141)
    app.cancelMktData(140)


def ask_unserved(app: Recorder, seen: dict[str, Any]) -> None:
    """Each must be refused under its own id."""
    asked: dict[str, int] = {}
    calls: list[tuple[str, tuple[Any, ...]]] = [
        ("reqMktDepth", (stock(), 5, False, [])),
        ("reqFundamentalData", (stock(), "ReportSnapshot", [])),
        ("reqHistoricalTicks", (stock(), "20251105 09:30:00", "", 10, "TRADES", 1, False, [])),
        ("reqTickByTickData", (stock(), "Last", 0, False)),
        ("reqHistogramData", (stock(), True, "3 days")),
        ("reqNewsArticle", ("BRFG", "BRFG$1", [])),
        ("reqHistoricalNews", (TSLA, "BRFG", "", "", 10, [])),
        ("calculateImpliedVolatility", (stock(), 1.0, 1.0, [])),
        ("cancelMktData", ()),
        ("cancelHistoricalData", ()),
        ("cancelRealTimeBars", ()),
        ("cancelScannerSubscription", ()),
        ("reqWshMetaData", ()),
    ]
    for req_id, (name, arguments) in enumerate(calls, 200):
        if hasattr(app, name):
            getattr(app, name)(req_id, *arguments)
            app.wait_error(req_id)
            asked[name] = req_id
    order = module("order").Order()
    order.action, order.orderType, order.totalQuantity, order.lmtPrice = "BUY", "LMT", 1, 1.0
    app.placeOrder(230, stock(), order)
    app.wait_error(230)
    asked["placeOrder"] = 230
    by_id = {req_id: code for req_id, code, _ in app.errors()}
    seen["refused"] = {name: by_id[req_id] for name, req_id in asked.items()}


def stream(app: Recorder) -> dict[str, Any]:
    app.reqMktData(150, stock(), "", False, False, [])
    app.reqHistoricalData(151, stock(), "", "600 S", "5 secs", "TRADES", 0, 2, True, [])
    app.reqHistoricalData(152, stock(), "", "600 S", "5 secs", "MIDPOINT", 0, 2, True, [])
    app.reqRealTimeBars(153, stock(), 5, "TRADES", False, [])
    app.reqRealTimeBars(154, stock(), 5, "BID", False, [])
    app.wait("tickPrice", 150, 30)
    traded, middle = (bar_row(app.wait("historicalDataUpdate", req_id, 2)[1]) for req_id in (151, 152))
    bars = [[plain(x) for x in app.wait("realtimeBar", req_id, 2)[1:]] for req_id in (153, 154)]
    for req_id in (153, 154):
        app.cancelRealTimeBars(req_id)
    for req_id in (151, 152):
        app.cancelHistoricalData(req_id)
        app.wait_error(req_id)
    app.cancelMktData(150)
    return {"update": traded, "middle": middle, "bars": bars}


def main(port: int) -> None:
    app = Recorder()
    app.connect("127.0.0.1", port, 31)
    threading.Thread(target=app.run, daemon=True).start()
    app.wait("nextValidId")
    account = app.wait("managedAccounts")[0]
    seen: dict[str, Any] = {"version": app.serverVersion(), "accounts": account}
    ask_account(app, seen, account.split(",")[0])
    ask_quotes(app, seen)
    ask_history(app, seen)
    ask_contracts(app, seen)
    ask_unserved(app, seen)
    print(json.dumps(seen), flush=True)
    sys.stdin.readline()
    moving = stream(app)
    moving["errors"] = app.errors()
    print(json.dumps(moving), flush=True)
    app.disconnect()


if __name__ == "__main__":
    main(int(sys.argv[1]))
