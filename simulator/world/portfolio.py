"""The account: twelve positions, nine of them in things that TWS itself can hardly price.

Quantities and costs are the trader's; with the prices that `daily.PINNED` fixes for 2025-11-05 10:00 New York the
unrealised results are -7,562.25, -5,468.00 and -2,852.37, and the net liquidation value is 184,311.46.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.model import Behaviour, Holding, Instrument
from simulator.world.catalogue import Listing, invented_con_id, stock

NET_LIQUIDATION_USD = 184_311.46
MAIN_HOLDINGS = (("NQZ5", 1.0, 501_327.25), ("TSLA", 100.0, 462.76), ("CLZ5", 1.0, 61_732.37))


@dataclass(frozen=True, slots=True)
class _Leftover:
    """`price` is None where TWS has none."""

    symbol: str
    name: str
    exchange: str
    behaviour: Behaviour
    quantity: float
    avg_cost: float
    price: float | None
    sec_type: str = "STK"
    stock_type: str = "COMMON"


_LEFTOVERS = (
    _Leftover("TOGI", "Turnongreen Inc", "PINK", "delayed", 2_000.0, 0.0431, 0.0212),
    _Leftover("MRAI", "Marpai Inc", "PINK", "zero_price", 300.0, 1.26, 0.0),
    _Leftover("KALRQ", "Kalera PLC", "GREY", "no_data", 450.0, 2.8402, None),
    _Leftover("AZREF", "Azure Power Global Ltd", "OTCLNKECN", "delayed", 120.0, 1.7183, 0.3405),
    _Leftover("CNCE.CVR", "Concert Pharmaceuticals - CVR", "CORPACT", "refused", 200.0, 0.0, None, "STK", "RIGHT"),
    _Leftover("RFP.CVR", "Resolute Forest Products - CVR", "CORPACT", "no_data", 150.0, 0.0, None, "STK", "RIGHT"),
    _Leftover("FUSN.CVR", "Fusion Pharmaceuticals - CVR", "EXPERT", "zero_price", 100.0, 0.0, 0.0, "STK", "RIGHT"),
    _Leftover("TOGIW", "Turnongreen Inc - Warrant", "PINK", "refused", 1_000.0, 0.0104, None, "WAR", "WAR"),
    _Leftover("ALPSQ.OLD", "Alpine Summit Energy - old", "VALUE", "no_details", 250.0, 1.1842, None),
)


def thin_listings() -> list[Listing]:
    """The leftovers that do trade, far out: they have a path like any stock but are in no scan."""
    return [
        stock(one.symbol, one.name, one.price, 20.0, "H", one.exchange, False, None, one.behaviour)
        for one in _LEFTOVERS
        if one.behaviour == "delayed" and one.price is not None
    ]


def still_instruments() -> dict[int, tuple[Instrument, float | None]]:
    """The leftovers that never move: their contract and their price (None: no quote at all)."""
    found = {}
    for one in _LEFTOVERS:
        if one.behaviour == "delayed":
            continue
        contract = Instrument(
            con_id=invented_con_id(one.symbol),
            symbol=one.symbol,
            sec_type=one.sec_type,
            local_symbol=one.symbol,
            trading_class=one.symbol,
            primary_exchange=one.exchange,
            currency="USD",
            long_name=one.name.upper(),
            min_tick=0.0001,
            multiplier="1" if one.sec_type == "WAR" else "",
            valid_exchanges=f"SMART,{one.exchange}",
            stock_type=one.stock_type,
            behaviour=one.behaviour,
        )
        found[contract.con_id] = (contract, one.price)
    return found


def holdings(con_ids: dict[str, int]) -> list[Holding]:
    """The twelve positions; `con_ids` maps local symbols."""
    main = [Holding(con_ids[symbol], quantity, cost) for symbol, quantity, cost in MAIN_HOLDINGS]
    return main + [Holding(con_ids[one.symbol], one.quantity, one.avg_cost) for one in _LEFTOVERS]


def next_account(account: str, number: int) -> str:
    """The account that many after this one: DU1234567, 2 -> DU1234569."""
    head = account.rstrip("0123456789")
    digits = account[len(head) :] or "0"
    return f"{head}{int(digits) + number:0{len(digits)}d}"


def master_of(account: str) -> str:
    """The advisor's own account: DF1234567 of the client DU1234567, F1234567 of U1234567."""
    return f"{'DF' if account.startswith('D') else 'F'}{account.lstrip('DFU')}"


def opening_cash_usd(main_prices: dict[str, float]) -> float:
    """Cash for `NET_LIQUIDATION_USD` = cash + stock value + futures' unrealised, at the main prices."""
    quantity = {symbol: (amount, cost) for symbol, amount, cost in MAIN_HOLDINGS}
    stocks = main_prices["TSLA"] * quantity["TSLA"][0]
    stocks += sum(one.quantity * (one.price or 0.0) for one in _LEFTOVERS)
    futures = sum(
        amount * (main_prices[symbol] * multiplier - cost)
        for symbol, multiplier in (("NQZ5", 20.0), ("CLZ5", 1000.0))
        for amount, cost in (quantity[symbol],)
    )
    return round(NET_LIQUIDATION_USD - stocks - futures, 2)
