"""A Flex statement as IB would write it, of the simulated broker's own day, or of any executions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from xml.sax.saxutils import quoteattr
from zoneinfo import ZoneInfo

from engine.trades.execution import Execution

NEW_YORK = ZoneInfo("America/New_York")


def flex_of(
    executions: Iterable[Execution], from_day: str, to_day: str, made: float, booked: Sequence[str] = ()
) -> str:
    """One statement an account, `made` at that time. `booked` = rows of `assignment`."""
    by_account: dict[str, list[str]] = defaultdict(list)
    for number, execution in enumerate(executions):
        by_account[execution.account].append(_trade(execution, number))
    for row in booked:
        by_account[row.partition('accountId="')[2].partition('"')[0]].append(row)
    statements = [
        _element(
            "FlexStatement",
            {"accountId": account, "fromDate": from_day, "toDate": to_day, "whenGenerated": _wall(made)},
            f"<Trades>\n{''.join(rows)}</Trades><CashTransactions />",
        )
        for account, rows in sorted(by_account.items())
    ]
    body = f'<FlexStatements count="{len(statements)}">{"".join(statements)}</FlexStatements>'
    return _element("FlexQueryResponse", {"queryName": "Day", "type": "AF"}, body)


def _trade(execution: Execution, number: int) -> str:
    assert execution.commission is not None
    money = abs(execution.quantity * execution.price * (execution.per_point or 1))
    return _element(
        "Trade",
        {
            "accountId": execution.account, "currency": execution.currency, "assetCategory": execution.sec_type,
            "fxRateToBase": "" if execution.fx_rate is None else str(execution.fx_rate),
            "symbol": execution.local_symbol, "conid": str(execution.con_id), "multiplier": str(execution.multiplier),
            "ibExecID": execution.id, "transactionID": f"{execution.account[-3:]}{execution.trade_date}{number}",
            "dateTime": _wall(execution.time), "tradeDate": execution.trade_date, "transactionType": "ExchTrade",
            "quantity": str(execution.quantity), "tradePrice": str(execution.price), "tradeMoney": str(money),
            "buySell": "BUY" if execution.quantity > 0 else "SELL", "ibCommission": str(-execution.commission),
            "ibCommissionCurrency": execution.commission_currency, "levelOfDetail": "EXECUTION",
        },
    )  # fmt: skip


def assignment(account: str, con_id: int, symbol: str, shares: int, at: float) -> str:
    """A row that no execution tells."""
    return _element(
        "Trade",
        {
            "accountId": account, "currency": "USD", "assetCategory": "STK", "symbol": symbol, "conid": str(con_id),
            "multiplier": "1", "transactionID": f"A{account}", "dateTime": _wall(at), "tradeDate": _wall(at)[:8],
            "transactionType": "BookTrade", "quantity": str(shares), "tradePrice": "70", "ibCommission": "0",
            "ibCommissionCurrency": "USD", "buySell": "BUY" if shares > 0 else "SELL", "notes": "A",
            "levelOfDetail": "EXECUTION",
        },
    )  # fmt: skip


def _wall(at: float) -> str:
    return datetime.fromtimestamp(at, NEW_YORK).strftime("%Y%m%d;%H%M%S")


def _element(tag: str, fields: dict[str, str], body: str = "") -> str:
    words = " ".join(f"{name}={quoteattr(value)}" for name, value in fields.items())
    return f"<{tag} {words}>{body}</{tag}>\n" if body else f"<{tag} {words} />\n"
