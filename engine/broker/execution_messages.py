"""Messages 11 (execution) and 59 (commission report) as values, for server versions 157-178. Pure.

The client library is not used for them: it loses an execution whose time zone it doesn't know, reads a time without
one in this machine's zone, turns an unset P&L into 0 and drops a report that comes before its execution.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Literal, NamedTuple

from engine.broker.sanitise import parsed_number
from engine.broker.wire_text import readable
from engine.clock import zone_of
from engine.domain import Fill

_PENDING = -1.0  # a commission of exactly that is a mark for "still to come"
_NO_ORDER_ID = 2**31 - 1  # an order entered by hand in TWS
_FIELDS_LEAST = 21  # up to the price
_FIELDS = 31  # of server version 157; 178 adds pendingPriceRevision
_SINGLE = frozenset({"STK", "CASH", "CRYPTO"})  # a multiplier that is left out means 1
_MOMENT = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})[ T-]+(\d{2}):(\d{2}):(\d{2})(?:\.\d+)?\s*(\S.*)?$")
_EPOCH = re.compile(r"\d{9,11}$")
_HOUR_S = 3_600.0
_CLOCKS_APART_S = 120.0


class ExecutionTime(NamedTuple):
    """`zone` is the gateway's word, "" = it gave none: UTC."""

    at: float
    kind: Literal["exchange", "received"]
    zone: str


class Commission(NamedTuple):
    """`commission` positive = cost; None = still to come. `realized_pnl` None = the fill opened, or not known."""

    exec_id: str
    commission: float | None
    currency: str
    realized_pnl: float | None


def execution_time(text: str, received_market: float) -> ExecutionTime:
    """When an execution was. What can't be read has the time at which it was received.

    `20251110 10:00:00 US/Eastern`; without a zone (also `20250225-15:15:00`, seen on live logins) it is UTC.
    """
    clean = text.strip()
    if _EPOCH.match(clean):
        return ExecutionTime(float(clean), "exchange", "")
    match = _MOMENT.match(clean)
    if match is None:
        return ExecutionTime(received_market, "received", "")
    word = (match[7] or "").strip()
    where: tzinfo | None = zone_of(word) if word else UTC
    if where is None:
        return ExecutionTime(received_market, "received", word)
    try:
        local = datetime(*(int(match[part]) for part in range(1, 7)), tzinfo=where)  # type: ignore[misc,arg-type]
        return ExecutionTime(_unfolded(local, received_market), "exchange", word)
    except (ValueError, OverflowError):
        return ExecutionTime(received_market, "received", word)


def _unfolded(local: datetime, received_market: float) -> float:
    """In the hour that comes twice when clocks go back: the second time if it was received at about that time."""
    first, second = local.timestamp(), local.replace(fold=1).timestamp()
    return second if second > first and abs(received_market - second) <= _CLOCKS_APART_S else first


def to_fill(fields: Sequence[str], received_market: float) -> tuple[int, Fill]:
    """(Request number, fill) of message 11, without its report. Raises ValueError: no execution can be read in it."""
    if len(fields) < _FIELDS_LEAST:
        raise ValueError(f"an execution of {len(fields)} fields; at least {_FIELDS_LEAST} are needed")
    (
        _, req_id, order_id, con_id, symbol, sec_type, _expiry, _strike, _right, multiplier, _exchange, currency,
        local_symbol, _trading_class, exec_id, time_text, account, exchange, side, shares, price, perm_id, client_id,
        liquidation, cum_quantity, _average, order_ref, _rule, _rule_multiplier, model, _liquidity,
        *newer,
    ) = [*(readable(text).strip() for text in fields), *[""] * (_FIELDS - len(fields))]  # fmt: skip
    quantity, at_price = parsed_number(shares), parsed_number(price)
    if not exec_id or quantity is None or at_price is None:
        raise ValueError(f"execution {exec_id!r} of {shares!r} at {price!r}: all three must be there")
    when = execution_time(time_text, received_market)
    order = _whole(order_id)
    return int(req_id or -1), Fill(
        exec_id=exec_id,
        con_id=_whole(con_id) or 0,
        local_symbol=local_symbol or symbol,
        side=_side(side),
        quantity=abs(quantity),
        price=at_price,
        time_market=when.at,
        exchange=exchange,
        account=account,
        sec_type=sec_type,
        currency=currency,
        time_kind=when.kind,
        model=model,
        multiplier=parsed_number(multiplier) or (1.0 if sec_type in _SINGLE else None),
        perm_id=_whole(perm_id) or None,
        order_id=None if order in (0, _NO_ORDER_ID) else order,
        client_id=_whole(client_id),
        order_ref=order_ref,
        liquidation=bool(_whole(liquidation)),
        cum_quantity=parsed_number(cum_quantity),
        exchange_time=time_text.strip(),
        exchange_zone=when.zone,
        price_pending=bool(newer and newer[0].strip().lower() in ("1", "true")),
    )


def to_commission(fields: Sequence[str]) -> Commission:
    """Message 59. Raises ValueError: it names no execution."""
    _, _, exec_id, commission, currency, realized, *_ = [*(text.strip() for text in fields), *[""] * (6 - len(fields))]
    if not exec_id:
        raise ValueError("a commission report without an execution id")
    value = parsed_number(commission)
    return Commission(exec_id, None if value == _PENDING else value, currency, parsed_number(realized))


def _side(text: str) -> Literal["BOT", "SLD"]:
    word = text.strip().upper()
    if word not in ("BOT", "BUY", "B", "SLD", "SELL", "S", "SSHORT", "SS"):
        raise ValueError(f"an execution of side {text!r}; must be BOT or SLD")
    return "SLD" if word.startswith("S") else "BOT"


def _whole(text: str) -> int | None:
    value = parsed_number(text)
    return None if value is None else int(value)
