"""Positions that changed without a trade: splits, other corporate actions and transfers, as rows of `fills`. Pure."""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal
from typing import Any

from engine.statements.dates import Dated, Terms, moment
from engine.statements.fields import Values

_SPLITS = frozenset({"FS", "RS", "SD"})  # forward and reverse split, stock dividend
_SPLIT_WORDS = re.compile(r"\b(?:split|stock dividend|aktiendividende)\b", re.IGNORECASE)
_EVENING = "202500"


def of_corporate_action(values: Values, row_key: str) -> Values | None:
    """The net change of a position; None = it changes none."""
    if not values["quantity"]:
        return None
    is_split = values["kind"] in _SPLITS or (
        not values["kind"] and bool(_SPLIT_WORDS.search(str(values["description"] or "")))
    )
    at = values["effective"] if values["effective"] is not None else _evening(str(values["day"]))
    return _row(values, row_key, "split" if is_split else "corporate action", values["quantity"], Decimal(0), at)


def of_transfer(values: Values, row_key: str) -> Values | None:
    """A position that came or went, at its cost where the statement tells it.

    IB signs the quantity as it changes the position: a short that leaves is positive, and so is the second row of a
    transfer that was cancelled, both under the direction OUT (vroonhof/opensteuerauszug 247).
    """
    signed = quantity = values["quantity"]
    if not quantity:
        return None
    price = values["price"] or Decimal(0)
    if not price and values["amount"]:
        price = abs(values["amount"] / quantity / (values["multiplier"] or 1))
    return _row(values, row_key, "transfer", signed, price, _evening(str(values["day"])))


def _row(values: Values, row_key: str, kind: str, signed: Decimal, price: Decimal, at: float) -> Values:
    name = name_of("transfers" if kind == "transfer" else "corporate_actions", row_key)
    out: dict[str, Any] = {
        "model": values["model"], "exec_id": name, "root": name, "revision": 0, "source": "flex",
        "con_id": values["con_id"], "local_symbol": values["symbol"] or _named(values), "symbol": values["symbol"],
        "sec_type": values["sec_type"] or "", "currency": values["currency"] or "", "multiplier": values["multiplier"],
        "magnifier": Decimal(1), "side": "BOT" if signed > 0 else "SLD", "opening": None, "quantity": abs(signed),
        "price": price, "exchange": "", "trade_date": values["day"], "exchange_time": str(values["day"]),
        "exchange_zone": "America/New_York", "commission": Decimal(0), "commission_currency": values["currency"] or "",
        "order_ref": "", "liquidation": False, "kind": kind, "order_level": False, "taxes": None,
        "fx_rate_to_base": values["fx_rate_to_base"], "base_currency": "", "codes": (), "underlying_con_id": None,
        "underlying_symbol": None, "expiry": None, "strike": None, "put_call": "",
        "transaction_id": values["transaction_id"], "trade_id": None, "ib_order_id": None, "orig_transaction_id": None,
        "orig_trade_id": None, "settle_date": None, "report_date": values["day"],
        "statement_realized": values.get("statement_realized"), "market_time": at, "time_kind": "exchange",
        "price_pending": False, "realized_pnl": None, "state": None, "superseded_by": None,
        "remark": values["description"],
    }  # fmt: skip
    return out


def name_of(table: str, row_key: str) -> str:
    """The execution id of what is made of a row of that table."""
    return f"flex:{'TR' if table == 'transfers' else 'CA'}{hashlib.sha256(row_key.encode()).hexdigest()[:20]}"


def _named(values: Values) -> str:
    """The symbol that begins the words: "AAPL(US0378331005) Split 4 for 1"."""
    return str(values["description"] or "").partition("(")[0].strip()[:64]


def _evening(day: str) -> float:
    try:
        at = moment(f"{day};{_EVENING}", Terms()).at
    except Dated:  # the day is one of ours
        raise ValueError(day) from None
    assert at is not None
    return at
