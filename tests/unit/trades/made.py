"""Executions for tests, in few words."""

from __future__ import annotations

from decimal import Decimal

from engine.trades.execution import Execution
from tests.app.sample_state import MARKET

_number = iter(range(10**9))


def deal(quantity, price, at=0.0, *, fee="1", **more) -> Execution:
    """A fill `at` seconds after the sample's moment; money may be given as text."""
    number = next(_number)
    base = {
        "account": "DU1", "id": f"{number:010d}.01", "time": MARKET + at, "quantity": Decimal(str(quantity)),
        "price": Decimal(str(price)), "currency": "USD", "con_id": 1, "local_symbol": "TSLA", "sec_type": "STK",
        "per_point": Decimal(1), "commission": None if fee is None else Decimal(fee), "trade_date": "20251105",
        "base_currency": "USD",
    }  # fmt: skip
    for name in ("per_point", "fx_rate", "taxes", "strike"):
        if more.get(name) is not None:
            more[name] = Decimal(str(more[name]))
    return Execution(**(base | more))
