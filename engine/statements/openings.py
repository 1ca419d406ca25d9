"""Positions of before the journal: what a statement holds of contracts that no execution is known of. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from engine.statements.dates import Terms, moment
from engine.statements.fields import Values

_EVENING = "170000"  # after the day's trades, before those that count for the next one
_NONE = frozenset({"CASH"})


def openings(positions: Sequence[Values], first_days: Mapping[int, str], there: Mapping[int, Values]) -> list[Values]:
    """Rows of `fills` for positions that were never opened here, at IB's cost.

    Args:
        positions: rows of `positions_at`.
        first_days: con_id -> trade date of its oldest execution.
        there: con_id -> the opening that is kept already.
    """
    found: dict[int, Values] = {}
    for values in sorted(positions, key=lambda row: str(row["day"])):
        number, quantity = values["con_id"], values["quantity"]
        if not number or not quantity or number in there or number in found or values["sec_type"] in _NONE:
            continue
        if first_days.get(number, "99999999") > str(values["day"]):
            found[number] = _row(values, quantity)
    return list(found.values())


def outlived(there: Mapping[int, Values], first_days: Mapping[int, str]) -> list[int]:
    """Rows whose executions have come meanwhile, by their numbers."""
    return [
        values["row_id"]
        for number, values in there.items()
        if not values["state"] and first_days.get(number, "99999999") <= str(values["trade_date"])
    ]


def _row(values: Values, quantity: Decimal) -> Values:
    name, at = f"flex:OP{values['con_id']}", moment(f"{values['day']};{_EVENING}", Terms()).at
    return {
        "model": values["model"], "exec_id": name, "root": name, "revision": 0, "source": "flex",
        "con_id": values["con_id"], "local_symbol": values["symbol"] or "", "symbol": values["symbol"],
        "sec_type": values["sec_type"] or "", "currency": values["currency"] or "", "multiplier": values["multiplier"],
        "magnifier": Decimal(1), "side": "BOT" if quantity > 0 else "SLD", "opening": "open",
        "quantity": abs(quantity), "price": values["cost_price"] or Decimal(0), "exchange": "",
        "trade_date": values["day"], "exchange_time": str(values["day"]), "exchange_zone": "America/New_York",
        "commission": Decimal(0), "commission_currency": values["currency"] or "", "order_ref": "",
        "liquidation": False, "kind": "opening", "order_level": False, "codes": (), "put_call": "",
        "fx_rate_to_base": values["fx_rate_to_base"], "base_currency": "", "report_date": values["day"],
        "market_time": at, "time_kind": "exchange", "price_pending": False, "realized_pnl": None, "state": None,
        "superseded_by": None, "remark": "held before the journal began, at the cost that the statement tells",
    }  # fmt: skip
