"""Contract details and symbol samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.model import Instrument
from simulator.wire.fields import UNSET_INT, number, payload
from simulator.wire.versions import SAMPLE_DESCRIPTIONS, SIZE_INCREMENTS

QUARTER, CENT = 0.25, 0.01  # ticks whose rules are known from recorded details
ORDER_TYPES = (
    "ACTIVETIM,AD,ADJUST,ALERT,ALGO,ALLOC,AON,AVGCOST,BASKET,BENCHPX,COND,CONDORDER,DAY,DEACT,DEACTDIS,"
    "DEACTEOD,DIS,GAT,GTC,GTD,GTT,HID,IOC,LIT,LMT,LOC,MIT,MKT,MOC,MTL,NGCOMB,NONALGO,OCA,PEGBENCH,"
    "SCALE,SCALERST,SNAPMID,SNAPMKT,SNAPREL,STP,STPLMT,TRAIL,TRAILLIT,TRAILLMT,TRAILMIT,WHATIF"
)


@dataclass(frozen=True, slots=True)
class DetailsRow:
    """What the details of one contract add to the instrument. `exchange` is the one of this row."""

    instrument: Instrument
    exchange: str
    sec_type: str
    trading_hours: str
    liquid_hours: str
    last_trade_time: str  # "09:30 US/Eastern", of what expires
    sec_ids: tuple[tuple[str, str], ...] = ()


def contract_details(version: int, req_id: int, row: DetailsRow) -> str:
    """Message 10, and 18 for a bond: that one has neither hours nor multiplier nor magnifier."""
    if row.sec_type == "BOND":
        return _bond(version, req_id, row)
    parts = (
        _identity(version, req_id, row),
        _description(row),
        _tail(version, row),
    )
    return "".join(parts)


def _identity(version: int, req_id: int, row: DetailsRow) -> str:
    it = row.instrument
    expiry = f"{it.last_trade_date} {row.last_trade_time}".strip() if it.last_trade_date else ""
    head = payload(10, req_id) if version >= SIZE_INCREMENTS else payload(10, 8, req_id)
    body = payload(
        it.symbol,
        row.sec_type,
        expiry,
        number(it.strike),
        it.right,
        row.exchange,
        it.currency,
        it.local_symbol,
        it.trading_class,
        it.trading_class,
        it.con_id,
        it.min_tick,
    )
    return head + body + ("" if version >= SIZE_INCREMENTS else payload("100"))


def _description(row: DetailsRow) -> str:
    it = row.instrument
    stock = it.sec_type not in ("FUT", "FOP")
    return payload(
        it.multiplier,
        ORDER_TYPES,
        it.valid_exchanges,
        it.price_magnifier,
        it.under_con_id or ("0" if stock else "11004958"),
        it.long_name,
        it.primary_exchange if stock else "",
        it.contract_month,
        it.industry,
        it.category,
        it.subcategory,
        it.time_zone_id,
        row.trading_hours,
        row.liquid_hours,
        "",
        "",
    )


def _tail(version: int, row: DetailsRow) -> str:
    it = row.instrument
    stock = it.sec_type not in ("FUT", "FOP")
    pairs = [part for pair in row.sec_ids for part in pair]
    body = payload(
        len(row.sec_ids),
        *pairs,
        "1" if stock else UNSET_INT,
        it.under_symbol or ("" if stock else it.symbol),
        it.under_sec_type or ("" if stock else "IND"),
        _rules(it),
        it.last_trade_date,
        it.stock_type,
    )
    return body + _sizes(version, stock)


def market_rule(it: Instrument) -> str:
    """The number of the rule that holds the contract's price increments, the same on every exchange."""
    known = {("FUT", QUARTER): "67", ("STK", CENT): "26"}
    return it.market_rule or known.get((it.sec_type, it.min_tick), f"{1e6 * it.min_tick:.0f}")


def _rules(it: Instrument) -> str:
    return ",".join([market_rule(it)] * (it.valid_exchanges.count(",") + 1))


def _bond(version: int, req_id: int, row: DetailsRow) -> str:
    it = row.instrument
    head = payload(18, req_id) if version >= SIZE_INCREMENTS else payload(18, 6, req_id)
    body = payload(
        it.symbol,
        row.sec_type,
        "",  # CUSIP: a client needs a licence for it
        "3.5",
        it.last_trade_date,
        "",
        "",
        "CORP",
        "FIXED",
        False,
        False,
        False,
        "",
        row.exchange,
        it.currency,
        it.trading_class,
        it.trading_class,
        it.con_id,
        it.min_tick,
    )
    body += "" if version >= SIZE_INCREMENTS else payload("100")
    tail = payload(ORDER_TYPES, it.valid_exchanges, "", "", False, "", it.long_name, "", "", 0, "1", _rules(it))
    return head + body + tail + _sizes(version, False)


def _sizes(version: int, stock: bool) -> str:
    if version >= SIZE_INCREMENTS:
        return payload("1", "1", "100" if stock else "1")
    if version == SIZE_INCREMENTS - 1:
        return payload("100" if stock else "1")
    return ""


def contract_details_end(req_id: int) -> str:
    return payload(52, 1, req_id)


def symbol_samples(version: int, req_id: int, instruments: Sequence[Instrument]) -> str:
    described = version >= SAMPLE_DESCRIPTIONS
    rows = []
    for it in instruments:
        derivatives = ["CFD", "OPT"] if it.sec_type == "STK" else []
        row = payload(
            it.con_id, it.symbol, it.sec_type, it.primary_exchange, it.currency, len(derivatives), *derivatives
        )
        rows.append(row + (payload(it.long_name, f"e{number(it.con_id)}") if described else ""))
    return payload(79, req_id, len(instruments)) + "".join(rows)
