"""Scanner results and the parameter document."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.model import Instrument
from simulator.wire.fields import payload


def scanner_data(req_id: int, rows: Sequence[Instrument]) -> str:
    body = "".join([_row(rank, instrument) for rank, instrument in enumerate(rows)])
    return payload(20, 3, req_id, len(rows)) + body


def _row(rank: int, instrument: Instrument) -> str:
    return payload(
        rank,
        instrument.con_id,
        instrument.symbol,
        instrument.sec_type,
        instrument.last_trade_date,
        "0",
        "",
        instrument.exchange,
        instrument.currency,
        instrument.local_symbol,
        instrument.trading_class,
        instrument.trading_class,
        "",
        "",
        "",
        "",
    )


def scanner_parameters(xml: str) -> str:
    return payload(19, 1, xml)
